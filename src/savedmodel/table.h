// LevelDB's sorted table, the format of a checkpoint's index file.
//
// Source  https://github.com/google/leveldb/blob/main/doc/table_format.md; TensorFlow's copy is
//         tensorflow/core/lib/io/table.
#pragma once

#include <functional>
#include <string_view>

#include "whylight/status.h"

namespace whylight {

// Called with each key and value in the table's order; an error of it ends the walk.
using TableVisitor = std::function<Status(std::string_view key, std::string_view value)>;

// Walks a whole table. Every block is compared with its checksum.
// Errors: kDataLoss for a damaged or truncated table; those of `visit`.
Status ReadTable(std::string_view table, const TableVisitor& visit);

}  // namespace whylight

// Answers as rows of named values, for files that other programs read as tables: TFRecord of
// tf.Example (io/tfrecord.h), Parquet, comma-separated values.
//
// Threads A writer belongs to one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/files.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

// A value of a row: a scalar, or a list in row-major order of a tensor of any rank.
struct RowValue {
  std::string name;
  Tensor value;
};

class RowWriter {
 public:
  virtual ~RowWriter() = default;

  // Errors  kUnimplemented: a dtype that the form has no place for, with the value's name.
  virtual Status Write(const std::vector<RowValue>& row) = 0;
  // To be called once, behind the last row and before `out` is closed.
  virtual Status Close() = 0;
};

// A record for each row. Floats are written as float32, which is all that a tf.Example holds.
// `out` outlives the writer.
std::unique_ptr<RowWriter> MakeTfRecordWriter(LineWriter& out);

// A line of comma-separated cells for each row, below one of names (RFC 4180, but that lines end
// with LF); all values are scalars. Numbers are as short as reads back. The columns are the values
// of the first row, and a later row without one of them has an empty cell. `out` outlives the
// writer.
// Errors  Of Write, kFailedPrecondition: a column that the first row did not have, or two of one
//         name; kUnimplemented: a list.
std::unique_ptr<RowWriter> MakeCsvWriter(LineWriter& out);

// A column for each value of the first row, scalars and lists in their dtypes (bfloat16 as float32;
// strings as text, or as bytes if some of the first row group are not UTF-8). A later row without
// one of them holds a null. `description`, if not empty, is the value of the file's key "whylight".
// Row groups have some 32 MB: memory for one of them. `out` outlives the writer.
// Errors  kUnavailable: no Arrow. Of Write, kFailedPrecondition: a column that the first row did
//         not have, or of another dtype or rank; bytes in a column of text.
Result<std::unique_ptr<RowWriter>> MakeParquetWriter(LineWriter& out, std::string description);

}  // namespace whylight

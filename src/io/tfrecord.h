// TFRecord, TensorFlow's file of records:
//
//   uint64 length | uint32 masked crc32c of these 8 bytes | data | uint32 masked crc32c of the data
//
// all little-endian (tensorflow/core/lib/io/record_writer.h).
// Threads A reader belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/files.h"
#include "whylight/status.h"

namespace whylight {

// Whether a file that begins so is one: the checksum of its first length is right.
bool IsTfRecord(std::string_view bytes);

class TfRecordReader {
 public:
  static constexpr std::uint64_t kMaxRecordBytes = std::uint64_t{1} << 30;

  explicit TfRecordReader(std::unique_ptr<LineReader> bytes) : bytes_(std::move(bytes)) {}

  struct Record {
    std::string_view data;  // Valid until the next call.
    Status status;          // kDataLoss: its checksum is wrong, or the file ends within it.
  };
  // False at the end. Memory for one record.
  // Errors  kDataLoss: a length whose checksum is wrong, behind which nothing can be found.
  //         kResourceExhausted: a record above kMaxRecordBytes.
  Result<bool> Next(Record* record);

 private:
  std::unique_ptr<LineReader> bytes_;
  std::uint64_t offset_ = 0;  // Of the next record.
};

// Appends a record.
void AppendTfRecord(std::string_view data, std::string* out);

}  // namespace whylight

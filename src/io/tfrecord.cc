#include "io/tfrecord.h"

#include "util/crc32c.h"

namespace whylight {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kHeaderBytes = kLengthBytes + kChecksumBytes;

std::uint64_t LittleEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  }
  return value;
}

void AppendLittleEndian(std::uint64_t value, std::size_t bytes, std::string* out) {
  for (std::size_t i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> 8 * i & 0xFF));
}

// Whether the checksum is that of the bytes.
bool Matches(std::string_view bytes, std::string_view checksum) {
  return MaskCrc32c(Crc32c(bytes)) == LittleEndian(checksum);
}

}  // namespace

bool IsTfRecord(std::string_view bytes) {
  return bytes.size() >= kHeaderBytes &&
         Matches(bytes.substr(0, kLengthBytes), bytes.substr(kLengthBytes, kChecksumBytes));
}

Result<bool> TfRecordReader::Next(Record* record) {
  *record = Record();
  const std::string at = "byte " + std::to_string(offset_);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string_view header, bytes_->Take(kHeaderBytes));
  if (header.empty()) return false;
  if (header.size() < kHeaderBytes) {
    record->status = DataLoss("the file ends within the record's length, at " + at);
    return true;
  }
  if (!IsTfRecord(header)) {
    return DataLoss("the record's length has a wrong checksum, at " + at +
                    (offset_ == 0 ? ": not a TFRecord file, or a damaged one"
                                  : ": the file is damaged from there on"));
  }
  const std::uint64_t length = LittleEndian(header.substr(0, kLengthBytes));
  if (length > kMaxRecordBytes) {
    return ResourceExhausted("a record of " + std::to_string(length) + " bytes, at " + at +
                             ": more than " + std::to_string(kMaxRecordBytes) +
                             " cannot be a tf.Example");
  }
  const std::size_t wanted = static_cast<std::size_t>(length) + kChecksumBytes;
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string_view body, bytes_->Take(wanted));
  offset_ += kHeaderBytes + wanted;
  if (body.size() < wanted) {
    record->status = DataLoss("the file ends within the record, which has " +
                              std::to_string(length) + " bytes, at " + at);
    return true;
  }
  record->data = body.substr(0, static_cast<std::size_t>(length));
  if (!Matches(record->data, body.substr(static_cast<std::size_t>(length)))) {
    record->status = DataLoss("the record's checksum is wrong, at " + at);
  }
  return true;
}

void AppendTfRecord(std::string_view data, std::string* out) {
  std::string length;
  AppendLittleEndian(data.size(), kLengthBytes, &length);
  *out += length;
  AppendLittleEndian(MaskCrc32c(Crc32c(length)), kChecksumBytes, out);
  *out += data;
  AppendLittleEndian(MaskCrc32c(Crc32c(data)), kChecksumBytes, out);
}

}  // namespace whylight

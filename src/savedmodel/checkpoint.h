// A TensorFlow checkpoint ("tensor bundle"): variables.index and variables.data-*.
//
// Source  tensorflow/core/util/tensor_bundle, tensorflow/core/protobuf/tensor_bundle.proto; the
//         index is a LevelDB-format table.
// Threads const access from many.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "whylight/tensor.h"

namespace whylight {

class Checkpoint {
 public:
  struct Entry {
    DType dtype = DType::kInvalid;
    Shape shape;
    int shard = 0;
    std::int64_t offset = 0;
    std::int64_t size = 0;     // Bytes in the shard.
    std::uint32_t crc32c = 0;  // Masked, of those bytes.
    bool sliced = false;       // A partitioned variable: its slices are entries of their own.
  };

  // Reads the index of `prefix` ("<model>/variables/variables").
  // Errors: kNotFound without an index file; kDataLoss for a damaged one, or a data file that is
  // missing or shorter than the index says (each named); kUnimplemented for big-endian data.
  static Result<Checkpoint> Open(const std::string& prefix);

  const std::string& prefix() const { return prefix_; }
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  const Entry* Find(std::string_view key) const;

  // The values of an entry that is not sliced, checked against its CRC.
  // Errors: kNotFound; kUnimplemented for a sliced one or a variant; kDataLoss.
  Result<Tensor> Read(std::string_view key) const;

  // TF2: object id -> attribute name ("VARIABLE_VALUE") -> checkpoint key, of the object graph
  // that the checkpoint carries. Empty for TF1.
  // Errors: kDataLoss.
  Result<std::vector<std::map<std::string, std::string>>> ObjectKeys() const;

  // "<prefix>.data-00000-of-00001"
  std::string data_file(int shard) const;

 private:
  Result<Tensor> ReadStrings(const Entry& entry, std::string_view bytes) const;

  std::string prefix_;
  int num_shards_ = 1;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace whylight

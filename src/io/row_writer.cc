#include "io/row_writer.h"

#include "io/tf_example.h"
#include "io/tfrecord.h"
#include "util/strings.h"

namespace whylight {
namespace {

class TfRecordWriter : public RowWriter {
 public:
  explicit TfRecordWriter(LineWriter& out) : out_(out) {}

  Status Write(const std::vector<RowValue>& row) override {
    ExampleBuilder example;
    for (const RowValue& value : row) {
      const DType dtype = value.value.dtype();
      if (!IsNumeric(dtype) && dtype != DType::kBool && dtype != DType::kString) {
        return Unimplemented(Printable(value.name, 120) + ": a tf.Example has no place for " +
                             DTypeName(dtype) + "; write JSON Lines");
      }
      example.Values(value.name, value.value);
    }
    record_.clear();
    AppendTfRecord(example.Serialize(), &record_);
    return out_.WriteBytes(record_);
  }

  Status Close() override { return OkStatus(); }

 private:
  LineWriter& out_;
  std::string record_;
};

}  // namespace

std::unique_ptr<RowWriter> MakeTfRecordWriter(LineWriter& out) {
  return std::make_unique<TfRecordWriter>(out);
}

}  // namespace whylight

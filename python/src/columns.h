// Instances that are columns of arrays: one tensor for each input, rows along the first axis.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/instances.h"
#include "whylight/tensor.h"

namespace whylight::python {

struct Column {
  std::string name;
  Tensor values;  // [rows] + the input's shape.
};

class Columns {
 public:
  // One for each of `fields`, in any order. Errors: kInvalidArgument: one that is missing or that
  // nobody asks for; another dtype or shape than the field's; columns of different lengths.
  static Result<std::shared_ptr<const Columns>> Of(std::vector<Column> columns,
                                                   const std::vector<FieldSpec>& fields);

  std::int64_t rows() const { return rows_; }
  std::vector<Tensor> Row(std::int64_t row) const;
  std::string RowJson(std::int64_t row) const;  // An object; the bare value of a single column.

 private:
  std::vector<Column> columns_;
  std::int64_t rows_ = 0;
};

// Reads the rows; source_json is left to RowJson, which is wanted seldom.
class ColumnReader : public InstanceReader {
 public:
  explicit ColumnReader(std::shared_ptr<const Columns> columns) : columns_(std::move(columns)) {}
  Result<std::optional<Instance>> Next() override;

 private:
  std::shared_ptr<const Columns> columns_;
  std::int64_t next_ = 0;
};

}  // namespace whylight::python

#include "python/src/columns.h"

#include <algorithm>
#include <utility>

#include "io/json.h"
#include "tensor/rows.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight::python {
namespace {

std::vector<std::string> NamesOf(const std::vector<FieldSpec>& fields) {
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const FieldSpec& field : fields) names.push_back(field.name);
  return names;
}

Status CheckColumn(const Column& column, const FieldSpec& field) {
  const Shape& shape = column.values.shape();
  if (column.values.dtype() != field.dtype) {
    return InvalidArgument(column.name + ": expected " + DTypeName(field.dtype) + ", got " +
                           DTypeName(column.values.dtype()));
  }
  if (shape.rank() == 0) {
    return InvalidArgument(column.name + ": expected rows along the first axis, got one value");
  }
  if (!Compatible(shape.WithoutFirst(), field.shape)) {
    return InvalidArgument(column.name + ": expected rows of shape " + field.shape.ToString() +
                           ", got an array of " + shape.ToString());
  }
  return OkStatus();
}

}  // namespace

Result<std::shared_ptr<const Columns>> Columns::Of(std::vector<Column> columns,
                                                   const std::vector<FieldSpec>& fields) {
  auto made = std::make_shared<Columns>();
  for (const FieldSpec& field : fields) {
    const auto named = [&](const Column& column) {
      return column.name == field.name || (!field.alias.empty() && column.name == field.alias);
    };
    const auto found = std::ranges::find_if(columns, named);
    if (found == columns.end()) {
      return InvalidArgument(field.name + ": missing (the signature takes " +
                             Join(NamesOf(fields), ", ") + ")");
    }
    WHYLIGHT_RETURN_IF_ERROR(CheckColumn(*found, field));
    const std::int64_t rows = found->values.shape().dim(0);
    if (!made->columns_.empty() && rows != made->rows_) {
      return InvalidArgument(found->name + ": expected " + std::to_string(made->rows_) +
                             " rows as in " + made->columns_[0].name + ", got " +
                             std::to_string(rows));
    }
    made->rows_ = rows;
    made->columns_.push_back(std::move(*found));
    columns.erase(found);
  }
  if (!columns.empty()) {
    return InvalidArgument("unknown key '" + columns[0].name + "'" +
                           DidYouMean(columns[0].name, NamesOf(fields)) + "; the signature takes " +
                           Join(NamesOf(fields), ", "));
  }
  return std::shared_ptr<const Columns>(std::move(made));
}

std::vector<Tensor> Columns::Row(std::int64_t row) const {
  std::vector<Tensor> values;
  values.reserve(columns_.size());
  for (const Column& column : columns_) values.push_back(RowOf(column.values, row));
  return values;
}

std::string Columns::RowJson(std::int64_t row) const {
  std::string text;
  JsonWriter w(&text);
  const auto index = static_cast<std::size_t>(row);
  if (columns_.size() == 1) {
    w.Row(columns_[0].values, index);
    return text;
  }
  w.BeginObject();
  for (const Column& column : columns_) {
    w.Key(column.name);
    w.Row(column.values, index);
  }
  w.EndObject();
  return text;
}

Result<std::optional<Instance>> ColumnReader::Next() {
  if (next_ == columns_->rows()) return std::optional<Instance>();
  Instance instance{.number = static_cast<std::size_t>(next_),
                    .place = "instances[" + std::to_string(next_) + "]",
                    .values = columns_->Row(next_)};
  ++next_;
  return std::optional<Instance>(std::move(instance));
}

}  // namespace whylight::python

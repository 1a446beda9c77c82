#include "python/src/requests.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <utility>

#include "batch/requests.h"
#include "python/src/arrays.h"
#include "python/src/errors.h"

namespace nb = nanobind;

namespace whylight::python {
namespace {

using Array = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;

Tensor ColumnTensor(nb::handle value) {
  if (!nb::isinstance<nb::tuple>(value)) return TensorOf(nb::cast<Array>(value));
  const nb::tuple strings = nb::borrow<nb::tuple>(value);
  return StringsOf(nb::cast<nb::list>(strings[0]), nb::cast<std::vector<std::int64_t>>(strings[1]));
}

}  // namespace

OpenedRequest OpenRequest(nb::handle request, const std::vector<RequestField>& fields,
                          const InstanceReaderOptions& options) {
  const std::string kind = nb::cast<std::string>(request[0]);
  const nb::object given = request[1];
  std::vector<FieldSpec> specs = FieldSpecsOf(fields);
  if (kind == "text") {
    std::string text = nb::cast<std::string>(given);
    return {.reader = ValueOf(ReadInstances(std::move(text), std::move(specs), options)),
            .columns = nullptr};
  }
  if (kind == "files") {
    return {.reader = ValueOf(OpenInstances(nb::cast<std::vector<std::string>>(given),
                                            std::move(specs), options)),
            .columns = nullptr};
  }
  std::vector<Column> columns;
  for (const auto& [name, value] : nb::cast<nb::dict>(given)) {
    columns.push_back({.name = nb::cast<std::string>(name), .values = ColumnTensor(value)});
  }
  std::shared_ptr<const Columns> made = ValueOf(Columns::Of(std::move(columns), specs));
  return {.reader = std::make_unique<ColumnReader>(made), .columns = made};
}

nb::list FieldsOf(const std::vector<RequestField>& fields) {
  nb::list list;
  for (const RequestField& field : fields) {
    nb::dict one;
    one["name"] = field.name;
    one["dtype"] = DTypeName(field.dtype);
    one["shape"] = field.shape.has_rank() ? nb::cast(field.shape.ToVector()) : nb::none();
    one["alias"] = field.alias;
    list.append(one);
  }
  return list;
}

}  // namespace whylight::python

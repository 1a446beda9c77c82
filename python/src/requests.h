// What instances come from: columns of arrays, text, files.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string>
#include <vector>

#include "io/instances.h"
#include "python/src/columns.h"
#include "whylight/explainer.h"

namespace whylight::python {

struct OpenedRequest {
  std::unique_ptr<InstanceReader> reader;
  std::shared_ptr<const Columns> columns;  // nullptr but for columns.
};

// `request` is a tuple:
//   ("columns", {name: array or (list of str or bytes, shape)})
//   ("text", str)     a document or lines of JSON
//   ("files", [path])
// Needs the interpreter. Throws StatusError.
OpenedRequest OpenRequest(nanobind::handle request, const std::vector<RequestField>& fields,
                          const InstanceReaderOptions& options);

// [{"name", "dtype", "shape", "alias"}]; an unknown axis is -1, a shape without rank None.
nanobind::list FieldsOf(const std::vector<RequestField>& fields);

}  // namespace whylight::python

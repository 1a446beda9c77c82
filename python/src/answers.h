// Explanations as Python sees them.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "explain/explanation_json.h"
#include "python/src/columns.h"
#include "whylight/explainer.h"

namespace whylight::python {

// Of one instance.
struct Answer {
  std::int64_t number = 0;
  std::string instance_json;               // Empty: row `number` of `columns`.
  std::shared_ptr<const Columns> columns;  // Where instances were arrays.
  Explanation explanation;

  std::string InstanceJson() const;
};

struct Failure {
  std::int64_t number = 0;
  std::string place;
  Status status;
};

// Of one call.
struct Answers {
  Provenance provenance;
  ExplainOptions options;  // Metadata and method: what pictures look like.
  std::vector<Answer> rows;
  std::vector<Failure> failures;
};

void BindAnswers(nanobind::module_& module);

}  // namespace whylight::python

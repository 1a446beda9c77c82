// Models, explainers and predictors.
#pragma once

#include <nanobind/nanobind.h>

namespace whylight::python {

void BindModel(nanobind::module_& module);
void BindExplainer(nanobind::module_& module);
void BindPredictor(nanobind::module_& module);

}  // namespace whylight::python

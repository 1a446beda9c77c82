// A model's outputs of rows, which must not hang on the rows beside them.
#pragma once

#include <span>
#include <vector>

#include "explain/engine.h"
#include "whylight/explainer.h"

namespace whylight {

class RowOutputs {
 public:
  explicit RowOutputs(Engine& engine) : engine_(engine) {}  // Borrowed.

  // Engine::Outputs. The first time that rows may share a run, the first of them is run alone too:
  // if its outputs are others then, all rows are run one by one from there on, with a warning.
  std::vector<Result<Row>> Of(std::span<const Row> rows, std::vector<Warning>& warnings);

 private:
  Engine& engine_;
  bool checked_ = false;
};

}  // namespace whylight

#include "explain/independent_outputs.h"

#include <algorithm>
#include <cmath>

#include "explain/warnings.h"

namespace whylight {
namespace {

// Whether two runs of one row differ by more than another order of float sums explains.
bool Differ(const Row& a, const Row& b) {
  constexpr double kTolerance = 1e-3;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].shape() != b[i].shape()) return true;
    if (!IsFloating(a[i].dtype())) continue;
    double largest = 1e-6, difference = 0;
    for (std::size_t k = 0; k < a[i].elements(); ++k) {
      largest = std::max(largest, std::abs(a[i].Number(k)));
      difference = std::max(difference, std::abs(a[i].Number(k) - b[i].Number(k)));
    }
    if (difference > kTolerance * largest) return true;
  }
  return false;
}

}  // namespace

std::vector<Result<Row>> IndependentOutputs(Engine& engine, std::span<const Row> rows,
                                            std::vector<Warning>& warnings) {
  std::vector<Result<Row>> outputs = engine.Outputs(rows);
  const bool share = engine.program().layout.kind == RowLayout::Kind::kBatched &&
                     engine.max_rows() > 1 && rows.size() > 1;
  if (!share || engine.independence().outputs || !outputs[0].ok()) return outputs;
  engine.independence().outputs = true;
  const Result<Row> alone = engine.Outputs(rows.first(1))[0];
  if (!alone.ok() || !Differ(*alone, *outputs[0])) return outputs;
  warnings.push_back(RowsNotIndependentWarning("beside others its prediction is another"));
  engine.RunRowsOneByOne();
  return engine.Outputs(rows);
}

}  // namespace whylight

// A model as an attribution method sees it: a scalar score of one instance, and its gradient.
//
// A method knows no graph, no session and no JSON, so a closed form in a test is as good a model
// as a network.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

// One instance: a value for each explained input, in the function's order, without a row axis.
using Row = std::vector<Tensor>;

// A row to score. `instance` says whose row it is: inputs that are not explained are held at that
// instance's value, and the score is of the output element chosen for that instance.
struct Point {
  std::size_t instance = 0;
  Row row;
};

// sum over k of weights[k] * dF/dx (baseline + positions[k] * (x - baseline)), for one instance.
struct PathSum {
  std::size_t instance = 0;
  const Row* x = nullptr;         // Borrowed until the call returns.
  const Row* baseline = nullptr;  // The shapes of x.
  std::vector<double> positions;  // In [0, 1]; 0 is the baseline.
  std::vector<double> weights;    // As many.
};

// What a path's points say one by one, in variables z of the function's own choice: tensors that
// are affine in x and that F is a function of. x itself is such a choice, and what an affine first
// layer makes of x is another, which needs to be evaluated at the path's ends alone.
struct PathGradients {
  std::vector<double> scores;  // F at each position.
  Row gradients;  // dF/dz: for each variable float32 or float64 [positions, shape of z].
  Row change;     // z(x) - z(baseline), float64.
};

// Elements of one input that change hands together.
struct Elements {
  std::size_t input = 0;
  std::vector<std::size_t> indices;  // Flat; empty: the whole input.
};
// A feature, or a group of features.
using Player = std::vector<Elements>;

// An instance and its baselines, between which rows are mixed: each player's elements are the
// instance's or those of one baseline.
struct MixedRows {
  Row x;
  std::vector<Row> baselines;  // The forms of x.
  std::vector<Player>
      players;  // No two have an element in common; what none has is the instance's.
};

// One of these rows, to score.
struct MixedPoint {
  std::size_t instance = 0;
  const MixedRows* rows = nullptr;  // Borrowed until the call returns.
  std::size_t baseline = 0;
  std::vector<bool> present;  // For each player: whether its elements are the instance's.
};

// Threads: called from one thread at a time.
class Function {
 public:
  virtual ~Function() = default;

  // F at each point. The function decides how many points share one run of the model.
  // Errors: whatever running the model gives; kCancelled when the caller asked to stop.
  virtual Result<std::vector<double>> Evaluate(std::span<const Point> points) = 0;

  // Whether EvaluateMixed is there, and cheaper than making the rows for Evaluate.
  virtual bool mixes() const { return false; }
  // F at each row, which the function makes, or does not: what hangs on one input alone has but as
  // many values as that input. Errors as Evaluate; kUnimplemented unless mixes().
  virtual Result<std::vector<double>> EvaluateMixed(std::span<const MixedPoint>) {
    return Unimplemented("this function scores rows as they are");
  }

  // For each sum one float64 tensor per explained input, in the shapes of x. Sums of different
  // instances may share a run. Positions are turned into points in float32 (float64 for a
  // float64 input), and sums are taken in float64.
  // Errors: kUnimplemented where F has no gradient; kFailedPrecondition where a gradient is not
  // finite, with the positions; else as Evaluate.
  virtual Result<std::vector<Row>> IntegrateGradients(std::span<const PathSum> sums) = 0;

  // Every gradient by itself; weights are not read. Dearer in memory than their sum: for methods
  // that weigh points by what others said. Errors as IntegrateGradients.
  virtual Result<std::vector<PathGradients>> GradientsAlong(std::span<const PathSum> paths) = 0;

  // For each path a weighted sum of its gradients by z, as the same by x: the transpose of dz/dx
  // times sums[i]. One float64 tensor per explained input. Errors as IntegrateGradients.
  virtual Result<std::vector<Row>> PullBack(std::span<const PathSum> paths,
                                            std::vector<Row> sums) = 0;
};

}  // namespace whylight

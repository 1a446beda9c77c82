// Formulas as models, for tests: the score and its gradient are C++ functions of all numbers of a
// row, laid flat.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "whylight/function.h"

namespace whylight {

using Numbers = std::vector<double>;

class ClosedForm : public Function {
 public:
  using Score = std::function<double(const Numbers&)>;
  using Gradient = std::function<Numbers(const Numbers&)>;

  explicit ClosedForm(Score score, Gradient gradient = nullptr)
      : score_(std::move(score)), gradient_(std::move(gradient)) {}

  Result<std::vector<double>> Evaluate(std::span<const Point> points) override {
    if (!status.ok()) return status;
    ++evaluate_calls;
    largest_call = std::max(largest_call, points.size());
    std::vector<double> scores;
    for (const Point& point : points) {
      scores.push_back(score_(Flat(point.row)));
      scored.push_back(point);
    }
    return scores;
  }

  Result<std::vector<Row>> IntegrateGradients(std::span<const PathSum> sums) override {
    if (!gradient_) return Unimplemented("a formula without a gradient");
    ++gradient_calls;
    std::vector<Row> rows;
    for (const PathSum& path : sums) {
      const Numbers x = Flat(*path.x), b = Flat(*path.baseline);
      Numbers total(x.size(), 0), at(x.size());
      for (std::size_t k = 0; k < path.positions.size(); ++k) {
        for (std::size_t i = 0; i < x.size(); ++i) {
          at[i] = b[i] + path.positions[k] * (x[i] - b[i]);
        }
        const Numbers slope = gradient_(at);
        for (std::size_t i = 0; i < x.size(); ++i) total[i] += path.weights[k] * slope[i];
        ++gradient_rows;
      }
      Row& row = rows.emplace_back();
      std::size_t next = 0;
      for (const Tensor& like : *path.x) {
        Tensor& to = row.emplace_back(DType::kFloat64, like.shape());
        for (double& value : to.data<double>()) value = total[next++];
      }
    }
    return rows;
  }

  Result<std::vector<PathGradients>> GradientsAlong(std::span<const PathSum> paths) override {
    if (!gradient_) return Unimplemented("a formula without a gradient");
    ++gradient_calls;
    std::vector<PathGradients> all;
    for (const PathSum& path : paths) {
      const Numbers x = Flat(*path.x), b = Flat(*path.baseline);
      PathGradients& along = all.emplace_back();
      std::vector<Numbers> slopes;
      for (const double position : path.positions) {
        Numbers at(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) at[i] = b[i] + position * (x[i] - b[i]);
        along.scores.push_back(score_(at));
        slopes.push_back(gradient_(at));
        ++gradient_rows;
      }
      std::size_t first = 0;
      for (const Tensor& like : *path.x) {
        Tensor& change = along.change.emplace_back(DType::kFloat64, like.shape());
        for (std::size_t i = 0; i < like.elements(); ++i) {
          change.data<double>()[i] = x[first + i] - b[first + i];
        }
        const auto count = static_cast<std::int64_t>(slopes.size());
        Tensor& to = along.gradients.emplace_back(DType::kFloat64, like.shape().WithFirst(count));
        for (std::size_t k = 0; k < slopes.size(); ++k) {
          for (std::size_t i = 0; i < like.elements(); ++i) {
            to.data<double>()[k * like.elements() + i] = slopes[k][first + i];
          }
        }
        first += like.elements();
      }
    }
    return all;
  }

  Result<std::vector<Row>> PullBack(std::span<const PathSum>, std::vector<Row> sums) override {
    return sums;
  }

  Status status;  // What Evaluate fails with.
  std::size_t evaluate_calls = 0, largest_call = 0, gradient_calls = 0, gradient_rows = 0;
  std::vector<Point> scored;

 private:
  static Numbers Flat(const Row& row) {
    Numbers numbers;
    for (const Tensor& tensor : row) {
      for (std::size_t k = 0; k < tensor.elements(); ++k) {
        // A string counts by its length.
        numbers.push_back(tensor.is_string() ? static_cast<double>(tensor.strings()[k].size())
                                             : tensor.Number(k));
      }
    }
    return numbers;
  }

  Score score_;
  Gradient gradient_;
};

// One input, a vector of float64.
inline Row Vector(const Numbers& numbers) {
  return {Tensor::Of<double>(Shape{static_cast<std::int64_t>(numbers.size())}, numbers)};
}

}  // namespace whylight

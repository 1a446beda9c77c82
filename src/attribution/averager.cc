#include "attribution/averager.h"

#include <cmath>
#include <limits>
#include <span>
#include <utility>

namespace whylight {

double NormOf(const Row& values) {
  double squares = 0;
  for (const Tensor& tensor : values) {
    for (const double value : tensor.data<double>()) squares += value * value;
  }
  return std::sqrt(squares);
}

void Averager::Add(const Row& values) {
  ++count_;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::span<const double> from = values[i].data<double>();
    const std::span<double> mean = mean_[i].data<double>(), squares = squares_[i].data<double>();
    for (std::size_t k = 0; k < from.size(); ++k) {
      const double off = from[k] - mean[k];
      mean[k] += off / static_cast<double>(count_);
      squares[k] += off * (from[k] - mean[k]);
    }
  }
}

Row Averager::TakeErrors() {
  const double count = static_cast<double>(count_);
  for (Tensor& squares : squares_) {
    for (double& value : squares.data<double>()) {
      if (count_ == 1) value = std::numeric_limits<double>::infinity();
      if (count_ > 1) value = std::sqrt(value / (count - 1) / count);
    }
  }
  return std::move(squares_);
}

}  // namespace whylight

#include "explain/reduce.h"

#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace whylight {
namespace {

double Sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

bool HasErrors(const FeatureAttribution& feature) { return feature.standard_errors.elements() > 0; }

// Sums of `count` runs of equal length.
Tensor RunSums(const Tensor& values, const Shape& shape) {
  Tensor sums(DType::kFloat64, shape);
  const std::span<const double> all = values.data<double>();
  const std::size_t length = all.size() / sums.elements();
  for (std::size_t i = 0; i < sums.elements(); ++i) {
    sums.data<double>()[i] = Sum(all.subspan(i * length, length));
  }
  return sums;
}

Tensor Kept(const std::vector<std::size_t>& kept, const Tensor& values) {
  Tensor some(DType::kFloat64, Shape{std::ssize(kept)});
  for (std::size_t k = 0; k < kept.size(); ++k) {
    some.data<double>()[k] = values.data<double>()[kept[k]];
  }
  return some;
}

void KeepElements(const std::vector<std::size_t>& kept, FeatureAttribution& feature) {
  Tensor input(feature.input.dtype(), Shape{std::ssize(kept)});
  std::vector<std::string> names;
  for (std::size_t k = 0; k < kept.size(); ++k) {
    input.SetNumber(k, feature.input.Number(kept[k]));
    if (!feature.element_names.empty()) names.push_back(feature.element_names[kept[k]]);
  }
  feature.values = Kept(kept, feature.values);
  if (HasErrors(feature)) feature.standard_errors = Kept(kept, feature.standard_errors);
  feature.input = std::move(input);
  feature.element_names = std::move(names);
}

void SumRuns(const Shape& shape, FeatureAttribution& feature) {
  feature.values = RunSums(feature.values, shape);
  if (HasErrors(feature)) feature.standard_errors = RunSums(feature.standard_errors, shape);
}

// `one_hot`: a single element that is present takes the shares of those that are not.
void KeepPresent(bool one_hot, FeatureAttribution& feature) {
  std::vector<std::size_t> present, kept;
  const std::span<double> shares = feature.values.data<double>();
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (feature.input.Number(i) != 0) present.push_back(i);
    if (feature.input.Number(i) != 0 || shares[i] != 0) kept.push_back(i);
  }
  if (one_hot && present.size() == 1) {
    shares[present[0]] = Sum(shares);
    if (HasErrors(feature)) {
      const std::span<double> errors = feature.standard_errors.data<double>();
      errors[present[0]] = Sum(errors);
    }
    kept = present;
  }
  KeepElements(kept, feature);
}

}  // namespace

void ReduceByEncoding(Encoding encoding, std::int64_t ids, FeatureAttribution& feature) {
  const Shape& shape = feature.values.shape();
  if (shape != feature.input.shape() || shape.rank() == 0) return;
  switch (encoding) {
    case Encoding::kIdentity:
    case Encoding::kBagOfFeatures:
      return;
    case Encoding::kBagOfFeaturesSparse:
    case Encoding::kIndicator:
      if (shape.rank() == 1 && IsNumeric(feature.input.dtype())) {
        KeepPresent(encoding == Encoding::kIndicator, feature);
      }
      return;
    case Encoding::kCombinedEmbedding:
      feature.element_names.clear();
      SumRuns({}, feature);
      return;
    case Encoding::kConcatEmbedding: {
      std::vector<std::int64_t> rows(shape.dims().begin(), shape.dims().end() - 1);
      if (shape.rank() == 1) {
        // Ids themselves, or rows laid end to end.
        if (ids <= 0 || ids == shape.dim(0) || shape.dim(0) % ids != 0) return;
        rows = {ids};
      }
      if (Shape(rows).elements() == 0) return;
      SumRuns(Shape(rows), feature);
      if (feature.element_names.size() != feature.values.elements()) feature.element_names.clear();
      return;
    }
  }
}

}  // namespace whylight

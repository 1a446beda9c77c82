#include "report/detail.h"

#include <cmath>
#include <vector>

#include "util/strings.h"

namespace whylight {
namespace {

// Sums over the last axes until few enough are left, and no more than `parts`, if that is what the
// input has: ids whose embeddings were explained.
Tensor Shown(Tensor values, std::size_t parts) {
  const auto is_deeper = [&] {
    return parts > 0 && parts < values.elements() && values.elements() % parts == 0;
  };
  while (values.shape().rank() > 1 && (values.elements() > kMaxShownElements || is_deeper())) {
    const Shape& shape = values.shape();
    const auto last = static_cast<std::size_t>(shape.dim(shape.rank() - 1));
    std::vector<std::int64_t> dims(shape.dims().begin(), shape.dims().end() - 1);
    Tensor sums(DType::kFloat64, Shape(dims));
    for (std::size_t i = 0; i < values.elements(); ++i) {
      sums.data<double>()[i / last] += values.Number(i);
    }
    values = std::move(sums);
  }
  return values;
}

void WriteNumbers(JsonWriter& w, const Tensor& values, std::size_t count) {
  w.BeginArray();
  for (std::size_t i = 0; i < count; ++i) w.Double(values.Number(i));
  w.EndArray();
}

}  // namespace

std::string ShownText(std::string_view text) {
  constexpr std::size_t kLongest = 1000;
  if (!IsValidUtf8(text)) return std::to_string(text.size()) + " bytes";
  if (text.size() <= kLongest) return std::string(text);
  const std::string_view start = text.substr(0, kLongest);
  return std::string(start.substr(0, FindInvalidUtf8(start).value_or(kLongest))) + "...";
}

bool WriteElementsOf(const FeatureAttribution& feature, JsonWriter& w) {
  const Tensor shown = Shown(feature.values, feature.input.elements());
  const std::size_t count = std::min(shown.elements(), kMaxShownElements);
  const bool has_values = feature.input.elements() == shown.elements();
  const bool is_tokens = has_values && feature.input.is_string();
  w.BeginObject();
  w.String("kind", is_tokens ? "tokens" : "vector");
  w.Key(is_tokens ? "tokens" : "values");
  if (is_tokens) {
    w.BeginArray();
    for (std::size_t i = 0; i < count; ++i) w.String(ShownText(feature.input.strings()[i]));
    w.EndArray();
  } else if (has_values) {
    WriteNumbers(w, feature.input, count);
  } else {
    w.Null();
  }
  w.Key("attributions");
  WriteNumbers(w, shown, count);
  if (!is_tokens) {
    w.BeginArray("shape");
    if (count == shown.elements()) {
      for (const std::int64_t dim : shown.shape().dims()) w.Int(dim);
    } else {
      w.Int(static_cast<std::int64_t>(count));
    }
    w.EndArray();
  }
  w.EndObject();
  return is_tokens;
}

void WriteStandardErrors(const OutputAttribution& attribution, JsonWriter& w) {
  bool is_open = false;
  for (const FeatureAttribution& feature : attribution.features) {
    const Tensor& errors = feature.standard_errors;
    if (errors.elements() != 1 || !std::isfinite(errors.Number(0))) continue;
    if (!is_open) {
      w.BeginObject("standardErrors");
      is_open = true;
    }
    w.Double(feature.name, errors.Number(0));
  }
  if (is_open) w.EndObject();
}

}  // namespace whylight

// The network and the point of tests/golden/xrai.npz on which saliency computed BlurIG and Guided
// IG.
#pragma once

#include <cmath>
#include <string>

#include "attribution/closed_form.h"
#include "testing/npz.h"

namespace whylight {

inline const NpzArrays& GoldenArrays() {
  static const Result<NpzArrays> arrays = ReadNpz(WHYLIGHT_SOURCE_DIR "/tests/golden/xrai.npz");
  WHYLIGHT_CHECK(arrays.ok());
  return *arrays;
}

inline const Tensor& GoldenArray(const std::string& name) {
  const auto found = GoldenArrays().find(name);
  WHYLIGHT_CHECK(found != GoldenArrays().end());
  return found->second;
}

// F(x) = sum over k of v_k tanh(w_k . x + b_k)
inline ClosedForm GoldenNetwork() {
  const auto each = [](const Numbers& x, const auto& visit) {
    const std::span<const double> w = GoldenArray("path/w").data<double>();
    for (std::size_t k = 0; k < GoldenArray("path/b").elements(); ++k) {
      double sum = GoldenArray("path/b").Number(k);
      for (std::size_t i = 0; i < x.size(); ++i) sum += w[k * x.size() + i] * x[i];
      visit(GoldenArray("path/v").Number(k), std::tanh(sum), w.subspan(k * x.size(), x.size()));
    }
  };
  return ClosedForm(
      [each](const Numbers& x) {
        double score = 0;
        each(x, [&](double v, double y, std::span<const double>) { score += v * y; });
        return score;
      },
      [each](const Numbers& x) {
        Numbers gradient(x.size(), 0);
        each(x, [&](double v, double y, std::span<const double> w) {
          for (std::size_t i = 0; i < x.size(); ++i) gradient[i] += v * (1 - y * y) * w[i];
        });
        return gradient;
      });
}

}  // namespace whylight

// Random numbers that are the same on every platform, which those of <random>'s distributions and
// of std::shuffle are not.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace whylight {

// SplitMix64 (Steele, Lea, Flood 2014): one 64-bit number for each call.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // Uniform in [0, bound), bound >= 1, without bias: Lemire 2019 (arXiv:1805.10941).
  std::uint32_t Below(std::uint32_t bound) {
    const std::uint32_t reject = static_cast<std::uint32_t>(-bound) % bound;
    while (true) {
      const std::uint64_t product = (Next() >> 32) * bound;
      if (static_cast<std::uint32_t>(product) >= reject) {
        return static_cast<std::uint32_t>(product >> 32);
      }
    }
  }

  // Uniform in [0, 1), a multiple of 2^-53.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

  // Of mean 0 and variance 1: Marsaglia's polar method. Takes two numbers or more.
  double Normal() {
    while (true) {
      const double u = 2 * Uniform() - 1, v = 2 * Uniform() - 1;
      const double square = u * u + v * v;
      if (square > 0 && square < 1) return u * std::sqrt(-2 * std::log(square) / square);
    }
  }

  // Fisher and Yates: every order is equally likely. Fewer than 2^32 items.
  template <typename T>
  void Shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[Below(static_cast<std::uint32_t>(i))]);
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace whylight

// A set of pixels, as bits.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "segment/label_map.h"

namespace whylight {

// Pixels of consecutive columns of one row, counted in rows from the top: pixel y * width + x.
struct PixelRun {
  std::int64_t first = 0;
  std::int64_t length = 0;
  bool operator==(const PixelRun&) const = default;
};

// Bits are kept for a box alone, so hundreds of small masks of a large image take little memory.
// Threads  Values.
class Mask {
 public:
  // Without pixels; (x, y) up to (x_end, y_end) can be added. The box lies within the image.
  struct Box {
    int x = 0, y = 0, x_end = 0, y_end = 0;
  };
  Mask(int width, int height, const Box& box);
  Mask(int width, int height) : Mask(width, height, {.x_end = width, .y_end = height}) {}

  int width() const { return width_; }
  int height() const { return height_; }

  void Add(int x, int y) { Word(x, y) |= std::uint64_t{1} << (x % 64); }  // Within the box.
  bool Has(int x, int y) const;
  std::int64_t Count() const;

  void AddAll(const Mask& other);     // The other's pixels lie within this one's box.
  void RemoveAll(const Mask& other);  // Of the same image.
  // The pixels within `radius` of one of these: dx^2 + dy^2 <= radius^2.
  Mask Dilated(int radius) const;

  // visit(pixel), counted in rows from the top, in that order.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    ForEachWord([&](int y, int word, std::uint64_t bits) { VisitBits(y, word, bits, visit); });
  }
  // Of the pixels of both.
  template <typename Visit>
  void ForEachCommon(const Mask& other, const Visit& visit) const {
    const int top = std::max(top_, other.top_),
              end = std::min(top_ + rows_, other.top_ + other.rows_);
    const int first = std::max(first_word_, other.first_word_);
    const int last = std::min(first_word_ + words_, other.first_word_ + other.words_);
    for (int y = top; y < end; ++y) {
      for (int word = first; word < last; ++word) {
        VisitBits(y, word, At(y, word) & other.At(y, word), visit);
      }
    }
  }
  std::vector<PixelRun> Runs() const;  // Each as long as can be within its row.

 private:
  std::size_t Index(int y, int word) const {
    return static_cast<std::size_t>(y - top_) * static_cast<std::size_t>(words_) +
           static_cast<std::size_t>(word - first_word_);
  }
  std::uint64_t At(int y, int word) const { return bits_[Index(y, word)]; }
  std::uint64_t& Word(int x, int y) { return bits_[Index(y, x / 64)]; }

  template <typename Visit>
  void ForEachWord(const Visit& visit) const {
    for (int y = top_; y < top_ + rows_; ++y) {
      for (int word = first_word_; word < first_word_ + words_; ++word) visit(y, word, At(y, word));
    }
  }
  template <typename Visit>
  void VisitBits(int y, int word, std::uint64_t bits, const Visit& visit) const {
    const std::size_t row = static_cast<std::size_t>(y) * static_cast<std::size_t>(width_);
    for (; bits != 0; bits &= bits - 1) {
      visit(row + static_cast<std::size_t>(word * 64 + std::countr_zero(bits)));
    }
  }

  int width_ = 0, height_ = 0;
  int top_ = 0, rows_ = 0, first_word_ = 0, words_ = 0;
  std::vector<std::uint64_t> bits_;  // rows_ * words_
};

// A mask for each label of 0 .. count - 1, empty ones included.
std::vector<Mask> MasksOf(const LabelMap& map);

}  // namespace whylight

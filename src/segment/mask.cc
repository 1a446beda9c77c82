#include "segment/mask.h"

#include <cmath>

namespace whylight {
namespace {

// Each pixel and its neighbours to the left and right.
void GrowSideways(std::vector<std::uint64_t>& row) {
  std::uint64_t from_left = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::uint64_t bits = row[i];
    // The right neighbour has not grown yet.
    const std::uint64_t from_right = i + 1 < row.size() ? row[i + 1] << 63 : 0;
    row[i] = bits | bits << 1 | bits >> 1 | from_left | from_right;
    from_left = bits >> 63;
  }
}

}  // namespace

Mask::Mask(int width, int height, const Box& box)
    : width_(width), height_(height), top_(box.y), first_word_(box.x / 64) {
  if (box.x_end <= box.x || box.y_end <= box.y) return;
  rows_ = box.y_end - box.y;
  words_ = (box.x_end + 63) / 64 - first_word_;
  bits_.resize(static_cast<std::size_t>(rows_) * static_cast<std::size_t>(words_));
}

bool Mask::Has(int x, int y) const {
  const int word = x / 64;
  if (y < top_ || y >= top_ + rows_ || word < first_word_ || word >= first_word_ + words_) {
    return false;
  }
  return (At(y, word) >> (x % 64) & 1) != 0;
}

std::int64_t Mask::Count() const {
  std::int64_t count = 0;
  for (const std::uint64_t bits : bits_) count += std::popcount(bits);
  return count;
}

void Mask::AddAll(const Mask& other) {
  other.ForEachWord([&](int y, int word, std::uint64_t bits) {
    if (bits != 0) bits_[Index(y, word)] |= bits;
  });
}

void Mask::RemoveAll(const Mask& other) {
  const int top = std::max(top_, other.top_),
            end = std::min(top_ + rows_, other.top_ + other.rows_);
  const int first = std::max(first_word_, other.first_word_);
  const int last = std::min(first_word_ + words_, other.first_word_ + other.words_);
  for (int y = top; y < end; ++y) {
    for (int word = first; word < last; ++word) bits_[Index(y, word)] &= ~other.At(y, word);
  }
}

Mask Mask::Dilated(int radius) const {
  const Box box{.x = std::max(0, first_word_ * 64 - radius),
                .y = std::max(0, top_ - radius),
                .x_end = rows_ == 0 ? 0 : std::min(width_, (first_word_ + words_) * 64 + radius),
                .y_end = std::min(height_, top_ + rows_ + radius)};
  Mask grown(width_, height_, box);
  std::vector<int> half_widths;  // Of the disk's rows: 0, 1, ..., radius from its middle.
  for (int dy = 0; dy <= radius; ++dy) {
    int half = radius;
    while (half * half + dy * dy > radius * radius) --half;
    half_widths.push_back(half);
  }
  std::vector<std::uint64_t> row;
  for (int y = top_; y < top_ + rows_; ++y) {
    row.assign(static_cast<std::size_t>(grown.words_), 0);
    std::uint64_t any = 0;
    for (int word = first_word_; word < first_word_ + words_; ++word) {
      row[static_cast<std::size_t>(word - grown.first_word_)] = At(y, word);
      any |= At(y, word);
    }
    if (any == 0) continue;
    for (int half = 0; half <= radius; ++half) {
      if (half > 0) GrowSideways(row);
      for (int dy = -radius; dy <= radius; ++dy) {
        const int to = y + dy;
        if (half_widths[static_cast<std::size_t>(std::abs(dy))] != half || to < 0 ||
            to >= height_) {
          continue;
        }
        for (std::size_t i = 0; i < row.size(); ++i) {
          grown.bits_[grown.Index(to, grown.first_word_) + i] |= row[i];
        }
      }
    }
  }
  if (width_ % 64 != 0 && grown.first_word_ + grown.words_ == width_ / 64 + 1) {
    const std::uint64_t inside = (std::uint64_t{1} << (width_ % 64)) - 1;
    for (int y = grown.top_; y < grown.top_ + grown.rows_; ++y) {
      grown.bits_[grown.Index(y, width_ / 64)] &= inside;
    }
  }
  return grown;
}

std::vector<PixelRun> Mask::Runs() const {
  std::vector<PixelRun> runs;
  ForEach([&](std::size_t index) {
    const auto pixel = static_cast<std::int64_t>(index);
    if (!runs.empty() && runs.back().first + runs.back().length == pixel && pixel % width_ != 0) {
      ++runs.back().length;
    } else {
      runs.push_back({.first = pixel, .length = 1});
    }
  });
  return runs;
}

std::vector<Mask> MasksOf(const LabelMap& map) {
  std::vector<Mask::Box> boxes(static_cast<std::size_t>(map.count),
                               {.x = map.width, .y = map.height, .x_end = 0, .y_end = 0});
  const auto for_each_pixel = [&](const auto& visit) {
    std::size_t next = 0;
    for (int y = 0; y < map.height; ++y) {
      for (int x = 0; x < map.width; ++x) visit(x, y, static_cast<std::size_t>(map.labels[next++]));
    }
  };
  for_each_pixel([&](int x, int y, std::size_t label) {
    Mask::Box& box = boxes[label];
    box.x = std::min(box.x, x);
    box.y = std::min(box.y, y);
    box.x_end = std::max(box.x_end, x + 1);
    box.y_end = y + 1;
  });
  std::vector<Mask> masks;
  for (const Mask::Box& box : boxes) masks.emplace_back(map.width, map.height, box);
  for_each_pixel([&](int x, int y, std::size_t label) { masks[label].Add(x, y); });
  return masks;
}

}  // namespace whylight

#include "render/outlines.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <utility>

namespace whylight {
namespace {

constexpr double kThreshold = 0.001;
constexpr double kKeptShare = 0.9;

using Bits = std::vector<std::uint8_t>;

struct Size {
  int width = 0;
  int height = 0;
};

// Calls visit(index) for the neighbours of a pixel within the picture: 8 of them, or 4.
template <typename Visit>
void ForEachNeighbor(std::size_t index, Size size, int neighbors, const Visit& visit) {
  const int x = static_cast<int>(index % static_cast<std::size_t>(size.width));
  const int y = static_cast<int>(index / static_cast<std::size_t>(size.width));
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      if ((dx == 0 && dy == 0) || (neighbors == 4 && dx != 0 && dy != 0)) continue;
      const int nx = x + dx, ny = y + dy;
      if (nx < 0 || ny < 0 || nx >= size.width || ny >= size.height) continue;
      visit(static_cast<std::size_t>(ny) * static_cast<std::size_t>(size.width) +
            static_cast<std::size_t>(nx));
    }
  }
}

// Each pixel the `pick` of itself and its 8 neighbours.
template <typename T, typename Pick>
std::vector<T> Picked(const std::vector<T>& plane, Size size, const Pick& pick) {
  std::vector<T> picked = plane;
  for (std::size_t i = 0; i < plane.size(); ++i) {
    ForEachNeighbor(i, size, 8, [&](std::size_t n) { picked[i] = pick(picked[i], plane[n]); });
  }
  return picked;
}

std::vector<double> ClosedAndOpened(const std::vector<double>& plane, Size size) {
  const auto least = [](double a, double b) { return std::min(a, b); };
  const auto greatest = [](double a, double b) { return std::max(a, b); };
  const std::vector<double> closed = Picked(Picked(plane, size, greatest), size, least);
  return Picked(Picked(closed, size, least), size, greatest);
}

Bits Above(const std::vector<double>& plane, double threshold) {
  Bits bits(plane.size());
  std::ranges::transform(plane, bits.begin(), [=](double v) { return v > threshold ? 1 : 0; });
  return bits;
}

// The pixels that can be reached from `from` over pixels that hold `value`; they are set to `mark`.
std::vector<std::size_t> Flood(std::vector<int>& labels, std::size_t from, Size size, int neighbors,
                               int mark) {
  const int value = labels[from];
  std::vector<std::size_t> reached = {from};
  labels[from] = mark;
  for (std::size_t next = 0; next < reached.size(); ++next) {
    ForEachNeighbor(reached[next], size, neighbors, [&](std::size_t n) {
      if (labels[n] != value) return;
      labels[n] = mark;
      reached.push_back(n);
    });
  }
  return reached;
}

void FillHoles(Bits& bits, Size size) {
  std::vector<int> labels(bits.begin(), bits.end());
  const auto width = static_cast<std::size_t>(size.width);
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const std::size_t x = i % width;
    const bool at_edge = x == 0 || x + 1 == width || i < width || i + width >= bits.size();
    if (at_edge && labels[i] == 0) Flood(labels, i, size, 4, 2);
  }
  std::ranges::transform(labels, bits.begin(), [](int label) { return label == 2 ? 0 : 1; });
}

struct Component {
  std::vector<std::size_t> pixels;
  double weight = 0;
};

// Heaviest first; of equal ones that whose first pixel comes first.
std::vector<Component> ComponentsOf(const Bits& bits, const RealImage& intensity, Size size) {
  std::vector<Component> components;
  std::vector<int> labels(bits.begin(), bits.end());
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (labels[i] != 1) continue;
    Component& component = components.emplace_back();
    component.pixels = Flood(labels, i, size, 8, 2);
    for (const std::size_t pixel : component.pixels) component.weight += intensity.pixels[pixel];
  }
  std::ranges::stable_sort(components, std::greater(), &Component::weight);
  return components;
}

Bits Heaviest(const std::vector<Component>& components, std::size_t pixels) {
  double all = 0, held = 0;
  for (const Component& component : components) all += component.weight;
  Bits kept(pixels);
  for (const Component& component : components) {
    if (held >= kKeptShare * all) break;
    for (const std::size_t pixel : component.pixels) kept[pixel] = 1;
    held += component.weight;
  }
  return kept;
}

// By one pixel; beyond the picture there is nothing.
Bits Eroded(const Bits& bits, Size size) {
  Bits eroded = bits;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (bits[i] == 0) continue;
    int inside = 0;
    ForEachNeighbor(i, size, 8, [&](std::size_t n) { inside += bits[n]; });
    eroded[i] = inside == 8 ? 1 : 0;
  }
  return eroded;
}

}  // namespace

Outlines FindOutlines(const RealImage& intensity) {
  const Size size{.width = intensity.width, .height = intensity.height};
  Bits bits = Above(ClosedAndOpened(intensity.pixels, size), kThreshold);
  if (std::ranges::count(bits, 1) == 0) bits = Above(intensity.pixels, 0);
  FillHoles(bits, size);
  Outlines outlines;
  outlines.inside = Heaviest(ComponentsOf(bits, intensity, size), bits.size());
  const auto border = std::max(1L, std::lround(std::min(size.width, size.height) / 200.0));
  Bits core = outlines.inside;
  for (long i = 0; i < border; ++i) core = Eroded(core, size);
  outlines.border = outlines.inside;
  for (std::size_t i = 0; i < core.size(); ++i) outlines.border[i] -= core[i];
  return outlines;
}

}  // namespace whylight

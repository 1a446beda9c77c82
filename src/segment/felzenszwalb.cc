#include "segment/felzenszwalb.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

namespace whylight {
namespace {

struct Edge {
  double weight = 0;
  std::int32_t a = 0, b = 0;  // Pixels, counted in rows.
};

// From each pixel that has a neighbour at (dy, dx), in rows from the top.
void AddEdges(const RealImage& image, int dy, int dx, std::vector<Edge>& edges) {
  const auto channels = static_cast<std::size_t>(image.channels);
  for (int y = 0; y < image.height; ++y) {
    if (y + dy < 0 || y + dy >= image.height) continue;
    for (int x = 0; x + dx < image.width; ++x) {
      Edge edge{.weight = 0, .a = y * image.width + x, .b = (y + dy) * image.width + x + dx};
      const double* p = image.pixels.data() + static_cast<std::size_t>(edge.a) * channels;
      const double* q = image.pixels.data() + static_cast<std::size_t>(edge.b) * channels;
      double sum = 0;
      for (std::size_t c = 0; c < channels; ++c) sum += (q[c] - p[c]) * (q[c] - p[c]);
      edge.weight = std::sqrt(sum);
      edges.push_back(edge);
    }
  }
}

std::vector<Edge> SortedEdges(const RealImage& image) {
  std::vector<Edge> edges;
  edges.reserve(4 * static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height));
  AddEdges(image, 0, 1, edges);
  AddEdges(image, 1, 0, edges);
  AddEdges(image, 1, 1, edges);
  AddEdges(image, -1, 1, edges);
  std::ranges::stable_sort(edges, {}, &Edge::weight);
  return edges;
}

// Disjoint sets of pixels. The first pixel of a set is its root, so that labels in the order of
// roots do not hang on the order of the joins.
class Segments {
 public:
  explicit Segments(std::size_t pixels) : parent_(pixels), size_(pixels, 1), inner_(pixels, 0) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }

  std::size_t Root(std::int32_t pixel) {
    auto at = static_cast<std::size_t>(pixel);
    while (static_cast<std::size_t>(parent_[at]) != at) {
      parent_[at] = parent_[static_cast<std::size_t>(parent_[at])];
      at = static_cast<std::size_t>(parent_[at]);
    }
    return at;
  }

  std::int64_t size(std::size_t root) const { return size_[root]; }
  float Bound(std::size_t root, double scale) const {
    return static_cast<float>(inner_[root] + scale / static_cast<double>(size_[root]));
  }

  void Join(std::size_t a, std::size_t b, double weight) {
    if (a > b) std::swap(a, b);
    parent_[b] = static_cast<std::int32_t>(a);
    size_[a] += size_[b];
    inner_[a] = weight;
  }

 private:
  std::vector<std::int32_t> parent_;
  std::vector<std::int64_t> size_;
  std::vector<double> inner_;  // Of roots.
};

LabelMap Segment(const RealImage& image, std::span<const Edge> edges, double scale,
                 std::int64_t min_size) {
  const std::size_t pixels =
      static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  Segments segments(pixels);
  scale /= 255;
  std::vector<std::pair<std::int32_t, std::int32_t>> between;  // Edges that joined nothing.
  for (const Edge& edge : edges) {
    const std::size_t a = segments.Root(edge.a), b = segments.Root(edge.b);
    if (a == b) continue;
    if (edge.weight < std::min(segments.Bound(a, scale), segments.Bound(b, scale))) {
      segments.Join(a, b, edge.weight);
    } else {
      between.emplace_back(edge.a, edge.b);
    }
  }
  for (const auto& [first, second] : between) {
    const std::size_t a = segments.Root(first), b = segments.Root(second);
    if (a != b && (segments.size(a) < min_size || segments.size(b) < min_size)) {
      segments.Join(a, b, 0);
    }
  }
  LabelMap map{.width = image.width,
               .height = image.height,
               .count = 0,
               .labels = std::vector<std::int32_t>(pixels)};
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::size_t root = segments.Root(static_cast<std::int32_t>(i));
    map.labels[i] = root == i ? map.count++ : map.labels[root];
  }
  return map;
}

}  // namespace

std::vector<LabelMap> Felzenszwalb(const RealImage& image, std::span<const double> scales,
                                   const FelzenszwalbOptions& options) {
  const RealImage blurred =
      Blur(image, {.sigma_y = options.sigma, .sigma_x = options.sigma, .border = Border::kReflect});
  const std::vector<Edge> edges = SortedEdges(blurred);
  std::vector<LabelMap> maps;
  for (const double scale : scales) {
    maps.push_back(Segment(blurred, edges, scale, options.min_size));
  }
  return maps;
}

}  // namespace whylight

#include "attribution/neighbors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>

namespace whylight {
namespace {

// Queries that share a pass over the examples: as many as a core's cache holds beside them.
constexpr std::size_t kBlock = 16;

// Sum over i of term(x_i, y_i), in several sums at once so that none waits for another.
template <typename T, typename Term>
double Sum(const T* x, const T* y, std::size_t size, Term term) {
  constexpr std::size_t kSums = 4;
  std::array<double, kSums> sums = {};
  std::size_t i = 0;
  for (; i + kSums <= size; i += kSums) {
    for (std::size_t s = 0; s < kSums; ++s) {
      sums[s] += term(static_cast<double>(x[i + s]), static_cast<double>(y[i + s]));
    }
  }
  for (; i < size; ++i) sums[0] += term(static_cast<double>(x[i]), static_cast<double>(y[i]));
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

template <typename T>
double Dot(const T* x, const T* y, std::size_t size) {
  return Sum(x, y, size, [](double a, double b) { return a * b; });
}

// Vectors and, for the cosine, their lengths.
template <typename T>
class Vectors {
 public:
  Vectors(const Tensor& tensor, Distance distance)
      : size_(static_cast<std::size_t>(tensor.shape().dim(1))), data_(tensor.data<T>().data()) {
    if (distance != Distance::kCosine) return;
    for (std::int64_t row = 0; row < tensor.shape().dim(0); ++row) {
      const T* x = (*this)[static_cast<std::size_t>(row)];
      lengths_.push_back(std::sqrt(Dot(x, x, size_)));
    }
  }

  std::size_t size() const { return size_; }
  const T* operator[](std::size_t row) const { return data_ + row * size_; }
  double length(std::size_t row) const { return lengths_[row]; }

 private:
  std::size_t size_;
  const T* data_;
  std::vector<double> lengths_;
};

template <typename T>
double DistanceOf(const Vectors<T>& queries, std::size_t query, const Vectors<T>& examples,
                  std::size_t example, Distance distance) {
  const T *x = queries[query], *y = examples[example];
  const std::size_t size = queries.size();
  switch (distance) {
    case Distance::kSquaredL2:
      return Sum(x, y, size, [](double a, double b) { return (a - b) * (a - b); });
    case Distance::kL1:
      return Sum(x, y, size, [](double a, double b) { return std::abs(a - b); });
    case Distance::kCosine: {
      const double lengths = queries.length(query) * examples.length(example);
      return lengths > 0 ? 1 - Dot(x, y, size) / lengths : 1;
    }
    case Distance::kDotProduct:
      return -Dot(x, y, size);
  }
  return 0;
}

// The nearest of `all`, which it reorders.
std::vector<FoundNeighbor> Nearest(std::vector<FoundNeighbor>& all,
                                   const NeighborOptions& options) {
  const auto farther = [](const FoundNeighbor& a, const FoundNeighbor& b) {
    return a.distance != b.distance ? a.distance > b.distance : a.example > b.example;
  };
  std::ranges::make_heap(all, farther);
  std::vector<FoundNeighbor> nearest;
  std::map<std::int64_t, int> crowds;
  auto end = all.end();
  while (end != all.begin() && std::ssize(nearest) < options.count) {
    std::ranges::pop_heap(all.begin(), end--, farther);
    const std::int64_t tag = options.tags.empty() ? -1 : options.tags[end->example];
    const bool crowded = options.crowding_count > 0 && tag >= 0;
    if (crowded && ++crowds[tag] > options.crowding_count) continue;
    nearest.push_back(*end);
  }
  return nearest;
}

template <typename T>
std::vector<std::vector<FoundNeighbor>> Search(const Tensor& examples, const Tensor& queries,
                                               const NeighborOptions& options) {
  const Vectors<T> known(examples, options.distance), asked(queries, options.distance);
  const auto all = static_cast<std::size_t>(examples.shape().dim(0));
  const std::size_t count = options.candidates != nullptr ? options.candidates->size() : all;
  const auto query_count = static_cast<std::size_t>(queries.shape().dim(0));
  std::vector<std::vector<FoundNeighbor>> found;
  for (std::size_t first = 0; first < query_count; first += kBlock) {
    const std::size_t block = std::min(kBlock, query_count - first);
    std::vector<std::vector<FoundNeighbor>> distances(block);
    for (std::vector<FoundNeighbor>& of_query : distances) of_query.reserve(count);
    for (std::size_t c = 0; c < count; ++c) {
      const std::size_t example = options.candidates != nullptr ? (*options.candidates)[c] : c;
      for (std::size_t q = 0; q < block; ++q) {
        distances[q].push_back(
            {.example = example,
             .distance = DistanceOf(asked, first + q, known, example, options.distance)});
      }
    }
    for (std::vector<FoundNeighbor>& of_query : distances) {
      found.push_back(Nearest(of_query, options));
    }
  }
  return found;
}

Status CheckForm(const Tensor& examples, const Tensor& queries) {
  const Shape &known = examples.shape(), &asked = queries.shape();
  if (known.rank() == 2 && asked.rank() == 2 && known.dim(1) == asked.dim(1) &&
      examples.dtype() == queries.dtype() &&
      (examples.dtype() == DType::kFloat32 || examples.dtype() == DType::kFloat64)) {
    return OkStatus();
  }
  return InvalidArgument("expected examples and queries of as many floats a row, got " +
                         DTypeName(examples.dtype()) + known.ToString() + " and " +
                         DTypeName(queries.dtype()) + asked.ToString());
}

template <typename T>
void NormalizeRowsOf(Tensor& vectors) {
  const auto size = static_cast<std::size_t>(vectors.shape().dim(1));
  const std::span<T> data = vectors.data<T>();
  for (std::size_t first = 0; size > 0 && first < data.size(); first += size) {
    const std::span<T> row = data.subspan(first, size);
    const double length = std::sqrt(Dot(row.data(), row.data(), size));
    if (length == 0) continue;
    for (T& value : row) value = static_cast<T>(static_cast<double>(value) / length);
  }
}

bool Share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::any_of(
      a, [&](const std::string& token) { return std::ranges::find(b, token) != b.end(); });
}

}  // namespace

Result<std::vector<std::vector<FoundNeighbor>>> FindNeighbors(const Tensor& examples,
                                                              const Tensor& queries,
                                                              const NeighborOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(CheckForm(examples, queries));
  if (options.count < 1 || options.crowding_count < 0) {
    return InvalidArgument("expected 1 neighbour or more, and 0 or more of a crowd, got " +
                           std::to_string(options.count) + " and " +
                           std::to_string(options.crowding_count));
  }
  return examples.dtype() == DType::kFloat64 ? Search<double>(examples, queries, options)
                                             : Search<float>(examples, queries, options);
}

void NormalizeRows(Tensor& vectors) {
  vectors.dtype() == DType::kFloat64 ? NormalizeRowsOf<double>(vectors)
                                     : NormalizeRowsOf<float>(vectors);
}

bool IsAllowed(std::span<const Restriction> own, std::span<const Restriction> wanted) {
  static const Restriction kNone;
  return std::ranges::all_of(wanted, [&](const Restriction& query) {
    const auto found = std::ranges::find(own, query.name_space, &Restriction::name_space);
    const Restriction& example = found == own.end() ? kNone : *found;
    return (query.allow.empty() || Share(example.allow, query.allow)) &&
           !Share(example.allow, query.deny) && !Share(example.deny, query.allow);
  });
}

}  // namespace whylight

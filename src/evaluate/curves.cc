#include "evaluate/curves.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "attribution/attribution.h"

namespace whylight {
namespace {

// Where a unit lies.
struct Place {
  std::size_t input = 0;
  std::size_t first = 0;
};

std::vector<Place> PlacesOf(const CurveTask& task) {
  WHYLIGHT_CHECK(task.unit_elements.size() == task.x->size());
  std::vector<Place> places;
  for (std::size_t i = 0; i < task.x->size(); ++i) {
    const std::size_t elements = (*task.x)[i].elements();
    if (elements == 0) continue;
    WHYLIGHT_CHECK(task.unit_elements[i] > 0 && elements % task.unit_elements[i] == 0);
    for (std::size_t at = 0; at < elements; at += task.unit_elements[i]) places.push_back({i, at});
  }
  WHYLIGHT_CHECK(places.size() == task.order.size());
  return places;
}

void CopyElements(const Tensor& from, std::size_t first, std::size_t count, Tensor& to) {
  if (from.is_string()) {
    std::ranges::copy(from.strings().subspan(first, count), to.strings().begin() + first);
    return;
  }
  const std::size_t size = DTypeSize(from.dtype());
  std::memcpy(to.bytes().data() + first * size, from.bytes().data() + first * size, count * size);
}

std::size_t BytesOf(const Row& row) {
  std::size_t bytes = 1;
  for (const Tensor& tensor : row) {
    bytes += tensor.bytes().size();
    for (const std::string& text : tensor.strings()) bytes += text.size() + sizeof text;
  }
  return bytes;
}

// Collects rows until they are as large as allowed, and has each score added, times its weight, to
// where it belongs.
class Scorer {
 public:
  Scorer(Function& f, std::size_t max_bytes) : f_(f), max_bytes_(max_bytes) {}

  struct Share {
    double* sum = nullptr;
    double weight = 0;
  };

  Status Add(std::size_t instance, const Row& row, std::vector<Share> shares) {
    points_.push_back({.instance = instance, .row = row});
    shares_.push_back(std::move(shares));
    bytes_ += BytesOf(row);
    return bytes_ < max_bytes_ ? OkStatus() : Flush();
  }

  Status Flush() {
    if (points_.empty()) return OkStatus();
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f_.Evaluate(points_));
    WHYLIGHT_RETURN_IF_ERROR(CheckScores(points_, scores));
    for (std::size_t i = 0; i < scores.size(); ++i) {
      for (const Share& share : shares_[i]) *share.sum += share.weight * scores[i];
    }
    points_.clear();
    shares_.clear();
    bytes_ = 0;
    return OkStatus();
  }

 private:
  Function& f_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::vector<Point> points_;
  std::vector<std::vector<Share>> shares_;
};

Status AddCurves(const CurveTask& task, const CurveOptions& options, Scorer& scorer,
                 Curves& curves) {
  const std::vector<Place> places = PlacesOf(task);
  const std::size_t units = places.size();
  const std::size_t blocks = units > options.max_single ? options.blocks : units;
  const std::size_t step = blocks == 0 ? 1 : (units + blocks - 1) / blocks;
  const double share = 1 / static_cast<double>(task.baselines.size());
  std::vector<std::size_t> replaced = {0};  // Units behind each step.
  while (replaced.back() < units) replaced.push_back(std::min(replaced.back() + step, units));
  // Half of the trapezoids on both sides of a point; of the baselines' mean.
  const auto weight = [&](std::size_t point) {
    if (units == 0) return share / 2;  // The curve is one point, and both its ends.
    const std::size_t left = replaced[point - std::min<std::size_t>(point, 1)];
    const std::size_t right = replaced[std::min(point + 1, replaced.size() - 1)];
    return share / 2 * static_cast<double>(right - left) / static_cast<double>(units);
  };
  const std::size_t end = replaced.size() - 1;
  for (const Row* baseline : task.baselines) {
    Row inserted = *baseline, deleted = *task.x;
    WHYLIGHT_RETURN_IF_ERROR(scorer.Add(task.instance, inserted,
                                        {{&curves.baseline_score, share},
                                         {&curves.insertion, weight(0)},
                                         {&curves.deletion, weight(end)}}));
    WHYLIGHT_RETURN_IF_ERROR(scorer.Add(task.instance, deleted,
                                        {{&curves.input_score, share},
                                         {&curves.insertion, weight(end)},
                                         {&curves.deletion, weight(0)}}));
    for (std::size_t point = 1; point < end; ++point) {  // The ends are scored already.
      for (std::size_t k = replaced[point - 1]; k < replaced[point]; ++k) {
        const Place& place = places[task.order[k]];
        const std::size_t count = task.unit_elements[place.input];
        CopyElements((*task.x)[place.input], place.first, count, inserted[place.input]);
        CopyElements((*baseline)[place.input], place.first, count, deleted[place.input]);
      }
      WHYLIGHT_RETURN_IF_ERROR(
          scorer.Add(task.instance, inserted, {{&curves.insertion, weight(point)}}));
      WHYLIGHT_RETURN_IF_ERROR(
          scorer.Add(task.instance, deleted, {{&curves.deletion, weight(point)}}));
    }
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<Curves>> ReplacementCurves(Function& f, std::span<const CurveTask> tasks,
                                              const CurveOptions& options) {
  for (const CurveTask& task : tasks) {
    if (task.baselines.empty()) {
      return InvalidArgument(InstancePlace(task.instance) + ": no baseline");
    }
    for (const Row* baseline : task.baselines) {
      WHYLIGHT_RETURN_IF_ERROR(CheckSameForm(task.instance, *task.x, *baseline));
    }
  }
  std::vector<Curves> curves(tasks.size());
  Scorer scorer(f, options.max_bytes);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    WHYLIGHT_RETURN_IF_ERROR(AddCurves(tasks[i], options, scorer, curves[i]));
  }
  WHYLIGHT_RETURN_IF_ERROR(scorer.Flush());
  return curves;
}

}  // namespace whylight

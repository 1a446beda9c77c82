#include "attribution/blur_ig.h"

#include <optional>
#include <string>
#include <utility>

#include "attribution/integrated_gradients.h"
#include "attribution/picture.h"
#include "image/blur.h"
#include "util/lanes.h"

namespace whylight {
namespace {

constexpr double kGradientStep = 0.01;

Status Check(std::span<const BlurIgTask> tasks, const BlurIgOptions& options) {
  if (options.steps < 1 || options.steps > kMaxSteps) {
    return InvalidArgument("steps: expected 1 to " + std::to_string(kMaxSteps) + ", got " +
                           std::to_string(options.steps));
  }
  if (!(options.max_sigma > 0 && options.max_sigma <= kMaxBlurSigma)) {
    return InvalidArgument("max_sigma: expected a number above 0, up to " +
                           std::to_string(static_cast<int>(kMaxBlurSigma)) + ", got " +
                           std::to_string(options.max_sigma));
  }
  for (const BlurIgTask& task : tasks) {
    WHYLIGHT_RETURN_IF_ERROR(CheckFinite(task.instance, *task.x, "an input"));
  }
  return OkStatus();
}

Tensor TensorOf(const RealImage& picture, const Tensor& like) {
  Tensor tensor(like.dtype(), like.shape());
  for (std::size_t i = 0; i < tensor.elements(); ++i) tensor.SetNumber(i, picture.pixels[i]);
  return tensor;
}

// A place on the path of a task.
struct PathPoint {
  std::size_t task = 0;
  Row row;
  Row direction;  // dx/ds, float64.
};

struct Place {
  std::size_t task = 0;
  int step = 0;
};

class Path {
 public:
  Path(const Row& x, std::vector<RealImage> pictures) : x_(x), pictures_(std::move(pictures)) {}

  Row At(double sigma) const {
    Row row;
    for (std::size_t i = 0; i < x_.size(); ++i) row.push_back(TensorOf(Blurred(i, sigma), x_[i]));
    return row;
  }

  // nullopt where nothing moves.
  std::optional<PathPoint> PointAt(double sigma) const {
    PathPoint point;
    bool moves = false;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      const RealImage at = Blurred(i, sigma), behind = Blurred(i, sigma + kGradientStep);
      Tensor direction(DType::kFloat64, x_[i].shape());
      const std::span<double> to = direction.data<double>();
      for (std::size_t k = 0; k < to.size(); ++k) {
        to[k] = (behind.pixels[k] - at.pixels[k]) / kGradientStep;
        moves = moves || to[k] != 0;
      }
      point.row.push_back(TensorOf(at, x_[i]));
      point.direction.push_back(std::move(direction));
    }
    if (!moves) return std::nullopt;
    return point;
  }

 private:
  RealImage Blurred(std::size_t input, double sigma) const {
    return Blur(pictures_[input], {.sigma_y = sigma, .sigma_x = sigma, .border = Border::kZero});
  }

  const Row& x_;
  std::vector<RealImage> pictures_;
};

// Bytes of a point beside its row: its direction and its gradient.
constexpr std::size_t kPointBytes = 16;

// values -= step * direction * gradient, for each point.
Status AddPoints(Function& f, std::span<const BlurIgTask> tasks,
                 const std::vector<PathPoint>& points, double step,
                 std::vector<Attribution>& attributions) {
  if (points.empty()) return OkStatus();
  std::vector<GradientPoint> at;
  at.reserve(points.size());
  for (const PathPoint& point : points) {
    at.push_back({.instance = tasks[point.task].instance, .row = &point.row});
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Row> gradients,
                            GradientsAt(f, at, "at one of the blurred pictures"));
  for (std::size_t p = 0; p < points.size(); ++p) {
    const PathPoint& point = points[p];
    for (std::size_t i = 0; i < point.row.size(); ++i) {
      const std::span<double> to = attributions[point.task].values[i].data<double>();
      const std::span<const double> direction = point.direction[i].data<double>();
      const std::span<const double> gradient = gradients[p][i].data<double>();
      for (std::size_t k = 0; k < to.size(); ++k) to[k] -= step * direction[k] * gradient[k];
    }
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<Attribution>> BlurIg(Function& f, std::span<const BlurIgTask> tasks,
                                        const BlurIgOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(Check(tasks, options));
  std::vector<Path> paths;
  std::vector<Point> ends;
  for (const BlurIgTask& task : tasks) {
    std::vector<RealImage> pictures;
    for (std::size_t i = 0; i < task.x->size(); ++i) {
      WHYLIGHT_ASSIGN_OR_RETURN(RealImage picture, PictureOf((*task.x)[i], task.instance, i));
      pictures.push_back(std::move(picture));
    }
    paths.emplace_back(*task.x, std::move(pictures));
    ends.push_back({.instance = task.instance, .row = *task.x});
    ends.push_back({.instance = task.instance, .row = paths.back().At(options.max_sigma)});
  }
  if (tasks.empty()) return std::vector<Attribution>();
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f.Evaluate(ends));
  WHYLIGHT_RETURN_IF_ERROR(CheckScores(ends, scores));

  std::vector<Attribution> attributions(tasks.size());
  const double step = options.max_sigma / options.steps;
  for (std::size_t t = 0; t < tasks.size(); ++t) attributions[t].values = ZerosLike(*tasks[t].x);
  Place next;
  while (next.task < tasks.size()) {
    std::size_t bytes = 0;
    // The points of one call, as far as the memory goes.
    const auto cut = [&]() -> std::optional<Place> {
      if (next.task == tasks.size()) return std::nullopt;
      const std::size_t one = BytesOf(*tasks[next.task].x, kPointBytes);
      if (bytes > 0 && bytes + one > options.max_bytes) return std::nullopt;
      bytes += one;
      const Place place = next;
      if (++next.step == options.steps) next = {.task = next.task + 1, .step = 0};
      return place;
    };
    const auto blur = [&](const Place& at) -> Result<std::optional<PathPoint>> {
      return paths[at.task].PointAt(at.step * options.max_sigma / options.steps);
    };
    std::vector<PathPoint> points;
    const auto keep = [&](const Place& at, std::optional<PathPoint> point) {
      if (!point) return;
      point->task = at.task;
      points.push_back(*std::move(point));
    };
    WHYLIGHT_RETURN_IF_ERROR(
        (RunInLanes<Place, std::optional<PathPoint>>(options.threads, cut, blur, keep)));
    WHYLIGHT_RETURN_IF_ERROR(AddPoints(f, tasks, points, step, attributions));
  }

  for (std::size_t t = 0; t < tasks.size(); ++t) {
    Attribution& a = attributions[t];
    a.input_score = scores[2 * t];
    a.baseline_score = scores[2 * t + 1];
    SetGap(a);
  }
  return attributions;
}

}  // namespace whylight

#include "attribution/occlusion.h"

#include <algorithm>
#include <utility>

namespace whylight {
namespace {

// Where windows of `size` begin on an axis of `length`.
std::vector<std::int64_t> Starts(std::int64_t length, std::int64_t size, std::int64_t stride) {
  std::vector<std::int64_t> starts;
  std::int64_t at = 0;
  for (; at + size < length; at += stride) starts.push_back(at);
  starts.push_back(std::max<std::int64_t>(length - size, 0));
  return starts;
}

std::int64_t ChannelsOf(const Shape& picture) { return picture.rank() == 3 ? picture.dim(2) : 1; }

// A row to score, and the difference that it belongs to.
struct Probe {
  std::size_t game = 0, player = 0;
  double share = 1;
  enum { kInput, kBaseline, kPlayer } kind = kInput;
};

}  // namespace

Result<std::vector<OcclusionValues>> Occlusion(Function& f, std::span<const Game> games,
                                               const OcclusionOptions& options) {
  if (options.max_points < 1) return InvalidArgument("max_points: expected at least 1, got 0");
  std::vector<OcclusionValues> all(games.size());
  std::vector<Point> points;
  std::vector<Probe> probes;
  const auto flush = [&]() -> Status {
    if (points.empty()) return OkStatus();
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f.Evaluate(points));
    WHYLIGHT_RETURN_IF_ERROR(CheckScores(points, scores));
    for (std::size_t i = 0; i < probes.size(); ++i) {
      const Probe& probe = probes[i];
      OcclusionValues& to = all[probe.game];
      if (probe.kind == Probe::kInput) to.input_score = scores[i];
      if (probe.kind == Probe::kBaseline) to.baseline_score += probe.share * scores[i];
      // F(x) is known: it came first.
      if (probe.kind == Probe::kPlayer) {
        to.values[probe.player] += probe.share * (to.input_score - scores[i]);
      }
    }
    points.clear();
    probes.clear();
    return OkStatus();
  };
  const auto add = [&](const Coalition& present, std::size_t baseline, Probe probe) -> Status {
    const Game& game = games[probe.game];
    Result<Row> row = game.make(present, baseline);
    if (!row.ok()) return row.status().In(InstancePlace(game.instance));
    points.push_back({.instance = game.instance, .row = *std::move(row)});
    probes.push_back(probe);
    return points.size() == options.max_points ? flush() : OkStatus();
  };
  for (std::size_t g = 0; g < games.size(); ++g) {
    const Game& game = games[g];
    if (game.baselines < 1) {
      return InvalidArgument(InstancePlace(game.instance) + ": expected a baseline, got none");
    }
    all[g].values.assign(game.players, 0);
    Coalition present(game.players, true);
    WHYLIGHT_RETURN_IF_ERROR(add(present, 0, {.game = g, .kind = Probe::kInput}));
    const double share = 1 / static_cast<double>(game.baselines);
    for (std::size_t b = 0; b < game.baselines; ++b) {
      WHYLIGHT_RETURN_IF_ERROR(add(Coalition(game.players, false), b,
                                   {.game = g, .share = share, .kind = Probe::kBaseline}));
      for (std::size_t p = 0; p < game.players; ++p) {
        if (!game.idle.empty() && game.idle[b][p]) continue;
        present[p] = false;
        WHYLIGHT_RETURN_IF_ERROR(
            add(present, b, {.game = g, .player = p, .share = share, .kind = Probe::kPlayer}));
        present[p] = true;
      }
    }
  }
  WHYLIGHT_RETURN_IF_ERROR(flush());
  return all;
}

std::vector<Elements> Windows(const Shape& picture, std::size_t input,
                              const WindowOptions& options) {
  const std::int64_t height = picture.dim(0), width = picture.dim(1);
  const std::int64_t channels = ChannelsOf(picture);
  const std::int64_t tall = std::min<std::int64_t>(options.height, height);
  const std::int64_t wide = std::min<std::int64_t>(options.width, width);
  std::vector<Elements> windows;
  for (const std::int64_t top : Starts(height, tall, options.stride)) {
    for (const std::int64_t left : Starts(width, wide, options.stride)) {
      Elements& window = windows.emplace_back(Elements{.input = input, .indices = {}});
      for (std::int64_t y = top; y < top + tall; ++y) {
        for (std::int64_t k = left * channels; k < (left + wide) * channels; ++k) {
          window.indices.push_back(static_cast<std::size_t>(y * width * channels + k));
        }
      }
    }
  }
  return windows;
}

Tensor SpreadWindows(std::span<const Elements> windows, std::span<const double> values,
                     const Shape& picture) {
  const auto channels = static_cast<std::size_t>(ChannelsOf(picture));
  Shape shape = picture;
  if (shape.rank() == 3) shape.set_dim(2, 1);
  Tensor map(DType::kFloat64, shape);
  const std::span<double> to = map.data<double>();
  std::vector<double> covered(to.size());
  for (std::size_t w = 0; w < windows.size(); ++w) {
    for (std::size_t k = 0; k < windows[w].indices.size(); k += channels) {
      const std::size_t pixel = windows[w].indices[k] / channels;
      to[pixel] += values[w];
      ++covered[pixel];
    }
  }
  for (std::size_t pixel = 0; pixel < to.size(); ++pixel) {
    if (covered[pixel] > 0) to[pixel] /= covered[pixel];
  }
  return map;
}

}  // namespace whylight

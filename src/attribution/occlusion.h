// Occlusion: what the score loses when a part of the instance is replaced by the baseline. Forward
// only, for any model.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "attribution/attribution.h"
#include "attribution/game.h"
#include "whylight/function.h"

namespace whylight {

struct OcclusionOptions {
  std::size_t max_points = 512;  // Rows alive at once, and the most that one Evaluate gets; >= 1.
};

struct OcclusionValues {
  std::vector<double> values;  // One for each player, in the score's unit.
  double input_score = 0;      // F(x)
  double baseline_score = 0;   // F(b), the mean over the baselines: all players absent.
};

// With x \ p the row where player p alone has the baseline's values:
//   value_p = mean over the baselines of F(x) - F(x \ p)
// The values share nothing out: two players that can stand in for each other get 0 both.
// Games are those of Sampled Shapley; players may overlap where `make` allows it, and idle ones get
// 0 without a run.
//
// Calls    f.Evaluate with up to max_points rows of all games together: for each game 1, and for
//          each baseline 1 and as many as it has players that are not idle.
// Errors   kInvalidArgument: max_points is 0, no baseline. kFailedPrecondition: a score is not
//          finite. A status of `f` or `make` is returned as it came, that of `make` with the
//          instance in front.
// Threads  No state; `f` and `make` are called from this thread only.
// Source   Zeiler, Fergus 2013 (arXiv:1311.2901), section 4.2.
Result<std::vector<OcclusionValues>> Occlusion(Function& f, std::span<const Game> games,
                                               const OcclusionOptions& options);

struct WindowOptions {
  int height = 15;  // In pixels, >= 1; cut to the picture's.
  int width = 15;
  int stride = 8;  // From one window to the next, both ways, >= 1.
};

// Windows over a picture [H,W] or [H,W,C], all channels of a pixel together, row by row from the
// top left. The last of each row and column ends with the picture, so every pixel is in one if the
// stride is no longer than the window.
std::vector<Elements> Windows(const Shape& picture, std::size_t input,
                              const WindowOptions& options);

// A number for each element of `x` (of a picture for each pixel, as [H,W,1], [H,W] of [H,W]): the
// mean of the values of the windows that cover it, 0 where none does.
Tensor SpreadWindows(std::span<const Elements> windows, std::span<const double> values,
                     const Shape& picture);

}  // namespace whylight

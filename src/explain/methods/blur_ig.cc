// Blur Integrated Gradients of a loaded model: x and values of the shares have the shapes of the
// explained pictures.
#include "attribution/blur_ig.h"

#include <utility>

#include "explain/methods/method.h"
#include "explain/score_function.h"
#include "util/system.h"

namespace whylight {

Result<AttributionResult> ApplyBlurIg(const MethodCall& call) {
  const auto& [engine, explained, options, tasks] = call;
  std::vector<ScoreTask> scores;
  std::vector<Row> xs;
  for (const AttributionTask& task : tasks) {
    scores.push_back({.row = task.row, .target = task.target});
    xs.push_back(ExplainedValues(*task.row, explained));
    WHYLIGHT_RETURN_IF_ERROR(CheckPictures(xs.back(), explained, options));
  }
  std::vector<BlurIgTask> paths;
  for (std::size_t i = 0; i < tasks.size(); ++i) paths.push_back({.instance = i, .x = &xs[i]});
  const int threads = options.session.threads > 0 ? options.session.threads : AllowedCores();
  ScoreFunction f(engine, std::move(scores), explained.inputs);
  WHYLIGHT_ASSIGN_OR_RETURN(
      std::vector<Attribution> attributions,
      BlurIg(f, paths,
             {.steps = options.steps, .max_sigma = options.max_sigma, .threads = threads}));
  AttributionResult result{.shares = {}, .dependence = f.dependence()};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    result.shares.push_back({.instance_output = attributions[i].input_score,
                             .baseline_output = attributions[i].baseline_score,
                             .approximation_error = attributions[i].approximation_error,
                             .x = std::move(xs[i]),
                             .values = std::move(attributions[i].values)});
  }
  return result;
}

}  // namespace whylight

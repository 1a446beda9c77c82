#include "attribution/gradient_x_input.h"

#include <utility>

namespace whylight {

Result<std::vector<Attribution>> GradientXInput(Function& f, std::span<const GradientTask> tasks) {
  std::vector<Point> points;
  std::vector<GradientPoint> inputs;
  for (const GradientTask& task : tasks) {
    WHYLIGHT_RETURN_IF_ERROR(CheckFinite(task.instance, *task.x, "an input"));
    points.push_back({.instance = task.instance, .row = *task.x});
    inputs.push_back({.instance = task.instance, .row = task.x});
  }
  if (tasks.empty()) return std::vector<Attribution>();
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f.Evaluate(points));
  WHYLIGHT_RETURN_IF_ERROR(CheckScores(points, scores));
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Row> gradients, GradientsAt(f, inputs, "at the input"));
  std::vector<Attribution> attributions(tasks.size());
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Row& x = *tasks[t].x;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::span<double> values = gradients[t][i].data<double>();
      for (std::size_t k = 0; k < values.size(); ++k) values[k] *= x[i].Number(k);
    }
    attributions[t].input_score = scores[t];
    attributions[t].values = std::move(gradients[t]);
  }
  return attributions;
}

}  // namespace whylight

// Grad-CAM of a loaded model: x is the picture, values are a number for each of its pixels.
#include "attribution/grad_cam.h"

#include <utility>

#include "explain/methods/method.h"
#include "explain/methods/paths.h"

namespace whylight {
namespace {

// What a model without an axis of rows holds is one row, whose axis some of its ops want.
Tensor WithoutRow(const Tensor& tensor) {
  const Shape& shape = tensor.shape();
  const bool one = shape.rank() == 4 && shape.dim(0) == 1;
  return one ? tensor.Reshaped(shape.WithoutFirst()) : tensor;
}

Result<AttributionResult> Apply(const MethodCall& call) {
  std::vector<Row> xs = ExplainedRows(call);
  for (const Row& x : xs) {
    WHYLIGHT_RETURN_IF_ERROR(CheckPictures(x, call.explained, call.options));
  }
  AttributionResult result;
  result.shares.resize(xs.size());
  ScoreFunction f = ScoreFunctionOf(call);
  WHYLIGHT_RETURN_IF_ERROR(
      f.AtLayer([&](std::size_t task, const Engine::LayerRow& layer) -> Status {
        const Tensor values = WithoutRow(layer.values), gradient = WithoutRow(layer.gradient);
        Shares& shares = result.shares[task];
        shares.instance_output = layer.score;
        for (const Tensor& picture : xs[task]) {
          WHYLIGHT_ASSIGN_OR_RETURN(
              Tensor map, GradCam(task,
                                  {.values = values,
                                   .gradient = gradient,
                                   .channels_first = call.explained.layer->channels_first},
                                  picture.shape()));
          shares.values.push_back(std::move(map));
        }
        shares.x = std::move(xs[task]);
        return OkStatus();
      }));
  result.dependence = f.dependence();
  return result;
}

std::vector<MethodSetting> Describe(const ExplainOptions&) { return {}; }

}  // namespace

constexpr MethodApplication kGradCamMethod = {"grad-cam", Apply, Describe};

}  // namespace whylight

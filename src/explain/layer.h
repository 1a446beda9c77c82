// Which tensor inside the model a method looks at.
//
// A layer is called by its tensor ("model/top/Relu:0"), by its node or the end of its name
// ("top/Relu"), or by the scope that its nodes share, as a Keras layer's do ("top"): then it is the
// last of them; a number behind the scope's name ("top_1") counts only where that is one scope, as
// Keras 3 numbers all names of an exported model. Static shapes must have been inferred
// (InferProgramShapes).
#pragma once

#include <vector>

#include "explain/explained.h"
#include "model/program.h"
#include "whylight/explainer.h"

namespace whylight {

struct ChosenLayer {
  Output tensor;
  ExplainedLayer is;
};

// A layer with height and width, for Grad-CAM: options.layer, else the last floating tensor of four
// axes with more than one place that some of the explained inputs lead to, and that a gradient of
// `score` reaches. Channels come first where the convolution (or pooling, ...) that the layer comes
// from says NCHW. Of `explained` the inputs stay that lead to it; the others are held.
//
// Errors  kNotFound, kInvalidArgument: no such layer, several, one without height and width; what
//         there is. kFailedPrecondition: no gradient reaches it.
Result<ChosenLayer> ChooseMaps(const Program& program, Output score, const ExplainOptions& options,
                               Explained& explained);

// A layer whose values place a row among others: options.layer, which may be an input too, else the
// output that the signature or the metadata calls "embedding", else the last vector that the final
// affine layer of the output is computed from. Errors: as above.
Result<ChosenLayer> ChooseEmbedding(const Program& program, const ExplainOptions& options);

// Whether rows have something to be compared by, chosen or named: a floating input, or a floating
// layer that has axes beside the rows, as far as shapes are known.
bool HasEmbedding(const Program& program);

// The layer and why it was chosen.
std::vector<MethodSetting> DescribeLayer(const ExplainedLayer& layer);

}  // namespace whylight

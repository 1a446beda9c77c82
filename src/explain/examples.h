// Explains an instance by the examples that the model sees like it: its nearest neighbours among
// rows of data, by the values of a layer.
#pragma once

#include <memory>

#include "model/model.h"
#include "whylight/explainer.h"

namespace whylight {

// The explainer of the method "examples"; options have passed CheckExplainOptions. Reads all of
// options.examples and computes their vectors, once.
//
// Errors  As Explainer::Open; of an example with its place: one that cannot be read or run, a
//         vector of another size than the others', a value that is not finite. kInvalidArgument:
//         no examples; none that the restrictions allow; options.dimensions that are others.
Result<std::unique_ptr<Explainer>> OpenExamples(const Model& model, const Runtime& runtime,
                                                ExplainOptions options);

// Whether the method can be asked of the model, as its files tell.
bool CanFindExamples(const Model& model, const ExplainOptions& options);

}  // namespace whylight

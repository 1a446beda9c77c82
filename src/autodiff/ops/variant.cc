// Gradients of putting tensors into a variant and taking them out again: optionals, tensors of an
// extension type, ragged rows. Each comment is the rule. A variant of gradients holds the tensors
// themselves where they are integers.
#include "autodiff/ops/variant.h"

#include <string>
#include <utility>
#include <vector>

#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

// dy, and y where no gradient can be.
std::vector<Output> Filled(const GradientArgs& a) {
  std::vector<Output> values;
  for (std::size_t i = 0; i < a.y.size(); ++i) {
    values.push_back(a.dy[i].node == nullptr ? a.y[i] : a.dy[i]);
  }
  return values;
}

// The outputs of `node`, one for each input; none for those that carry no gradient.
Gradients EachOf(const GradientArgs& a, Node* node) {
  Gradients dx;
  for (std::size_t i = 0; i < a.x.size(); ++i) {
    const DType dtype = a.b.dtype(a.x[i]);
    const bool carries = IsFloating(dtype) || IsComplex(dtype) || dtype == DType::kVariant;
    dx.push_back(carries ? std::optional(Output{node, static_cast<int>(i)}) : std::nullopt);
  }
  return dx;
}

std::vector<DType> TypesOf(const GradientArgs& a) {
  std::vector<DType> types;
  for (const Output x : a.x) types.push_back(a.b.dtype(x));
  return types;
}

// y = an optional of x;  dx = what dy holds
Gradients OptionalFromValue(const GradientArgs& a) {
  std::vector<Shape> shapes;
  for (const Output x : a.x) shapes.push_back(a.b.shape(x));
  return EachOf(a, a.b.OpNode("OptionalGetValue", {a.dy[0]},
                              {{"output_types", TypesOf(a)}, {"output_shapes", shapes}}));
}

// y = what x holds;  dx = an optional of dy
Gradients OptionalGetValue(const GradientArgs& a) {
  return {a.b.Op("OptionalFromValue", Filled(a))};
}

// y = the components x as one variant;  dx = the components of dy
Gradients FromComponents(const GradientArgs& a) {
  Attrs attrs = CopyAttrs(a.node(), {"metadata"});
  attrs["Tcomponents"] = TypesOf(a);
  return EachOf(a, a.b.OpNode("CompositeTensorVariantToComponents", {a.dy[0]}, std::move(attrs)));
}

// y = the components of x;  dx = the components dy as one variant
Gradients ToComponents(const GradientArgs& a) {
  return {
      a.b.Op("CompositeTensorVariantFromComponents", Filled(a), CopyAttrs(a.node(), {"metadata"}))};
}

// y = the rows of a ragged tensor as one variant, or as a vector of one each, with the flat values
// last;  dx = the flat values of dy
Gradients RaggedToVariant(const GradientArgs& a) {
  const bool has_splits = a.x.size() > 1;
  const DType splits = a.node().AttrOr<DType>("Tsplits", DType::kInt64);
  Gradients dx(a.x.size());
  dx.back() =
      a.b.Op("RaggedTensorToVariantGradient",
             {a.dy[0], has_splits ? a.x[0] : a.b.Scalar(splits, 0), a.b.ShapeOf(a.x.back())},
             {{"Tvalues", a.b.dtype(a.x.back())}});
  return dx;
}

// y = the splits and the flat values of the ragged tensor in x, a variant or a vector of them;
// dx = the same splits with the values dy
Gradients RaggedFromVariant(const GradientArgs& a) {
  const Shape shape = a.b.shape(a.x[0]);
  const auto rank = static_cast<std::int64_t>(a.y.size()) - 1;
  if (shape.has_rank() && shape.rank() > 1) {
    a.b.Fail(Unimplemented(a.node().op + " '" + a.node().name +
                           "' has no gradient for variants of rank " +
                           std::to_string(shape.rank())));
    return Gradients(1);
  }
  std::vector<Output> inputs(a.y.begin(), a.y.end());
  inputs.back() = a.dy.back();
  return {a.b.Op("RaggedTensorToVariant", inputs,
                 {{"RAGGED_RANK", rank},
                  {"Tsplits", a.node().AttrOr<DType>("Tsplits", DType::kInt64)},
                  {"batched_input", shape.has_rank() ? shape.rank() == 1 : rank > 0}})};
}

constexpr GradientRule kRules[] = {
    {"CompositeTensorVariantFromComponents", FromComponents},
    {"CompositeTensorVariantToComponents", ToComponents},
    {"OptionalFromValue", OptionalFromValue},
    {"OptionalGetValue", OptionalGetValue},
    {"RaggedTensorFromVariant", RaggedFromVariant},
    {"RaggedTensorToVariant", RaggedToVariant},
};

}  // namespace

std::span<const GradientRule> VariantGradientRules() { return kRules; }

}  // namespace whylight

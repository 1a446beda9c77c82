#include "graph/passes/fold_batch_norm.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/builder.h"
#include "graph/passes/constants.h"
#include "graph/passes/context_sets.h"
#include "graph/passes/variables.h"
#include "graph/shapes.h"

namespace whylight {
namespace {

// Where a linear op has its weights, and which of their axes are the output channels.
struct Linear {
  Node* node = nullptr;
  std::int64_t channels = 0;
  int rank = 0;  // Of its output.
  // What a vector of the channels is reshaped to before it multiplies the weights; empty: nothing.
  std::vector<std::int32_t> scale_shape;

  static constexpr std::size_t kWeights = 1;  // The input that holds them, for all of these ops.
};

Shape KnownShape(Output output) {
  const Shape shape = StaticShape(output);
  if (shape.IsKnown()) return shape;
  if (const Node* variable = HandleOfRead(*output.node)) return VariableShape(*variable);
  const std::vector<Shape> inferred = InferShapes(*output.node);
  const auto index = static_cast<std::size_t>(output.index);
  return index < inferred.size() ? inferred[index] : Shape::UnknownRank();
}

bool ChannelsLast(const Node& node, std::string_view otherwise) {
  const std::string format = node.AttrOr<std::string>("data_format", std::string(otherwise));
  return format == "NHWC" || format == "NDHWC";
}

std::optional<Linear> FindLinear(Node& node) {
  const bool is_conv = node.Is("Conv2D") || node.Is("Conv3D");
  const bool is_depthwise = node.Is("DepthwiseConv2dNative");
  const bool is_transpose = node.Is("Conv2DBackpropInput") || node.Is("Conv3DBackpropInputV2");
  const bool is_matmul = node.Is("MatMul");
  if (!is_conv && !is_depthwise && !is_transpose && !is_matmul) return std::nullopt;
  const DType dtype = node.AttrOr<DType>("T", DType::kInvalid);
  if (dtype != DType::kFloat32 && dtype != DType::kFloat64) return std::nullopt;
  const bool is_3d = node.op.starts_with("Conv3D");
  if (!is_matmul && !ChannelsLast(node, is_3d ? "NDHWC" : "NHWC")) return std::nullopt;
  const Shape weights = KnownShape(node.inputs[Linear::kWeights]);
  const int rank = is_matmul ? 2 : is_3d ? 5 : 4;
  if (!weights.IsKnown() || weights.rank() != rank) return std::nullopt;

  Linear linear{.node = &node, .channels = weights.dim(rank - 1), .rank = rank, .scale_shape = {}};
  if (is_depthwise) {  // [height, width, inputs, multiplier]; channel = input * multiplier + k
    linear.channels = weights.dim(2) * weights.dim(3);
    linear.scale_shape = {static_cast<std::int32_t>(weights.dim(2)),
                          static_cast<std::int32_t>(weights.dim(3))};
  } else if (is_transpose || (is_matmul && node.AttrOr<bool>("transpose_b", false))) {
    // [..., outputs, inputs]
    linear.channels = weights.dim(rank - 2);
    linear.scale_shape = {static_cast<std::int32_t>(linear.channels), 1};
  }
  return linear;
}

// A constant for each channel, or one for all.
struct Operand {
  Output value;
  bool is_vector = false;
};

struct Step {
  enum class Kind { kMultiply, kDivide, kAdd, kSubtract, kBatchNorm, kPassOn };
  Kind kind = Kind::kPassOn;
  Node* node = nullptr;
  Operand operand = {};  // kMultiply .. kSubtract.

  bool MultipliesByVector() const {
    return kind == Kind::kBatchNorm ||
           ((kind == Kind::kMultiply || kind == Kind::kDivide) && operand.is_vector);
  }
};

struct Chain {
  Linear linear;
  std::vector<Step> steps;
};

// Finds chains; changes nothing.
class Matcher {
 public:
  Matcher(const Graph& graph, const PassContext& context)
      : sets_(context), uses_(graph), constant_(ConstantNodes(graph, context, Variables::kStay)) {
    for (const auto& node : graph.nodes()) {
      awaited_.insert(node->control_inputs.begin(), node->control_inputs.end());
    }
  }

  std::optional<Chain> Match(Node& node) const {
    const std::optional<Linear> linear = FindLinear(node);
    if (!linear || constant_.contains(&node) ||
        !constant_.contains(node.inputs[Linear::kWeights].node)) {
      return std::nullopt;
    }
    Chain chain{.linear = *linear, .steps = {}};
    int rank = linear->rank;
    Output at{.node = &node, .index = 0};
    while (const std::optional<Step> step = NextStep(chain.linear, at, rank)) {
      chain.steps.push_back(*step);
      at = {.node = step->node, .index = 0};
    }
    while (!chain.steps.empty() && chain.steps.back().kind == Step::Kind::kPassOn) {
      chain.steps.pop_back();
    }
    if (!std::ranges::any_of(chain.steps, &Step::MultipliesByVector)) return std::nullopt;
    return chain;
  }

 private:
  // `rank`: of `at`; that of the step's output after the call.
  std::optional<Step> NextStep(const Linear& linear, Output at, int& rank) const {
    const std::vector<UseMap::Use>& uses = uses_.Of(at);
    if (uses.size() != 1 || sets_.IsFed(at) || sets_.IsFetched(at)) return std::nullopt;
    Node& next = *uses[0].node;
    const auto input = static_cast<std::size_t>(uses[0].input);
    if (!next.control_inputs.empty() || awaited_.contains(&next) || sets_.IsTarget(&next) ||
        sets_.IsFed(&next)) {
      return std::nullopt;
    }
    Step step{.node = &next};
    if (next.Is("Squeeze")) {
      const auto* axes = next.Attr<std::vector<std::int64_t>>("squeeze_dims");
      if (axes == nullptr || axes->empty()) return std::nullopt;
      for (const std::int64_t axis : *axes) {
        if (axis == -1 || axis == rank - 1) return std::nullopt;
      }
      rank -= static_cast<int>(std::set<std::int64_t>(axes->begin(), axes->end()).size());
      return step;
    }
    if (next.op.starts_with("FusedBatchNorm")) {
      step.kind = Step::Kind::kBatchNorm;
      return input == 0 && IsInference(next) ? std::optional(step) : std::nullopt;
    }
    if (next.Is("BiasAdd")) {
      step.kind = Step::Kind::kAdd;
      if (input != 0 || !ChannelsLast(next, "NHWC")) return std::nullopt;
    } else if (next.Is("Mul")) {
      step.kind = Step::Kind::kMultiply;
    } else if (next.Is("Add") || next.Is("AddV2")) {
      step.kind = Step::Kind::kAdd;
    } else if (next.Is("RealDiv") && input == 0) {
      step.kind = Step::Kind::kDivide;
    } else if (next.Is("Sub") && input == 0) {
      step.kind = Step::Kind::kSubtract;
    } else {
      return std::nullopt;
    }
    const std::optional<Operand> operand = PerChannel(next.inputs[1 - input], linear, rank);
    if (!operand) return std::nullopt;
    step.operand = *operand;
    return step;
  }

  std::optional<Operand> PerChannel(Output value, const Linear& linear, int rank) const {
    if (!constant_.contains(value.node)) return std::nullopt;
    const Shape shape = KnownShape(value);
    if (!shape.IsKnown() || shape.rank() > rank) return std::nullopt;
    for (int axis = 0; axis + 1 < shape.rank(); ++axis) {
      if (shape.dim(axis) != 1) return std::nullopt;
    }
    if (shape.elements() == linear.channels) return Operand{.value = value, .is_vector = true};
    if (shape.elements() == 1) return Operand{.value = value, .is_vector = false};
    return std::nullopt;
  }

  // One that uses its stored mean and variance, which are constant, and nothing but its result.
  bool IsInference(const Node& node) const {
    if (node.AttrOr<bool>("is_training", true) || !ChannelsLast(node, "NHWC") ||
        node.AttrOr<DType>("T", DType::kInvalid) != DType::kFloat32) {
      return false;
    }
    constexpr int kOutputs = 6;
    for (int index = 1; index < kOutputs; ++index) {
      const Output side{.node = const_cast<Node*>(&node), .index = index};
      if (!uses_.Of(side).empty() || sets_.IsFetched(side)) return false;
    }
    return std::ranges::all_of(node.inputs.begin() + 1, node.inputs.end(),
                               [&](Output input) { return constant_.contains(input.node); });
  }

  ContextSets sets_;
  UseMap uses_;
  std::set<const Node*> constant_;
  std::set<const Node*> awaited_;
};

// y = L(x) * scale + shift, built up step by step.
class Affine {
 public:
  explicit Affine(GraphBuilder& b) : b_(b) {}

  void Apply(const Step& step) {
    switch (step.kind) {
      case Step::Kind::kMultiply:
        return Multiply(Flat(step.operand));
      case Step::Kind::kDivide:
        return Multiply({b_.Reciprocal(Flat(step.operand).value), step.operand.is_vector});
      case Step::Kind::kAdd:
        return Add(Flat(step.operand));
      case Step::Kind::kSubtract:
        return Add({b_.Neg(Flat(step.operand).value), step.operand.is_vector});
      case Step::Kind::kBatchNorm: {
        // (x - mean) * g + offset, g = scale / sqrt(variance + epsilon)
        const std::vector<Output>& in = step.node->inputs;
        const Output epsilon = b_.ScalarLike(in[4], step.node->AttrOr<float>("epsilon", 1e-4f));
        const Output g = b_.Mul(in[1], b_.Rsqrt(b_.Add(in[4], epsilon)));
        Multiply({g, true});
        return Add({b_.Sub(in[2], b_.Mul(in[3], g)), true});
      }
      case Step::Kind::kPassOn:
        return;
    }
  }

  // Called after a step that multiplies by a vector.
  Output scale() const { return scale_->value; }
  const std::optional<Operand>& shift() const { return shift_; }

 private:
  // A vector, or a scalar.
  Operand Flat(const Operand& operand) {
    const int rank = operand.is_vector ? 1 : 0;
    if (KnownShape(operand.value).rank() == rank) return operand;
    const Output shape =
        b_.Int32s(operand.is_vector ? std::vector<std::int32_t>{-1} : std::vector<std::int32_t>{});
    return {b_.Reshape(operand.value, shape), operand.is_vector};
  }
  void Multiply(const Operand& by) {
    scale_ =
        scale_ ? Operand{b_.Mul(scale_->value, by.value), scale_->is_vector || by.is_vector} : by;
    if (shift_) shift_ = {b_.Mul(shift_->value, by.value), shift_->is_vector || by.is_vector};
  }
  void Add(const Operand& term) {
    shift_ = shift_
                 ? Operand{b_.Add(shift_->value, term.value), shift_->is_vector || term.is_vector}
                 : term;
  }

  GraphBuilder& b_;
  std::optional<Operand> scale_, shift_;
};

// Rewrites a chain; the nodes that drop out of it go to `dead`.
Status Rewrite(Graph& graph, PassContext& context, const Chain& chain,
               std::set<const Node*>& dead) {
  Node& linear = *chain.linear.node;
  GraphBuilder b(graph, linear.name);
  Affine affine(b);
  for (const Step& step : chain.steps) affine.Apply(step);
  Output scale = affine.scale();
  if (!chain.linear.scale_shape.empty()) {
    scale = b.Reshape(scale, b.Int32s(chain.linear.scale_shape));
  }
  const Output weights = b.Mul(linear.inputs[Linear::kWeights], scale);
  WHYLIGHT_RETURN_IF_ERROR(b.status());
  graph.Rename(weights.node, graph.UniqueName(linear.name + "/folded_weights"));
  linear.inputs[Linear::kWeights] = weights;

  // What is left of the chain: the linear op and what passes its result on.
  Output result{.node = &linear, .index = 0};
  for (const Step& step : chain.steps) {
    if (step.kind == Step::Kind::kPassOn) {
      step.node->inputs[0] = result;
      result = {.node = step.node, .index = 0};
    } else {
      dead.insert(step.node);
    }
  }
  if (const std::optional<Operand>& shift = affine.shift()) {
    result =
        shift->is_vector ? b.Op("BiasAdd", {result, shift->value}) : b.Add(result, shift->value);
    WHYLIGHT_RETURN_IF_ERROR(b.status());
  }
  Node* const last = chain.steps.back().node;
  if (result.node->shapes.empty() && !last->shapes.empty()) result.node->shapes = {last->shapes[0]};
  Redirect(graph, context, {.node = last, .index = 0}, result);
  return OkStatus();
}

}  // namespace

Result<bool> FoldBatchNorm::Run(Graph& graph, PassContext& context) {
  std::vector<Chain> chains;
  {
    const Matcher matcher(graph, context);
    for (const auto& node : graph.nodes()) {
      if (std::optional<Chain> chain = matcher.Match(*node)) chains.push_back(*std::move(chain));
    }
  }
  std::set<const Node*> dead;
  for (const Chain& chain : chains) {
    WHYLIGHT_RETURN_IF_ERROR(Rewrite(graph, context, chain, dead));
  }
  graph.RemoveIf([&](const Node& node) { return dead.contains(&node); });
  return !chains.empty();
}

}  // namespace whylight

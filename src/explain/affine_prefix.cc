#include "explain/affine_prefix.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "graph/flops.h"
#include "graph/passes/effects.h"
#include "graph/shapes.h"

namespace whylight {
namespace {

// How an op's first output hangs on its inputs, where the others are constant.
enum class Form {
  kSum,      // Affine in all inputs together.
  kFirst,    // Affine in input 0.
  kProduct,  // Affine in any one input.
  kThird,    // Affine in input 2.
};

struct AffineOp {
  std::string_view op;
  Form form;
};

constexpr AffineOp kAffineOps[] = {
    {"Add", Form::kSum},
    {"AddN", Form::kSum},
    {"AddV2", Form::kSum},
    {"AvgPool", Form::kFirst},
    {"AvgPool3D", Form::kFirst},
    {"BatchMatMul", Form::kProduct},
    {"BatchMatMulV2", Form::kProduct},
    {"BatchToSpace", Form::kFirst},
    {"BatchToSpaceND", Form::kFirst},
    {"BiasAdd", Form::kSum},
    {"BroadcastTo", Form::kFirst},
    {"Concat", Form::kSum},
    {"ConcatV2", Form::kSum},
    {"Conv2D", Form::kFirst},
    {"Conv2DBackpropInput", Form::kThird},
    {"Conv3D", Form::kFirst},
    {"Conv3DBackpropInputV2", Form::kThird},
    {"Cumsum", Form::kFirst},
    {"DepthToSpace", Form::kFirst},
    {"DepthwiseConv2dNative", Form::kFirst},
    {"Div", Form::kFirst},
    {"Einsum", Form::kProduct},
    {"EnsureShape", Form::kFirst},
    {"ExpandDims", Form::kFirst},
    {"FusedBatchNormV3", Form::kFirst},
    {"GatherV2", Form::kFirst},
    {"Identity", Form::kFirst},
    {"MatMul", Form::kProduct},
    {"Mean", Form::kFirst},
    {"MirrorPad", Form::kFirst},
    {"Mul", Form::kProduct},
    {"Neg", Form::kFirst},
    {"Pack", Form::kSum},
    {"Pad", Form::kFirst},
    {"PadV2", Form::kFirst},
    {"RealDiv", Form::kFirst},
    {"Reshape", Form::kFirst},
    {"ResizeBilinear", Form::kFirst},
    {"ResizeNearestNeighbor", Form::kFirst},
    {"ReverseV2", Form::kFirst},
    {"Slice", Form::kFirst},
    {"SpaceToBatch", Form::kFirst},
    {"SpaceToBatchND", Form::kFirst},
    {"SpaceToDepth", Form::kFirst},
    {"Squeeze", Form::kFirst},
    {"StridedSlice", Form::kFirst},
    {"Sub", Form::kSum},
    {"Sum", Form::kFirst},
    {"Tile", Form::kFirst},
    {"Transpose", Form::kFirst},
};

const AffineOp* FindAffineOp(std::string_view op) {
  const auto found = std::ranges::lower_bound(kAffineOps, op, {}, &AffineOp::op);
  return found != std::end(kAffineOps) && found->op == op ? found : nullptr;
}

enum class Kind {
  kConstant,  // Not on xs, or on their shapes alone.
  kAffine,
  kOther,
};

class Finder {
 public:
  Finder(const Graph& graph, Output y, std::span<const Output> xs, std::span<const Output> held)
      : graph_(graph), y_(y), needed_(graph.Ancestors({y})) {
    for (const Output x : xs) Set(x, Kind::kAffine, /*depends=*/true);
    for (const Output input : held) Set(input, Kind::kOther, /*depends=*/true);
    inputs_.insert(xs.begin(), xs.end());
    inputs_.insert(held.begin(), held.end());
  }

  AffinePrefix Find(std::span<const Output> xs) {
    const std::vector<Node*> order = graph_.TopologicalOrder();
    for (Node* node : order) {
      if (needed_.contains(node)) Judge(*node);
    }
    AffinePrefix prefix;
    std::set<Output> cut, shaped;
    for (const Node* node : order) {
      if (needed_.contains(node)) Collect(*node, cut, shaped);
    }
    if (KindOf(y_) == Kind::kAffine) cut.insert(y_);
    for (Node* node : order) {
      for (Output output{node, 0}; kinds_.contains(output); ++output.index) {
        if (cut.contains(output)) {
          prefix.cut.push_back(output);
          prefix.cut_elements += ElementsOfRow(graph_, output);
        } else if (shaped.contains(output)) {
          prefix.shaped.push_back(output);
        }
      }
    }
    for (const Output x : xs) prefix.input_elements += ElementsOfRow(graph_, x);
    for (const Node* node : graph_.Ancestors(prefix.cut, inputs_)) {
      const Output first{const_cast<Node*>(node), 0};
      if (!inputs_.contains(first) && KindOf(first) == Kind::kAffine) {
        prefix.flops += FlopsOf(*node);
      }
    }
    const bool moved =
        std::ranges::any_of(prefix.cut, [&](Output output) { return !inputs_.contains(output); });
    if (!moved) prefix = {};
    return prefix;
  }

 private:
  void Set(Output output, Kind kind, bool depends) {
    kinds_[output] = kind;
    if (depends) dependent_.insert(output.node);
  }
  Kind KindOf(Output output) const {
    const auto found = kinds_.find(output);
    return found == kinds_.end() ? Kind::kConstant : found->second;
  }

  void Judge(Node& node) {
    if (inputs_.contains(Output{&node, 0})) return;
    const Result<std::vector<DType>> types = graph_.OutputTypes(node);
    const std::size_t count = types.ok() ? types->size() : 1;
    const bool depends =
        std::ranges::any_of(node.inputs,
                            [&](Output input) { return dependent_.contains(input.node); }) ||
        std::ranges::any_of(node.control_inputs,
                            [&](const Node* input) { return dependent_.contains(input); });
    const Kind rest = !depends ? Kind::kConstant : RestOf(node);
    for (std::size_t i = 0; i < count; ++i) {
      const Kind kind = i == 0 && depends && IsAffine(node, types) ? Kind::kAffine : rest;
      Set({&node, static_cast<int>(i)}, kind, depends);
    }
  }

  // Of a node that depends on inputs and is not affine.
  Kind RestOf(const Node& node) const {
    if (ReadsShapesOnly(node)) return Kind::kConstant;
    const bool constant = std::ranges::all_of(
        node.inputs, [&](Output input) { return KindOf(input) == Kind::kConstant; });
    const OpDef* op = graph_.registry().Find(node.op);
    const bool pure = op != nullptr && !op->is_stateful && !CallsFunctions(node);
    return constant && pure ? Kind::kConstant : Kind::kOther;
  }

  bool IsAffine(const Node& node, const Result<std::vector<DType>>& types) const {
    const AffineOp* affine = FindAffineOp(node.op);
    if (affine == nullptr || !node.control_inputs.empty()) return false;
    if (!types.ok() || !IsFloating((*types)[0])) return false;
    if (node.Is("FusedBatchNormV3") && node.AttrOr("is_training", true)) return false;
    std::size_t count = 0;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      switch (KindOf(node.inputs[i])) {
        case Kind::kConstant:
          continue;
        case Kind::kOther:
          return false;
        case Kind::kAffine:
          break;
      }
      if (affine->form == Form::kFirst && i != 0) return false;
      if (affine->form == Form::kThird && i != 2) return false;
      ++count;
    }
    return affine->form == Form::kProduct ? count == 1 : count > 0;
  }

  // Edges out of the affine part.
  void Collect(const Node& node, std::set<Output>& cut, std::set<Output>& shaped) const {
    const bool affine = KindOf({const_cast<Node*>(&node), 0}) == Kind::kAffine;
    for (const Output input : node.inputs) {
      if (KindOf(input) == Kind::kAffine) {
        if (ReadsShapesOnly(node)) {
          shaped.insert(input);
        } else if (!affine) {
          cut.insert(input);
        }
      } else if (input.index > 0 && KindOf({input.node, 0}) == Kind::kAffine) {
        // Another output of an affine node, such as a batch norm's statistics: the node itself is
        // needed at every point.
        for (const Output behind : input.node->inputs) {
          if (KindOf(behind) == Kind::kAffine) cut.insert(behind);
        }
      }
    }
  }

  const Graph& graph_;
  const Output y_;
  const std::set<const Node*> needed_;
  std::set<Output> inputs_;
  std::map<Output, Kind> kinds_;
  std::set<const Node*> dependent_;
};

}  // namespace

AffinePrefix FindAffinePrefix(const Graph& graph, Output y, std::span<const Output> xs,
                              std::span<const Output> held) {
  return Finder(graph, y, xs, held).Find(xs);
}

bool IsWorthHoisting(const AffinePrefix& prefix) {
  // A point saves the prefix forward and backward. It costs some six passes over the cut's elements
  // instead of the inputs': interpolation forward, weighting and summing backward, each bound by
  // memory, where a multiplication of a kernel is not. Measured: 640 operations an element (a text
  // convolution) gain 2 times; 190 (queries, keys and values of a Transformer) lose 20 %; 54 (the
  // first convolution of a MobileNetV2) and 28 (a narrow dense layer) gain nothing.
  constexpr double kFlopsAnElement = 400;
  return !prefix.cut.empty() && prefix.flops > kFlopsAnElement * prefix.cut_elements &&
         prefix.cut_elements <= 8 * prefix.input_elements;
}

std::vector<Output> CloneBetween(Graph& graph, std::span<const Output> from,
                                 std::span<const Output> to, std::span<const Output> targets,
                                 std::string_view scope) {
  std::map<Output, Output> replaced;
  std::set<const Node*> sources;
  for (std::size_t i = 0; i < from.size(); ++i) {
    replaced[from[i]] = to[i];
    sources.insert(from[i].node);
  }
  const std::vector<Output> roots(targets.begin(), targets.end());
  const std::set<Output> stop(from.begin(), from.end());
  const std::set<const Node*> needed = graph.Ancestors(roots, stop);
  std::map<const Node*, Node*> copies;
  const auto follow = [&](Output output) {
    if (const auto found = replaced.find(output); found != replaced.end()) return found->second;
    const auto copy = copies.find(output.node);
    return copy == copies.end() ? output : Output{copy->second, output.index};
  };
  for (Node* node : graph.TopologicalOrder()) {
    if (!needed.contains(node)) continue;
    const bool depends =
        std::ranges::any_of(node->inputs, [&](Output input) { return follow(input) != input; }) ||
        std::ranges::any_of(node->control_inputs,
                            [&](const Node* input) { return copies.contains(input); });
    if (!depends) continue;
    Node* copy = graph.Add(graph.UniqueName(std::string(scope) + "/" + node->name), node->op);
    copy->device = node->device;
    copy->attrs = node->attrs;
    copy->shapes = node->shapes;
    for (const Output input : node->inputs) copy->inputs.push_back(follow(input));
    for (Node* input : node->control_inputs) {
      const auto found = copies.find(input);
      copy->control_inputs.push_back(found == copies.end() ? input : found->second);
    }
    copies[node] = copy;
  }
  std::vector<Output> clones;
  for (const Output target : targets) clones.push_back(follow(target));
  return clones;
}

}  // namespace whylight

#include "autodiff/control_flow/tape.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "autodiff/edges.h"
#include "graph/export.h"
#include "graph/passes/effects.h"
#include "graph/shapes.h"

namespace whylight {
namespace {

template <std::size_t N>
bool IsOneOf(const Node& node, const std::array<std::string_view, N>& ops) {
  return std::ranges::find(ops, node.op) != ops.end();
}

// They say how large a tensor or list is.
bool AsksForShape(const Node& node) {
  static constexpr std::array<std::string_view, 6> kOps = {
      "Rank", "Shape", "ShapeN", "Size", "TensorListElementShape", "TensorListLength"};
  return IsOneOf(node, kOps);
}

bool IsFilledLike(const Node& node) { return node.Is("ZerosLike") || node.Is("OnesLike"); }

// Views of what is there, conversions, and numbers about shapes.
bool CostsNothing(const Node& node) {
  static constexpr std::array<std::string_view, 14> kViews = {"BroadcastGradientArgs",
                                                              "Cast",
                                                              "ConcatOffset",
                                                              "EnsureShape",
                                                              "ExpandDims",
                                                              "Identity",
                                                              "LogicalNot",
                                                              "ReadVariableOp",
                                                              "Reshape",
                                                              "Snapshot",
                                                              "Squeeze",
                                                              "StopGradient",
                                                              "TensorListGetItem",
                                                              "VariableShape"};
  static constexpr std::array<std::string_view, 16> kOnIntegers = {
      "Add",     "AddV2", "ConcatV2", "Fill", "FloorDiv", "FloorMod", "GatherV2",     "Maximum",
      "Minimum", "Mul",   "Neg",      "Pack", "Prod",     "Range",    "StridedSlice", "Sub"};
  if (IsOneOf(node, kViews) || AsksForShape(node)) return true;
  const DType type = node.AttrOr("T", node.AttrOr("Tparams", node.AttrOr("Tidx", DType::kInvalid)));
  return IsOneOf(node, kOnIntegers) && (type == DType::kInt32 || type == DType::kInt64);
}

// Computing it again gives the same, and does nothing else.
bool CanBeRepeated(const Graph& graph, const Node& node, bool state_changes) {
  const OpDef* const op = graph.registry().Find(node.op);
  if (op == nullptr || node.Is("_Arg") || CallsFunctions(node) || IsControlFlow(node.op) ||
      node.op.find("Random") != std::string::npos || HasEffect(graph, node)) {
    return false;
  }
  if (ReadsState(graph, node)) return !state_changes;
  return !op->is_stateful;
}

// A guess at the bytes of a tensor, to compare with others.
double Weight(Output tensor, DType type) {
  constexpr double kUnknownAxis = 64, kUnknownRank = 4096, kHandle = 1e6;
  double weight = DTypeSize(type) == 0 ? kHandle : static_cast<double>(DTypeSize(type));
  const Shape shape = StaticShape(tensor);
  if (!shape.has_rank()) return weight * kUnknownRank;
  for (const std::int64_t size : shape.dims()) {
    weight *= size < 0 ? kUnknownAxis : static_cast<double>(size);
  }
  return weight;
}

class Splitter {
 public:
  Splitter(DifferentiatedBody& tape, const SplitOptions& options)
      : tape_(tape), graph_(tape.body.graph), options_(options), b_(graph_, "gradients") {
    for (std::size_t i = 0; i < tape.body.args.size(); ++i) args_[tape.body.args[i]] = i;
  }

  Result<SplitBody> Run() {
    FindBackward();
    FindFree();
    MoveForward();
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    FindBackward();
    WHYLIGHT_RETURN_IF_ERROR(ChooseStored());
    WHYLIGHT_RETURN_IF_ERROR(BuildBackward());
    graph_.RemoveIf([&](const Node& node) { return !IsForward(&node); });
    return std::move(split_);
  }

 private:
  bool IsForward(const Node* node) const { return tape_.forward.contains(node); }
  bool IsBackward(const Node* node) const { return in_backward_.contains(node); }
  bool IsAvailable(const Node* arg) const {
    const auto found = args_.find(arg);
    return found != args_.end() && options_.available[found->second];
  }

  // backward_: what the dxs need of the derivative's nodes, producers first.
  void FindBackward() {
    const std::set<const Node*> needed = graph_.Ancestors(tape_.dxs);
    order_ = graph_.TopologicalOrder();
    backward_.clear();
    in_backward_.clear();
    depends_on_dy_ = {tape_.dys.begin(), tape_.dys.end()};
    const std::set<const Node*> dys = depends_on_dy_;
    for (Node* const node : order_) {
      if (!needed.contains(node) || IsForward(node) || dys.contains(node)) continue;
      backward_.push_back(node);
      in_backward_.insert(node);
      if (std::ranges::any_of(node->inputs, [&](const Output& input) {
            return depends_on_dy_.contains(input.node);
          })) {
        depends_on_dy_.insert(node);
      }
    }
  }

  // Whether the node's outputs can be had in the backward function where its inputs can.
  bool IsRepeated(const Node& node, bool from_available_alone) const {
    return CanBeRepeated(graph_, node, options_.state_changes) &&
           (CostsNothing(node) || node.Is("Const") ||
            (options_.repeat_work && from_available_alone));
  }

  // free_: forward nodes that can be had from the available arguments alone.
  void FindFree() {
    for (const Node* const node : order_) {
      if (!IsForward(node)) continue;
      const bool is_free =
          IsAvailable(node) ||
          (std::ranges::all_of(node->inputs,
                               [&](const Output& input) { return free_.contains(input.node); }) &&
           IsRepeated(*node, true));
      if (is_free) free_.insert(node);
    }
  }

  // Whether the values of `tensor`, not its shape alone, are needed in the backward function by
  // others than `node`.
  bool IsNeededBesides(const Node* node, Output tensor, const UseMap& uses) const {
    if (std::ranges::find(tape_.dxs, tensor) != tape_.dxs.end()) return true;
    return std::ranges::any_of(uses.Of(tensor), [&](const UseMap::Use& use) {
      const bool is_shape_alone = AsksForShape(*use.node) || IsFilledLike(*use.node);
      const bool is_still_read = use.node->inputs[static_cast<std::size_t>(use.input)] == tensor;
      return use.node != node && IsBackward(use.node) && is_still_read && !is_shape_alone;
    });
  }

  // Nodes of the derivative that do not wait for the dys, and give less than they take, become part
  // of the forward body.
  void MoveForward() {
    const UseMap uses(graph_);
    const std::vector<Node*> backward = backward_;  // Nodes made below are placed by hand.
    for (Node* const node : backward) {
      if (depends_on_dy_.contains(node) || node->inputs.empty() || CallsFunctions(*node)) continue;
      if (!std::ranges::all_of(node->inputs, [&](const Output& input) {
            return IsForward(input.node) || input.node->Is("Const");
          })) {
        continue;
      }
      std::set<Output> saved;  // What need not be stored if the node is.
      for (const Output& input : node->inputs) {
        if (!IsForward(input.node) || free_.contains(input.node)) continue;
        if (!IsNeededBesides(node, input, uses)) saved.insert(input);
      }
      if (saved.empty()) continue;
      if (IsFilledLike(*node)) {
        FillByShape(*node);
        continue;
      }
      if (!AsksForShape(*node) && !IsSmaller(*node, saved, uses)) continue;
      BringForward(node);
    }
  }

  void BringForward(const Node* node) {
    tape_.forward.insert(node);
    in_backward_.erase(node);
    for (const Output& input : node->inputs) {
      if (!IsForward(input.node)) BringForward(input.node);  // Constants.
    }
  }

  // ZerosLike(x) = Fill(Shape(x), 0); of a list: Reserve(Length(x)), unset elements being zeros
  void FillByShape(Node& node) {
    const Output x = node.inputs[0];
    const DType type = b_.dtype(x);
    if (type == DType::kVariant) {
      const auto element = x.node->AttrOr("element_dtype", DType::kInvalid);
      if (element == DType::kInvalid) return;
      const Output length = b_.Op("TensorListLength", {x});
      const Output any_shape = b_.Scalar(DType::kInt32, -1);
      if (!b_.status().ok()) return;
      BringForward(length.node);
      node.op = "TensorListReserve";
      node.inputs = {any_shape, length};
      node.attrs = {{"element_dtype", element}, {"shape_type", DType::kInt32}};
      return;
    }
    const Output sizes = b_.ShapeOf(x);
    const Output value = b_.Scalar(type, node.Is("ZerosLike") ? 0 : 1);
    if (!b_.status().ok()) return;
    if (!sizes.node->Is("Const")) BringForward(sizes.node);
    node.op = "Fill";
    node.inputs = {sizes, value};
    node.attrs = {{"T", type}, {"index_type", DType::kInt32}};
  }

  bool IsSmaller(const Node& node, const std::set<Output>& saved, const UseMap& uses) const {
    const Result<std::vector<DType>> types = graph_.OutputTypes(node);
    if (!types.ok()) return false;
    double before = 0, after = 0;
    for (const Output& tensor : saved) {
      const Result<DType> type = graph_.OutputType(tensor);
      if (type.ok()) before += Weight(tensor, *type);
    }
    for (std::size_t i = 0; i < types->size(); ++i) {
      const Output output{const_cast<Node*>(&node), static_cast<int>(i)};
      if (!uses.Of(output).empty()) after += Weight(output, (*types)[i]);
    }
    return after < before;
  }

  // stored_ and rebuilt_, for all that the backward function reads of the forward one.
  Status ChooseStored() {
    std::set<Output> read;
    for (const Node* const node : backward_) {
      for (const Output& input : node->inputs) {
        if (IsForward(input.node)) read.insert(input);
      }
    }
    for (const Output& dx : tape_.dxs) {
      if (IsForward(dx.node)) read.insert(dx);
    }
    FindFree();  // Of what was moved too.
    for (Node* const node : order_) {
      if (!IsForward(node)) continue;
      if (free_.contains(node)) {
        rebuilt_.insert(node);
        continue;
      }
      const auto is_there = [&](const Output& input) {
        return stored_.contains(input) || rebuilt_.contains(input.node);
      };
      if (!node->inputs.empty() && std::ranges::all_of(node->inputs, is_there) &&
          IsRepeated(*node, false)) {
        rebuilt_.insert(node);
        continue;
      }
      for (auto tensor = read.lower_bound(Output{node, 0});
           tensor != read.end() && tensor->node == node; ++tensor) {
        WHYLIGHT_ASSIGN_OR_RETURN(const DType type, graph_.OutputType(*tensor));
        if (type == DType::kResource) {
          return Unimplemented("the gradient needs the handle '" + tensor->name() +
                               "' in function '" + tape_.body.name +
                               "', which may be another one each time");
        }
        stored_.insert(*tensor);
        split_.stored.push_back(*tensor);
      }
    }
    read_ = std::move(read);
    return OkStatus();
  }

  // Forward nodes that are copied: what is read and not stored, and what that needs.
  std::set<const Node*> Copied() const {
    std::set<const Node*> copied;
    std::vector<const Node*> open;
    const auto visit = [&](const Output& tensor) {
      if (stored_.contains(tensor) || !copied.insert(tensor.node).second) return;
      open.push_back(tensor.node);
    };
    for (const Output& tensor : read_) visit(tensor);
    while (!open.empty()) {
      const Node* const node = open.back();
      open.pop_back();
      for (const Output& input : node->inputs) visit(input);
    }
    return copied;
  }

  Status BuildBackward() {
    split_.backward = FunctionBody{.name = tape_.body.name, .graph = Graph(graph_.registry())};
    FunctionBody& to = split_.backward;
    to.graph.producer = graph_.producer;
    std::map<Output, Output> instead;
    for (Node* const dy : tape_.dys) {
      WHYLIGHT_RETURN_IF_ERROR(CopyArg({dy, 0}, "dy", instead));
    }
    const std::set<const Node*> copied = Copied();
    for (Node* const node : order_) {
      if (!copied.contains(node) || !args_.contains(node)) continue;
      WHYLIGHT_RETURN_IF_ERROR(CopyArg({node, 0}, node->name, instead));
      split_.passed.push_back(args_.at(node));
    }
    for (const Output& tensor : split_.stored) {
      WHYLIGHT_RETURN_IF_ERROR(CopyArg(tensor, "stored/" + tensor.node->name, instead));
    }
    std::unordered_map<const Node*, Node*> copies;
    const auto resolve = [&](const Output& tensor) {
      const auto found = instead.find(tensor);
      return found != instead.end() ? found->second : Output{copies.at(tensor.node), tensor.index};
    };
    for (Node* const node : order_) {
      const bool is_arg = args_.contains(node);
      if (is_arg || !(copied.contains(node) || IsBackward(node))) continue;
      Node* const copy = to.graph.Add(to.graph.UniqueName(node->name), node->op);
      copy->device = node->device;
      copy->attrs = node->attrs;
      copy->attrs.erase("_class");  // Colocation with nodes that may not be here.
      copy->shapes = node->shapes;
      for (const Output& input : node->inputs) copy->inputs.push_back(resolve(input));
      copies[node] = copy;
    }
    for (const Output& dx : tape_.dxs) to.results.push_back(resolve(dx));
    return OkStatus();
  }

  Status CopyArg(Output tensor, const std::string& wish, std::map<Output, Output>& instead) {
    WHYLIGHT_ASSIGN_OR_RETURN(const DType type, graph_.OutputType(tensor));
    Node* const arg = AddArg(split_.backward, wish, type);
    if (args_.contains(tensor.node)) {
      for (const auto& [name, value] : tensor.node->attrs) arg->attrs.try_emplace(name, value);
    }
    arg->shapes = {StaticShape(tensor)};
    instead[tensor] = {arg, 0};
    return OkStatus();
  }

  DifferentiatedBody& tape_;
  Graph& graph_;
  const SplitOptions& options_;
  GraphBuilder b_;
  std::unordered_map<const Node*, std::size_t> args_;
  std::vector<Node*> order_, backward_;
  std::set<const Node*> in_backward_, depends_on_dy_, free_, rebuilt_;
  std::set<Output> read_, stored_;
  SplitBody split_;
};

}  // namespace

Result<DifferentiatedBody> DifferentiateBody(FunctionBody body, const std::vector<std::size_t>& ys,
                                             const std::vector<std::size_t>& xs,
                                             GradientContext& context) {
  DifferentiatedBody tape{.body = std::move(body), .forward = {}, .dys = {}, .dxs = {}};
  Graph& graph = tape.body.graph;
  for (const auto& node : graph.nodes()) tape.forward.insert(node.get());
  GraphBuilder b(graph, "gradients");
  std::vector<Output> results, dys, args;
  for (const std::size_t y : ys) {
    results.push_back(tape.body.results[y]);
    const DType type = b.dtype(results.back());
    WHYLIGHT_RETURN_IF_ERROR(b.status());
    Node* const dy = graph.Add(graph.UniqueName("gradients/dy"), "_Arg");
    dy->attrs = {{"T", type}, {"index", std::int64_t{0}}};
    dy->shapes = {StaticShape(results.back())};
    tape.dys.push_back(dy);
    dys.push_back({dy, 0});
  }
  for (const std::size_t x : xs) args.push_back({tape.body.args[x], 0});
  PathFinder paths(graph, results, args, context.functions);
  WHYLIGHT_RETURN_IF_ERROR(paths.Run());
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::optional<Output>> dxs,
                            Differentiate(graph, paths, results, dys, args, context));
  for (std::size_t i = 0; i < args.size(); ++i) {
    tape.dxs.push_back(dxs[i] ? *dxs[i] : b.ZerosLike(args[i]));
  }
  WHYLIGHT_RETURN_IF_ERROR(b.status());
  // What loops and branches in the body were given in place (empty lists, say) is forward too.
  std::vector<Output> roots;
  for (const Node* const node : tape.forward) roots.push_back({const_cast<Node*>(node), 0});
  tape.forward = graph.Ancestors(roots);
  return tape;
}

Result<SplitBody> Split(DifferentiatedBody& tape, const SplitOptions& options) {
  return Splitter(tape, options).Run();
}

Result<FunctionRef> AddFunction(FunctionLibrary& library, FunctionBody& body,
                                const std::string& wish) {
  body.name = wish;
  for (int suffix = 1; library.Find(body.name) != nullptr; ++suffix) {
    body.name = wish + "_" + std::to_string(suffix);
  }
  for (std::size_t i = 0; i < body.args.size(); ++i) {
    body.args[i]->attrs["index"] = static_cast<std::int64_t>(i);
    std::erase_if(body.args[i]->attrs,
                  [](const auto& attr) { return attr.first.starts_with("_whylight"); });
  }
  WHYLIGHT_ASSIGN_OR_RETURN(FunctionDef function, ExportFunction(body));
  library.Add(std::move(function));
  return FunctionRef{.name = body.name, .attrs = {}};
}

Node* AddArg(FunctionBody& body, const std::string& wish, DType type) {
  Node* const arg = body.graph.Add(body.graph.UniqueName(wish), "_Arg");
  arg->attrs = {{"T", type}, {"index", static_cast<std::int64_t>(body.args.size())}};
  body.args.push_back(arg);
  return arg;
}

bool IsStateful(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(), [&](const auto& node) {
    const OpDef* const op = graph.registry().Find(node->op);
    return !node->Is("_Arg") && (op == nullptr || op->is_stateful);
  });
}

}  // namespace whylight

#include "graph/passes/tensor_arrays_to_lists.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "graph/passes/context_sets.h"

namespace whylight {
namespace {

// What takes a handle and a flow.
struct ArrayOp {
  std::string_view op;
  std::size_t flow;  // Input that is the flow; 0: none.
  bool writes;       // Its output 0 is the flow after it.
};
constexpr std::array kArrayOps = {
    ArrayOp{"TensorArrayCloseV3", 0, false},  ArrayOp{"TensorArrayConcatV3", 1, false},
    ArrayOp{"TensorArrayGatherV3", 2, false}, ArrayOp{"TensorArrayReadV3", 2, false},
    ArrayOp{"TensorArrayScatterV3", 3, true}, ArrayOp{"TensorArraySizeV3", 1, false},
    ArrayOp{"TensorArraySplitV3", 3, true},   ArrayOp{"TensorArrayWriteV3", 3, true},
};

const ArrayOp* FindArrayOp(const Node& node) {
  const auto found = std::ranges::find(kArrayOps, std::string_view(node.op), &ArrayOp::op);
  return found == kArrayOps.end() ? nullptr : &*found;
}

// Gives its input on: the only data input, but for Merge (any) and Switch (the first).
bool PassesOn(const Node& node) {
  return node.Is("Enter") || node.Is("Exit") || node.Is("Identity") || node.Is("Merge") ||
         node.Is("NextIteration") || node.Is("Switch");
}

// One array, and everything that is done with it.
struct Array {
  Node* node = nullptr;
  DType dtype = DType::kInvalid;
  std::vector<Node*> ops;
  std::unordered_set<const Node*> handles;  // Nodes that pass the handle on.
  std::vector<Node*> passes;                // Nodes that pass the flow on.
  std::set<Output> flows;
};

class Rewriter {
 public:
  Rewriter(Graph& graph, PassContext& context)
      : graph_(graph), sets_(context), needed_(NeededNodes(graph, context)), uses_(graph) {
    for (const auto& node : graph.nodes()) {
      if (!needed_.contains(node.get())) continue;
      awaited_.insert(node->control_inputs.begin(), node->control_inputs.end());
    }
  }

  bool Run() {
    std::vector<Array> arrays;
    for (const auto& node : graph_.nodes()) {
      if (!node->Is("TensorArrayV3") || !needed_.contains(node.get())) continue;
      Array array{.node = node.get(), .dtype = node->AttrOr("dtype", DType::kInvalid)};
      if (IsUnderstood(array)) arrays.push_back(std::move(array));
    }
    if (arrays.empty()) return false;
    std::unordered_set<const Node*> handles;
    for (Array& array : arrays) {
      Rewrite(array);
      handles.merge(array.handles);
    }
    graph_.RemoveIf([&](const Node& node) { return handles.contains(&node); });
    return true;
  }

 private:
  bool IsTouched(Output output) const {
    return sets_.IsFed(output) || sets_.IsFetched(output) || sets_.IsTarget(output.node);
  }

  bool IsUnderstood(Array& array) {
    if (array.dtype == DType::kInvalid || array.dtype == DType::kResource ||
        array.dtype == DType::kVariant) {
      return false;
    }
    if (!FollowHandle(array) || !FollowFlow(array)) return false;
    const auto knows = [&](Output flow) { return array.flows.contains(flow); };
    for (const Node* const op : array.ops) {
      const ArrayOp& kind = *FindArrayOp(*op);
      if (kind.flow > 0 && !knows(op->inputs[kind.flow])) return false;
      // Whoever waits for a write may look at the array through an older flow.
      if (kind.writes && awaited_.contains(op)) return false;
      const DType type = op->AttrOr("dtype", op->AttrOr("T", array.dtype));
      if (type != array.dtype) return false;
    }
    for (const Node* const node : array.passes) {
      if (node->Is("Merge") && !std::ranges::all_of(node->inputs, knows)) return false;
    }
    return WritesAreInOrder(array);
  }

  // To all that take the handle.
  bool FollowHandle(Array& array) {
    std::vector<Output> open = {{array.node, 0}};
    while (!open.empty()) {
      const Output handle = open.back();
      open.pop_back();
      if (IsTouched(handle)) return false;
      for (const UseMap::Use& use : uses_.Of(handle)) {
        Node* const node = use.node;
        if (!needed_.contains(node) || use.input != 0) return false;
        if (FindArrayOp(*node) != nullptr) {
          // A NoOp in its place has no input that would tell in which frame or branch it is.
          if (node->Is("TensorArrayCloseV3") && handle.node != array.node) return false;
          array.ops.push_back(node);
        } else if (node->Is("Enter") || node->Is("Identity") || node->Is("Switch")) {
          if (awaited_.contains(node) || sets_.IsTarget(node)) return false;
          array.handles.insert(node);
          open.push_back({node, 0});
          if (node->Is("Switch")) open.push_back({node, 1});
        } else {
          return false;
        }
      }
    }
    return true;
  }

  bool FollowFlow(Array& array) {
    const std::unordered_set<const Node*> ops(array.ops.begin(), array.ops.end());
    std::unordered_set<const Node*> passed;
    std::vector<Output> open = {{array.node, 1}};
    while (!open.empty()) {
      const Output flow = open.back();
      open.pop_back();
      if (!array.flows.insert(flow).second) continue;
      if (IsTouched(flow)) return false;
      for (const UseMap::Use& use : uses_.Of(flow)) {
        Node* const node = use.node;
        if (!needed_.contains(node)) return false;
        if (const ArrayOp* const kind = FindArrayOp(*node)) {
          if (!ops.contains(node) || static_cast<std::size_t>(use.input) != kind->flow) {
            return false;
          }
          if (kind->writes) open.push_back({node, 0});
        } else if (PassesOn(*node) && (use.input == 0 || node->Is("Merge"))) {
          if (passed.insert(node).second) array.passes.push_back(node);
          open.push_back({node, 0});
          if (node->Is("Switch")) open.push_back({node, 1});
        } else {
          return false;
        }
      }
    }
    return true;
  }

  // At most one write is next after each flow, on each side of a branch.
  bool WritesAreInOrder(const Array& array) {
    std::set<Output> written;  // Flows that a write follows, with nothing but passing on between.
    std::vector<Output> open;
    for (const Node* const op : array.ops) {
      const ArrayOp& kind = *FindArrayOp(*op);
      if (kind.writes) open.push_back(op->inputs[kind.flow]);
    }
    while (!open.empty()) {
      const Output flow = open.back();
      open.pop_back();
      if (!written.insert(flow).second || !PassesOn(*flow.node)) continue;
      // Written in each step and carried to none.
      if (flow.node->Is("Enter") && flow.node->AttrOr("is_constant", false)) return false;
      for (const Output& input : flow.node->inputs) {
        if (array.flows.contains(input)) open.push_back(input);
      }
    }
    for (const Output& flow : written) {
      int always = 0;
      std::map<Output, std::array<int, 2>> sides;  // By predicate.
      for (const UseMap::Use& use : uses_.Of(flow)) {
        Node* const node = use.node;
        if (const ArrayOp* const kind = FindArrayOp(*node)) {
          always += kind->writes ? 1 : 0;
        } else if (node->Is("Switch")) {
          for (const int side : {0, 1}) {
            if (written.contains({node, side})) ++sides[Predicate(*node)][side];
          }
        } else if (written.contains({node, 0})) {
          ++always;
        }
      }
      if (always + static_cast<int>(sides.size()) > 1) return false;
      for (const auto& [predicate, counts] : sides) {
        if (counts[0] > 1 || counts[1] > 1) return false;
      }
    }
    return true;
  }

  static Output Predicate(const Node& node) {
    Output predicate = node.inputs[1];
    while (predicate.node->Is("Identity")) predicate = predicate.node->inputs[0];
    return predicate;
  }

  // ------------------------------------------------------------------------------------------

  void Rewrite(Array& array) {
    Node& node = *array.node;
    const Shape shape = node.AttrOr("element_shape", Shape::UnknownRank());
    const bool grows = node.AttrOr("dynamic_size", false);
    const Output size = node.inputs[0];
    std::vector<Node*> waits = node.control_inputs;
    waits.push_back(size.node);
    Become(node, "TensorListReserve", {ShapeConst(node, shape, waits), size},
           {{"element_dtype", array.dtype}, {"shape_type", DType::kInt32}});
    for (Node* const op : array.ops) RewriteOp(array, *op, shape, grows);
    for (Node* const pass : array.passes) {
      pass->attrs["T"] = DType::kVariant;
      pass->attrs.erase("_class");
      pass->shapes.clear();
    }
    // The list is the first output of what had the flow as its second.
    const Output flow{&node, 1}, list{&node, 0};
    for (const UseMap::Use& use : uses_.Of(flow)) {
      for (Output& input : use.node->inputs) {
        if (input == flow) input = list;
      }
    }
  }

  void RewriteOp(const Array& array, Node& op, const Shape& shape, bool grows) {
    const std::vector<Output> in = op.inputs;
    if (op.Is("TensorArrayCloseV3")) return Become(op, "NoOp", {}, {});
    const Output list = in[FindArrayOp(op)->flow];
    const std::vector<Node*> waits = {list.node};  // Constants are in the frame of the list.
    const AttrValue dtype = array.dtype;
    Attrs with_shape = {{"element_dtype", dtype}, {"shape_type", DType::kInt32}};
    if (op.Is("TensorArrayWriteV3")) {
      Become(op, "TensorListSetItem", {list, in[1], in[2]},
             {{"element_dtype", dtype}, {"resize_if_index_out_of_bounds", grows}});
    } else if (op.Is("TensorArrayReadV3")) {
      Become(op, "TensorListGetItem", {list, in[1], ShapeConst(op, shape, waits)},
             {{"element_dtype", dtype}, {"Tshape", DType::kInt32}});
    } else if (op.Is("TensorArrayGatherV3")) {
      const Shape own = op.AttrOr("element_shape", Shape::UnknownRank());
      Become(op, "TensorListGather",
             {list, in[1], ShapeConst(op, own.has_rank() ? own : shape, waits)},
             {{"element_dtype", dtype}});
    } else if (op.Is("TensorArrayScatterV3")) {
      Become(op, "TensorListScatterIntoExistingList", {list, in[2], in[1]},
             {{"element_dtype", dtype}});
    } else if (op.Is("TensorArrayConcatV3")) {
      const Shape except_first = op.AttrOr("element_shape_except0", Shape::UnknownRank());
      const Output none =
          Const(op, "leading_dims", Tensor::Of<std::int64_t>(Shape({0}), {}), waits);
      Become(op, "TensorListConcatV2", {list, ShapeConst(op, AnyFirst(except_first), waits), none},
             std::move(with_shape));
    } else if (op.Is("TensorArraySplitV3")) {
      Shape element = shape;
      if (element.has_rank() && element.rank() > 0) element.set_dim(0, Shape::kUnknown);
      Become(op, "TensorListSplit", {in[1], ShapeConst(op, element, waits), in[2]},
             std::move(with_shape));
    } else {
      Become(op, "TensorListLength", {list}, {});
    }
  }

  static Shape AnyFirst(const Shape& rest) {
    if (!rest.has_rank()) return rest;
    std::vector<std::int64_t> dims = {Shape::kUnknown};
    dims.insert(dims.end(), rest.dims().begin(), rest.dims().end());
    return Shape(std::move(dims));
  }

  static void Become(Node& node, const char* op, std::vector<Output> inputs, Attrs attrs) {
    node.op = op;
    node.inputs = std::move(inputs);
    node.attrs = std::move(attrs);
    node.shapes.clear();
  }

  // As lists take it: a vector, -1 where a size is unknown; the scalar -1 without a rank.
  Output ShapeConst(const Node& owner, const Shape& shape, const std::vector<Node*>& waits) {
    Tensor value = Tensor::Scalar<std::int32_t>(-1);
    if (shape.has_rank()) {
      std::vector<std::int32_t> dims;
      for (const std::int64_t dim : shape.dims()) {
        dims.push_back(dim < 0 ? -1 : static_cast<std::int32_t>(dim));
      }
      value = Tensor::Of<std::int32_t>(Shape({static_cast<std::int64_t>(dims.size())}), dims);
    }
    return Const(owner, "element_shape", value, waits);
  }

  Output Const(const Node& owner, const std::string& name, const Tensor& value,
               const std::vector<Node*>& waits) {
    Node* const node = graph_.Add(graph_.UniqueName(owner.name + "/" + name), "Const");
    node->device = owner.device;
    node->attrs = {{"dtype", value.dtype()}, {"value", EncodeTensor(value)}};
    node->control_inputs = waits;
    return {node, 0};
  }

  Graph& graph_;
  const ContextSets sets_;
  const std::set<const Node*> needed_;
  const UseMap uses_;
  std::unordered_set<const Node*> awaited_;
};

}  // namespace

Result<bool> TensorArraysToLists::Run(Graph& graph, PassContext& context) {
  const bool has_arrays =
      std::ranges::any_of(graph.nodes(), [](const auto& n) { return n->Is("TensorArrayV3"); });
  return has_arrays && Rewriter(graph, context).Run();
}

}  // namespace whylight

#include "autodiff/control_flow/while.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/control_flow/body_shapes.h"
#include "autodiff/control_flow/tape.h"
#include "autodiff/edges.h"
#include "graph/shapes.h"

namespace whylight {
namespace {

// What a loop does with one of its variables.
struct Variable {
  bool is_invariant = false;            // Handed on unchanged.
  std::optional<std::int64_t> counted;  // Integer that grows by so much at every step.
  bool available() const { return is_invariant || counted.has_value(); }
};

std::optional<std::int64_t> ScalarValue(Output tensor) {
  const std::optional<std::vector<std::int64_t>> values = ConstantInts(tensor);
  const Shape shape = StaticShape(tensor);
  if (!values || values->size() != 1 || !shape.has_rank() || shape.rank() != 0) return std::nullopt;
  return values->front();
}

// c if result = arg + c.
std::optional<std::int64_t> Increment(Output arg, Output result) {
  const Node& sum = *Source(result).node;
  const DType type = sum.AttrOr("T", DType::kInvalid);
  if ((type != DType::kInt32 && type != DType::kInt64) || sum.inputs.size() != 2) {
    return std::nullopt;
  }
  const Output x = Source(sum.inputs[0]), y = Source(sum.inputs[1]);
  if (sum.Is("Add") || sum.Is("AddV2")) {
    if (x == arg) return ScalarValue(y);
    if (y == arg) return ScalarValue(x);
  }
  if (sum.Is("Sub") && x == arg) {
    if (const auto value = ScalarValue(y)) return -*value;
  }
  return std::nullopt;
}

std::vector<Variable> VariablesOf(const FunctionBody& body) {
  std::vector<Variable> variables;
  for (std::size_t v = 0; v < body.args.size(); ++v) {
    const Output arg{body.args[v], 0};
    variables.push_back({.is_invariant = Source(body.results[v]) == arg,
                         .counted = Increment(arg, body.results[v])});
  }
  return variables;
}

std::vector<std::size_t> Indices(const std::vector<bool>& which) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (which[i]) indices.push_back(i);
  }
  return indices;
}

class WhileDifferentiator {
 public:
  explicit WhileDifferentiator(const ControlFlowArgs& args)
      : a_(args), b_(args.b), node_(args.node), inputs_(args.node.inputs) {}

  Result<Gradients> Run() {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> names, Functions::CalledBy(node_));
    body_name_ = names[0];
    condition_name_ = names[1];
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionBody body, a_.context.functions.Import(body_name_));
    variables_ = VariablesOf(body);

    std::vector<bool> given;
    for (const auto& dy : a_.dy) given.push_back(dy.has_value());
    std::vector<bool> path = LoopPath(a_.dependence, a_.needed, given);
    Gradients dx(inputs_.size());
    WHYLIGHT_RETURN_IF_ERROR(PassAround(path, dx));
    path_ = Indices(path);
    if (path_.empty()) return dx;

    std::vector<ArgShape> known;
    for (const Output& input : inputs_) known.push_back(ShapeOfInput(input));
    WHYLIGHT_ASSIGN_OR_RETURN(known,
                              InferLoopShapes(node_, body, std::move(known), a_.context.functions));
    for (const ArgShape& variable : known) shapes_.push_back(variable.shape);
    WHYLIGHT_ASSIGN_OR_RETURN(DifferentiatedBody tape,
                              DifferentiateBody(std::move(body), path_, path_, a_.context));
    SplitOptions options{
        .available = {}, .repeat_work = true, .state_changes = a_.context.state_changes};
    for (const Variable& variable : variables_) options.available.push_back(variable.available());
    WHYLIGHT_ASSIGN_OR_RETURN(SplitBody split, Split(tape, options));
    WHYLIGHT_RETURN_IF_ERROR(ExtendForward(tape.body, split.stored));
    WHYLIGHT_RETURN_IF_ERROR(AddBackward(split, dx));
    return dx;
  }

 private:
  // What a loop hands on without any use for it has the gradient of what comes out.
  Status PassAround(std::vector<bool>& path, Gradients& dx) {
    WHYLIGHT_ASSIGN_OR_RETURN(const Dependence* const step, a_.context.functions.Of(body_name_));
    for (std::size_t v = 0; v < path.size(); ++v) {
      if (!path[v] || !variables_[v].is_invariant) continue;
      bool is_used = false;
      for (std::size_t u = 0; u < path.size(); ++u) {
        is_used = is_used || (u != v && path[u] && (*step)[u][v]);
      }
      if (is_used) continue;
      dx[v] = a_.dy[v];
      path[v] = false;
    }
    return OkStatus();
  }

  // The loop variable that holds the number of steps at the end.
  std::optional<std::size_t> Counter() const {
    for (std::size_t v = 0; v < variables_.size(); ++v) {
      const Result<DType> type = b_.graph().OutputType(inputs_[v]);
      const bool is_from_zero = ScalarValue(Source(inputs_[v])) == 0;
      if (variables_[v].counted == 1 && is_from_zero && type.ok() && *type == DType::kInt32) {
        return v;
      }
    }
    return std::nullopt;
  }

  // Lists for what is stored, and a counter.
  Status ExtendForward(FunctionBody& body, const std::vector<Output>& stored) {
    GraphBuilder inside(body.graph, "gradients");
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionBody condition, a_.context.functions.Import(condition_name_));
    std::vector<DType> types;
    WHYLIGHT_ASSIGN_OR_RETURN(types, b_.graph().OutputTypes(node_));
    const auto add = [&](const std::string& wish, DType type, Output start) {
      AddArg(condition, wish, type);
      node_.inputs.push_back(start);
      types.push_back(type);
      return Output{AddArg(body, wish, type), 0};
    };
    const std::optional<std::size_t> counter = Counter();
    steps_ = {&node_, static_cast<int>(counter ? *counter : inputs_.size())};
    if (!counter) {
      const Output count = add("steps", DType::kInt32, b_.Scalar(DType::kInt32, 0));
      body.results.push_back(inside.Add(count, inside.Scalar(DType::kInt32, 1)));
    }
    for (const Output& tensor : stored) {
      const DType type = inside.dtype(tensor);
      const Output any_shape = b_.Scalar(DType::kInt32, -1);
      const Output empty = b_.Op("EmptyTensorList", {any_shape, any_shape},
                                 {{"element_dtype", type}, {"shape_type", DType::kInt32}});
      lists_.push_back({&node_, static_cast<int>(node_.inputs.size())});
      const Output list = add("stored", DType::kVariant, empty);
      body.results.push_back(
          inside.Op("TensorListPushBack", {list, tensor}, {{"element_dtype", type}}));
    }
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    WHYLIGHT_RETURN_IF_ERROR(inside.status());
    if (types.size() == inputs_.size()) return OkStatus();
    FunctionLibrary& library = a_.context.library;
    WHYLIGHT_ASSIGN_OR_RETURN(node_.attrs["body"],
                              AddFunction(library, body, body_name_ + "_forward"));
    WHYLIGHT_ASSIGN_OR_RETURN(node_.attrs["cond"],
                              AddFunction(library, condition, condition_name_ + "_forward"));
    node_.attrs["T"] = types;
    node_.attrs.erase("_output_shapes");
    if (const auto* declared = node_.Attr<std::vector<Shape>>("output_shapes")) {
      std::vector<Shape> shapes = *declared;
      if (!shapes.empty()) shapes.resize(types.size(), Shape{});
      node_.attrs["output_shapes"] = std::move(shapes);
    }
    if (node_.shapes.size() == inputs_.size()) node_.shapes.resize(types.size(), Shape{});
    return OkStatus();
  }

  // Inputs and variables: steps left, gradients, lists, what is the same at every step.
  Status AddBackward(SplitBody& split, Gradients& dx) {
    FunctionBody& body = split.backward;
    Graph& graph = body.graph;
    GraphBuilder inside(graph, "gradients");
    const std::vector<Node*> args = std::exchange(body.args, {});
    const std::vector<Output> dxs = std::exchange(body.results, {});
    std::vector<Output> starts;
    std::vector<Shape> shapes;
    std::map<const Node*, Output> instead;  // Of arguments that go.
    const auto add = [&](Output start, const Shape& shape, Output result) {
      starts.push_back(start);
      shapes.push_back(WithoutSymbols(shape));
      body.results.push_back(result);
    };

    Node* const steps = AddArg(body, "steps", DType::kInt32);
    const Output step = inside.Sub({steps, 0}, inside.Scalar(DType::kInt32, 1));
    add(steps_, Shape{}, step);
    std::size_t next = 0;
    for (const std::size_t v : path_) {
      body.args.push_back(args[next]);
      const Output start = a_.dy[v] ? *a_.dy[v] : b_.ZerosLike({&node_, static_cast<int>(v)});
      add(start, shapes_[v], dxs[next++]);
    }
    const std::size_t first_stored = next + split.passed.size();
    for (std::size_t i = 0; i < split.stored.size(); ++i) {
      Node* const tensor = args[first_stored + i];
      Node* const list = AddArg(body, "stored_list", DType::kVariant);
      Node* const pop =
          inside.OpNode("TensorListPopBack", {{list, 0}, ElementShape(inside, tensor->shapes[0])},
                        {{"element_dtype", tensor->attrs.at("T")}});
      WHYLIGHT_RETURN_IF_ERROR(inside.status());
      pop->shapes = {Shape{}, tensor->shapes[0]};
      instead[tensor] = {pop, 1};
      add(lists_[i], Shape{}, {pop, 0});
    }
    std::vector<std::size_t> same;  // Of split.passed: what keeps its value.
    for (std::size_t i = 0; i < split.passed.size(); ++i) {
      const std::size_t v = split.passed[i];
      Node* const arg = args[next + i];
      const std::optional<std::int64_t> by = variables_[v].counted;
      std::optional<std::int64_t> from;
      if (by) {
        from = ScalarValue(Source(inputs_[v]));
        instead[arg] = Counted(inside, step, {.arg = {arg, 0}, .from = from, .by = *by});
      }
      if (by && from) continue;
      body.args.push_back(arg);
      same.push_back(i);
    }
    WHYLIGHT_RETURN_IF_ERROR(inside.status());
    Replace(body, instead);
    for (const std::size_t i : same) {  // Not replaced: an argument that is counted from stays.
      const std::size_t v = split.passed[i];
      add(inputs_[v], shapes_[v], {args[next + i], 0});
    }

    WHYLIGHT_ASSIGN_OR_RETURN(Node* const loop, AddLoop(body, starts));
    std::vector<Shape> declared = shapes;
    loop->attrs["output_shapes"] = std::move(declared);
    loop->shapes = std::move(shapes);
    for (std::size_t i = 0; i < path_.size(); ++i) {
      const std::size_t v = path_[i];
      loop->shapes[1 + i] = StaticShape(inputs_[v]);
      if (a_.needed[v]) dx[v] = Output{loop, static_cast<int>(1 + i)};
    }
    return OkStatus();
  }

  static Output ElementShape(GraphBuilder& b, const Shape& shape) {
    if (!shape.has_rank()) return b.Scalar(DType::kInt32, -1);
    const Shape plain = WithoutSymbols(shape);
    return b.Int32s({plain.dims().begin(), plain.dims().end()});
  }

  // from + step * by, in the argument's type; the argument holds `from` unless it is known.
  struct CountedArg {
    Output arg;
    std::optional<std::int64_t> from;
    std::int64_t by;
  };
  static Output Counted(GraphBuilder& b, Output step, const CountedArg& counted) {
    const DType type = b.dtype(counted.arg);
    const auto number = [&](std::int64_t value) {
      return b.Const(type == DType::kInt64 ? Tensor::Scalar<std::int64_t>(value)
                                           : Tensor::Scalar(static_cast<std::int32_t>(value)));
    };
    Output value = b.Cast(step, type);
    if (counted.by != 1) value = b.Mul(value, number(counted.by));
    if (counted.from == 0) return value;
    return b.Add(value, counted.from ? number(*counted.from) : counted.arg);
  }

  static void Replace(FunctionBody& body, const std::map<const Node*, Output>& instead) {
    for (const auto& [arg, to] : instead) {
      const Output from{const_cast<Node*>(arg), 0};
      body.graph.ReplaceUses(from, to);
      std::ranges::replace(body.results, from, to);
    }
    body.graph.RemoveIf([&](const Node& node) {
      return instead.contains(&node) && std::ranges::find(body.args, &node) == body.args.end();
    });
  }

  // while (steps > 0) body
  Result<Node*> AddLoop(FunctionBody& body, const std::vector<Output>& starts) {
    FunctionBody condition{.name = {}, .graph = Graph(b_.graph().registry())};
    for (const Output& start : starts) AddArg(condition, "arg", b_.dtype(start));
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    GraphBuilder inside(condition.graph, "gradients");
    condition.results = {inside.Greater({condition.args[0], 0}, inside.Scalar(DType::kInt32, 0))};
    WHYLIGHT_RETURN_IF_ERROR(inside.status());
    FunctionLibrary& library = a_.context.library;
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionRef step,
                              AddFunction(library, body, body_name_ + "_backward"));
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionRef more,
                              AddFunction(library, condition, condition_name_ + "_backward"));
    Attrs attrs = {{"body", std::move(step)}, {"cond", std::move(more)}};
    for (const char* const attr : {"parallel_iterations", "_lower_using_switch_merge"}) {
      if (const auto found = node_.attrs.find(attr); found != node_.attrs.end()) {
        attrs.insert(*found);
      }
    }
    Node* const loop =
        b_.OpNode(IsStateful(body.graph) ? "While" : "StatelessWhile", starts, std::move(attrs));
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    loop->device = node_.device;
    return loop;
  }

  const ControlFlowArgs& a_;
  GraphBuilder& b_;
  Node& node_;
  const std::vector<Output> inputs_;  // As they were.
  std::string body_name_, condition_name_;
  std::vector<Variable> variables_;
  std::vector<std::size_t> path_;
  std::vector<Shape> shapes_;  // Of the variables, at every step.
  Output steps_;               // How many steps the loop took.
  std::vector<Output> lists_;  // By stored tensor.
};

}  // namespace

Result<Gradients> WhileGradient(const ControlFlowArgs& args) {
  return WhileDifferentiator(args).Run();
}

}  // namespace whylight

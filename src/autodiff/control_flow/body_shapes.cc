#include "autodiff/control_flow/body_shapes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "graph/shapes.h"

namespace whylight {
namespace {

// Kept on the _Arg nodes of a body that is being worked on, and never exported.
constexpr char kElementAttr[] = "_whylight_element_shape";

// What both may be.
Shape Join(const Shape& a, const Shape& b) {
  if (!a.has_rank() || !b.has_rank() || a.rank() != b.rank()) return Shape::UnknownRank();
  Shape joined = a;
  for (int axis = 0; axis < a.rank(); ++axis) {
    if (a.dim(axis) != b.dim(axis)) joined.set_dim(axis, Shape::kUnknown);
  }
  return joined;
}

// What is known from either of two descriptions of one tensor.
Shape Meet(const Shape& a, const Shape& b) {
  if (!a.has_rank()) return b;
  if (!b.has_rank() || a.rank() != b.rank()) return a;
  Shape met = a;
  for (int axis = 0; axis < a.rank(); ++axis) {
    if (a.dim(axis) == Shape::kUnknown) met.set_dim(axis, b.dim(axis));
  }
  return met;
}

Shape Declared(const Node& node, std::size_t output) {
  const auto* shapes = node.Attr<std::vector<Shape>>("output_shapes");
  if (shapes == nullptr || output >= shapes->size()) return Shape::UnknownRank();
  return (*shapes)[output];
}

// The shape that an `element_shape` input names.
Shape NamedShape(const Node& node, std::size_t input) {
  if (input >= node.inputs.size() || StaticShape(node.inputs[input]).rank() != 1) {
    return Shape::UnknownRank();
  }
  std::optional<std::vector<std::int64_t>> sizes = ConstantInts(node.inputs[input]);
  if (!sizes) return Shape::UnknownRank();
  for (std::int64_t& size : *sizes) size = std::max(size, Shape::kUnknown);
  return Shape(*std::move(sizes));
}

class BodyShapes {
 public:
  explicit BodyShapes(Functions& functions) : functions_(functions) {}

  Status Infer(FunctionBody& body, const std::vector<ArgShape>& args) {
    for (std::size_t i = 0; i < body.args.size(); ++i) {
      body.args[i]->shapes = {args[i].shape};
      body.args[i]->attrs.erase(kElementAttr);
      if (args[i].element.has_rank()) body.args[i]->attrs[kElementAttr] = args[i].element;
    }
    for (Node* const node : body.graph.TopologicalOrder()) {
      if (node->Is("_Arg")) continue;
      if (IsFunctionalControlFlow(*node)) {
        WHYLIGHT_RETURN_IF_ERROR(InferControlFlow(*node));
      } else if (node->Is("TensorListGetItem") && node->inputs.size() == 3) {
        node->shapes = {Meet(NamedShape(*node, 2), ShapeOfInput(node->inputs[0]).element)};
      } else if (node->Is("TensorListStack") && node->inputs.size() == 2) {
        const Shape each = Meet(NamedShape(*node, 1), ShapeOfInput(node->inputs[0]).element);
        const auto count = node->AttrOr<std::int64_t>("num_elements", -1);
        node->shapes.clear();
        if (each.has_rank()) node->shapes = {each.WithFirst(std::max(count, Shape::kUnknown))};
      } else {
        node->shapes = InferShapes(*node);
      }
    }
    return OkStatus();
  }

  Result<std::vector<ArgShape>> InferLoop(const Node& node, FunctionBody& body,
                                          std::vector<ArgShape> variables) {
    for (bool changed = true; changed;) {
      WHYLIGHT_RETURN_IF_ERROR(Infer(body, variables));
      changed = false;
      for (std::size_t v = 0; v < variables.size(); ++v) {
        const Output result = body.results[v];
        if (Source(result) == Output{body.args[v], 0}) continue;
        ArgShape joined{.shape =
                            Join(variables[v].shape, Meet(StaticShape(result), Declared(node, v)))};
        if (joined.shape == variables[v].shape && !variables[v].element.has_rank()) continue;
        variables[v] = std::move(joined);
        changed = true;
      }
    }
    return variables;
  }

 private:
  Status InferControlFlow(Node& node) {
    node.shapes.clear();
    if (depth_ == kMaxDepth) return OkStatus();
    ++depth_;
    Status status = InferFunctions(node);
    --depth_;
    return status;
  }

  Status InferFunctions(Node& node) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> names, Functions::CalledBy(node));
    std::vector<ArgShape> inputs;
    for (std::size_t i = IsBranch(node) ? 1 : 0; i < node.inputs.size(); ++i) {
      inputs.push_back(ShapeOfInput(node.inputs[i]));
    }
    if (IsWhile(node)) {
      WHYLIGHT_ASSIGN_OR_RETURN(FunctionBody body, functions_.Import(names[0]));
      WHYLIGHT_RETURN_IF_ERROR(CheckFits(node, body, inputs.size()));
      WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<ArgShape> variables,
                                InferLoop(node, body, std::move(inputs)));
      for (const ArgShape& variable : variables) node.shapes.push_back(variable.shape);
      return OkStatus();
    }
    for (const std::string& name : names) {
      WHYLIGHT_ASSIGN_OR_RETURN(FunctionBody body, functions_.Import(name));
      WHYLIGHT_RETURN_IF_ERROR(CheckFits(node, body, inputs.size()));
      WHYLIGHT_RETURN_IF_ERROR(Infer(body, inputs));
      const bool is_first = node.shapes.empty();
      for (std::size_t i = 0; i < body.results.size(); ++i) {
        const Shape shape = Meet(StaticShape(body.results[i]), Declared(node, i));
        if (is_first) {
          node.shapes.push_back(shape);
        } else if (i < node.shapes.size()) {
          node.shapes[i] = Join(node.shapes[i], shape);
        }
      }
    }
    return OkStatus();
  }

  static Status CheckFits(const Node& node, const FunctionBody& body, std::size_t inputs) {
    const bool fits =
        body.args.size() == inputs && (IsBranch(node) || body.results.size() == inputs);
    if (fits) return OkStatus();
    return InvalidArgument(node.op + " '" + node.name + "': the function '" + body.name +
                           "' takes " + std::to_string(body.args.size()) + " arguments, " +
                           std::to_string(inputs) + " are given");
  }

  // Deeper than that, shapes are not worth the time: each level is gone through a few times.
  static constexpr int kMaxDepth = 4;

  Functions& functions_;
  int depth_ = 0;
};

}  // namespace

ArgShape ShapeOfInput(Output tensor) {
  ArgShape known{.shape = StaticShape(tensor)};
  const Node& source = *Source(tensor).node;
  if (source.Is("TensorListFromTensor") && !source.inputs.empty()) {
    const Shape whole = StaticShape(source.inputs[0]);
    if (whole.has_rank() && whole.rank() > 0) known.element = whole.WithoutFirst();
  } else if (source.Is("_Arg")) {
    known.element = source.AttrOr(kElementAttr, Shape::UnknownRank());
  }
  return known;
}

Status InferBodyShapes(FunctionBody& body, const std::vector<ArgShape>& args,
                       Functions& functions) {
  return BodyShapes(functions).Infer(body, args);
}

Result<std::vector<ArgShape>> InferLoopShapes(const Node& node, FunctionBody& body,
                                              std::vector<ArgShape> inputs, Functions& functions) {
  return BodyShapes(functions).InferLoop(node, body, std::move(inputs));
}

Output Source(Output tensor) {
  while (tensor.node->Is("Identity") && !tensor.node->inputs.empty()) {
    tensor = tensor.node->inputs[0];
  }
  return tensor;
}

Shape WithoutSymbols(const Shape& shape) {
  Shape plain = shape;
  for (int axis = 0; plain.has_rank() && axis < plain.rank(); ++axis) {
    plain.set_dim(axis, std::max(plain.dim(axis), Shape::kUnknown));
  }
  return plain;
}

}  // namespace whylight

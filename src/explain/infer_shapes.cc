#include <map>
#include <set>
#include <utility>

#include "explain/clean_up.h"
#include "graph/export.h"

namespace whylight {
namespace {

// Two sizes that are unlikely to stand in a graph for any other reason.
constexpr std::int64_t kRows[2] = {1009, 1013};

std::vector<Output> AllOutputs(const Graph& graph) {
  std::vector<Output> outputs;
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    const Result<std::vector<DType>> types = graph.registry().OutputTypes(*node);
    if (!types.ok()) continue;
    for (std::size_t i = 0; i < types->size(); ++i) {
      outputs.push_back({node.get(), static_cast<int>(i)});
    }
  }
  return outputs;
}

// Fed tensors with their first axis set to `rows`, for as long as the graph is being exported.
class FixRows {
 public:
  FixRows(Program& program, std::int64_t rows) {
    std::set<Node*> seen;
    const auto fix = [&](const Port& port, const RowLayout& layout) {
      Node* node = port.tensor.node;
      if (!node->Is("Placeholder") || !seen.insert(node).second) return;
      const auto attr = node->attrs.find("shape");
      saved_.emplace_back(
          node, attr == node->attrs.end() ? AttrValue(Shape::UnknownRank()) : attr->second);
      Shape shape = port.shape;
      if (layout.kind == RowLayout::Kind::kBatched && shape.has_rank() && shape.rank() > 0) {
        shape.set_dim(0, rows);
      }
      node->attrs["shape"] = shape;
    };
    for (const Port& port : program.request) fix(port, program.request_layout);
    for (const ProgramInput& input : program.inputs) fix(input.port, program.layout);
  }
  ~FixRows() {
    for (auto& [node, shape] : saved_) node->attrs["shape"] = shape;
  }
  FixRows(const FixRows&) = delete;
  FixRows& operator=(const FixRows&) = delete;

 private:
  std::vector<std::pair<Node*, AttrValue>> saved_;
};

Result<std::vector<Shape>> ShapesAt(Program& program, const Runtime& runtime,
                                    const OpRegistry& known, std::int64_t rows,
                                    const std::vector<Output>& outputs) {
  const FixRows fixed(program, rows);
  WHYLIGHT_ASSIGN_OR_RETURN(const ExportedGraph exported,
                            ExportGraph(program.graph, {.target = &known}));
  return runtime.InferShapes(exported.graph_def, NamesOf(outputs));
}

std::int64_t BytesOf(const Shape& shape, DType dtype) {
  if (!shape.IsKnown()) return 0;
  // Strings and handles: the size of their slots, since the contents are not known.
  const std::size_t size = DTypeSize(dtype) == 0 ? 24 : DTypeSize(dtype);
  return shape.elements() * static_cast<std::int64_t>(size);
}

// Gives features inside the graph the shapes of the tensors they were cut from.
bool AdoptSourceShapes(Program& program) {
  bool changed = false;
  for (ProgramInput& input : program.inputs) {
    if (!input.source || input.port.shape.has_rank()) continue;
    const std::vector<Shape>& shapes = input.source->node->shapes;
    const auto index = static_cast<std::size_t>(input.source->index);
    if (index >= shapes.size() || !shapes[index].has_rank() || shapes[index].rank() == 0) continue;
    Shape shape = shapes[index];
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape.dim(axis) < 0) shape.set_dim(axis, Shape::kUnknown);
    }
    shape.set_dim(0, Shape::kUnknown);
    input.port.shape = shape;
    input.port.tensor.node->attrs["shape"] = shape;
    changed = true;
  }
  return changed;
}

// For a graph that takes one row only, such as one that reshapes to [1,...], whatever its
// signature says.
void TakeOneRow(Program& program) {
  const auto fix = [](Port& port, const RowLayout& layout) {
    const bool batched = layout.kind == RowLayout::Kind::kBatched;
    if (batched && port.shape.has_rank() && port.shape.rank() > 0) port.shape.set_dim(0, 1);
  };
  for (Port& port : program.request) fix(port, program.request_layout);
  for (ProgramInput& input : program.inputs) fix(input.port, program.layout);
  for (RowLayout* layout : {&program.request_layout, &program.layout}) {
    if (layout->kind == RowLayout::Kind::kBatched) {
      *layout = {.kind = RowLayout::Kind::kFixed, .size = 1};
    }
  }
}

}  // namespace

Status InferProgramShapes(Program& program, const Runtime& runtime, std::int64_t& row_bytes) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string op_list, runtime.OpList());
  WHYLIGHT_ASSIGN_OR_RETURN(const OpRegistry known, OpRegistry::Parse(op_list));
  const std::vector<Output> outputs = AllOutputs(program.graph);
  const Status many = ShapesAt(program, runtime, known, kRows[0], outputs).status();
  if (!many.ok()) {
    if (!ShapesAt(program, runtime, known, 1, outputs).ok()) return many;
    TakeOneRow(program);
  }
  do {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Shape> a,
                              ShapesAt(program, runtime, known, kRows[0], outputs));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Shape> b,
                              ShapesAt(program, runtime, known, kRows[1], outputs));
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> symbols;
    std::int64_t bytes_per_step = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      Node& node = *outputs[i].node;
      if (outputs[i].index == 0) node.shapes.clear();
      Shape shape = a[i];
      if (!a[i].has_rank() || !b[i].has_rank() || a[i].rank() != b[i].rank()) {
        node.shapes.push_back(Shape::UnknownRank());
        continue;
      }
      for (int axis = 0; axis < shape.rank(); ++axis) {
        const std::pair<std::int64_t, std::int64_t> sizes = {a[i].dim(axis), b[i].dim(axis)};
        if (sizes.first == sizes.second) continue;
        if (sizes.first < 0 || sizes.second < 0) {
          shape.set_dim(axis, Shape::kUnknown);
          continue;
        }
        const auto next = static_cast<std::int64_t>(symbols.size());
        shape.set_dim(axis, -2 - symbols.try_emplace(sizes, next).first->second);
      }
      node.shapes.push_back(std::move(shape));
      const Result<DType> dtype = program.graph.OutputType(outputs[i]);
      if (dtype.ok()) bytes_per_step += BytesOf(b[i], *dtype) - BytesOf(a[i], *dtype);
    }
    // Forward values that the gradient keeps, and as much again for gradients in flight.
    row_bytes = 2 * bytes_per_step / (kRows[1] - kRows[0]);
  } while (AdoptSourceShapes(program));
  return OkStatus();
}

}  // namespace whylight

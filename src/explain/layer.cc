#include "explain/layer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "autodiff/gradients.h"
#include "explain/select.h"
#include "graph/shapes.h"
#include "io/json.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr std::size_t kListed = 10;

// Nodes whose values hang on `sources`, those included.
std::set<const Node*> Dependents(const Graph& graph, std::span<const Output> sources) {
  std::set<const Node*> dependents;
  for (const Output& source : sources) dependents.insert(source.node);
  for (const Node* node : graph.TopologicalOrder()) {
    const bool depends =
        !ReadsShapesOnly(*node) && std::ranges::any_of(node->inputs, [&](const Output& input) {
          return dependents.contains(input.node);
        });
    if (depends) dependents.insert(node);
  }
  return dependents;
}

std::vector<Output> TensorsOf(const Program& program, std::span<const std::size_t> inputs) {
  std::vector<Output> tensors;
  for (const std::size_t input : inputs) tensors.push_back(program.inputs[input].port.tensor);
  return tensors;
}

std::vector<std::size_t> AllInputs(const Program& program) {
  std::vector<std::size_t> inputs(program.inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = i;
  return inputs;
}

// The shape of a row; without a rank where it is not known.
Shape RowShape(const Program& program, const Output& tensor) {
  const Shape shape = program.graph.OutputShape(tensor);
  const bool rows = program.layout.kind != RowLayout::Kind::kNone;
  return rows && shape.has_rank() && shape.rank() > 0 ? shape.WithoutFirst() : shape;
}

// Whether the first axis can be that of the rows, as far as shapes tell.
bool HasRows(const Program& program, const Output& tensor, const Output& input) {
  if (program.layout.kind == RowLayout::Kind::kNone) return true;
  const Shape shape = program.graph.OutputShape(tensor),
              of_input = program.graph.OutputShape(input);
  if (!shape.has_rank()) return true;
  if (shape.rank() == 0) return false;
  if (!of_input.has_rank() || of_input.rank() == 0) return true;
  const std::int64_t rows = of_input.dim(0);
  return shape.dim(0) == Shape::kUnknown || rows == Shape::kUnknown || shape.dim(0) == rows;
}

// Where the model's own tensors lie on the way from some inputs to a target: floats with a row for
// each instance, producers first.
std::vector<Output> LayersBetween(const Program& program, std::span<const Output> inputs,
                                  const Output& target) {
  const Graph& graph = program.graph;
  const std::set<const Node*> needed = graph.Ancestors({target});
  const std::set<const Node*> dependents = Dependents(graph, inputs);
  std::vector<Output> layers;
  for (Node* node : graph.TopologicalOrder()) {
    if (!needed.contains(node) || !dependents.contains(node)) continue;
    const Result<std::vector<DType>> types = graph.OutputTypes(*node);
    for (std::size_t i = 0; types.ok() && i < types->size(); ++i) {
      const Output tensor{node, static_cast<int>(i)};
      if (IsFloating((*types)[i]) && HasRows(program, tensor, inputs[0])) layers.push_back(tensor);
    }
  }
  return layers;
}

std::string ListLayers(const Program& program, std::span<const Output> layers) {
  if (layers.empty()) return "; there is none";
  std::vector<std::string> names;
  for (std::size_t i = layers.size(); i > 0 && names.size() < kListed; --i) {
    const Output& layer = layers[i - 1];
    names.push_back(layer.name() + " " + RowShape(program, layer).ToString());
  }
  if (names.size() < layers.size()) {
    names.push_back(std::to_string(layers.size() - names.size()) + " before them");
  }
  return "; there are, from the last on, " + Join(names, ", ");
}

bool EndsWithPart(std::string_view name, std::string_view part) {
  return name == part || (name.ends_with(part) && name[name.size() - part.size() - 1] == '/');
}

// Of "x/a/b_1/Relu" the scope that is called "b" or "a/b": "x/a/b_1". Keras 3 numbers names that it
// has given before, as those of a model that is exported are.
std::optional<std::string> ScopeCalled(std::string_view node, std::string_view name) {
  for (std::size_t at = node.find(name); at != std::string_view::npos;
       at = node.find(name, at + 1)) {
    if (at > 0 && node[at - 1] != '/') continue;
    std::size_t end = at + name.size();
    if (end < node.size() && node[end] == '_') {
      end = std::min(node.find_first_not_of("0123456789", end + 1), node.size());
    }
    if (end < node.size() && node[end] == '/') return std::string(node.substr(0, end));
  }
  return std::nullopt;
}

std::string ScopeOf(const Output& layer) {
  const std::string& name = layer.node->name;
  return name.substr(0, std::min(name.rfind('/'), name.size()));
}

// Of `layers` the one that is called so. `listed` are those to choose from, for messages.
Result<Output> FindLayer(const Program& program, const std::string& name,
                         std::span<const Output> layers, std::span<const Output> listed) {
  const bool has_index = name.find(':') != std::string::npos;
  std::vector<Output> found;
  for (const Output& layer : layers) {
    const std::string& called = has_index ? layer.name() : layer.node->name;
    if (called == name && (has_index || layer.index == 0)) return layer;
    if (EndsWithPart(called, name) && (has_index || layer.index == 0)) found.push_back(layer);
  }
  if (found.size() == 1) return found[0];
  if (found.size() > 1) {
    return InvalidArgument("--layer " + name + ": several tensors are called so" +
                           ListLayers(program, found));
  }
  std::map<std::string, Output> last_of;  // By scope.
  for (const Output& layer : layers) {
    if (const std::optional<std::string> scope = ScopeCalled(layer.node->name, name)) {
      last_of[*scope] = layer;
    }
  }
  if (last_of.size() == 1) return last_of.begin()->second;
  if (last_of.size() > 1) {
    for (const auto& [scope, layer] : last_of) found.push_back(layer);
    return InvalidArgument("--layer " + name +
                           ": several layers are called so, as names are numbered" +
                           ListLayers(program, found));
  }
  std::vector<std::string> names;
  for (const Output& layer : layers) {
    for (const std::string& path : {layer.node->name, ScopeOf(layer)}) {
      names.push_back(path);
      names.push_back(path.substr(path.rfind('/') + 1));
    }
  }
  return NotFound("--layer " + name +
                  ": between input and output is no floating tensor of that name" +
                  DidYouMean(name, names) + ListLayers(program, listed));
}

// "NCHW" of the nearest op before the tensor that has a format, over tensors of as many axes.
bool IsChannelsFirst(const Graph& graph, const Output& layer) {
  const int rank = graph.OutputShape(layer).rank();
  std::vector<const Node*> next = {layer.node};
  std::set<const Node*> seen = {layer.node};
  for (std::size_t i = 0; i < next.size(); ++i) {
    const Node& node = *next[i];
    if (node.Is("Transpose")) continue;
    const OpDef* op = graph.registry().Find(node.op);
    if (op != nullptr && op->FindAttr("data_format") != nullptr) {
      return node.AttrOr("data_format", std::string("NHWC")) == "NCHW";
    }
    for (const Output& input : node.inputs) {
      const bool maps = graph.OutputShape(input).rank() == rank;
      if (maps && seen.insert(input.node).second) next.push_back(input.node);
    }
  }
  return false;
}

// Whether a row has height, width and channels, and more than one place.
bool IsMaps(const Shape& row, bool channels_first) {
  if (row.rank() != 3) return false;
  const int space = channels_first ? 1 : 0;
  return row.dim(space) != 0 && row.dim(space + 1) != 0 &&
         (row.dim(space) != 1 || row.dim(space + 1) != 1);
}

// A graph without rows keeps an axis of one for them inside.
Shape MapsShape(const Program& program, const Output& tensor) {
  const Shape row = RowShape(program, tensor);
  const bool inner = program.layout.kind == RowLayout::Kind::kNone && row.has_rank() &&
                     row.rank() == 4 && row.dim(0) == 1;
  return inner ? row.WithoutFirst() : row;
}

Result<bool> IsReached(const Graph& graph, const Output& score, const Output& layer) {
  WHYLIGHT_ASSIGN_OR_RETURN(const PathAnalysis analysis,
                            AnalysePath(graph, {&score, 1}, {&layer, 1}));
  return analysis.reaches[0];
}

// Leaves the inputs that the layer hangs on.
void KeepInputsOf(const Program& program, const Output& layer, Explained& explained) {
  const std::set<const Node*> before = program.graph.Ancestors({layer});
  Explained kept;
  kept.held = std::move(explained.held);
  for (std::size_t i = 0; i < explained.inputs.size(); ++i) {
    if (before.contains(program.inputs[explained.inputs[i]].port.tensor.node)) {
      kept.inputs.push_back(explained.inputs[i]);
      kept.names.push_back(explained.names[i]);
      kept.ids.push_back(explained.ids[i]);
    } else {
      kept.held.push_back(explained.names[i] + " (the layer does not depend on it)");
    }
  }
  explained = std::move(kept);
}

ChosenLayer Chosen(const Program& program, const Output& tensor, std::string reason) {
  return {
      .tensor = tensor,
      .is = {
          .name = tensor.name(), .reason = std::move(reason), .shape = RowShape(program, tensor)}};
}

// Products with weights: of what the request leads to, one side alone.
bool IsAffineLayer(const Node& node, const std::set<const Node*>& dependents) {
  static const std::set<std::string_view> kOps = {
      "MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum", "Conv2D", "Conv3D"};
  return kOps.contains(node.op) && std::ranges::count_if(node.inputs, [&](const Output& input) {
                                     return dependents.contains(input.node);
                                   }) == 1;
}

// The last vector of a row before the last affine layer of `output`.
std::optional<ChosenLayer> VectorBehind(const Program& program, const Output& output,
                                        const std::string& output_name) {
  const std::vector<Output> inputs = TensorsOf(program, AllInputs(program));
  const std::set<const Node*> dependents = Dependents(program.graph, inputs);
  const std::set<const Node*> needed = program.graph.Ancestors({output});
  Node* affine = nullptr;
  for (Node* node : program.graph.TopologicalOrder()) {
    if (needed.contains(node) && IsAffineLayer(*node, dependents)) affine = node;
  }
  if (affine == nullptr) return std::nullopt;
  const auto value = std::ranges::find_if(
      affine->inputs, [&](const Output& input) { return dependents.contains(input.node); });
  const std::vector<Output> layers = LayersBetween(program, inputs, *value);
  for (std::size_t i = layers.size(); i > 0; --i) {
    const Shape row = RowShape(program, layers[i - 1]);
    if (row.rank() != 1 || row.dim(0) == 1) continue;
    return Chosen(program, layers[i - 1],
                  "the last vector before the final " + affine->op + " of '" + output_name + "'");
  }
  return std::nullopt;
}

// The output that is called "embedding".
std::optional<ChosenLayer> EmbeddingOutput(const Program& program, const ExplainOptions& options) {
  constexpr char kName[] = "embedding";
  std::vector<std::string> names = {kName};
  if (options.metadata) {
    for (const OutputMetadata& output : options.metadata->outputs) {
      if (output.name == kName) names.push_back(output.output_tensor_name);
    }
  }
  for (const Port& port : program.outputs) {
    const bool named = std::ranges::find(names, port.name) != names.end() ||
                       std::ranges::find(names, port.tensor.name()) != names.end();
    if (named && IsFloating(port.dtype)) {
      return Chosen(program, port.tensor, "the output '" + port.name + "'");
    }
  }
  return std::nullopt;
}

// Between the inputs and any output.
std::vector<Output> AllLayers(const Program& program) {
  const std::vector<Output> inputs = TensorsOf(program, AllInputs(program));
  std::vector<Output> layers;
  for (const Port& output : program.outputs) {
    for (const Output& layer : LayersBetween(program, inputs, output.tensor)) {
      if (std::ranges::find(layers, layer) == layers.end()) layers.push_back(layer);
    }
  }
  return layers;
}

}  // namespace

Result<ChosenLayer> ChooseMaps(const Program& program, Output score, const ExplainOptions& options,
                               Explained& explained) {
  const Graph& graph = program.graph;
  const std::vector<Output> layers =
      LayersBetween(program, TensorsOf(program, explained.inputs), score);
  std::vector<Output> maps;
  for (const Output& layer : layers) {
    if (IsMaps(MapsShape(program, layer), IsChannelsFirst(graph, layer))) maps.push_back(layer);
  }
  std::optional<ChosenLayer> chosen;
  if (!options.layer.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(const Output found, FindLayer(program, options.layer, layers, maps));
    const Shape row = MapsShape(program, found);
    if (row.has_rank() && row.rank() != 3) {
      return InvalidArgument(
          "--layer " + options.layer + ": expected a tensor with height, width and channels, got " +
          found.name() + " of " + row.ToString() + " a row" + ListLayers(program, maps));
    }
    WHYLIGHT_ASSIGN_OR_RETURN(const bool reached, IsReached(graph, score, found));
    if (!reached) {
      return FailedPrecondition("--layer " + options.layer +
                                ": no gradient of the output reaches it" +
                                ListLayers(program, maps));
    }
    chosen = Chosen(program, found, "--layer");
  }
  for (std::size_t i = maps.size(); i > 0 && !chosen; --i) {
    WHYLIGHT_ASSIGN_OR_RETURN(const bool reached, IsReached(graph, score, maps[i - 1]));
    if (reached) chosen = Chosen(program, maps[i - 1], "the last with height and width");
  }
  if (!chosen) {
    return FailedPrecondition(
        "grad-cam: between the picture and the output is no tensor with height and width that a "
        "gradient reaches, as convolutions make; --method xrai needs none");
  }
  chosen->is.channels_first = IsChannelsFirst(graph, chosen->tensor);
  KeepInputsOf(program, chosen->tensor, explained);
  return *std::move(chosen);
}

Result<ChosenLayer> ChooseEmbedding(const Program& program, const ExplainOptions& options) {
  const std::vector<Output> layers = AllLayers(program);
  std::vector<Output> vectors;
  for (const Output& layer : layers) {
    if (RowShape(program, layer).rank() == 1) vectors.push_back(layer);
  }
  if (!options.layer.empty()) {
    for (const ProgramInput& input : program.inputs) {
      if (input.port.name == options.layer && IsFloating(input.port.dtype)) {
        return Chosen(program, input.port.tensor, "--layer");
      }
    }
    WHYLIGHT_ASSIGN_OR_RETURN(const Output found,
                              FindLayer(program, options.layer, layers, vectors));
    return Chosen(program, found, "--layer");
  }
  if (std::optional<ChosenLayer> output = EmbeddingOutput(program, options)) {
    return *std::move(output);
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const ChosenOutput output, ChooseOutput(program, options));
  std::optional<ChosenLayer> vector =
      VectorBehind(program, program.outputs[output.index].tensor, output.name);
  if (vector) return *std::move(vector);
  return InvalidArgument("examples: no output is called embedding, and '" + output.name +
                         "' has no vector before a final affine layer; name one by --layer" +
                         ListLayers(program, vectors.empty() ? layers : vectors));
}

bool HasEmbedding(const Program& program) {
  const auto has_axes = [&](const Output& layer) {
    const Shape row = RowShape(program, layer);
    return !row.has_rank() || row.rank() > 0;
  };
  return std::ranges::any_of(
             program.inputs,
             [](const ProgramInput& input) { return IsFloating(input.port.dtype); }) ||
         std::ranges::any_of(AllLayers(program), has_axes);
}

std::vector<MethodSetting> DescribeLayer(const ExplainedLayer& layer) {
  return {
      {.name = "layer",
       .json = WriteJson(layer.name),
       .text = "layer " + layer.name + " " + layer.shape.ToString() + " (" + layer.reason + ")"},
      {.name = "layerReason", .json = WriteJson(layer.reason), .text = ""}};
}

}  // namespace whylight

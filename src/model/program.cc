#include "model/program.h"

#include <algorithm>
#include <map>
#include <set>

#include "graph/builder.h"
#include "graph/passes/effects.h"
#include "graph/passes/functionalize_control_flow.h"
#include "graph/passes/hoist_reads.h"
#include "graph/passes/inline_calls.h"
#include "graph/passes/prune.h"
#include "graph/passes/tensor_arrays_to_lists.h"
#include "model/custom_gradients.h"

namespace whylight {
namespace {

constexpr char kScope[] = "whylight/feature/";

Result<Port> FindPort(const Graph& graph, const std::string& name, const TensorInfo& info) {
  if (info.kind != TensorInfo::Kind::kDense) {
    return Unimplemented("'" + name + "' is " +
                         (info.kind == TensorInfo::Kind::kSparse ? "sparse" : "a composite") +
                         "; only dense tensors can be fed and fetched");
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const Output tensor, graph.FindOutput(info.tensor));
  return Port{.name = name, .tensor = tensor, .dtype = info.dtype, .shape = info.shape};
}

Result<std::vector<Port>> FindPorts(const Graph& graph, const std::string& place,
                                    const std::map<std::string, TensorInfo>& infos) {
  std::vector<Port> ports;
  for (const auto& [name, info] : infos) {
    Result<Port> port = FindPort(graph, name, info);
    if (!port.ok()) return port.status().In(place);
    ports.push_back(*std::move(port));
  }
  return ports;
}

// Letters, digits and "_.-" as they are: the rest would not be a node name.
std::string NodeNameOf(const std::string& name) {
  std::string safe = kScope;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    safe += plain ? c : '_';
  }
  return safe;
}

// The rows of the model: from the inputs' first axes, and the outputs' where those are fixed.
RowLayout LayoutOf(const std::vector<Port>& inputs, const std::vector<Port>& outputs) {
  std::optional<std::int64_t> fixed;
  for (const Port& input : inputs) {
    const Shape& shape = input.shape;
    if (!shape.has_rank()) return {};
    if (shape.rank() == 0) return {.kind = RowLayout::Kind::kNone};
    if (shape.dim(0) < 0) return {};
    if (fixed && *fixed != shape.dim(0)) return {.kind = RowLayout::Kind::kNone};
    fixed = shape.dim(0);
  }
  if (!fixed) return {};
  for (const Port& output : outputs) {
    const Shape& shape = output.shape;
    if (!shape.has_rank()) continue;
    if (shape.rank() == 0 || (shape.dim(0) >= 0 && shape.dim(0) != *fixed)) {
      return {.kind = RowLayout::Kind::kNone};
    }
  }
  return {.kind = RowLayout::Kind::kFixed, .size = static_cast<int>(*fixed)};
}

// Puts a placeholder behind the feature's tensor: whatever read the tensor reads it instead.
Result<ProgramInput> CutAt(Graph& graph, const NamedTensor& feature, std::vector<Port>& outputs) {
  WHYLIGHT_ASSIGN_OR_RETURN(const Output tensor, graph.FindOutput(feature.tensor));
  WHYLIGHT_ASSIGN_OR_RETURN(const DType dtype, graph.OutputType(tensor));
  Node* node = graph.Add(graph.UniqueName(NodeNameOf(feature.name)), "Placeholder");
  node->attrs["dtype"] = dtype;
  node->attrs["shape"] = Shape::UnknownRank();
  const Output cut{node, 0};
  graph.ReplaceUses(tensor, cut);
  for (Port& output : outputs) {
    if (output.tensor == tensor) output.tensor = cut;
  }
  Port port{.name = feature.name, .tensor = cut, .dtype = dtype, .shape = Shape::UnknownRank()};
  return ProgramInput{.port = std::move(port), .source = tensor, .tensor = tensor.name()};
}

// Where a signature's input is fed: in TF1 it may be any tensor of the graph, also one that
// something computes.
Result<Port> Fed(Graph& graph, const Port& input, std::vector<Port>& outputs) {
  const Node& node = *input.tensor.node;
  if (node.inputs.empty() || node.Is("PlaceholderWithDefault")) return input;
  WHYLIGHT_ASSIGN_OR_RETURN(
      const ProgramInput cut,
      CutAt(graph, {.name = input.name, .tensor = input.tensor.name()}, outputs));
  Port port = input;
  port.tensor = cut.port.tensor;
  return port;
}

// A dense stand-in for a sparse tensor: `source` computes it, and whatever comes behind the parts
// reads parts that are made of the placeholder.
Status CutSparse(Graph& graph, const NamedTensor& feature, std::vector<Port>& outputs,
                 std::vector<ProgramInput>& cuts) {
  struct Parts {
    Output values, indices, dense_shape;
    DType dtype = DType::kInvalid;
  };
  const auto find = [&](const std::string& values, const std::string& indices,
                        const std::string& dense_shape) -> Result<Parts> {
    Parts parts;
    WHYLIGHT_ASSIGN_OR_RETURN(parts.values, graph.FindOutput(values));
    WHYLIGHT_ASSIGN_OR_RETURN(parts.indices, graph.FindOutput(indices));
    WHYLIGHT_ASSIGN_OR_RETURN(parts.dense_shape, graph.FindOutput(dense_shape));
    WHYLIGHT_ASSIGN_OR_RETURN(parts.dtype, graph.OutputType(parts.values));
    return parts;
  };
  std::vector<std::pair<std::string, Parts>> tensors;  // The weights, if any, behind the values.
  WHYLIGHT_ASSIGN_OR_RETURN(Parts of_values,
                            find(feature.tensor, feature.indices, feature.dense_shape));
  tensors.emplace_back(feature.name, of_values);
  if (!feature.weight_values.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(Parts of_weights, find(feature.weight_values, feature.weight_indices,
                                                     feature.weight_dense_shape));
    tensors.emplace_back(feature.name + " weights", of_weights);
  }
  // What the parts themselves come from keeps reading the request.
  std::vector<Output> roots;
  for (const auto& [name, parts] : tensors) {
    roots.insert(roots.end(), {parts.values, parts.indices, parts.dense_shape});
  }
  const std::set<const Node*> before = graph.Ancestors(roots);
  const auto replace = [&](Output from, Output to) {
    for (const std::unique_ptr<Node>& node : graph.nodes()) {
      if (!before.contains(node.get())) std::ranges::replace(node->inputs, from, to);
    }
    for (Port& output : outputs) {
      if (output.tensor == from) output.tensor = to;
    }
  };
  GraphBuilder b(graph, NodeNameOf(feature.name));
  std::vector<Output> fed;
  for (const auto& [name, parts] : tensors) {
    fed.push_back(
        b.Op("Placeholder", {}, {{"dtype", parts.dtype}, {"shape", Shape::UnknownRank()}}));
  }
  const Output absent = b.Const(AbsentValue(of_values.dtype));
  const Output present = b.Op("Where", {b.NotEqual(fed[0], absent)});
  const Output sizes = b.Op("Shape", {fed[0]}, {{"out_type", DType::kInt64}});
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Output kept = b.Op("GatherNd", {fed[i], present});
    WHYLIGHT_RETURN_IF_ERROR(b.status());
    replace(tensors[i].second.values, kept);
    replace(tensors[i].second.indices, present);
    replace(tensors[i].second.dense_shape, sizes);
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {  // Behind the replacing: these read the parts.
    const auto& [name, parts] = tensors[i];
    const Output source =
        b.Op("SparseToDense",
             {parts.indices, parts.dense_shape, parts.values, b.Const(AbsentValue(parts.dtype))},
             {{"validate_indices", false}});
    WHYLIGHT_RETURN_IF_ERROR(b.status());
    cuts.push_back({.port = {.name = name, .tensor = fed[i], .dtype = parts.dtype},
                    .source = source,
                    .tensor = parts.values.name()});
  }
  return OkStatus();
}

std::vector<Output> TensorsOf(const std::vector<Port>& ports) {
  std::vector<Output> tensors;
  for (const Port& port : ports) tensors.push_back(port.tensor);
  return tensors;
}

Status RunPass(Pass& pass, Program& program) {
  return RunOnProgram(program, [&](Graph& graph, PassContext& context) {
    return pass.Run(graph, context).status();
  });
}

// Nodes inside a TF1 loop: behind an Enter and not yet behind an Exit.
std::set<const Node*> LoopNodes(const std::vector<Node*>& order) {
  std::set<const Node*> inside;
  for (const Node* node : order) {
    bool in = node->Is("Enter") || node->Is("RefEnter");
    const auto entered = [&](const Node* from) {
      return inside.contains(from) && !from->Is("Exit") && !from->Is("RefExit");
    };
    for (const Output& input : node->inputs) in = in || entered(input.node);
    for (const Node* input : node->control_inputs) in = in || entered(input);
    if (in) inside.insert(node);
  }
  return inside;
}

// A float that carries no values: a TensorArray's flow, the exit of a loop over one.
bool IsPlumbing(const Node& node) {
  return node.Is("Exit") || node.Is("RefExit") || node.Is("TensorArrayV3") ||
         node.Is("TensorArrayWriteV3") || node.Is("TensorArrayScatterV3") ||
         node.Is("TensorArraySplitV3") || node.Is("Merge") || node.Is("Switch");
}

std::vector<std::string> StringsOf(const Output& output) {
  const auto* value = output.node->Attr<TensorBytes>("value");
  if (value == nullptr) return {};
  const Result<Tensor> tensor = DecodeTensor(*value);
  if (!tensor.ok() || !tensor->is_string()) return {};
  return {tensor->strings().begin(), tensor->strings().end()};
}

// The tf.Example keys of ParseExample's and ParseExampleV2's outputs, sparse and dense: by output
// argument, the input that holds the keys, or the first of as many.
struct ExampleKeys {
  const char* op;
  const char* outputs;
  const char* keys;
};
constexpr ExampleKeys kExampleKeys[] = {
    {"ParseExampleV2", "dense_values", "dense_keys"},
    {"ParseExampleV2", "sparse_indices", "sparse_keys"},
    {"ParseExampleV2", "sparse_values", "sparse_keys"},
    {"ParseExampleV2", "sparse_shapes", "sparse_keys"},
    {"ParseExampleV2", "ragged_values", "ragged_keys"},
    {"ParseExampleV2", "ragged_row_splits", "ragged_keys"},
    {"ParseExample", "dense_values", "dense_keys"},
    {"ParseExample", "sparse_indices", "sparse_keys"},
    {"ParseExample", "sparse_values", "sparse_keys"},
    {"ParseExample", "sparse_shapes", "sparse_keys"},
};

// Where the inputs of an argument begin, for nodes whose lists are counted by N-attributes.
std::optional<std::size_t> FirstInput(const OpDef& op, const Node& node,
                                      std::string_view argument) {
  std::size_t first = 0;
  for (const ArgDef& input : op.inputs) {
    if (input.name == argument) return first;
    std::int64_t count = 1;
    if (!input.number_attr.empty()) count = node.AttrOr<std::int64_t>(input.number_attr, 0);
    if (!input.type_list_attr.empty()) {
      const auto* types = node.Attr<std::vector<DType>>(input.type_list_attr);
      count = types == nullptr ? 0 : static_cast<std::int64_t>(types->size());
    }
    first += static_cast<std::size_t>(std::max<std::int64_t>(0, count));
  }
  return std::nullopt;
}

std::optional<std::string> ExampleKey(const Graph& graph, const Output& output) {
  const Node& node = *output.node;
  const OpDef* op = graph.registry().Find(node.op);
  if (op == nullptr) return std::nullopt;
  for (const ExampleKeys& row : kExampleKeys) {
    if (!node.Is(row.op)) continue;
    const Result<OpRegistry::Slots> slots = graph.registry().OutputSlots(node, row.outputs);
    if (!slots.ok()) continue;
    const int index = output.index - slots->first;
    if (index < 0 || index >= slots->count) continue;
    const std::optional<std::size_t> first = FirstInput(*op, node, row.keys);
    const bool one_input = node.Is("ParseExampleV2");  // A vector of keys, not a list of scalars.
    const std::size_t at = first.value_or(0) + (one_input ? 0 : static_cast<std::size_t>(index));
    if (!first || at >= node.inputs.size()) continue;
    const std::vector<std::string> keys = StringsOf(node.inputs[at]);
    const std::size_t key = one_input ? static_cast<std::size_t>(index) : 0;
    if (key < keys.size()) return keys[key];
  }
  return std::nullopt;
}

// Tensors of these have an entry for each value and not for each row.
bool LeavesRows(const Graph& graph, const Output& output) {
  static const std::set<std::string_view> kOps = {
      "StringSplit",  "StringSplitV2", "UnicodeDecode",     "UnicodeDecodeWithOffsets",
      "Where",        "Unique",        "UniqueV2",          "RaggedTensorToSparse",
      "StringNGrams", "RaggedRange",   "RaggedGather",      "SparseFillEmptyRows",
      "SparseCross",  "SparseCrossV2", "SparseCrossHashed", "DeserializeSparse",
      "SparseSlice",  "SparseConcat",  "DecodeProtoV2"};
  const Node& node = *output.node;
  if (kOps.contains(node.op)) return true;
  if (!node.op.starts_with("ParseExample")) return false;
  const Result<OpRegistry::Slots> dense = graph.registry().OutputSlots(node, "dense_values");
  return dense.ok() && (output.index < dense->first || output.index >= dense->first + dense->count);
}

// And these gather the values of a row again; DenseBincount counts them, in the lengths of a ragged
// tensor's rows.
bool ReturnsToRows(const Node& node) {
  return node.op.starts_with("SparseSegment") || node.op.starts_with("SegmentS") ||
         node.op.starts_with("SegmentM") || node.op.starts_with("UnsortedSegment") ||
         node.Is("SparseToDense") || node.Is("SparseTensorDenseMatMul") ||
         node.Is("SparseReduceSum") || node.Is("SparseReduceMax") ||
         node.Is("RaggedTensorToTensor") || node.Is("ScatterNd") || node.Is("DenseBincount");
}

}  // namespace

Tensor AbsentValue(DType dtype) {
  Tensor value(dtype, {});
  if (IsInteger(dtype)) value.SetNumber(0, -1);
  return value;
}

Status RunOnProgram(Program& program,
                    const std::function<Status(Graph& graph, PassContext& context)>& run) {
  std::vector<Output> outputs = TensorsOf(program.outputs);
  for (const ProgramInput& input : program.inputs) {
    if (input.source) outputs.push_back(*input.source);
    outputs.push_back(input.port.tensor);
  }
  for (const Port& port : program.request) outputs.push_back(port.tensor);
  std::vector<Output> inputs;
  for (const ProgramInput& input : program.inputs) inputs.push_back(input.port.tensor);
  for (const Port& port : program.request) inputs.push_back(port.tensor);
  std::vector<Node*> targets;
  PassContext context{.outputs = &outputs, .inputs = &inputs, .targets = &targets};
  WHYLIGHT_RETURN_IF_ERROR(run(program.graph, context));
  std::size_t next = 0;
  for (Port& port : program.outputs) port.tensor = outputs[next++];
  for (ProgramInput& input : program.inputs) {
    if (input.source) input.source = outputs[next++];
    ++next;
  }
  return OkStatus();
}

std::vector<NamedTensor> FindFloatFeatures(const Graph& graph, const std::vector<Output>& inputs,
                                           const std::vector<Output>& outputs) {
  // What a tensor comes from (inputs, or keys of a parsed tf.Example), whether a float lies on
  // the way, and whether it still has an entry for each row.
  struct Reach {
    std::set<std::string> origins;
    bool behind_float = false;
    bool has_rows = true;
  };
  struct Found {
    Output tensor;
    std::set<std::string> origins;
  };
  std::map<Output, Reach> reached;
  std::vector<Found> found;
  const std::set<const Node*> needed = graph.Ancestors(outputs);
  const std::vector<Node*> order = graph.TopologicalOrder();
  const std::set<const Node*> loops = LoopNodes(order);
  for (const Output& input : inputs) reached[input].origins.insert(input.node->name);
  for (Node* node : order) {
    if (!needed.contains(node)) continue;
    Reach reach;
    for (const Output& input : node->inputs) {
      const auto before = reached.find(input);
      if (before == reached.end()) continue;
      reach.origins.insert(before->second.origins.begin(), before->second.origins.end());
      reach.behind_float = reach.behind_float || before->second.behind_float;
      reach.has_rows = reach.has_rows && before->second.has_rows;
    }
    if (reach.origins.empty()) continue;
    if (ReturnsToRows(*node)) reach.has_rows = true;
    const Result<std::vector<DType>> types = graph.registry().OutputTypes(*node);
    if (!types.ok()) continue;
    for (std::size_t i = 0; i < types->size(); ++i) {
      const Output tensor{node, static_cast<int>(i)};
      Reach& out = reached[tensor];
      out = reach;
      if (const std::optional<std::string> key = ExampleKey(graph, tensor)) out.origins = {*key};
      if (LeavesRows(graph, tensor)) out.has_rows = false;
      if (out.behind_float || !out.has_rows || !IsFloating((*types)[i])) continue;
      if (loops.contains(node) || IsPlumbing(*node)) continue;
      found.push_back({tensor, out.origins});
      out.behind_float = true;
    }
  }
  // Only those that something needed reads.
  const UseMap uses(graph);
  std::erase_if(found, [&](const Found& feature) {
    return std::ranges::none_of(
               uses.Of(feature.tensor),
               [&](const UseMap::Use& use) { return needed.contains(use.node); }) &&
           std::ranges::find(outputs, feature.tensor) == outputs.end();
  });
  // Named by what they come from where that is one thing, and theirs alone.
  std::map<std::string, int> count;
  for (const Found& feature : found) {
    if (feature.origins.size() == 1) ++count[*feature.origins.begin()];
  }
  std::vector<NamedTensor> features;
  for (const Found& feature : found) {
    const std::string& origin = *feature.origins.begin();
    const bool own = feature.origins.size() == 1 && count[origin] == 1;
    features.push_back(
        {.name = own ? origin : feature.tensor.node->name, .tensor = feature.tensor.name()});
  }
  return features;
}

std::optional<ParsedColumn> FindParsedColumn(const Graph& graph, std::string_view key) {
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    if (!node->op.starts_with("ParseExample")) continue;
    ParsedColumn column;
    const std::pair<const char*, Output*> parts[] = {{"sparse_indices", &column.indices},
                                                     {"sparse_values", &column.values},
                                                     {"sparse_shapes", &column.dense_shape}};
    for (const auto& [argument, part] : parts) {
      const Result<OpRegistry::Slots> slots = graph.registry().OutputSlots(*node, argument);
      for (int i = 0; slots.ok() && i < slots->count; ++i) {
        const Output output{node.get(), slots->first + i};
        if (ExampleKey(graph, output) == key) *part = output;
      }
    }
    if (column.values.node == nullptr) continue;
    const Result<DType> dtype = graph.OutputType(column.values);
    if (dtype.ok()) column.dtype = *dtype;
    return column;
  }
  return std::nullopt;
}

std::optional<Output> LogitsBehind(const Graph& graph, Output output) {
  (void)graph;
  for (int hops = 0; hops < 16; ++hops) {
    const Node& node = *output.node;
    if (node.inputs.empty()) return std::nullopt;
    if (node.Is("Softmax") || node.Is("Sigmoid")) return node.inputs[0];
    if (!node.Is("Identity") && !node.Is("Reshape") && !node.Is("EnsureShape")) {
      return std::nullopt;
    }
    output = node.inputs[0];
  }
  return std::nullopt;
}

Result<Program> BuildProgram(const Model& model, const ProgramSpec& spec) {
  WHYLIGHT_CHECK(spec.signature != nullptr);
  WHYLIGHT_ASSIGN_OR_RETURN(Graph graph, model.ImportWholeGraph());
  Program program{.graph = std::move(graph)};
  Graph& g = program.graph;
  WHYLIGHT_ASSIGN_OR_RETURN(program.lost_gradients, AttachSavedGradients(model, g));
  const std::string place = "signature '" + spec.signature->key + "'";
  WHYLIGHT_ASSIGN_OR_RETURN(program.outputs, FindPorts(g, place, spec.signature->outputs));
  for (const NamedTensor& output : spec.outputs) {
    Result<Output> tensor = g.FindOutput(output.tensor);
    if (!tensor.ok()) return tensor.status().In("output '" + output.name + "'");
    WHYLIGHT_ASSIGN_OR_RETURN(const DType dtype, g.OutputType(*tensor));
    program.outputs.push_back({.name = output.name, .tensor = *tensor, .dtype = dtype});
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Port> model_inputs,
                            FindPorts(g, place, spec.signature->inputs));
  if (spec.preprocess != nullptr) {
    const std::string pre_place = "signature '" + spec.preprocess->key + "'";
    WHYLIGHT_ASSIGN_OR_RETURN(program.request, FindPorts(g, pre_place, spec.preprocess->inputs));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Port> prepared,
                              FindPorts(g, pre_place, spec.preprocess->outputs));
    for (const Port& input : model_inputs) {
      const auto source = std::ranges::find(prepared, input.name, &Port::name);
      if (source == prepared.end()) {
        return InvalidArgument(place + ": input '" + input.name + "' is not an output of '" +
                               spec.preprocess->key + "'");
      }
      // In TF1 an input of the request may be passed on as it is.
      const bool passed =
          source->tensor == input.tensor &&
          std::ranges::find(program.request, input.tensor, &Port::tensor) != program.request.end();
      WHYLIGHT_ASSIGN_OR_RETURN(const Port port, Fed(g, input, program.outputs));
      program.inputs.push_back(
          {.port = port, .source = passed ? std::nullopt : std::optional(source->tensor)});
    }
  } else {
    for (const Port& input : model_inputs) {
      WHYLIGHT_ASSIGN_OR_RETURN(const Port port, Fed(g, input, program.outputs));
      program.request.push_back(port);
      program.inputs.push_back({.port = port, .source = std::nullopt});
    }
  }
  program.layout = spec.without_rows ? RowLayout{.kind = RowLayout::Kind::kNone}
                                     : LayoutOf(model_inputs, program.outputs);
  program.request_layout =
      spec.preprocess == nullptr ? program.layout : LayoutOf(program.request, model_inputs);

  std::vector<NamedTensor> features = spec.features;
  const bool has_float = std::ranges::any_of(
      program.inputs, [](const ProgramInput& input) { return IsFloating(input.port.dtype); });
  InlineCalls inline_calls;
  WHYLIGHT_RETURN_IF_ERROR(RunPass(inline_calls, program));
  if (features.empty() && spec.search_float_features && !has_float) {
    std::vector<Output> inputs;
    for (const ProgramInput& input : program.inputs) inputs.push_back(input.port.tensor);
    features = FindFloatFeatures(g, inputs, TensorsOf(program.outputs));
  }
  if (!features.empty()) {
    std::vector<ProgramInput> cuts;
    for (const NamedTensor& feature : features) {
      if (!feature.indices.empty()) {
        const Status cut = CutSparse(g, feature, program.outputs, cuts);
        if (!cut.ok()) return cut.In("feature '" + feature.name + "'");
        continue;
      }
      // A feature that is an input of the signature already needs no cut.
      const auto same = std::ranges::find_if(program.inputs, [&](const ProgramInput& input) {
        return input.port.name == feature.tensor || input.port.tensor.name() == feature.tensor ||
               input.port.tensor.node->name == feature.tensor;
      });
      if (same != program.inputs.end()) {
        ProgramInput input = *same;
        input.port.name = feature.name;
        cuts.push_back(std::move(input));
        continue;
      }
      Result<ProgramInput> cut = CutAt(g, feature, program.outputs);
      if (!cut.ok()) return cut.status().In("feature '" + feature.name + "'");
      cuts.push_back(*std::move(cut));
    }
    // Inputs of the signature that some output still needs are held at the instance's value.
    const std::set<const Node*> needed = g.Ancestors(TensorsOf(program.outputs));
    for (const ProgramInput& cut : cuts) {
      if (needed.contains(cut.port.tensor.node)) continue;
      return InvalidArgument("feature '" + cut.port.name + "': no output of " + place +
                             " depends on its tensor");
    }
    for (ProgramInput& input : program.inputs) {
      const bool taken = std::ranges::any_of(
          cuts, [&](const ProgramInput& cut) { return cut.port.tensor == input.port.tensor; });
      if (!taken && needed.contains(input.port.tensor.node)) cuts.push_back(std::move(input));
    }
    program.inputs = std::move(cuts);
  }
  Prune prune;
  WHYLIGHT_RETURN_IF_ERROR(RunPass(prune, program));
  if (HasControlFlow(program.graph)) {
    // Before anybody asks which gradients there are: TF1's loops and branches have none as they
    // are.
    HoistReads hoist_reads;
    TensorArraysToLists tensor_arrays_to_lists;
    FunctionalizeControlFlow functionalize_control_flow;
    WHYLIGHT_RETURN_IF_ERROR(RunPass(hoist_reads, program));
    WHYLIGHT_RETURN_IF_ERROR(RunPass(tensor_arrays_to_lists, program));
    WHYLIGHT_RETURN_IF_ERROR(RunPass(functionalize_control_flow, program));
    WHYLIGHT_RETURN_IF_ERROR(RunPass(prune, program));
  }
  return program;
}

}  // namespace whylight

#include "rewrite/signature_graph.h"

#include <algorithm>
#include <map>
#include <set>

#include "graph/passes/effects.h"
#include "graph/passes/inline_calls.h"
#include "util/edit_distance.h"
#include "util/quote.h"
#include "util/strings.h"

namespace whylight {
namespace {

Status NotOneCall(const SignatureDef& signature) {
  return Unimplemented("signature " + Quote(signature.key) +
                       ": expected outputs of one call of a function, as tf.saved_model.save "
                       "writes them");
}

Status CheckDense(const std::string& key, const TensorInfo& info) {
  if (info.kind == TensorInfo::Kind::kDense) return OkStatus();
  return Unimplemented(Quote(key) + " is " +
                       (info.kind == TensorInfo::Kind::kSparse ? "sparse" : "a composite") +
                       ": only signatures of dense tensors can be cut");
}

Port PortOf(const std::string& name, const TensorInfo& info, Output tensor) {
  return {.name = name, .tensor = tensor, .dtype = info.dtype, .shape = info.shape};
}

Result<std::vector<Port>> FindPorts(const Graph& graph,
                                    const std::map<std::string, TensorInfo>& infos) {
  std::vector<Port> ports;
  for (const auto& [name, info] : infos) {
    WHYLIGHT_RETURN_IF_ERROR(CheckDense(name, info));
    WHYLIGHT_ASSIGN_OR_RETURN(const Output tensor, graph.FindOutput(info.tensor));
    ports.push_back(PortOf(name, info, tensor));
  }
  return ports;
}

// The node whose outputs are the signature's, a call.
Result<Node*> FindCall(const Graph& graph, const SignatureDef& signature) {
  Node* call = nullptr;
  for (const auto& [name, info] : signature.outputs) {
    WHYLIGHT_RETURN_IF_ERROR(CheckDense(name, info));
    WHYLIGHT_ASSIGN_OR_RETURN(const Output tensor, graph.FindOutput(info.tensor));
    if (call != nullptr && tensor.node != call) return NotOneCall(signature);
    call = tensor.node;
  }
  if (call == nullptr || CalledFunction(*call) == nullptr) return NotOneCall(signature);
  return call;
}

// Makes `opened.graph` the body of what `opened.call` calls.
Status OpenFunction(const Model& model, const SignatureDef& signature, SignatureGraph& opened) {
  const Node& call = *opened.call;
  const std::string& name = CalledFunction(call)->name;
  const FunctionDef* function = opened.main.library.Find(name);
  if (function == nullptr) return NotFound("there is no function " + Quote(name));
  WHYLIGHT_ASSIGN_OR_RETURN(FunctionBody body, ImportFunction(*function, model.registry()));
  const auto bound = model.meta().objects.bound_inputs.find(name);
  const std::vector<int> ids =
      bound == model.meta().objects.bound_inputs.end() ? std::vector<int>() : bound->second;
  if (body.args.size() != call.inputs.size() || ids.size() > call.inputs.size()) {
    return DataLoss("function " + Quote(name) + " takes " + std::to_string(body.args.size()) +
                    " arguments, of which " + std::to_string(ids.size()) +
                    " are captured; its call gives " + std::to_string(call.inputs.size()));
  }
  const std::size_t first = call.inputs.size() - ids.size();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    opened.captures.push_back(
        {.argument = body.args[first + i], .bound = call.inputs[first + i], .object = ids[i]});
  }
  for (const auto& [key, info] : signature.inputs) {
    WHYLIGHT_RETURN_IF_ERROR(CheckDense(key, info));
    WHYLIGHT_ASSIGN_OR_RETURN(const Output fed, opened.main.FindOutput(info.tensor));
    const auto given = std::ranges::find(call.inputs, fed);
    if (given == call.inputs.end()) return NotOneCall(signature);
    Node* const argument = body.args[static_cast<std::size_t>(given - call.inputs.begin())];
    opened.inputs.push_back(PortOf(key, info, {argument, 0}));
  }
  body.graph.library = opened.main.library;
  PassContext context{.outputs = &body.results};
  InlineCalls inline_calls;
  WHYLIGHT_RETURN_IF_ERROR(inline_calls.Run(body.graph, context).status());
  for (const auto& [key, info] : signature.outputs) {
    WHYLIGHT_ASSIGN_OR_RETURN(const Output result, opened.main.FindOutput(info.tensor));
    const auto index = static_cast<std::size_t>(result.index);
    if (index >= body.results.size()) return NotOneCall(signature);
    opened.outputs.push_back(PortOf(key, info, body.results[index]));
  }
  opened.graph = std::move(body.graph);
  return OkStatus();
}

bool IsIn(const std::vector<Port>& ports, Output tensor) {
  return std::ranges::find(ports, tensor, &Port::tensor) != ports.end();
}

// Nodes that a sum of the outputs would need, by data edges alone, not past an input.
std::set<const Node*> NeededByData(const std::vector<Port>& inputs,
                                   const std::vector<Port>& outputs) {
  std::set<const Node*> needed;
  std::vector<Output> waiting;
  for (const Port& output : outputs) waiting.push_back(output.tensor);
  while (!waiting.empty()) {
    const Output tensor = waiting.back();
    waiting.pop_back();
    if (IsIn(inputs, tensor) || !needed.insert(tensor.node).second) continue;
    waiting.insert(waiting.end(), tensor.node->inputs.begin(), tensor.node->inputs.end());
  }
  return needed;
}

// All tensors that `tensor` is computed from.
std::set<Output> ReadFor(Output tensor) {
  std::set<Output> read;
  std::vector<Output> waiting = tensor.node->inputs;
  while (!waiting.empty()) {
    const Output input = waiting.back();
    waiting.pop_back();
    if (!read.insert(input).second) continue;
    waiting.insert(waiting.end(), input.node->inputs.begin(), input.node->inputs.end());
  }
  return read;
}

// Nodes that lie behind an input of the signature that is not among `inputs`: they are in the part
// that is left out.
std::set<const Node*> LeftOut(const SignatureGraph& graph, const std::vector<Port>& inputs) {
  std::set<const Node*> left_out;
  for (const Port& input : graph.inputs) {
    if (!IsIn(inputs, input.tensor)) left_out.insert(input.tensor.node);
  }
  for (const Node* node : graph.graph.TopologicalOrder()) {
    const bool behind = std::ranges::any_of(node->inputs, [&](Output input) {
      return !IsIn(inputs, input) && left_out.contains(input.node);
    });
    if (behind) left_out.insert(node);
  }
  return left_out;
}

// Drops control edges to nodes that are left out, and to those that do nothing but compute what
// nobody here needs: auto control dependencies tie every read of a variable to every result.
void TrimControlEdges(Graph& graph, const std::set<const Node*>& left_out,
                      const std::set<const Node*>& needed) {
  std::set<const Node*> effects;  // Nodes with an effect, or that wait for one.
  for (const Node* node : graph.TopologicalOrder()) {
    if (left_out.contains(node)) continue;
    const auto is_effect = [&](const Node* other) { return effects.contains(other); };
    if (HasEffect(graph, *node) || std::ranges::any_of(node->control_inputs, is_effect) ||
        std::ranges::any_of(node->inputs, is_effect, [](Output input) { return input.node; })) {
      effects.insert(node);
    }
  }
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    std::erase_if(node->control_inputs, [&](const Node* control) {
      return left_out.contains(control) ||
             (!needed.contains(control) && !effects.contains(control));
    });
  }
}

// A new argument in the place of `input`, or the argument that it is already.
Node* ArgumentFor(Graph& graph, const Port& input) {
  if (input.tensor.node->Is("_Arg")) return input.tensor.node;
  Node* const argument = graph.Add(graph.UniqueName(input.name), "_Arg");
  argument->attrs["T"] = input.dtype;
  argument->attrs["_output_shapes"] = std::vector<Shape>{input.shape};
  argument->attrs["_user_specified_name"] = input.name;
  graph.ReplaceUses(input.tensor, {argument, 0});
  return argument;
}

// An argument that is returned as it came.
Output Passed(Graph& graph, const Port& port) {
  Node* const identity = graph.Add(graph.UniqueName(port.name + "_passed"), "Identity");
  identity->attrs["T"] = port.dtype;
  identity->inputs = {port.tensor};
  return {identity, 0};
}

std::string ListNames(const std::vector<Port>& ports) {
  std::string text;
  for (const Port& port : ports) text += (text.empty() ? "" : ", ") + Quote(port.name);
  return text;
}

}  // namespace

Result<SignatureGraph> OpenSignatureGraph(const Model& model, const SignatureDef& signature) {
  const std::string place = "signature " + Quote(signature.key);
  WHYLIGHT_ASSIGN_OR_RETURN(Graph graph, ImportGraph(model.meta().graph_def, model.registry()));
  SignatureGraph opened;
  if (model.meta().is_tf2()) {
    opened.main = std::move(graph);
    WHYLIGHT_ASSIGN_OR_RETURN(opened.call, FindCall(opened.main, signature));
    WHYLIGHT_RETURN_IF_ERROR(OpenFunction(model, signature, opened).In(place));
    return opened;
  }
  opened.graph = std::move(graph);
  Result<std::vector<Port>> inputs = FindPorts(opened.graph, signature.inputs);
  if (!inputs.ok()) return inputs.status().In(place);
  Result<std::vector<Port>> outputs = FindPorts(opened.graph, signature.outputs);
  if (!outputs.ok()) return outputs.status().In(place);
  opened.inputs = *std::move(inputs);
  opened.outputs = *std::move(outputs);
  return opened;
}

std::string TensorName(const SignatureGraph& graph, Output tensor) {
  for (const Port& input : graph.inputs) {
    if (input.tensor == tensor) return input.name;
  }
  return (graph.call == nullptr ? "" : graph.call->name + "/") + tensor.name();
}

Result<Output> FindTensor(const SignatureGraph& graph, std::string_view name) {
  for (const std::vector<Port>* ports : {&graph.inputs, &graph.outputs}) {
    const auto port = std::ranges::find(*ports, name, &Port::name);
    if (port != ports->end()) return port->tensor;
  }
  std::string_view inner = name;
  if (graph.call != nullptr && inner.starts_with(graph.call->name + "/")) {
    inner.remove_prefix(graph.call->name.size() + 1);
  }
  Result<Output> exact = graph.graph.FindOutput(inner);
  if (exact.ok()) return exact;

  const std::string end = "/" + std::string(inner.substr(0, inner.rfind(':')));
  std::vector<std::string> found;
  for (const std::unique_ptr<Node>& node : graph.graph.nodes()) {
    if (node->name.ends_with(end)) found.push_back(node->name);
  }
  if (found.size() == 1) {
    return graph.graph.FindOutput(
        found[0] + std::string(inner.substr(std::min(inner.size(), end.size() - 1))));
  }
  const std::string place = "tensor " + Quote(name);
  if (found.empty()) return exact.status().In(place);
  constexpr std::size_t kShown = 5;
  const std::size_t count = found.size();
  found.resize(std::min(count, kShown));
  return InvalidArgument(place + ": expected the name of one tensor, found " +
                         std::to_string(count) + " that end so: " + Join(found, ", "));
}

Shape RecordedShape(Output tensor) {
  const auto* shapes = tensor.node->Attr<std::vector<Shape>>("_output_shapes");
  const auto index = static_cast<std::size_t>(tensor.index);
  if (shapes != nullptr && index < shapes->size()) return (*shapes)[index];
  if (tensor.node->Is("Placeholder")) {
    return tensor.node->AttrOr<Shape>("shape", Shape::UnknownRank());
  }
  return Shape::UnknownRank();
}

Status CheckCut(const SignatureGraph& graph, const std::vector<Port>& inputs,
                const std::vector<Port>& outputs) {
  for (const Port& output : outputs) {
    const std::set<const Node*> needed = NeededByData(inputs, {output});
    for (const Port& input : graph.inputs) {
      if (!needed.contains(input.tensor.node) || IsIn(inputs, input.tensor)) continue;
      return InvalidArgument("output " + Quote(output.name) + " still needs the input " +
                             Quote(input.name) + " beside " + ListNames(inputs) +
                             ": name further tensors behind " + Quote(input.name) +
                             ", or the input itself, so that all ways to the output are cut");
    }
  }
  for (const Port& input : inputs) {
    std::vector<Port> others = inputs;
    std::erase_if(others, [&](const Port& other) { return other.tensor == input.tensor; });
    const bool used = NeededByData(others, outputs).contains(input.tensor.node);
    const bool returned = IsIn(outputs, input.tensor);
    if (used || returned) continue;
    return InvalidArgument("input " + Quote(input.name) + ": no output (" + ListNames(outputs) +
                           ") depends on its tensor once the others are given");
  }
  return OkStatus();
}

Status CheckApart(const SignatureGraph& graph, const std::vector<Port>& tensors) {
  for (const Port& tensor : tensors) {
    const std::set<Output> before = ReadFor(tensor.tensor);
    for (const Port& other : tensors) {
      if (IsIn(graph.inputs, other.tensor) || !before.contains(other.tensor)) continue;
      return InvalidArgument("tensor " + Quote(tensor.tensor.name()) + " comes from " +
                             Quote(other.tensor.name()) + ", which is named too: name one of them");
    }
  }
  return OkStatus();
}

Result<FunctionPart> CutOut(SignatureGraph& opened, std::vector<Port> inputs,
                            std::vector<Port> outputs) {
  WHYLIGHT_CHECK(opened.call != nullptr);
  std::ranges::sort(inputs, {}, &Port::name);
  std::ranges::sort(outputs, {}, &Port::name);
  Graph& graph = opened.graph;
  TrimControlEdges(graph, LeftOut(opened, inputs), NeededByData(inputs, outputs));
  FunctionPart part{.body = {.name = {}, .graph = Graph(graph.registry())}};
  for (Port& input : inputs) {
    const Output fed{ArgumentFor(graph, input), 0};
    for (Port& output : outputs) {
      if (output.tensor == input.tensor) output.tensor = fed;
    }
    input.tensor = fed;
    part.body.args.push_back(fed.node);
  }
  for (Port& output : outputs) {
    if (output.tensor.node->Is("_Arg")) output.tensor = Passed(graph, output);
    part.body.results.push_back(output.tensor);
  }
  const std::set<const Node*> kept = graph.Ancestors(part.body.results);
  for (const SignatureGraph::Capture& capture : opened.captures) {
    if (!kept.contains(capture.argument)) continue;
    part.captures.push_back(capture);
    part.body.args.push_back(capture.argument);
  }
  const std::set<const Node*> args(part.body.args.begin(), part.body.args.end());
  graph.RemoveIf([&](const Node& node) { return !kept.contains(&node) && !args.contains(&node); });
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    node->attrs.erase("_class");  // Wishes to be near nodes that may be gone.
  }
  part.body.graph = std::move(graph);
  part.inputs = std::move(inputs);
  part.outputs = std::move(outputs);
  return part;
}

}  // namespace whylight

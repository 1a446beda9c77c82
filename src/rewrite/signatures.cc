#include "rewrite/signatures.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "graph/export.h"
#include "model/choose.h"
#include "model/keys.h"
#include "rewrite/signature_graph.h"
#include "savedmodel/call_function.h"
#include "util/edit_distance.h"
#include "util/quote.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct Assignment {
  std::string left, right;
};

// "NAME=TENSOR"; without a = the left is empty. No node's name holds one.
Assignment SplitAssignment(const std::string& text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string::npos) return {.left = "", .right = text};
  return {.left = text.substr(0, sign), .right = text.substr(sign + 1)};
}

// What can be a Python argument, as the inputs of a signature are.
bool IsName(std::string_view text) {
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
         std::ranges::all_of(text, is_word);
}

// "dense" of "model/dense/BiasAdd:0" is no better than "biasadd": the last part it is.
std::string DefaultName(const Output& tensor) {
  const std::string& node = tensor.node->name;
  std::string name;
  for (const char c : node.substr(node.rfind('/') + 1)) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '_';
  }
  return IsName(name) ? name : "tensor_" + name;
}

std::vector<std::string> NamesOf(const std::vector<Port>& ports) {
  std::vector<std::string> names;
  for (const Port& port : ports) names.push_back(port.name);
  return names;
}

class Planner {
 public:
  Planner(const Model& model, const SignatureChanges& changes)
      : model_(model), changes_(changes), keys_(ServingKeys(model.meta())) {}

  Result<SignaturePlan> Run() {
    WHYLIGHT_RETURN_IF_ERROR(CheckOptions());
    WHYLIGHT_RETURN_IF_ERROR(Drop());
    WHYLIGHT_RETURN_IF_ERROR(Rename());
    WHYLIGHT_RETURN_IF_ERROR(RenamePorts());
    if (!changes_.xai_model.empty()) WHYLIGHT_RETURN_IF_ERROR(Alias());
    if (splits()) WHYLIGHT_RETURN_IF_ERROR(Split());
    WHYLIGHT_RETURN_IF_ERROR(CheckKeys());
    return std::move(plan_);
  }

 private:
  bool splits() const {
    return !changes_.model_inputs.empty() || !changes_.model_outputs.empty() ||
           !changes_.preprocess_until.empty();
  }

  Status CheckOptions() const {
    if (!splits() && changes_.xai_model.empty() && changes_.drop.empty() &&
        changes_.rename.empty()) {
      return InvalidArgument(
          "nothing to change: expected --xai-model, --xai-model-inputs, --xai-model-outputs, "
          "--xai-preprocess-until, --rename or --drop (whylight inspect MODEL --split proposes "
          "tensors)");
    }
    if (splits() && !changes_.xai_model.empty()) {
      return InvalidArgument("--xai-model " + changes_.xai_model +
                             " takes a signature as it is: give it, or the tensors of a new one");
    }
    if (!splits() && !changes_.signature.empty()) {
      return InvalidArgument("--signature " + changes_.signature +
                             " says what is cut: give the tensors too, or --xai-model " +
                             changes_.signature);
    }
    return OkStatus();
  }

  Result<const SignatureDef*> Find(const std::string& key) const {
    if (std::ranges::count(keys_, key) > 0) return &model_.meta().signatures.at(key);
    return NotFound("signature " + Quote(key) + ": expected one of " + Join(keys_, ", ") +
                    DidYouMean(key, keys_));
  }

  Status Drop() {
    for (const std::string& key : changes_.drop) {
      Result<const SignatureDef*> found = Find(key);
      if (!found.ok()) return found.status().In("--drop");
      plan_.edit.drop.push_back(key);
    }
    return OkStatus();
  }

  static bool NamesPort(const std::string& left) { return left.find(':') != std::string::npos; }

  Status Rename() {
    for (const std::string& text : changes_.rename) {
      const auto [key, name] = SplitAssignment(text);
      if (key.empty() || name.empty()) {
        return InvalidArgument("--rename " + text + ": expected KEY=NEW or KEY:NAME=NEW");
      }
      if (NamesPort(key)) continue;
      Result<const SignatureDef*> found = Find(key);
      if (!found.ok()) return found.status().In("--rename " + text);
      plan_.edit.rename[key] = name;
    }
    return OkStatus();
  }

  // Other names of inputs and outputs: the signature is made anew under its key.
  Status RenamePorts() {
    std::map<std::string, std::map<std::string, std::string>> by_key;
    for (const std::string& text : changes_.rename) {
      const auto [left, name] = SplitAssignment(text);
      if (!NamesPort(left)) continue;
      const std::size_t sign = left.find(':');
      const std::string place = "--rename " + text;
      if (!IsName(name)) return NotAName(name).In(place);
      Result<const SignatureDef*> found = Find(left.substr(0, sign));
      if (!found.ok()) return found.status().In(place);
      const SignatureDef& signature = **found;
      const std::string port = left.substr(sign + 1);
      if (!signature.inputs.contains(port) && !signature.outputs.contains(port)) {
        std::vector<std::string> names;
        for (const auto& [input, info] : signature.inputs) names.push_back(input);
        for (const auto& [output, info] : signature.outputs) names.push_back(output);
        return NotFound(place + ": expected an input or output of " + Quote(signature.key) + " (" +
                        Join(names, ", ") + ")" + DidYouMean(port, names));
      }
      by_key[signature.key][port] = name;
    }
    for (const auto& [key, names] : by_key) {
      WHYLIGHT_ASSIGN_OR_RETURN(SignatureGraph opened,
                                OpenSignatureGraph(model_, model_.meta().signatures.at(key)));
      std::vector<Port> inputs = opened.inputs, outputs = opened.outputs;
      for (std::vector<Port>* ports : {&inputs, &outputs}) {
        for (Port& port : *ports) {
          if (const auto name = names.find(port.name); name != names.end()) {
            port.name = name->second;
          }
        }
        WHYLIGHT_RETURN_IF_ERROR(CheckNames(*ports).In("signature " + Quote(key)));
      }
      plan_.edit.drop.push_back(key);
      const auto renamed = plan_.edit.rename.find(key);
      const std::string now = renamed == plan_.edit.rename.end() ? key : renamed->second;
      WHYLIGHT_RETURN_IF_ERROR(Add(std::move(opened), now, std::move(inputs), std::move(outputs)));
    }
    return OkStatus();
  }

  Status Alias() {
    Result<const SignatureDef*> found = Find(changes_.xai_model);
    if (!found.ok()) return found.status().In("--xai-model");
    plan_.edit.add.push_back({.key = kModelKey,
                              .same_as = changes_.xai_model,
                              .signature = {},
                              .function = {},
                              .bound_inputs = {}});
    plan_.added.push_back(**found);
    plan_.added.back().key = kModelKey;
    return OkStatus();
  }

  Result<const SignatureDef*> Source() const {
    if (!changes_.signature.empty()) {
      Result<const SignatureDef*> found = Find(changes_.signature);
      return found.ok() ? found : found.status().In("--signature");
    }
    Result<const SignatureDef*> found = ChoosePredictSignature(model_.meta(), "");
    if (found.ok()) return found;
    return InvalidArgument(found.status().message() + "; --signature KEY says which one is cut");
  }

  // Whoever takes parts of a ragged or sparse tensor has no rows, and xai_preprocess would.
  Status CheckRows(const SignatureDef& source) const {
    if (changes_.preprocess_until.empty()) return OkStatus();
    const std::vector<CompositeInput> composites =
        CompositeInputs(CallGraph(model_.meta().graph_def), model_.meta(), source);
    if (composites.empty()) return OkStatus();
    return InvalidArgument("signature " + Quote(source.key) + ": inputs " +
                           Join(composites.front().keys, ", ") + " are parts of one argument (" +
                           composites.front().type +
                           "), of which no row can be cut: --xai-model-inputs TENSOR lets "
                           "requests begin behind them");
  }

  Status Split() {
    WHYLIGHT_ASSIGN_OR_RETURN(const SignatureDef* source, Source());
    WHYLIGHT_RETURN_IF_ERROR(CheckRows(*source));
    WHYLIGHT_ASSIGN_OR_RETURN(SignatureGraph opened, OpenSignatureGraph(model_, *source));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Port> outputs, ModelOutputs(opened));
    WHYLIGHT_ASSIGN_OR_RETURN(
        std::vector<Port> until,
        ModelInputs(opened, changes_.preprocess_until, "--xai-preprocess-until"));
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Port> inputs,
                              ModelInputs(opened, changes_.model_inputs, "--xai-model-inputs"));
    if (inputs.empty()) inputs = until.empty() ? opened.inputs : until;
    if (!until.empty()) WHYLIGHT_RETURN_IF_ERROR(Match(until, inputs));
    WHYLIGHT_RETURN_IF_ERROR(CheckCut(opened, inputs, outputs).In(kModelKey));
    // In a session's graph both parts are made of the same nodes: none may be in both.
    if (opened.call == nullptr) WHYLIGHT_RETURN_IF_ERROR(CheckApart(opened, until));
    if (!until.empty()) {
      WHYLIGHT_ASSIGN_OR_RETURN(SignatureGraph again, OpenSignatureGraph(model_, *source));
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        WHYLIGHT_ASSIGN_OR_RETURN(until[i].tensor,
                                  FindTensor(again, TensorName(opened, inputs[i].tensor)));
        until[i].name = inputs[i].name;
      }
      std::vector<Port> request = again.inputs;
      WHYLIGHT_RETURN_IF_ERROR(
          Add(std::move(again), kPreprocessKey, std::move(request), std::move(until)));
    }
    return Add(std::move(opened), kModelKey, std::move(inputs), outputs);
  }

  // Both lists were given: one split, whose names are those of the model's inputs.
  static Status Match(std::vector<Port>& until, const std::vector<Port>& inputs) {
    std::vector<Port> ordered;
    for (const Port& input : inputs) {
      const auto same = std::ranges::find(until, input.tensor, &Port::tensor);
      if (same == until.end() || inputs.size() != until.size()) {
        return InvalidArgument(
            "--xai-model-inputs and --xai-preprocess-until must name the same tensors: what one "
            "returns the other takes");
      }
      ordered.push_back(*same);
    }
    until = std::move(ordered);
    return OkStatus();
  }

  static Status NotAName(const std::string& name) {
    return InvalidArgument("expected a name of letters, digits and _, found " + Quote(name));
  }

  static Status CheckNames(const std::vector<Port>& ports) {
    std::set<std::string> seen;
    for (const Port& port : ports) {
      if (!IsName(port.name)) return NotAName(port.name);
      if (!seen.insert(port.name).second) {
        return InvalidArgument("two tensors would be called " + Quote(port.name) +
                               ": write NAME=TENSOR");
      }
    }
    return OkStatus();
  }

  // The tensors of an option, with their names, types and shapes.
  static Result<std::vector<Port>> Ports(const SignatureGraph& opened,
                                         const std::vector<std::string>& texts,
                                         const std::string& option) {
    std::vector<Port> ports;
    for (const std::string& text : texts) {
      const auto [name, tensor_name] = SplitAssignment(text);
      Result<Output> tensor = FindTensor(opened, tensor_name);
      if (!tensor.ok()) return tensor.status().In(option);
      Port port{.name = name, .tensor = *tensor};
      for (const std::vector<Port>* known : {&opened.inputs, &opened.outputs}) {
        const auto same = std::ranges::find(*known, *tensor, &Port::tensor);
        if (same == known->end()) continue;
        port = *same;
        if (!name.empty()) port.name = name;
      }
      if (port.dtype == DType::kInvalid) {
        WHYLIGHT_ASSIGN_OR_RETURN(port.dtype, opened.graph.OutputType(*tensor));
        port.shape = RecordedShape(*tensor);
      }
      if (port.name.empty()) port.name = DefaultName(*tensor);
      ports.push_back(std::move(port));
    }
    WHYLIGHT_RETURN_IF_ERROR(CheckNames(ports).In(option));
    return ports;
  }

  static Result<std::vector<Port>> ModelInputs(const SignatureGraph& opened,
                                               const std::vector<std::string>& texts,
                                               const std::string& option) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Port> ports, Ports(opened, texts, option));
    for (const Port& port : ports) {
      const bool own =
          std::ranges::find(opened.inputs, port.tensor, &Port::tensor) != opened.inputs.end();
      if (own || IsFloating(port.dtype)) continue;
      return InvalidArgument(option + ": tensor " + Quote(TensorName(opened, port.tensor)) +
                             " is " + DTypeName(port.dtype) +
                             ", to which nothing can be attributed by gradients: name a "
                             "floating-point tensor behind it");
    }
    return ports;
  }

  Result<std::vector<Port>> ModelOutputs(const SignatureGraph& opened) const {
    const std::string option = "--xai-model-outputs";
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Port> ports,
                              Ports(opened, changes_.model_outputs, option));
    if (ports.empty()) ports = opened.outputs;
    const bool given = !changes_.model_outputs.empty();
    if (!given) std::erase_if(ports, [](const Port& port) { return !IsFloating(port.dtype); });
    if (std::ranges::any_of(ports, [](const Port& port) { return IsFloating(port.dtype); })) {
      return ports;
    }
    return InvalidArgument(option +
                           ": expected a floating-point tensor among the outputs (scores, logits), "
                           "found none in " +
                           Join(NamesOf(given ? ports : opened.outputs), ", "));
  }

  Status Add(SignatureGraph opened, const std::string& key, std::vector<Port> inputs,
             std::vector<Port> outputs) {
    SignatureDef signature{
        .key = key, .method_name = "tensorflow/serving/predict", .inputs = {}, .outputs = {}};
    NewSignature added{
        .key = key, .same_as = {}, .signature = {}, .function = {}, .bound_inputs = {}};
    if (opened.call == nullptr) {
      Describe(inputs, signature.inputs);
      Describe(outputs, signature.outputs);
    } else {
      WHYLIGHT_RETURN_IF_ERROR(
          AddFunction(opened, std::move(inputs), std::move(outputs), signature, added));
    }
    added.signature = signature;
    plan_.added.push_back(std::move(signature));
    plan_.edit.add.push_back(std::move(added));
    return OkStatus();
  }

  static void Describe(const std::vector<Port>& ports, std::map<std::string, TensorInfo>& infos) {
    for (const Port& port : ports) {
      infos[port.name] = {
          .tensor = port.tensor.name(), .dtype = port.dtype, .shape = port.shape, .components = {}};
    }
  }

  // A function of the part, and its call in the main graph from placeholders of its own.
  Status AddFunction(SignatureGraph& opened, std::vector<Port> inputs, std::vector<Port> outputs,
                     SignatureDef& signature, NewSignature& added) {
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionPart part,
                              CutOut(opened, std::move(inputs), std::move(outputs)));
    Graph& main = opened.main;
    part.body.name = UniqueFunction(main.library, signature.key);
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionDef function, ExportFunction(part.body));
    plan_.edit.functions.push_back(std::move(function.bytes));
    added.function = part.body.name;
    for (const SignatureGraph::Capture& capture : part.captures) {
      added.bound_inputs.push_back(capture.object);
    }

    std::set<const Node*> nodes;
    std::vector<Output> given;
    for (Port& input : part.inputs) {
      input.tensor = {AddPlaceholder(main, signature.key, input), 0};
      nodes.insert(input.tensor.node);
      given.push_back(input.tensor);
    }
    for (const SignatureGraph::Capture& capture : part.captures) given.push_back(capture.bound);
    Node* const call = AddCall(main, *opened.call, part, std::move(given));
    nodes.insert(call);
    for (std::size_t i = 0; i < part.outputs.size(); ++i) {
      part.outputs[i].tensor = {call, static_cast<int>(i)};
    }
    Describe(part.inputs, signature.inputs);
    Describe(part.outputs, signature.outputs);
    for (const Node* node : nodes) taken_nodes_.insert(node->name);
    WHYLIGHT_ASSIGN_OR_RETURN(ExportedGraph exported, ExportGraph(main, {.only = &nodes}));
    plan_.edit.graphs.push_back(std::move(exported.graph_def));
    return OkStatus();
  }

  std::string UniqueNode(const Graph& main, const std::string& wish) const {
    std::string name = main.UniqueName(wish);
    for (int i = 1; taken_nodes_.contains(name); ++i) {
      name = main.UniqueName(wish + "_" + std::to_string(i));
    }
    return name;
  }

  // TensorFlow's own names end in a number.
  std::string UniqueFunction(const FunctionLibrary& library, const std::string& key) {
    std::string name;
    do {
      name = "__inference_signature_wrapper_" + key + "_" + std::to_string(next_function_++);
    } while (library.Find(name) != nullptr);
    return name;
  }

  Node* AddPlaceholder(Graph& main, const std::string& key, const Port& input) const {
    Node* const node = main.Add(UniqueNode(main, key + "_" + input.name), "Placeholder");
    node->attrs["dtype"] = input.dtype;
    node->attrs["shape"] = input.shape;
    node->attrs["_output_shapes"] = std::vector<Shape>{input.shape};
    return node;
  }

  Node* AddCall(Graph& main, const Node& source, const FunctionPart& part,
                std::vector<Output> given) const {
    Node* const call = main.Add(UniqueNode(main, "StatefulPartitionedCall"), source.op);
    call->device = source.device;
    call->attrs = source.attrs;
    std::vector<DType> taken, returned;
    std::vector<Shape> shapes;
    for (const Port& input : part.inputs) taken.push_back(input.dtype);
    for (const SignatureGraph::Capture& capture : part.captures) {
      taken.push_back(capture.argument->AttrOr<DType>("T", DType::kInvalid));
    }
    for (const Port& output : part.outputs) {
      returned.push_back(output.dtype);
      shapes.push_back(output.shape);
    }
    call->attrs["f"] = FunctionRef{.name = part.body.name, .attrs = {}};
    call->attrs["Tin"] = std::move(taken);
    call->attrs["Tout"] = std::move(returned);
    call->attrs["_output_shapes"] = std::move(shapes);
    call->attrs["_read_only_resource_inputs"] = ReadOnlyInputs(source, part, given);
    call->inputs = std::move(given);
    return call;
  }

  // Which of the captured inputs the source's call only reads.
  static std::vector<std::int64_t> ReadOnlyInputs(const Node& source, const FunctionPart& part,
                                                  const std::vector<Output>& given) {
    std::vector<std::int64_t> read_only;
    const auto* of_source = source.Attr<std::vector<std::int64_t>>("_read_only_resource_inputs");
    if (of_source == nullptr) return read_only;
    for (std::size_t i = part.inputs.size(); i < given.size(); ++i) {
      const auto at = std::ranges::find(source.inputs, given[i]) - source.inputs.begin();
      if (std::ranges::count(*of_source, at) > 0) read_only.push_back(static_cast<std::int64_t>(i));
    }
    return read_only;
  }

  // Every key once, and at least one.
  Status CheckKeys() const {
    std::set<std::string> after;
    const auto take = [&](const std::string& key) {
      if (after.insert(key).second) return OkStatus();
      return InvalidArgument("the model has a signature " + Quote(key) + " already: --drop " + key +
                             " or --rename " + key + "=NEW makes room");
    };
    std::size_t serving = 0;
    for (const auto& [key, signature] : model_.meta().signatures) {
      if (std::ranges::count(plan_.edit.drop, key) > 0) continue;
      const auto renamed = plan_.edit.rename.find(key);
      WHYLIGHT_RETURN_IF_ERROR(take(renamed == plan_.edit.rename.end() ? key : renamed->second));
      if (std::ranges::count(keys_, key) > 0) ++serving;
    }
    for (const NewSignature& added : plan_.edit.add) {
      WHYLIGHT_RETURN_IF_ERROR(take(added.key));
      ++serving;
    }
    if (serving > 0) return OkStatus();
    return InvalidArgument("no signature would be left: keep one of " + Join(keys_, ", "));
  }

  const Model& model_;
  const SignatureChanges& changes_;
  const std::vector<std::string> keys_;
  std::set<std::string> taken_nodes_;  // Of the new nodes.
  std::size_t next_function_ = 0;
  SignaturePlan plan_;
};

}  // namespace

Result<SignaturePlan> PlanSignatures(const Model& model, const SignatureChanges& changes) {
  return Planner(model, changes).Run();
}

}  // namespace whylight

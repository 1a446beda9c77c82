#include "graph/passes/inline_calls.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>

#include "graph/attr_proto.h"
#include "graph/import.h"
#include "graph/passes/effects.h"
#include "util/wire.h"

namespace whylight {
namespace {

std::string Quote(std::string_view name) { return "'" + std::string(name) + "'"; }

// The functions that an inlined node came through, innermost first.
struct Chain {
  std::string function;
  std::shared_ptr<const Chain> outer;
  bool has_control_flow = false;  // TF1's, in this body or around it.
};

std::string ChainText(const Chain* chain, const std::string& last) {
  std::string text = Quote(last);
  for (; chain != nullptr; chain = chain->outer.get())
    text = Quote(chain->function) + " -> " + text;
  return text;
}

// The name of the function's attribute that `value` stands for, in a polymorphic body.
std::optional<std::string> PlaceholderName(const AttrValue& value) {
  const auto* raw = std::get_if<RawAttr>(&value);
  if (raw == nullptr) return std::nullopt;
  protozero::pbf_reader message = wire::Reader(raw->bytes);
  if (!wire::NextBytes(message, 9)) return std::nullopt;
  return message.get_string();
}

// Depth of functions within functions that are searched for effects.
constexpr int kMaxEffectDepth = 100;

// What is done at the end for the users of one call.
struct Inlined {
  std::vector<Output> results;
  std::vector<Node*> done;    // Whoever waits for the call waits for these.
  Node* done_node = nullptr;  // A NoOp that does so; made when somebody asks.
};

// Why and how a result is passed through a node of its own.
struct GateOptions {
  std::vector<Node*> waits;  // Effects that the result does not need itself.
  bool is_fed = false;       // Not the same tensor as the one inside the body.
  DType type = DType::kInvalid;
};

class Inliner {
 public:
  Inliner(Graph& graph, PassContext& context, const InlineCallsOptions& options)
      : graph_(graph),
        context_(context),
        options_(options),
        has_control_flow_(HasControlFlow(graph)) {}

  Result<bool> Run() {
    // Inlined nodes are appended, and looked at in their turn.
    for (std::size_t i = 0; i < graph_.size(); ++i) {
      Node* const node = graph_.nodes()[i].get();
      WHYLIGHT_ASSIGN_OR_RETURN(const FunctionDef* const function, Callee(*node));
      if (function == nullptr) continue;
      const Status status = Inline(node, *function);
      if (!status.ok()) return status.In(node->op + " " + Quote(node->name));
    }
    if (inlined_.empty()) return false;
    WHYLIGHT_RETURN_IF_ERROR(RewireUsers());
    WHYLIGHT_RETURN_IF_ERROR(RewireContext());
    graph_.RemoveIf([this](const Node& node) { return inlined_.contains(&node); });
    return true;
  }

 private:
  // The function that `node` calls; nullptr if it is no call that this pass inlines.
  Result<const FunctionDef*> Callee(const Node& node) const {
    std::string_view name;
    if (node.Is("PartitionedCall") || node.Is("StatefulPartitionedCall")) {
      const auto* ref = node.Attr<FunctionRef>("f");
      if (ref == nullptr) {
        return InvalidArgument(node.op + " " + Quote(node.name) + " does not name its function");
      }
      name = ref->name;
    } else if (graph_.registry().Find(node.op) == nullptr) {
      name = node.op;
    } else {
      return nullptr;
    }
    const FunctionDef* const function = graph_.library.Find(name);
    if (function == nullptr && name != node.op) {
      return InvalidArgument(node.op + " " + Quote(node.name) + " calls the function " +
                             Quote(name) + ", which is not in the graph's library");
    }
    return function;
  }

  Status Inline(Node* call, const FunctionDef& function) {
    const auto found = chains_.find(call);
    const std::shared_ptr<const Chain> outer = found == chains_.end() ? nullptr : found->second;
    const bool in_control_flow = outer == nullptr ? has_control_flow_ : outer->has_control_flow;
    for (const Chain* link = outer.get(); link != nullptr; link = link->outer.get()) {
      if (link->function == function.name) {
        return Unimplemented("the function " + Quote(function.name) +
                             " calls itself: " + ChainText(outer.get(), function.name));
      }
    }
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionBody body, ImportFunction(function, BodyRegistry()));
    if (body.args.size() != call->inputs.size()) {
      return InvalidArgument("the function " + Quote(function.name) + " takes " +
                             std::to_string(body.args.size()) + " arguments, the call gives " +
                             std::to_string(call->inputs.size()));
    }
    if (graph_.size() + body.graph.size() > options_.max_nodes) {
      return ResourceExhausted("with all calls inlined the graph has more than " +
                               std::to_string(options_.max_nodes) + " nodes");
    }
    WHYLIGHT_RETURN_IF_ERROR(BindAttrs(*call, body));

    // All that is asked of the body, before its attributes move into the graph.
    const std::vector<Node*> start = StartOf(call, in_control_flow);
    std::vector<Node*> waiting;
    if (!start.empty()) waiting = FirstToWait(body.graph, in_control_flow);
    const std::vector<Node*> effects = Effects(body.graph);
    std::vector<GateOptions> gates;
    for (std::size_t i = 0; i < body.results.size(); ++i) {
      GateOptions gate{.waits = Unneeded(body.graph, body.results[i], effects)};
      gate.is_fed = IsFed({call, static_cast<int>(i)});
      if (!gate.waits.empty() || gate.is_fed || in_control_flow) {
        WHYLIGHT_ASSIGN_OR_RETURN(gate.type, body.graph.OutputType(body.results[i]));
      }
      gates.push_back(std::move(gate));
    }

    const auto chain = std::make_shared<const Chain>(
        Chain{function.name, outer, in_control_flow || HasControlFlow(body.graph)});
    const std::unordered_map<const Node*, Output> arguments = Arguments(*call, body);
    const std::unordered_map<const Node*, Node*> copies = Copy(call, body, chain);
    Connect(body, arguments, copies);
    for (const Node* const node : waiting) {
      auto& controls = copies.at(node)->control_inputs;
      controls.insert(controls.end(), start.begin(), start.end());
    }

    Inlined& inlined = inlined_[call];
    std::unordered_set<const Node*> done;
    const auto add_done = [&](Node* node) {
      if (done.insert(node).second) inlined.done.push_back(node);
    };
    for (Node* const node : call->control_inputs) add_done(node);
    for (const Node* const node : effects) add_done(copies.at(node));
    for (const Node* const node : body.control_results) {
      const auto argument = arguments.find(node);
      add_done(argument != arguments.end() ? argument->second.node : copies.at(node));
    }
    for (std::size_t i = 0; i < body.results.size(); ++i) {
      const auto argument = arguments.find(body.results[i].node);
      Output result = argument != arguments.end()
                          ? argument->second
                          : Output{copies.at(body.results[i].node), body.results[i].index};
      for (Node*& node : gates[i].waits) node = copies.at(node);
      if (in_control_flow) {
        gates[i].waits.insert(gates[i].waits.end(), start.begin(), start.end());
      }
      if (!gates[i].waits.empty() || gates[i].is_fed) {
        result = Gate(*call, result, std::move(gates[i]));
      }
      inlined.results.push_back(result);
      add_done(result.node);
    }
    return OkStatus();
  }

  // The definitions for a body: there the outputs of a TF1 call go by the names in its signature.
  const OpRegistry& BodyRegistry() {
    if (body_registry_ == nullptr) {
      body_registry_ = std::make_unique<OpRegistry>(graph_.registry());
      for (const auto& [name, function] : graph_.library.functions()) {
        if (graph_.registry().Find(name) != nullptr) continue;
        Result<OpDef> signature = FunctionSignature(function);
        if (signature.ok()) body_registry_->Add(*std::move(signature));
      }
    }
    return *body_registry_;
  }

  // Gives the placeholders of a polymorphic body the call's values.
  static Status BindAttrs(const Node& call, FunctionBody& body) {
    std::optional<Attrs> given;
    for (const auto& node : body.graph.nodes()) {
      for (auto& [name, value] : node->attrs) {
        const std::optional<std::string> wanted = PlaceholderName(value);
        if (!wanted) continue;
        if (!given) {
          WHYLIGHT_ASSIGN_OR_RETURN(given, CallAttrs(call));
        }
        const auto found = given->find(*wanted);
        if (found == given->end()) {
          return Unimplemented("attribute " + *wanted + " of the function " + Quote(body.name) +
                               " is not given");
        }
        value = found->second;
      }
    }
    return OkStatus();
  }

  static Result<Attrs> CallAttrs(const Node& call) {
    const auto* ref = call.Attr<FunctionRef>("f");
    if (ref == nullptr) return call.attrs;
    Attrs attrs;
    protozero::pbf_reader message = wire::Reader(ref->attrs);
    while (wire::NextBytes(message, 2)) {
      WHYLIGHT_RETURN_IF_ERROR(DecodeAttrEntry(wire::View(message), attrs));
    }
    return attrs;
  }

  // What TensorFlow runs even if nobody reads it.
  std::vector<Node*> Effects(const Graph& body) {
    std::vector<Node*> effects;
    for (const auto& node : body.nodes()) {
      if (HasEffectWithin(body, *node, 0)) effects.push_back(node.get());
    }
    return effects;
  }

  // As HasEffect, but calls, loops and branches are as their functions are: a layer that computes
  // is no reason to run all layers for one result.
  bool HasEffectWithin(const Graph& graph, const Node& node, int depth) {
    static constexpr std::string_view kTransparent[] = {"Case", "If", "PartitionedCall",
                                                        "StatefulPartitionedCall", "While"};
    if (!HasEffect(graph, node)) return false;
    const bool is_call = graph_.registry().Find(node.op) == nullptr;
    if (is_call) return FunctionHasEffect(node.op, depth);
    if (std::ranges::find(kTransparent, node.op) == std::end(kTransparent)) return true;
    for (const auto& [name, value] : node.attrs) {
      if (const auto* function = std::get_if<FunctionRef>(&value)) {
        if (FunctionHasEffect(function->name, depth)) return true;
      } else if (const auto* functions = std::get_if<std::vector<FunctionRef>>(&value)) {
        for (const FunctionRef& one : *functions) {
          if (FunctionHasEffect(one.name, depth)) return true;
        }
      }
    }
    return false;
  }

  // True where that cannot be told.
  bool FunctionHasEffect(const std::string& name, int depth) {
    if (const auto known = has_effect_.find(name); known != has_effect_.end()) return known->second;
    const FunctionDef* const function = graph_.library.Find(name);
    if (function == nullptr || depth == kMaxEffectDepth) return true;
    const Result<FunctionBody> body = ImportFunction(*function, BodyRegistry());
    if (!body.ok()) return true;
    has_effect_[name] = false;  // Of a function that reaches itself the other nodes tell.
    const bool has_effect =
        std::ranges::any_of(body->graph.nodes(), [&](const std::unique_ptr<Node>& node) {
          return HasEffectWithin(body->graph, *node, depth + 1);
        });
    return has_effect_[name] = has_effect;
  }

  static std::vector<Node*> Unneeded(const Graph& graph, Output result,
                                     const std::vector<Node*>& effects) {
    if (effects.empty()) return {};
    const std::set<const Node*> needed = graph.Ancestors({result});
    std::vector<Node*> unneeded;
    std::copy_if(effects.begin(), effects.end(), std::back_inserter(unneeded),
                 [&](const Node* node) { return !needed.contains(node); });
    return unneeded;
  }

  // What the body waits for: one node at most.
  std::vector<Node*> StartOf(const Node* call, bool in_control_flow) {
    std::vector<Node*> waits = call->control_inputs;
    if (in_control_flow) {  // A dead input kills the call, and any input tells its frame.
      for (const Output& input : call->inputs) waits.push_back(input.node);
    }
    // By name, so that the same graph gives the same bytes.
    std::ranges::sort(waits, {}, &Node::name);
    waits.erase(std::unique(waits.begin(), waits.end()), waits.end());
    if (waits.size() <= 1) return waits;
    Node* const start = graph_.Add(graph_.UniqueName(call->name + "/start"), "NoOp");
    start->device = call->device;
    start->control_inputs = std::move(waits);
    return {start};
  }

  // Nodes that must not run before the call may (with an effect, readers of state and, under TF1
  // control flow, sources), but for those that another of these precedes.
  static std::vector<Node*> FirstToWait(const Graph& body, bool in_control_flow) {
    std::unordered_set<const Node*> waiting;
    std::vector<Node*> first;
    for (Node* const node : body.TopologicalOrder()) {
      const bool is_behind =
          std::ranges::any_of(node->inputs,
                              [&](const Output& input) { return waiting.contains(input.node); }) ||
          std::ranges::any_of(node->control_inputs,
                              [&](const Node* control) { return waiting.contains(control); });
      const bool is_source = node->inputs.empty() && node->control_inputs.empty();
      const bool must_wait =
          HasEffect(body, *node) || ReadsState(body, *node) || (in_control_flow && is_source);
      if (node->Is("_Arg") || (!is_behind && !must_wait)) continue;
      waiting.insert(node);
      if (!is_behind) first.push_back(node);
    }
    return first;
  }

  static std::unordered_map<const Node*, Output> Arguments(const Node& call,
                                                           const FunctionBody& body) {
    std::unordered_map<const Node*, Output> arguments;
    for (std::size_t i = 0; i < body.args.size(); ++i) arguments[body.args[i]] = call.inputs[i];
    return arguments;
  }

  // Adds the body's nodes but its arguments, without edges.
  std::unordered_map<const Node*, Node*> Copy(const Node* call, const FunctionBody& body,
                                              const std::shared_ptr<const Chain>& chain) {
    const std::unordered_set<const Node*> args(body.args.begin(), body.args.end());
    std::unordered_map<const Node*, Node*> copies;
    for (const auto& node : body.graph.nodes()) {
      if (args.contains(node.get())) continue;
      Node* const copy = graph_.Add(graph_.UniqueName(call->name + "/" + node->name), node->op);
      copy->device = node->device.empty() ? call->device : node->device;
      copy->attrs = std::move(node->attrs);
      if (copy->Is("Enter") || copy->Is("RefEnter")) {  // The loops of two calls are two frames.
        copy->attrs["frame_name"] = call->name + "/" + copy->AttrOr<std::string>("frame_name", "");
      }
      chains_[copy] = chain;
      copies[node.get()] = copy;
    }
    for (const auto& [node, copy] : copies) RenameColocation(body.graph, copies, *copy);
    return copies;
  }

  // "loc:@name" names a node of the body: it follows that node, or goes with an argument.
  static void RenameColocation(const Graph& body,
                               const std::unordered_map<const Node*, Node*>& copies, Node& copy) {
    static constexpr std::string_view kPrefix = "loc:@";
    const auto found = copy.attrs.find("_class");
    if (found == copy.attrs.end()) return;
    auto* const groups = std::get_if<std::vector<std::string>>(&found->second);
    if (groups == nullptr) return;
    std::vector<std::string> renamed;
    for (const std::string& group : *groups) {
      if (!group.starts_with(kPrefix)) {
        renamed.push_back(group);
        continue;
      }
      const auto with = copies.find(body.Find(std::string_view(group).substr(kPrefix.size())));
      if (with != copies.end()) renamed.push_back(std::string(kPrefix) + with->second->name);
    }
    if (renamed.empty()) {
      copy.attrs.erase(found);
    } else {
      *groups = std::move(renamed);
    }
  }

  static void Connect(const FunctionBody& body,
                      const std::unordered_map<const Node*, Output>& arguments,
                      const std::unordered_map<const Node*, Node*>& copies) {
    for (const auto& node : body.graph.nodes()) {
      const auto copy = copies.find(node.get());
      if (copy == copies.end()) continue;
      for (const Output& input : node->inputs) {
        const auto argument = arguments.find(input.node);
        copy->second->inputs.push_back(argument != arguments.end()
                                           ? argument->second
                                           : Output{copies.at(input.node), input.index});
      }
      for (const Node* const control : node->control_inputs) {
        const auto argument = arguments.find(control);
        copy->second->control_inputs.push_back(argument != arguments.end() ? argument->second.node
                                                                           : copies.at(control));
      }
    }
  }

  bool IsFed(Output output) const {
    return context_.inputs != nullptr && std::find(context_.inputs->begin(), context_.inputs->end(),
                                                   output) != context_.inputs->end();
  }

  Output Gate(const Node& call, Output result, GateOptions options) {
    Node* const gate = graph_.Add(graph_.UniqueName(call.name + "/result"), "Identity");
    gate->device = call.device;
    gate->inputs = {result};
    gate->attrs["T"] = options.type;
    gate->control_inputs = std::move(options.waits);
    return {gate, 0};
  }

  // The tensor behind a chain of calls, each giving on what another returned.
  Result<Output> Resolve(Output output) const {
    for (auto call = inlined_.find(output.node); call != inlined_.end();
         call = inlined_.find(output.node)) {
      const std::vector<Output>& results = call->second.results;
      if (output.index >= static_cast<int>(results.size())) {
        return InvalidArgument("tensor " + Quote(output.name()) + ": the function returns " +
                               std::to_string(results.size()) + " tensors");
      }
      output = results[static_cast<std::size_t>(output.index)];
    }
    return output;
  }

  Node* DoneNode(Node* call) {
    Inlined& inlined = inlined_.at(call);
    if (inlined.done_node == nullptr) {
      Node* const done = graph_.Add(graph_.UniqueName(call->name + "/done"), "NoOp");
      done->device = call->device;
      done->control_inputs = inlined.done;  // Calls among them are rewired in their turn.
      inlined.done_node = done;
    }
    return inlined.done_node;
  }

  Status RewireUsers() {
    for (std::size_t i = 0; i < graph_.size(); ++i) {  // Grows with the done nodes.
      Node* const node = graph_.nodes()[i].get();
      if (inlined_.contains(node)) continue;
      for (Output& input : node->inputs) {
        Result<Output> resolved = Resolve(input);
        if (!resolved.ok()) return resolved.status().In("node " + Quote(node->name));
        input = *resolved;
      }
      std::vector<Node*> controls;
      std::unordered_set<const Node*> seen;
      for (Node* control : node->control_inputs) {
        if (inlined_.contains(control)) control = DoneNode(control);
        if (seen.insert(control).second) controls.push_back(control);
      }
      node->control_inputs = std::move(controls);
    }
    return OkStatus();
  }

  Status RewireContext() {
    for (std::vector<Output>* const outputs : {context_.outputs, context_.inputs}) {
      if (outputs == nullptr) continue;
      for (Output& output : *outputs) {
        WHYLIGHT_ASSIGN_OR_RETURN(output, Resolve(output));
      }
    }
    if (context_.targets == nullptr) return OkStatus();
    bool made = false;
    for (Node*& target : *context_.targets) {
      if (!inlined_.contains(target)) continue;
      target = DoneNode(target);
      made = true;
    }
    return made ? RewireUsers() : OkStatus();
  }

  Graph& graph_;
  PassContext& context_;
  const InlineCallsOptions& options_;
  const bool has_control_flow_;
  std::unique_ptr<OpRegistry> body_registry_;
  std::unordered_map<std::string, bool> has_effect_;  // By function.
  std::unordered_map<const Node*, std::shared_ptr<const Chain>> chains_;
  std::unordered_map<const Node*, Inlined> inlined_;
};

}  // namespace

Result<bool> InlineCalls::Run(Graph& graph, PassContext& context) {
  try {
    return Inliner(graph, context, options_).Run();
  } catch (const protozero::exception& e) {
    return DataLoss(std::string("malformed attributes of a call: ") + e.what());
  }
}

}  // namespace whylight

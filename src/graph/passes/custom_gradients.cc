#include "graph/passes/custom_gradients.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "graph/export.h"
#include "graph/import.h"
#include "graph/passes/inline_calls.h"

namespace whylight {
namespace {

constexpr std::string_view kOpType = "_gradient_op_type";
// What an attached node carries. TensorFlow ignores attributes with an underscore.
constexpr std::string_view kFunction = "_whylight_gradient";
constexpr std::string_view kInputs = "_whylight_gradient_inputs";
constexpr std::string_view kCaptures = "_whylight_gradient_captures";

// Functions within functions that are looked into: each costs some of our own stack.
constexpr int kMaxDepth = 200;

std::string Quote(std::string_view name) { return "'" + std::string(name) + "'"; }

std::string Describe(const GradientCapture& capture) {
  std::string text = "tensor " + Quote(capture.tensor);
  if (!capture.function.empty()) text += " of function " + Quote(capture.function);
  return text;
}

// How an op that calls functions hands its inputs on to them.
struct CallerKind {
  std::string_view op;
  std::vector<std::string_view> functions;  // Attributes.
  std::string_view types;                   // The attribute with the types of what is handed on.
};

const CallerKind* FindCaller(const Node& node) {
  static const std::array<CallerKind, 8> kKinds = {{
      {"Case", {"branches"}, "Tin"},
      {"If", {"then_branch", "else_branch"}, "Tin"},
      {"PartitionedCall", {"f"}, "Tin"},
      {"StatefulPartitionedCall", {"f"}, "Tin"},
      {"StatelessCase", {"branches"}, "Tin"},
      {"StatelessIf", {"then_branch", "else_branch"}, "Tin"},
      {"StatelessWhile", {"body", "cond"}, "T"},
      {"While", {"body", "cond"}, "T"},
  }};
  const auto found = std::ranges::find(kKinds, node.op, &CallerKind::op);
  return found == kKinds.end() ? nullptr : &*found;
}

// A loop hands on what its body returns.
bool ReturnsArgs(const CallerKind& kind, std::string_view attr) {
  return kind.types == "T" && attr == "body";
}

// The functions that an attribute of a node names, to read or to rename.
template <typename NodeT, typename Visit>
void VisitFunctions(NodeT& node, std::string_view attr, Visit visit) {
  const auto found = node.attrs.find(attr);
  if (found == node.attrs.end()) return;
  if (auto* const one = std::get_if<FunctionRef>(&found->second)) visit(*one);
  if (auto* const many = std::get_if<std::vector<FunctionRef>>(&found->second)) {
    for (auto& function : *many) visit(function);
  }
}

void ExtendTypes(Node& node, std::string_view attr, DType type) {
  AttrValue& value = node.attrs[std::string(attr)];
  if (!std::holds_alternative<std::vector<DType>>(value)) value = std::vector<DType>();
  std::get<std::vector<DType>>(value).push_back(type);
}

// A gradient that can be attached.
struct Prepared {
  std::string function;
  std::vector<DType> types;          // By input of the IdentityN.
  std::vector<std::int64_t> inputs;  // By result of the function.
  std::vector<GradientCapture> captures;
  std::vector<DType> capture_types;  // As the function takes them.
  std::vector<bool> is_variable;     // Whether the capture is a handle, whose value is taken.
};

// Replaces a handle by the value behind it. nullopt if something else than a read uses it;
// kInvalid if nothing does.
std::optional<DType> TakeValueInstead(FunctionBody& body, Node* arg) {
  Graph& graph = body.graph;
  std::set<const Node*> gone;
  std::vector<Node*> reads;
  std::vector<Output> handles = {{arg, 0}};
  for (std::size_t i = 0; i < handles.size(); ++i) {
    if (std::ranges::find(body.results, handles[i]) != body.results.end()) return std::nullopt;
    for (const auto& node : graph.nodes()) {
      if (std::ranges::find(node->inputs, handles[i]) == node->inputs.end()) continue;
      if (node->Is("Identity")) {
        handles.push_back({node.get(), 0});
      } else if (node->Is("ReadVariableOp")) {
        reads.push_back(node.get());
      } else {
        return std::nullopt;
      }
      gone.insert(node.get());
    }
  }
  if (reads.empty()) return DType::kInvalid;
  const DType type = reads[0]->AttrOr("dtype", DType::kInvalid);
  for (Node* const read : reads) {
    if (read->AttrOr("dtype", DType::kInvalid) != type) return std::nullopt;
    graph.ReplaceUses({read, 0}, {arg, 0});
    std::ranges::replace(body.results, Output{read, 0}, Output{arg, 0});
  }
  // Who waited for the read need not wait for a value.
  for (const auto& node : graph.nodes()) {
    std::erase_if(node->control_inputs, [&](const Node* input) { return gone.contains(input); });
  }
  std::erase_if(body.control_results, [&](const Node* node) { return gone.contains(node); });
  graph.RemoveIf([&](const Node& node) { return gone.contains(&node); });
  arg->attrs = {{"T", type}, {"index", arg->AttrOr<std::int64_t>("index", 0)}};
  return type;
}

class Attacher {
 public:
  explicit Attacher(Graph& graph) : graph_(graph) {}

  Result<std::map<std::string, std::string>> Run(std::map<std::string, CustomGradient> gradients) {
    for (auto& [op_type, gradient] : gradients) {
      Result<Prepared> prepared = Prepare(std::move(gradient));
      if (prepared.ok()) {
        gradients_[op_type] = *std::move(prepared);
      } else {
        lost_[op_type] = prepared.status().message();
      }
    }
    // What one gradient cannot have takes that gradient out, and perhaps functions' needs with it.
    do {
      changed_ = false;
      needs_.clear();
      Analyse(graph_, "");
    } while (changed_ && !gradients_.empty());
    if (!gradients_.empty()) WHYLIGHT_RETURN_IF_ERROR(Attach(graph_, "", {}));
    return std::move(lost_);
  }

 private:
  // What must be handed to a function: captures of the nodes in it and in those that it calls.
  struct Needs {
    std::map<GradientCapture, DType> captures;
    bool has_nodes = false;  // Whether there is such a node at all.
  };
  using Values = std::map<GradientCapture, Output>;

  Result<Prepared> Prepare(CustomGradient gradient) {
    const std::string place = "its gradient function " + Quote(gradient.function);
    const FunctionDef* const function = graph_.library.Find(gradient.function);
    if (function == nullptr) return NotFound(place + " is not in the model");
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionBody body, ImportFunction(*function, graph_.registry()));
    const std::size_t n = gradient.returned.size();
    if (body.args.size() != n + gradient.captures.size()) {
      return InvalidArgument(place + " takes " + std::to_string(body.args.size()) +
                             " arguments, expected " +
                             std::to_string(n + gradient.captures.size()));
    }
    Prepared prepared{.function = gradient.function};
    for (std::size_t i = 0; i < n; ++i) {
      WHYLIGHT_ASSIGN_OR_RETURN(const DType type, body.graph.OutputType({body.args[i], 0}));
      prepared.types.push_back(type);
      if (gradient.returned[i]) prepared.inputs.push_back(static_cast<std::int64_t>(i));
    }
    if (body.results.size() != prepared.inputs.size()) {
      return Unimplemented(place + " returns " + std::to_string(body.results.size()) +
                           " tensors for " + std::to_string(prepared.inputs.size()) +
                           " gradients (sparse ones?)");
    }
    for (std::size_t k = 0; k < body.results.size(); ++k) {
      WHYLIGHT_ASSIGN_OR_RETURN(const DType type, body.graph.OutputType(body.results[k]));
      if (type != prepared.types[static_cast<std::size_t>(prepared.inputs[k])]) {
        return InvalidArgument(place + " returns a gradient of another type than its tensor");
      }
    }
    WHYLIGHT_RETURN_IF_ERROR(PrepareCaptures(gradient, std::move(body), prepared).In(place));
    return prepared;
  }

  Status PrepareCaptures(const CustomGradient& gradient, FunctionBody body, Prepared& prepared) {
    const std::size_t n = gradient.returned.size();
    const auto type_of = [&](const Node* arg) { return arg->AttrOr("T", DType::kInvalid); };
    const bool has_handles =
        std::any_of(body.args.begin() + static_cast<std::ptrdiff_t>(n), body.args.end(),
                    [&](const Node* arg) { return type_of(arg) == DType::kResource; });
    if (has_handles) {
      body.graph.library = graph_.library;
      PassContext context{
          .outputs = &body.results, .inputs = nullptr, .targets = &body.control_results};
      InlineCalls inline_calls;
      WHYLIGHT_RETURN_IF_ERROR(inline_calls.Run(body.graph, context).status());
    }
    std::vector<Node*> args(body.args.begin(), body.args.begin() + static_cast<std::ptrdiff_t>(n));
    for (std::size_t i = 0; i < gradient.captures.size(); ++i) {
      Node* const arg = body.args[n + i];
      DType type = type_of(arg);
      const bool is_variable = type == DType::kResource;
      if (is_variable) {
        const std::optional<DType> value = TakeValueInstead(body, arg);
        if (!value) {
          return Unimplemented("does more with the variable " + Quote(arg->name) +
                               " than to read it");
        }
        if (*value == DType::kInvalid) {
          body.graph.RemoveIf([&](const Node& node) { return &node == arg; });
          continue;
        }
        type = *value;
      }
      args.push_back(arg);
      prepared.captures.push_back(gradient.captures[i]);
      prepared.capture_types.push_back(type);
      prepared.is_variable.push_back(is_variable);
    }
    if (!has_handles) return OkStatus();
    body.args = std::move(args);
    WHYLIGHT_ASSIGN_OR_RETURN(prepared.function,
                              AddFunction(body, gradient.function + "_of_values"));
    return OkStatus();
  }

  Result<std::string> AddFunction(FunctionBody& body, const std::string& wish) {
    body.name = wish;
    for (int i = 1; graph_.library.Find(body.name) != nullptr; ++i) {
      body.name = wish + "_" + std::to_string(i);
    }
    for (std::size_t i = 0; i < body.args.size(); ++i) {
      body.args[i]->attrs["index"] = static_cast<std::int64_t>(i);
    }
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionDef function, ExportFunction(body));
    graph_.library.Add(std::move(function));
    return body.name;
  }

  const Prepared* GradientOf(const Node& node) const {
    if (!node.Is("IdentityN")) return nullptr;
    const auto* const op_type = node.Attr<std::string>(kOpType);
    if (op_type == nullptr) return nullptr;
    const auto found = gradients_.find(*op_type);
    return found == gradients_.end() ? nullptr : &found->second;
  }

  void Lose(const std::string& op_type, const std::string& why) {
    gradients_.erase(op_type);
    lost_[op_type] = why;
    changed_ = true;
  }

  void LoseAllWith(const GradientCapture& capture, const std::string& why) {
    std::vector<std::string> losers;
    for (const auto& [op_type, gradient] : gradients_) {
      const auto& captures = gradient.captures;
      if (std::ranges::find(captures, capture) != captures.end()) losers.push_back(op_type);
    }
    for (const std::string& loser : losers) Lose(loser, why);
  }

  // Finds what `graph`, the body of `function`, must be handed, and loses what cannot be had.
  Needs Analyse(const Graph& graph, const std::string& function) {
    Needs needs;
    std::map<GradientCapture, DType> wanted;
    for (const auto& node : graph.nodes()) {
      if (const Prepared* const gradient = GradientOf(*node)) {
        const auto* const types = node->Attr<std::vector<DType>>("T");
        if (types == nullptr || *types != gradient->types) {
          Lose(node->AttrOr<std::string>(kOpType, ""),
               "its gradient function takes other tensors than IdentityN " + Quote(node->name) +
                   " has");
          continue;
        }
        needs.has_nodes = true;
        for (std::size_t i = 0; i < gradient->captures.size(); ++i) {
          wanted[gradient->captures[i]] =
              gradient->is_variable[i] ? DType::kResource : gradient->capture_types[i];
        }
      }
      const CallerKind* const kind = FindCaller(*node);
      if (kind == nullptr) continue;
      for (const std::string_view attr : kind->functions) {
        VisitFunctions(*node, attr, [&](const FunctionRef& ref) {
          const Needs inner = NeedsOf(ref.name);
          wanted.insert(inner.captures.begin(), inner.captures.end());
          needs.has_nodes = needs.has_nodes || inner.has_nodes;
        });
      }
    }
    for (const auto& [capture, type] : wanted) {
      if (capture.function != function) {
        if (function.empty()) {
          LoseAllWith(capture, "its gradient function reads " + Describe(capture) +
                                   ", which does not call it");
        }
        needs.captures.emplace(capture, type);
        continue;
      }
      const Result<Output> output = graph.FindOutput(capture.tensor);
      const Result<DType> found = output.ok() ? graph.OutputType(*output) : output.status();
      if (!found.ok()) {
        LoseAllWith(capture, "its gradient function reads a tensor that is not there: " +
                                 found.status().message());
      } else if (*found != type) {
        LoseAllWith(capture, "its gradient function reads " + Describe(capture) + " as " +
                                 DTypeName(type) + ", which is " + DTypeName(*found));
      }
    }
    return needs;
  }

  const Needs& NeedsOf(const std::string& name) {
    const auto [place, is_new] = needs_.try_emplace(name);
    // One that calls itself is refused when its calls are inlined.
    if (!is_new || depth_ == kMaxDepth) return place->second;
    const Result<FunctionBody> body = Import(name);
    if (!body.ok()) return place->second;
    ++depth_;
    Needs needs = Analyse(body->graph, name);
    --depth_;
    return needs_[name] = std::move(needs);
  }

  // As the model has it, also where an attached one has taken its place.
  Result<FunctionBody> Import(const std::string& name) const {
    const auto replaced = originals_.find(name);
    const FunctionDef* const function =
        replaced == originals_.end() ? graph_.library.Find(name) : &replaced->second;
    if (function == nullptr) return NotFound("there is no function " + Quote(name));
    return ImportFunction(*function, graph_.registry());
  }

  // Attaches the nodes of `graph`, the body of `function`, which was handed `values`.
  Status Attach(Graph& graph, const std::string& function, const Values& values) {
    const auto find = [&](const GradientCapture& capture) -> Result<Output> {
      if (capture.function == function) return graph.FindOutput(capture.tensor);
      const auto value = values.find(capture);
      if (value == values.end()) return Internal("nobody hands on " + Describe(capture));
      return value->second;
    };
    const std::size_t n = graph.size();  // Reads are added behind.
    for (std::size_t i = 0; i < n; ++i) {
      Node& node = *graph.nodes()[i];
      if (const Prepared* const gradient = GradientOf(node)) {
        WHYLIGHT_RETURN_IF_ERROR(AttachNode(graph, node, *gradient, find));
      } else if (const CallerKind* const kind = FindCaller(node)) {
        WHYLIGHT_RETURN_IF_ERROR(AttachCall(node, *kind, find));
      }
    }
    return OkStatus();
  }

  template <typename Find>
  Status AttachNode(Graph& graph, Node& node, const Prepared& gradient, Find find) {
    for (std::size_t i = 0; i < gradient.captures.size(); ++i) {
      WHYLIGHT_ASSIGN_OR_RETURN(Output value, find(gradient.captures[i]));
      const DType type = gradient.capture_types[i];
      if (gradient.is_variable[i]) {
        Node* const read = graph.Add(graph.UniqueName(node.name + "/captured"), "ReadVariableOp");
        read->inputs = {value};
        read->attrs["dtype"] = type;
        value = {read, 0};
      }
      node.inputs.push_back(value);
      ExtendTypes(node, "T", type);
    }
    node.shapes.clear();
    node.attrs.erase("_output_shapes");
    node.attrs[std::string(kFunction)] = gradient.function;
    node.attrs[std::string(kInputs)] = gradient.inputs;
    node.attrs[std::string(kCaptures)] = static_cast<std::int64_t>(gradient.captures.size());
    return OkStatus();
  }

  template <typename Find>
  Status AttachCall(Node& node, const CallerKind& kind, Find find) {
    Needs needs;
    for (const std::string_view attr : kind.functions) {
      VisitFunctions(node, attr, [&](const FunctionRef& ref) {
        const Needs& inner = NeedsOf(ref.name);
        needs.captures.insert(inner.captures.begin(), inner.captures.end());
        needs.has_nodes = needs.has_nodes || inner.has_nodes;
      });
    }
    if (!needs.has_nodes) return OkStatus();
    Status status;
    for (const std::string_view attr : kind.functions) {
      VisitFunctions(node, attr, [&](FunctionRef& ref) {
        if (!status.ok()) return;
        Result<std::string> name = WithArgs(ref.name, needs, ReturnsArgs(kind, attr));
        if (name.ok()) {
          ref.name = *std::move(name);
        } else {
          status = name.status();
        }
      });
    }
    WHYLIGHT_RETURN_IF_ERROR(status);
    for (const auto& [capture, type] : needs.captures) {
      WHYLIGHT_ASSIGN_OR_RETURN(const Output value, find(capture));
      node.inputs.push_back(value);
      ExtendTypes(node, kind.types, type);
    }
    if (kind.types == "T" && !needs.captures.empty()) {  // A loop's outputs are its inputs.
      node.shapes.clear();
      node.attrs.erase("_output_shapes");
      node.attrs.erase("output_shapes");
    }
    return OkStatus();
  }

  // The function with its nodes attached, and what `needs` holds as arguments behind its own.
  Result<std::string> WithArgs(const std::string& name, const Needs& needs, bool returns_args) {
    std::string key = name + (returns_args ? ";" : ":");
    for (const auto& [capture, type] : needs.captures) {
      key += capture.function + " " + capture.tensor + ";";
    }
    if (const auto done = done_.find(key); done != done_.end()) return done->second;
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionBody body, Import(name));
    if (needs.captures.empty() && !NeedsOf(name).has_nodes) return done_[key] = name;
    Values values;
    for (const auto& [capture, type] : needs.captures) {
      Node* const arg = body.graph.Add(body.graph.UniqueName("captured"), "_Arg");
      arg->attrs = {{"T", type}, {"index", static_cast<std::int64_t>(body.args.size())}};
      body.args.push_back(arg);
      if (returns_args) body.results.push_back({arg, 0});
      values[capture] = {arg, 0};
    }
    WHYLIGHT_RETURN_IF_ERROR(Attach(body.graph, name, values).In("function " + Quote(name)));
    if (!needs.captures.empty()) {
      WHYLIGHT_ASSIGN_OR_RETURN(done_[key], AddFunction(body, name + "_with_captures"));
      return done_[key];
    }
    originals_.try_emplace(name, *graph_.library.Find(name));
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionDef function, ExportFunction(body));
    graph_.library.Add(std::move(function));
    return done_[key] = name;
  }

  Graph& graph_;
  std::map<std::string, Prepared, std::less<>> gradients_;
  std::map<std::string, std::string> lost_;
  bool changed_ = false;
  int depth_ = 0;
  std::map<std::string, Needs> needs_;  // By function.
  std::map<std::string, FunctionDef> originals_;
  std::map<std::string, std::string> done_;
};

}  // namespace

Result<std::map<std::string, std::string>> AttachCustomGradients(
    Graph& graph, std::map<std::string, CustomGradient> gradients) {
  if (gradients.empty()) return std::map<std::string, std::string>();
  return Attacher(graph).Run(std::move(gradients));
}

std::optional<AttachedGradient> AttachedGradientOf(const Node& node) {
  if (!node.Is("IdentityN")) return std::nullopt;
  const auto* const function = node.Attr<std::string>(kFunction);
  const std::int64_t captures = node.AttrOr<std::int64_t>(kCaptures, -1);
  const auto n = static_cast<std::int64_t>(node.inputs.size());
  if (function == nullptr || captures < 0 || captures > n) return std::nullopt;
  AttachedGradient gradient{.function = *function, .captures = static_cast<std::size_t>(captures)};
  // A list without elements loses its type on the way through a function's bytes.
  if (const auto* const inputs = node.Attr<std::vector<std::int64_t>>(kInputs)) {
    for (const std::int64_t input : *inputs) {
      if (input < 0 || input >= n - captures) return std::nullopt;
      gradient.inputs.push_back(static_cast<std::size_t>(input));
    }
  }
  return gradient;
}

}  // namespace whylight

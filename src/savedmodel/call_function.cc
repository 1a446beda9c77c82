#include "savedmodel/call_function.h"

#include <optional>
#include <utility>

#include "util/wire.h"

namespace whylight {
namespace {

using wire::Bytes;
using wire::CatchWire;
using wire::MapEntry;
using wire::Reader;
using wire::View;

// Work in all for one comparison, and depth of calls and expressions. Beyond either, nothing is
// said to be the same: hostile graphs call twice as often at each level.
constexpr int kMaxVisits = 200'000;
constexpr int kMaxDepth = 200;

std::string_view ReadFunctionAttr(std::string_view attr_value) {
  std::string_view name;
  protozero::pbf_reader reader = Reader(attr_value);
  while (reader.next()) {
    if (reader.tag_and_type() != Bytes(10)) {  // func
      reader.skip();
      continue;
    }
    protozero::pbf_reader function = Reader(View(reader));
    while (function.next()) {
      if (function.tag_and_type() == Bytes(1)) {
        name = View(function);
      } else {
        function.skip();
      }
    }
  }
  return name;
}

std::pair<std::string_view, CallGraph::Node> ReadNodeDef(std::string_view bytes) {
  std::string_view name;
  CallGraph::Node node;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        name = View(reader);
        break;
      case Bytes(2):
        node.op = View(reader);
        break;
      case Bytes(3): {
        const std::string_view input = View(reader);
        if (!input.starts_with('^')) node.inputs.push_back(input);
        break;
      }
      case Bytes(5): {
        const auto [key, value] = MapEntry(View(reader));
        if (key == "f") node.function = ReadFunctionAttr(value);
        break;
      }
      default:
        reader.skip();
    }
  }
  return {name, std::move(node)};
}

std::string_view ReadArgName(std::string_view arg_def) {
  std::string_view name;
  protozero::pbf_reader reader = Reader(arg_def);
  while (reader.next()) {
    if (reader.tag_and_type() == Bytes(1)) {
      name = View(reader);
    } else {
      reader.skip();
    }
  }
  return name;
}

// A map<string, string>'s entry, as views.
std::pair<std::string_view, std::string_view> ReadStringEntry(std::string_view bytes) {
  std::pair<std::string_view, std::string_view> entry;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        entry.first = View(reader);
        break;
      case Bytes(2):
        entry.second = View(reader);
        break;
      default:
        reader.skip();
    }
  }
  return entry;
}

std::pair<std::string_view, CallGraph::Function> ReadFunctionDef(std::string_view bytes) {
  std::string_view name;
  CallGraph::Function function;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1): {  // signature: an OpDef
        protozero::pbf_reader signature = Reader(View(reader));
        while (signature.next()) {
          switch (signature.tag_and_type()) {
            case Bytes(1):
              name = View(signature);
              break;
            case Bytes(2):
              function.arguments.push_back(ReadArgName(View(signature)));
              break;
            case Bytes(3):
              function.outputs.push_back(ReadArgName(View(signature)));
              break;
            default:
              signature.skip();
          }
        }
        break;
      }
      case Bytes(3):
        function.nodes.insert(ReadNodeDef(View(reader)));
        break;
      case Bytes(4):
        function.returns.insert(ReadStringEntry(View(reader)));
        break;
      default:
        reader.skip();
    }
  }
  return {name, std::move(function)};
}

// "name", "name:1" in a graph; "name:output:1" in a function. The index of an output list in a
// function counts from its own start, so the list's name stays part of the tensor's identity.
struct TensorName {
  std::string_view node;
  std::string_view output;
  int index = 0;
};

TensorName ParseTensorName(std::string_view tensor) {
  TensorName name;
  const std::size_t first = tensor.find(':');
  name.node = tensor.substr(0, first);
  if (first == std::string_view::npos) return name;
  std::string_view rest = tensor.substr(first + 1);
  if (const std::size_t second = rest.find(':'); second != std::string_view::npos) {
    name.output = rest.substr(0, second);
    rest = rest.substr(second + 1);
  }
  for (const char c : rest) {
    if (c < '0' || c > '9' || name.index > 100'000) return {};
    name.index = name.index * 10 + (c - '0');
  }
  return name;
}

bool IsCall(const CallGraph::Node& node) {
  return !node.function.empty() &&
         (node.op == "PartitionedCall" || node.op == "StatefulPartitionedCall");
}

// Gives a number to what a tensor is: equal numbers, equal values. Looks through Identity and
// into calls; a tensor that some other op computes inside a function is that function's output,
// of the call's arguments.
class Identities {
 public:
  explicit Identities(const CallGraph& calls) : calls_(calls) {}

  // For the outputs of `signature`, by key; nothing where it cannot be told.
  std::optional<std::map<std::string, int>> Of(const SignatureDef& signature) {
    Scope scope;
    scope.nodes = &calls_.nodes();
    for (const auto& [key, info] : signature.inputs) {
      if (info.kind != TensorInfo::Kind::kDense) return std::nullopt;
      scope.memo[Canonical(info.tensor)] = Number("input:" + key);
    }
    std::map<std::string, int> outputs;
    for (const auto& [key, info] : signature.outputs) {
      if (info.kind != TensorInfo::Kind::kDense) return std::nullopt;
      const std::optional<int> id = Tensor(scope, info.tensor, 0);
      if (!id) return std::nullopt;
      outputs[key] = *id;
    }
    return outputs;
  }

 private:
  struct Scope {
    const std::map<std::string_view, CallGraph::Node>* nodes = nullptr;
    std::map<std::string, int> memo;  // Arguments, and what was asked before.
    bool is_function = false;
  };

  static std::string Canonical(std::string_view tensor) {
    const TensorName name = ParseTensorName(tensor);
    return std::string(name.node) + ':' + std::string(name.output) + ':' +
           std::to_string(name.index);
  }

  int Number(const std::string& text) {
    return numbers_.emplace(text, static_cast<int>(numbers_.size())).first->second;
  }

  std::optional<int> Tensor(Scope& scope, std::string_view tensor, int depth) {
    if (depth > kMaxDepth || ++visits_ > kMaxVisits) return std::nullopt;
    const TensorName name = ParseTensorName(tensor);
    const std::string key = Canonical(tensor);
    if (const auto it = scope.memo.find(key); it != scope.memo.end()) return it->second;
    const auto it = scope.nodes->find(name.node);
    if (it == scope.nodes->end()) return std::nullopt;
    const CallGraph::Node& node = it->second;
    std::optional<int> id;
    if (node.op == "Identity" && node.inputs.size() == 1) {
      id = Tensor(scope, node.inputs[0], depth + 1);
    } else if (IsCall(node)) {
      id = Call(scope, node, name.index, depth);
    } else if (!scope.is_function) {
      id = Other(scope, key, node, depth);
    }
    if (id) scope.memo[key] = *id;
    return id;
  }

  // A node of the main graph: itself, and what it is fed with.
  std::optional<int> Other(Scope& scope, const std::string& key, const CallGraph::Node& node,
                           int depth) {
    std::string text = "node:" + key;
    for (const std::string_view input : node.inputs) {
      const std::optional<int> id = Tensor(scope, input, depth + 1);
      if (!id) return std::nullopt;
      text += ' ' + std::to_string(*id);
    }
    return Number(text);
  }

  std::optional<int> Call(Scope& scope, const CallGraph::Node& node, int index, int depth) {
    const CallGraph::Function* function = calls_.FindFunction(node.function);
    if (function == nullptr || function->arguments.size() != node.inputs.size() ||
        static_cast<std::size_t>(index) >= function->outputs.size()) {
      return std::nullopt;
    }
    Scope inner;
    inner.nodes = &function->nodes;
    inner.is_function = true;
    std::string text = "call:" + std::string(node.function) + ':' + std::to_string(index);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const std::optional<int> id = Tensor(scope, node.inputs[i], depth + 1);
      if (!id) return std::nullopt;
      inner.memo[Canonical(function->arguments[i])] = *id;
      text += ' ' + std::to_string(*id);
    }
    const auto result = function->returns.find(function->outputs[static_cast<std::size_t>(index)]);
    if (result == function->returns.end()) return std::nullopt;
    // What the function passes on, or the function's own work.
    if (const std::optional<int> passed = Tensor(inner, result->second, depth + 1)) return passed;
    return Number(text);
  }

  const CallGraph& calls_;
  std::map<std::string, int> numbers_;
  int visits_ = 0;
};

// Follows a function that only calls another one. nullptr where it does something itself.
const CallGraph::Node* OnlyCall(const CallGraph::Function& function) {
  const CallGraph::Node* only = nullptr;
  for (const auto& [name, node] : function.nodes) {
    if (node.op == "Identity" || node.op == "NoOp") continue;
    if (!IsCall(node) || only != nullptr) return nullptr;
    only = &node;
  }
  return only;
}

}  // namespace

CallGraph::CallGraph(std::string_view graph_def) {
  const Status status = CatchWire([&] {
    protozero::pbf_reader reader = Reader(graph_def);
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case Bytes(1):
          nodes_.insert(ReadNodeDef(View(reader)));
          break;
        case Bytes(2): {  // library
          protozero::pbf_reader library = Reader(View(reader));
          while (library.next()) {
            if (library.tag_and_type() == Bytes(1)) {
              functions_.insert(ReadFunctionDef(View(library)));
            } else {
              library.skip();
            }
          }
          break;
        }
        default:
          reader.skip();
      }
    }
  });
  if (!status.ok()) {
    nodes_.clear();
    functions_.clear();
  }
}

const CallGraph::Function* CallGraph::FindFunction(std::string_view name) const {
  const auto it = functions_.find(name);
  return it == functions_.end() ? nullptr : &it->second;
}

bool SameCalledFunction(const CallGraph& calls, const SignatureDef& a, const SignatureDef& b) {
  Identities identities(calls);
  if (a.inputs.size() != b.inputs.size() || a.outputs.size() != b.outputs.size()) return false;
  for (const auto& [key, info] : a.inputs) {
    if (!b.inputs.contains(key)) return false;
  }
  const auto outputs_a = identities.Of(a);
  return outputs_a && outputs_a == identities.Of(b);
}

std::vector<CompositeInput> CompositeInputs(const CallGraph& calls, const MetaGraph& graph,
                                            const SignatureDef& signature) {
  if (signature.outputs.empty()) return {};
  const auto start =
      calls.nodes().find(ParseTensorName(signature.outputs.begin()->second.tensor).node);
  if (start == calls.nodes().end()) return {};

  // The signature's key of each argument of the function that is looked at; captured: empty.
  std::vector<std::string> keys;
  std::map<std::string_view, std::string> key_of_node;
  for (const auto& [key, info] : signature.inputs)
    key_of_node[ParseTensorName(info.tensor).node] = key;

  std::vector<CompositeInput> composites;
  const CallGraph::Node* call = &start->second;
  for (int depth = 0; call != nullptr && IsCall(*call) && depth < kMaxDepth; ++depth) {
    keys.clear();
    for (const std::string_view input : call->inputs) {
      const auto it = key_of_node.find(ParseTensorName(input).node);
      keys.push_back(it == key_of_node.end() ? std::string() : it->second);
    }
    const auto marks = graph.objects.composite_arguments.find(call->function);
    if (marks != graph.objects.composite_arguments.end()) {
      for (const CompositeArgument& mark : marks->second) {
        CompositeInput composite{.type = mark.type, .keys = {}};
        for (int i = 0; i < mark.count; ++i) {
          const auto at = static_cast<std::size_t>(mark.first) + static_cast<std::size_t>(i);
          if (at < keys.size() && !keys[at].empty()) composite.keys.push_back(keys[at]);
          if (at >= keys.size()) break;
        }
        composites.push_back(std::move(composite));
      }
      break;
    }
    const CallGraph::Function* function = calls.FindFunction(call->function);
    if (function == nullptr || function->arguments.size() != keys.size()) break;
    key_of_node.clear();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!keys[i].empty()) key_of_node[function->arguments[i]] = keys[i];
    }
    call = OnlyCall(*function);
  }
  return composites;
}

}  // namespace whylight

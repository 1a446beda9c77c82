#include "graph/graph.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

#include "graph/import.h"

namespace whylight {
namespace {

// Levenshtein's distance.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, diagonal + 1, substitute});
    }
  }
  return row.back();
}

// " (did you mean 'a', 'b'?)": names within a third of the wish's length, nearest first.
std::string NearNames(std::string_view wish, const std::vector<std::unique_ptr<Node>>& nodes) {
  constexpr std::size_t kShown = 3;
  constexpr std::size_t kLongest = 200;  // Nobody mistypes a longer one.
  const std::size_t limit = wish.size() / 3 + 1;
  std::vector<std::pair<std::size_t, std::string_view>> near;
  if (wish.size() > kLongest) return "";
  for (const auto& node : nodes) {
    const std::size_t longer = std::max(node->name.size(), wish.size());
    const std::size_t shorter = std::min(node->name.size(), wish.size());
    if (longer - shorter > limit) continue;
    const std::size_t distance = EditDistance(wish, node->name);
    if (distance <= limit) near.emplace_back(distance, node->name);
  }
  if (near.empty()) return "";
  std::sort(near.begin(), near.end());
  if (near.size() > kShown) near.resize(kShown);
  std::string text = " (did you mean ";
  for (const auto& [distance, name] : near) {
    if (text.back() == '\'') text += ", ";
    text += "'" + std::string(name) + "'";
  }
  return text + "?)";
}

bool IsBackEdge(const Node& consumer, const Node& producer) {
  return (consumer.op == "Merge" || consumer.op == "RefMerge") &&
         (producer.op == "NextIteration" || producer.op == "RefNextIteration");
}

}  // namespace

std::string Output::name() const {
  return node == nullptr ? "<none>" : node->name + ":" + std::to_string(index);
}

std::vector<std::string> NamesOf(std::span<const Output> outputs) {
  std::vector<std::string> names;
  for (const Output output : outputs) names.push_back(output.name());
  return names;
}

void FunctionLibrary::Add(FunctionDef function) {
  std::string name = function.name;
  functions_.insert_or_assign(std::move(name), std::move(function));
}

const FunctionDef* FunctionLibrary::Find(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : &found->second;
}

Node* Graph::Add(std::string name, std::string op) {
  auto node = std::make_unique<Node>();
  node->name = std::move(name);
  node->op = std::move(op);
  const bool is_new = by_name_.emplace(node->name, node.get()).second;
  WHYLIGHT_CHECK(is_new);
  nodes_.push_back(std::move(node));
  return nodes_.back().get();
}

Node* Graph::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::string Graph::UniqueName(std::string_view wish) const {
  std::string name(wish);
  if (!by_name_.contains(name)) return name;
  for (int& suffix = next_suffix_.try_emplace(name, 1).first->second;; ++suffix) {
    std::string candidate = name + "_" + std::to_string(suffix);
    if (!by_name_.contains(candidate)) return candidate;
  }
}

void Graph::Rename(Node* node, std::string name) {
  if (node->name == name) return;
  WHYLIGHT_CHECK(Find(node->name) == node);
  WHYLIGHT_CHECK(Find(name) == nullptr);
  by_name_.erase(node->name);
  node->name = std::move(name);
  by_name_.emplace(node->name, node);
}

Result<Output> Graph::FindOutput(std::string_view name) const {
  Output output;
  std::string_view node_name = name;
  if (const auto colon = name.rfind(':'); colon != std::string_view::npos) {
    node_name = name.substr(0, colon);
    const std::string_view digits = name.substr(colon + 1);
    const char* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, output.index);
    if (parsed.ec != std::errc() || parsed.ptr != end || output.index < 0) {
      return NotFound("tensor '" + std::string(name) + "': expected a number after the colon");
    }
  }
  output.node = Find(node_name);
  if (output.node == nullptr) {
    return NotFound("there is no node '" + std::string(node_name) + "' in the graph" +
                    NearNames(node_name, nodes_));
  }
  const Result<std::vector<DType>> types = OutputTypes(*output.node);
  if (types.ok() && output.index >= static_cast<int>(types->size())) {
    return NotFound("tensor '" + std::string(name) + "': " + output.node->op + " has " +
                    std::to_string(types->size()) + " outputs");
  }
  return output;
}

void Graph::RemoveIf(const std::function<bool(const Node&)>& dead) {
  std::erase_if(nodes_, [&](const std::unique_ptr<Node>& node) {
    if (!dead(*node)) return false;
    by_name_.erase(node->name);
    return true;
  });
}

int Graph::ReplaceUses(Output from, Output to) {
  int uses = 0;
  for (const auto& node : nodes_) {
    if (node.get() == to.node) continue;
    for (Output& input : node->inputs) {
      if (input != from) continue;
      input = to;
      ++uses;
    }
  }
  return uses;
}

std::vector<Node*> Graph::TopologicalOrder() const {
  // Depth first without recursion: chains are as long as a model is deep.
  struct Frame {
    Node* node;
    std::size_t next;  // Index into data inputs, then control inputs.
  };
  std::vector<Node*> order;
  order.reserve(nodes_.size());
  std::unordered_map<const Node*, bool> seen;
  seen.reserve(nodes_.size());
  std::vector<Frame> stack;
  for (const auto& root : nodes_) {
    if (!seen.try_emplace(root.get(), true).second) continue;
    stack.push_back({root.get(), 0});
    while (!stack.empty()) {
      Frame& frame = stack.back();
      Node* const node = frame.node;
      const std::size_t index = frame.next++;
      Node* source = nullptr;
      if (index < node->inputs.size()) {
        source = node->inputs[index].node;
        if (source != nullptr && IsBackEdge(*node, *source)) continue;
      } else if (index - node->inputs.size() < node->control_inputs.size()) {
        source = node->control_inputs[index - node->inputs.size()];
      } else {
        order.push_back(node);
        stack.pop_back();
        continue;
      }
      if (source != nullptr && seen.try_emplace(source, true).second) {
        stack.push_back({source, 0});
      }
    }
  }
  return order;
}

std::set<const Node*> Graph::Ancestors(const std::vector<Output>& roots,
                                       const std::set<Output>& stop_at) const {
  std::set<const Node*> found;
  std::vector<const Node*> pending;
  const auto enter = [&](const Node* node) {
    if (node != nullptr && found.insert(node).second) pending.push_back(node);
  };
  for (const Output& root : roots) {
    if (!stop_at.contains(root)) enter(root.node);
  }
  while (!pending.empty()) {
    const Node* const node = pending.back();
    pending.pop_back();
    for (const Output& input : node->inputs) {
      if (!stop_at.contains(input)) enter(input.node);
    }
    for (const Node* const control : node->control_inputs) enter(control);
  }
  return found;
}

Result<std::vector<DType>> Graph::OutputTypes(const Node& node) const {
  if (registry_->Find(node.op) == nullptr) {
    if (const FunctionDef* const function = library.Find(node.op)) {
      WHYLIGHT_ASSIGN_OR_RETURN(const OpDef signature, FunctionSignature(*function));
      return OpRegistry::OutputTypes(signature, node);
    }
  }
  return registry_->OutputTypes(node);
}

Result<DType> Graph::OutputType(Output output) const {
  if (output.node == nullptr) return Internal("there is no tensor to ask the type of");
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types, OutputTypes(*output.node));
  if (output.index < 0 || output.index >= static_cast<int>(types.size())) {
    return InvalidArgument(output.node->op + " '" + output.node->name + "' has " +
                           std::to_string(types.size()) + " outputs: there is no output " +
                           std::to_string(output.index));
  }
  return types[static_cast<std::size_t>(output.index)];
}

Shape Graph::OutputShape(Output output) const {
  if (output.node == nullptr || output.index < 0 ||
      output.index >= static_cast<int>(output.node->shapes.size())) {
    return Shape::UnknownRank();
  }
  return output.node->shapes[static_cast<std::size_t>(output.index)];
}

UseMap::UseMap(const Graph& graph) {
  for (const auto& node : graph.nodes()) {
    for (std::size_t i = 0; i < node->inputs.size(); ++i) {
      uses_[node->inputs[i]].push_back({node.get(), static_cast<int>(i)});
    }
  }
}

const std::vector<UseMap::Use>& UseMap::Of(Output output) const {
  const auto found = uses_.find(output);
  return found == uses_.end() ? none_ : found->second;
}

}  // namespace whylight

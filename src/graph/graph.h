// Our IR of a GraphDef: nodes, edges and a library of functions.
//
// Nodes are owned by the graph and have stable addresses. Edges are kept on the consumer.
// Threads: none; one owner at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/attr.h"
#include "graph/op_registry.h"

namespace whylight {

struct Node;

// One output of a node: a tensor of the graph.
struct Output {
  Node* node = nullptr;
  int index = 0;

  std::string name() const;  // "dense/MatMul:0"
  auto operator<=>(const Output&) const = default;
};

std::vector<std::string> NamesOf(std::span<const Output> outputs);

struct Node {
  std::string name;
  std::string op;
  std::string device;
  std::vector<Output> inputs;
  std::vector<Node*> control_inputs;
  Attrs attrs;
  // Static shapes of the outputs, where somebody inferred them; empty if not. Axes: >= 0 a size;
  // Shape::kUnknown; below that a symbol: equal symbols in one graph are equal sizes.
  std::vector<Shape> shapes;

  // The attribute of that kind, or nullptr: node.Attr<std::int64_t>("axis").
  template <typename T>
  const T* Attr(std::string_view attr) const {
    const auto found = attrs.find(attr);
    return found == attrs.end() ? nullptr : std::get_if<T>(&found->second);
  }
  template <typename T>
  T AttrOr(std::string_view attr, T otherwise) const {
    const T* value = Attr<T>(attr);
    return value ? *value : otherwise;
  }
  bool Is(std::string_view op_name) const { return op == op_name; }
};

// A function of the library, as serialized FunctionDef bytes: exported as they came.
struct FunctionDef {
  std::string name;
  std::string bytes;
};

class FunctionLibrary {
 public:
  void Add(FunctionDef function);  // Replaces one of the same name.
  const FunctionDef* Find(std::string_view name) const;
  const std::map<std::string, FunctionDef, std::less<>>& functions() const { return functions_; }
  // Serialized GradientDefs (function -> gradient function), carried along.
  std::map<std::string, std::string, std::less<>> gradients;
  // The `_gradient_op_type` of nodes with a custom gradient -> its function. Not exported: only
  // TensorFlow's Python reads it. See custom_gradients.h.
  std::map<std::string, std::string, std::less<>> registered_gradients;

 private:
  std::map<std::string, FunctionDef, std::less<>> functions_;
};

class Graph {
 public:
  // `registry` outlives the graph.
  explicit Graph(const OpRegistry& registry = OpRegistry::Builtin()) : registry_(&registry) {}
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;

  const OpRegistry& registry() const { return *registry_; }

  // Adds a node; the name must be free (WHYLIGHT_CHECK): take it from UniqueName.
  Node* Add(std::string name, std::string op);
  Node* Find(std::string_view name) const;
  std::string UniqueName(std::string_view wish) const;  // wish, wish_1, wish_2, ...
  void Rename(Node* node, std::string name);            // Edges are by pointer: they follow.

  // "name", "name:1" -> output. Errors: kNotFound, with near names.
  Result<Output> FindOutput(std::string_view name) const;

  // In insertion order.
  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
  std::size_t size() const { return nodes_.size(); }

  // Drops the nodes for which `dead` holds. Nobody that stays may refer to one that goes.
  void RemoveIf(const std::function<bool(const Node&)>& dead);

  // Every use of `from` (data inputs only) becomes a use of `to`, but for those by `to` itself: a
  // node put behind `from` goes on reading it. Returns how many.
  int ReplaceUses(Output from, Output to);

  // Producers before consumers; back edges of TF1 loops (NextIteration -> Merge) are not followed.
  std::vector<Node*> TopologicalOrder() const;

  // All nodes that `roots` need, through data and control edges, roots included; the walk does
  // not go past an output in `stop_at` (its node is not entered through it).
  std::set<const Node*> Ancestors(const std::vector<Output>& roots,
                                  const std::set<Output>& stop_at = {}) const;

  // Errors as OpRegistry::OutputTypes. An op that is a function of the library has its signature's
  // types (TF1 calls functions so).
  Result<DType> OutputType(Output output) const;
  Result<std::vector<DType>> OutputTypes(const Node& node) const;
  Shape OutputShape(Output output) const;  // UnknownRank() if nobody inferred it.

  FunctionLibrary library;
  int producer = 0;  // versions.producer of the GraphDef it came from.
  int min_consumer = 0;

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>()(name);
    }
  };

  const OpRegistry* registry_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::unordered_map<std::string, Node*, NameHash, std::equal_to<>> by_name_;
  // Where UniqueName goes on counting: thousands of nodes share a wish.
  mutable std::unordered_map<std::string, int, NameHash, std::equal_to<>> next_suffix_;
};

// Consumers of every output: built once, for passes that ask often. Stale after a change.
class UseMap {
 public:
  struct Use {
    Node* node;
    int input;
  };
  explicit UseMap(const Graph& graph);
  const std::vector<Use>& Of(Output output) const;

 private:
  std::map<Output, std::vector<Use>> uses_;
  std::vector<Use> none_;
};

}  // namespace whylight

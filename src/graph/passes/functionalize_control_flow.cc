#include "graph/passes/functionalize_control_flow.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "graph/export.h"
#include "graph/import.h"
#include "graph/passes/context_sets.h"
#include "graph/passes/effects.h"
#include "graph/passes/prune.h"
#include "graph/passes/remove_noops.h"

namespace whylight {
namespace {

// Constants up to this size are repeated rather than passed.
constexpr std::size_t kSmallConstBytes = 1024;

bool IsSwitch(const Node& node) { return node.Is("Switch") || node.Is("RefSwitch"); }
bool IsMerge(const Node& node) { return node.Is("Merge") || node.Is("RefMerge"); }
bool IsEnter(const Node& node) { return node.Is("Enter") || node.Is("RefEnter"); }
bool IsExit(const Node& node) { return node.Is("Exit") || node.Is("RefExit"); }
bool IsNextIteration(const Node& node) {
  return node.Is("NextIteration") || node.Is("RefNextIteration");
}

// A Merge at the head of a loop: one of its inputs comes from the iteration before.
bool IsLoopMerge(const Node& node) {
  return IsMerge(node) && std::ranges::any_of(node.inputs, [](const Output& input) {
           return IsNextIteration(*input.node);
         });
}

bool IsBackEdge(const Node& node, const Output& input) {
  return IsMerge(node) && IsNextIteration(*input.node);
}

bool IsSmallConst(const Node& node) {
  const auto* value = node.Attr<TensorBytes>("value");
  return node.Is("Const") && value != nullptr && value->bytes.size() <= kSmallConstBytes;
}

// "a/b/Merge" -> "a/b/"
std::string ScopeOf(const std::string& name) { return name.substr(0, name.rfind('/') + 1); }

struct Condition;

// When a node of a frame runs: whenever the frame does (no condition), or where `outer` holds and
// the condition's predicate is `branch`.
struct State {
  Condition* condition = nullptr;
  int branch = 0;
  int depth = 0;
};

struct Condition {
  const State* outer = nullptr;
  Output predicate;
  bool is_loop = false;  // The predicate is a LoopCond.
  State sides[2];
  std::vector<Node*> members[2];  // Nodes in that state.
  std::vector<Node*> switches, merges;
};

// One loop, or the graph around all loops.
struct Frame {
  Frame* parent = nullptr;
  int depth = 0;
  std::vector<Frame*> children;
  std::vector<Node*> nodes;  // Enters included; Exits belong to the parent.
  std::vector<Node*> enters, exits;
  bool refused = false;   // What is inside does not fit together.
  bool is_while = false;  // It is a node of the parent now.
  State root;
  std::deque<Condition> conditions;
};

struct Info {
  Frame* frame = nullptr;
  const State* state = nullptr;    // nullptr: it cannot be told.
  Condition* condition = nullptr;  // Of a Switch.
  std::vector<Node*> users;        // By data or control; may hold some that were.
  std::size_t place = 0;           // Among the graph's nodes.
  bool refused = false;            // What holds it is left alone.
  bool gone = false;
};

// Nodes that become one If.
struct Component {
  Condition* condition = nullptr;
  std::vector<Node*> members[2];
  std::vector<Node*> merges, switches;
  bool refused = false;
};

// A function that is being written: copies of nodes, and arguments for what comes from outside.
class BodyWriter {
 public:
  BodyWriter(const Graph& outside, std::string name)
      : body_{.name = std::move(name), .graph = Graph(outside.registry())} {}

  Output AddArg(std::string_view name, Attrs attrs) {
    Node* const arg = body_.graph.Add(body_.graph.UniqueName(name), "_Arg");
    arg->attrs = std::move(attrs);
    arg->attrs["index"] = static_cast<std::int64_t>(body_.args.size());
    body_.args.push_back(arg);
    return {arg, 0};
  }

  Output AddConst(std::string_view name, const Tensor& value) {
    Node* const node = body_.graph.Add(body_.graph.UniqueName(name), "Const");
    node->attrs = {{"dtype", value.dtype()}, {"value", EncodeTensor(value)}};
    return {node, 0};
  }

  void Bind(Output outside, Output inside) { bound_[outside] = inside; }

  // `nodes` in the order of their edges, after everything is bound that they take from outside.
  // Control edges to nodes outside are left out.
  void Copy(const std::vector<Node*>& nodes) {
    for (const Node* const node : nodes) {
      Node* const copy = Add(*node);
      if (node->Is("RefIdentity")) copy->op = "Identity";  // An argument is no reference.
      for (const Output& input : node->inputs) copy->inputs.push_back(At(input));
      for (const Node* const control : node->control_inputs) {
        if (Node* const inside = CopyOf(control)) copy->control_inputs.push_back(inside);
      }
      copies_[node] = copy;
    }
  }

  // The tensor inside; of a small constant outside, a copy.
  Output At(Output outside) {
    if (const auto found = bound_.find(outside); found != bound_.end()) return found->second;
    if (Node* const copy = CopyOf(outside.node)) return {copy, outside.index};
    WHYLIGHT_CHECK(IsSmallConst(*outside.node));
    return bound_[outside] = {Add(*outside.node), 0};
  }

  Node* CopyOf(const Node* node) const {
    const auto found = copies_.find(node);
    return found == copies_.end() ? nullptr : found->second;
  }

  FunctionBody& body() { return body_; }

  // Without what neither a result nor a control result needs, and without edges that only told
  // which branch a node is in.
  Status Finish() {
    for (const auto& node : body_.graph.nodes()) DropColocation(*node);
    PassContext context{.outputs = &body_.results, .targets = &body_.control_results};
    WHYLIGHT_RETURN_IF_ERROR(RemoveNoops().Run(body_.graph, context).status());
    std::vector<Output> args;
    for (Node* const arg : body_.args) args.push_back({arg, 0});
    context.inputs = &args;
    return Prune().Run(body_.graph, context).status();
  }

  bool IsStateful() const {
    return std::ranges::any_of(body_.graph.nodes(), [&](const auto& node) {
      const OpDef* const op = body_.graph.registry().Find(node->op);
      return !node->Is("_Arg") && (op == nullptr || op->is_stateful);
    });
  }

 private:
  Node* Add(const Node& node) {
    Node* const copy = body_.graph.Add(body_.graph.UniqueName(node.name), node.op);
    copy->device = node.device;
    copy->attrs = node.attrs;
    copy->shapes = node.shapes;
    return copy;
  }

  // With nodes that are not here.
  void DropColocation(Node& node) const {
    constexpr std::string_view kPrefix = "loc:@";
    const auto found = node.attrs.find("_class");
    if (found == node.attrs.end()) return;
    auto* const groups = std::get_if<std::vector<std::string>>(&found->second);
    if (groups == nullptr) return;
    std::erase_if(*groups, [&](const std::string& group) {
      if (!group.starts_with(kPrefix)) return false;
      const Node* const with = body_.graph.Find(std::string_view(group).substr(kPrefix.size()));
      return with == nullptr || with->Is("_Arg");
    });
    if (groups->empty()) node.attrs.erase(found);
  }

  FunctionBody body_;
  std::map<Output, Output> bound_;
  std::unordered_map<const Node*, Node*> copies_;
};

class Functionalizer {
 public:
  Functionalizer(Graph& graph, PassContext& context)
      : graph_(graph), context_(context), sets_(context), needed_(NeededNodes(graph, context)) {}

  Result<bool> Run() {
    FindUsers();
    FindFrames();
    RefuseWhatIsTouched();
    std::vector<Frame*> frames;
    for (Frame& frame : frames_) frames.push_back(&frame);
    std::ranges::stable_sort(frames, std::greater(), &Frame::depth);
    for (Frame* const frame : frames) {
      FindStates(*frame);
      WHYLIGHT_RETURN_IF_ERROR(ConvertBranches(*frame));
      if (frame->parent == nullptr) continue;
      WHYLIGHT_ASSIGN_OR_RETURN(frame->is_while, ConvertLoop(*frame));
    }
    if (!changed_) return false;
    for (const auto& node : graph_.nodes()) {
      if (!StaysOutside(*node)) continue;
      std::erase_if(node->control_inputs,
                    [&](const Node* control) { return InfoOf(control).gone; });
    }
    WHYLIGHT_RETURN_IF_ERROR(Prune().Run(graph_, context_).status());
    return true;
  }

 private:
  // The graph as it is ------------------------------------------------------------------------

  Info& InfoOf(const Node* node) { return info_[node]; }
  bool IsThere(const Node* node) { return needed_.contains(node) && !InfoOf(node).gone; }

  void AddUser(const Node* source, Node* user) {
    std::vector<Node*>& users = InfoOf(source).users;
    if (users.empty() || users.back() != user) users.push_back(user);
  }

  void FindUsers() {
    info_.reserve(graph_.size());
    std::size_t place = 0;
    for (const auto& node : graph_.nodes()) {
      InfoOf(node.get()).place = place++;
      if (!needed_.contains(node.get())) continue;
      for (const Output& input : node->inputs) AddUser(input.node, node.get());
      for (const Node* const control : node->control_inputs) AddUser(control, node.get());
    }
  }

  // Neither a branch nor a loop may take it in: it is fed, or names state that somebody else finds
  // by its node. It runs for nothing, so it may run always.
  bool StaysOutside(const Node& node) const {
    if (!node.inputs.empty()) return false;
    return sets_.IsFed(&node) || node.Is("VarHandleOp") || node.Is("VariableV2") ||
           node.Is("Variable") || node.Is("HashTable") || node.Is("HashTableV2") ||
           node.Is("MutableHashTableV2");
  }

  void FindFrames() {
    Frame& root = frames_.emplace_back();
    std::map<std::pair<Frame*, std::string>, Frame*> by_name;
    for (Node* const node : graph_.TopologicalOrder()) {
      if (!needed_.contains(node)) continue;
      Frame* frame = nullptr;
      const auto take = [&](const Node* source) {
        Frame* const other = InfoOf(source).frame;
        if (other == nullptr || other == frame) return;  // Behind a back edge.
        if (frame == nullptr) {
          frame = other;
          return;
        }
        Frame* const deeper = other->depth > frame->depth ? other : frame;
        other->refused = frame->refused = true;
        frame = deeper;
      };
      if (!StaysOutside(*node)) {
        for (const Output& input : node->inputs) take(input.node);
        for (const Node* const control : node->control_inputs) take(control);
      }
      if (frame == nullptr) frame = &root;
      if (IsEnter(*node)) {
        Frame*& child = by_name[{frame, node->AttrOr<std::string>("frame_name", "")}];
        if (child == nullptr) {
          child = &frames_.emplace_back();
          child->parent = frame;
          child->depth = frame->depth + 1;
          frame->children.push_back(child);
        }
        frame = child;
        frame->enters.push_back(node);
      } else if (IsExit(*node)) {
        frame->exits.push_back(node);
        if (frame->parent == nullptr) frame->refused = true;
        if (frame->parent != nullptr) frame = frame->parent;
      }
      InfoOf(node).frame = frame;
      frame->nodes.push_back(node);
    }
  }

  // Marks what must be there afterwards, and what is not understood.
  void RefuseWhatIsTouched() {
    const OpRegistry& registry = graph_.registry();
    const bool writes_references = std::ranges::any_of(graph_.nodes(), [&](const auto& node) {
      const OpDef* const op = registry.Find(node->op);
      return needed_.contains(node.get()) && op != nullptr &&
             std::ranges::any_of(op->inputs, [](const ArgDef& arg) { return arg.is_ref; }) &&
             !IsControlFlow(node->op) && !node->Is("RefIdentity");
    });
    for (const auto& node : graph_.nodes()) {
      Info& info = InfoOf(node.get());
      // A fetched Merge or Exit has a tensor that stands for it.
      const bool is_fetched = sets_.IsFetched(node.get()) && !IsMerge(*node) && !IsExit(*node);
      info.refused = registry.Find(node->op) == nullptr || node->Is("_SwitchN") || is_fetched ||
                     sets_.IsTarget(node.get()) ||
                     (sets_.IsFed(node.get()) && !StaysOutside(*node)) ||
                     (writes_references && IsControlFlow(node->op) && node->op.starts_with("Ref"));
    }
  }

  // When nodes run ----------------------------------------------------------------------------

  // What `node` waits for within its frame. A loop that stays as it is counts as one step.
  template <typename Visit>
  void ForEachSource(Node* node, Visit visit) {
    if (StaysOutside(*node)) return;
    if (IsExit(*node)) {
      for (const Node* const enter : InfoOf(node->inputs[0].node).frame->enters) {
        for (const Output& input : enter->inputs) visit(input.node);
        for (Node* const control : enter->control_inputs) visit(control);
      }
      return;
    }
    for (const Output& input : node->inputs) {
      if (!IsBackEdge(*node, input)) visit(input.node);
    }
    for (Node* const control : node->control_inputs) visit(control);
  }

  // Producers first.
  std::vector<Node*> Ordered(const std::vector<Node*>& nodes) {
    std::unordered_set<const Node*> open;
    for (const Node* const node : nodes) {
      if (!InfoOf(node).gone) open.insert(node);
    }
    std::vector<Node*> order, stack;
    order.reserve(open.size());
    std::unordered_set<const Node*> entered;
    for (Node* const root : nodes) {
      if (open.contains(root)) stack.push_back(root);
      while (!stack.empty()) {
        Node* const node = stack.back();
        if (!open.contains(node)) {
          stack.pop_back();
        } else if (entered.insert(node).second) {
          // The last pushed comes first: the order follows the inputs.
          const std::size_t first = stack.size();
          ForEachSource(node, [&](Node* source) {
            if (open.contains(source) && !entered.contains(source)) stack.push_back(source);
          });
          std::reverse(stack.begin() + static_cast<std::ptrdiff_t>(first), stack.end());
        } else {
          stack.pop_back();
          open.erase(node);
          order.push_back(node);
        }
      }
    }
    return order;
  }

  const State* StateOf(Output output) {
    const Info& info = InfoOf(output.node);
    if (!IsSwitch(*output.node)) return info.state;
    return info.condition == nullptr ? nullptr : &info.condition->sides[output.index == 0 ? 0 : 1];
  }

  // The state in which both hold; nullptr if neither is within the other.
  static const State* Both(const State* a, const State* b) {
    if (a == nullptr || b == nullptr) return nullptr;
    if (a->depth < b->depth) std::swap(a, b);
    const State* at = a;
    while (at->depth > b->depth) at = at->condition->outer;
    return at == b ? a : nullptr;
  }

  void FindStates(Frame& frame) {
    std::map<std::pair<const State*, Output>, Condition*> known;
    std::vector<Node*> order = Ordered(frame.nodes);
    for (Node* const node : order) {
      Info& info = InfoOf(node);
      info.state = OwnState(frame, *node);
      if (info.state == nullptr) {
        RefuseSources(*node);
        info.refused = true;
        continue;
      }
      if (IsSwitch(*node)) {
        const Output predicate = Unnamed(node->inputs[1]);
        Condition*& condition = known[{info.state, predicate}];
        if (condition == nullptr) {
          condition = &frame.conditions.emplace_back();
          condition->outer = info.state;
          condition->predicate = predicate;
          condition->is_loop = predicate.node->Is("LoopCond");
          for (int branch : {0, 1}) {
            condition->sides[branch] = {condition, branch, info.state->depth + 1};
          }
        }
        condition->switches.push_back(node);
        info.condition = condition;
      } else if (IsMerge(*node) && !IsLoopMerge(*node)) {
        StateOf(node->inputs[0])->condition->merges.push_back(node);
      }
      AddMember(node, info.state);
    }
    frame.nodes = std::move(order);
    for (const Frame* const child : frame.children) {
      if (child->is_while) continue;
      frame.refused = true;
      for (const Node* const enter : child->enters) RefuseSources(*enter);
    }
  }

  static void AddMember(Node* node, const State* state) {
    if (state->condition != nullptr) state->condition->members[state->branch].push_back(node);
  }

  // The branches that hold the inputs of `node` stay as they are.
  void RefuseSources(const Node& node) {
    const auto refuse = [&](const Node* source, const State* state) {
      if (state == nullptr || state->condition != nullptr) InfoOf(source).refused = true;
    };
    for (const Output& input : node.inputs) refuse(input.node, StateOf(input));
    for (const Node* const control : node.control_inputs) refuse(control, InfoOf(control).state);
  }

  // The tensor behind Identities: each tf.cond makes one of its predicate.
  Output Unnamed(Output output) const {
    while (output.node->Is("Identity") && !sets_.IsFed(output.node)) {
      output = output.node->inputs[0];
    }
    return output;
  }

  const State* OwnState(Frame& frame, Node& node) {
    const State* state = &frame.root;
    if (IsEnter(node) || IsLoopMerge(node) || StaysOutside(node)) return state;
    if (IsMerge(node)) {
      if (node.inputs.size() != 2) return nullptr;
      const State* const a = StateOf(node.inputs[0]);
      const State* const b = StateOf(node.inputs[1]);
      if (a == nullptr || b == nullptr || a->condition == nullptr || a->condition != b->condition ||
          a->branch == b->branch || a->condition->is_loop) {
        return nullptr;
      }
      state = a->condition->outer;
      for (const Node* const control : node.control_inputs) {
        if (Both(state, InfoOf(control).state) != state) return nullptr;
      }
      return state;
    }
    if (IsExit(node)) {
      for (const Node* const enter : InfoOf(node.inputs[0].node).frame->enters) {
        for (const Output& input : enter->inputs) state = Both(state, StateOf(input));
        for (const Node* const control : enter->control_inputs) {
          state = Both(state, InfoOf(control).state);
        }
      }
      return state;
    }
    for (const Output& input : node.inputs) state = Both(state, StateOf(input));
    for (const Node* const control : node.control_inputs) {
      state = Both(state, InfoOf(control).state);
    }
    return state;
  }

  // Branches ----------------------------------------------------------------------------------

  Status ConvertBranches(Frame& frame) {
    // What is innermost first; those within one state together.
    std::map<std::pair<int, std::size_t>, std::vector<Condition*>> groups;
    std::map<const State*, std::size_t> places;
    for (Condition& condition : frame.conditions) {
      if (condition.is_loop) continue;
      const std::size_t place = places.try_emplace(condition.outer, places.size()).first->second;
      groups[{-condition.outer->depth, place}].push_back(&condition);
    }
    for (auto& [key, conditions] : groups) {
      std::vector<Component> components = ComponentsOf(conditions);
      RefuseCycles(frame, *conditions[0]->outer, components);
      for (Component& component : components) {
        if (component.refused) continue;
        WHYLIGHT_ASSIGN_OR_RETURN(const bool converted, ConvertBranch(frame, component));
        component.refused = !converted;
      }
    }
    return OkStatus();
  }

  Node* Leader(Node* node) {
    Node* at = node;
    while (true) {
      Node*& next = leaders_.try_emplace(at, at).first->second;
      if (next == at) break;
      next = leaders_.try_emplace(next, next).first->second;
      at = next;
    }
    return at;
  }
  void Unite(Node* a, Node* b) { leaders_[Leader(a)] = Leader(b); }

  std::vector<Component> ComponentsOf(const std::vector<Condition*>& conditions) {
    std::vector<Component> components;
    for (Condition* const condition : conditions) {
      leaders_.clear();
      const auto is_own_switch = [&](const Node* node) {
        return IsSwitch(*node) && InfoOf(node).condition == condition;
      };
      for (const int branch : {0, 1}) {
        for (Node* const node : condition->members[branch]) {
          if (InfoOf(node).gone) continue;
          for (const Output& input : node->inputs) {
            if (InfoOf(input.node).state == &condition->sides[branch] ||
                is_own_switch(input.node)) {
              Unite(node, input.node);
            }
          }
          for (Node* const control : node->control_inputs) {
            if (InfoOf(control).state == &condition->sides[branch]) Unite(node, control);
          }
        }
      }
      for (Node* const merge : condition->merges) {
        for (const Output& input : merge->inputs) Unite(merge, input.node);
      }
      for (Node* const node : condition->switches) {
        const Output predicate = node->inputs[1];
        // Of the raw predicate there may be many tf.conds: their pivots, Switch(p, p), say nothing.
        if (predicate.node->Is("Identity") && node->inputs[0] != predicate) {
          Unite(node, predicate.node);
        }
      }
      std::unordered_map<const Node*, std::size_t> places;
      for (Node* const merge : condition->merges) {
        const auto [place, is_new] = places.try_emplace(Leader(merge), components.size());
        if (is_new) components.push_back({.condition = condition});
        components[place->second].merges.push_back(merge);
      }
      const auto put = [&](Node* node, std::vector<Node*> Component::* list) {
        const auto place = places.find(Leader(node));
        if (place != places.end()) (components[place->second].*list).push_back(node);
      };
      for (Node* const node : condition->switches) put(node, &Component::switches);
      for (const int branch : {0, 1}) {
        for (Node* const node : condition->members[branch]) {
          if (InfoOf(node).gone) continue;
          const auto place = places.find(Leader(node));
          if (place != places.end()) components[place->second].members[branch].push_back(node);
        }
      }
    }
    for (Component& component : components) {
      std::ranges::sort(component.merges, {}, [&](const Node* n) { return InfoOf(n).place; });
      const auto is_refused = [&](const Node* node) { return InfoOf(node).refused; };
      const auto stays = [&](const Node* node) {
        return is_refused(node) || IsControlFlow(node->op);
      };
      component.refused = std::ranges::any_of(component.merges, is_refused) ||
                          std::ranges::any_of(component.switches, is_refused) ||
                          std::ranges::any_of(component.members[0], stays) ||
                          std::ranges::any_of(component.members[1], stays);
    }
    return components;
  }

  // As one node each, components must not wait for themselves.
  void RefuseCycles(const Frame& frame, const State& state, std::vector<Component>& components) {
    std::unordered_map<const Node*, std::size_t> vertex_of;
    std::vector<std::vector<Node*>> vertices;
    for (const Component& component : components) {
      std::vector<Node*>& nodes = vertices.emplace_back();
      for (const auto* list : {&component.members[0], &component.members[1], &component.merges}) {
        nodes.insert(nodes.end(), list->begin(), list->end());
      }
      for (const Node* const node : nodes) vertex_of[node] = vertices.size() - 1;
    }
    const std::vector<Node*>& around =
        state.condition == nullptr ? frame.nodes : state.condition->members[state.branch];
    for (Node* const node : around) {
      if (InfoOf(node).gone || InfoOf(node).state != &state || vertex_of.contains(node)) continue;
      vertices.push_back({node});
      vertex_of[node] = vertices.size() - 1;
    }
    std::vector<std::vector<std::size_t>> before(vertices.size()), after(vertices.size());
    for (std::size_t v = 0; v < vertices.size(); ++v) {
      for (Node* const node : vertices[v]) {
        ForEachSource(node, [&](const Node* source) {
          const auto from = vertex_of.find(source);
          if (from == vertex_of.end() || from->second == v) return;
          before[v].push_back(from->second);
          after[from->second].push_back(v);
        });
      }
    }
    // Takes away what waits for nothing that is left: then what nothing left waits for. What stays
    // is in a cycle or between two.
    std::vector<bool> is_left(vertices.size(), true);
    const auto peel = [&](const std::vector<std::vector<std::size_t>>& in,
                          const std::vector<std::vector<std::size_t>>& out) {
      std::vector<std::size_t> degree(vertices.size(), 0), open;
      for (std::size_t v = 0; v < vertices.size(); ++v) {
        if (!is_left[v]) continue;
        for (const std::size_t u : in[v]) degree[v] += is_left[u] ? 1 : 0;
        if (degree[v] == 0) open.push_back(v);
      }
      while (!open.empty()) {
        const std::size_t v = open.back();
        open.pop_back();
        is_left[v] = false;
        for (const std::size_t u : out[v]) {
          if (is_left[u] && --degree[u] == 0) open.push_back(u);
        }
      }
    };
    peel(before, after);
    peel(after, before);
    for (std::size_t c = 0; c < components.size(); ++c) {
      if (is_left[c]) components[c].refused = true;
    }
  }

  bool IsUsed(Output output) {
    if (sets_.IsFetched(output)) return true;
    return std::ranges::any_of(InfoOf(output.node).users, [&](const Node* user) {
      return IsThere(user) && std::ranges::find(user->inputs, output) != user->inputs.end();
    });
  }

  // False if it cannot be one If; nothing is changed then.
  Result<bool> ConvertBranch(Frame& frame, Component& component) {
    Condition& condition = *component.condition;
    std::unordered_set<const Node*> inside(component.members[0].begin(),
                                           component.members[0].end());
    inside.insert(component.members[1].begin(), component.members[1].end());

    // What comes from outside, in the order in which it is met.
    std::vector<Output> captures;
    std::vector<Node*> waits;
    std::set<Output> captured;
    const auto is_own_switch = [&](const Node* node) {
      return IsSwitch(*node) && InfoOf(node).condition == &condition;
    };
    // The predicate itself: true on one side, false on the other.
    const auto is_known = [&](const Node* node) {
      return Unnamed(node->inputs[0]) == condition.predicate;
    };
    const auto capture = [&](Output input) {
      if (inside.contains(input.node)) return;
      if (is_own_switch(input.node) && is_known(input.node)) return;
      const Output source = is_own_switch(input.node) ? input.node->inputs[0] : input;
      if (IsRepeated(*source.node) || !captured.insert(source).second) return;
      captures.push_back(source);
    };
    const auto wait = [&](Node* control) {
      if (inside.contains(control)) return;
      waits.push_back(is_own_switch(control) ? control->inputs[0].node : control);
    };
    std::vector<Node*> order[2];
    for (const int branch : {1, 0}) {
      order[branch] = Ordered(component.members[branch]);
      for (const Node* const node : order[branch]) {
        for (const Output& input : node->inputs) capture(input);
        for (Node* const control : node->control_inputs) wait(control);
      }
    }
    for (const Node* const merge : component.merges) {
      for (const Output& input : merge->inputs) capture(input);
      for (Node* const control : merge->control_inputs) wait(control);
    }
    // What stood in front of the branches as a whole.
    for (const Node* const node : component.switches) {
      for (Node* const control : node->control_inputs) wait(control);
      for (const Node* at = node->inputs[1].node; at != condition.predicate.node;
           at = at->inputs[0].node) {
        for (Node* const control : at->control_inputs) wait(control);
      }
    }

    std::vector<Attrs> args;
    std::vector<DType> in_types, out_types;
    for (const Output& input : captures) {
      const std::optional<Attrs> arg = ArgAttrs(input);
      if (!arg) return false;
      args.push_back(*arg);
      in_types.push_back(std::get<DType>(arg->at("T")));
    }
    std::vector<Output> replaced;  // The outputs of the Merges, in the order of the results.
    std::vector<Shape> shapes;
    for (Node* const merge : component.merges) {
      for (const int index : {0, 1}) {
        const Output output{merge, index};
        if (index == 1 && !IsUsed(output)) continue;
        const Result<DType> type = graph_.OutputType(output);
        if (!type.ok()) return false;
        replaced.push_back(output);
        out_types.push_back(*type);
        shapes.push_back(index == 0 ? WrittenShape(output) : Shape());
      }
    }

    const std::string scope = ScopeOf(component.merges[0]->name);
    const std::string base = FunctionBase(scope, "cond");
    bool is_stateful = false;
    std::string functions[2];
    std::vector<FunctionDef> defs;
    for (const int branch : {1, 0}) {
      functions[branch] = UniqueFunction(base + (branch == 1 ? "_true" : "_false"));
      BodyWriter writer(graph_, functions[branch]);
      for (std::size_t i = 0; i < captures.size(); ++i) {
        writer.Bind(captures[i], writer.AddArg(captures[i].node->name, args[i]));
      }
      for (Node* const node : component.switches) {
        const Output source = node->inputs[0], side{node, branch};
        if (is_known(node)) {
          writer.Bind(side, writer.AddConst(node->name, Tensor::Scalar<bool>(branch == 1)));
        } else if (captured.contains(source) || IsRepeated(*source.node)) {
          writer.Bind(side, writer.At(source));
        }
      }
      writer.Copy(order[branch]);
      for (const Output& output : replaced) {
        const bool is_first = StateOf(output.node->inputs[0]) == &condition.sides[branch];
        if (output.index == 0) {
          writer.body().results.push_back(writer.At(output.node->inputs[is_first ? 0 : 1]));
        } else {
          const Tensor index = Tensor::Scalar<std::int32_t>(is_first ? 0 : 1);
          writer.body().results.push_back(writer.AddConst(output.node->name + "/index", index));
        }
      }
      WHYLIGHT_RETURN_IF_ERROR(writer.Finish());
      is_stateful = is_stateful || writer.IsStateful();
      Result<FunctionDef> def = ExportFunction(writer.body());
      if (!def.ok()) return false;
      defs.push_back(*std::move(def));
    }

    Node* const node =
        graph_.Add(graph_.UniqueName(scope + "If"), is_stateful ? "If" : "StatelessIf");
    node->inputs = {condition.predicate};
    node->inputs.insert(node->inputs.end(), captures.begin(), captures.end());
    node->attrs["Tcond"] = DType::kBool;
    node->attrs["Tin"] = in_types;
    node->attrs["Tout"] = out_types;
    node->attrs["then_branch"] = FunctionRef{.name = functions[1], .attrs = {}};
    node->attrs["else_branch"] = FunctionRef{.name = functions[0], .attrs = {}};
    node->attrs["output_shapes"] = shapes;
    node->attrs["_lower_using_switch_merge"] = true;
    SetControls(*node, waits);
    for (FunctionDef& def : defs) graph_.library.Add(std::move(def));
    Enlist(node, frame);
    InfoOf(node).state = condition.outer;
    AddMember(node, condition.outer);

    for (std::size_t i = 0; i < replaced.size(); ++i) {
      Replace(replaced[i], {node, static_cast<int>(i)});
    }
    for (const auto* list : {&component.members[0], &component.members[1], &component.merges}) {
      for (const Node* const member : *list) InfoOf(member).gone = true;
    }
    for (Node* const one : component.switches) DropSwitch(one);
    return true;
  }

  // Nobody takes a side of the Switch any longer. Who waited for it runs on both.
  void DropSwitch(Node* node) {
    InfoOf(node).gone = true;
    for (Node* const user : InfoOf(node).users) {
      if (!IsThere(user)) continue;
      ReplaceControl(*user, node, node->inputs[0].node);
      AddUser(node->inputs[0].node, user);
    }
  }

  // Loops -------------------------------------------------------------------------------------

  struct Variable {
    Node* merge = nullptr;
    Node* enter = nullptr;
    Node* next = nullptr;
  };

  // False if it cannot be one While; nothing is changed then.
  Result<bool> ConvertLoop(Frame& frame) {
    if (frame.refused || frame.exits.empty()) return false;
    std::vector<Variable> variables;
    std::vector<Node*> invariants, always;  // `always`: of the condition, or bound to neither.
    std::set<const Node*> entered;
    Node* loop_cond = nullptr;
    Condition* condition = nullptr;
    for (Condition& one : frame.conditions) {
      if (!one.is_loop) continue;
      if (condition != nullptr || one.outer != &frame.root) return false;
      condition = &one;
    }
    if (condition == nullptr || !condition->merges.empty()) return false;
    const auto is_own_switch = [&](const Node* node) {
      return IsSwitch(*node) && InfoOf(node).condition == condition;
    };
    for (Node* const node : frame.nodes) {
      const Info& info = InfoOf(node);
      if (info.gone) continue;
      if (info.refused || info.state == nullptr) return false;
      if (IsEnter(*node)) {
        if (node->AttrOr("is_constant", false)) invariants.push_back(node);
      } else if (IsLoopMerge(*node)) {
        const std::optional<Variable> variable = VariableOf(frame, node);
        if (!variable || !entered.insert(variable->enter).second) return false;
        variables.push_back(*variable);
      } else if (node->Is("LoopCond")) {
        if (loop_cond != nullptr || info.state != &frame.root) return false;
        loop_cond = node;
      } else if (is_own_switch(node)) {
        if (!IsLoopMerge(*node->inputs[0].node) || node->inputs[0].index != 0 ||
            !node->control_inputs.empty()) {
          return false;
        }
      } else if (IsNextIteration(*node)) {
        if (info.state != &condition->sides[1]) return false;
      } else if (IsControlFlow(node->op)) {
        return false;
      } else if (info.state == &frame.root) {
        always.push_back(node);
      } else if (info.state != &condition->sides[1]) {
        return false;
      }
    }
    std::ranges::sort(variables, {}, [&](const Variable& v) { return InfoOf(v.merge).place; });
    if (loop_cond == nullptr || condition->predicate.node != loop_cond || variables.empty()) {
      return false;
    }
    for (const Node* const enter : frame.enters) {
      const bool is_constant = enter->AttrOr("is_constant", false);
      if (!is_constant && !entered.contains(enter)) return false;
    }
    for (const Node* const exit : frame.exits) {
      const Output value = exit->inputs[0];
      if (InfoOf(exit).refused || !exit->control_inputs.empty() || value.index != 0 ||
          !is_own_switch(value.node)) {
        return false;
      }
    }

    // Arguments.
    std::vector<Output> inputs;
    std::vector<std::string> names;
    std::vector<std::vector<Output>> inner;  // What each argument stands for in the loop.
    std::vector<Attrs> args;
    std::vector<Shape> shapes;
    std::map<Output, std::size_t> place_of;
    for (const Variable& variable : variables) {
      place_of[{variable.merge, 0}] = inputs.size();
      inputs.push_back(variable.enter->inputs[0]);
      names.push_back(variable.enter->name);
      inner.push_back({{variable.merge, 0}});
      std::optional<Attrs> arg = ArgAttrs({variable.merge, 0});
      if (!arg) return false;
      args.push_back(*std::move(arg));
      shapes.push_back(WrittenShape({variable.merge, 0}));
    }
    std::map<Output, std::size_t> invariant_of;
    for (Node* const enter : invariants) {
      const Output source = enter->inputs[0];
      if (IsRepeated(*source.node)) continue;
      const auto [place, is_new] = invariant_of.try_emplace(source, inputs.size());
      if (is_new) {
        inputs.push_back(source);
        names.push_back(source.node->name);
        inner.emplace_back();
        std::optional<Attrs> arg = ArgAttrs(source);
        if (!arg) return false;
        args.push_back(*std::move(arg));
        shapes.push_back(WrittenShape({enter, 0}));
      }
      inner[place->second].push_back({enter, 0});
    }
    for (Node* const node : condition->switches) {
      const auto place = place_of.find(node->inputs[0]);
      if (place == place_of.end()) return false;
      inner[place->second].push_back({node, 1});
    }

    const std::string scope = ScopeOf(loop_cond->name);
    const std::string base = FunctionBase(scope, "while");
    const std::string cond_name = UniqueFunction(base + "_cond");
    const std::string body_name = UniqueFunction(base + "_body");
    const auto start = [&](BodyWriter& writer) {
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Output arg = writer.AddArg(names[i], args[i]);
        for (const Output& one : inner[i]) writer.Bind(one, arg);
      }
      for (Node* const enter : invariants) {
        if (IsRepeated(*enter->inputs[0].node)) {
          writer.Bind({enter, 0}, writer.At(enter->inputs[0]));
        }
      }
    };
    const std::vector<Node*> always_in_order = Ordered(always);
    BodyWriter cond(graph_, cond_name);
    start(cond);
    cond.Copy(always_in_order);
    cond.body().results = {cond.At(loop_cond->inputs[0])};
    WHYLIGHT_RETURN_IF_ERROR(cond.Finish());

    BodyWriter body(graph_, body_name);
    start(body);
    std::vector<Node*> steps = always;
    for (Node* const node : condition->members[1]) {
      if (!InfoOf(node).gone && !IsNextIteration(*node)) steps.push_back(node);
    }
    body.Copy(Ordered(steps));
    for (const Variable& variable : variables) {
      body.body().results.push_back(body.At(variable.next->inputs[0]));
      for (const Node* const control : variable.next->control_inputs) {
        Node* const inside = body.CopyOf(control);
        if (inside != nullptr) body.body().control_results.push_back(inside);
      }
    }
    for (std::size_t i = variables.size(); i < inputs.size(); ++i) {
      body.body().results.push_back({body.body().args[i], 0});
    }
    std::vector<std::string> ungated;
    for (const Node* const node : always) {
      const OpDef* const op = graph_.registry().Find(node->op);
      if (op->is_stateful || HasEffect(graph_, *node)) ungated.push_back(body.CopyOf(node)->name);
    }
    WHYLIGHT_RETURN_IF_ERROR(body.Finish());
    // It would run once a step, and not once more when the condition fails.
    for (const std::string& name : ungated) {
      if (body.body().graph.Find(name) != nullptr) return false;
    }
    Result<FunctionDef> cond_def = ExportFunction(cond.body());
    Result<FunctionDef> body_def = ExportFunction(body.body());
    if (!cond_def.ok() || !body_def.ok()) return false;

    const bool is_stateful = cond.IsStateful() || body.IsStateful();
    Node* const node =
        graph_.Add(graph_.UniqueName(scope + "While"), is_stateful ? "While" : "StatelessWhile");
    node->inputs = inputs;
    std::vector<DType> types;
    for (const Attrs& arg : args) types.push_back(std::get<DType>(arg.at("T")));
    node->attrs["T"] = types;
    node->attrs["cond"] = FunctionRef{.name = cond_name, .attrs = {}};
    node->attrs["body"] = FunctionRef{.name = body_name, .attrs = {}};
    node->attrs["output_shapes"] = shapes;
    node->attrs["parallel_iterations"] =
        frame.enters[0]->AttrOr<std::int64_t>("parallel_iterations", 10);
    node->attrs["_lower_using_switch_merge"] = true;
    std::vector<Node*> waits;
    for (const Node* const enter : frame.enters) {
      waits.insert(waits.end(), enter->control_inputs.begin(), enter->control_inputs.end());
    }
    SetControls(*node, waits);
    graph_.library.Add(*std::move(cond_def));
    graph_.library.Add(*std::move(body_def));
    Enlist(node, *frame.parent);
    for (Node* const exit : frame.exits) {
      const std::size_t place = place_of.at(exit->inputs[0].node->inputs[0]);
      Replace({exit, 0}, {node, static_cast<int>(place)});
      InfoOf(exit).gone = true;
    }
    for (const Node* const one : frame.nodes) InfoOf(one).gone = true;
    return true;
  }

  std::optional<Variable> VariableOf(const Frame& frame, Node* merge) {
    if (merge->inputs.size() != 2 || !merge->control_inputs.empty() || IsUsed({merge, 1})) {
      return std::nullopt;
    }
    Variable variable{.merge = merge};
    for (const Output& input : merge->inputs) {
      if (IsEnter(*input.node)) variable.enter = input.node;
      if (IsNextIteration(*input.node)) variable.next = input.node;
    }
    if (variable.enter == nullptr || variable.next == nullptr ||
        variable.enter->AttrOr("is_constant", false) || InfoOf(variable.enter).frame != &frame ||
        InfoOf(variable.next).frame != &frame) {
      return std::nullopt;
    }
    // Nobody else sees what enters: it is there in the first iteration only.
    for (const Node* const user : InfoOf(variable.enter).users) {
      if (IsThere(user) && user != merge) return std::nullopt;
    }
    return variable;
  }

  // Both --------------------------------------------------------------------------------------

  bool IsRepeated(const Node& node) const { return IsSmallConst(node) && !sets_.IsFed(&node); }

  // The shape that the model's writer knew; unknown if it does not say.
  static Shape WrittenShape(Output output) {
    const auto* shapes = output.node->Attr<std::vector<Shape>>("_output_shapes");
    const auto index = static_cast<std::size_t>(output.index);
    return shapes != nullptr && index < shapes->size() ? (*shapes)[index] : Shape::UnknownRank();
  }

  // The attributes of an argument for that tensor; nullopt if its type is not known.
  std::optional<Attrs> ArgAttrs(Output output) const {
    const Result<DType> type = graph_.OutputType(output);
    if (!type.ok()) return std::nullopt;
    Attrs attrs = {{"T", *type}};
    if (const Shape shape = WrittenShape(output); shape.has_rank() && *type != DType::kResource) {
      attrs["_output_shapes"] = std::vector<Shape>{shape};
    }
    const Node* source = output.node;  // The handle as it is outside of loops and branches.
    while ((IsEnter(*source) || IsSwitch(*source) || source->Is("Identity")) &&
           !source->inputs.empty()) {
      source = source->inputs[0].node;
    }
    if (*type == DType::kResource && source->Is("VarHandleOp")) {
      attrs["_handle_dtypes"] = std::vector<DType>{source->AttrOr("dtype", DType::kInvalid)};
      attrs["_handle_shapes"] = std::vector<Shape>{source->AttrOr("shape", Shape::UnknownRank())};
    }
    return attrs;
  }

  static std::string FunctionBase(std::string scope, const std::string& otherwise) {
    if (scope.empty()) return otherwise;
    scope.pop_back();
    std::ranges::replace_if(
        scope, [](char c) { return c == '/' || c == '.' || c == '-' || c == '>'; }, '_');
    return scope;
  }

  std::string UniqueFunction(const std::string& wish) const {
    std::string name = wish;
    for (int suffix = 1;
         graph_.library.Find(name) != nullptr || graph_.registry().Find(name) != nullptr;
         ++suffix) {
      name = wish + "_" + std::to_string(suffix);
    }
    return name;
  }

  static void SetControls(Node& node, const std::vector<Node*>& waits) {
    std::unordered_set<const Node*> seen;
    for (const Output& input : node.inputs) seen.insert(input.node);
    for (Node* const wait : waits) {
      if (seen.insert(wait).second) node.control_inputs.push_back(wait);
    }
  }

  void Enlist(Node* node, Frame& frame) {
    needed_.insert(node);
    InfoOf(node).frame = &frame;
    frame.nodes.push_back(node);
    for (const Output& input : node->inputs) AddUser(input.node, node);
    for (const Node* const control : node->control_inputs) AddUser(control, node);
    changed_ = true;
  }

  void Replace(Output from, Output to) {
    const std::vector<Node*> users = InfoOf(from.node).users;
    for (Node* const user : users) {
      if (!IsThere(user)) continue;
      std::ranges::replace(user->inputs, from, to);
      ReplaceControl(*user, from.node, to.node);
      AddUser(to.node, user);
    }
    if (context_.outputs == nullptr) return;
    for (Output& output : *context_.outputs) {
      if (output != from) continue;
      output = to;
      InfoOf(to.node).refused = true;  // It cannot move into a function in its turn.
    }
  }

  static void ReplaceControl(Node& user, const Node* from, Node* to) {
    std::vector<Node*>& controls = user.control_inputs;
    if (std::erase(controls, from) > 0 && std::ranges::find(controls, to) == controls.end()) {
      controls.push_back(to);
    }
  }

  Graph& graph_;
  PassContext& context_;
  const ContextSets sets_;
  std::set<const Node*> needed_;
  std::unordered_map<const Node*, Info> info_;
  std::unordered_map<Node*, Node*> leaders_;
  std::deque<Frame> frames_;
  bool changed_ = false;
};

}  // namespace

Result<bool> FunctionalizeControlFlow::Run(Graph& graph, PassContext& context) {
  const bool has_roots = (context.outputs != nullptr && !context.outputs->empty()) ||
                         (context.targets != nullptr && !context.targets->empty());
  if (!has_roots || !HasControlFlow(graph)) return false;
  return Functionalizer(graph, context).Run();
}

}  // namespace whylight

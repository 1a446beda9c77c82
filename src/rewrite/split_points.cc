#include "rewrite/split_points.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "autodiff/gradients.h"
#include "graph/shapes.h"

namespace whylight {
namespace {

using Names = std::set<std::string>;

// As the key of an input: [a-z_][a-z0-9_]*.
std::string AsKey(const std::string& wish) {
  std::string key;
  for (const char c : wish.substr(wish.rfind('/') + 1)) {
    const auto byte = static_cast<unsigned char>(c);
    key += std::isalnum(byte) != 0 ? c : '_';
  }
  if (key.empty() || std::isdigit(static_cast<unsigned char>(key[0])) != 0) key = "x_" + key;
  return key;
}

class SplitFinder {
 public:
  explicit SplitFinder(const SignatureGraph& graph)
      : graph_(graph), order_(graph.graph.TopologicalOrder()) {
    for (const Port& output : graph.outputs) {
      if (IsFloating(output.dtype)) outputs_.push_back(output);
    }
    for (const Port& output : outputs_) ys_.push_back(output.tensor);
    FollowInputs();
  }

  Result<SplitProposal> Run() {
    SplitProposal split;
    if (outputs_.empty()) return split;
    // Inputs without a gradient, or what an earlier round found that has none: searched behind.
    std::vector<Output> origins;
    std::vector<Output> found;
    for (const Port& input : graph_.inputs) {
      WHYLIGHT_ASSIGN_OR_RETURN(const bool reaches, Reaches(input.tensor));
      if (reaches) {
        found.push_back(input.tensor);
      } else {
        split.needed = true;
        AddOrigins(input.tensor, origins);
      }
    }
    if (!split.needed) return split;
    bool any = false;
    constexpr int kRounds = 4;
    for (int round = 0; round < kRounds && !origins.empty(); ++round) {
      std::vector<Output> next;
      for (const NamedTensor& feature : FindFloatFeatures(graph_.graph, origins, ys_)) {
        WHYLIGHT_ASSIGN_OR_RETURN(const Output tensor, graph_.graph.FindOutput(feature.tensor));
        WHYLIGHT_ASSIGN_OR_RETURN(const bool reaches, Reaches(tensor));
        if (!reaches) {
          AddOrigins(tensor, next);
          continue;
        }
        any = true;
        if (std::ranges::count(found, tensor) == 0) found.push_back(tensor);
        wishes_[tensor] = feature.name;
      }
      origins = std::move(next);
    }
    if (!any) return split;
    cut_ = CutAt(found);
    for (const Output& tensor : cut_) split.points.push_back(Describe(tensor));
    NameApart(split.points);
    return split;
  }

  SplitPoint Describe(Output tensor) {
    SplitPoint point{.name = AsKey(WishFor(tensor)),
                     .tensor = TensorName(graph_, tensor),
                     .op = tensor.node->op,
                     .shape = RecordedShape(tensor),
                     .behind = {},
                     .outputs = {}};
    const auto input = std::ranges::find(graph_.inputs, tensor, &Port::tensor);
    if (input != graph_.inputs.end()) {
      point.name = input->name;
      point.op.clear();
      point.shape = input->shape;
    }
    const Result<DType> dtype = graph_.graph.OutputType(tensor);
    if (dtype.ok()) point.dtype = *dtype;
    const Names& behind = behind_[tensor.node];
    point.behind.assign(behind.begin(), behind.end());
    for (const Port& output : outputs_) {
      const std::vector<Output> y = {output.tensor}, x = {tensor};
      const Result<PathAnalysis> path = AnalysePath(graph_.graph, y, x);
      if (path.ok() && path->reaches[0]) point.outputs.push_back(output.name);
    }
    return point;
  }

 private:
  // Which inputs each node comes from.
  void FollowInputs() {
    for (const Port& input : graph_.inputs) behind_[input.tensor.node].insert(input.name);
    for (const Node* node : order_) {
      Names names = behind_[node];
      for (const Output& input : node->inputs) names.merge(Names(behind_[input.node]));
      behind_[node] = std::move(names);
    }
  }

  // Whether a gradient comes from the outputs to `tensor`.
  Result<bool> Reaches(Output tensor) const {
    WHYLIGHT_ASSIGN_OR_RETURN(const DType dtype, graph_.graph.OutputType(tensor));
    if (!IsFloating(dtype)) return false;
    const std::vector<Output> x = {tensor};
    WHYLIGHT_ASSIGN_OR_RETURN(const PathAnalysis path, AnalysePath(graph_.graph, ys_, x));
    return bool{path.reaches[0]};
  }

  // `tensor` if it is no floating-point number; else the first tensors behind it that are none (ids
  // in a float, as Keras 2 takes them).
  void AddOrigins(Output tensor, std::vector<Output>& origins) const {
    std::set<Output> floats;
    const auto add = [&](Output output) {
      const Result<DType> dtype = graph_.graph.OutputType(output);
      if (!dtype.ok()) return;
      if (IsFloating(*dtype)) {
        floats.insert(output);
      } else if (std::ranges::count(origins, output) == 0) {
        origins.push_back(output);
      }
    };
    add(tensor);
    for (Node* node : order_) {
      const bool reads = std::ranges::any_of(
          node->inputs, [&](const Output& input) { return floats.contains(input); });
      if (!reads || ReadsShapesOnly(*node)) continue;
      const Result<std::vector<DType>> types = graph_.graph.OutputTypes(*node);
      if (!types.ok()) continue;
      for (std::size_t i = 0; i < types->size(); ++i) add({node, static_cast<int>(i)});
    }
  }

  // Those of `found` that the outputs read, and the inputs that they need besides: passed on.
  std::vector<Output> CutAt(const std::vector<Output>& found) const {
    std::vector<Output> cut;
    std::set<Output> seen;
    std::vector<Output> waiting = ys_;
    while (!waiting.empty()) {
      const Output tensor = waiting.back();
      waiting.pop_back();
      if (!seen.insert(tensor).second) continue;
      if (std::ranges::count(found, tensor) > 0 || IsInput(tensor)) {
        cut.push_back(tensor);
        continue;
      }
      waiting.insert(waiting.end(), tensor.node->inputs.begin(), tensor.node->inputs.end());
    }
    std::ranges::sort(cut, {}, [](const Output& tensor) { return tensor.name(); });
    return cut;
  }

  bool IsInput(Output tensor) const {
    return std::ranges::find(graph_.inputs, tensor, &Port::tensor) != graph_.inputs.end();
  }

  // The key of a tf.Example that it is parsed from, or the input that it alone comes from, unless
  // that is passed on too; else its node.
  std::string WishFor(Output tensor) const {
    const auto wish = wishes_.find(tensor);
    if (wish != wishes_.end() && graph_.graph.Find(wish->second) == nullptr) return wish->second;
    const auto behind = behind_.find(tensor.node);
    if (behind == behind_.end() || behind->second.size() != 1) return tensor.node->name;
    const std::string& input = *behind->second.begin();
    const bool passed = std::ranges::any_of(cut_, [&](const Output& other) {
      return IsInput(other) && TensorName(graph_, other) == input;
    });
    return passed ? tensor.node->name : input;
  }

  // Numbers behind names that several have, and behind those of inputs.
  static void NameApart(std::vector<SplitPoint>& points) {
    Names taken;
    for (const SplitPoint& point : points) {
      if (point.is_input()) taken.insert(point.name);
    }
    for (SplitPoint& point : points) {
      if (point.is_input()) continue;
      const std::string wish = point.name;
      for (int i = 1; !taken.insert(point.name).second; ++i) {
        point.name = wish + "_" + std::to_string(i);
      }
    }
  }

  const SignatureGraph& graph_;
  const std::vector<Node*> order_;
  std::vector<Port> outputs_;
  std::vector<Output> ys_;
  std::vector<Output> cut_;
  std::map<const Node*, Names> behind_;
  std::map<Output, std::string> wishes_;
};

}  // namespace

std::vector<std::string> SplitProposal::arguments() const {
  std::vector<std::string> texts;
  for (const SplitPoint& point : points) {
    texts.push_back(point.is_input() ? point.tensor : point.name + "=" + point.tensor);
  }
  return texts;
}

Result<SplitProposal> FindSplit(const SignatureGraph& graph) { return SplitFinder(graph).Run(); }

std::vector<SplitPoint> FindScores(const SignatureGraph& graph) {
  std::vector<SplitPoint> scores;
  std::set<Output> seen;
  std::vector<Output> waiting;
  for (const Port& output : graph.outputs) waiting.push_back(output.tensor);
  SplitFinder describe(graph);
  for (std::size_t i = 0; i < waiting.size(); ++i) {  // Breadth first: the nearest come first.
    const Output tensor = waiting[i];
    if (!seen.insert(tensor).second) continue;
    const Result<DType> dtype = graph.graph.OutputType(tensor);
    if (!dtype.ok() || !IsFloating(*dtype)) {
      waiting.insert(waiting.end(), tensor.node->inputs.begin(), tensor.node->inputs.end());
      continue;
    }
    SplitPoint point = describe.Describe(tensor);
    if (point.is_input() || point.behind.empty()) continue;
    point.name = "scores";
    scores.push_back(std::move(point));
  }
  return scores;
}

}  // namespace whylight

#include "explain/path_graph.h"

#include <algorithm>

#include "autodiff/gradients.h"
#include "explain/affine_prefix.h"
#include "explain/score_ops.h"
#include "graph/builder.h"

namespace whylight {
namespace {

constexpr char kScope[] = "whylight/path";

// A vector [m] as [m, 1, 1, ...], to be multiplied with `like` of shape [m, ...].
Output AsColumn(GraphBuilder& b, Output vector, Output like) {
  const Shape shape = b.shape(like);
  if (shape.has_rank()) {
    std::vector<std::int32_t> sizes(static_cast<std::size_t>(shape.rank()), 1);
    sizes[0] = -1;
    return b.Reshape(vector, b.Int32s(sizes));
  }
  const Output inner_rank = b.Sub(b.Rank(like), b.Scalar(DType::kInt32, 1));
  const Output ones = b.Fill(b.Reshape(inner_rank, b.Int32s({1})), b.Scalar(DType::kInt32, 1));
  return b.Reshape(vector, b.Concat({b.Int32s({-1}), ones}, b.Scalar(DType::kInt32, 0)));
}

// The parts that all paths have in common.
class PathBuilder {
 public:
  PathBuilder(Program& program, const PathGraphSpec& spec)
      : program_(program), spec_(spec), b_(program.graph, kScope) {}

  Result<PathGraph> Build() {
    const Shape vector{Shape::kUnknown};
    targets_ = Placeholder(b_, DType::kInt64, vector);
    const Output score = ScoresOf(b_, spec_.output, targets_);
    path_.scores = b_.Cast(score, DType::kFloat64).name();
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    path_.targets = targets_.name();
    if (spec_.layer) WHYLIGHT_RETURN_IF_ERROR(AtLayer(score));
    if (spec_.gradients.empty()) return path_;
    owner_ = Placeholder(b_, DType::kInt32, vector);
    owners_ = Placeholder(b_, DType::kInt32, Shape{});
    positions_ = Placeholder(b_, DType::kFloat64, vector);
    weights_ = Placeholder(b_, DType::kFloat64, vector);
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    path_.owner = owner_.name();
    path_.owners = owners_.name();
    path_.positions = positions_.name();
    path_.weights = weights_.name();
    for (const std::size_t index : spec_.gradients) {
      points_.push_back(program_.inputs[index].port.tensor);
    }
    const AffinePrefix prefix = Prefix();
    WHYLIGHT_RETURN_IF_ERROR(prefix.cut.empty() ? AlongInputs(score) : AlongCut(prefix));
    return path_;
  }

 private:
  bool has_rows() const { return program_.layout.kind != RowLayout::Kind::kNone; }

  AffinePrefix Prefix() const {
    // The ends of paths are rows too, as many as there are instances.
    if (!spec_.hoist || program_.layout.kind != RowLayout::Kind::kBatched) return {};
    std::vector<Output> held;
    for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
      if (std::ranges::find(spec_.gradients, i) == spec_.gradients.end()) {
        held.push_back(program_.inputs[i].port.tensor);
      }
    }
    AffinePrefix prefix = FindAffinePrefix(program_.graph, spec_.output, points_, held);
    return IsWorthHoisting(prefix) ? std::move(prefix) : AffinePrefix();
  }

  static DType Wide(DType dtype) {
    return dtype == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
  }

  Status AtLayer(Output score) {
    const Output layer = *spec_.layer;
    const Output one = b_.OnesLike(score);
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Output> gradients,
                              AddGradients(program_.graph, {&score, 1}, {&one, 1}, {&layer, 1}));
    const DType wide = Wide(b_.dtype(layer));
    const Output values = b_.Cast(layer, wide), gradient = b_.Cast(gradients[0], wide);
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    path_.layer = {.values = values.name(), .gradient = gradient.name()};
    return OkStatus();
  }

  // Placeholders for the ends of the paths.
  void AddEnds() {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const Port& port = program_.inputs[spec_.gradients[i]].port;
      Shape shape = Shape::UnknownRank();
      if (port.shape.has_rank()) {
        shape = has_rows() ? port.shape.WithoutFirst().WithFirst(Shape::kUnknown)
                           : port.shape.WithFirst(Shape::kUnknown);
      }
      const Output x = Placeholder(b_, port.dtype, shape);
      const Output baseline = Placeholder(b_, port.dtype, shape);
      if (!b_.status().ok()) return;
      if (shape.has_rank()) x.node->shapes = baseline.node->shapes = {shape};
      xs_.push_back(x);
      baselines_.push_back(baseline);
    }
  }

  Output WeightedSum(Output gradient) {
    const Output weighted = b_.Mul(gradient, AsColumn(b_, weights_, gradient));
    return b_.Op("UnsortedSegmentSum", {weighted, owner_, owners_});
  }

  // The inputs themselves move: one that is not fed is its point on the path.
  Status AlongInputs(Output score) {
    const std::vector<Output> ys = {score};
    const std::vector<Output> dys = {b_.OnesLike(score)};
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Output> gradients,
                              AddGradients(program_.graph, ys, dys, points_));
    AddEnds();
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    const Output first_axis = b_.Scalar(DType::kInt32, 0);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      Node& point = *points_[i].node;
      const DType dtype = program_.inputs[spec_.gradients[i]].port.dtype;
      const Output to = b_.Cast(b_.Gather(xs_[i], owner_), Wide(dtype));
      const Output from = b_.Cast(b_.Gather(baselines_[i], owner_), Wide(dtype));
      const Output position = AsColumn(b_, b_.Cast(positions_, Wide(dtype)), xs_[i]);
      Output on_path = b_.Cast(b_.Add(from, b_.Mul(position, b_.Sub(to, from))), dtype);
      Output gradient = b_.Cast(gradients[i], Wide(dtype));
      if (!has_rows()) {
        on_path = b_.Op("Squeeze", {on_path}, {{"squeeze_dims", std::vector<std::int64_t>{0}}});
        gradient = b_.ExpandDims(gradient, first_axis);
      }
      const Output sum = WeightedSum(b_.Cast(gradient, DType::kFloat64));
      WHYLIGHT_RETURN_IF_ERROR(b_.status());
      const Shape declared = point.AttrOr("shape", Shape::UnknownRank());
      point.op = "PlaceholderWithDefault";
      point.inputs = {on_path};
      point.attrs = {{"dtype", dtype}, {"shape", declared}};
      path_.inputs.push_back({.index = spec_.gradients[i],
                              .x = xs_[i].name(),
                              .baseline = baselines_[i].name(),
                              .sum = sum.name(),
                              .gradient = gradient.name()});
    }
    path_.path_scores = path_.scores;
    return OkStatus();
  }

  // What lies behind the inputs moves: copies of the prefix for the ends, through that of x sums
  // are pulled back, and one of the rest for the points.
  Status AlongCut(const AffinePrefix& prefix) {
    Graph& graph = program_.graph;
    AddEnds();
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    for (std::size_t i = 0; i < points_.size(); ++i) {
      xs_[i] = WithShapeOf(xs_[i], points_[i]);
      baselines_[i] = WithShapeOf(baselines_[i], points_[i]);
    }
    std::vector<Output> left = prefix.cut;  // What the rest of the graph reads of the prefix.
    left.insert(left.end(), prefix.shaped.begin(), prefix.shaped.end());
    const std::vector<Output> at_x = CloneBetween(graph, points_, xs_, left, "whylight/x");
    const std::vector<Output> at_baseline =
        CloneBetween(graph, points_, baselines_, prefix.cut, "whylight/baseline");
    std::vector<Output> along, changes;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (i >= prefix.cut.size()) {  // Anything of that shape.
        along.push_back(WithShapeOf(b_.Gather(at_x[i], owner_), left[i]));
        continue;
      }
      const DType dtype = b_.dtype(left[i]);
      const Output from = b_.Cast(at_baseline[i], Wide(dtype));
      const Output change = b_.Sub(b_.Cast(at_x[i], Wide(dtype)), from);
      const Output moved = b_.Mul(AsColumn(b_, b_.Cast(positions_, Wide(dtype)), left[i]),
                                  b_.Gather(change, owner_));
      const Output on_path = b_.Cast(b_.Add(b_.Gather(from, owner_), moved), dtype);
      WHYLIGHT_RETURN_IF_ERROR(b_.status());
      along.push_back(WithShapeOf(b_.Op("Identity", {on_path}), left[i]));
      changes.push_back(b_.Cast(change, DType::kFloat64));
    }
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    const std::vector<Output> output =
        CloneBetween(graph, left, along, {&spec_.output, 1}, "whylight/along");
    const Output score = ScoresOf(b_, output[0], targets_);
    path_.path_scores = b_.Cast(score, DType::kFloat64).name();
    const std::vector<Output> ys = {score};
    const std::vector<Output> dys = {b_.OnesLike(score)};
    WHYLIGHT_RETURN_IF_ERROR(b_.status());

    // Some are only compared with, or counted.
    WHYLIGHT_ASSIGN_OR_RETURN(const PathAnalysis analysis,
                              AnalysePath(graph, ys, std::span(along).first(prefix.cut.size())));
    std::vector<Output> variables, reaching, reaching_at_x, own_changes;
    for (std::size_t i = 0; i < prefix.cut.size(); ++i) {
      if (!analysis.reaches[i]) continue;
      variables.push_back(along[i]);
      reaching.push_back(prefix.cut[i]);
      reaching_at_x.push_back(at_x[i]);
      own_changes.push_back(changes[i]);
    }
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Output> gradients,
                              AddGradients(graph, ys, dys, variables));

    std::vector<Output> pulled, slopes;
    for (std::size_t i = 0; i < variables.size(); ++i) {
      const Output gradient = b_.Cast(gradients[i], Wide(b_.dtype(gradients[i])));
      const Output slope = WeightedSum(b_.Cast(gradient, DType::kFloat64));
      const Output from =
          b_.Op("PlaceholderWithDefault", {slope}, {{"shape", Shape::UnknownRank()}});
      WHYLIGHT_RETURN_IF_ERROR(b_.status());
      slopes.push_back(WithShapeOf(b_.Cast(from, b_.dtype(reaching[i])), reaching[i]));
      pulled.push_back(WithShapeOf(b_.Op("Identity", {reaching_at_x[i]}), reaching[i]));
      path_.variables.push_back(
          {.gradient = gradient.name(), .change = own_changes[i].name(), .pull_from = from.name()});
    }
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Output> sums,
                              AddGradients(graph, pulled, slopes, xs_));
    for (std::size_t i = 0; i < points_.size(); ++i) {
      path_.inputs.push_back({.index = spec_.gradients[i],
                              .x = xs_[i].name(),
                              .baseline = baselines_[i].name(),
                              .sum = b_.Cast(sums[i], DType::kFloat64).name()});
    }
    return b_.status();
  }

  Program& program_;
  const PathGraphSpec& spec_;
  GraphBuilder b_;
  PathGraph path_;
  Output targets_, owner_, owners_, positions_, weights_;
  std::vector<Output> points_;  // The program's inputs,
  std::vector<Output> xs_;      // the ends of their paths,
  std::vector<Output> baselines_;
};

}  // namespace

Result<PathGraph> AddPathGraph(Program& program, const PathGraphSpec& spec) {
  return PathBuilder(program, spec).Build();
}

}  // namespace whylight

#include "explain/rowwise_prefix.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "graph/passes/effects.h"
#include "graph/shapes.h"

namespace whylight {
namespace {

// How an op's first output hangs on rows of its inputs, the others constant.
enum class Form {
  kElementwise,  // Of all inputs, broadcast together.
  kFirst,        // Row by row of input 0.
  kSecond,       // Row by row of input 1.
  kReduce,       // Over the axes that input 1 names.
  kConcat,       // Along an axis that the last input names, of all inputs before it.
  kPack,         // Along a new axis, the attribute `axis`.
  kReshape,
  kExpandDims,
  kSqueeze,
  kTranspose,
  kPad,
  kSlice,
  kStridedSlice,
  kGather,   // Of constant rows: input 1 says which.
  kMatMul,   // Row vectors times a constant.
  kSoftmax,  // Over the last axis.
};

struct RowwiseOp {
  std::string_view op;
  Form form;
};

constexpr RowwiseOp kRowwiseOps[] = {
    {"Abs", Form::kElementwise},
    {"Add", Form::kElementwise},
    {"AddV2", Form::kElementwise},
    {"All", Form::kReduce},
    {"Any", Form::kReduce},
    {"ArgMax", Form::kReduce},
    {"AsString", Form::kElementwise},
    {"Atan", Form::kElementwise},
    {"AvgPool", Form::kFirst},
    {"BiasAdd", Form::kFirst},
    {"Cast", Form::kElementwise},
    {"Ceil", Form::kElementwise},
    {"ClipByValue", Form::kElementwise},
    {"ConcatV2", Form::kConcat},
    {"Conv2D", Form::kFirst},
    {"Cos", Form::kElementwise},
    {"DepthwiseConv2dNative", Form::kFirst},
    {"Div", Form::kElementwise},
    {"DivNoNan", Form::kElementwise},
    {"Elu", Form::kElementwise},
    {"Equal", Form::kElementwise},
    {"Erf", Form::kElementwise},
    {"Exp", Form::kElementwise},
    {"ExpandDims", Form::kExpandDims},
    {"Expm1", Form::kElementwise},
    {"Floor", Form::kElementwise},
    {"FloorDiv", Form::kElementwise},
    {"FloorMod", Form::kElementwise},
    {"FusedBatchNormV3", Form::kFirst},
    {"GatherV2", Form::kGather},
    {"Greater", Form::kElementwise},
    {"GreaterEqual", Form::kElementwise},
    {"Identity", Form::kElementwise},
    {"IsFinite", Form::kElementwise},
    {"IsInf", Form::kElementwise},
    {"IsNan", Form::kElementwise},
    {"LeakyRelu", Form::kElementwise},
    {"Less", Form::kElementwise},
    {"LessEqual", Form::kElementwise},
    {"Log", Form::kElementwise},
    {"Log1p", Form::kElementwise},
    {"LogSoftmax", Form::kSoftmax},
    {"LogicalAnd", Form::kElementwise},
    {"LogicalNot", Form::kElementwise},
    {"LogicalOr", Form::kElementwise},
    {"LookupTableFind", Form::kSecond},
    {"LookupTableFindV2", Form::kSecond},
    {"MatMul", Form::kMatMul},
    {"Max", Form::kReduce},
    {"MaxPool", Form::kFirst},
    {"Maximum", Form::kElementwise},
    {"Mean", Form::kReduce},
    {"Min", Form::kReduce},
    {"Minimum", Form::kElementwise},
    {"MirrorPad", Form::kPad},
    {"Mul", Form::kElementwise},
    {"MulNoNan", Form::kElementwise},
    {"Neg", Form::kElementwise},
    {"NotEqual", Form::kElementwise},
    {"OneHot", Form::kFirst},
    {"OnesLike", Form::kElementwise},
    {"Pack", Form::kPack},
    {"Pad", Form::kPad},
    {"PadV2", Form::kPad},
    {"Pow", Form::kElementwise},
    {"Prod", Form::kReduce},
    {"RealDiv", Form::kElementwise},
    {"Reciprocal", Form::kElementwise},
    {"RegexReplace", Form::kFirst},
    {"Relu", Form::kElementwise},
    {"Relu6", Form::kElementwise},
    {"Reshape", Form::kReshape},
    {"ResizeBilinear", Form::kFirst},
    {"ResizeNearestNeighbor", Form::kFirst},
    {"ResourceGather", Form::kGather},
    {"Round", Form::kElementwise},
    {"Rsqrt", Form::kElementwise},
    {"SelectV2", Form::kElementwise},
    {"Selu", Form::kElementwise},
    {"Sigmoid", Form::kElementwise},
    {"Sign", Form::kElementwise},
    {"Sin", Form::kElementwise},
    {"Slice", Form::kSlice},
    {"Softmax", Form::kSoftmax},
    {"Softplus", Form::kElementwise},
    {"Softsign", Form::kElementwise},
    {"Sqrt", Form::kElementwise},
    {"Square", Form::kElementwise},
    {"SquaredDifference", Form::kElementwise},
    {"Squeeze", Form::kSqueeze},
    {"StaticRegexFullMatch", Form::kElementwise},
    {"StaticRegexReplace", Form::kElementwise},
    {"StridedSlice", Form::kStridedSlice},
    {"StringLength", Form::kElementwise},
    {"StringLower", Form::kElementwise},
    {"StringStrip", Form::kElementwise},
    {"StringToHashBucket", Form::kElementwise},
    {"StringToHashBucketFast", Form::kElementwise},
    {"StringToHashBucketStrong", Form::kElementwise},
    {"StringToNumber", Form::kElementwise},
    {"StringUpper", Form::kElementwise},
    {"Sub", Form::kElementwise},
    {"Sum", Form::kReduce},
    {"Tanh", Form::kElementwise},
    {"Transpose", Form::kTranspose},
    {"TruncateDiv", Form::kElementwise},
    {"ZerosLike", Form::kElementwise},
};

const RowwiseOp* FindRowwiseOp(std::string_view op) {
  const auto found = std::ranges::lower_bound(kRowwiseOps, op, {}, &RowwiseOp::op);
  return found != std::end(kRowwiseOps) && found->op == op ? found : nullptr;
}

enum class Kind {
  kConstant,  // Not on any input.
  kCount,     // On the shapes of one input's part: how many rows there are.
  kRows,      // Row by row on one input.
  kOther,
};

struct Judgement {
  Kind kind = Kind::kConstant;
  std::size_t input = 0;  // Of kCount and kRows.
};

class Finder {
 public:
  Finder(const Graph& graph, Output y, std::span<const Output> xs)
      : graph_(graph), y_(y), xs_(xs.begin(), xs.end()), needed_(graph.Ancestors({y})) {
    for (std::size_t i = 0; i < xs_.size(); ++i) {
      judged_[xs_[i]] = {Kind::kRows, i};
      inputs_.insert(xs_[i]);
    }
  }

  std::vector<std::vector<Output>> Find() {
    const std::vector<Node*> order = graph_.TopologicalOrder();
    for (Node* node : order) {
      if (needed_.contains(node)) Judge(*node);
    }
    for (const Node* node : order) {
      if (needed_.contains(node)) Collect(*node);
    }
    Leave(y_);
    std::vector<std::vector<Output>> prefixes(xs_.size());
    for (Node* node : order) {
      const Output output{node, 0};
      if (cut_.contains(output)) prefixes[Of(output).input].push_back(output);
    }
    return prefixes;
  }

 private:
  Judgement Of(Output output) const {
    const auto found = judged_.find(output);
    return found == judged_.end() ? Judgement() : found->second;
  }

  void Judge(Node& node) {
    if (inputs_.contains(Output{&node, 0})) return;
    const bool controlled = std::ranges::any_of(
        node.control_inputs, [&](Node* input) { return Of({input, 0}).kind != Kind::kConstant; });
    std::set<std::size_t> of;  // Which inputs it hangs on.
    bool other = controlled, rows = false;
    for (const Output input : node.inputs) {
      const Judgement judgement = Of(input);
      other = other || judgement.kind == Kind::kOther;
      rows = rows || judgement.kind == Kind::kRows;
      if (judgement.kind != Kind::kConstant) of.insert(judgement.input);
    }
    if (of.empty() && !other) return;  // Constant.
    Kind first = Kind::kOther, rest = Kind::kOther;
    if (!other && of.size() == 1) {
      const bool counts = (!rows || ReadsShapesOnly(node)) && !HasEffect(graph_, node);
      if (counts) first = rest = Kind::kCount;
      if (!counts && IsRowwise(node)) first = Kind::kRows;
    }
    const Result<std::vector<DType>> types = graph_.OutputTypes(node);
    const std::size_t outputs = types.ok() ? types->size() : 1;
    for (std::size_t i = 0; i < outputs; ++i) {
      judged_[{&node, static_cast<int>(i)}] = {i == 0 ? first : rest, of.empty() ? 0 : *of.begin()};
    }
  }

  // `node` reads rows of one input alone, and counts of it.
  bool IsRowwise(const Node& node) const {
    const RowwiseOp* op = FindRowwiseOp(node.op);
    if (op == nullptr || node.inputs.empty()) return false;
    const Shape shape = StaticShape({const_cast<Node*>(&node), 0});
    if (!shape.has_rank() || shape.rank() == 0) return false;
    // Symbols that are equal are equal sizes: the rows stay in front, as many as they were.
    const auto has_rows = [&](Output input) {
      const Shape of = StaticShape(input);
      return of.has_rank() && of.rank() > 0 && of.dim(0) == shape.dim(0) &&
             of.dim(0) < Shape::kUnknown;
    };
    const auto rows_at = [&](std::size_t from, std::size_t to) {  // And nowhere else.
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        const Kind kind = Of(node.inputs[i]).kind;
        const bool expected = i >= from && i < to;
        if (expected && (kind != Kind::kRows || !has_rows(node.inputs[i]))) return false;
        // What counts rows may say how they lie, but not what is in them.
        const bool lies = kind == Kind::kCount && op->form == Form::kReshape;
        if (!expected && kind != Kind::kConstant && !lies) return false;
      }
      return true;
    };
    switch (op->form) {
      case Form::kElementwise:
        return IsElementwise(node, shape, has_rows);
      case Form::kFirst:
        if (node.Is("FusedBatchNormV3") && node.AttrOr("is_training", true)) return false;
        if (node.Is("OneHot") && node.AttrOr<std::int64_t>("axis", -1) == 0) return false;
        return rows_at(0, 1);
      case Form::kSecond:
        return rows_at(1, 2);
      case Form::kGather:
        return rows_at(1, 2) && node.AttrOr<std::int64_t>("batch_dims", 0) == 0 &&
               (node.inputs.size() < 3 || IsZero(node.inputs[2]));
      case Form::kMatMul:
        return rows_at(0, 1) && !node.AttrOr("transpose_a", false);
      case Form::kSoftmax:
        return rows_at(0, 1) && shape.rank() > 1;
      case Form::kReshape:
        return rows_at(0, 1);
      case Form::kReduce:
      case Form::kExpandDims: {
        const int rank =
            op->form == Form::kReduce ? StaticShape(node.inputs[0]).rank() : shape.rank();
        return rows_at(0, 1) && SparesRows(AxesOf(node.inputs[1], rank));
      }
      case Form::kSqueeze: {
        const auto* axes = node.Attr<std::vector<std::int64_t>>("squeeze_dims");
        return rows_at(0, 1) && axes != nullptr && !axes->empty() &&
               SparesRows(Normal(*axes, StaticShape(node.inputs[0]).rank()));
      }
      case Form::kConcat: {
        const std::size_t last = node.inputs.size() - 1;
        return rows_at(0, last) && SparesRows(AxesOf(node.inputs[last], shape.rank()));
      }
      case Form::kPack:
        return rows_at(0, node.inputs.size()) &&
               SparesRows(Normal({node.AttrOr<std::int64_t>("axis", 0)}, shape.rank()));
      case Form::kTranspose:
      case Form::kPad:
      case Form::kSlice:
        return rows_at(0, 1) && KeepsFirst(node, op->form);
      case Form::kStridedSlice:
        return rows_at(0, 1) && TakesAllRows(node);
    }
    return false;
  }

  // Everything that is broadcast to the result's shape has its rows or is the same for all rows.
  template <typename HasRows>
  bool IsElementwise(const Node& node, const Shape& shape, const HasRows& has_rows) const {
    return std::ranges::all_of(node.inputs, [&](Output input) {
      const Shape of = StaticShape(input);
      if (!of.has_rank()) return false;
      if (Of(input).kind == Kind::kRows) return of.rank() == shape.rank() && has_rows(input);
      if (Of(input).kind != Kind::kConstant) return false;
      return of.rank() < shape.rank() || of.dim(0) == 1;
    });
  }

  using Axes = std::optional<std::vector<std::int64_t>>;

  static Axes Normal(std::vector<std::int64_t> axes, int rank) {
    for (std::int64_t& axis : axes) axis += axis < 0 ? rank : 0;
    return axes;
  }
  static Axes AxesOf(Output input, int rank) {
    Axes axes = ConstantInts(input);
    return axes ? Normal(*std::move(axes), rank) : axes;
  }
  static bool IsZero(Output input) {
    const Axes values = ConstantInts(input);
    return values && values->size() == 1 && (*values)[0] == 0;
  }
  static bool SparesRows(const Axes& axes) {
    return axes && std::ranges::find(*axes, 0) == axes->end();
  }

  static bool KeepsFirst(const Node& node, Form form) {
    const std::optional<std::vector<std::int64_t>> first = ConstantInts(node.inputs[1]);
    if (!first || first->empty() || (*first)[0] != 0) return false;
    if (form == Form::kTranspose) return true;
    if (form == Form::kPad) return first->size() > 1 && (*first)[1] == 0;
    const std::optional<std::vector<std::int64_t>> sizes = ConstantInts(node.inputs[2]);
    return sizes && !sizes->empty() && (*sizes)[0] == -1;
  }

  static bool TakesAllRows(const Node& node) {
    const auto mask = [&](const char* name) { return node.AttrOr<std::int64_t>(name, 0); };
    const std::optional<std::vector<std::int64_t>> strides = ConstantInts(node.inputs[3]);
    const bool plain =
        mask("ellipsis_mask") == 0 && ((mask("new_axis_mask") | mask("shrink_axis_mask")) & 1) == 0;
    return plain && strides && !strides->empty() && (*strides)[0] == 1 &&
           (mask("begin_mask") & mask("end_mask") & 1) != 0;
  }

  // Edges out of the part of an input.
  void Collect(const Node& node) {
    const Judgement own = Of({const_cast<Node*>(&node), 0});
    if (own.kind == Kind::kRows || own.kind == Kind::kCount) return;
    for (const Output input : node.inputs) Leave(input);
    for (Node* input : node.control_inputs) Leave({input, 0});
  }

  // `output` is needed for every row, and what counts rows in front of it too.
  void Leave(Output output) {
    const Judgement judgement = Of(output);
    if (judgement.kind == Kind::kRows) cut_.insert(output);
    // So does another output of a node in front of it, such as a batch norm's statistics.
    const bool beside = output.index > 0 && Of({output.node, 0}).kind == Kind::kRows;
    if (judgement.kind != Kind::kCount && !beside) return;
    if (!left_.insert(output.node).second) return;
    for (const Output input : output.node->inputs) Leave(input);
  }

  const Graph& graph_;
  const Output y_;
  const std::vector<Output> xs_;
  const std::set<const Node*> needed_;
  std::set<Output> inputs_;
  std::map<Output, Judgement> judged_;
  std::set<Output> cut_;
  std::set<const Node*> left_;
};

}  // namespace

std::vector<std::vector<Output>> FindRowwisePrefixes(const Graph& graph, Output y,
                                                     std::span<const Output> xs) {
  return Finder(graph, y, xs).Find();
}

}  // namespace whylight

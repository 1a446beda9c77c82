#include "autodiff/control_flow/branch.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/control_flow/body_shapes.h"
#include "autodiff/control_flow/tape.h"
#include "graph/shapes.h"

namespace whylight {
namespace {

// One branch, taken apart.
struct Branch {
  std::string name;
  FunctionBody forward;
  SplitBody split;
  std::vector<std::size_t> outputs;  // Of the node, by stored tensor.
};

class BranchDifferentiator {
 public:
  explicit BranchDifferentiator(const ControlFlowArgs& args)
      : a_(args), b_(args.b), node_(args.node) {}

  Result<Gradients> Run() {
    FindPath();
    Gradients dx(node_.inputs.size());
    if (xs_.empty()) return dx;
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> names, Functions::CalledBy(node_));
    for (const std::string& name : names) {
      WHYLIGHT_ASSIGN_OR_RETURN(Branch branch, TakeApart(name));
      branches_.push_back(std::move(branch));
    }
    AssignOutputs();
    WHYLIGHT_RETURN_IF_ERROR(ExtendForward());
    WHYLIGHT_ASSIGN_OR_RETURN(Node* const backward, AddBackward());
    for (std::size_t i = 0; i < xs_.size(); ++i) {
      dx[xs_[i] + 1] = Output{backward, static_cast<int>(i)};
    }
    return dx;
  }

 private:
  // ys_, xs_: results that bring a gradient to arguments that need one, and those.
  void FindPath() {
    const Dependence& depends = a_.dependence;
    std::vector<bool> is_wanted(node_.inputs.size());
    for (std::size_t i = 0; i < depends.size(); ++i) {
      bool is_used = false;
      for (std::size_t j = 1; a_.dy[i] && j < node_.inputs.size(); ++j) {
        if (!a_.needed[j] || !depends[i][j]) continue;
        is_wanted[j] = is_used = true;
      }
      if (is_used) ys_.push_back(i);
    }
    for (std::size_t j = 1; j < is_wanted.size(); ++j) {
      if (is_wanted[j]) xs_.push_back(j - 1);
    }
  }

  Result<Branch> TakeApart(const std::string& name) {
    WHYLIGHT_ASSIGN_OR_RETURN(FunctionBody body, a_.context.functions.Import(name));
    std::vector<ArgShape> known;
    for (std::size_t i = 1; i < node_.inputs.size(); ++i) {
      known.push_back(ShapeOfInput(node_.inputs[i]));
    }
    WHYLIGHT_RETURN_IF_ERROR(InferBodyShapes(body, known, a_.context.functions));
    WHYLIGHT_ASSIGN_OR_RETURN(DifferentiatedBody tape,
                              DifferentiateBody(std::move(body), ys_, xs_, a_.context));
    const SplitOptions options{.available = std::vector<bool>(tape.body.args.size(), true),
                               .repeat_work = false,
                               .state_changes = a_.context.state_changes};
    WHYLIGHT_ASSIGN_OR_RETURN(SplitBody split, Split(tape, options));
    return Branch{
        .name = name, .forward = std::move(tape.body), .split = std::move(split), .outputs = {}};
  }

  // Which output of the node returns each stored tensor: one that it has, if the branch returns
  // that tensor anyway, or a new one. Tensors of one type in different branches share one: only one
  // branch runs.
  void AssignOutputs() {
    first_new_ = a_.dy.size();
    std::map<DType, std::vector<std::size_t>> by_type;
    std::set<std::size_t> used;
    for (Branch& branch : branches_) {
      std::map<DType, std::size_t> taken;
      const std::vector<Output>& results = branch.forward.results;
      for (const Output& tensor : branch.split.stored) {
        std::size_t output = 0;
        const auto known = std::ranges::find_if(
            results, [&](const Output& result) { return Source(result) == Source(tensor); });
        if (known != results.end()) {
          output = static_cast<std::size_t>(known - results.begin());
        } else {
          const Result<DType> type = branch.forward.graph.OutputType(tensor);
          const DType of = type.ok() ? *type : DType::kInvalid;
          std::vector<std::size_t>& shared = by_type[of];
          const std::size_t rank = taken[of]++;
          if (rank == shared.size()) {
            shared.push_back(first_new_ + added_.size());
            added_.push_back(of);
          }
          output = shared[rank];
        }
        branch.outputs.push_back(output);
        used.insert(output);
      }
    }
    read_.assign(used.begin(), used.end());
  }

  // What stands in a result that the branch has no use for.
  static Output Nothing(GraphBuilder& b, DType type) {
    if (type == DType::kVariant) {
      const Output any_shape = b.Scalar(DType::kInt32, -1);
      return b.Op("EmptyTensorList", {any_shape, any_shape},
                  {{"element_dtype", DType::kFloat32}, {"shape_type", DType::kInt32}});
    }
    if (type == DType::kString) return b.Const(Tensor(DType::kString, Shape{}));
    return b.Scalar(type, 0);
  }

  Status ExtendForward() {
    if (added_.empty()) return OkStatus();
    std::vector<FunctionRef> functions;
    for (Branch& branch : branches_) {
      GraphBuilder inside(branch.forward.graph, "gradients");
      std::vector<Output> results(added_.size());
      for (std::size_t i = 0; i < branch.outputs.size(); ++i) {
        if (branch.outputs[i] < first_new_) continue;
        results[branch.outputs[i] - first_new_] = branch.split.stored[i];
      }
      for (std::size_t i = 0; i < added_.size(); ++i) {
        if (results[i].node == nullptr) results[i] = Nothing(inside, added_[i]);
        branch.forward.results.push_back(results[i]);
      }
      WHYLIGHT_RETURN_IF_ERROR(inside.status());
      WHYLIGHT_ASSIGN_OR_RETURN(
          FunctionRef function,
          AddFunction(a_.context.library, branch.forward, branch.name + "_forward"));
      functions.push_back(std::move(function));
    }
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<DType> types, b_.graph().OutputTypes(node_));
    types.insert(types.end(), added_.begin(), added_.end());
    SetFunctions(std::move(functions), node_.attrs);
    node_.attrs["Tout"] = types;
    node_.attrs.erase("_output_shapes");
    if (const auto* declared = node_.Attr<std::vector<Shape>>("output_shapes")) {
      std::vector<Shape> shapes = *declared;
      if (!shapes.empty()) shapes.resize(types.size(), Shape::UnknownRank());
      node_.attrs["output_shapes"] = std::move(shapes);
    }
    if (node_.shapes.size() == first_new_) {
      node_.shapes.resize(types.size(), Shape::UnknownRank());
    }
    return OkStatus();
  }

  bool IsCase() const { return node_.Is("Case") || node_.Is("StatelessCase"); }

  void SetFunctions(std::vector<FunctionRef> functions, Attrs& attrs) const {
    if (IsCase()) {
      attrs["branches"] = std::move(functions);
    } else {
      attrs["then_branch"] = std::move(functions[0]);
      attrs["else_branch"] = std::move(functions[1]);
    }
  }

  // Inputs: the condition, gradients of the results, arguments, results of the forward node.
  Result<Node*> AddBackward() {
    std::vector<Output> inputs = {node_.inputs[0]};
    for (const std::size_t y : ys_) inputs.push_back(*a_.dy[y]);
    std::vector<std::size_t> passed;
    for (const Branch& branch : branches_) {
      passed.insert(passed.end(), branch.split.passed.begin(), branch.split.passed.end());
    }
    std::ranges::sort(passed);
    passed.erase(std::unique(passed.begin(), passed.end()), passed.end());
    for (const std::size_t arg : passed) inputs.push_back(node_.inputs[arg + 1]);
    for (const std::size_t output : read_) {
      inputs.push_back({&node_, static_cast<int>(output)});
    }

    std::vector<FunctionRef> functions;
    bool is_stateful = false;
    for (Branch& branch : branches_) {
      WHYLIGHT_RETURN_IF_ERROR(TakeAll(branch, passed, inputs));
      is_stateful = is_stateful || IsStateful(branch.split.backward.graph);
      WHYLIGHT_ASSIGN_OR_RETURN(
          FunctionRef function,
          AddFunction(a_.context.library, branch.split.backward, branch.name + "_backward"));
      functions.push_back(std::move(function));
    }
    Attrs attrs;
    SetFunctions(std::move(functions), attrs);
    std::vector<DType> types;
    std::vector<Shape> shapes, declared;
    for (const std::size_t x : xs_) {
      types.push_back(b_.dtype(node_.inputs[x + 1]));
      shapes.push_back(StaticShape(node_.inputs[x + 1]));
      declared.push_back(WithoutSymbols(shapes.back()));
    }
    attrs["Tout"] = std::move(types);
    attrs["output_shapes"] = std::move(declared);
    if (const auto found = node_.attrs.find("_lower_using_switch_merge");
        found != node_.attrs.end()) {
      attrs.insert(*found);
    }
    const std::string op = std::string(is_stateful ? "" : "Stateless") + (IsCase() ? "Case" : "If");
    Node* const backward = b_.OpNode(op, inputs, std::move(attrs));
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    backward->device = node_.device;
    backward->shapes = std::move(shapes);
    return backward;
  }

  // The arguments of one branch's backward function in the order of all branches: those that it has
  // no use for too.
  Status TakeAll(Branch& branch, const std::vector<std::size_t>& passed,
                 const std::vector<Output>& inputs) {
    FunctionBody& body = branch.split.backward;
    const std::vector<Node*> own = std::exchange(body.args, {});
    std::vector<Node*> args(inputs.size() - 1);
    std::copy_n(own.begin(), ys_.size(), args.begin());
    std::size_t next = ys_.size();
    for (const std::size_t arg : branch.split.passed) {
      const auto place = std::ranges::find(passed, arg) - passed.begin();
      args[ys_.size() + static_cast<std::size_t>(place)] = own[next++];
    }
    for (const std::size_t output : branch.outputs) {
      const auto place = std::ranges::find(read_, output) - read_.begin();
      args[ys_.size() + passed.size() + static_cast<std::size_t>(place)] = own[next++];
    }
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (args[i] != nullptr) {
        body.args.push_back(args[i]);
      } else {
        AddArg(body, "unused", b_.dtype(inputs[i + 1]));
      }
    }
    return b_.status();
  }

  const ControlFlowArgs& a_;
  GraphBuilder& b_;
  Node& node_;
  std::vector<std::size_t> ys_, xs_;  // Results and arguments of the branches.
  std::vector<Branch> branches_;
  std::size_t first_new_ = 0;      // Output of the node.
  std::vector<DType> added_;       // From there on.
  std::vector<std::size_t> read_;  // Outputs that the derivative of some branch needs.
};

}  // namespace

Result<Gradients> BranchGradient(const ControlFlowArgs& args) {
  return BranchDifferentiator(args).Run();
}

}  // namespace whylight

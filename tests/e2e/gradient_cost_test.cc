// What our gradient graphs cost beside those of TensorFlow's tape: nodes that run and
// floating-point operations of one row, forward and backward. ctest has make_tf_gradients.py write
// TensorFlow's.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "autodiff/gradients.h"
#include "explain/clean_up.h"
#include "graph/export.h"
#include "graph/flops.h"
#include "graph/import.h"
#include "graph/passes/inline_calls.h"
#include "io/files.h"
#include "model/program.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

namespace fs = std::filesystem;

struct Cost {
  std::int64_t nodes = 0;  // That run: no constants, no reads, no names for other tensors.
  double flops = 0;        // Of the graph itself.
  bool loops = false;      // It calls functions, as often as it likes.
};

bool IsFree(const Node& node) {
  static const std::set<std::string, std::less<>> kFree = {
      "Const",        "Placeholder",    "PlaceholderWithDefault",
      "Identity",     "NoOp",           "ReadVariableOp",
      "IdentityN",    "VarHandleOp",    "VariableV2",
      "Reshape",      "Shape",          "_Arg",
      "StopGradient", "PreventGradient"};
  return kFree.contains(node.op);
}

// All nodes of the functions that a node refers to, each function once.
Result<std::int64_t> NodesOfFunctions(const Graph& graph) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::set<std::string> called, CalledFunctions(graph));
  std::int64_t nodes = 0;
  for (const std::string& name : called) {
    const FunctionDef* function = graph.library.Find(name);
    if (function == nullptr) continue;
    WHYLIGHT_ASSIGN_OR_RETURN(const FunctionBody body, ImportFunction(*function, graph.registry()));
    for (const std::unique_ptr<Node>& node : body.graph.nodes()) nodes += IsFree(*node) ? 0 : 1;
  }
  return nodes;
}

// Of what `results` need, at one row: unknown axes of placeholders are one.
Result<Cost> CostOf(Graph& graph, const std::vector<Output>& results, const Runtime& runtime) {
  const std::set<const Node*> needed = graph.Ancestors(results);
  graph.RemoveIf([&](const Node& node) { return !needed.contains(&node); });
  std::vector<std::string> names;
  std::vector<Node*> owners;
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    Shape shape = node->AttrOr("shape", Shape::UnknownRank());
    if (node->Is("Placeholder") && shape.has_rank()) {
      for (int axis = 0; axis < shape.rank(); ++axis) {
        if (shape.dim(axis) < 0) shape.set_dim(axis, 1);
      }
      node->attrs["shape"] = shape;
    }
    node->shapes.clear();
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types, graph.OutputTypes(*node));
    for (std::size_t i = 0; i < types.size(); ++i) {
      names.push_back(Output{node.get(), static_cast<int>(i)}.name());
      owners.push_back(node.get());
    }
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const ExportedGraph exported, ExportGraph(graph));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes,
                            runtime.InferShapes(exported.graph_def, names));
  for (std::size_t i = 0; i < shapes.size(); ++i) owners[i]->shapes.push_back(shapes[i]);

  Cost cost;
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    if (IsFree(*node)) continue;
    ++cost.nodes;
    cost.flops += FlopsOf(*node);
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::int64_t in_functions, NodesOfFunctions(graph));
  cost.nodes += in_functions;
  cost.loops = in_functions > 0;
  return cost;
}

// The tape's graph, and the inputs that it differentiates by.
Result<Cost> TapeCost(const fs::path& path, const Runtime& runtime, std::set<std::string>& inputs) {
  constexpr std::string_view kResult = "gradient/";
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path.string()));
  WHYLIGHT_ASSIGN_OR_RETURN(Graph graph, ImportGraph(bytes, OpRegistry::Builtin()));
  std::vector<Output> results;
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    if (!node->name.starts_with(kResult)) continue;
    results.push_back({node.get(), 0});
    inputs.insert(node->name.substr(kResult.size()));
  }
  std::vector<Output> fed;
  std::vector<Node*> targets;
  PassContext context{.outputs = &results, .inputs = &fed, .targets = &targets};
  WHYLIGHT_RETURN_IF_ERROR(InlineCalls().Run(graph, context).status());
  return CostOf(graph, results, runtime);
}

// Ours, by the same inputs.
Result<Cost> OurCost(const fs::path& folder, const Runtime& runtime,
                     const std::set<std::string>& inputs) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<Model> model, Model::Open(folder.string()));
  const Choice choice = ChooseSignature(model->meta());
  // Of models that ask the user to choose, the one that a server would take.
  const SignatureDef* signature = choice.signature != nullptr
                                      ? choice.signature
                                      : &model->meta().signatures.at("serving_default");
  WHYLIGHT_ASSIGN_OR_RETURN(Program program, BuildProgram(*model, {.signature = signature}));
  WHYLIGHT_RETURN_IF_ERROR(CleanUpProgram(*model, program, {.runtime = &runtime}));
  std::int64_t row_bytes = 0;
  WHYLIGHT_RETURN_IF_ERROR(InferProgramShapes(program, runtime, row_bytes));
  std::vector<Output> points;
  for (const ProgramInput& input : program.inputs) {
    if (inputs.contains(input.port.name)) points.push_back(input.port.tensor);
  }
  const Output y = program.outputs[0].tensor;
  WHYLIGHT_ASSIGN_OR_RETURN(const DType dtype, program.graph.OutputType(y));
  Node* dy = program.graph.Add(program.graph.UniqueName("dy"), "Placeholder");
  dy->attrs = {{"dtype", dtype}, {"shape", program.graph.OutputShape(y)}};
  const Output dys[] = {{dy, 0}};
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Output> gradients,
                            AddGradients(program.graph, {&y, 1}, dys, points));
  WHYLIGHT_RETURN_IF_ERROR(FoldNewConstants(program, {.runtime = &runtime}));
  return CostOf(program.graph, gradients, runtime);
}

struct Case {
  std::string name;
  fs::path model;
  fs::path tape;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  const char* tapes = std::getenv("WHYLIGHT_TAPE_GRADIENTS");
  const char* applications = std::getenv("WHYLIGHT_APPLICATIONS");
  const char* models = WHYLIGHT_SOURCE_DIR "/tests/models";
  if (tapes == nullptr || applications == nullptr) return cases;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(tapes, error)) {
    const std::string name = entry.path().stem().string();
    fs::path model = fs::path(models) / name / "model";
    if (!fs::exists(model)) model = fs::path(applications) / name / "model";
    cases.push_back({name, model, entry.path()});
  }
  std::ranges::sort(cases, {}, &Case::name);
  return cases;
}

class GradientCostTest : public RuntimeTest, public testing::WithParamInterface<Case> {};

TEST(GradientCost, HasModels) { EXPECT_GE(AllCases().size(), 30u); }

TEST_P(GradientCostTest, IsNoMoreThanTheTapes) {
  std::set<std::string> inputs;
  const Result<Cost> tape = TapeCost(GetParam().tape, runtime(), inputs);
  ASSERT_TRUE(tape.ok()) << tape.status().message();
  ASSERT_FALSE(inputs.empty());
  const Result<Cost> ours = OurCost(GetParam().model, runtime(), inputs);
  ASSERT_TRUE(ours.ok()) << ours.status().message();
  std::printf("%-36s nodes %6lld of %6lld   kflop %10.1f of %10.1f\n", GetParam().name.c_str(),
              static_cast<long long>(ours->nodes), static_cast<long long>(tape->nodes),
              ours->flops / 1e3, tape->flops / 1e3);
  EXPECT_LE(ours->nodes, tape->nodes);
  if (!tape->loops) {
    EXPECT_LE(ours->flops, tape->flops);
  }
}

INSTANTIATE_TEST_SUITE_P(All, GradientCostTest, testing::ValuesIn(AllCases()),
                         [](const testing::TestParamInfo<Case>& tested) {
                           return tested.param.name;
                         });

}  // namespace
}  // namespace whylight

#include "model/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "model/program.h"
#include "model/test_model.h"

namespace whylight {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

std::vector<std::string> RulesOf(const std::vector<Problem>& problems) {
  std::vector<std::string> rules;
  for (const Problem& problem : problems) rules.push_back(problem.rule);
  return rules;
}

std::vector<std::string> StringsOf(const Output& output) {
  const auto* value = output.node->Attr<TensorBytes>("value");
  if (value == nullptr) return {"not a constant"};
  const Result<Tensor> tensor = DecodeTensor(*value);
  if (!tensor.ok()) return {tensor.status().message()};
  return {tensor->strings().begin(), tensor->strings().end()};
}

std::vector<const Node*> NodesOf(const Graph& graph, std::string_view op) {
  std::vector<const Node*> nodes;
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    if (node->Is(op)) nodes.push_back(node.get());
  }
  return nodes;
}

class RestoreTest : public testing::Test {
 protected:
  void Open(const std::string& path) {
    Result<std::unique_ptr<Model>> model = Model::Open(path);
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_ = *std::move(model);
    Build();
  }
  void OpenFromTree(const std::string& name) { Open(ModelPath(name)); }
  void OpenText(const std::string& graph, bool tf2 = true) {
    model_ = OpenTestModel(folder_, {.graph = graph, .tf2 = tf2});
    ASSERT_NE(model_, nullptr);
    Build();
  }
  // A copy of a model of the tree, to be damaged.
  std::filesystem::path Copy(const std::string& name) {
    const std::filesystem::path copy = folder_.path("copy");
    std::filesystem::copy(ModelPath(name), copy, std::filesystem::copy_options::recursive);
    return copy;
  }

  RestorePlan Plan() {
    Result<RestorePlan> plan = PlanRestore(*model_, program_.graph, "own/state");
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    return plan.ok() ? *std::move(plan) : RestorePlan{.graph = Graph()};
  }

  Node& Variable(std::string_view op = "VarHandleOp") {
    const std::vector<const Node*> variables = NodesOf(program_.graph, op);
    WHYLIGHT_CHECK(!variables.empty());
    return *program_.graph.Find(variables[0]->name);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Model> model_;
  Program program_;

 private:
  void Build() {
    Result<Program> program =
        BuildProgram(*model_, {.signature = &model_->meta().signatures.at("serving_default")});
    ASSERT_TRUE(program.ok()) << program.status().message();
    program_ = *std::move(program);
  }
};

TEST_F(RestoreTest, ReadsEachVariableByItsOwnKey) {
  ASSERT_NO_FATAL_FAILURE(OpenFromTree("tf2_linear_with_bias"));
  const RestorePlan plan = Plan();
  EXPECT_THAT(plan.problems, IsEmpty());
  ASSERT_EQ(plan.steps.size(), 2u) << "the second is the init op, which is empty";
  const std::vector<const Node*> restores = NodesOf(plan.graph, "RestoreV2");
  ASSERT_EQ(restores.size(), 1u) << "one for all";
  EXPECT_THAT(StringsOf(restores[0]->inputs[0]), ElementsAre(model_->files().variables_prefix()));
  EXPECT_THAT(StringsOf(restores[0]->inputs[1]),
              UnorderedElementsAre("w/.ATTRIBUTES/VARIABLE_VALUE", "b/.ATTRIBUTES/VARIABLE_VALUE"));
  EXPECT_THAT(StringsOf(restores[0]->inputs[2]), ElementsAre("", ""));

  // Each value goes to the variable that the program reads under the same shared name.
  ASSERT_EQ(plan.steps[0].size(), 2u);
  const std::vector<const Node*> read = NodesOf(program_.graph, "VarHandleOp");
  for (const std::string& target : plan.steps[0]) {
    const Node* assign = plan.graph.Find(target);
    ASSERT_NE(assign, nullptr) << target;
    EXPECT_EQ(assign->op, "AssignVariableOp");
    const Node& handle = *assign->inputs[0].node;
    const auto same = std::ranges::find_if(read, [&](const Node* node) {
      return node->AttrOr<std::string>("shared_name", "") ==
             handle.AttrOr<std::string>("shared_name", "-");
    });
    ASSERT_NE(same, read.end()) << handle.name;
    const std::vector<std::string> keys = StringsOf(restores[0]->inputs[1]);
    const VariableSource& source = model_->variables().find((*same)->name)->second;
    EXPECT_EQ(keys.at(static_cast<std::size_t>(assign->inputs[1].index)), source.key);
  }
}

TEST_F(RestoreTest, NamesOfThePlanAreInItsScope) {
  ASSERT_NO_FATAL_FAILURE(OpenFromTree("tf2_lookup_asset"));
  const RestorePlan plan = Plan();
  EXPECT_GT(plan.graph.size(), 0u);
  for (const std::unique_ptr<Node>& node : plan.graph.nodes()) {
    EXPECT_THAT(node->name, StartsWith("own/state/"));
  }
}

TEST_F(RestoreTest, AssignsReferenceVariablesOfTf1) {
  ASSERT_NO_FATAL_FAILURE(OpenFromTree("tf1_ref_variables"));
  const RestorePlan plan = Plan();
  EXPECT_THAT(plan.problems, IsEmpty());
  const std::vector<const Node*> assigns = NodesOf(plan.graph, "Assign");
  EXPECT_EQ(assigns.size(), NodesOf(program_.graph, "VariableV2").size());
  for (const Node* assign : assigns) {
    EXPECT_EQ(assign->inputs[0].node->op, "VariableV2");
    EXPECT_TRUE(assign->AttrOr("validate_shape", false));
  }
}

TEST_F(RestoreTest, FillsTablesAfterTheVariables) {
  for (const char* name : {"tf2_lookup_asset", "tf1_table_asset"}) {
    ASSERT_NO_FATAL_FAILURE(OpenFromTree(name));
    const RestorePlan plan = Plan();
    EXPECT_THAT(plan.problems, IsEmpty()) << name;
    ASSERT_EQ(plan.steps.size(), 2u) << name;
    EXPECT_THAT(plan.steps[0], Each(HasSubstr("Assign"))) << name;
    ASSERT_EQ(plan.steps[1].size(), 1u) << name;
    EXPECT_EQ(plan.steps[1][0], "own/state/" + model_->InitNodes().at(0));
  }
}

TEST_F(RestoreTest, TablesReadTheirFileWhereTheModelLies) {
  ASSERT_NO_FATAL_FAILURE(Open(Copy("tf1_table_asset").string()));
  const RestorePlan plan = Plan();
  const std::vector<const Node*> fills = NodesOf(plan.graph, "InitializeTableFromTextFileV2");
  ASSERT_EQ(fills.size(), 1u);
  EXPECT_THAT(StringsOf(fills[0]->inputs[1]), ElementsAre(folder_.path("copy/assets/words.txt")));
}

TEST_F(RestoreTest, AModelWithoutStateHasNothingToRestore) {
  ASSERT_NO_FATAL_FAILURE(OpenText(R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    y = Neg[T=float32](x) -> [?]
  )"));
  const RestorePlan plan = Plan();
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_THAT(plan.problems, IsEmpty());
  EXPECT_EQ(plan.graph.size(), 0u);
}

TEST_F(RestoreTest, WithoutVariablesFolderItSaysSoOnce) {
  const std::filesystem::path copy = Copy("tf1_ref_variables");
  std::filesystem::remove_all(copy / "variables");
  ASSERT_NO_FATAL_FAILURE(Open(copy.string()));
  const std::vector<Problem> problems = CompareWithCheckpoint(*model_, program_.graph);
  ASSERT_THAT(RulesOf(problems), ElementsAre("missing-variables"));
  EXPECT_EQ(problems[0].place, copy.string());
  EXPECT_THAT(problems[0].message, HasSubstr("variables.index"));
  EXPECT_THAT(Plan().steps, IsEmpty()) << "nothing is restored from files that are not whole";
}

// TF2's variables are found through the checkpoint, so without one each of them is unbound.
TEST_F(RestoreTest, WithoutACheckpointTf2NamesItsVariables) {
  ASSERT_NO_FATAL_FAILURE(OpenFromTree("bad_missing_variables"));
  const RestorePlan plan = Plan();
  EXPECT_THAT(RulesOf(plan.problems), ElementsAre("missing-variable", "missing-variable"));
  EXPECT_THAT(plan.problems[0].message, HasSubstr("variables.index"));
}

TEST_F(RestoreTest, AVariableThatTheCheckpointDoesNotHave) {
  const std::filesystem::path copy = Copy("tf1_ref_variables");
  std::filesystem::remove_all(copy / "variables");
  std::filesystem::copy(std::filesystem::path(ModelPath("tf1_table_asset")) / "variables",
                        copy / "variables");
  ASSERT_NO_FATAL_FAILURE(Open(copy.string()));
  const std::vector<Problem> problems = CompareWithCheckpoint(*model_, program_.graph);
  EXPECT_EQ(problems.size(), NodesOf(program_.graph, "VariableV2").size()) << "all of them at once";
  EXPECT_THAT(RulesOf(problems), Each("missing-variable"));
  EXPECT_THAT(problems.at(0).message, HasSubstr("the checkpoint has no entry '"));
}

TEST_F(RestoreTest, AVariableThatNothingBinds) {
  ASSERT_NO_FATAL_FAILURE(OpenText(R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    v = VarHandleOp[dtype=float32, shape=[], container="", shared_name="v"]()
    r = ReadVariableOp[dtype=float32](v)
    y = Mul[T=float32](x, r) -> [?]
  )"));
  const RestorePlan plan = Plan();
  ASSERT_THAT(RulesOf(plan.problems), ElementsAre("missing-variable"));
  EXPECT_EQ(plan.problems[0].place, "variable 'v'");
}

TEST_F(RestoreTest, ResourcesOfTheCallerAreItsOwn) {
  ASSERT_NO_FATAL_FAILURE(OpenText(R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    v = VarHandleOp[dtype=float32, shape=[], container="", shared_name="own/folded"]()
    r = ReadVariableOp[dtype=float32](v)
    y = Mul[T=float32](x, r) -> [?]
  )"));
  EXPECT_THAT(Plan().problems, IsEmpty());
}

TEST_F(RestoreTest, AnotherDTypeInTheCheckpoint) {
  ASSERT_NO_FATAL_FAILURE(OpenFromTree("tf2_linear_with_bias"));
  Node& variable = Variable();
  variable.attrs["dtype"] = DType::kFloat64;
  const RestorePlan plan = Plan();
  ASSERT_THAT(RulesOf(plan.problems), ElementsAre("variable-mismatch"));
  EXPECT_EQ(plan.problems[0].place, "variable '" + variable.name + "'");
  EXPECT_THAT(plan.problems[0].message,
              HasSubstr("the graph expects float64, the checkpoint holds float32 under '"));
  EXPECT_THAT(NodesOf(plan.graph, "RestoreV2"), IsEmpty()) << "nothing is restored by half";
}

TEST_F(RestoreTest, AnotherShapeInTheCheckpoint) {
  ASSERT_NO_FATAL_FAILURE(OpenFromTree("tf2_linear_with_bias"));
  for (const Node* node : NodesOf(program_.graph, "VarHandleOp")) {
    program_.graph.Find(node->name)->attrs["shape"] = Shape{7, 7};
  }
  const std::vector<Problem> problems = CompareWithCheckpoint(*model_, program_.graph);
  ASSERT_THAT(RulesOf(problems), ElementsAre("variable-mismatch", "variable-mismatch"));
  EXPECT_THAT(problems[0].message,
              HasSubstr("the graph expects shape [7,7], the checkpoint holds ["));
}

TEST_F(RestoreTest, AnOpenShapeFitsAnyOfItsRank) {
  ASSERT_NO_FATAL_FAILURE(OpenFromTree("tf2_linear_with_bias"));
  for (const Node* node : NodesOf(program_.graph, "VarHandleOp")) {
    program_.graph.Find(node->name)->attrs["shape"] = Shape::UnknownRank();
  }
  EXPECT_THAT(CompareWithCheckpoint(*model_, program_.graph), IsEmpty());
}

// A local variable of TF1: the init op gives it its value, and no checkpoint has it.
TEST_F(RestoreTest, WhatTheInitOpWritesNeedsNoCheckpoint) {
  const std::string graph = R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    one = Const[dtype=float32, value=1]()
    v = VarHandleOp[dtype=float32, shape=[], container="", shared_name="v"]()
    r = ReadVariableOp[dtype=float32](v)
    y = Mul[T=float32](x, r) -> [?]
    set = AssignVariableOp[dtype=float32](v, one)
    init = Identity[T=float32](one, ^set)
  )";
  model_ =
      OpenTestModel(folder_, {.graph = graph,
                              .signatures = {TestSignature{},
                                             {.key = "__saved_model_init_op",
                                              .inputs = {},
                                              .outputs = {{"__saved_model_init_op", "init"}}}}});
  ASSERT_NE(model_, nullptr);
  Result<Program> program =
      BuildProgram(*model_, {.signature = &model_->meta().signatures.at("serving_default")});
  ASSERT_TRUE(program.ok());
  program_ = *std::move(program);
  const RestorePlan plan = Plan();
  EXPECT_THAT(plan.problems, IsEmpty());
  EXPECT_THAT(plan.steps, ElementsAre(ElementsAre("own/state/init")));
  ASSERT_NE(plan.graph.Find("own/state/set"), nullptr) << "through the control edge";
}

}  // namespace
}  // namespace whylight

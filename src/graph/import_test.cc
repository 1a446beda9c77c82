// Import and export: what is read is written again, of real models and of damaged ones.
#include "graph/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "graph/export.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "savedmodel/saved_model.h"

namespace whylight {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;

Graph Read(std::string_view text) {
  Result<Graph> graph = GraphFromText(text);
  EXPECT_TRUE(graph.ok()) << graph.status().message();
  return graph.ok() ? *std::move(graph) : Graph();
}

// A length-delimited field.
std::string Field(int number, const std::string& value) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(value.size())} + value;
}
std::string NodeDef(const std::string& name, const std::string& op,
                    const std::vector<std::string>& inputs) {
  std::string node = Field(1, name) + Field(2, op);
  for (const std::string& input : inputs) node += Field(3, input);
  return Field(1, node);
}

struct BadEdge {
  const char* name;
  const char* input;
  const char* message;
};
void PrintTo(const BadEdge& row, std::ostream* os) { *os << row.name; }
class BadEdgeTest : public testing::TestWithParam<BadEdge> {};

TEST_P(BadEdgeTest, NamesBothEnds) {
  const std::string bytes = NodeDef("x", "NoOp", {}) + NodeDef("y", "MyOp", {GetParam().input});
  const auto graph = ImportGraph(bytes, OpRegistry::Builtin());
  EXPECT_EQ(graph.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(graph.status().message(), HasSubstr("node 'y'"));
  EXPECT_THAT(graph.status().message(), HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(, BadEdgeTest,
                         testing::Values(BadEdge{"nowhere", "z", "'z': there is no such node"},
                                         BadEdge{"control_nowhere", "^z", "'^z'"},
                                         BadEdge{"no_such_output", "x:0", "has 0 outputs"},
                                         BadEdge{"no_number", "x:a", "number after the colon"},
                                         BadEdge{"negative", "x:-1", "number after the colon"},
                                         BadEdge{"overflow", "x:99999999999", "number after"},
                                         BadEdge{"empty", "", "there is no such node"}),
                         [](const auto& row) { return row.param.name; });

TEST(ImportGraphTest, RefusesDuplicateAndMissingNames) {
  EXPECT_THAT(
      ImportGraph(NodeDef("x", "NoOp", {}) + NodeDef("x", "NoOp", {}), OpRegistry::Builtin())
          .status()
          .message(),
      HasSubstr("two nodes are named 'x'"));
  EXPECT_THAT(ImportGraph(NodeDef("", "NoOp", {}), OpRegistry::Builtin()).status().message(),
              HasSubstr("has no name"));
}

TEST(ImportGraphTest, ReadsForwardAndBackEdges) {
  const auto graph =
      ImportGraph(NodeDef("m", "Merge", {"e", "n:0", "^i"}) + NodeDef("n", "NextIteration", {"m"}) +
                      NodeDef("e", "Enter", {}) + NodeDef("i", "NoOp", {}),
                  OpRegistry::Builtin());
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Node& merge = *graph->Find("m");
  EXPECT_EQ(merge.inputs[1].node, graph->Find("n"));
  EXPECT_THAT(merge.control_inputs, ElementsAre(graph->Find("i")));
}

TEST(ImportGraphTest, TruncatedIsDataLoss) {
  const std::string bytes = NodeDef("x", "NoOp", {});
  EXPECT_EQ(ImportGraph(bytes.substr(0, 4), OpRegistry::Builtin()).status().code(),
            StatusCode::kDataLoss);
}

TEST(ImportFunctionTest, NumbersNamedOutputs) {
  const Graph graph = Read(R"(
function f {
  x = _Arg[T=float32, index=0]()
  k = Const[value=2]()
  t = TopKV2(x, k)
  s = Split[num_split=2](k, x)
  y = Add(t, s:1)
  return t:1, s:1, x, y, ^y
}
)");
  const auto body = ImportFunction(*graph.library.Find("f"), graph.registry());
  ASSERT_TRUE(body.ok()) << body.status().message();
  ASSERT_EQ(body->results.size(), 4u);
  EXPECT_EQ(body->results[0].name(), "t:1");
  EXPECT_EQ(body->results[1].name(), "s:1");
  EXPECT_EQ(body->results[2].name(), "x:0");
  EXPECT_EQ(body->args.size(), 1u);
  EXPECT_THAT(body->control_results, ElementsAre(body->graph.Find("y")));
}

// A FunctionDef by hand: what GraphFromText would not write.
struct BadFunction {
  const char* name;
  std::string bytes;
  StatusCode code;
  const char* message;
};
void PrintTo(const BadFunction& row, std::ostream* os) { *os << row.name; }
class BadFunctionTest : public testing::TestWithParam<BadFunction> {};
TEST_P(BadFunctionTest, SaysWhy) {
  const auto body = ImportFunction({"f", GetParam().bytes}, OpRegistry::Builtin());
  EXPECT_EQ(body.status().code(), GetParam().code) << body.status().message();
  EXPECT_THAT(body.status().message(), HasSubstr(GetParam().message));
  EXPECT_THAT(body.status().message(), HasSubstr("function 'f'"));
}
const std::string kArg = Field(2, Field(1, "x") + "\x18\x01"s);
const std::string kResult = Field(3, Field(1, "y") + "\x18\x01"s);
std::string BodyNode(const std::string& name, const std::string& op, const std::string& input) {
  return Field(3, Field(1, name) + Field(2, op) + Field(3, input));
}
INSTANTIATE_TEST_SUITE_P(
    , BadFunctionTest,
    testing::Values(
        BadFunction{"truncated", "\x0a\x7f", StatusCode::kDataLoss, "malformed"},
        BadFunction{"no_result", Field(1, kArg + kResult), StatusCode::kInvalidArgument,
                    "result 'y' is not in the map"},
        BadFunction{"result_nowhere", Field(1, kResult) + Field(4, Field(1, "y") + Field(2, "z")),
                    StatusCode::kInvalidArgument, "result 'y': tensor 'z'"},
        BadFunction{"edge_nowhere", Field(1, kArg) + BodyNode("n", "Neg", "z:y:0"),
                    StatusCode::kInvalidArgument, "node 'n': input 'z:y:0': there is no such node"},
        BadFunction{"no_such_output",
                    Field(1, kArg) + BodyNode("n", "Rank", "x") + BodyNode("m", "Neg", "n:nope:0"),
                    StatusCode::kInvalidArgument, "node 'm': input 'n:nope:0'"},
        BadFunction{"unknown_op",
                    Field(1, kArg) + BodyNode("n", "MyOp", "x") + BodyNode("m", "Neg", "n:out:0"),
                    StatusCode::kUnimplemented, "op MyOp (node 'n') is unknown"},
        BadFunction{"same_args", Field(1, kArg + kArg), StatusCode::kInvalidArgument,
                    "two arguments are named 'x'"},
        BadFunction{"control_result_nowhere",
                    Field(1, kArg) + Field(6, Field(1, "c") + Field(2, "z")),
                    StatusCode::kInvalidArgument, "control result 'c'"}),
    [](const auto& row) { return row.param.name; });

// Export ------------------------------------------------------------------------------------------

TEST(ExportGraphTest, WritesReachableFunctionsOnly) {
  const Graph graph = Read(R"(
y = PartitionedCall[Tin=[], Tout=[], f=@used]()
function by_name {
  return
}
function by_list {
  n = by_name()
  return ^n
}
function unused {
  return
}
function used {
  c = StatelessCase[Tin=[], Tout=[], branches=[@by_list]](i)
  i = Const[value=0]()
  return ^c
}
)");
  const auto exported = ExportGraph(graph);
  ASSERT_TRUE(exported.ok()) << exported.status().message();
  const auto back = ImportGraph(exported->graph_def, OpRegistry::Builtin());
  ASSERT_TRUE(back.ok()) << back.status().message();
  std::vector<std::string> names;
  for (const auto& [name, function] : back->library.functions()) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("by_list", "by_name", "used"));
}

// The builtin registry without one attribute and one op: an older TensorFlow.
OpRegistry Older() {
  OpRegistry older;
  OpDef handle = *OpRegistry::Builtin().Find("VarHandleOp");
  std::erase_if(handle.attrs, [](const AttrDef& attr) { return attr.name == "debug_name"; });
  older.Add(handle);
  older.Add(*OpRegistry::Builtin().Find("PartitionedCall"));
  older.Add(*OpRegistry::Builtin().Find("NoOp"));
  return older;
}

TEST(ExportGraphTest, DropsAttributesThatTheTargetDoesNotKnow) {
  const Graph graph = Read(R"(
a = VarHandleOp[dtype=float32, shape=[], debug_name="", _own="kept"]()
b = VarHandleOp[dtype=float32, shape=[], debug_name="x"]()
f = PartitionedCall[Tin=[], Tout=[], f=@f]()
function f {
  c = VarHandleOp[dtype=float32, shape=[], debug_name="y"]()
  return ^c
}
)");
  const OpRegistry older = Older();
  const auto exported = ExportGraph(graph, {.target = &older});
  ASSERT_TRUE(exported.ok()) << exported.status().message();
  EXPECT_THAT(exported->warnings,
              ElementsAre("VarHandleOp 'b': attribute debug_name=\"x\" is unknown to this "
                          "TensorFlow and was dropped",
                          "VarHandleOp 'c': attribute debug_name=\"y\" is unknown to this "
                          "TensorFlow and was dropped"));
  EXPECT_EQ(exported->graph_def.find("debug_name"), std::string::npos);
  EXPECT_NE(exported->graph_def.find("_own"), std::string::npos);
  // Without a target nothing goes.
  EXPECT_NE(ExportGraph(graph)->graph_def.find("debug_name"), std::string::npos);
}

TEST(ExportGraphTest, NamesTheOpThatTheTargetLacks) {
  const OpRegistry older = Older();
  const auto top = ExportGraph(Read("x = Placeholder[dtype=float32]()\n"), {.target = &older});
  EXPECT_EQ(top.status().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(top.status().message(),
              HasSubstr("op Placeholder (node 'x') is not known to this TensorFlow"));
  const auto inside = ExportGraph(Read("f = PartitionedCall[Tin=[], Tout=[], f=@f]()\n"
                                       "function f {\nc = Const[value=1]()\nreturn c\n}\n"),
                                  {.target = &older});
  EXPECT_THAT(inside.status().message(), HasSubstr("function 'f': op Const (node 'c')"));
}

TEST(ExportGraphTest, DropsColocationWithNodesThatAreGone) {
  Graph graph = Read(
      "a = NoOp()\nb = NoOp[_class=[\"loc:@a\",\"loc:@gone\"]]()\n"
      "c = NoOp[_class=[\"loc:@gone\"]]()\n");
  const auto back = ImportGraph(ExportGraph(graph)->graph_def, OpRegistry::Builtin());
  EXPECT_EQ(GraphToText(*back), "a = NoOp()\nb = NoOp[_class=[\"loc:@a\"]]()\nc = NoOp()\n");
}

TEST(ExportFunctionTest, NamesArgumentsAsTensorFlowAsks) {
  FunctionBody body{.name = "f", .graph = Graph()};
  for (const char* name : {"Dense/Input:0", "1x", "a"}) {
    Node* const arg = body.graph.Add(name, "_Arg");
    arg->attrs["T"] = DType::kFloat32;
    body.args.push_back(arg);
    body.results.push_back({arg, 0});
  }
  Node* const node = body.graph.Add("dense_input_0", "NoOp");
  node->control_inputs = {body.args[0]};  // An argument is there already: not written.
  const auto function = ExportFunction(body);
  ASSERT_TRUE(function.ok()) << function.status().message();
  const auto back = ImportFunction(*function, OpRegistry::Builtin());
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->args[0]->name, "dense_input_0_1");
  EXPECT_EQ(back->args[1]->name, "arg_1x");
  EXPECT_EQ(back->args[2]->name, "a");
  EXPECT_EQ(back->results[1].node, back->args[1]);
  EXPECT_TRUE(back->graph.Find("dense_input_0")->control_inputs.empty());
}

// Real models -------------------------------------------------------------------------------------

std::vector<std::string> ModelNames() {
  std::vector<std::string> names;
  const std::filesystem::path folder = WHYLIGHT_SOURCE_DIR "/tests/models";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (entry.is_directory() && name != "generate" && !name.starts_with("bad_")) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> GraphDefs(const std::string& name) {
  const auto model = ReadSavedModel(WHYLIGHT_SOURCE_DIR "/tests/models/" + name + "/model");
  EXPECT_TRUE(model.ok()) << model.status().message();
  std::vector<std::string> graphs;
  if (!model.ok()) return graphs;
  for (const MetaGraph& meta : model->meta_graphs) graphs.emplace_back(meta.graph_def);
  return graphs;
}

void ExpectSameNodes(const Graph& a, const Graph& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Node& x = *a.nodes()[i];
    const Node& y = *b.nodes()[i];
    ASSERT_EQ(x.name, y.name);
    EXPECT_EQ(x.op, y.op) << x.name;
    EXPECT_EQ(x.device, y.device) << x.name;
    EXPECT_EQ(x.attrs, y.attrs) << x.name;
    ASSERT_EQ(x.inputs.size(), y.inputs.size()) << x.name;
    for (std::size_t k = 0; k < x.inputs.size(); ++k) {
      EXPECT_EQ(x.inputs[k].name(), y.inputs[k].name()) << x.name;
    }
    ASSERT_EQ(x.control_inputs.size(), y.control_inputs.size()) << x.name;
    for (std::size_t k = 0; k < x.control_inputs.size(); ++k) {
      EXPECT_EQ(x.control_inputs[k]->name, y.control_inputs[k]->name) << x.name;
    }
  }
}

class ModelTest : public testing::TestWithParam<std::string> {};

TEST_P(ModelTest, GraphsAndFunctionsComeBackNodeByNode) {
  for (const std::string& bytes : GraphDefs(GetParam())) {
    const auto graph = ImportGraph(bytes, OpRegistry::Builtin());
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    EXPECT_GT(graph->size(), 0u);
    EXPECT_EQ(VerifyGraph(*graph).message(), "");
    const auto exported = ExportGraph(*graph);
    ASSERT_TRUE(exported.ok()) << exported.status().message();
    const auto back = ImportGraph(exported->graph_def, OpRegistry::Builtin());
    ASSERT_TRUE(back.ok()) << back.status().message();
    ExpectSameNodes(*graph, *back);
    EXPECT_EQ(back->producer, graph->producer);
    EXPECT_EQ(ExportGraph(*back)->graph_def, exported->graph_def);
    for (const auto& [name, function] : back->library.functions()) {
      EXPECT_EQ(function.bytes, graph->library.Find(name)->bytes) << name;
    }
    for (const auto& [name, function] : graph->library.functions()) {
      const auto body = ImportFunction(function, OpRegistry::Builtin());
      ASSERT_TRUE(body.ok()) << body.status().message();
      EXPECT_EQ(VerifyGraph(body->graph).message(), "") << name;
      const auto again = ExportFunction(*body);
      ASSERT_TRUE(again.ok()) << again.status().message();
      const auto reread = ImportFunction(*again, OpRegistry::Builtin());
      ASSERT_TRUE(reread.ok()) << reread.status().message();
      ASSERT_EQ(reread->results.size(), body->results.size());
      ASSERT_EQ(reread->args.size(), body->args.size());
      EXPECT_EQ(reread->control_results.size(), body->control_results.size());
      ASSERT_EQ(reread->graph.size(), body->graph.size());
      for (std::size_t i = 0; i < body->args.size(); ++i) {
        EXPECT_EQ(reread->args[i]->attrs, body->args[i]->attrs) << name;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, ModelTest, testing::ValuesIn(ModelNames()),
                         [](const auto& row) { return row.param; });

TEST(ImportGraphTest, ReadsWhichFunctionIsTheGradientOfWhichOpType) {
  const std::string library = Field(3, Field(1, "grad_fn_3") + Field(2, "CustomGradient-8"));
  const Result<Graph> graph = ImportGraph(Field(2, library), OpRegistry::Builtin());
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_THAT(graph->library.registered_gradients,
              ElementsAre(testing::Pair("CustomGradient-8", "grad_fn_3")));
}

TEST(ImportGraphTest, DamagedBytesGiveAStatus) {
  constexpr unsigned kSeed = 7;
  std::mt19937 random(kSeed);
  for (const char* name : {"tf2_while_power", "tf1_control_flow_v1"}) {
    for (const std::string& bytes : GraphDefs(name)) {
      for (int round = 0; round < 400; ++round) {
        std::string damaged = bytes;
        for (int flips = 1 + round % 4; flips > 0; --flips) {
          damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        if (round % 5 == 0) damaged.resize(random() % damaged.size());
        const auto graph = ImportGraph(damaged, OpRegistry::Builtin());
        if (!graph.ok()) {
          EXPECT_NE(graph.status().message(), "");
          continue;
        }
        (void)VerifyGraph(*graph).ok();
        (void)ExportGraph(*graph).ok();
        (void)GraphToText(*graph).size();
        for (const auto& [key, function] : graph->library.functions()) {
          const auto body = ImportFunction(function, OpRegistry::Builtin());
          if (body.ok()) (void)ExportFunction(*body).ok();
        }
      }
    }
  }
}

}  // namespace
}  // namespace whylight

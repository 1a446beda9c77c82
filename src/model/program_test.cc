#include "model/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/test_model.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> NamesOf(const std::vector<Port>& ports) {
  std::vector<std::string> names;
  for (const Port& port : ports) names.push_back(port.name);
  return names;
}

std::vector<std::string> NamesOf(const std::vector<ProgramInput>& inputs) {
  std::vector<std::string> names;
  for (const ProgramInput& input : inputs) names.push_back(input.port.name);
  return names;
}

std::vector<std::string> NodesOf(const Graph& graph) {
  std::vector<std::string> names;
  for (const std::unique_ptr<Node>& node : graph.nodes()) names.push_back(node->name);
  return names;
}

class ProgramTest : public testing::Test {
 protected:
  // The signature is xai_model where there is one, behind xai_preprocess, else the first.
  Result<Program> Build(const TestModelSpec& spec, ProgramSpec program = {}) {
    model_ = OpenTestModel(folder_, spec);
    if (model_ == nullptr) return Internal("no model");
    const auto& signatures = model_->meta().signatures;
    const auto explained = signatures.find("xai_model");
    const auto preprocess = signatures.find("xai_preprocess");
    program.signature =
        explained == signatures.end() ? &signatures.begin()->second : &explained->second;
    program.preprocess = preprocess == signatures.end() ? nullptr : &preprocess->second;
    return BuildProgram(*model_, program);
  }

  // The same, and it must be good.
  Program Good(const TestModelSpec& spec, ProgramSpec program = {}) {
    Result<Program> built = Build(spec, std::move(program));
    EXPECT_TRUE(built.ok()) << built.status().message();
    return built.ok() ? *std::move(built) : Program{.graph = Graph()};
  }

  TemporaryFolder folder_;
  std::unique_ptr<Model> model_;
};

TEST_F(ProgramTest, KeepsWhatTheOutputsNeed) {
  const Program program =
      Good({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    other = Placeholder[dtype=float32, shape=[?,2]]()
    unused = Neg[T=float32](x)
    y = Abs[T=float32](x) -> [?,2]
  )",
            .signatures = {{.inputs = {{"in", "x"}}, .outputs = {{"out", "y"}}}}});
  EXPECT_THAT(NodesOf(program.graph), ElementsAre("x", "y"));
  EXPECT_THAT(NamesOf(program.request), ElementsAre("in"));
  EXPECT_THAT(NamesOf(program.inputs), ElementsAre("in"));
  EXPECT_FALSE(program.inputs[0].source);
  EXPECT_THAT(NamesOf(program.outputs), ElementsAre("out"));
  EXPECT_EQ(program.outputs[0].tensor.name(), "y:0");
}

TEST_F(ProgramTest, InlinesWhatTheSignatureCalls) {
  const Program program = Good({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    y = StatefulPartitionedCall[Tin=[float32], Tout=[float32], f=@twice](x) -> [?]
    function twice {
      a = _Arg[T=float32, index=0]()
      b = AddV2[T=float32](a, a)
      return b
    }
  )"});
  ASSERT_EQ(program.outputs.size(), 1u);
  EXPECT_EQ(program.outputs[0].tensor.node->op, "AddV2");
  EXPECT_EQ(program.outputs[0].tensor.node->inputs[0].node->name, "x");
}

// A preprocessing function from two bytes to floats, and the model behind it.
const TestModelSpec kPreprocessed = {
    .graph = R"(
      raw = Placeholder[dtype=uint8, shape=[?,2]]()
      floats = Cast[SrcT=uint8, DstT=float32](raw) -> [?,2]
      x = Placeholder[dtype=float32, shape=[?,2]]()
      y = Neg[T=float32](x) -> [?,2]
    )",
    .signatures = {
        {.key = "xai_model"},
        {.key = "xai_preprocess", .inputs = {{"bytes", "raw"}}, .outputs = {{"x", "floats"}}}}};

TEST_F(ProgramTest, FeedsTheModelFromThePreprocessingFunction) {
  const Program program = Good(kPreprocessed);
  EXPECT_THAT(NamesOf(program.request), ElementsAre("bytes"));
  ASSERT_THAT(NamesOf(program.inputs), ElementsAre("x"));
  ASSERT_TRUE(program.inputs[0].source);
  EXPECT_EQ(program.inputs[0].source->name(), "floats:0");
  EXPECT_EQ(program.inputs[0].port.tensor.name(), "x:0");
}

TEST_F(ProgramTest, RefusesAPreprocessingFunctionWithoutTheModelsInput) {
  TestModelSpec spec = kPreprocessed;
  spec.signatures[1].outputs = {{"z", "floats"}};
  const Status status = Build(spec).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "signature 'xai_model': input 'x' is not an output of 'xai_preprocess'");
}

TEST_F(ProgramTest, ThePreprocessingFunctionHasRowsOfItsOwn) {
  TestModelSpec spec = kPreprocessed;
  spec.graph = R"(
      raw = Placeholder[dtype=uint8, shape=[2]]()
      axis = Const[dtype=int32, value=0]()
      row = Cast[SrcT=uint8, DstT=float32](raw)
      floats = ExpandDims[T=float32, Tdim=int32](row, axis) -> [1,2]
      x = Placeholder[dtype=float32, shape=[?,2]]()
      y = Neg[T=float32](x) -> [?,2]
    )";
  const Program program = Good(spec);
  EXPECT_EQ(program.layout.kind, RowLayout::Kind::kBatched);
  EXPECT_EQ(program.request_layout.kind, RowLayout::Kind::kFixed);
  EXPECT_EQ(program.request_layout.size, 2);
}

struct LayoutCase {
  const char* name;
  const char* a;  // Shapes of two inputs
  const char* b;
  const char* output;  // and of the output.
  RowLayout::Kind kind;
  int size;
};
void PrintTo(const LayoutCase& c, std::ostream* os) { *os << c.name; }

class LayoutTest : public ProgramTest, public testing::WithParamInterface<LayoutCase> {};

TEST_P(LayoutTest, FollowsFromTheShapesOfTheSignature) {
  const LayoutCase& c = GetParam();
  const Program program =
      Good({.graph = "a = Placeholder[dtype=float32, shape=" + std::string(c.a) + "]()\n" +
                     "b = Placeholder[dtype=float32, shape=" + c.b + "]()\n" +
                     "y = AddV2[T=float32](a, b) -> " + c.output + "\n",
            .signatures = {{.inputs = {{"a", "a"}, {"b", "b"}}}}});
  EXPECT_EQ(program.layout.kind, c.kind);
  EXPECT_EQ(program.layout.size, c.size);
  EXPECT_EQ(program.request_layout.kind, c.kind);
}
using Layout = RowLayout::Kind;
INSTANTIATE_TEST_SUITE_P(
    , LayoutTest,
    testing::Values(LayoutCase{"any_number", "[?,2]", "[?,2]", "[?,2]", Layout::kBatched, 0},
                    LayoutCase{"no_rank", "<unknown>", "[?,2]", "[?,2]", Layout::kBatched, 0},
                    LayoutCase{"one_is_open", "[4,2]", "[?,2]", "[4,2]", Layout::kBatched, 0},
                    LayoutCase{"fixed", "[4,2]", "[4,2]", "[4,2]", Layout::kFixed, 4},
                    LayoutCase{"fixed_and_open_output", "[4]", "[4]", "[?]", Layout::kFixed, 4},
                    LayoutCase{"one_row", "[1,2]", "[1,2]", "[1,2]", Layout::kFixed, 1},
                    LayoutCase{"two_numbers", "[4,2]", "[1,2]", "[4,2]", Layout::kNone, 0},
                    LayoutCase{"a_scalar", "[?,2]", "[]", "[?,2]", Layout::kBatched, 0},
                    LayoutCase{"a_scalar_first", "[]", "[?,2]", "[?,2]", Layout::kNone, 0},
                    LayoutCase{"a_scalar_output", "[4]", "[4]", "[]", Layout::kNone, 0},
                    LayoutCase{"another_output", "[4]", "[4]", "[5,4]", Layout::kNone, 0}),
    [](const auto& row) { return row.param.name; });

TEST_F(ProgramTest, HasNoRowsWhereTheCallerSaysSo) {
  EXPECT_EQ(Good({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    y = Neg[T=float32](x) -> [?]
  )"},
                 {.without_rows = true})
                .layout.kind,
            RowLayout::Kind::kNone);
}

// A text that is parsed to a number and read twice, and a plain input beside it.
const TestModelSpec kParsed = {.graph = R"(
      text = Placeholder[dtype=string, shape=[?]]()
      n = Placeholder[dtype=float32, shape=[?]]()
      age = StringToNumber[out_type=float32](text) -> [?]
      square = Mul[T=float32](age, age)
      sum = AddV2[T=float32](square, n)
      y = AddV2[T=float32](sum, age) -> [?]
      z = Neg[T=float32](n) -> [?]
    )",
                               .signatures = {{.inputs = {{"n", "n"}, {"text", "text"}}}},
                               .tf2 = false};

TEST_F(ProgramTest, CutsTheGraphAtAFeature) {
  const Program program = Good(kParsed, {.features = {{.name = "years old", .tensor = "age:0"}}});
  EXPECT_EQ(GraphToText(program.graph), R"(text = Placeholder[dtype=string, shape=[?]]()
n = Placeholder[dtype=float32, shape=[?]]()
age = StringToNumber[out_type=float32](text)
square = Mul[T=float32](whylight/feature/years_old, whylight/feature/years_old)
sum = AddV2[T=float32](square, n)
y = AddV2[T=float32](sum, whylight/feature/years_old)
whylight/feature/years_old = Placeholder[dtype=float32, shape=<unknown>]()
)");
  ASSERT_THAT(NamesOf(program.inputs), ElementsAre("years old", "n")) << "n is held";
  EXPECT_EQ(program.inputs[0].source->name(), "age:0");
  EXPECT_FALSE(program.inputs[1].source);
  EXPECT_THAT(NamesOf(program.request), ElementsAre("n", "text"));
}

TEST_F(ProgramTest, AFeatureMayBeAnInputOfTheSignature) {
  const Program program = Good(
      kParsed, {.features = {{.name = "first", .tensor = "n"}, {.name = "age", .tensor = "age"}}});
  ASSERT_THAT(NamesOf(program.inputs), ElementsAre("first", "age"));
  EXPECT_EQ(program.inputs[0].port.tensor.name(), "n:0");
  EXPECT_FALSE(program.inputs[0].source);
}

TEST_F(ProgramTest, AFeatureMayBeTheOutputItself) {
  const Program program = Good(kParsed, {.features = {{.name = "score", .tensor = "y:0"}}});
  ASSERT_THAT(NamesOf(program.inputs), ElementsAre("score"));
  EXPECT_EQ(program.outputs[0].tensor, program.inputs[0].port.tensor);
  EXPECT_EQ(program.inputs[0].source->name(), "y:0");
}

TEST_F(ProgramTest, TakesFurtherOutputsByTheirTensors) {
  const Program program = Good(kParsed, {.outputs = {{.name = "negative", .tensor = "z:0"}}});
  ASSERT_THAT(NamesOf(program.outputs), ElementsAre("y", "negative"));
  EXPECT_EQ(program.outputs[1].tensor.name(), "z:0");
  EXPECT_EQ(program.outputs[1].dtype, DType::kFloat32);
}

struct WrongTensorCase {
  const char* name;
  NamedTensor feature;
  NamedTensor output;
  StatusCode code;
  const char* text;
};
void PrintTo(const WrongTensorCase& c, std::ostream* os) { *os << c.name; }

class WrongTensorTest : public ProgramTest, public testing::WithParamInterface<WrongTensorCase> {};

TEST_P(WrongTensorTest, IsRefusedByName) {
  const WrongTensorCase& c = GetParam();
  ProgramSpec spec;
  if (!c.feature.name.empty()) spec.features = {c.feature};
  if (!c.output.name.empty()) spec.outputs = {c.output};
  const Status status = Build(kParsed, spec).status();
  EXPECT_EQ(status.code(), c.code);
  EXPECT_THAT(status.message(), HasSubstr(c.text));
}
INSTANTIATE_TEST_SUITE_P(
    , WrongTensorTest,
    testing::Values(WrongTensorCase{"unknown_feature",
                                    {.name = "age", .tensor = "aged:0"},
                                    {},
                                    StatusCode::kNotFound,
                                    "feature 'age': "},
                    WrongTensorCase{"unknown_feature_near",
                                    {.name = "age", .tensor = "aged:0"},
                                    {},
                                    StatusCode::kNotFound,
                                    "did you mean 'age'"},
                    WrongTensorCase{"beyond_the_outputs",
                                    {.name = "age", .tensor = "age:1"},
                                    {},
                                    StatusCode::kNotFound,
                                    "age:1"},
                    WrongTensorCase{"nobody_needs_it",
                                    {.name = "negative", .tensor = "z:0"},
                                    {},
                                    StatusCode::kInvalidArgument,
                                    "feature 'negative': no output of signature 'serving_default' "
                                    "depends on its tensor"},
                    WrongTensorCase{"unknown_output",
                                    {},
                                    {.name = "score", .tensor = "why:0"},
                                    StatusCode::kNotFound,
                                    "output 'score': "}),
    [](const auto& row) { return row.param.name; });

// What the search puts in the place of string inputs: "name=tensor" of each.
struct SearchCase {
  const char* name;
  std::string graph;  // From s, strings, to y.
  std::vector<std::string> found;
};
void PrintTo(const SearchCase& c, std::ostream* os) { *os << c.name; }

class FloatFeatureTest : public ProgramTest, public testing::WithParamInterface<SearchCase> {};

TEST_P(FloatFeatureTest, IsTheFirstFloatOfEachRow) {
  model_ = OpenTestModel(
      folder_, {.graph = GetParam().graph, .signatures = {{.inputs = {{"s", "s"}}}}, .tf2 = false});
  ASSERT_NE(model_, nullptr);
  const Result<Graph> graph = model_->ImportWholeGraph();
  ASSERT_TRUE(graph.ok());
  std::vector<std::string> found;
  for (const NamedTensor& feature :
       FindFloatFeatures(*graph, {{graph->Find("s"), 0}}, {{graph->Find("y"), 0}})) {
    found.push_back(feature.name + "=" + feature.tensor);
  }
  EXPECT_EQ(found, GetParam().found);
}

// A tf.Example with dense "age" [1] and "hours" [1], and sparse "words".
constexpr char kParse[] = R"(
  s = Placeholder[dtype=string, shape=[?]]()
  names = Const[dtype=string, value={"a"}]()
  sparse = Const[dtype=string, value={"words"}]()
  dense = Const[dtype=string, value={"age", "hours"}]()
  none = Const[dtype=string, value={"n"}]()
  zero = Const[dtype=float32, value={0}]()
  p = ParseExampleV2[Tdense=[float32,float32], num_sparse=1, sparse_types=[float32], dense_shapes=[[1],[1]], ragged_value_types=[], ragged_split_types=[]](s, names, sparse, dense, none, zero, zero)
)";

INSTANTIATE_TEST_SUITE_P(, FloatFeatureTest,
                         testing::Values(SearchCase{"a_parsed_number",
                                                    R"(
        s = Placeholder[dtype=string, shape=[?]]()
        age = StringToNumber[out_type=float32](s)
        y = Neg[T=float32](age)
      )",
                                                    {"s=age:0"}},
                                         SearchCase{"not_what_lies_behind_it",
                                                    R"(
        s = Placeholder[dtype=string, shape=[?]]()
        age = StringToNumber[out_type=float32](s)
        square = Mul[T=float32](age, age)
        y = Neg[T=float32](square)
      )",
                                                    {"s=age:0"}},
                                         SearchCase{"two_from_one_input_by_their_nodes",
                                                    R"(
        s = Placeholder[dtype=string, shape=[?]]()
        age = StringToNumber[out_type=float32](s)
        id = StringToHashBucketFast[num_buckets=9](s)
        hash = Cast[SrcT=int64, DstT=float32](id)
        y = AddV2[T=float32](age, hash)
      )",
                                                    {"age=age:0", "hash=hash:0"}},
                                         SearchCase{"nothing_that_no_output_needs",
                                                    R"(
        s = Placeholder[dtype=string, shape=[?]]()
        age = StringToNumber[out_type=float32](s)
        id = StringToHashBucketFast[num_buckets=9](s)
        y = Cast[SrcT=int64, DstT=float32](id)
      )",
                                                    {"s=y:0"}},
                                         SearchCase{"keys_of_a_tf_example",
                                                    std::string(kParse) + R"(
        y = AddV2[T=float32](p:3, p:4)
      )",
                                                    {"age=p:3", "hours=p:4"}},
                                         // Its values have no row each; the product has.
                                         SearchCase{"a_sparse_key_once_it_is_in_rows_again",
                                                    std::string(kParse) + R"(
        w = Const[dtype=float32, value={{1}, {2}}]()
        v = Neg[T=float32](p:1)
        product = SparseTensorDenseMatMul[T=float32, Tindices=int64](p, v, p:2, w)
        y = AddV2[T=float32](product, p:3)
      )",
                                                    {"age=p:3", "words=product:0"}}),
                         [](const auto& row) { return row.param.name; });

TEST_F(ProgramTest, SearchesOnlyWhereNoInputIsAFloat) {
  const Program program = Good(kParsed, {.search_float_features = true});
  EXPECT_THAT(NamesOf(program.inputs), ElementsAre("n", "text"));
}

TEST_F(ProgramTest, SearchesInAnEstimator) {
  model_ = OpenModelOfTree("tf1_dnn_classifier_parsing");
  ASSERT_NE(model_, nullptr);
  const Result<Program> program = BuildProgram(
      *model_,
      {.signature = &model_->meta().signatures.at("predict"), .search_float_features = true});
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_THAT(NamesOf(program->request), ElementsAre("examples"));
  EXPECT_THAT(NamesOf(program->inputs), testing::IsSupersetOf({"age", "hours"}));
}

TEST_F(ProgramTest, FollowsATensorThatAPassReplaced) {
  Program program = Good(kPreprocessed);
  Node* better = program.graph.Add("better", "Abs");
  better->attrs["T"] = DType::kFloat32;
  better->inputs = {program.inputs[0].port.tensor};
  Node* source = program.graph.Add("source", "Cast");
  source->attrs = {{"SrcT", DType::kUInt8}, {"DstT", DType::kFloat32}};
  source->inputs = {program.request[0].tensor};
  ASSERT_EQ(RunOnProgram(program,
                         [&](Graph&, PassContext& context) {
                           for (Output& output : *context.outputs) {
                             if (output.node->name == "y") output = {better, 0};
                             if (output.node->name == "floats") output = {source, 0};
                           }
                           return OkStatus();
                         }),
            OkStatus());
  EXPECT_EQ(program.outputs[0].tensor.name(), "better:0");
  EXPECT_EQ(program.inputs[0].source->name(), "source:0");
}

struct LogitsCase {
  const char* name;
  const char* graph;
  const char* logits;  // "" if there are none.
};
void PrintTo(const LogitsCase& c, std::ostream* os) { *os << c.name; }

class LogitsBehindTest : public testing::TestWithParam<LogitsCase> {};

TEST_P(LogitsBehindTest, LooksThroughWhatKeepsTheValues) {
  const Result<Graph> graph = GraphFromText("x = Placeholder[dtype=float32, shape=[?,2]]()\n" +
                                            std::string(GetParam().graph));
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const std::optional<Output> logits = LogitsBehind(*graph, {graph->Find("y"), 0});
  EXPECT_EQ(logits ? logits->name() : "", GetParam().logits);
}
INSTANTIATE_TEST_SUITE_P(
    , LogitsBehindTest,
    testing::Values(LogitsCase{"softmax", "y = Softmax[T=float32](x)", "x:0"},
                    LogitsCase{"sigmoid_through_identity",
                               "p = Sigmoid[T=float32](x)\ny = Identity[T=float32](p)", "x:0"},
                    LogitsCase{"log_softmax", "y = LogSoftmax[T=float32](x)", ""},
                    LogitsCase{"scaled_afterwards",
                               "p = Sigmoid[T=float32](x)\ny = AddV2[T=float32](p, p)", ""},
                    LogitsCase{"none", "y = Identity[T=float32](x)", ""}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight

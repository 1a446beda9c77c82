// Coalitions that are mixed in the graph give the answers of coalitions that are made row by row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "explain/counting_runtime.h"
#include "model/test_model.h"
#include "testing/runtime_test.h"
#include "whylight/explainer.h"

namespace whylight {
namespace {

using Kind = CountedRun::Kind;

// A word's row of a table, four numbers, a picture that is held, and a product of all.
constexpr char kMixed[] = R"(
  numbers = Placeholder[dtype=float32, shape=[?,4]]()
  word = Placeholder[dtype=string, shape=[?]]()
  ids = Placeholder[dtype=int32, shape=[?,2]]()
  table = Const[dtype=float32, value={{1, 2, 3, 4}, {2, -1, 0, 1}, {0.5, 0, 1, -2}}]()
  zero = Const[dtype=int32, value=0]()
  axes = Const[dtype=int32, value={1}]()
  hash = StringToHashBucketFast[num_buckets=3](word)
  of_word = GatherV2[Tindices=int64, Tparams=float32, Taxis=int32](table, hash, zero)
  of_ids = GatherV2[Tindices=int32, Tparams=float32, Taxis=int32](table, ids, zero)
  mean = Mean[T=float32, Tidx=int32, keep_dims=false](of_ids, axes)
  bent = Tanh[T=float32](numbers)
  sum = AddV2[T=float32](bent, mean)
  y = Mul[T=float32](sum, of_word) -> [?,4]
)";

// Every row loses the mean of its batch.
constexpr char kCentred[] = R"(
  x = Placeholder[dtype=float32, shape=[?,2]]()
  axis = Const[dtype=int32, value={0}]()
  mean = Mean[T=float32, Tidx=int32, keep_dims=true](x, axis)
  centred = Sub[T=float32](x, mean)
  square = Square[T=float32](x)
  y = AddV2[T=float32](centred, square) -> [?,2]
)";

TestModelSpec MixedModel() {
  return {.graph = kMixed,
          .signatures = {{.inputs = {{"ids", "ids"}, {"numbers", "numbers"}, {"word", "word"}}}}};
}

struct Case {
  const char* name;
  TestModelSpec model;
  std::vector<Row> requests;
  ExplainOptions options;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

Row Request(std::initializer_list<float> numbers, const std::string& word,
            std::initializer_list<std::int32_t> ids) {
  return {Tensor::Of<std::int32_t>(Shape{2}, ids), Tensor::Of<float>(Shape{4}, numbers),
          Tensor::ScalarString(word)};
}

class CoalitionsTest : public RuntimeTest, public testing::WithParamInterface<Case> {};
class CoalitionFlagsTest : public RuntimeTest {};

TEST_P(CoalitionsTest, MixedInTheGraphAreWhatTheyAreRowByRow) {
  const Case& c = GetParam();
  TemporaryFolder folder;
  const std::unique_ptr<Model> model = OpenTestModel(folder, c.model);
  ASSERT_NE(model, nullptr);
  const CountingRuntime counting(runtime());
  std::vector<std::vector<Explanation>> answers;
  for (const bool gather : {true, false}) {
    ExplainOptions options = c.options;
    options.gather = gather;
    options.session.threads = 1;
    Result<std::unique_ptr<Explainer>> explainer = Explainer::Open(*model, counting, options);
    ASSERT_TRUE(explainer.ok()) << explainer.status().message();
    answers.emplace_back();
    for (Result<Explanation>& one : (*explainer)->Explain(c.requests)) {
      ASSERT_TRUE(one.ok()) << one.status().message();
      answers.back().push_back(*std::move(one));
    }
  }
  for (std::size_t i = 0; i < c.requests.size(); ++i) {
    const OutputAttribution &mixed = answers[0][i].attributions.at(0),
                            &made = answers[1][i].attributions.at(0);
    EXPECT_NEAR(mixed.instance_output, made.instance_output, 1e-6);
    EXPECT_NEAR(mixed.baseline_output, made.baseline_output, 1e-6);
    ASSERT_EQ(mixed.features.size(), made.features.size());
    bool any = false;
    for (std::size_t k = 0; k < made.features.size(); ++k) {
      const Tensor &of_mixed = mixed.features[k].values, &of_made = made.features[k].values;
      ASSERT_EQ(of_mixed.shape(), of_made.shape());
      for (std::size_t e = 0; e < of_made.elements(); ++e) {
        EXPECT_NEAR(of_mixed.Number(e), of_made.Number(e), 1e-6);
        any = any || of_made.Number(e) != 0;
      }
    }
    EXPECT_TRUE(any) << "nothing was compared";
  }
}

ExplanationMetadata TwoInOneGroup() {
  ExplanationMetadata metadata;
  for (const char* name : {"numbers", "word", "ids"}) {
    metadata.inputs.push_back({.name = name});
    if (std::string(name) != "ids") metadata.inputs.back().group_name = "both";
  }
  return metadata;
}

ExplanationMetadata WithoutIds() {
  ExplanationMetadata metadata;
  metadata.inputs.push_back({.name = "word"});
  metadata.inputs.push_back({.name = "numbers"});
  return metadata;
}

std::vector<Case> Cases() {
  const std::vector<Row> requests = {Request({1, -2, 3, 0.5f}, "a", {0, 2}),
                                     Request({0.25f, 2, 0, 1}, "bcd", {1, 1}),
                                     Request({-1, 1, 2, 0}, "", {2, 0})};
  std::vector<Case> cases;
  const auto add = [&](const char* name, ExplainOptions options) {
    cases.push_back({name, MixedModel(), requests, std::move(options)});
  };
  for (const char* method : {"sampled-shapley", "kernel-shap"}) {
    const bool kernel = std::string(method) == "kernel-shap";
    add(kernel ? "kernel_elements" : "shapley_elements", {.method = method, .paths = 6});
    add(kernel ? "kernel_inputs" : "shapley_inputs",
        {.method = method, .paths = 6, .players = Players::kInputs});
  }
  add("several_baselines", {.method = "sampled-shapley",
                            .paths = 6,
                            .baselines = {{"numbers", {Json(0.0), Json(1.0)}},
                                          {"word", {Json("x"), Json("yz")}},
                                          {"ids", {Json(1.0), Json(2.0)}}}});
  add("groups", {.method = "sampled-shapley", .paths = 6, .metadata = TwoInOneGroup()});
  add("held_inputs_and_another_order",
      {.method = "sampled-shapley", .paths = 6, .metadata = WithoutIds()});
  cases.push_back({"rows_that_move_each_other",
                   {.graph = kCentred},
                   {{Tensor::Of<float>(Shape{2}, {1, 3})}, {Tensor::Of<float>(Shape{2}, {-2, 5})}},
                   {.method = "sampled-shapley", .path_rule = PathRule::kExact}});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(, CoalitionsTest, testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

TEST_F(CoalitionFlagsTest, AreFedAsFlagsAndNotAsRows) {
  TemporaryFolder folder;
  const std::unique_ptr<Model> model = OpenTestModel(folder, MixedModel());
  ASSERT_NE(model, nullptr);
  CountingRuntime counting(runtime());
  std::vector<std::size_t> words;  // That were fed.
  for (const bool gather : {true, false}) {
    ExplainOptions options{.method = "sampled-shapley", .path_rule = PathRule::kExact};
    options.gather = gather;
    Result<std::unique_ptr<Explainer>> explainer = Explainer::Open(*model, counting, options);
    ASSERT_TRUE(explainer.ok()) << explainer.status().message();
    counting.Reset();
    const Row request = Request({1, -2, 3, 0.5f}, "a", {0, 2});
    ASSERT_TRUE((*explainer)->Explain({&request, 1})[0].ok());
    EXPECT_GE(counting.Rows(Kind::kScores), 64) << "all coalitions of seven players but idle ones";
    words.push_back(counting.strings_fed());
  }
  EXPECT_LT(words[0], 64u) << "two values of the word, and the rows of the check";
  EXPECT_GE(words[1], 64u);
}

}  // namespace
}  // namespace whylight

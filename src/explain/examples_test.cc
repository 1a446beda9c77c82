#include "explain/examples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "explain/measured_explainer.h"
#include "model/test_model.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// x -> log x -> two classes, x0 against x1.
constexpr char kLogs[] = R"(
  x = Placeholder[dtype=float32, shape=[?,2]]()
  logs = Log[T=float32](x) -> [?,2]
  w = Const[dtype=float32, value={{1, -1}, {-1, 1}}]()
  y = MatMul[T=float32](logs, w) -> [?,2]
)";

Row At(double x, double y) {
  return {Tensor::Of<float>({2}, {static_cast<float>(x), static_cast<float>(y)})};
}
// Where the model's layer is (log_x, log_y).
Row Logs(double log_x, double log_y) { return At(std::exp(log_x), std::exp(log_y)); }

std::vector<Example> Some() {
  return {{.values = Logs(0, 0), .place = "line 1", .id = "origin", .crowding_tag = "near"},
          {.values = Logs(3, 0),
           .place = "line 2",
           .id = "right",
           .crowding_tag = "far",
           .restricts = {{"side", {"right"}, {}}}},
          {.values = Logs(0, 1), .place = "line 3", .id = "up", .crowding_tag = "near"},
          {.values = Logs(3, 0), .place = "line 4", .id = "right again", .crowding_tag = "far"}};
}

class ExamplesExplainerTest : public RuntimeTest {
 protected:
  // Two at a time.
  ExampleData Data(std::vector<Example> examples) {
    return {
        .source = "--examples points",
        .read = [this, examples](const std::vector<RequestField>& fields,
                                 const std::function<Status(std::vector<Example>)>& take) {
          ++times_read_;
          EXPECT_THAT(fields, SizeIs(1));
          for (std::size_t i = 0; i < examples.size(); i += 2) {
            const std::size_t end = std::min(i + 2, examples.size());
            WHYLIGHT_RETURN_IF_ERROR(take({examples.begin() + static_cast<std::ptrdiff_t>(i),
                                           examples.begin() + static_cast<std::ptrdiff_t>(end)}));
          }
          return OkStatus();
        }};
  }

  Status Open(ExplainOptions options, std::vector<Example> examples = Some(),
              const TestModelSpec& spec = {.graph = kLogs}) {
    model_ = OpenTestModel(folder_, spec);
    if (model_ == nullptr) return Internal("no model");
    options.method = "examples";
    options.session.threads = 1;
    options.examples = Data(std::move(examples));
    WHYLIGHT_ASSIGN_OR_RETURN(explainer_, Explainer::Open(*model_, runtime(), std::move(options)));
    return OkStatus();
  }

  Explanation Good(const Row& request) {
    std::vector<Result<Explanation>> all = explainer_->Explain({&request, 1});
    EXPECT_TRUE(all.at(0).ok()) << all[0].status().message();
    return all[0].ok() ? *std::move(all[0]) : Explanation();
  }
  std::vector<std::string> Ids(const Row& request) {
    std::vector<std::string> ids;
    const Explanation explanation = Good(request);
    for (const Neighbor& neighbor : *explanation.neighbors) ids.push_back(neighbor.id);
    return ids;
  }
  std::string PlanText() const {
    std::string text;
    for (const MethodSetting& setting : explainer_->plan().settings) text += setting.text + "\n";
    return text;
  }

  int times_read_ = 0;
  TemporaryFolder folder_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Explainer> explainer_;
};

TEST_F(ExamplesExplainerTest, FindsTheNearestAtTheLayer) {
  ASSERT_EQ(Open({.neighbors = 3, .labels = {"x", "y"}}), OkStatus());
  EXPECT_THAT(PlanText(), AllOf(HasSubstr("3 neighbours\nsquared L2 distance\n"),
                                HasSubstr("layer logs:0 [2] (the last vector before the final "
                                          "MatMul of 'y')"),
                                HasSubstr("4 examples")));
  const Explanation explanation = Good(Logs(2, 0));
  EXPECT_THAT(explanation.attributions, IsEmpty());
  ASSERT_THAT(explanation.prediction, SizeIs(1)) << "the layer is no output";
  EXPECT_NEAR(explanation.prediction[0].value.Number(0), 2, 1e-5);
  const std::vector<Neighbor>& neighbors = *explanation.neighbors;
  ASSERT_THAT(neighbors, SizeIs(3));
  EXPECT_EQ(neighbors[0].id, "right") << "of equal ones the first";
  EXPECT_EQ(neighbors[1].id, "right again");
  EXPECT_EQ(neighbors[2].id, "origin");
  EXPECT_NEAR(neighbors[0].distance, 1, 1e-5);
  EXPECT_NEAR(neighbors[2].distance, 4, 1e-5);
  EXPECT_EQ(neighbors[0].prediction->label, "x");
  EXPECT_THAT(neighbors[0].prediction->index, ElementsAre(0));
  EXPECT_NEAR(neighbors[0].prediction->score, 3, 1e-5);
  EXPECT_EQ(neighbors[2].values, Logs(0, 0));
}

TEST_F(ExamplesExplainerTest, AnExampleFindsItselfAndTheDataAreReadOnce) {
  ASSERT_EQ(Open({}), OkStatus());
  EXPECT_THAT(Ids(Logs(0, 1)), ElementsAre("up", "origin", "right", "right again"))
      << "as many as there are";
  EXPECT_EQ((*Good(Logs(0, 1)).neighbors)[0].distance, 0);
  EXPECT_EQ(times_read_, 1);
}

TEST_F(ExamplesExplainerTest, HeedsTheDistance) {
  // Of (9, 3): cosine prefers the direction, the dot product the length.
  std::vector<Example> examples = {{.values = Logs(3, 1), .id = "same way"},
                                   {.values = Logs(9, 5), .id = "near"},
                                   {.values = Logs(20, 1), .id = "long"}};
  ASSERT_EQ(Open({.distance = Distance::kCosine}, examples), OkStatus());
  EXPECT_EQ(Ids(Logs(9, 3))[0], "same way");
  ASSERT_EQ(Open({.distance = Distance::kDotProduct}, examples), OkStatus());
  EXPECT_EQ(Ids(Logs(9, 3))[0], "long");
  EXPECT_NEAR((*Good(Logs(9, 3)).neighbors)[0].distance, -183, 1e-2);
  ASSERT_EQ(Open({.distance = Distance::kL1}, examples), OkStatus());
  EXPECT_NEAR((*Good(Logs(9, 3)).neighbors)[0].distance, 2, 1e-4);
  ASSERT_EQ(Open({.normalize = true}, examples), OkStatus());
  EXPECT_EQ(Ids(Logs(9, 3))[0], "same way");
}

TEST_F(ExamplesExplainerTest, HeedsCrowdsAndRestrictions) {
  ASSERT_EQ(Open({.crowding_count = 1}), OkStatus());
  EXPECT_THAT(Ids(Logs(0, 1)), ElementsAre("up", "right"));
  ASSERT_EQ(Open({.restrictions = {{"side", {"right"}, {}}}}), OkStatus());
  EXPECT_THAT(Ids(Logs(0, 1)), ElementsAre("right"));
  ASSERT_EQ(Open({.restrictions = {{"side", {}, {"right"}}}}), OkStatus());
  EXPECT_THAT(Ids(Logs(3, 0)), ElementsAre("right again", "origin", "up"));
  const Status none = Open({.restrictions = {{"side", {"left"}, {}}}});
  EXPECT_EQ(none.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(none.message(), HasSubstr("allow none of the 4 examples"));
}

TEST_F(ExamplesExplainerTest, ReturnsVectorsInsteadOfNeighbors) {
  ASSERT_EQ(Open({.return_embeddings = true}), OkStatus());
  const Explanation explanation = Good(Logs(2, -1));
  EXPECT_FALSE(explanation.neighbors.has_value());
  ASSERT_EQ(explanation.embedding->shape(), Shape{2});
  EXPECT_NEAR(explanation.embedding->Number(0), 2, 1e-5);
  EXPECT_NEAR(explanation.embedding->Number(1), -1, 1e-5);
  ASSERT_EQ(Open({.normalize = true, .return_embeddings = true}), OkStatus());
  EXPECT_NEAR(Good(Logs(3, 4)).embedding->Number(1), 0.8, 1e-5);
}

TEST_F(ExamplesExplainerTest, ARowThatHasNoPlaceFailsAlone) {
  ASSERT_EQ(Open({}), OkStatus());
  const std::vector<Row> requests = {At(1, 1), At(0, 1), At(1, 2)};
  const std::vector<Result<Explanation>> all = explainer_->Explain(requests);
  EXPECT_TRUE(all[0].ok() && all[2].ok());
  EXPECT_EQ(all[1].status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(all[1].status().message(), HasSubstr("layer 'logs:0' holds a value that is not "
                                                   "finite"));
  EXPECT_EQ((*all[0]->neighbors)[0].id, "origin");
  EXPECT_EQ((*all[2]->neighbors)[0].id, "up");
}

TEST_F(ExamplesExplainerTest, RefusesExamplesThatCannotBeCompared) {
  std::vector<Example> examples = Some();
  examples.push_back({.values = At(-1, 1), .place = "line 5"});
  const Status nan = Open({}, examples);
  EXPECT_EQ(nan.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(nan.message(), HasSubstr("--examples points: line 5: layer 'logs:0' holds"));
  const Status none = Open({}, {});
  EXPECT_EQ(none.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(none.message(), HasSubstr("--examples points: expected rows"));
  const Status dimensions = Open({.dimensions = 3});
  EXPECT_THAT(dimensions.message(), HasSubstr("dimensions: expected 3, layer 'logs:0' has 2"));
}

TEST_F(ExamplesExplainerTest, AnOutputMayBeTheVector) {
  TestModelSpec spec{.graph = kLogs};
  spec.signatures[0].outputs = {{"embedding", "logs"}, {"y", "y"}};
  ASSERT_EQ(Open({.output_name = "y"}, Some(), spec), OkStatus());
  EXPECT_THAT(PlanText(), HasSubstr("(the output 'embedding')"));
  EXPECT_THAT(Good(Logs(0, 1)).prediction, SizeIs(2));
  EXPECT_EQ(Ids(Logs(0, 1))[0], "up");
}

TEST_F(ExamplesExplainerTest, RefusesOptionsThatMakeNoSense) {
  EXPECT_THAT(Open({.neighbors = 0}).message(), HasSubstr("--neighbors 0: expected 1 or more"));
  EXPECT_THAT(Open({.crowding_count = -1}).message(), HasSubstr("--crowding-count -1"));
  EXPECT_THAT(Open({.baselines = {{"x", {Baseline(BaselineKind::kZeros)}}}}).message(),
              HasSubstr("compares with nothing"));
  model_ = OpenTestModel(folder_, {.graph = kLogs});
  EXPECT_THAT(Explainer::Open(*model_, runtime(), {.method = "examples"}).status().message(),
              HasSubstr("--examples train.csv"));
  const Status measured =
      MeasuredExplainer::Open(*model_, runtime(), {.method = "examples", .examples = Data(Some())})
          .status();
  EXPECT_EQ(measured.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(measured.message(), HasSubstr("no attributions that could be measured"));
}

}  // namespace
}  // namespace whylight

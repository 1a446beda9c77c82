#include "explain/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "explain/counting_runtime.h"
#include "explain/score_function.h"
#include "model/test_model.h"
#include "tensor/rows.h"
#include "testing/runtime_test.h"
#include "util/system.h"

namespace whylight {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = CountedRun::Kind;

// y = x^2 + 3 x, elementwise: d y_k / d x_k = 2 x_k + 3.
constexpr char kPolynomial[] = R"(
  x = Placeholder[dtype=float32, shape=[?,2]]()
  three = Const[dtype=float32, value=3]()
  sum = AddV2[T=float32](x, three)
  y = Mul[T=float32](x, sum) -> [?,2]
)";

double SumOf(const Tensor& tensor) {
  double sum = 0;
  for (std::size_t i = 0; i < tensor.elements(); ++i) sum += tensor.Number(i);
  return sum;
}

// Every row loses the mean of its batch.
constexpr char kCentred[] = R"(
  x = Placeholder[dtype=float32, shape=[?,2]]()
  axis = Const[dtype=int32, value={0}]()
  mean = Mean[T=float32, Tidx=int32, keep_dims=true](x, axis)
  centred = Sub[T=float32](x, mean)
  y = Mul[T=float32](centred, centred) -> [?,2]
)";

class EngineTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    counting_ = std::make_unique<CountingRuntime>(runtime());
  }

  // Loads the only signature, with gradients of output 0 by all inputs.
  Status Load(const TestModelSpec& spec, EngineOptions options = {}) {
    model_ = OpenTestModel(folder_, spec);
    if (model_ == nullptr) return Internal("no model");
    const MetaGraph& meta = model_->meta();
    ProgramSpec program_spec{.signature = &meta.signatures.begin()->second};
    const auto preprocess = meta.signatures.find("xai_preprocess");
    if (preprocess != meta.signatures.end()) {
      program_spec = {.signature = &meta.signatures.at("xai_model"),
                      .preprocess = &preprocess->second};
    }
    WHYLIGHT_ASSIGN_OR_RETURN(Program program, BuildProgram(*model_, program_spec));
    EngineTarget target{.output = program.outputs[0].tensor};
    for (std::size_t i = 0; i < program.inputs.size(); ++i) {
      if (IsFloating(program.inputs[i].port.dtype)) target.gradients.push_back(i);
    }
    if (options.session.threads == 0) options.session.threads = 1;
    WHYLIGHT_ASSIGN_OR_RETURN(
        engine_, Engine::Load(*model_, std::move(program), target, *counting_, std::move(options)));
    counting_->Reset();
    return OkStatus();
  }

  static Row Vector(float a, float b) { return {Tensor::Of<float>(Shape{2}, {a, b})}; }

  TemporaryFolder folder_;
  std::unique_ptr<CountingRuntime> counting_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, GivesOutputsAndScoresOfRows) {
  ASSERT_EQ(Load({.graph = kPolynomial}), OkStatus());
  const std::vector<Row> rows = {Vector(1, 2), Vector(-2, -1), Vector(5, 1)};
  const std::vector<Result<Row>> outputs = engine_->Outputs(rows);
  ASSERT_EQ(outputs.size(), 3u);
  ASSERT_TRUE(outputs[1].ok()) << outputs[1].status().message();
  EXPECT_EQ((*outputs[0])[0], Tensor::Of<float>(Shape{2}, {4, 10}));
  EXPECT_EQ((*outputs[1])[0], Tensor::Of<float>(Shape{2}, {-2, -2}));
  EXPECT_EQ((*outputs[2])[0], Tensor::Of<float>(Shape{2}, {40, 4}));
  const std::vector<RowView> views = {ViewOf(rows[0]), ViewOf(rows[2])};
  const Result<std::vector<double>> scores =
      engine_->Scores(views, std::vector<std::int64_t>{1, 0});
  ASSERT_TRUE(scores.ok()) << scores.status().message();
  EXPECT_THAT(*scores, ElementsAre(10, 40));
  ASSERT_EQ(counting_->runs().size(), 2u);
  EXPECT_EQ(counting_->runs()[0].kind, Kind::kOutputs);
  EXPECT_EQ(counting_->runs()[0].rows, 3);
  EXPECT_EQ(counting_->runs()[1].kind, Kind::kScores);
  EXPECT_EQ(counting_->runs()[1].rows, 2);
}

TEST_F(EngineTest, SumsWeightedGradientsOfTwoPathsInOneRun) {
  ASSERT_EQ(Load({.graph = kPolynomial}), OkStatus());
  const Row x = Vector(2, 4), b = Vector(0, 2), z = Vector(-2, 8), zero = Vector(0, 0);
  const std::vector<Engine::PathOwner> owners = {
      {.x = ViewOf(x), .baseline = ViewOf(b), .target = 1},
      {.x = ViewOf(z), .baseline = ViewOf(zero), .target = 0}};
  // Points of the owners are mixed, as chunks that cross an instance's end mix them.
  const Result<std::vector<Row>> sums = engine_->PathSums(
      owners, {.owner = {0, 1, 0}, .position = {0.5, 0.25, 1}, .weight = {2, 10, 0.5}});
  ASSERT_TRUE(sums.ok()) << sums.status().message();
  // Owner 0, element 1: 2 (2*3 + 3) + 0.5 (2*4 + 3); owner 1, element 0: 10 (2 * -0.5 + 3).
  EXPECT_EQ((*sums)[0][0], Tensor::Of<double>(Shape{2}, {0, 23.5}));
  EXPECT_EQ((*sums)[1][0], Tensor::Of<double>(Shape{2}, {20, 0}));
  ASSERT_EQ(counting_->runs().size(), 1u);
  EXPECT_EQ(counting_->runs()[0].kind, Kind::kGradients);
  EXPECT_EQ(counting_->runs()[0].rows, 3);
}

// 40 ones and a bend: 40 x 600 products a row behind which the score is not straight.
TestModelSpec WideModel() {
  return {.graph = R"(
  x = Placeholder[dtype=float32, shape=[?,600]]()
  sizes = Const[dtype=int32, value={600, 40}]()
  tenth = Const[dtype=float32, value=0.01]()
  w = Fill[T=float32](sizes, tenth)
  m = MatMul[T=float32](x, w)
  y = Tanh[T=float32](m) -> [?,40]
)"};
}

TEST_F(EngineTest, AnswersTheSameWithAndWithoutHoistingWhatIsAffine) {
  Tensor x(DType::kFloat32, Shape{600}), b(DType::kFloat32, Shape{600});
  for (std::size_t i = 0; i < 600; ++i) {
    x.data<float>()[i] = static_cast<float>(i % 7) * 0.1f;
    b.data<float>()[i] = static_cast<float>(i % 3) * -0.2f;
  }
  const Row to = {x}, from = {b};
  const std::vector<Engine::PathOwner> owners = {
      {.x = ViewOf(to), .baseline = ViewOf(from), .target = 3},
      {.x = ViewOf(from), .baseline = ViewOf(to), .target = 0}};
  const Engine::PathPoints points{
      .owner = {0, 1, 0}, .position = {0.5, 0.25, 1}, .weight = {2, 10, 0.5}};
  std::vector<std::vector<Row>> sums, pulled;
  std::vector<PathGradients> along;
  for (const bool hoist : {true, false}) {
    EngineOptions options;
    options.hoist = hoist;
    ASSERT_EQ(Load(WideModel(), std::move(options)), OkStatus());
    EXPECT_EQ(engine_->hoists(), hoist);
    Result<std::vector<Row>> of_run = engine_->PathSums(owners, points);
    ASSERT_TRUE(of_run.ok()) << of_run.status().message();
    sums.push_back(*std::move(of_run));
    Result<PathGradients> alone = engine_->GradientsAlong(owners, points);
    ASSERT_TRUE(alone.ok()) << alone.status().message();
    along.push_back(*std::move(alone));
    if (!hoist) continue;
    // The gradients of points 1 and 2, pulled back.
    std::vector<Row> variables(2);
    for (std::size_t p = 1; p < 3; ++p) {
      const Tensor gradient = RowOf(along[0].gradients[0], static_cast<std::int64_t>(p));
      Tensor& wide = variables[p - 1].emplace_back(DType::kFloat64, gradient.shape());
      for (std::size_t i = 0; i < gradient.elements(); ++i) wide.SetNumber(i, gradient.Number(i));
    }
    const std::vector<Engine::PathOwner> of_points = {owners[1], owners[0]};
    Result<std::vector<Row>> back = engine_->PullBack(of_points, variables);
    ASSERT_TRUE(back.ok()) << back.status().message();
    pulled.push_back(*std::move(back));
  }
  EXPECT_EQ(along[0].gradients[0].shape(), (Shape{3, 40})) << "behind the matrix";
  EXPECT_EQ(along[1].gradients[0].shape(), (Shape{3, 600}));
  for (std::size_t k = 0; k < 600; ++k) {
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(sums[0][i][0].Number(k), sums[1][i][0].Number(k), 1e-6);
    }
    for (std::size_t p = 1; p < 3; ++p) {
      EXPECT_NEAR(pulled[0][p - 1][0].Number(k), along[1].gradients[0].Number(600 * p + k), 1e-6);
    }
    EXPECT_NEAR(along[1].change[0].Number(k), x.Number(k) - b.Number(k), 1e-6);
  }
  for (std::size_t p = 0; p < 3; ++p) EXPECT_NEAR(along[0].scores[p], along[1].scores[p], 1e-6);
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_NEAR(along[0].change[0].Number(i), 0.01 * (SumOf(x) - SumOf(b)), 1e-4);
  }
}

TEST_F(EngineTest, RunsOfBatchNormsDoNotOverlap) {
  constexpr char kNormalised[] = R"(
  x = Placeholder[dtype=float32, shape=[?,2]]()
  sizes = Const[dtype=int32, value={1, -1, 2, 1}]()
  rows = Reshape[T=float32, Tshape=int32](x, sizes)
  scale = Placeholder[dtype=float32, shape=[?]]()
  n = FusedBatchNormV3[T=float32, U=float32, data_format="NCHW", is_training=false](rows, scale, scale, scale, scale)
  back = Const[dtype=int32, value={-1, 2}]()
  y = Reshape[T=float32, Tshape=int32](n, back) -> [?,2]
)";
  const std::vector<TestSignature> signature = {{.inputs = {{"x", "x"}, {"scale", "scale"}}}};
  ASSERT_EQ(Load({.graph = kPolynomial}, {.session = {.threads = 2}}), OkStatus());
  EXPECT_GT(engine_->lanes(), 1);
  ASSERT_EQ(Load({.graph = kNormalised, .signatures = signature}, {.session = {.threads = 2}}),
            OkStatus());
  EXPECT_EQ(engine_->lanes(), 1);
}

struct LayoutCase {
  const char* name;
  const char* shape;  // Of x and y.
  RowLayout::Kind kind;
  int most;  // Rows in a run.
};
void PrintTo(const LayoutCase& c, std::ostream* os) { *os << c.name; }

class EngineLayoutTest : public EngineTest, public testing::WithParamInterface<LayoutCase> {
 protected:
  static TestModelSpec Spec() {
    const std::string shape = GetParam().shape;
    return {.graph = "x = Placeholder[dtype=float32, shape=" + shape +
                     "]()\nthree = Const[dtype=float32, value=3]()\n"
                     "sum = AddV2[T=float32](x, three)\n"
                     "y = Mul[T=float32](x, sum) -> " +
                     shape + "\n"};
  }
};

TEST_P(EngineLayoutTest, IsTheSameToTheCaller) {
  const LayoutCase& c = GetParam();
  ASSERT_EQ(Load(Spec()), OkStatus());
  EXPECT_EQ(engine_->program().layout.kind, c.kind);
  std::vector<Row> rows;
  for (int i = 0; i < 6; ++i) rows.push_back(Vector(static_cast<float>(i), 2));
  const std::vector<Result<Row>> outputs = engine_->Outputs(rows);
  ASSERT_EQ(outputs.size(), rows.size());
  for (int i = 0; i < 6; ++i) {
    const auto k = static_cast<std::size_t>(i);
    ASSERT_TRUE(outputs[k].ok()) << outputs[k].status().message();
    EXPECT_EQ((*outputs[k])[0], Tensor::Of<float>(Shape{2}, {static_cast<float>(i * (i + 3)), 10}));
  }
  std::vector<ScoreTask> tasks;
  std::vector<Point> points;
  std::vector<PathSum> sums;
  const Row zero = Vector(0, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    tasks.push_back({.row = &rows[i], .target = static_cast<std::int64_t>(i % 2)});
    points.push_back({.instance = i, .row = rows[i]});
    sums.push_back({.instance = i,
                    .x = &rows[i],
                    .baseline = &zero,
                    .positions = {0.25, 0.5, 1},
                    .weights = {0.5, 0.25, 1}});
  }
  ScoreFunction f(*engine_, tasks, {0});
  const Result<std::vector<double>> scores = f.Evaluate(points);
  ASSERT_TRUE(scores.ok()) << scores.status().message();
  EXPECT_THAT(*scores, ElementsAre(0, 10, 10, 10, 28, 10));
  const Result<std::vector<Row>> got = f.IntegrateGradients(sums);
  ASSERT_TRUE(got.ok()) << got.status().message();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    // sum_k w_k (2 t_k x + 3) = 2.5 x + 5.25
    const double x = i % 2 == 0 ? static_cast<double>(i) : 2;
    Tensor want(DType::kFloat64, Shape{2});
    want.SetNumber(i % 2, 2.5 * x + 5.25);
    EXPECT_EQ((*got)[i][0], want) << i;
  }
  EXPECT_EQ(f.dependence(), "");
  if (c.most > 0) {
    EXPECT_EQ(counting_->MostRows(), c.most);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , EngineLayoutTest,
    testing::Values(LayoutCase{"batched", "[?,2]", RowLayout::Kind::kBatched, 0},
                    LayoutCase{"fixed_one", "[1,2]", RowLayout::Kind::kFixed, 1},
                    LayoutCase{"fixed_four", "[4,2]", RowLayout::Kind::kFixed, 4}),
    [](const auto& row) { return row.param.name; });

TEST_F(EngineTest, RunsAModelWithoutABatchRowByRow) {
  ASSERT_EQ(Load({.graph = R"(
    a = Placeholder[dtype=float32, shape=[]]()
    b = Placeholder[dtype=float32, shape=[2]]()
    ab = Mul[T=float32](a, b)
    axis = Const[dtype=int32, value={0}]()
    y = Sum[T=float32, Tidx=int32](ab, axis) -> []
  )",
                  .signatures = {{.inputs = {{"a", "a"}, {"b", "b"}}}}}),
            OkStatus());
  EXPECT_EQ(engine_->program().layout.kind, RowLayout::Kind::kNone);
  EXPECT_EQ(engine_->max_rows(), 1);
  const std::vector<Row> rows = {{Tensor::Scalar(2.0f), Tensor::Of<float>(Shape{2}, {3, 4})},
                                 {Tensor::Scalar(-1.0f), Tensor::Of<float>(Shape{2}, {1, 1})}};
  const std::vector<Result<Row>> outputs = engine_->Outputs(rows);
  ASSERT_TRUE(outputs[1].ok()) << outputs[1].status().message();
  EXPECT_EQ((*outputs[0])[0], Tensor::Scalar(14.0f));
  EXPECT_EQ((*outputs[1])[0], Tensor::Scalar(-2.0f));
  ScoreFunction f(*engine_, {{.row = &rows[0], .target = 0}}, {0, 1});
  const Row zero = {Tensor::Scalar(0.0f), Tensor(DType::kFloat32, Shape{2})};
  const PathSum sum{
      .instance = 0, .x = &rows[0], .baseline = &zero, .positions = {0.5, 1}, .weights = {1, 1}};
  const Result<std::vector<Row>> got = f.IntegrateGradients({&sum, 1});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ((*got)[0][0], Tensor::Scalar(10.5));
  EXPECT_EQ((*got)[0][1], Tensor::Of<double>(Shape{2}, {3, 3}));
}

struct TypeCase {
  const char* name;
  DType dtype;
  double tolerance;  // Of 8 or 11 bits, of float32's 24, of float64.
};
void PrintTo(const TypeCase& c, std::ostream* os) { *os << c.name; }

class EngineTypeTest : public EngineTest, public testing::WithParamInterface<TypeCase> {};

TEST_P(EngineTypeTest, PointsAndGradientsAreOfTheModelsType) {
  const TypeCase& c = GetParam();
  ASSERT_EQ(Load({.graph = "x = Placeholder[dtype=" + std::string(c.name) +
                           ", shape=[?,2]]()\ny = Mul[T=" + c.name + "](x, x) -> [?,2]\n"}),
            OkStatus());
  Row x = {Tensor(c.dtype, Shape{2})}, zero = x;
  x[0].SetNumber(0, 0.3);
  x[0].SetNumber(1, -7);
  ScoreFunction f(*engine_, {{.row = &x, .target = 0}}, {0});
  const Result<std::vector<double>> score = f.Evaluate(std::vector<Point>{{0, x}, {0, zero}});
  ASSERT_TRUE(score.ok()) << score.status().message();
  EXPECT_NEAR((*score)[0], 0.09, 0.09 * c.tolerance);
  EXPECT_EQ((*score)[1], 0);
  const PathSum sum{
      .instance = 0, .x = &x, .baseline = &zero, .positions = {0.1, 0.6}, .weights = {1, 1}};
  const Result<std::vector<Row>> got = f.IntegrateGradients({&sum, 1});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ((*got)[0][0].dtype(), DType::kFloat64);
  EXPECT_NEAR((*got)[0][0].Number(0), 2 * 0.7 * 0.3, c.tolerance);
  EXPECT_EQ((*got)[0][0].Number(1), 0);
}

INSTANTIATE_TEST_SUITE_P(, EngineTypeTest,
                         testing::Values(TypeCase{"float16", DType::kFloat16, 3e-3},
                                         TypeCase{"bfloat16", DType::kBFloat16, 2e-2},
                                         TypeCase{"float32", DType::kFloat32, 1e-6},
                                         TypeCase{"float64", DType::kFloat64, 1e-14}),
                         [](const auto& row) { return row.param.name; });

TEST_F(EngineTest, OneBadRequestDoesNotFailItsNeighbours) {
  ASSERT_EQ(Load({.graph = R"(
    s = Placeholder[dtype=string, shape=[?]]()
    p = StringToNumber[out_type=float32](s) -> [?]
    x = Placeholder[dtype=float32, shape=[?]]()
    y = Mul[T=float32](x, x) -> [?]
  )",
                  .signatures =
                      {{.key = "xai_preprocess", .inputs = {{"s", "s"}}, .outputs = {{"x", "p"}}},
                       {.key = "xai_model"}}}),
            OkStatus());
  const std::vector<Row> requests = {
      {Tensor::ScalarString("1.5")}, {Tensor::ScalarString("many")}, {Tensor::ScalarString("-4")}};
  const std::vector<Result<Row>> rows = engine_->Prepare(requests);
  ASSERT_EQ(rows.size(), 3u);
  ASSERT_TRUE(rows[0].ok()) << rows[0].status().message();
  EXPECT_EQ((*rows[0])[0], Tensor::Scalar(1.5f));
  EXPECT_EQ(rows[1].status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(rows[1].status().message(), HasSubstr("many"));
  ASSERT_TRUE(rows[2].ok());
  EXPECT_EQ((*rows[2])[0], Tensor::Scalar(-4.0f));
  EXPECT_EQ(counting_->runs().size(), 4u) << "together, then each alone";
}

TEST_F(EngineTest, RowsOfOtherShapesRunApart) {
  ASSERT_EQ(Load({.graph = "x = Placeholder[dtype=float32, shape=[?,?]]()\n"
                           "y = Mul[T=float32](x, x) -> [?,?]\n"}),
            OkStatus());
  const std::vector<Row> rows = {Vector(1, 2),
                                 {Tensor::Of<float>(Shape{3}, {1, 2, 3})},
                                 {Tensor::Of<float>(Shape{3}, {4, 5, 6})}};
  const std::vector<Result<Row>> outputs = engine_->Outputs(rows);
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(outputs[i].ok()) << outputs[i].status().message();
    EXPECT_EQ((*outputs[i])[0].shape(), rows[i][0].shape());
  }
  EXPECT_EQ(counting_->runs().size(), 2u);
}

TEST_F(EngineTest, AnOutputWithoutRowsIsRefusedWithItsShape) {
  ASSERT_EQ(Load({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    axes = Const[dtype=int32, value={0, 1}]()
    y = Sum[T=float32, Tidx=int32](x, axes) -> <unknown>
  )"}),
            OkStatus());
  const std::vector<Row> rows = {Vector(1, 2), Vector(3, 4)};
  const std::vector<Result<Row>> outputs = engine_->Outputs(rows);
  EXPECT_EQ(outputs[0].status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(outputs[0].status().message(),
              AllOf(HasSubstr("'y' has shape []"), HasSubstr("not the number of instances")));
}

TEST_F(EngineTest, StopsBetweenRunsWhenAsked) {
  int asked = 0;
  ASSERT_EQ(Load({.graph = kPolynomial},
                 {.batch_size = 2, .cancelled = [&asked] { return ++asked > 2; }}),
            OkStatus());
  const Row x = Vector(1, 2);
  ScoreFunction f(*engine_, {{.row = &x, .target = 0}}, {0});
  std::vector<Point> points(20, {.instance = 0, .row = x});
  const Result<std::vector<double>> scores = f.Evaluate(points);
  EXPECT_EQ(scores.status().code(), StatusCode::kCancelled);
  EXPECT_EQ(counting_->runs().size(), 2u);
  const std::vector<Row> rows(5, x);
  for (const Result<Row>& output : engine_->Outputs(rows)) {
    EXPECT_EQ(output.status().code(), StatusCode::kCancelled);
  }
  EXPECT_EQ(counting_->runs().size(), 2u);
}

TEST_F(EngineTest, RefusesALimitThatOneRowDoesNotFit) {
  const Status status = Load({.graph = kPolynomial}, {.memory_limit = 12'000'000});
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("the limit is 12 MB"), HasSubstr("--memory"),
                                      HasSubstr("for one row")));
}

TEST_F(EngineTest, ChunksStayWithinTheMemory) {
  // A row takes 8 MB and more: x and y, and as much for gradients.
  const std::string graph =
      "x = Placeholder[dtype=float32, shape=[?,1000000]]()\n"
      "y = Mul[T=float32](x, x) -> [?,1000000]\n";
  ASSERT_EQ(Load({.graph = graph}, {.memory_limit = ResidentMemory() + 200'000'000}), OkStatus());
  // Half of what is left, 16 MB a row.
  EXPECT_GE(engine_->max_rows(), 1);
  EXPECT_LE(engine_->max_rows(), 6);
  const Row x = {Tensor::Filled(DType::kFloat32, Shape{1000000}, 0.5)};
  const Row zero = {Tensor(DType::kFloat32, Shape{1000000})};
  ScoreFunction f(*engine_, {{.row = &x, .target = 0}}, {0});
  std::vector<Point> points(9, {.instance = 0, .row = x});
  ASSERT_TRUE(f.Evaluate(points).ok());
  const PathSum sum{.instance = 0,
                    .x = &x,
                    .baseline = &zero,
                    .positions = std::vector<double>(20, 0.5),
                    .weights = std::vector<double>(20, 0.05)};
  ASSERT_TRUE(f.IntegrateGradients({&sum, 1}).ok());
  EXPECT_LE(counting_->MostRows(), engine_->max_rows());
  const std::vector<Row> rows(9, x);
  EXPECT_EQ(engine_->Outputs(rows).size(), 9u);
  EXPECT_LE(counting_->MostRows(), engine_->max_rows());
}

TEST_F(EngineTest, ARequestIsPreparedWithinTheMemoryToo) {
  ASSERT_EQ(Load({.graph = R"(
    raw = Placeholder[dtype=float32, shape=[?,1000000]]()
    p = Mul[T=float32](raw, raw) -> [?,1000000]
    x = Placeholder[dtype=float32, shape=[?,1000000]]()
    y = Mul[T=float32](x, x) -> [?,1000000]
  )",
                  .signatures = {{.key = "xai_preprocess",
                                  .inputs = {{"raw", "raw"}},
                                  .outputs = {{"x", "p"}}},
                                 {.key = "xai_model"}}},
                 {.memory_limit = ResidentMemory() + 300'000'000}),
            OkStatus());
  const std::vector<Row> requests(12, Row{Tensor::Filled(DType::kFloat32, Shape{1000000}, 2)});
  for (const Result<Row>& row : engine_->Prepare(requests)) ASSERT_TRUE(row.ok());
  EXPECT_LE(counting_->MostRows(), engine_->max_rows());
}

TEST_F(EngineTest, ABatchSizeIsKept) {
  ASSERT_EQ(Load({.graph = kPolynomial}, {.batch_size = 3}), OkStatus());
  EXPECT_EQ(engine_->max_rows(), 3);
  const std::vector<Row> rows(8, Vector(1, 2));
  EXPECT_EQ(engine_->Outputs(rows).size(), 8u);
  ASSERT_EQ(counting_->runs().size(), 3u);
  EXPECT_EQ(counting_->runs()[0].rows, 3);
  EXPECT_EQ(counting_->runs()[2].rows, 2);
}

// Rows of a model that subtracts the mean of its batch. Alone a row is its own mean: y is 0.
class DependentRowsTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    ASSERT_EQ(Load({.graph = kCentred}), OkStatus());
  }
  const Row x_ = Vector(1, 2), z_ = Vector(5, -4), zero_ = Vector(0, 0);
};

TEST_F(DependentRowsTest, AreFoundByScores) {
  ScoreFunction f(*engine_, {{.row = &x_, .target = 0}, {.row = &z_, .target = 1}}, {0});
  const std::vector<Point> points = {{0, x_}, {0, x_}, {1, z_}, {0, zero_}};
  const Result<std::vector<double>> scores = f.Evaluate(points);
  ASSERT_TRUE(scores.ok()) << scores.status().message();
  EXPECT_THAT(*scores, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(f.dependence(), HasSubstr("its score moves"));
  EXPECT_EQ(engine_->max_rows(), 1);
  EXPECT_EQ(f.score_rows(), 3 + 4);
  EXPECT_EQ(counting_->Rows(Kind::kScores), 3 + 4);
}

TEST_F(DependentRowsTest, AreFoundByGradients) {
  ScoreFunction f(*engine_, {{.row = &x_, .target = 0}}, {0});
  const PathSum sum{
      .instance = 0, .x = &x_, .baseline = &zero_, .positions = {0.5, 1}, .weights = {1, 1}};
  const Result<std::vector<Row>> got = f.IntegrateGradients({&sum, 1});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ((*got)[0][0], Tensor(DType::kFloat64, Shape{2}));
  EXPECT_THAT(f.dependence(), HasSubstr("its gradient moves"));
  EXPECT_EQ(engine_->max_rows(), 1);
  EXPECT_EQ(counting_->Rows(Kind::kGradients), 3 + 2);
  EXPECT_EQ(f.gradient_rows(), 3 + 2);
}

TEST_F(DependentRowsTest, AreNotLookedForAmongEqualRows) {
  ScoreFunction f(*engine_, {{.row = &x_, .target = 0}}, {0});
  ASSERT_TRUE(f.Evaluate(std::vector<Point>{{0, x_}, {0, x_}}).ok());
  EXPECT_EQ(f.dependence(), "");
  // The first other row is compared, whenever it comes.
  const Result<std::vector<double>> scores = f.Evaluate(std::vector<Point>{{0, x_}, {0, zero_}});
  ASSERT_TRUE(scores.ok());
  EXPECT_THAT(*scores, ElementsAre(0, 0));
  EXPECT_NE(f.dependence(), "");
}

TEST_F(EngineTest, ARunOfTwoRowsThatFailsMakesRowsRunAlone) {
  // Reshape to [1,2], which only the values say: the signature takes any number of rows.
  ASSERT_EQ(Load({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    axes = Const[dtype=int32, value={0, 1}]()
    zeros = Sub[T=float32](x, x)
    nothing = Max[T=float32, Tidx=int32](zeros, axes)
    offset = Cast[SrcT=float32, DstT=int32](nothing)
    wanted = Const[dtype=int32, value={1, 2}]()
    shape = AddV2[T=int32](wanted, offset)
    one = Reshape[T=float32, Tshape=int32](x, shape)
    y = Mul[T=float32](one, one) -> [?,2]
  )"}),
            OkStatus());
  const Row x = Vector(1, 2), zero = Vector(0, 0);
  ScoreFunction f(*engine_, {{.row = &x, .target = 1}}, {0});
  const Result<std::vector<double>> scores =
      f.Evaluate(std::vector<Point>{{0, x}, {0, zero}, {0, x}});
  ASSERT_TRUE(scores.ok()) << scores.status().message();
  EXPECT_THAT(*scores, ElementsAre(4, 0, 4));
  EXPECT_THAT(f.dependence(), HasSubstr("a run of two rows fails: "));
}

TEST_F(EngineTest, AGraphForOneRowIsAFixedBatchWhateverItsSignatureSays) {
  ASSERT_EQ(Load({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    shape = Const[dtype=int32, value={1, 2}]()
    one = Reshape[T=float32, Tshape=int32](x, shape)
    y = Mul[T=float32](one, one) -> [?,2]
  )"}),
            OkStatus());
  EXPECT_EQ(engine_->program().layout.kind, RowLayout::Kind::kFixed);
  EXPECT_EQ(engine_->max_rows(), 1);
  const std::vector<Row> rows = {Vector(1, 2), Vector(3, 4)};
  const std::vector<Result<Row>> outputs = engine_->Outputs(rows);
  ASSERT_TRUE(outputs[1].ok()) << outputs[1].status().message();
  EXPECT_EQ((*outputs[1])[0], Tensor::Of<float>(Shape{2}, {9, 16}));
  EXPECT_EQ(counting_->runs().size(), 2u);
}

TEST_F(EngineTest, ScoresThatCancelAreNotTakenForDependence) {
  // y = 1000 a - 1000 b + tiny: the order of the sums may differ with the number of rows.
  ASSERT_EQ(Load({.graph = kPolynomial}), OkStatus());
  const Row x = Vector(0, 1), zero = Vector(0, 0);
  ScoreFunction f(*engine_, {{.row = &x, .target = 0}}, {0});
  const Result<std::vector<double>> scores = f.Evaluate(std::vector<Point>{{0, x}, {0, zero}});
  ASSERT_TRUE(scores.ok());
  EXPECT_EQ(f.dependence(), "");
}

TEST_F(EngineTest, CountsTheRowsOfItsRuns) {
  ASSERT_EQ(Load({.graph = kPolynomial}), OkStatus());
  const Row x = Vector(1, 2), z = Vector(3, 4), zero = Vector(0, 0);
  ScoreFunction f(*engine_, {{.row = &x, .target = 0}, {.row = &z, .target = 1}}, {0});
  ASSERT_TRUE(f.Evaluate(std::vector<Point>{{0, x}, {1, z}, {0, zero}}).ok());
  EXPECT_EQ(f.score_rows(), 3 + 3);
  ASSERT_TRUE(f.Evaluate(std::vector<Point>{{0, x}, {1, z}}).ok());
  EXPECT_EQ(f.score_rows(), 3 + 3 + 2) << "the check is made once";
  EXPECT_EQ(counting_->Rows(Kind::kScores), f.score_rows());
  std::vector<PathSum> sums;
  for (std::size_t i = 0; i < 2; ++i) {
    sums.push_back({.instance = i,
                    .x = i == 0 ? &x : &z,
                    .baseline = &zero,
                    .positions = std::vector<double>(50, 0.5),
                    .weights = std::vector<double>(50, 0.02)});
  }
  ASSERT_TRUE(f.IntegrateGradients(sums).ok());
  EXPECT_EQ(f.gradient_rows(), 3 + 100);
  EXPECT_EQ(counting_->Rows(Kind::kGradients), 3 + 100);
  EXPECT_EQ(counting_->Rows(Kind::kOutputs), 0);
}

TEST_F(EngineTest, TellsWhereAGradientIsNotFinite) {
  // exp behind a Select: above 88.7 the score is 0 and the gradient 0 * infinity.
  ASSERT_EQ(Load({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    zeros = ZerosLike[T=float32](x)
    exp = Exp[T=float32](x)
    ten = Const[dtype=float32, value=10]()
    small = Less[T=float32](x, ten)
    y = SelectV2[T=float32](small, exp, zeros) -> [?,2]
  )"}),
            OkStatus());
  const Row x = Vector(200, 1), b = Vector(0, 1);
  ScoreFunction f(*engine_, {{.row = &x, .target = 0}}, {0});
  const PathSum sum{.instance = 0,
                    .x = &x,
                    .baseline = &b,
                    .positions = {0.1, 0.75, 0.9},
                    .weights = {0.3, 0.4, 0.3}};
  const Result<std::vector<Row>> got = f.IntegrateGradients({&sum, 1});
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(got.status().message(),
              AllOf(HasSubstr("2 of 3"), HasSubstr("(positions 0.75, 0.9)")));
}

TEST_F(EngineTest, HoldsInputsThatAreNotExplained) {
  ASSERT_EQ(Load({.graph = R"(
    a = Placeholder[dtype=float32, shape=[?]]()
    n = Placeholder[dtype=int32, shape=[?]]()
    m = Cast[SrcT=int32, DstT=float32](n)
    y = Mul[T=float32](a, m) -> [?]
  )",
                  .signatures = {{.inputs = {{"a", "a"}, {"n", "n"}}}}}),
            OkStatus());
  const Row x = {Tensor::Scalar(2.0f), Tensor::Scalar<std::int32_t>(3)};
  const Row z = {Tensor::Scalar(2.0f), Tensor::Scalar<std::int32_t>(-5)};
  ScoreFunction f(*engine_, {{.row = &x, .target = 0}, {.row = &z, .target = 0}}, {0});
  const Row explained = {Tensor::Scalar(2.0f)}, zero = {Tensor::Scalar(0.0f)};
  std::vector<PathSum> sums(
      2, {.x = &explained, .baseline = &zero, .positions = {0.5}, .weights = {1}});
  sums[1].instance = 1;
  const Result<std::vector<double>> scores =
      f.Evaluate(std::vector<Point>{{0, explained}, {1, explained}, {1, zero}});
  ASSERT_TRUE(scores.ok()) << scores.status().message();
  EXPECT_THAT(*scores, ElementsAre(6, -10, 0));
  const Result<std::vector<Row>> got = f.IntegrateGradients(sums);
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ((*got)[0][0], Tensor::Scalar(3.0));
  EXPECT_EQ((*got)[1][0], Tensor::Scalar(-5.0));
}

TEST_F(EngineTest, DumpsThePassesThatAreAskedFor) {
  std::ostringstream dump;
  ASSERT_EQ(Load({.graph = kPolynomial}, {.dump_passes = {"prune"}, .dump = &dump}), OkStatus());
  EXPECT_THAT(dump.str(), HasSubstr("Placeholder"));
}

}  // namespace
}  // namespace whylight

// Every model of tests/models against TensorFlow's own answers: the verdict, predictions,
// Integrated Gradients, Shapley values. With WHYLIGHT_REAL_MODELS=DIR also the models below DIR.
// Prints a table: model, errors, time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "explain/trial_run.h"
#include "io/files.h"
#include "io/instances.h"
#include "io/json.h"
#include "model/check.h"
#include "testing/model_folders.h"
#include "testing/npz.h"
#include "testing/runtime_test.h"
#include "whylight/explainer.h"

namespace whylight {
namespace {

namespace fs = std::filesystem;

std::vector<ModelFolder> AllModels() {
  std::vector<fs::path> roots = {fs::path(WHYLIGHT_SOURCE_DIR) / "tests" / "models"};
  if (const char* real = std::getenv("WHYLIGHT_REAL_MODELS")) roots.emplace_back(real);
  return FoldersWith("about.json", roots);
}

// One line of the table.
struct Line {
  double prediction_error = -1;   // Largest, relative to the largest value.
  double attribution_error = -1;  // Largest, relative to F(x) - F(b).
  double completeness_error = -1;
  double shapley_error = -1;  // In standard errors of the whole.
  double ms = 0;
  std::string note;
};

std::string Cell(double value) {
  if (value < 0) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", value);
  return text;
}

class ModelsTest : public RuntimeTest, public testing::WithParamInterface<ModelFolder> {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    const Result<std::string> text = ReadFile((GetParam().path / "about.json").string());
    ASSERT_TRUE(text.ok()) << text.status().message();
    Result<Json> json = ParseJson(*text);
    ASSERT_TRUE(json.ok()) << json.status().message();
    about_ = *std::move(json);
  }

  static void TearDownTestSuite() {
    std::printf("\n%-36s %10s %12s %12s %10s %8s  %s\n", "model", "prediction", "attribution",
                "completeness", "shapley", "ms", "");
    for (const auto& [name, line] : lines()) {
      std::printf("%-36s %10s %12s %12s %10s %8.0f  %s\n", name.c_str(),
                  Cell(line.prediction_error).c_str(), Cell(line.attribution_error).c_str(),
                  Cell(line.completeness_error).c_str(), Cell(line.shapley_error).c_str(), line.ms,
                  line.note.c_str());
    }
  }

  static std::map<std::string, Line>& lines() {
    static auto* table = new std::map<std::string, Line>;
    return *table;
  }
  Line& line() { return lines()[GetParam().name]; }

  std::string Text(const Json& object, const char* key) const {
    const Json* value = object.Find(key);
    return value != nullptr && value->is_string() ? value->string() : "";
  }
  bool IsTrue(const Json& object, const char* key) const {
    const Json* value = object.Find(key);
    return value != nullptr && value->is_bool() && value->boolean();
  }
  const Json* explain() const { return about_.Find("explain"); }
  std::string request() const { return (GetParam().path / "request.json").string(); }

  Result<std::unique_ptr<Model>> OpenModel() const {
    std::vector<std::string> tags;
    if (const Json* given = about_.Find("tags")) {
      for (const Json& tag : given->array()) tags.push_back(tag.string());
    }
    return Model::Open((GetParam().path / "model").string(), tags);
  }

  // The requests of request.json as rows; every one must be good.
  Result<std::vector<Row>> Requests(const std::vector<RequestField>& fields,
                                    const InstanceReaderOptions& options = {}) const {
    std::vector<FieldSpec> specs;
    for (const RequestField& field : fields) {
      specs.push_back({.name = field.name, .dtype = field.dtype, .shape = field.shape});
    }
    WHYLIGHT_ASSIGN_OR_RETURN(std::unique_ptr<InstanceReader> reader,
                              OpenInstances({request()}, specs, options));
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Instance> instances, ReadAll(*reader));
    std::vector<Row> rows;
    for (Instance& instance : instances) {
      WHYLIGHT_RETURN_IF_ERROR(instance.status.In(instance.place));
      rows.push_back(std::move(instance.values));
    }
    return rows;
  }

  // The options that about.json describes, without a method.
  ExplainOptions Options() const {
    ExplainOptions options{.signature = Text(*explain(), "signature"),
                           .output_name = Text(*explain(), "output")};
    if (options.signature == "xai_model") options.signature.clear();  // Found by the rules.
    const Json* target = explain()->Find("target");
    if (target != nullptr && target->is_integer()) {
      options.class_name = std::to_string(target->int64());
    }
    if (const Json* inputs = explain()->Find("inputs")) {
      ExplanationMetadata metadata;
      for (const auto& [name, tensor] : inputs->object()) {
        metadata.inputs.push_back({.name = name, .input_tensor_name = tensor.string()});
      }
      options.metadata = std::move(metadata);
    }
    if (const Json* baselines = explain()->Find("baselines")) {
      for (const auto& [name, value] : baselines->object()) options.baselines[name] = {value};
    }
    return options;
  }

  struct Explained {
    std::vector<Row> requests;
    std::vector<Explanation> explanations;
  };
  // All requests of the model's file. Errors: the first of any of them.
  Result<Explained> Explain(const Model& model, ExplainOptions options) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<Explainer> explainer,
                              Explainer::Open(model, runtime(), std::move(options)));
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Row> requests, Requests(explainer->request_fields()));
    Explained explained;
    for (Result<Explanation>& one : explainer->Explain(requests)) {
      WHYLIGHT_RETURN_IF_ERROR(one.status());
      explained.explanations.push_back(*std::move(one));
    }
    explained.requests = std::move(requests);
    return explained;
  }

  // `expected` holds one row per instance.
  static double LargestDifference(const Tensor& got, const Tensor& expected, std::size_t row) {
    double largest = 0;
    for (std::size_t i = 0; i < got.elements(); ++i) {
      const double want = expected.Number(row * got.elements() + i);
      largest = std::max(largest, std::abs(got.Number(i) - want));
    }
    return largest;
  }

  Json about_;
};

TEST_P(ModelsTest, HasTheVerdictOfItsMaker) {
  const std::string path = (GetParam().path / "model").string();
  const Result<std::unique_ptr<Model>> model = OpenModel();
  CheckReport report = model.ok() ? CheckModel(**model) : CheckPath(path);
  if (model.ok()) TrialRun(**model, runtime(), {.threads = 1}, report);
  std::string why;
  for (const Problem& problem : report.problems)
    why += problem.rule + ": " + problem.message + "\n";
  EXPECT_EQ(VerdictName(report.verdict), Text(about_, "verdict")) << why;
  line().note = VerdictName(report.verdict);
  if (report.verdict != CheckReport::Verdict::kExplain) {
    ASSERT_FALSE(report.problems.empty());
    EXPECT_FALSE(report.problems[0].rule.empty());
    EXPECT_FALSE(report.problems[0].message.empty());
    EXPECT_FALSE(report.problems[0].fix.empty()) << report.problems[0].rule;
  } else {
    EXPECT_EQ(report.signature, Text(*explain(), "signature"));
    EXPECT_EQ(report.preprocess, Text(*explain(), "preprocess"));
  }
}

TEST_P(ModelsTest, PredictsAsTensorFlowDoes) {
  const Result<NpzArrays> expected = ReadNpz(GetParam().path / "expected.npz");
  if (!expected.ok()) {
    EXPECT_FALSE(fs::exists(GetParam().path / "expected.npz")) << expected.status().message();
    return;
  }
  const Result<std::unique_ptr<Model>> model = OpenModel();
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Result<std::unique_ptr<Predictor>> predictor =
      Predictor::Open(**model, runtime(), {.signature = Text(about_, "predict_signature")});
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  const Result<std::vector<Row>> requests =
      Requests((*predictor)->request_fields(), {.has_rows = (*predictor)->has_rows()});
  ASSERT_TRUE(requests.ok()) << requests.status().message();
  const auto predictions = (*predictor)->Predict(*requests);
  double worst = 0;
  for (std::size_t r = 0; r < predictions.size(); ++r) {
    ASSERT_TRUE(predictions[r].ok()) << predictions[r].status().message();
    for (const NamedValue& output : *predictions[r]) {
      const auto want = expected->find("pred." + output.name);
      ASSERT_NE(want, expected->end()) << output.name;
      const std::size_t size = output.value.elements();
      if (output.value.is_string()) {
        for (std::size_t i = 0; i < size; ++i) {
          EXPECT_EQ(output.value.strings()[i], want->second.strings()[r * size + i]);
        }
        continue;
      }
      double largest = 1e-3;
      for (std::size_t i = 0; i < want->second.elements(); ++i) {
        largest = std::max(largest, std::abs(want->second.Number(i)));
      }
      const double error = LargestDifference(output.value, want->second, r) / largest;
      // float16 has 11 bits; float32 kernels differ by the order of their sums.
      const double tolerance = output.value.dtype() == DType::kFloat16 ? 2e-3 : 1e-5;
      EXPECT_LE(error, tolerance) << output.name << " of row " << r;
      worst = std::max(worst, error);
    }
  }
  line().prediction_error = worst;
}

TEST_P(ModelsTest, IntegratesGradientsAsTensorFlowDoes) {
  if (Text(about_, "verdict") != "explain") return;
  const Result<std::unique_ptr<Model>> model = OpenModel();
  ASSERT_TRUE(model.ok()) << model.status().message();
  ExplainOptions options = Options();
  options.steps = 1000;
  const auto start = std::chrono::steady_clock::now();
  const Result<std::unique_ptr<Explainer>> explainer =
      Explainer::Open(**model, runtime(), std::move(options));
  if (!IsTrue(*explain(), "ig")) {
    ASSERT_FALSE(explainer.ok()) << "no gradient reaches its inputs";
    EXPECT_EQ(explainer.status().code(), StatusCode::kFailedPrecondition)
        << explainer.status().message();
    EXPECT_NE(explainer.status().message().find("sampled-shapley"), std::string::npos);
    return;
  }
  ASSERT_TRUE(explainer.ok()) << explainer.status().message();
  const Result<NpzArrays> expected = ReadNpz(GetParam().path / "expected.npz");
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  const Result<std::vector<Row>> requests = Requests((*explainer)->request_fields());
  ASSERT_TRUE(requests.ok()) << requests.status().message();
  const std::vector<Result<Explanation>> explanations = (*explainer)->Explain(*requests);
  line().ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  double worst = 0, worst_gap = 0;
  for (std::size_t r = 0; r < explanations.size(); ++r) {
    ASSERT_TRUE(explanations[r].ok()) << explanations[r].status().message();
    const OutputAttribution& attribution = explanations[r]->attributions.at(0);
    const double score = expected->at("score").Number(r);
    const double baseline = expected->at("score_baseline").Number(r);
    const double scale = std::max(std::abs(score - baseline), 1e-6);
    const bool half = requests->at(r)[0].dtype() == DType::kFloat16;
    EXPECT_NEAR(attribution.instance_output, score, (half ? 2e-3 : 1e-5) * (1 + std::abs(score)));
    EXPECT_NEAR(attribution.baseline_output, baseline,
                (half ? 2e-3 : 1e-5) * (1 + std::abs(baseline)));
    // The reference is a 1000-step midpoint rule, whose own gap says how far it is from the limit.
    const double reference_gap = std::abs(expected->at("ig_gap").Number(r));
    const double tolerance = (half ? 2e-2 : 1e-3) * scale + 2 * reference_gap;
    for (const FeatureAttribution& feature : attribution.features) {
      const auto want = expected->find("ig." + feature.name);
      if (want == expected->end()) continue;
      const double error = LargestDifference(feature.values, want->second, r);
      EXPECT_LE(error, tolerance) << feature.name << " of row " << r;
      worst = std::max(worst, error / scale);
    }
    for (const auto& [name, array] : *expected) {
      if (!name.starts_with("ig.")) continue;
      EXPECT_TRUE(
          std::ranges::any_of(attribution.features,
                              [&](const FeatureAttribution& f) { return "ig." + f.name == name; }))
          << name << " is missing";
    }
    worst_gap = std::max(worst_gap, attribution.approximation_error);
    // Scores of float32 near 1 are known to 1e-7 only.
    EXPECT_LE(attribution.approximation_error * scale,
              (half ? 5e-2 : 1e-2) * scale + 4 * reference_gap + 1e-6);
  }
  line().attribution_error = worst;
  line().completeness_error = worst_gap;
}

// Custom gradients are not derivatives of the score: no sum holds them. What the Python model's own
// tape says does, at the one point where a step from a baseline of zeros looks.
TEST_P(ModelsTest, TakesTheGradientsOfThePythonModel) {
  const fs::path tape = GetParam().path / "tape.npz";
  if (!fs::exists(tape)) return;
  const Result<NpzArrays> expected = ReadNpz(tape);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  const Result<std::unique_ptr<Model>> model = OpenModel();
  ASSERT_TRUE(model.ok()) << model.status().message();
  ExplainOptions options = Options();
  options.steps = 1;
  const Result<Explained> explained = Explain(**model, std::move(options));
  ASSERT_TRUE(explained.ok()) << explained.status().message();
  const std::vector<Explanation>& explanations = explained->explanations;
  for (std::size_t r = 0; r < explanations.size(); ++r) {
    const std::vector<FeatureAttribution>& features = explanations[r].attributions.at(0).features;
    ASSERT_EQ(features.size(), 1u);
    const Tensor& x = explained->requests.at(r)[0];
    const Tensor& gradient = expected->at("gradient.x");
    ASSERT_EQ(gradient.elements(), x.elements() * explanations.size());
    for (std::size_t i = 0; i < x.elements(); ++i) {
      const double want = x.Number(i) * gradient.Number(r * x.elements() + i);
      // float32, another order of operations.
      EXPECT_NEAR(features[0].values.Number(i), want, 1e-5 * (1 + std::abs(want)))
          << "row " << r << ", element " << i;
    }
  }
}

// grad_cam.npz: "map.<layer>", by a gradient tape on the Python model. Of the last of these the
// method finds the layer itself.
TEST_P(ModelsTest, LooksAtTheLayersAsATapeDoes) {
  const fs::path file = GetParam().path / "grad_cam.npz";
  if (!fs::exists(file)) return;
  const Result<NpzArrays> maps = ReadNpz(file);
  ASSERT_TRUE(maps.ok()) << maps.status().message();
  const Result<std::unique_ptr<Model>> model = OpenModel();
  ASSERT_TRUE(model.ok()) << model.status().message();
  for (const std::string layer : {"edges", "norm", "parts", ""}) {
    SCOPED_TRACE(layer);
    ExplainOptions options = Options();
    options.method = "grad-cam";
    options.layer = layer;
    options.baselines.clear();
    const Result<Explained> explained = Explain(**model, std::move(options));
    ASSERT_TRUE(explained.ok()) << explained.status().message();
    const std::vector<Explanation>& explanations = explained->explanations;
    const Tensor& map = maps->at("map." + (layer.empty() ? "parts" : layer));
    const std::size_t pixels = map.elements() / explanations.size();
    double largest = 0;
    for (std::size_t i = 0; i < map.elements(); ++i) largest = std::max(largest, map.Number(i));
    ASSERT_GT(largest, 0);
    for (std::size_t r = 0; r < explanations.size(); ++r) {
      const Tensor& got = explanations[r].attributions.at(0).features.at(0).values;
      ASSERT_EQ(got.elements(), pixels);
      for (std::size_t i = 0; i < pixels; ++i) {
        // float32 layers and gradients, batch norms folded.
        ASSERT_NEAR(got.Number(i), map.Number(r * pixels + i), 1e-5 * largest)
            << "row " << r << ", pixel " << i;
      }
    }
  }
}

TEST_P(ModelsTest, SamplesShapleyValuesNearTheExactOnes) {
  if (Text(about_, "verdict") != "explain") return;
  const std::string kind = Text(*explain(), "shapley");
  if (kind.empty()) return;
  const Result<std::unique_ptr<Model>> model = OpenModel();
  ASSERT_TRUE(model.ok()) << model.status().message();
  ExplainOptions options = Options();
  options.method = "sampled-shapley";
  options.paths = 400;
  options.players = kind == "inputs" ? Players::kInputs : Players::kElements;
  const Result<Explained> explained = Explain(**model, std::move(options));
  ASSERT_TRUE(explained.ok()) << explained.status().message();
  const Result<NpzArrays> expected = ReadNpz(GetParam().path / "expected.npz");
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  const Tensor& exact = expected->at("shapley." + kind);
  std::vector<std::string> players;
  for (const Json& player : explain()->Find("shapley_players")->array()) {
    players.push_back(player.string());
  }
  double worst = 0;
  for (std::size_t r = 0; r < explained->explanations.size(); ++r) {
    const OutputAttribution& attribution = explained->explanations[r].attributions.at(0);
    const double difference = std::abs(attribution.instance_output - attribution.baseline_output);
    const double standard_error = attribution.approximation_error * difference;
    const bool half = explained->requests.at(r)[0].dtype() == DType::kFloat16;
    std::size_t found = 0;
    for (const FeatureAttribution& feature : attribution.features) {
      for (std::size_t i = 0; i < feature.values.elements(); ++i) {
        std::string name = feature.name;
        if (kind == "elements") name += "[" + std::to_string(i) + "]";
        const auto player = std::ranges::find(players, name);
        if (player == players.end()) continue;
        ++found;
        const double want =
            exact.Number(r * players.size() + static_cast<std::size_t>(player - players.begin()));
        const double error = std::abs(feature.values.Number(i) - want);
        // Six standard errors of all players together (0 where few players make it exact), and the
        // rounding of float32, or of float16, whose kernels give other last bits in other versions.
        const double rounding =
            half ? 1e-3 * (1 + std::abs(attribution.instance_output)) : 1e-4 * (1e-2 + difference);
        EXPECT_LE(error, 6 * standard_error + rounding) << name << " of row " << r;
        if (standard_error > 0) worst = std::max(worst, error / standard_error);
      }
    }
    EXPECT_EQ(found, players.size());
  }
  line().shapley_error = worst;
}

// XRAI and Blur IG of every model with a picture, Guided IG of every model with a gradient; the
// others are refused with a method that can.
TEST_P(ModelsTest, WalksOtherPathsOrSaysWhoCan) {
  if (Text(about_, "verdict") != "explain") return;
  const Result<std::unique_ptr<Model>> model = OpenModel();
  ASSERT_TRUE(model.ok()) << model.status().message();
  for (const char* method : {"xrai", "blur-ig", "guided-ig"}) {
    SCOPED_TRACE(method);
    ExplainOptions options = Options();
    options.method = method;
    options.steps = 2;
    options.max_sigma = 4;
    if (method == std::string("blur-ig")) options.baselines.clear();
    const Result<std::unique_ptr<Explainer>> explainer =
        Explainer::Open(**model, runtime(), std::move(options));
    if (!explainer.ok()) {
      EXPECT_THAT(explainer.status().message(), testing::HasSubstr("sampled-shapley"));
      EXPECT_TRUE(method != std::string("guided-ig") || !IsTrue(*explain(), "ig"))
          << explainer.status().message();
      continue;
    }
    const Result<std::vector<Row>> requests = Requests((*explainer)->request_fields());
    ASSERT_TRUE(requests.ok()) << requests.status().message();
    for (const Result<Explanation>& explanation : (*explainer)->Explain(*requests)) {
      if (!explanation.ok()) {  // Where the shapes are known with the row.
        EXPECT_THAT(explanation.status().message(), testing::HasSubstr("sampled-shapley"));
        EXPECT_STRNE(method, "guided-ig");
        continue;
      }
      for (const FeatureAttribution& feature : explanation->attributions.at(0).features) {
        EXPECT_EQ(feature.regions.empty(), method != std::string("xrai"));
        for (const double value : feature.values.data<double>()) ASSERT_TRUE(std::isfinite(value));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, ModelsTest, testing::ValuesIn(AllModels()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight

// Gradients of well-known architectures against TensorFlow's: what Keras users build and load.
// ctest has make_applications.py make them; WHYLIGHT_APPLICATIONS is the folder it wrote.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "explain/engine.h"
#include "model/program.h"
#include "tensor/rows.h"
#include "testing/model_folders.h"
#include "testing/npz.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

std::vector<ModelFolder> AllApplications() {
  const char* folder = std::getenv("WHYLIGHT_APPLICATIONS");
  return FoldersWith("gradient.npz", {folder == nullptr ? "" : folder});
}

// A fetched tensor of all rows against one tensor a row.
struct Difference {
  double cosine = 0;
  double largest = 0;  // Relative to the largest expected number.
};
Difference Compare(const Tensor& expected, const std::vector<Row>& rows) {
  double dot = 0, squares = 0, expected_squares = 0, off = 0, scale = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Tensor row = RowOf(expected, static_cast<std::int64_t>(r));
    for (std::size_t i = 0; i < row.elements(); ++i) {
      const double want = row.Number(i), have = rows[r][0].Number(i);
      dot += want * have;
      squares += have * have;
      expected_squares += want * want;
      off = std::max(off, std::abs(want - have));
      scale = std::max(scale, std::abs(want));
    }
  }
  return {.cosine = dot / std::sqrt(squares * expected_squares), .largest = off / scale};
}

class ApplicationsTest : public RuntimeTest, public testing::WithParamInterface<ModelFolder> {};

TEST(Applications, AreThere) { EXPECT_GE(AllApplications().size(), 7u); }

TEST_P(ApplicationsTest, GradientIsTensorFlows) {
  const Result<NpzArrays> expected = ReadNpz(GetParam().path / "gradient.npz");
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  const Tensor& x = expected->at("x");
  const Tensor& scores = expected->at("score");

  const auto start = std::chrono::steady_clock::now();
  const Result<std::unique_ptr<Model>> model = Model::Open((GetParam().path / "model").string());
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Choice choice = ChooseSignature((*model)->meta());
  Result<Program> program = BuildProgram(**model, {.signature = choice.signature});
  ASSERT_TRUE(program.ok()) << program.status().message();
  const Output output = program->outputs[0].tensor;
  const Result<std::unique_ptr<Engine>> engine =
      Engine::Load(**model, *std::move(program), {.output = output, .gradients = {0}}, runtime(),
                   {.session = {.threads = 2}});
  ASSERT_TRUE(engine.ok()) << engine.status().message();

  // One point a row, at the row itself.
  const auto count = static_cast<std::size_t>(x.shape().dim(0));
  std::vector<Row> rows(count);
  for (std::size_t r = 0; r < count; ++r) rows[r] = {RowOf(x, static_cast<std::int64_t>(r))};
  std::vector<RowView> views;
  std::vector<Engine::PathOwner> owners;
  Engine::PathPoints points;
  for (std::size_t r = 0; r < count; ++r) {
    views.push_back(ViewOf(rows[r]));
    owners.push_back({.x = views[r], .baseline = views[r], .target = 0});
    points.owner.push_back(static_cast<std::int32_t>(r));
    points.position.push_back(1);
    points.weight.push_back(1);
  }
  const Result<std::vector<double>> values =
      (*engine)->Scores(views, std::vector<std::int64_t>(count, 0));
  ASSERT_TRUE(values.ok()) << values.status().message();
  for (std::size_t r = 0; r < count; ++r) {
    EXPECT_NEAR((*values)[r], scores.Number(r), 1e-4 * (1 + std::abs(scores.Number(r))));
  }
  const Result<std::vector<Row>> gradients = (*engine)->PathSums(owners, points);
  ASSERT_TRUE(gradients.ok()) << gradients.status().message();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;

  const Difference difference = Compare(expected->at("gradient"), *gradients);
  std::printf("%-24s 1 - cosine %7.1e  largest error %7.1e  %5.2f s\n", GetParam().name.c_str(),
              1 - difference.cosine, difference.largest, taken.count());
  EXPECT_GT(difference.cosine, 0.99999);
  EXPECT_LT(difference.largest, 1e-3);
}

INSTANTIATE_TEST_SUITE_P(All, ApplicationsTest, testing::ValuesIn(AllApplications()),
                         [](const testing::TestParamInfo<ModelFolder>& application) {
                           return application.param.name;
                         });

}  // namespace
}  // namespace whylight

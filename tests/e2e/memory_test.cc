// What a loaded model may take: TensorFlow's library and 1.2 times the weights.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "explain/engine.h"
#include "model/program.h"
#include "testing/runtime_test.h"
#include "util/system.h"

namespace whylight {
namespace {

using MemoryTest = RuntimeTest;

double Megabytes(std::int64_t bytes) { return static_cast<double>(bytes) / 1e6; }

TEST_F(MemoryTest, LoadedModelTakesItsWeightsAndLittleMore) {
  const char* path = std::getenv("WHYLIGHT_LARGE_MODEL");
  ASSERT_NE(path, nullptr) << "set by ctest: the folder that make_large.py wrote";
  const Result<std::unique_ptr<Model>> model = Model::Open(path);
  ASSERT_TRUE(model.ok()) << model.status().message();
  std::int64_t weights = 0;
  for (const auto& [key, entry] : (*model)->checkpoint()->entries()) weights += entry.size;
  ASSERT_GT(weights, 190'000'000);

  const Choice choice = ChooseSignature((*model)->meta());
  Result<Program> program = BuildProgram(**model, {.signature = choice.signature});
  ASSERT_TRUE(program.ok()) << program.status().message();
  const Output output = program->outputs[0].tensor;
  const std::int64_t before = ResidentMemory();  // The library is loaded.
  const Result<std::unique_ptr<Engine>> engine =
      Engine::Load(**model, *std::move(program), {.output = output, .gradients = {0}}, runtime(),
                   {.session = {.threads = 2}});
  ASSERT_TRUE(engine.ok()) << engine.status().message();
  const std::int64_t loaded = ResidentMemory() - before;
  std::printf("library %.0f MB, weights %.0f MB, after load %.0f MB more\n", Megabytes(before),
              Megabytes(weights), Megabytes(loaded));
  EXPECT_LE(loaded, weights + weights / 5);

  // And it runs: the folded convolution gives what the model says.
  const Row row = {Tensor::Filled(DType::kFloat32, Shape{3600}, 0.01)};
  const std::vector<Result<Row>> outputs = (*engine)->Outputs({&row, 1});
  ASSERT_TRUE(outputs[0].ok()) << outputs[0].status().message();
  EXPECT_GT((*outputs[0])[0].Number(0), 0);
}

}  // namespace
}  // namespace whylight

#include "explain/clean_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "model/test_model.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

class CleanUpTest : public RuntimeTest {
 protected:
  void Open(const std::string& name) {
    model_ = OpenModelOfTree(name);
    ASSERT_NE(model_, nullptr);
    Result<Program> program =
        BuildProgram(*model_, {.signature = &model_->meta().signatures.at("serving_default")});
    ASSERT_TRUE(program.ok()) << program.status().message();
    program_ = *std::move(program);
  }
  Status CleanUp(std::vector<std::string> disable = {}) {
    return CleanUpProgram(*model_, program_,
                          {.runtime = &runtime(),
                           .session = {.threads = 1},
                           .disable = std::move(disable),
                           .dump_passes = {}});
  }
  long CountOf(std::string_view op) const {
    return std::ranges::count_if(program_.graph.nodes(),
                                 [&](const auto& node) { return node->Is(op); });
  }
  // The float constants of two elements or more.
  std::vector<Tensor> Weights() const {
    std::vector<Tensor> weights;
    for (const std::unique_ptr<Node>& node : program_.graph.nodes()) {
      const auto* value = node->Attr<TensorBytes>("value");
      if (value == nullptr) continue;
      Result<Tensor> tensor = DecodeTensor(*value);
      if (tensor.ok() && IsFloating(tensor->dtype()) && tensor->elements() > 1) {
        weights.push_back(*std::move(tensor));
      }
    }
    return weights;
  }

  std::unique_ptr<Model> model_;
  Program program_;
};

// The checkpoint's numbers stand in the graph, in whatever shape the folding left them.
TEST_F(CleanUpTest, FreezesSmallVariablesToTheCheckpointsValues) {
  ASSERT_NO_FATAL_FAILURE(Open("tf2_linear_with_bias"));
  ASSERT_EQ(CleanUp(), OkStatus());
  EXPECT_EQ(CountOf("VarHandleOp"), 0);
  EXPECT_EQ(CountOf("ReadVariableOp"), 0);
  const Result<Tensor> w = model_->checkpoint()->Read("w/.ATTRIBUTES/VARIABLE_VALUE");
  ASSERT_TRUE(w.ok()) << w.status().message();
  const std::vector<Tensor> weights = Weights();
  EXPECT_TRUE(std::ranges::any_of(weights, [&](const Tensor& tensor) {
    return std::ranges::equal(tensor.bytes(), w->bytes());
  }));
}

TEST_F(CleanUpTest, FreezesReferenceVariablesOfTf1) {
  ASSERT_NO_FATAL_FAILURE(Open("tf1_ref_variables"));
  ASSERT_EQ(CleanUp(), OkStatus());
  EXPECT_EQ(CountOf("VariableV2"), 0);
}

TEST_F(CleanUpTest, LeavesOutWhatIsDisabled) {
  ASSERT_NO_FATAL_FAILURE(Open("tf2_linear_with_bias"));
  ASSERT_EQ(CleanUp({"freeze_variables"}), OkStatus());
  EXPECT_EQ(CountOf("VarHandleOp"), 2);
}

TEST_F(CleanUpTest, FollowsTheProgramsTensors) {
  ASSERT_NO_FATAL_FAILURE(Open("tf2_linear_with_bias"));
  ASSERT_EQ(CleanUp(), OkStatus());
  EXPECT_EQ(program_.outputs[0].tensor.node,
            program_.graph.Find(program_.outputs[0].tensor.node->name));
  EXPECT_EQ(program_.inputs[0].port.tensor.node->op, "Placeholder");
}

// Nothing to freeze with: restoring says later what is missing.
TEST_F(CleanUpTest, WithoutACheckpointVariablesStay) {
  ASSERT_NO_FATAL_FAILURE(Open("bad_missing_variables"));
  ASSERT_EQ(CleanUp(), OkStatus());
  EXPECT_EQ(CountOf("VarHandleOp"), 2);
}

}  // namespace
}  // namespace whylight

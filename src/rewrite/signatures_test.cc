#include "rewrite/signatures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/test_model.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Of a session, whose signatures are names of tensors.
TestModelSpec Session() {
  return {.graph = R"(
    bytes = Placeholder[dtype=string, shape=[?]]()
    size = Placeholder[dtype=float32, shape=[?]]()
    ids = StringToHashBucketFast[num_buckets=4](bytes)
    decode/image = Cast[SrcT=int64, DstT=float32](ids)
    sum = AddV2[T=float32](decode/image, size)
    scores = Neg[T=float32](sum) -> [?]
    label = Cast[SrcT=float32, DstT=int64](scores) -> [?]
  )",
          .signatures = {{.inputs = {{"bytes", "bytes"}, {"size", "size"}},
                          .outputs = {{"label", "label"}, {"scores", "scores"}}},
                         {.key = "labels",
                          .inputs = {{"bytes", "bytes"}, {"size", "size"}},
                          .outputs = {{"label", "label"}}}},
          .tf2 = false};
}

// "in -> tensor"
std::vector<std::string> TensorsOf(const std::map<std::string, TensorInfo>& infos) {
  std::vector<std::string> texts;
  for (const auto& [name, info] : infos) texts.push_back(name + " -> " + info.tensor);
  return texts;
}

class PlanSignaturesTest : public testing::Test {
 protected:
  PlanSignaturesTest() : model_(OpenTestModel(folder_, Session())) {}

  SignaturePlan Planned(const SignatureChanges& changes) const {
    Result<SignaturePlan> plan = PlanSignatures(*model_, changes);
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    return plan.ok() ? *std::move(plan) : SignaturePlan{};
  }

  TemporaryFolder folder_;
  std::unique_ptr<Model> model_;
};

TEST_F(PlanSignaturesTest, ASplitMakesBothSignaturesOfTheSameTensors) {
  const SignaturePlan plan = Planned({.preprocess_until = {"decode/image", "size"}});
  ASSERT_EQ(plan.added.size(), 2u);
  EXPECT_EQ(plan.added[0].key, "xai_preprocess");
  EXPECT_THAT(TensorsOf(plan.added[0].inputs), ElementsAre("bytes -> bytes:0", "size -> size:0"));
  EXPECT_THAT(TensorsOf(plan.added[0].outputs),
              ElementsAre("image -> decode/image:0", "size -> size:0"));
  EXPECT_EQ(plan.added[1].key, "xai_model");
  EXPECT_THAT(TensorsOf(plan.added[1].inputs),
              ElementsAre("image -> decode/image:0", "size -> size:0"));
  // A label is not explained, so it is not among the outputs unless it is named.
  EXPECT_THAT(TensorsOf(plan.added[1].outputs), ElementsAre("scores -> scores:0"));
  EXPECT_THAT(plan.edit.graphs, IsEmpty());
}

TEST_F(PlanSignaturesTest, NamesAreWhatTheOptionSays) {
  const SignaturePlan plan = Planned(
      {.model_inputs = {"pixels=decode/image", "size"}, .model_outputs = {"y=scores", "label"}});
  ASSERT_EQ(plan.added.size(), 1u);
  EXPECT_THAT(TensorsOf(plan.added[0].inputs),
              ElementsAre("pixels -> decode/image:0", "size -> size:0"));
  EXPECT_THAT(TensorsOf(plan.added[0].outputs), ElementsAre("label -> label:0", "y -> scores:0"));
}

TEST_F(PlanSignaturesTest, InputsAndOutputsAreRenamed) {
  const SignaturePlan plan =
      Planned({.rename = {"labels:bytes=jpeg", "labels:label=class_id", "labels=old"}});
  ASSERT_EQ(plan.added.size(), 1u);
  EXPECT_EQ(plan.added[0].key, "old");
  EXPECT_THAT(TensorsOf(plan.added[0].inputs), ElementsAre("jpeg -> bytes:0", "size -> size:0"));
  EXPECT_THAT(TensorsOf(plan.added[0].outputs), ElementsAre("class_id -> label:0"));
  EXPECT_THAT(plan.edit.drop, ElementsAre("labels"));
}

struct Row {
  const char* name;
  SignatureChanges changes;
  const char* message;
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

class RefusedChangesTest : public testing::TestWithParam<Row> {};

TEST_P(RefusedChangesTest, SayWhatIsWrong) {
  const TemporaryFolder folder;
  const std::unique_ptr<Model> model = OpenTestModel(folder, Session());
  ASSERT_NE(model, nullptr);
  const Result<SignaturePlan> plan = PlanSignatures(*model, GetParam().changes);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    , RefusedChangesTest,
    testing::Values(
        Row{"nothing", {}, "nothing to change"},
        Row{"unknown_key", {.xai_model = "label"}, "did you mean 'labels'"},
        Row{"taken_key", {.rename = {"labels=serving_default"}}, "--drop serving_default"},
        Row{"none_left", {.drop = {"labels", "serving_default"}}, "no signature would be left"},
        Row{"integers", {.model_inputs = {"ids", "size"}}, "'ids:0' is int64"},
        Row{"open_way", {.model_inputs = {"decode/image"}}, "still needs the input 'size'"},
        Row{"no_scores",
            {.signature = "labels", .model_inputs = {"image", "size"}},
            "found none in label"},
        Row{"same_names",
            {.model_inputs = {"x=decode/image", "x=size"}},
            "two tensors would be called 'x'"},
        Row{"no_name", {.model_inputs = {"2nd=decode/image", "size"}}, "found '2nd'"},
        Row{"other_tensors",
            {.model_inputs = {"sum"}, .preprocess_until = {"decode/image", "size"}},
            "must name the same tensors"},
        Row{"signature_alone", {.drop = {"labels"}, .signature = "labels"}, "says what is cut"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight

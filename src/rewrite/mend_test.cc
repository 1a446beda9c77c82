#include "rewrite/mend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/test_model.h"

namespace whylight {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(SignatureCommandTest, QuotesWhatAShellWouldTakeApart) {
  EXPECT_EQ(SignatureCommand("exports/1/", {.xai_model = "score"}),
            "whylight signature exports/1/ -o exports/1_xai --xai-model score");
  EXPECT_EQ(SignatureCommand("my model", {.rename = {"it's=xai_model"}}),
            "whylight signature 'my model' -o 'my model_xai' --rename 'it'\\''s=xai_model'");
  EXPECT_EQ(
      SignatureCommand(
          "m", {.drop = {"a", "b"}, .signature = "serve", .preprocess_until = {"x", "y=z:0"}}),
      "whylight signature m -o m_xai --drop a --drop b --signature serve "
      "--xai-preprocess-until x,y=z:0");
}

struct Row {
  const char* model;
  const char* rule;
  const char* command;  // What follows "whylight signature m -o m_xai "; nullptr: no command.
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.model; }

class MendTest : public testing::TestWithParam<Row> {};

TEST_P(MendTest, ThePrintedCommandIsTheOneThatMends) {
  const Row& row = GetParam();
  const std::unique_ptr<Model> model = OpenModelOfTree(row.model);
  ASSERT_NE(model, nullptr);
  CheckReport report = CheckModel(*model);
  AddSignatureCommands(*model, "m", report);
  const auto problem = std::ranges::find(report.problems, row.rule, &Problem::rule);
  ASSERT_NE(problem, report.problems.end());
  if (row.command == nullptr) {
    EXPECT_THAT(problem->fix, Not(HasSubstr("whylight signature")));
    return;
  }
  EXPECT_THAT(problem->fix,
              StartsWith(std::string("whylight signature m -o m_xai ") + row.command));
}

INSTANTIATE_TEST_SUITE_P(
    , MendTest,
    testing::Values(
        Row{"tf2_several_without_xai_model", "several-signatures", "--xai-model serving_default\n"},
        Row{"tf2_xai_model_misspelled", "several-signatures", "--rename xai-model=xai_model\n"},
        Row{"tf2_xai_model_misspelled", "misspelled-key", "--rename xai-model=xai_model\n"},
        Row{"tf2_preprocess_mismatch_name", "preprocess-mismatch",
            "--rename xai_preprocess:scaled=features\n"},
        Row{"tf2_preprocess_mismatch_dtype", "preprocess-mismatch",
            "--drop xai_model --drop xai_preprocess\n"},
        Row{"tf2_preprocess_without_xai_model", "preprocess-without-model",
            "--drop xai_preprocess\n"},
        Row{"tf2_string_output_only", "no-numeric-output",
            "--signature serving_default --xai-model-outputs "},
        Row{"tf2_image_uint8_input", "no-gradient-input",
            "--signature serving_default --xai-preprocess-until pixels="},
        Row{"tf2_lookup_asset", "cut-gradient",
            "--signature serving_default --xai-preprocess-until "},
        Row{"tf2_ragged_signature", "no-common-batch", nullptr},  // Requests stay without rows.
        Row{"tf2_no_signature", "no-signature", nullptr}),
    [](const auto& row) {
      std::string name = std::string(row.param.model) + "_" + row.param.rule;
      std::ranges::replace(name, '-', '_');
      return name;
    });

}  // namespace
}  // namespace whylight

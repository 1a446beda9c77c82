#include "autodiff/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "autodiff/control_flow/functions.h"
#include "autodiff/registry.h"
#include "testing/page.h"

namespace whylight {
namespace {

using testing::HasSubstr;

std::string PythonRegistry() {
  std::ifstream file(WHYLIGHT_SOURCE_DIR "/src/autodiff/python_registry.txt");
  std::stringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

TEST(LedgerTest, HasARowForEveryOpOfTensorFlowsRegistry) {
  const std::string registry = PythonRegistry();
  const auto rows = MakeLedger(registry, OpRegistry::Builtin());
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  std::size_t gradients = 0;
  for (const LedgerRow& row : *rows) {
    gradients += row.in_python ? 1 : 0;
    const auto functional = FunctionalControlFlowOps();
    const bool has_rule = FindGradientRule(row.op) != nullptr ||
                          std::ranges::find(functional, row.op) != functional.end();
    EXPECT_EQ(row.kind == LedgerKind::kRule || row.kind == LedgerKind::kZero, has_rule) << row.op;
    EXPECT_TRUE(row.kind != LedgerKind::kOutOfScope || !row.reason.empty()) << row.op;
  }
  // Not fewer because the file was cut short.
  EXPECT_EQ(gradients, 414u);
  EXPECT_EQ(rows->size(), 609u);
}

TEST(LedgerTest, IsThePageOfTheDocumentation) {
  const auto rows = MakeLedger(PythonRegistry(), OpRegistry::Builtin());
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_TRUE(PageHolds("gradients.md", "ledger", PrintLedger(*rows)));
}

TEST(LedgerTest, ExceptionsAreSortedAndHaveNoDoubles) {
  const std::span<const LedgerException> exceptions = LedgerExceptions();
  for (std::size_t i = 1; i < exceptions.size(); ++i) {
    EXPECT_LT(std::string(exceptions[i - 1].op), std::string(exceptions[i].op));
  }
}

// The registry with all lines of `op` replaced by `line`.
std::string With(const std::string& op, const std::string& line) {
  std::istringstream text(PythonRegistry());
  std::string changed;
  for (std::string row; std::getline(text, row);) {
    if (!row.starts_with(op + " ")) changed += row + "\n";
  }
  return changed + line + "\n";
}

TEST(LedgerTest, NamesTheOpThatNothingIsSaidAbout) {
  // An op on a path, with no rule and no row: what a new TensorFlow may add.
  const auto rows =
      MakeLedger(With("HSVToRGB", "DrawBoundingBoxesV2 gradient"), OpRegistry::Builtin());
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(rows.status().message()), HasSubstr("DrawBoundingBoxesV2"));
}

TEST(LedgerTest, RefusesAnExcuseForAnOpThatIsGone) {
  const auto rows = MakeLedger(With("XlaEinsum", ""), OpRegistry::Builtin());
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(rows.status().message()), HasSubstr("XlaEinsum"));
}

TEST(LedgerTest, RefusesALineThatIsNoRow) {
  for (const char* line : {"Abs", "Abs maybe", "Abs gradient too"}) {
    const auto rows = MakeLedger(line, OpRegistry::Builtin());
    ASSERT_FALSE(rows.ok()) << line;
    EXPECT_EQ(rows.status().code(), StatusCode::kDataLoss) << line;
  }
}

TEST(LedgerTest, TellsFromItsTypesWhetherAnOpIsOnAPath) {
  const auto rows = MakeLedger(PythonRegistry(), OpRegistry::Builtin());
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  const auto kind = [&](std::string_view op) {
    for (const LedgerRow& row : *rows) {
      if (row.op == op) return row.kind;
    }
    ADD_FAILURE() << op << " is in no row";
    return LedgerKind::kRule;
  };
  EXPECT_EQ(kind("ReadVariableOp"), LedgerKind::kOffPath);        // A handle goes in.
  EXPECT_EQ(kind("StringToNumber"), LedgerKind::kOffPath);        // A string goes in.
  EXPECT_EQ(kind("StatelessMultinomial"), LedgerKind::kOffPath);  // An integer comes out.
  EXPECT_EQ(kind("RandomShuffle"), LedgerKind::kNotDifferentiable);
  EXPECT_EQ(kind("XlaEinsum"), LedgerKind::kOutOfScope);
  EXPECT_EQ(kind("Floor"), LedgerKind::kZero);
  EXPECT_EQ(kind("Exp"), LedgerKind::kRule);
}

}  // namespace
}  // namespace whylight

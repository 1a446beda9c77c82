#include "autodiff/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace whylight {
namespace {

TEST(RegistryTest, HoldsEachOpOnceInOrder) {
  const std::vector<GradientRule> rules = AllGradientRules();
  ASSERT_GT(rules.size(), 200u);
  for (std::size_t i = 1; i < rules.size(); ++i) {
    EXPECT_LT(std::string(rules[i - 1].op), std::string(rules[i].op));
  }
}

TEST(RegistryTest, FindsEveryRuleByItsName) {
  for (const GradientRule& rule : AllGradientRules()) {
    const GradientRule* found = FindGradientRule(rule.op);
    ASSERT_NE(found, nullptr) << rule.op;
    EXPECT_STREQ(found->op, rule.op);
    EXPECT_EQ(found->fn, rule.fn) << rule.op;
  }
}

TEST(RegistryTest, NamesOnlyOpsThatExist) {
  const OpRegistry& ops = OpRegistry::Builtin();
  for (const GradientRule& rule : AllGradientRules()) {
    EXPECT_NE(ops.Find(rule.op), nullptr) << rule.op;
  }
}

TEST(RegistryTest, HasNoRuleForUnknownOpsAndLoops) {
  for (const char* op : {"", "A", "zzz", "Mu", "Mull", "Switch", "Merge", "Enter", "Exit",
                         "NextIteration", "While", "StatelessWhile", "If", "Case"}) {
    EXPECT_EQ(FindGradientRule(op), nullptr) << op;
  }
}

}  // namespace
}  // namespace whylight

#include "graph/passes/take_known_branches.h"

#include <gtest/gtest.h>

#include "graph/passes/pass_test.h"

namespace whylight {
namespace {

constexpr char kFunctions[] = R"(
function no {
  a = _Arg[T=float32, index=0]()
  n = Neg(a)
  return n
}
function yes {
  a = _Arg[T=float32, index=0]()
  q = Const[dtype=bool, value=true]()
  e = StatelessIf[Tout=[float32], else_branch=@no, then_branch=@exp](q, a)
  return e
}
function exp {
  a = _Arg[T=float32, index=0]()
  n = Exp(a)
  return n
}
)";

std::string With(const std::string& nodes) { return nodes + kFunctions; }

struct Row {
  const char* name;
  std::string predicate;
  std::string want;  // The op that y is; empty: the If stays.
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

class TakeKnownBranchesTest : public testing::TestWithParam<Row> {};

TEST_P(TakeKnownBranchesTest, TakesTheBranch) {
  TakeKnownBranches pass;
  const std::string before =
      With("x = Placeholder[dtype=float32]()\np = " + GetParam().predicate +
           "\nif = StatelessIf[Tout=[float32], else_branch=@no, then_branch=@yes](p, x)\n"
           "y = Abs(if)\n");
  const Result<PassResult> got = RunPass(pass, before, {.inputs = {"x", "fed"}});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ(got->changed, !GetParam().want.empty());
  if (GetParam().want.empty()) {
    EXPECT_EQ(got->text, Normal(before));
  } else {
    EXPECT_NE(got->text.find(GetParam().want), std::string::npos) << got->text;
    EXPECT_EQ(got->text.substr(0, got->text.find("function")).find("If"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , TakeKnownBranchesTest,
    testing::Values(Row{"false_is_else", "Const[dtype=bool, value=false]()",
                        "if/n = Neg[T=float32](x)"},
                    Row{"true_is_then_and_its_own_branch", "Const[dtype=bool, value=true]()",
                        "if/e/n = Exp[T=float32](x)"},
                    Row{"zero", "Const[dtype=int32, value=0]()", "if/n = Neg"},
                    Row{"number", "Const[dtype=float32, value=-0.5]()", "if/e/n = Exp"},
                    Row{"empty_string", "Const[dtype=string, value=\"\"]()", "if/n = Neg"},
                    Row{"string", "Const[dtype=string, value=\"no\"]()", "if/e/n = Exp"},
                    Row{"no_elements", "Const[dtype=float32, value={}]()", "if/n = Neg"},
                    Row{"elements", "Const[dtype=float32, value={0}]()", "if/e/n = Exp"},
                    Row{"not_known", "Placeholder[dtype=bool]()", ""}),
    [](const auto& row) { return row.param.name; });

TEST(TakeKnownBranchesFedTest, AFedConstantIsNotKnown) {
  TakeKnownBranches pass;
  ExpectCase(pass, {.name = "",
                    .before = R"(
x = Placeholder[dtype=float32]()
p = Const[dtype=bool, value=true]()
y = StatelessIf[Tout=[float32], else_branch=@f, then_branch=@f](p, x)
function f {
  a = _Arg[T=float32, index=0]()
  n = Neg(a)
  return n
}
)",
                    .keep = {.inputs = {"x", "p"}}});
}

}  // namespace
}  // namespace whylight

#include "graph/op_registry.h"

#include <gtest/gtest.h>

#include "graph/graph.h"
#include "graph/text.h"

namespace whylight {
namespace {

TEST(OpRegistryTest, BuiltinListHasTensorFlowsOps) {
  const OpRegistry& ops = OpRegistry::Builtin();
  EXPECT_GT(ops.size(), 1500u);
  EXPECT_EQ(ops.Find("NoSuchOp"), nullptr);
  const OpDef* conv = ops.Find("Conv2D");
  ASSERT_NE(conv, nullptr);
  ASSERT_EQ(conv->inputs.size(), 2u);
  EXPECT_EQ(conv->inputs[1].name, "filter");
  const AttrDef* dilations = conv->FindAttr("dilations");
  ASSERT_NE(dilations, nullptr);
  ASSERT_TRUE(dilations->default_value);
  EXPECT_EQ(*dilations->default_value, AttrValue(std::vector<std::int64_t>{1, 1, 1, 1}));
  EXPECT_FALSE(conv->is_stateful);
  EXPECT_TRUE(ops.Find("VarHandleOp")->is_stateful);
  EXPECT_TRUE(ops.Find("Assign")->inputs[0].is_ref);
}

struct TypesRow {
  const char* name;
  const char* line;  // Of graph text, without inputs.
  std::vector<DType> types;
};
void PrintTo(const TypesRow& row, std::ostream* os) { *os << row.name; }

class OutputTypesTest : public testing::TestWithParam<TypesRow> {};

TEST_P(OutputTypesTest, FollowTheDefinition) {
  const Result<Graph> graph = GraphFromText(std::string("n = ") + GetParam().line);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const auto types = OpRegistry::Builtin().OutputTypes(*graph->Find("n"));
  ASSERT_TRUE(types.ok()) << types.status().message();
  EXPECT_EQ(*types, GetParam().types);
}

INSTANTIATE_TEST_SUITE_P(
    , OutputTypesTest,
    testing::Values(
        TypesRow{"attr", "Neg[T=float64]()", {DType::kFloat64}},
        TypesRow{"fixed", "Rank[T=float32]()", {DType::kInt32}},
        TypesRow{"default", "Shape[T=float32]()", {DType::kInt32}}, TypesRow{"none", "NoOp()", {}},
        TypesRow{"several", "TopKV2[T=float32]()", {DType::kFloat32, DType::kInt32}},
        TypesRow{
            "number", "Split[T=int8, num_split=3]()", {DType::kInt8, DType::kInt8, DType::kInt8}},
        TypesRow{"type_list", "IdentityN[T=[float32,string]]()", {DType::kFloat32, DType::kString}},
        TypesRow{"empty_type_list", "PartitionedCall[Tin=[], Tout=[], f=@f]()", {}},
        TypesRow{"reference_counts_as_its_type",
                 "VariableV2[dtype=float32, shape=[]]()",
                 {DType::kFloat32}}),
    [](const auto& row) { return row.param.name; });

struct ErrorRow {
  const char* name;
  const char* line;
  StatusCode code;
  const char* message;
};
void PrintTo(const ErrorRow& row, std::ostream* os) { *os << row.name; }

class OutputTypesErrorTest : public testing::TestWithParam<ErrorRow> {};

TEST_P(OutputTypesErrorTest, SaysWhy) {
  const Result<Graph> graph = GraphFromText(std::string("n = ") + GetParam().line);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const auto types = OpRegistry::Builtin().OutputTypes(*graph->Find("n"));
  EXPECT_EQ(types.status().code(), GetParam().code);
  EXPECT_NE(types.status().message().find(GetParam().message), std::string::npos)
      << types.status().message();
}

INSTANTIATE_TEST_SUITE_P(
    , OutputTypesErrorTest,
    testing::Values(ErrorRow{"unknown_op", "Frobnicate()", StatusCode::kUnimplemented,
                             "op Frobnicate (node 'n')"},
                    ErrorRow{"missing", "Neg()", StatusCode::kInvalidArgument,
                             "attribute T is missing"},
                    ErrorRow{"wrong_kind", "Neg[T=raw(1803)]()", StatusCode::kInvalidArgument,
                             "attribute T: expected a value of kind type, got 3"},
                    ErrorRow{"negative_number", "Split[T=int8, num_split=-1]()",
                             StatusCode::kInvalidArgument, "expected a length, got -1"},
                    ErrorRow{"absurd_number", "Split[T=int8, num_split=4611686018427387904]()",
                             StatusCode::kInvalidArgument, "expected a length"}),
    [](const auto& row) { return row.param.name; });

TEST(OpRegistryTest, SlotsAreCountedThroughLists) {
  const Result<Graph> graph = GraphFromText(
      "n = ParseExampleV2[Tdense=[float32,int64], dense_shapes=[[],[]], num_sparse=2, "
      "sparse_types=[string,string], ragged_value_types=[], ragged_split_types=[]]()");
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Node& node = *graph->Find("n");
  const auto slots = OpRegistry::Builtin().OutputSlots(node, "dense_values");
  ASSERT_TRUE(slots.ok()) << slots.status().message();
  EXPECT_EQ(slots->first, 6);  // Behind sparse indices, values and shapes, two each.
  EXPECT_EQ(slots->count, 2);
  EXPECT_EQ(OpRegistry::Builtin().OutputSlots(node, "nope").status().code(), StatusCode::kNotFound);
}

TEST(OpRegistryTest, MergeKeepsWhatIsThere) {
  OpRegistry ops;
  ops.Add({.name = "Neg"});
  ops.Merge(OpRegistry::Builtin());
  EXPECT_TRUE(ops.Find("Neg")->inputs.empty());
  EXPECT_EQ(ops.size(), OpRegistry::Builtin().size());
}

TEST(OpRegistryTest, DamageIsDataLoss) {
  EXPECT_EQ(OpRegistry::Parse("\x0a\x7f").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(OpRegistry::Parse("\xff\xff").status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace whylight

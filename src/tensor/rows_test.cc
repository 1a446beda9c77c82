#include "tensor/rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace whylight {
namespace {

std::vector<const Tensor*> Borrow(const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> pointers;
  for (const Tensor& tensor : tensors) pointers.push_back(&tensor);
  return pointers;
}

struct StackCase {
  const char* name;
  std::vector<Tensor> rows;
  Tensor stacked;
};
void PrintTo(const StackCase& c, std::ostream* os) { *os << c.name; }

class StackRowsCaseTest : public testing::TestWithParam<StackCase> {};

TEST_P(StackRowsCaseTest, AndRowOfAreInverse) {
  const StackCase& c = GetParam();
  const Result<Tensor> stacked = StackRows(Borrow(c.rows));
  ASSERT_TRUE(stacked.ok()) << stacked.status().message();
  EXPECT_EQ(*stacked, c.stacked);
  for (std::size_t r = 0; r < c.rows.size(); ++r) {
    EXPECT_EQ(RowOf(*stacked, static_cast<std::int64_t>(r)), c.rows[r]) << r;
  }
}

INSTANTIATE_TEST_SUITE_P(
    , StackRowsCaseTest,
    testing::Values(StackCase{"scalars",
                              {Tensor::Scalar(1.0f), Tensor::Scalar(2.0f)},
                              Tensor::Of<float>(Shape{2}, {1, 2})},
                    StackCase{"matrices",
                              {Tensor::Of<std::int64_t>(Shape{1, 2}, {1, 2}),
                               Tensor::Of<std::int64_t>(Shape{1, 2}, {3, 4}),
                               Tensor::Of<std::int64_t>(Shape{1, 2}, {5, 6})},
                              Tensor::Of<std::int64_t>(Shape{3, 1, 2}, {1, 2, 3, 4, 5, 6})},
                    StackCase{"one", {Tensor::Scalar(true)}, Tensor::Of<bool>(Shape{1}, {true})},
                    StackCase{"strings",
                              {Tensor::Strings(Shape{2}, {"a", ""}),
                               Tensor::Strings(Shape{2}, {std::string("b\0c", 3), "d"})},
                              Tensor::Strings(Shape{2, 2}, {"a", "", std::string("b\0c", 3), "d"})},
                    StackCase{
                        "empty_rows",
                        {Tensor(DType::kFloat32, Shape{0}), Tensor(DType::kFloat32, Shape{0})},
                        Tensor(DType::kFloat32, Shape{2, 0})}),
    [](const auto& row) { return row.param.name; });

TEST(StackRowsEdgeTest, RefusesRowsThatDiffer) {
  const Tensor a(DType::kFloat32, Shape{2}), b(DType::kFloat32, Shape{3});
  const Tensor c(DType::kFloat64, Shape{2});
  const std::vector<const Tensor*> shapes = {&a, &a, &b}, types = {&a, &c};
  EXPECT_EQ(StackRows(shapes).status(),
            InvalidArgument("rows of one run must be alike: float32 [2] and float32 [3]"));
  EXPECT_EQ(StackRows(types).status(),
            InvalidArgument("rows of one run must be alike: float32 [2] and float64 [2]"));
}

TEST(RowOfDeathTest, RefusesWhatIsOutside) {
  const Tensor two(DType::kFloat32, Shape{2});
  EXPECT_DEATH((void)RowOf(two, 2), "index");
  EXPECT_DEATH((void)RowOf(two, -1), "index");
  EXPECT_DEATH((void)RowOf(Tensor::Scalar(1.0f), 0), "rank");
}

struct CastCase {
  const char* name;
  Tensor from;
  Tensor to;
};
void PrintTo(const CastCase& c, std::ostream* os) { *os << c.name; }

class CastTensorCaseTest : public testing::TestWithParam<CastCase> {};

TEST_P(CastTensorCaseTest, KeepsTheValues) {
  const Result<Tensor> cast = CastTensor(GetParam().from, GetParam().to.dtype());
  ASSERT_TRUE(cast.ok()) << cast.status().message();
  EXPECT_EQ(*cast, GetParam().to);
}

INSTANTIATE_TEST_SUITE_P(
    , CastTensorCaseTest,
    testing::Values(CastCase{"same", Tensor::Scalar(0.1f), Tensor::Scalar(0.1f)},
                    CastCase{"same_string", Tensor::ScalarString("x"), Tensor::ScalarString("x")},
                    CastCase{"narrower", Tensor::Scalar(0.1), Tensor::Scalar(0.1f)},
                    CastCase{"half", Tensor::Of<float>(Shape{2}, {1, 65520}),
                             Tensor::Of<Float16>(Shape{2}, {Float16{0x3c00}, Float16{0x7c00}})},
                    CastCase{"saturates", Tensor::Of<double>(Shape{3}, {-1, 2.5, 300}),
                             Tensor::Of<std::uint8_t>(Shape{3}, {0, 2, 255})},
                    CastCase{"bool", Tensor::Of<bool>(Shape{2}, {true, false}),
                             Tensor::Of<float>(Shape{2}, {1, 0})},
                    CastCase{"empty", Tensor(DType::kFloat32, Shape{0}),
                             Tensor(DType::kInt64, Shape{0})}),
    [](const auto& row) { return row.param.name; });

TEST(CastTensorEdgeTest, RefusesWhatHoldsNoNumber) {
  EXPECT_EQ(CastTensor(Tensor::ScalarString("1"), DType::kFloat32).status(),
            InvalidArgument("cannot turn string into float32"));
  EXPECT_EQ(CastTensor(Tensor::Scalar(1.0f), DType::kString).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CastTensor(Tensor::Scalar(1.0f), DType::kComplex64).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(IsFiniteTest, LooksAtFloatsOnly) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64}) {
    Tensor tensor = Tensor::Filled(dtype, Shape{3}, 1);
    EXPECT_TRUE(IsFinite(tensor)) << DTypeName(dtype);
    for (const double bad : {kInfinity, -kInfinity, std::nan("")}) {
      tensor.SetNumber(2, bad);
      EXPECT_FALSE(IsFinite(tensor)) << DTypeName(dtype) << " " << bad;
    }
  }
  EXPECT_TRUE(IsFinite(Tensor::ScalarString("nan")));
  EXPECT_TRUE(IsFinite(Tensor::Scalar<std::int32_t>(1)));
  EXPECT_TRUE(IsFinite(Tensor(DType::kFloat32, Shape{0})));
}

}  // namespace
}  // namespace whylight

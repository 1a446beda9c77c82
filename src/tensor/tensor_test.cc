#include "whylight/tensor.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace whylight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct DTypeCase {
  const char* name;
  int number;  // TensorFlow's DataType.
  std::size_t size;
  bool floating, integer, complex;
};
void PrintTo(const DTypeCase& c, std::ostream* os) { *os << c.name; }

class DTypeCaseTest : public testing::TestWithParam<DTypeCase> {};

TEST_P(DTypeCaseTest, IsTensorFlows) {
  const DTypeCase& c = GetParam();
  const auto dtype = static_cast<DType>(c.number);
  EXPECT_EQ(DTypeName(dtype), c.name);
  EXPECT_EQ(DTypeName(static_cast<DType>(c.number + kRefTypeOffset)), std::string(c.name) + "_ref");
  const Result<DType> read = DTypeFromName(c.name);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, dtype);
  EXPECT_EQ(DTypeSize(dtype), c.size);
  EXPECT_EQ(IsFloating(dtype), c.floating);
  EXPECT_EQ(IsInteger(dtype), c.integer);
  EXPECT_EQ(IsComplex(dtype), c.complex);
  EXPECT_EQ(IsNumeric(dtype), c.floating || c.integer);
}

INSTANTIATE_TEST_SUITE_P(, DTypeCaseTest,
                         testing::Values(DTypeCase{"float32", 1, 4, true, false, false},
                                         DTypeCase{"float64", 2, 8, true, false, false},
                                         DTypeCase{"int32", 3, 4, false, true, false},
                                         DTypeCase{"uint8", 4, 1, false, true, false},
                                         DTypeCase{"int16", 5, 2, false, true, false},
                                         DTypeCase{"int8", 6, 1, false, true, false},
                                         DTypeCase{"string", 7, 0, false, false, false},
                                         DTypeCase{"complex64", 8, 8, false, false, true},
                                         DTypeCase{"int64", 9, 8, false, true, false},
                                         DTypeCase{"bool", 10, 1, false, false, false},
                                         DTypeCase{"qint8", 11, 1, false, false, false},
                                         DTypeCase{"bfloat16", 14, 2, true, false, false},
                                         DTypeCase{"uint16", 17, 2, false, true, false},
                                         DTypeCase{"complex128", 18, 16, false, false, true},
                                         DTypeCase{"float16", 19, 2, true, false, false},
                                         DTypeCase{"resource", 20, 0, false, false, false},
                                         DTypeCase{"variant", 21, 0, false, false, false},
                                         DTypeCase{"uint32", 22, 4, false, true, false},
                                         DTypeCase{"uint64", 23, 8, false, true, false}),
                         [](const auto& row) { return row.param.name; });

TEST(DTypeEdgeTest, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(DTypeName(static_cast<DType>(42)), "dtype 42");
  EXPECT_EQ(DTypeSize(static_cast<DType>(42)), 0u);
  const Result<DType> unknown = DTypeFromName("float31");
  EXPECT_EQ(unknown.status(), InvalidArgument("unknown dtype \"float31\""));
}

// Float -> 16 bits and back. `bits` was worked out from IEEE 754, not taken from the code.
struct HalfCase {
  const char* name;
  float value;
  std::uint16_t bits;
  float back;
};
void PrintTo(const HalfCase& c, std::ostream* os) { *os << c.name; }

const float kFloatInfinity = std::numeric_limits<float>::infinity();

class Float16CaseTest : public testing::TestWithParam<HalfCase> {};

TEST_P(Float16CaseTest, RoundsToNearestEven) {
  const HalfCase& c = GetParam();
  for (const float sign : {1.0f, -1.0f}) {
    const Float16 half = ToFloat16(sign * c.value);
    EXPECT_EQ(half.bits, c.bits | (sign < 0 ? 0x8000 : 0));
    EXPECT_EQ(ToFloat(half), sign * c.back);
    EXPECT_EQ(std::signbit(ToFloat(half)), sign < 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , Float16CaseTest,
    testing::Values(HalfCase{"zero", 0.0f, 0x0000, 0.0f}, HalfCase{"one", 1.0f, 0x3c00, 1.0f},
                    HalfCase{"third", 1.0f / 3, 0x3555, 0x1.554p-2f},
                    HalfCase{"tie_down_to_even", 1 + 0x1p-11f, 0x3c00, 1.0f},
                    HalfCase{"tie_up_to_even", 1 + 3 * 0x1p-11f, 0x3c02, 1 + 0x1p-9f},
                    HalfCase{"just_above_tie", 1 + 0x1p-11f + 0x1p-23f, 0x3c01, 1 + 0x1p-10f},
                    HalfCase{"carry_into_exponent", 2 - 0x1p-12f, 0x4000, 2.0f},
                    HalfCase{"largest", 65504.0f, 0x7bff, 65504.0f},
                    HalfCase{"below_overflow", 65519.996f, 0x7bff, 65504.0f},
                    HalfCase{"tie_at_overflow", 65520.0f, 0x7c00, kFloatInfinity},
                    HalfCase{"overflow", 1e10f, 0x7c00, kFloatInfinity},
                    HalfCase{"infinity", kFloatInfinity, 0x7c00, kFloatInfinity},
                    HalfCase{"least_normal", 0x1p-14f, 0x0400, 0x1p-14f},
                    HalfCase{"largest_subnormal", 1023 * 0x1p-24f, 0x03ff, 1023 * 0x1p-24f},
                    HalfCase{"tie_between_subnormal_and_normal", 1023.5f * 0x1p-24f, 0x0400,
                             0x1p-14f},
                    HalfCase{"least_subnormal", 0x1p-24f, 0x0001, 0x1p-24f},
                    HalfCase{"subnormal_tie_to_even", 2.5f * 0x1p-24f, 0x0002, 2 * 0x1p-24f},
                    HalfCase{"subnormal_tie_up", 3.5f * 0x1p-24f, 0x0004, 4 * 0x1p-24f},
                    HalfCase{"tie_with_zero", 0x1p-25f, 0x0000, 0.0f},
                    HalfCase{"above_tie_with_zero", 0x1.000002p-25f, 0x0001, 0x1p-24f},
                    HalfCase{"float_subnormal", 1e-40f, 0x0000, 0.0f}),
    [](const auto& row) { return row.param.name; });

TEST(Float16EdgeTest, KeepsNaN) {
  EXPECT_TRUE(std::isnan(ToFloat(ToFloat16(std::nanf("")))));
  // A signalling NaN whose payload is below the half's bits must not become an infinity.
  EXPECT_TRUE(std::isnan(ToFloat(ToFloat16(std::bit_cast<float>(0x7f800001u)))));
}

TEST(Float16EdgeTest, EveryHalfComesBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Float16 half{static_cast<std::uint16_t>(bits)};
    const float value = ToFloat(half);
    if (std::isnan(value)) continue;
    ASSERT_EQ(ToFloat16(value).bits, bits);
  }
}

class BFloat16CaseTest : public testing::TestWithParam<HalfCase> {};

TEST_P(BFloat16CaseTest, RoundsToNearestEven) {
  const HalfCase& c = GetParam();
  for (const float sign : {1.0f, -1.0f}) {
    const BFloat16 half = ToBFloat16(sign * c.value);
    EXPECT_EQ(half.bits, c.bits | (sign < 0 ? 0x8000 : 0));
    EXPECT_EQ(ToFloat(half), sign * c.back);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , BFloat16CaseTest,
    testing::Values(HalfCase{"zero", 0.0f, 0x0000, 0.0f}, HalfCase{"one", 1.0f, 0x3f80, 1.0f},
                    HalfCase{"tie_down_to_even", 1 + 0x1p-8f, 0x3f80, 1.0f},
                    HalfCase{"tie_up_to_even", 1 + 3 * 0x1p-8f, 0x3f82, 1 + 0x1p-6f},
                    HalfCase{"just_above_tie", 1 + 0x1p-8f + 0x1p-23f, 0x3f81, 1 + 0x1p-7f},
                    HalfCase{"carry_into_exponent", 2 - 0x1p-12f, 0x4000, 2.0f},
                    HalfCase{"largest", 0x1.fep127f, 0x7f7f, 0x1.fep127f},
                    HalfCase{"overflow", std::numeric_limits<float>::max(), 0x7f80, kFloatInfinity},
                    HalfCase{"infinity", kFloatInfinity, 0x7f80, kFloatInfinity},
                    HalfCase{"subnormal", 0x1p-133f, 0x0001, 0x1p-133f},
                    HalfCase{"subnormal_tie_to_even", 0x1p-134f, 0x0000, 0.0f}),
    [](const auto& row) { return row.param.name; });

TEST(BFloat16EdgeTest, KeepsNaN) {
  EXPECT_TRUE(std::isnan(ToFloat(ToBFloat16(std::nanf("")))));
  EXPECT_TRUE(std::isnan(ToFloat(ToBFloat16(std::bit_cast<float>(0x7f800001u)))));
  EXPECT_TRUE(std::isnan(ToFloat(ToBFloat16(std::bit_cast<float>(0xffffffffu)))));
}

struct SetCase {
  const char* name;
  DType dtype;
  double value, want;
};
void PrintTo(const SetCase& c, std::ostream* os) { *os << c.name; }

class SetNumberCaseTest : public testing::TestWithParam<SetCase> {};

TEST_P(SetNumberCaseTest, RoundsAndSaturates) {
  const SetCase& c = GetParam();
  Tensor tensor = Tensor::Filled(c.dtype, Shape{3}, 1);
  tensor.SetNumber(1, c.value);
  EXPECT_EQ(tensor.Number(0), 1);
  EXPECT_EQ(tensor.Number(1), c.want);
  EXPECT_EQ(tensor.Number(2), 1);
}

INSTANTIATE_TEST_SUITE_P(
    , SetNumberCaseTest,
    testing::Values(
        SetCase{"int8_low", DType::kInt8, -129, -128}, SetCase{"int8_high", DType::kInt8, 300, 127},
        SetCase{"int8_tie", DType::kInt8, 2.5, 2}, SetCase{"int8_odd_tie", DType::kInt8, 3.5, 4},
        SetCase{"int8_nan", DType::kInt8, kNaN, 0}, SetCase{"uint8_low", DType::kUInt8, -0.6, 0},
        SetCase{"uint8_high", DType::kUInt8, 255.5, 255},
        SetCase{"int16_high", DType::kInt16, 1e9, 32767},
        SetCase{"uint16_high", DType::kUInt16, 65535.4, 65535},
        SetCase{"int32_low", DType::kInt32, -kInfinity, -2147483648.0},
        SetCase{"int32_high", DType::kInt32, 2147483647.6, 2147483647},
        SetCase{"uint32_high", DType::kUInt32, kInfinity, 4294967295.0},
        SetCase{"int64_exact", DType::kInt64, -9007199254740992.0, -9007199254740992.0},
        // As doubles: the limits of 64 bits are rounded up to the next powers of two.
        SetCase{"int64_high", DType::kInt64, 9.3e18, 0x1p63},
        SetCase{"int64_low", DType::kInt64, -9.3e18, -0x1p63},
        SetCase{"uint64_high", DType::kUInt64, 1e30, 0x1p64},
        SetCase{"uint64_low", DType::kUInt64, -1, 0}, SetCase{"bool_zero", DType::kBool, 0, 0},
        SetCase{"bool_any", DType::kBool, -0.25, 1}, SetCase{"float32", DType::kFloat32, 0.1, 0.1f},
        SetCase{"float32_overflow", DType::kFloat32, 1e300, kInfinity},
        SetCase{"float64", DType::kFloat64, 0.1, 0.1},
        SetCase{"float16", DType::kFloat16, 1 + 0x1p-11, 1},
        SetCase{"bfloat16", DType::kBFloat16, 1 + 3 * 0x1p-8, 1 + 0x1p-6}),
    [](const auto& row) { return row.param.name; });

TEST(SetNumberEdgeTest, Keeps64BitLimits) {
  Tensor tensor(DType::kInt64, Shape{2});
  tensor.SetNumber(0, 0x1p63);
  tensor.SetNumber(1, -0x1p63);
  EXPECT_EQ(tensor.data<std::int64_t>()[0], std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(tensor.data<std::int64_t>()[1], std::numeric_limits<std::int64_t>::min());
  Tensor big(DType::kUInt64, Shape{});
  big.SetNumber(0, 0x1p64);
  EXPECT_EQ(big.data<std::uint64_t>()[0], std::numeric_limits<std::uint64_t>::max());
}

TEST(SetNumberDeathTest, RefusesWhatIsNoNumberAndWhatIsOutside) {
  Tensor text(DType::kString, Shape{1});
  EXPECT_DEATH(text.SetNumber(0, 1), "not a number");
  EXPECT_DEATH((void)text.Number(0), "not a number");
  Tensor one(DType::kFloat32, Shape{});
  EXPECT_DEATH(one.SetNumber(1, 1), "elements_");
  EXPECT_DEATH((void)one.data<double>(), "dtype");
}

TEST(ShapeTest, KnowsItsElements) {
  EXPECT_EQ(Shape{}.elements(), 1);
  EXPECT_EQ((Shape{2, 3}).elements(), 6);
  EXPECT_EQ((Shape{2, 0, 3}).elements(), 0);
  EXPECT_TRUE(Shape{}.IsKnown());
  EXPECT_FALSE((Shape{2, Shape::kUnknown}).IsKnown());
  EXPECT_FALSE((Shape{-3}).IsKnown()) << "a symbol";
  EXPECT_FALSE(Shape::UnknownRank().IsKnown());
  EXPECT_FALSE(Shape::UnknownRank().has_rank());
}

TEST(ShapeTest, IsWritten) {
  EXPECT_EQ(Shape{}.ToString(), "[]");
  EXPECT_EQ((Shape{2, -1, 3}).ToString(), "[2,?,3]");
  EXPECT_EQ((Shape{-5}).ToString(), "[?]");
  EXPECT_EQ(Shape::UnknownRank().ToString(), "<unknown>");
}

TEST(ShapeTest, GainsAndLosesAFirstAxis) {
  EXPECT_EQ((Shape{2, 3}).WithoutFirst(), (Shape{3}));
  EXPECT_EQ(Shape{7}.WithoutFirst(), Shape{});
  EXPECT_EQ(Shape{}.WithFirst(4), (Shape{4}));
  EXPECT_EQ((Shape{-1, 3}).WithFirst(0), (Shape{0, -1, 3}));
  EXPECT_DEATH((void)Shape{}.WithoutFirst(), "rank_");
}

TEST(ShapeTest, HasAnyNumberOfAxes) {
  Shape shape{1, 2, 3, 4};
  for (std::int64_t size = 5; size < 9; ++size) shape = shape.WithFirst(size);
  EXPECT_EQ(shape.rank(), 8);
  EXPECT_EQ(shape, (Shape{8, 7, 6, 5, 1, 2, 3, 4}));
  EXPECT_NE(shape, (Shape{8, 7, 6, 5, 1, 2, 3, 5}));
  shape.set_dim(7, 9);
  EXPECT_EQ(shape.dim(7), 9);
  Shape copy = shape;
  while (copy.rank() > 4) copy = copy.WithoutFirst();
  EXPECT_EQ(copy, (Shape{1, 2, 3, 9}));
  EXPECT_EQ(shape.ToVector(), (std::vector<std::int64_t>{8, 7, 6, 5, 1, 2, 3, 9}));
}

struct CompatibleCase {
  const char* name;
  Shape a, b;
  bool want;
};
void PrintTo(const CompatibleCase& c, std::ostream* os) { *os << c.name; }

class CompatibleTest : public testing::TestWithParam<CompatibleCase> {};

TEST_P(CompatibleTest, IsSymmetric) {
  const CompatibleCase& c = GetParam();
  EXPECT_EQ(Compatible(c.a, c.b), c.want);
  EXPECT_EQ(Compatible(c.b, c.a), c.want);
}

INSTANTIATE_TEST_SUITE_P(
    , CompatibleTest,
    testing::Values(CompatibleCase{"equal", {2, 3}, {2, 3}, true},
                    CompatibleCase{"other_size", {2, 3}, {2, 4}, false},
                    CompatibleCase{"unknown_axis", {2, -1}, {2, 4}, true},
                    CompatibleCase{"symbol", {-7, 4}, {2, 4}, true},
                    CompatibleCase{"unknown_axis_other_size", {-1, 3}, {2, 4}, false},
                    CompatibleCase{"other_rank", {2}, {2, 1}, false},
                    CompatibleCase{"scalar_and_vector", {}, {1}, false},
                    CompatibleCase{"scalars", {}, {}, true},
                    CompatibleCase{"no_rank", Shape::UnknownRank(), {2, 3}, true},
                    CompatibleCase{"no_rank_scalar", Shape::UnknownRank(), {}, true}),
    [](const auto& row) { return row.param.name; });

TEST(TensorTest, BeginsWithZeros) {
  const Tensor zeros(DType::kFloat32, Shape{2, 3});
  EXPECT_EQ(zeros.elements(), 6u);
  EXPECT_EQ(zeros.bytes().size(), 24u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(zeros.bytes().data()) % 16, 0u);
  for (const float value : zeros.data<float>()) EXPECT_EQ(value, 0);
  const Tensor strings(DType::kString, Shape{2});
  EXPECT_EQ(strings.strings()[1], "");
  EXPECT_TRUE(strings.bytes().empty());
  EXPECT_EQ(Tensor().elements(), 0u);
  EXPECT_EQ(Tensor().dtype(), DType::kInvalid);
}

TEST(TensorTest, MayBeEmpty) {
  const Tensor none(DType::kFloat64, Shape{0, 4});
  EXPECT_EQ(none.elements(), 0u);
  EXPECT_TRUE(none.data<double>().empty());
  EXPECT_EQ(none, Tensor(none));
  EXPECT_NE(none, Tensor(DType::kFloat64, Shape{0, 5}));
}

TEST(TensorTest, CopiesItsElements) {
  Tensor a = Tensor::Of<std::int32_t>(Shape{2}, {1, 2});
  Tensor b = a;
  b.data<std::int32_t>()[0] = 9;
  EXPECT_EQ(a.data<std::int32_t>()[0], 1);
  a = b;
  EXPECT_EQ(a, b);
  Tensor& self = a;
  a = self;
  EXPECT_EQ(a, b);
  const Tensor moved = std::move(b);
  EXPECT_EQ(moved, a);
}

TEST(TensorTest, IsEqualBitForBit) {
  const float nan = std::nanf("");
  EXPECT_EQ(Tensor::Scalar(nan), Tensor::Scalar(nan));
  EXPECT_NE(Tensor::Scalar(0.0f), Tensor::Scalar(-0.0f));
  EXPECT_NE(Tensor::Scalar(1.0f), Tensor::Scalar(1.0));
  EXPECT_NE(Tensor::Of<float>(Shape{2}, {1, 2}), Tensor::Of<float>(Shape{1, 2}, {1, 2}));
  EXPECT_NE(Tensor::ScalarString("a"), Tensor::ScalarString("b"));
  EXPECT_EQ(Tensor::ScalarString(std::string("a\0b", 3)),
            Tensor::Strings(Shape{}, {std::string("a\0b", 3)}));
}

TEST(TensorTest, IsReshapedWithoutACopy) {
  Tensor a = Tensor::Filled(DType::kFloat32, Shape{20, 20}, 3);
  const std::byte* memory = a.bytes().data();
  const Tensor copy = a.Reshaped(Shape{400});
  EXPECT_NE(copy.bytes().data(), memory);
  const Tensor same = std::move(a).Reshaped(Shape{1, 400});
  EXPECT_EQ(same.bytes().data(), memory);
  EXPECT_EQ(same, copy.Reshaped(Shape{1, 400}));
  EXPECT_DEATH((void)copy.Reshaped(Shape{3}), "elements");
}

TEST(TensorTest, MovesFewAndManyElements) {
  for (const std::int64_t count : {3, 16, 17, 400}) {
    Tensor from = Tensor::Filled(DType::kFloat32, Shape{count}, 7);
    const Tensor copy = from;
    Tensor to = std::move(from);
    EXPECT_EQ(to, copy);
    EXPECT_EQ(from.elements(), 0u);  // NOLINT(bugprone-use-after-move): what is left is promised.
    EXPECT_TRUE(from.bytes().empty());
    Tensor assigned = Tensor::ScalarString("before");
    assigned = std::move(to);
    EXPECT_EQ(assigned, copy);
    std::vector<Tensor> grown;
    for (int i = 0; i < 9; ++i) grown.push_back(copy);
    for (const Tensor& one : grown) EXPECT_EQ(one, copy);
  }
}

}  // namespace
}  // namespace whylight

#include "testing/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Bytes(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i, value >>= 8) bytes += static_cast<char>(value);
  return bytes;
}

std::string Npy(const std::string& header, const std::string& data) {
  const std::string line = header + "\n";
  return "\x93NUMPY" + std::string("\x01\0", 2) + Bytes(line.size(), 2) + line + data;
}

std::string Header(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
}

// One entry of an archive; what differs from the truth makes it a hostile one.
struct ZipEntry {
  std::string content;  // As it stands in the archive.
  std::uint32_t crc = 0;
  std::uint64_t size = 0;  // What the directory says of the size before packing.
  std::uint64_t method = 0;
  std::uint64_t flags = 0;
};

ZipEntry Stored(const std::string& content) {
  const auto* data = reinterpret_cast<const Bytef*>(content.data());
  return {.content = content,
          .crc = static_cast<std::uint32_t>(crc32_z(0, data, content.size())),
          .size = content.size()};
}

std::string Zip(const ZipEntry& entry, const std::string& comment = "") {
  const std::string name = "x.npy";
  const std::string sizes =
      Bytes(entry.crc, 4) + Bytes(entry.content.size(), 4) + Bytes(entry.size, 4);
  const std::string method = Bytes(entry.flags, 2) + Bytes(entry.method, 2) + Bytes(0, 4);
  const std::string local = "PK\3\4" + Bytes(20, 2) + method + sizes + Bytes(name.size(), 2) +
                            Bytes(0, 2) + name + entry.content;
  const std::string central = "PK\1\2" + Bytes(20, 2) + Bytes(20, 2) + method + sizes +
                              Bytes(name.size(), 2) + Bytes(0, 12) + Bytes(0, 4) + name;
  return local + central + "PK\5\6" + Bytes(0, 4) + Bytes(1, 2) + Bytes(1, 2) +
         Bytes(central.size(), 4) + Bytes(local.size(), 4) + Bytes(comment.size(), 2) + comment;
}

std::string ZipOf(const std::string& npy) { return Zip(Stored(npy)); }

TEST(NpzTest, ReadsWhatNumpyWrote) {
  const Result<NpzArrays> arrays =
      ReadNpz(std::string(WHYLIGHT_SOURCE_DIR) + "/tests/models/tf2_linear_with_bias/expected.npz");
  ASSERT_TRUE(arrays.ok()) << arrays.status().message();
  // A line: weights 1.5, -2 and 0.25, baseline 0.5, 0 and -1, so the shares are w * (x - b).
  const auto ig = arrays->find("ig.x");
  ASSERT_NE(ig, arrays->end());
  EXPECT_EQ(ig->second.dtype(), DType::kFloat64);
  EXPECT_EQ(ig->second.shape(), (Shape{2, 3}));
  EXPECT_THAT(ig->second.data<double>(), ElementsAre(0.75, -2, 0.5, 5.25, 2, 0.75));
  const auto x = arrays->find("x.x");
  ASSERT_NE(x, arrays->end());
  EXPECT_EQ(x->second.dtype(), DType::kFloat32);
  EXPECT_THAT(x->second.data<float>(), ElementsAre(1, 1, 1, 4, -1, 2));
}

TEST(NpzTest, ReadsTheNumbersOfEveryModelUnderTest) {
  int files = 0;
  for (const auto& model :
       std::filesystem::directory_iterator(std::string(WHYLIGHT_SOURCE_DIR) + "/tests/models")) {
    const std::filesystem::path path = model.path() / "expected.npz";
    if (!std::filesystem::exists(path)) continue;
    const Result<NpzArrays> arrays = ReadNpz(path);
    ASSERT_TRUE(arrays.ok()) << arrays.status().message();
    EXPECT_FALSE(arrays->empty()) << path;
    ++files;
  }
  EXPECT_GT(files, 40);
}

TEST(NpzTest, ReadsStringsAndDropsTheirPadding) {
  const Result<NpzArrays> arrays = ParseNpz(ZipOf(Npy(Header("|S3", "(2, 2)"), std::string("abc"
                                                                                           "d\0\0"
                                                                                           "\0\0\0"
                                                                                           "e\0f",
                                                                                           12))));
  ASSERT_TRUE(arrays.ok()) << arrays.status().message();
  const Tensor& x = arrays->at("x");
  EXPECT_EQ(x.shape(), (Shape{2, 2}));
  EXPECT_THAT(x.strings(), ElementsAre("abc", "d", "", std::string("e\0f", 3)));
}

TEST(NpzTest, FindsTheDirectoryBeforeAComment) {
  const Result<NpzArrays> arrays =
      ParseNpz(Zip(Stored(Npy(Header("|u1", "()"), "\x07")), "PK\5\6 is no directory"));
  ASSERT_TRUE(arrays.ok()) << arrays.status().message();
  EXPECT_EQ(arrays->at("x"), Tensor::Scalar<std::uint8_t>(7));
}

TEST(NpzTest, AnArchiveOfNothingHasNoArrays) {
  const Result<NpzArrays> arrays = ParseNpz("PK\5\6" + Bytes(0, 18));
  ASSERT_TRUE(arrays.ok()) << arrays.status().message();
  EXPECT_TRUE(arrays->empty());
}

TEST(NpzTest, AnyByteButZeroIsTrue) {
  const Result<NpzArrays> arrays =
      ParseNpz(ZipOf(Npy(Header("|b1", "(3,)"), std::string("\0\1\xFE", 3))));
  ASSERT_TRUE(arrays.ok()) << arrays.status().message();
  EXPECT_THAT(arrays->at("x").data<bool>(), ElementsAre(false, true, true));
}

struct NumberCase {
  const char* name;
  const char* descr;
  std::string data;
  DType dtype;
  double value;
};
void PrintTo(const NumberCase& c, std::ostream* os) { *os << c.name; }

class NpzNumberTest : public testing::TestWithParam<NumberCase> {};

TEST_P(NpzNumberTest, ReadsOneNumber) {
  const Result<NpzArrays> arrays =
      ParseNpz(ZipOf(Npy(Header(GetParam().descr, "(1, 1)"), GetParam().data)));
  ASSERT_TRUE(arrays.ok()) << arrays.status().message();
  const Tensor& x = arrays->at("x");
  EXPECT_EQ(x.dtype(), GetParam().dtype);
  EXPECT_EQ(x.shape(), (Shape{1, 1}));
  EXPECT_EQ(x.Number(0), GetParam().value);
}
INSTANTIATE_TEST_SUITE_P(
    , NpzNumberTest,
    testing::Values(NumberCase{"f2", "<f2", Bytes(0xC100, 2), DType::kFloat16, -2.5},
                    NumberCase{"f4", "<f4", Bytes(0xC0200000, 4), DType::kFloat32, -2.5},
                    NumberCase{"f8", "<f8", Bytes(0xC004000000000000, 8), DType::kFloat64, -2.5},
                    NumberCase{"i1", "|i1", Bytes(0xFE, 1), DType::kInt8, -2},
                    NumberCase{"i2", "<i2", Bytes(0xFFFE, 2), DType::kInt16, -2},
                    NumberCase{"i4", "<i4", Bytes(0xFFFFFFFE, 4), DType::kInt32, -2},
                    NumberCase{"i8", "<i8", Bytes(~std::uint64_t{1}, 8), DType::kInt64, -2},
                    NumberCase{"u1", "|u1", Bytes(0xFE, 1), DType::kUInt8, 254},
                    NumberCase{"u2", "<u2", Bytes(0xFFFE, 2), DType::kUInt16, 65534},
                    NumberCase{"u4", "<u4", Bytes(0xFFFFFFFE, 4), DType::kUInt32, 4294967294},
                    NumberCase{"u8", "<u8", Bytes(1ull << 40, 8), DType::kUInt64, 1ull << 40},
                    NumberCase{"b1", "|b1", Bytes(1, 1), DType::kBool, 1}),
    [](const auto& row) { return row.param.name; });

struct BadCase {
  const char* name;
  std::string archive;
  StatusCode code;
  const char* message;
};
void PrintTo(const BadCase& c, std::ostream* os) { *os << c.name; }

class NpzBadTest : public testing::TestWithParam<BadCase> {};

TEST_P(NpzBadTest, IsRefused) {
  const Result<NpzArrays> arrays = ParseNpz(GetParam().archive);
  ASSERT_FALSE(arrays.ok());
  EXPECT_EQ(arrays.status().code(), GetParam().code);
  EXPECT_THAT(arrays.status().message(), HasSubstr(GetParam().message));
}

std::string BadNpy(const std::string& descr, const std::string& shape,
                   const std::string& data = "") {
  return ZipOf(Npy(Header(descr, shape), data));
}

const std::string kOne = Npy(Header("|u1", "(1,)"), "\x01");
constexpr StatusCode kDamaged = StatusCode::kDataLoss, kOther = StatusCode::kUnimplemented;

INSTANTIATE_TEST_SUITE_P(
    , NpzBadTest,
    testing::Values(
        BadCase{"empty", "", kDamaged, "not a whole zip archive"},
        BadCase{"noise", std::string(400, 'P'), kDamaged, "not a whole zip archive"},
        BadCase{"directory_beyond_end",
                "PK\5\6" + Bytes(0, 4) + Bytes(1, 2) + Bytes(1, 2) + Bytes(46, 4) +
                    Bytes(0xFFFFFFF0, 4) + Bytes(0, 2),
                kDamaged, "directory"},
        BadCase{"encrypted", Zip({.content = kOne, .crc = 0, .size = kOne.size(), .flags = 1}),
                kOther, "x.npy: is encrypted"},
        BadCase{"other_method", Zip({.content = kOne, .crc = 0, .size = kOne.size(), .method = 12}),
                kOther, "x: zip method 12"},
        BadCase{"zip64", Zip({.content = kOne, .crc = 0, .size = 0xFFFFFFFF}), kOther, "zip64"},
        BadCase{"wrong_crc", Zip({.content = kOne, .crc = 1, .size = kOne.size()}), kDamaged,
                "x: its CRC"},
        BadCase{"stored_size_differs", Zip({.content = kOne, .crc = 0, .size = 1}), kDamaged,
                "x: damaged"},
        // 4 GB said to come out of 80 bytes: refused before anything is allocated.
        BadCase{"bomb", Zip({.content = kOne, .crc = 0, .size = 0xFFFFFFFE, .method = 8}), kDamaged,
                "x: damaged"},
        BadCase{"not_deflate", Zip({.content = kOne, .crc = 0, .size = kOne.size(), .method = 8}),
                kDamaged, "x: damaged"},
        BadCase{"not_npy", ZipOf("NUMPY? no: plain text"), kDamaged, "x: not a .npy file"},
        BadCase{"short_npy", ZipOf("\x93NUMPY"), kDamaged, "x: not a .npy file"},
        BadCase{"version_2", ZipOf("\x93NUMPY" + Bytes(2, 2) + Bytes(0, 4)), kOther,
                "x: .npy version 2"},
        BadCase{"header_cut", ZipOf("\x93NUMPY" + Bytes(1, 2) + Bytes(500, 2) + "{}"), kDamaged,
                "x: the .npy header is cut off"},
        BadCase{"empty_header", ZipOf(Npy("{}", "")), kDamaged, "lacks descr"},
        BadCase{"key_at_end", ZipOf(Npy("'descr':'fortran_order':'shape':", "")), kDamaged, "x: "},
        BadCase{"fortran",
                ZipOf(Npy("{'descr': '<f4', 'fortran_order': True, 'shape': (0,), }", "")), kOther,
                "x: Fortran order"},
        BadCase{"record",
                ZipOf(Npy("{'descr': [('a', '<f4')], 'fortran_order': False, "
                          "'shape': (0,), }",
                          "")),
                kOther, "x: records"},
        BadCase{"pickled", BadNpy("|O", "(1,)"), kOther, "x: dtype '|O'"},
        BadCase{"big_endian", BadNpy(">f4", "(1,)", "1234"), kOther, "x: dtype '>f4'"},
        BadCase{"no_width", BadNpy("|S", "(1,)"), kDamaged, "'|S' is no dtype"},
        BadCase{"width_zero", BadNpy("|S0", "(1,)"), kDamaged, "'|S0' is no dtype"},
        BadCase{"width_huge", BadNpy("|S99999999999999999999", "(1,)"), kDamaged, "no dtype"},
        BadCase{"width_overflows", BadNpy("|S18446744073709551615", "(2,)"), kDamaged, "no dtype"},
        BadCase{"shape_negative", BadNpy("<f4", "(-1,)"), kDamaged, "no usable shape"},
        BadCase{"shape_word", BadNpy("<f4", "(a,)"), kDamaged, "no usable shape"},
        BadCase{"shape_comma_first", BadNpy("<f4", "(,1)"), kDamaged, "no usable shape"},
        BadCase{"shape_no_comma", BadNpy("<f4", "(1(2)"), kDamaged, "no usable shape"},
        BadCase{"shape_open", BadNpy("<f4", "(1,"), kDamaged, "no usable shape"},
        BadCase{"shape_overflows", BadNpy("<f4", "(4294967296, 4294967296, 0)"), kDamaged,
                "no usable shape"},
        BadCase{"rank_65",
                BadNpy(
                    "|u1",
                    "(" +
                        [] {
                          std::string axes;
                          for (int i = 0; i < 65; ++i) axes += "1,";
                          return axes;
                        }() +
                        ")",
                    "1"),
                kDamaged, "no usable shape"},
        BadCase{"too_few_bytes", BadNpy("<f4", "(2,)", "1234"), kDamaged,
                "shape [2] needs 8 bytes, the file holds 4"},
        BadCase{"too_many_bytes", BadNpy("<f4", "()", "12345"), kDamaged, "needs 4 bytes"},
        BadCase{"too_few_strings", BadNpy("|S5", "(2,)", "12345"), kDamaged, "needs 10 bytes"}),
    [](const auto& row) { return row.param.name; });

TEST(NpzTest, AFileThatIsNotThereIsNotFound) {
  const Result<NpzArrays> arrays = ReadNpz("/nowhere/at/all.npz");
  ASSERT_FALSE(arrays.ok());
  EXPECT_EQ(arrays.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(arrays.status().message(), HasSubstr("/nowhere/at/all.npz"));
}

TEST(NpzTest, EveryPrefixOfAnArchiveIsRefused) {
  const std::string whole = ZipOf(Npy(Header("<f4", "(2,)"), "12345678"));
  ASSERT_TRUE(ParseNpz(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseNpz(whole.substr(0, size)).ok()) << size << " bytes";
  }
}

// Sanitizers watch: a changed byte may be refused or may stand in a field nobody reads.
TEST(NpzTest, NoChangedByteCrashesIt) {
  constexpr unsigned kSeed = 7;
  std::mt19937 random(kSeed);
  const std::string whole = ZipOf(Npy(Header("|S2", "(2, 1)"), "1234"));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int i = 0; i < 16; ++i) {
      std::string changed = whole;
      changed[at] = static_cast<char>(random());
      const Result<NpzArrays> arrays = ParseNpz(changed);
      if (!arrays.ok()) {
        EXPECT_NE(arrays.status().message(), "") << "seed " << kSeed << ", byte " << at;
      }
    }
  }
}

}  // namespace
}  // namespace whylight

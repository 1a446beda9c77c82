#include <gtest/gtest.h>

#include "util/base64.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

TEST(SplitTest, KeepsEmptyPieces) {
  EXPECT_EQ(Split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(Split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(Split(",", ','), (std::vector<std::string_view>{"", ""}));
}

TEST(TrimTest, CutsBothEnds) {
  EXPECT_EQ(Trim(" \ta b\r\n"), "a b");
  EXPECT_EQ(Trim(" \n"), "");
}

TEST(JoinTest, PutsTheSeparatorBetween) {
  EXPECT_EQ(Join(std::vector<std::string>{"age", "job"}, ", "), "age, job");
  EXPECT_EQ(Join(std::vector<std::string>{}, ", "), "");
}

TEST(EqualsIgnoreCaseTest, ComparesAsciiOnly) {
  EXPECT_TRUE(EqualsIgnoreCase("Input_Name", "input_nAME"));
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
}

struct Utf8Case {
  const char* name;
  std::string text;
  std::optional<std::size_t> bad_at;
};
void PrintTo(const Utf8Case& c, std::ostream* os) { *os << c.name; }
class Utf8Test : public testing::TestWithParam<Utf8Case> {};
TEST_P(Utf8Test, FindsTheFirstBadByte) {
  EXPECT_EQ(FindInvalidUtf8(GetParam().text), GetParam().bad_at);
}
INSTANTIATE_TEST_SUITE_P(
    , Utf8Test,
    testing::Values(Utf8Case{"empty", "", std::nullopt},
                    Utf8Case{"one_to_four_bytes", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", {}},
                    Utf8Case{"nul", std::string("a\0b", 3), std::nullopt},
                    Utf8Case{"stray_continuation", "ab\x80", 2},
                    Utf8Case{"truncated_at_the_end", "a\xe2\x82", 1},
                    Utf8Case{"overlong_slash", "\xc0\xaf", 0},
                    Utf8Case{"overlong_three_bytes", "\xe0\x80\xaf", 0},
                    Utf8Case{"surrogate", "\xed\xa0\x80", 0},
                    Utf8Case{"above_10ffff", "\xf4\x90\x80\x80", 0},
                    Utf8Case{"latin1", "caf\xe9", 3}),
    [](const auto& row) { return row.param.name; });

TEST(PrintableTest, IsOneLineAndCutAtACharacter) {
  EXPECT_EQ(Printable("a\nb\xff"), "a\\x0ab\\xff");
  EXPECT_EQ(Printable("abcdef", 3), "abc...");
  EXPECT_EQ(Printable("ab\xc3\xa9", 3), "ab...");
  EXPECT_EQ(Printable("abc", 3), "abc");
}

TEST(Base64Test, MatchesTheVectorsOfRfc4648) {
  const std::pair<std::string, std::string> kRows[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : kRows) {
    EXPECT_EQ(Base64Encode(bytes), text);
    const Result<std::string> decoded = Base64Decode(text);
    ASSERT_TRUE(decoded.ok()) << decoded.status().message();
    EXPECT_EQ(*decoded, bytes);
  }
}

TEST(Base64Test, ReadsEveryByteInBothAlphabets) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  std::string text = Base64Encode(bytes);
  EXPECT_EQ(*Base64Decode(text), bytes);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  EXPECT_EQ(*Base64Decode(text), bytes);
  while (text.back() == '=') text.pop_back();
  EXPECT_EQ(*Base64Decode(text), bytes);
}

struct BadBase64Case {
  const char* name;
  std::string text;
  const char* message;
};
void PrintTo(const BadBase64Case& c, std::ostream* os) { *os << c.name; }
class BadBase64Test : public testing::TestWithParam<BadBase64Case> {};
TEST_P(BadBase64Test, IsRefusedWithItsOffset) {
  const Result<std::string> decoded = Base64Decode(GetParam().text);
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(decoded.status().message().find(GetParam().message), std::string::npos)
      << decoded.status().message();
}
INSTANTIATE_TEST_SUITE_P(
    , BadBase64Test,
    testing::Values(BadBase64Case{"space", "Zm 9", "offset 2"},
                    BadBase64Case{"line_break", "Zm9v\nZm9v", "offset 4"},
                    BadBase64Case{"mixed_alphabets", "+-AA",
                                  "offset 0: not a character of the URL"},
                    BadBase64Case{"one_character", "Z", "truncated"},
                    BadBase64Case{"padding_inside", "Zg==Zg==", "'=' before the end"},
                    BadBase64Case{"half_padding", "Zg=", "wrong padding"},
                    BadBase64Case{"padding_alone", "====", "wrong padding"},
                    BadBase64Case{"bits_left_over", "Zh==", "bits after the last byte"},
                    BadBase64Case{"nul", std::string("Zm\0v", 4), "offset 2"}),
    [](const auto& row) { return row.param.name; });

TEST(EditDistanceTest, CountsTheLeastChanges) {
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("age", "aeg"), 1u);  // A swap of neighbours is one change.
  EXPECT_EQ(EditDistance("same", "same"), 0u);
}

TEST(SuggestTest, NamesTheSlipAndNothingElse) {
  const std::vector<std::string> kNames = {"age", "job", "input_tensor_name"};
  EXPECT_EQ(Suggest("agee", kNames), "age");
  EXPECT_EQ(Suggest("Age", kNames), "age");
  EXPECT_EQ(Suggest("inputTensorName", kNames), "input_tensor_name");
  EXPECT_EQ(Suggest("input_tensor_nam", kNames), "input_tensor_name");
  EXPECT_EQ(Suggest("height", kNames), "");
  EXPECT_EQ(Suggest("", kNames), "");
  EXPECT_EQ(Suggest(std::string(1 << 20, 'a'), kNames), "");
  EXPECT_EQ(DidYouMean("salary", kNames), "");
  EXPECT_EQ(DidYouMean("joob", kNames), " (did you mean 'job'?)");
}

}  // namespace
}  // namespace whylight

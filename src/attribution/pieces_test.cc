#include "attribution/pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whylight {
namespace {

using Pieces = std::vector<std::string_view>;

struct Case {
  const char* name;
  PieceKind kind;
  std::string_view text;
  Pieces want;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }
class PiecesTest : public testing::TestWithParam<Case> {};

TEST_P(PiecesTest, SplitsSoThatJoiningAllGivesTheText) {
  const Case& c = GetParam();
  const Pieces pieces = SplitIntoPieces(c.text, c.kind);
  EXPECT_EQ(pieces, c.want);
  EXPECT_EQ(JoinPieces(pieces, std::vector<bool>(pieces.size(), true)), c.text);
  EXPECT_EQ(JoinPieces(pieces, std::vector<bool>(pieces.size(), false)), "");
}

constexpr PieceKind kLines = PieceKind::kLines;
constexpr PieceKind kWords = PieceKind::kWords;
using namespace std::string_view_literals;

INSTANTIATE_TEST_SUITE_P(
    , PiecesTest,
    testing::Values(
        Case{"lines_empty", kLines, "", {}}, Case{"lines_one_without_end", kLines, "a b", {"a b"}},
        Case{"lines_keep_their_ends", kLines, "a\nb\n", {"a\n", "b\n"}},
        Case{"lines_of_all_systems", kLines, "a\r\nb\rc\nd", {"a\r\n", "b\r", "c\n", "d"}},
        Case{"lines_empty_ones", kLines, "\n\n\r\n", {"\n", "\n", "\r\n"}},
        Case{"lines_end_in_return", kLines, "a\r", {"a\r"}}, Case{"words_empty", kWords, "", {}},
        Case{"words_one", kWords, "word", {"word"}},
        Case{"words_keep_the_space_behind", kWords, "a  big\tdog ", {"a  ", "big\t", "dog "}},
        Case{"words_first_keeps_the_space_before", kWords, "  a b", {"  a ", "b"}},
        Case{"words_whitespace_alone", kWords, " \n ", {" \n "}},
        Case{"words_ideographic_space", kWords, "東京\u3000大阪", {"東京\u3000", "大阪"}},
        Case{"words_no_break_and_thin_space",
             kWords,
             "a\u00a0b\u2009c",
             {"a\u00a0", "b\u2009", "c"}},
        Case{"words_accents_are_no_space", kWords, "café à", {"café ", "à"}},
        Case{"words_bytes_that_are_not_text",
             kWords,
             "\xff\xc2 \xe2\x80",
             {"\xff\xc2 ", "\xe2\x80"}},
        Case{"words_null_byte", kWords, "a\0b c"sv, {"a\0b "sv, "c"}}),
    [](const auto& row) { return row.param.name; });

TEST(JoinPieces, RemovesAbsentPiecesWithoutATrace) {
  const Pieces pieces = SplitIntoPieces("not a good film", kWords);
  EXPECT_EQ(JoinPieces(pieces, {false, true, true, true}), "a good film");
  EXPECT_EQ(JoinPieces(pieces, {true, false, false, true}), "not film");
}

TEST(PieceKindFromName, KnowsBothAndNamesThem) {
  EXPECT_EQ(*PieceKindFromName("lines"), kLines);
  EXPECT_EQ(*PieceKindFromName("words"), kWords);
  EXPECT_THAT(PieceKindFromName("Words").status().message(),
              testing::HasSubstr("expected 'lines' or 'words', got 'Words'"));
}

}  // namespace
}  // namespace whylight

#include "render/terminal_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace whylight {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Draw(const std::vector<std::string>& tokens, const std::vector<double>& attributions,
                 TerminalTextOptions options = {}) {
  return DrawTokensInTerminal(tokens, attributions, options);
}

constexpr TerminalTextOptions kColorless{.columns = 12, .colors = ColorDepth::kNone};

TEST(TerminalTextTest, PushesUpAreUnderlinedAndGreenPushesDownPink) {
  // The map's ends: #276419 is dark, #8e0152 too.
  EXPECT_EQ(Draw({"good", " ", "bad"}, {1, 0, -1}),
            "\x1b[4m\x1b[38;2;255;255;255m\x1b[48;2;39;100;25mgood\x1b[0m "
            "\x1b[38;2;255;255;255m\x1b[48;2;142;1;82mbad\x1b[0m\n");
}

TEST(TerminalTextTest, AQuarterOfTheGreatestIsHalfWayInTheMap) {
  EXPECT_EQ(Draw({"a", "b"}, {4, 1}),
            Draw({"a"}, {1}).substr(0, Draw({"a"}, {1}).size() - 1) +
                "\x1b[4m\x1b[38;2;0;0;0m\x1b[48;2;156;207;100mb\x1b[0m\n");
}

TEST(TerminalTextTest, LettersAreReadableOnEveryColour) {
  EXPECT_THAT(Draw({"a", "b"}, {1, 1e-6}), HasSubstr("\x1b[38;2;0;0;0m")) << "near white";
}

TEST(TerminalTextTest, WithoutColoursTheTextStands) {
  EXPECT_EQ(Draw({"one ", "two"}, {1, -1}, kColorless), "one two\n");
}

TEST(TerminalTextTest, LinesBreakAtTokens) {
  EXPECT_EQ(Draw({"one two ", "three ", "four"}, {1, 1, 1}, kColorless), "one two \nthree four\n");
  EXPECT_EQ(Draw({"if x:\n", "  y\r\n", "z"}, {1, 1, 1}, kColorless), "if x:\n  y\nz\n");
}

TEST(TerminalTextTest, ALongTokenIsCut) {
  EXPECT_EQ(Draw({"abcdefghijklmnop"}, {1}, kColorless), "abcdefghi...\n");
}

TEST(TerminalTextTest, NothingThatATerminalWouldObeyPassesThrough) {
  EXPECT_THAT(Draw({"a\x1b[2J\xff"}, {1}), Not(HasSubstr("\x1b[2J")));
  EXPECT_THAT(Draw({"a\x1b[2J\xff"}, {1}), HasSubstr("a\\x1b[2J\\xff"));
}

TEST(TerminalTextTest, WhatIsNoNumberHasNoColour) {
  EXPECT_EQ(Draw({"a"}, {std::numeric_limits<double>::quiet_NaN()}), "a\n");
  EXPECT_EQ(Draw({}, {}), "");
}

}  // namespace
}  // namespace whylight

#include "util/quote.h"

#include <gtest/gtest.h>

namespace whylight {
namespace {

TEST(Quote, KeepsAMessageOnOneLine) {
  EXPECT_EQ(Quote("models/wine"), "'models/wine'");
  EXPECT_EQ(Quote("a\nb\tc\x7f"), "'a\\nb\\x09c\\x7f'");
  EXPECT_EQ(Quote("it's \\"), "'it\\'s \\\\'");
  EXPECT_EQ(Quote("größe"), "'größe'");
  EXPECT_EQ(Quote(""), "''");
}

}  // namespace
}  // namespace whylight

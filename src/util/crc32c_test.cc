#include "util/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace whylight {
namespace {

TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
  std::string ascending(32, '\0'), descending(32, '\0');
  for (std::size_t i = 0; i < 32; ++i) {
    ascending[i] = static_cast<char>(i);
    descending[i] = static_cast<char>(31 - i);
  }
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(Crc32c(ascending), 0x46DD794Eu);
  EXPECT_EQ(Crc32c(descending), 0x113FDB5Cu);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32c, ContinuesAtEveryBorder) {
  const std::string_view text = "a checkpoint's data, of a length that is no multiple of eight";
  for (std::size_t i = 0; i <= text.size(); ++i) {
    EXPECT_EQ(Crc32c(text.substr(i), Crc32c(text.substr(0, i))), Crc32c(text)) << "at " << i;
  }
}

TEST(Crc32c, UnmaskUndoesMask) {
  for (const std::uint32_t crc : {0u, 1u, 0x46DD794Eu, 0xFFFFFFFFu}) {
    EXPECT_NE(MaskCrc32c(crc), crc);
    EXPECT_EQ(UnmaskCrc32c(MaskCrc32c(crc)), crc);
  }
}

}  // namespace
}  // namespace whylight

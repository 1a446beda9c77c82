#include "runtime/tensorflow/config.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "util/system.h"

namespace whylight::tf {
namespace {

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

struct Case {
  const char* name;
  SessionOptions options;
  const char* hex;  // ConfigProto.SerializeToString(deterministic=True) in TensorFlow 2.21.
};
void PrintTo(const Case& row, std::ostream* os) { *os << row.name; }

class SessionConfigTest : public testing::TestWithParam<Case> {};

TEST_P(SessionConfigTest, IsWhatTensorFlowsPythonWrites) {
  const Result<std::string> config = SessionConfig(GetParam().options);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(Hex(*config), GetParam().hex);
}
INSTANTIATE_TEST_SUITE_P(
    , SessionConfigTest,
    testing::Values(
        // device_count GPU 0; opt_level L0; disable_meta_optimizer
        Case{"cpu_as_given",
             {.threads = 3},
             "0a070a034750551000100328033801480152121a0b18ffffffffffffffffff015203980101"},
        // allow_growth
        Case{"gpu_optimized",
             {.threads = 300, .optimize = true, .device = "gpu"},
             "10ac0228ac023202200138014801"}),
    [](const auto& row) { return row.param.name; });

TEST(SessionConfigThreadsTest, AreTheAllowedCoresByDefault) {
  EXPECT_EQ(*SessionConfig({}), *SessionConfig({.threads = AllowedCores()}));
  EXPECT_EQ(SessionConfig({.threads = -1}).status(),
            InvalidArgument("threads: expected 0 or more, got -1"));
}

TEST(DeviceChoiceTest, NamesTheDevice) {
  EXPECT_EQ(ParseDevice("cpu")->name(), "/device:CPU:0");
  EXPECT_EQ(ParseDevice("gpu")->name(), "/device:GPU:0");
  EXPECT_EQ(ParseDevice("gpu:12")->name(), "/device:GPU:12");
  EXPECT_EQ(ParseDevice("gpu:").status(),
            InvalidArgument("device: expected cpu, gpu or gpu:N, got \"gpu:\""));
}

}  // namespace
}  // namespace whylight::tf

#include "util/sha256.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace whylight {
namespace {

struct Case {
  const char* name;
  std::string data;
  const char* digest;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class Sha256Test : public testing::TestWithParam<Case> {};

TEST_P(Sha256Test, IsTheStandardsDigest) {
  EXPECT_EQ(Sha256Hex(GetParam().data), GetParam().digest);
}

// FIPS 180-4's examples, and lengths around a block's end as `sha256sum` digests them.
INSTANTIATE_TEST_SUITE_P(
    , Sha256Test,
    testing::Values(
        Case{"empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        Case{"abc", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        Case{"two_blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
             "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        Case{"length_just_fits", std::string(55, 'a'),
             "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
        Case{"length_does_not_fit", std::string(56, 'a'),
             "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
        Case{"whole_block", std::string(64, 'a'),
             "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
        Case{"million", std::string(1'000'000, 'a'),
             "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight

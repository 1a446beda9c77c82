#include "model/keys.h"

#include <cstddef>
#include <string_view>

#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

std::string Letters(std::string_view text) {
  std::string letters = AsciiLower(text);
  std::erase_if(letters, [](char c) { return c == '-' || c == '_' || c == '.' || c == ' '; });
  return letters;
}

bool IsNearMiss(const std::string& key, std::string_view exact) {
  constexpr std::size_t kMaxKeyBytes = 40;  // A longer one is no slip, and distances are dear.
  return key != exact && key.size() < kMaxKeyBytes &&
         EditDistance(Letters(key), Letters(exact)) <= 1;
}

}  // namespace

std::string MeantKey(const std::string& key) {
  if (key == kModelKey || key == kPreprocessKey) return {};
  for (const char* exact : {kModelKey, kPreprocessKey}) {
    if (IsNearMiss(key, exact)) return exact;
  }
  return {};
}

}  // namespace whylight

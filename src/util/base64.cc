#include "util/base64.h"

#include <array>
#include <cstdint>

namespace whylight {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> DigitTable(std::string_view last_two) {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNoDigit);
  for (std::size_t i = 0; i < 62; ++i) {
    table[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  table[static_cast<std::uint8_t>(last_two[0])] = 62;
  table[static_cast<std::uint8_t>(last_two[1])] = 63;
  return table;
}
constexpr auto kStandardDigits = DigitTable("+/");
constexpr auto kUrlDigits = DigitTable("-_");

Status Invalid(std::size_t offset, std::string_view what) {
  return InvalidArgument("invalid base64 at offset " + std::to_string(offset) + ": " +
                         std::string(what));
}

}  // namespace

std::string Base64Encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<std::uint8_t>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kAlphabet[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

Result<std::string> Base64Decode(std::string_view text) {
  const bool is_url = text.find_first_of("-_") != std::string_view::npos;
  const auto& digits = is_url ? kUrlDigits : kStandardDigits;

  std::string_view body = text;
  if (const std::size_t padding = text.find('='); padding != std::string_view::npos) {
    if (text.find_first_not_of('=', padding) != std::string_view::npos) {
      return Invalid(padding, "'=' before the end");
    }
    if (text.size() % 4 != 0 || text.size() - padding > 2) {
      return Invalid(padding, "wrong padding");
    }
    body = text.substr(0, padding);
  }
  std::string bytes;
  bytes.reserve(body.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int bit_count = 0;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const std::uint8_t digit = digits[static_cast<std::uint8_t>(body[i])];
    if (digit == kNoDigit) {
      return Invalid(i, is_url ? "not a character of the URL alphabet" : "not a base64 character");
    }
    bits = (bits << 6 | digit) & 0xffffff;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes += static_cast<char>(bits >> bit_count & 0xff);
    }
  }
  if (bit_count == 6) return Invalid(body.size(), "truncated");
  if ((bits & ((1u << bit_count) - 1)) != 0) {
    return Invalid(body.size() - 1, "bits after the last byte");
  }
  return bytes;
}

}  // namespace whylight

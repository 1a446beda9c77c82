// Small text helpers that the standard library lacks.
//
// Threads No state.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace whylight {

// Pieces between the separators: "a,,b" gives "a", "", "b"; "" gives one empty piece.
std::vector<std::string_view> Split(std::string_view text, char separator);

// Without leading and trailing spaces, tabs, CR and LF.
std::string_view Trim(std::string_view text);

std::string Join(std::span<const std::string> pieces, std::string_view separator);

std::string AsciiLower(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);  // ASCII letters only.

// Offset of the first byte that is not part of well-formed UTF-8 (RFC 3629: no surrogates, no
// overlong forms, nothing above U+10FFFF); nullopt if all of `text` is well formed.
std::optional<std::size_t> FindInvalidUtf8(std::string_view text);
inline bool IsValidUtf8(std::string_view text) { return !FindInvalidUtf8(text).has_value(); }

// Characters, not bytes, so that columns line up.
std::size_t Columns(std::string_view text);

// For messages: at most `max_bytes` of `text`, cut at a character and ended by "...", with control
// characters and invalid UTF-8 as \xNN. Never more than a line.
std::string Printable(std::string_view text, std::size_t max_bytes = 60);

}  // namespace whylight

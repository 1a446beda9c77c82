#include "attribution/pieces.h"

#include <cstddef>

namespace whylight {
namespace {

// Bytes of the whitespace character at the start of `text`; 0 if there is none.
// The characters are those with Unicode's property White_Space.
std::size_t WhitespaceAt(std::string_view text) {
  constexpr std::string_view kOneByte = " \t\n\v\f\r";
  if (text.empty()) return 0;
  if (kOneByte.find(text[0]) != std::string_view::npos) return 1;
  for (const std::string_view space : {"\u0085", "\u00a0"}) {
    if (text.starts_with(space)) return space.size();
  }
  if (text.size() < 3) return 0;
  const std::string_view three = text.substr(0, 3);
  if (three >= "\u2000" && three <= "\u200a") return 3;
  for (const std::string_view space :
       {"\u1680", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"}) {
    if (three == space) return 3;
  }
  return 0;
}

std::size_t WhitespaceEnd(std::string_view text, std::size_t from) {
  while (const std::size_t length = WhitespaceAt(text.substr(from))) from += length;
  return from;
}

std::size_t WordEnd(std::string_view text, std::size_t from) {
  while (from < text.size() && WhitespaceAt(text.substr(from)) == 0) ++from;
  return from;
}

std::size_t LineEnd(std::string_view text, std::size_t from) {
  const std::size_t end = text.find_first_of("\r\n", from);
  if (end == std::string_view::npos) return text.size();
  return text.substr(end).starts_with("\r\n") ? end + 2 : end + 1;
}

}  // namespace

Result<PieceKind> PieceKindFromName(std::string_view name) {
  if (name == "lines") return PieceKind::kLines;
  if (name == "words") return PieceKind::kWords;
  return InvalidArgument("pieces: expected 'lines' or 'words', got '" + std::string(name) + "'");
}

std::vector<std::string_view> SplitIntoPieces(std::string_view text, PieceKind kind) {
  std::vector<std::string_view> pieces;
  for (std::size_t start = 0; start < text.size();) {
    std::size_t end;
    if (kind == PieceKind::kLines) {
      end = LineEnd(text, start);
    } else {
      // Only the first piece can begin with whitespace: others begin behind it.
      end = WhitespaceEnd(text, WordEnd(text, WhitespaceEnd(text, start)));
    }
    pieces.push_back(text.substr(start, end - start));
    start = end;
  }
  return pieces;
}

std::string JoinPieces(const std::vector<std::string_view>& pieces,
                       const std::vector<bool>& present) {
  WHYLIGHT_CHECK(pieces.size() == present.size());
  std::string text;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (present[i]) text += pieces[i];
  }
  return text;
}

}  // namespace whylight

// A text as pieces that can be left out, so that pieces can be players of a Shapley game.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "whylight/status.h"

namespace whylight {

enum class PieceKind {
  kLines,  // A line with its end: "\n", "\r\n" or "\r".
  kWords,  // A word with the whitespace (Unicode's) behind it; the first also with that before it.
};

// "lines" or "words". Errors: kInvalidArgument.
Result<PieceKind> PieceKindFromName(std::string_view name);

// Pieces whose concatenation is `text`, in order; none for an empty text. Bytes that are not UTF-8
// are parts of words. A text of whitespace alone is one piece.
// The pieces refer to the memory of `text`.
std::vector<std::string_view> SplitIntoPieces(std::string_view text, PieceKind kind);

// The concatenation of the pieces that are present; the others are removed without a trace.
// One flag for each piece (WHYLIGHT_CHECK).
std::string JoinPieces(const std::vector<std::string_view>& pieces,
                       const std::vector<bool>& present);

}  // namespace whylight

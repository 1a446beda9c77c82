// "Did you mean ...?"
//
// Threads No state.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace whylight {

// Least number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into
// `b`, no letter being touched twice (optimal string alignment). O(|a| |b|) time, O(|b|) memory.
std::size_t EditDistance(std::string_view a, std::string_view b);

// The candidate closest to `name`, case and the signs - _ . space aside, if it is close enough to
// be a slip: at most a third of the longer name's letters, or equal but for case and signs.
// Ties go to the earlier one. Empty: none is close.
std::string Suggest(std::string_view name, std::span<const std::string> candidates);

// " (did you mean 'age'?)", or empty if none is close. For the end of a message.
std::string DidYouMean(std::string_view name, std::span<const std::string> candidates);

}  // namespace whylight

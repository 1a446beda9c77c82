#include "util/edit_distance.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "util/strings.h"

namespace whylight {
namespace {

// Names longer than this are not slips of one another, and the table must stay small.
constexpr std::size_t kMaxName = 256;

std::string Folded(std::string_view name) {
  std::string folded = AsciiLower(name);
  std::erase_if(folded, [](char c) { return c == '_' || c == '-' || c == '.' || c == ' '; });
  return folded;
}

}  // namespace

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({substitute, last[j] + 1, now[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

std::string Suggest(std::string_view name, std::span<const std::string> candidates) {
  if (name.empty() || name.size() > kMaxName) return {};
  const std::string folded = Folded(name);
  std::size_t least = kMaxName;
  const std::string* best = nullptr;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kMaxName) continue;
    const std::string other = Folded(candidate);
    const std::size_t distance = EditDistance(folded, other);
    if (distance > std::max(folded.size(), other.size()) / 3 || distance >= least) continue;
    least = distance;
    best = &candidate;
  }
  return best == nullptr ? std::string() : *best;
}

std::string DidYouMean(std::string_view name, std::span<const std::string> candidates) {
  const std::string suggestion = Suggest(name, candidates);
  return suggestion.empty() ? std::string() : " (did you mean '" + suggestion + "'?)";
}

}  // namespace whylight

#include "batch/windows.h"

#include <algorithm>

namespace whylight {
namespace {

constexpr std::size_t kMaxRows = 2048;
constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
constexpr double kInstant = 0.25, kShort = 2, kLong = 8;  // Seconds.

std::size_t BytesOf(const Instance& instance) {
  std::size_t bytes = instance.source_json.size();
  for (const Tensor& value : instance.values) {
    bytes += value.bytes().size();
    for (const std::string& text : value.strings()) bytes += text.size();
  }
  return bytes;
}

}  // namespace

Result<std::vector<Instance>> WindowReader::Next() {
  std::vector<Instance> window;
  std::size_t bytes = 0;
  while (window.size() < rows_ && bytes < kMaxBytes) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::optional<Instance> instance, reader_.Next());
    if (!instance) break;
    bytes += BytesOf(*instance);
    window.push_back(*std::move(instance));
  }
  return window;
}

void WindowReader::Took(double seconds) {
  if (seconds < kShort) rows_ = std::min(kMaxRows, (seconds < kInstant ? 8 : 2) * rows_);
  if (seconds > kLong) rows_ = std::max<std::size_t>(1, rows_ / 2);
}

}  // namespace whylight

#include "cli/table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "explain/select.h"

namespace whylight {
namespace {

constexpr int kBarColumns = 24;

}  // namespace

std::string Signed(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%+.4g", value);
  return text;
}

std::string Colored(const std::string& text, double sign, const TableStyle& style) {
  if (style.colors == ColorDepth::kNone || text.empty()) return text;
  return (sign < 0 ? "\033[35m" : "\033[32m") + text + "\033[0m";
}

std::string Dim(const std::string& text, const TableStyle& style) {
  return style.colors == ColorDepth::kNone ? text : "\033[2m" + text + "\033[0m";
}

std::string Padded(const std::string& text, std::size_t columns) {
  return text + std::string(columns - std::min(columns, Columns(text)), ' ');
}

std::string Bar(double value, double largest) {
  if (largest <= 0) return "";
  const double eighths = std::abs(value) / largest * kBarColumns * 8;
  const int whole = static_cast<int>(eighths / 8);
  const int part = static_cast<int>(eighths) % 8;
  static constexpr const char* kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string bar;
  for (int i = 0; i < whole; ++i) bar += "█";
  return bar + kParts[part];
}

std::string ElementName(const FeatureAttribution& feature, std::size_t index) {
  if (!feature.element_names.empty()) return feature.element_names[index];
  if (feature.values.elements() == 1) return feature.name;
  const std::vector<std::int64_t> place =
      IndexOf(static_cast<std::int64_t>(index), feature.values.shape());
  return feature.name + "[" + IndexText(place) + "]";
}

}  // namespace whylight

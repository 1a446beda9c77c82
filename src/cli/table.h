// What tables for people at a terminal are made of.
#pragma once

#include <cstddef>
#include <string>

#include "render/terminal_image.h"
#include "util/strings.h"
#include "whylight/explainer.h"

namespace whylight {

struct TableStyle {
  ColorDepth colors = ColorDepth::kNone;
  int columns = 80;
};

std::string Signed(double value);  // "+0.1192": 4 significant digits.
std::string Colored(const std::string& text, double sign, const TableStyle& style);
std::string Dim(const std::string& text, const TableStyle& style);

std::string Padded(const std::string& text, std::size_t columns);
// As long as |value| beside the largest.
std::string Bar(double value, double largest);

// "petal_length", "flower[2]", "image[0,3,1]".
std::string ElementName(const FeatureAttribution& feature, std::size_t index);

}  // namespace whylight

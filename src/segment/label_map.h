// Which segment each pixel belongs to.
#pragma once

#include <cstdint>
#include <vector>

namespace whylight {

struct LabelMap {
  int width = 0;
  int height = 0;
  int count = 0;                     // Labels are below it.
  std::vector<std::int32_t> labels;  // height * width

  bool operator==(const LabelMap&) const = default;
};

}  // namespace whylight

// Neighbours: rows of data that a model sees alike.
#pragma once

#include <string>
#include <vector>

namespace whylight {

// How far a vector y is from x; less is nearer.
enum class Distance {
  kSquaredL2,   // sum of (x_i - y_i)^2
  kL1,          // sum of |x_i - y_i|
  kCosine,      // 1 - x.y / (|x| |y|); 1 where one of them is zero.
  kDotProduct,  // -x.y
};

// Tokens of a namespace: of an example those it has and those it shuns, of a query those it wants
// and those it does not.
struct Restriction {
  std::string name_space;
  std::vector<std::string> allow;
  std::vector<std::string> deny;
};

}  // namespace whylight

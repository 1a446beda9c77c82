// A written explanation (a line of explanation_json.h) read back as far as its pictures need it.
//
// Threads No state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/image.h"
#include "io/json.h"
#include "whylight/explainer.h"

namespace whylight {

struct PictureAnswer {
  std::string method;
  // As they were, but for what pictures do not need. A feature whose values are [H,W,1] or [H,W,3]
  // numbers, or that has regions, has for its input what the instance holds: numbers as they are,
  // {"b64": ...} of a JPEG or PNG as uint8. It is the member of the feature's name, else the only
  // one, else the only one that is a picture.
  std::vector<OutputAttribution> attributions;
};

// Errors  kInvalidArgument: no explanation; attributions that are pictures themselves (the answer
//         was made with --embed-images=service); an instance without the picture; damaged regions.
//         Each names its place.
Result<PictureAnswer> ReadPictureAnswer(const Json& line);

// The only {"b64": ...} of an instance that is a JPEG or PNG: a member, or the instance itself.
std::optional<Image> PictureFileIn(const Json& instance);

}  // namespace whylight

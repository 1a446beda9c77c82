// The pictures of an answer that was read back: what its attributions lie over.
//
// Threads No state.
#pragma once

#include <optional>

#include "explain/read_explanation.h"
#include "image/image.h"
#include "io/json.h"

namespace whylight {

// The only {"b64": ...} of an instance that is a JPEG or PNG: a member, or the instance itself.
std::optional<Image> PictureFileIn(const Json& instance);

// A feature whose values are [H,W,1] or [H,W,3] numbers, or [H,W], gets for its input what the
// instance holds: numbers as they are, {"b64": ...} of a JPEG or PNG as uint8. It is the member of
// the feature's name, else the only one, else the only one that is a picture.
// Errors  kInvalidArgument: an instance without the picture of a feature (for [H,W] only where it
//         has regions, since it may be none); the others have theirs.
Status FindPictures(AnsweredRow& row);

}  // namespace whylight

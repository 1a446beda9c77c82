// Writes a model's folder again, with another saved_model.pb.
#pragma once

#include <string>
#include <string_view>

#include "savedmodel/saved_model.h"

namespace whylight {

struct WriteModelOptions {
  // Files are one with the model's own where the file system can do that (hard links): no time, no
  // disk. A copy instead can be changed without changing the model.
  bool copy_files = false;
};

// `folder` becomes what the model's folder is, with `saved_model` as its saved_model.pb and without
// fingerprint.pb, which would be another model's. It appears whole or not at all; in a bucket its
// saved_model.pb comes last.
// Errors  kAlreadyExists: `folder` is there. kInvalidArgument: it lies inside the model's folder.
//         kResourceExhausted: the disk is full. Else as the file system says.
Status WriteModel(const SavedModel& model, std::string_view saved_model, const std::string& folder,
                  const WriteModelOptions& options = {});

// Replaces the model's saved_model.pb at one stroke: until then the old one is there. Removes
// fingerprint.pb.
// Errors  kFailedPrecondition: the model is a saved_model.pbtxt. Else as the file system says.
Status WriteModelInPlace(const SavedModel& model, std::string_view saved_model);

}  // namespace whylight

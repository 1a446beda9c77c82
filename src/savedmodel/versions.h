// How a folder shows that it holds a SavedModel, or versions of one. Private to savedmodel/.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "whylight/status.h"

namespace whylight {

inline constexpr char kBinaryName[] = "saved_model.pb";
inline constexpr char kTextName[] = "saved_model.pbtxt";
inline constexpr char kChunkedName[] = "saved_model.cpb";
inline constexpr std::array<const char*, 3> kModelFiles = {kBinaryName, kTextName, kChunkedName};

// Those named by a number ("1", "1700000000"), in ascending order.
std::vector<std::string> VersionsAmong(const std::vector<std::string>& folders);

// For an export base whose newest version holds no model: which of the others does.
// `model_path` gives the path of a version that holds one, else "".
Status NewestIsNoModel(const std::string& base, const std::vector<std::string>& versions,
                       const std::function<std::string(const std::string& version)>& model_path);

}  // namespace whylight

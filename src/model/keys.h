// Keys of signatures that have a meaning, and slips for them.
#pragma once

#include <string>

namespace whylight {

inline constexpr char kModelKey[] = "xai_model";
inline constexpr char kPreprocessKey[] = "xai_preprocess";
inline constexpr char kServingKey[] = "serving_default";

// What `key` is a slip of the keyboard or of memory for ("xai-model", "XAI_Model", "xai_modle"):
// xai_model or xai_preprocess; empty if it is neither, or one of them.
std::string MeantKey(const std::string& key);

}  // namespace whylight

#include "savedmodel/versions.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "util/quote.h"

namespace whylight {

std::vector<std::string> VersionsAmong(const std::vector<std::string>& folders) {
  std::vector<std::string> names;
  for (const std::string& name : folders) {
    const bool is_number =
        !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    if (is_number) names.push_back(name);
  }
  const auto significant = [](const std::string& name) {
    return std::string_view(name).substr(std::min(name.find_first_not_of('0'), name.size()));
  };
  std::ranges::sort(names, {}, [&](const std::string& name) {
    return std::pair(significant(name).size(), significant(name));
  });
  return names;
}

Status NewestIsNoModel(const std::string& base, const std::vector<std::string>& versions,
                       const std::function<std::string(const std::string& version)>& model_path) {
  std::string advice;
  for (const std::string& version : versions) {
    const std::string path = model_path(version);
    if (!path.empty()) {
      advice = "; version " + version + " does: give " + Quote(path) + " to use it";
    }
  }
  return NotFound(Quote(base) + ": its newest version " + versions.back() + " holds no " +
                  kBinaryName + advice);
}

}  // namespace whylight

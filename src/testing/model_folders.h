// Folders of models as cases of a test.
#pragma once

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace whylight {

struct ModelFolder {
  std::string name;
  std::filesystem::path path;
};
inline void PrintTo(const ModelFolder& folder, std::ostream* os) { *os << folder.name; }

// The folders in `roots` that have such a file, by name. A root that is not there has none.
inline std::vector<ModelFolder> FoldersWith(std::string_view file,
                                            const std::vector<std::filesystem::path>& roots) {
  std::vector<ModelFolder> folders;
  for (const std::filesystem::path& root : roots) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(root, error)) {
      if (!std::filesystem::exists(entry.path() / file)) continue;
      folders.push_back({entry.path().filename().string(), entry.path()});
    }
  }
  std::ranges::sort(folders, {}, &ModelFolder::name);
  return folders;
}

}  // namespace whylight

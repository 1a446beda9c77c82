// For tests: a folder that is removed at the end, and files in it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "savedmodel/text_format.h"

namespace whylight {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->test_suite_name()) + "." + test->name();
    for (char& c : name) c = c == '/' ? '_' : c;
    path_ = std::filesystem::path(testing::TempDir()) /
            ("whylight." + name + "." + std::to_string(getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name = "") const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }

  // Writes a file, with the folders above it; returns its path.
  std::string Write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream out(file, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

// A message written as text, in its wire form.
inline std::string Wire(std::string_view message, std::string_view text) {
  const MessageSchema* schema = FindMessage(message);
  if (schema == nullptr) {
    ADD_FAILURE() << "no message " << message;
    return {};
  }
  Result<std::string> wire = TextToWire(*schema, text);
  if (!wire.ok()) {
    ADD_FAILURE() << wire.status().message() << " in:\n" << text;
    return {};
  }
  return *wire;
}

inline std::string ModelPath(const std::string& name) {
  return std::string(WHYLIGHT_SOURCE_DIR) + "/tests/models/" + name + "/model";
}

}  // namespace whylight

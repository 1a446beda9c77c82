#include "testing/page.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace whylight {
namespace {

std::string PathOf(const std::string& page) {
  return std::string(WHYLIGHT_SOURCE_DIR) + "/docs/" + page;
}

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

struct Range {
  std::size_t begin = std::string::npos, end = std::string::npos;
  bool found() const { return begin != std::string::npos && end != std::string::npos; }
};

Range Find(const std::string& text, const std::string& part) {
  Range range;
  const std::size_t head = text.find("<!-- " + part + ":");
  if (head == std::string::npos) return range;
  range.begin = text.find('\n', head);
  if (range.begin == std::string::npos) return range;
  range.end = text.find("<!-- end of " + part + " -->", ++range.begin);
  return range;
}

// The first line in which they differ.
std::string Difference(const std::string& have, const std::string& want) {
  std::istringstream a(have), b(want);
  std::string left, right;
  for (int line = 1;; ++line) {
    const bool more_left = static_cast<bool>(std::getline(a, left));
    const bool more_right = static_cast<bool>(std::getline(b, right));
    if (!more_left && !more_right) return "nothing";
    if (more_left && more_right && left == right) continue;
    return "line " + std::to_string(line) + ":\n  the page   " + (more_left ? left : "(ends)") +
           "\n  the tables " + (more_right ? right : "(end)");
  }
}

}  // namespace

std::string PartOfPage(const std::string& page, const std::string& part) {
  const std::string text = Read(PathOf(page));
  const Range range = Find(text, part);
  return range.found() ? text.substr(range.begin, range.end - range.begin) : std::string();
}

testing::AssertionResult PageHolds(const std::string& page, const std::string& part,
                                   const std::string& text) {
  const std::string path = PathOf(page);
  std::string content = Read(path);
  const Range range = Find(content, part);
  if (!range.found()) {
    return testing::AssertionFailure() << path << " has no part '" << part << "'";
  }
  const std::string found = content.substr(range.begin, range.end - range.begin);
  if (found == text) return testing::AssertionSuccess();
  if (std::getenv("WHYLIGHT_WRITE_DOCS") != nullptr) {
    content.replace(range.begin, range.end - range.begin, text);
    std::ofstream file(path, std::ios::binary);
    file << content;
    file.close();
    if (file) return testing::AssertionSuccess();
    return testing::AssertionFailure() << path << " cannot be written";
  }
  return testing::AssertionFailure()
         << path << ", part '" << part
         << "', is not what the tables say (WHYLIGHT_WRITE_DOCS=1 and this test write it anew); "
         << Difference(found, text);
}

}  // namespace whylight

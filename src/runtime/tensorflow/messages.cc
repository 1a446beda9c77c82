#include "runtime/tensorflow/messages.h"

#include <algorithm>
#include <array>
#include <vector>

namespace whylight::tf {
namespace {

constexpr std::size_t kMaxBytes = 2000;
constexpr std::size_t kMaxNodes = 3;

// A line that begins so, and all lines after it, tell about Python or TensorFlow itself.
constexpr std::array<std::string_view, 5> kEnds = {
    "(1) ", "Original stack trace for", "Errors may have originated from",
    "Function call stack:", "Stack trace for op definition"};
constexpr std::array<std::string_view, 2> kDropped = {"Graph execution error:", "Hint: "};
// "Op type not registered 'X' in binary running on <host>. Make sure the Op and Kernel are ..."
constexpr std::string_view kUnknownOp = "Op type not registered '";
constexpr std::string_view kHostAndAdvice = " in binary running on ";
constexpr std::array<std::string_view, 3> kDroppedEndings = {
    "root error(s) found.", "successful operations.", "derived errors ignored."};

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// "{{node X}}" -> "node X"; "{{function_node F}} " -> "".
std::string WithoutBraces(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t open = text.find("{{");
    const std::size_t close = text.find("}}", open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    out += text.substr(0, open);
    const std::string_view inside = text.substr(open + 2, close - open - 2);
    text.remove_prefix(close + 2);
    if (inside.starts_with("function_node ")) {
      if (text.starts_with(' ')) text.remove_prefix(1);
    } else {
      out += inside;
    }
  }
  out += text;
  return out;
}

// The name in "{{node X}} = Op[...](...)" or "X".
std::string NodeName(std::string_view text) {
  std::string name = WithoutBraces(Trim(text));
  name.resize(std::min(name.size(), name.find(" = ")));
  constexpr std::string_view kNode = "node ";
  if (name.starts_with(kNode)) name.erase(0, kNode.size());
  return name;
}

// Takes every "[[...]]" out of the line and adds the names in them to `nodes`.
std::string TakeNodes(std::string_view line, std::vector<std::string>& nodes) {
  std::string rest;
  while (true) {
    const std::size_t open = line.find("[[{{");
    // Only a line of its own may hold a bare name: "[[1,2],[3,4]]" in a text is a value.
    const std::size_t start = open == std::string_view::npos && line.starts_with("[[") ? 0 : open;
    const std::size_t close = line.find("]]", start);
    if (start == std::string_view::npos || close == std::string_view::npos) break;
    std::string name = NodeName(line.substr(start + 2, close - start - 2));
    if (!name.empty() && std::ranges::find(nodes, name) == nodes.end()) {
      nodes.push_back(std::move(name));
    }
    rest += line.substr(0, start);
    line.remove_prefix(close + 2);
  }
  rest += line;
  return std::string(Trim(rest));
}

// "(0) INVALID_ARGUMENT: text" -> "text": the code is in the status.
std::string_view WithoutErrorNumber(std::string_view line) {
  constexpr std::string_view kFirst = "(0) ";
  if (!line.starts_with(kFirst)) return line;
  line.remove_prefix(kFirst.size());
  const std::size_t colon = line.find(": ");
  return colon == std::string_view::npos ? line : line.substr(colon + 2);
}

bool IsDropped(std::string_view line) {
  return std::ranges::any_of(kDropped, [&](auto start) { return line.starts_with(start); }) ||
         std::ranges::any_of(kDroppedEndings, [&](auto end) { return line.ends_with(end); });
}

void CutTo(std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return;
  std::size_t end = bytes - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  text += "...";
}

}  // namespace

std::string ReadableMessage(std::string_view message) {
  std::string text;
  std::vector<std::string> nodes;
  bool in_python_stack = false;  // From "Detected at node" to the line "Node: 'name'".
  for (std::string_view rest = message; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = Trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));

    if (std::ranges::any_of(kEnds, [&](auto start) { return line.starts_with(start); })) break;
    if (line.starts_with("Detected at node")) in_python_stack = true;
    if (in_python_stack) {
      in_python_stack = !line.starts_with("Node: ");
      continue;
    }
    if (line.empty() || IsDropped(line)) continue;
    line = WithoutErrorNumber(line);
    if (line.starts_with(kUnknownOp)) line = line.substr(0, line.find(kHostAndAdvice));
    const std::string words = WithoutBraces(TakeNodes(line, nodes));
    if (words.empty()) continue;
    if (!text.empty()) text += ' ';
    text += words;
  }
  // A message of dropped parts alone still says more than nothing.
  if (text.empty()) text = WithoutBraces(Trim(message.substr(0, message.find('\n'))));
  if (text.empty()) text = "TensorFlow gave no reason";
  CutTo(text, kMaxBytes);

  std::string where;
  for (std::size_t i = 0; i < std::min(nodes.size(), kMaxNodes); ++i) {
    where += (i == 0 ? " (node " : " in ") + nodes[i];
  }
  if (!where.empty()) where += ')';
  CutTo(where, kMaxBytes);
  return text + where;
}

}  // namespace whylight::tf

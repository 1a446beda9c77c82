// Reading JSON objects by a table of keys, collecting every problem instead of stopping at the
// first. Private to metadata/.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "whylight/json.h"
#include "whylight/metadata.h"

namespace whylight {

// "inputTensorName" -> "input_tensor_name", and back.
std::string SnakeCase(std::string_view camel);
std::string CamelCase(std::string_view snake);
bool IsCamelCase(std::string_view key);  // Begins small, has a capital, and no "_".

enum class KeyStyle {
  kAnyCase,       // Legacy: INPUTS is inputs.
  kCamelOrSnake,  // Vertex and parameters: both spellings of a field; null is an absent one.
};

class ProblemList {
 public:
  explicit ProblemList(ServiceLimits limits = ServiceLimits::kKept) : limits_(limits) {}

  void Error(std::string place, std::string message);
  void Warning(std::string place, std::string message);
  // `found` is beyond what the services take: "200", "1 to 100".
  void BeyondService(std::string place, const std::string& found, const std::string& range);
  // "expected a string, got a number"
  void WrongType(const std::string& place, std::string_view expected, const Json& got);

  // Each stores the value if it has the type, else a problem.
  void ReadString(const std::string& place, const Json& json, std::string* value);
  void ReadStrings(const std::string& place, const Json& json, std::vector<std::string>* value);
  void ReadBool(const std::string& place, const Json& json, bool* value);
  void ReadArray(const std::string& place, const Json& json, std::vector<Json>* value);
  bool ReadNumber(const std::string& place, const Json& json, double* value);
  // A problem if the services refuse so many baselines of one input.
  void CheckBaselines(const std::string& place, std::size_t count);

  std::vector<MetadataProblem>& problems() { return problems_; }

 private:
  ServiceLimits limits_;
  std::vector<MetadataProblem> problems_;
};

using MemberHandler = std::function<void(const std::string& place, const Json& value)>;
using MemberTable = std::vector<std::pair<std::string, MemberHandler>>;  // Keys in snake case.

// Calls the handler of each member, in the object's order. Unknown keys, keys given twice under two
// spellings, and a value that is no object are problems.
void ReadMembers(const std::string& place, const Json& json, KeyStyle style,
                 const MemberTable& table, ProblemList& problems);

Status ToStatus(const std::vector<MetadataProblem>& problems);

}  // namespace whylight

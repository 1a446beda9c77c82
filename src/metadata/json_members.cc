#include "metadata/json_members.h"

#include <algorithm>

#include "io/json_reader.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

std::string SnakeCase(std::string_view camel) {
  std::string snake;
  for (const char c : camel) {
    if (IsUpper(c)) {
      snake += '_';
      snake += static_cast<char>(c - 'A' + 'a');
    } else {
      snake += c;
    }
  }
  return snake;
}

std::string CamelCase(std::string_view snake) {
  std::string camel;
  bool is_next_upper = false;
  for (const char c : snake) {
    if (c == '_') {
      is_next_upper = true;
      continue;
    }
    camel += is_next_upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    is_next_upper = false;
  }
  return camel;
}

bool IsCamelCase(std::string_view key) {
  return !key.empty() && !IsUpper(key[0]) && std::ranges::any_of(key, IsUpper) &&
         key.find('_') == std::string_view::npos;
}

void ProblemList::Error(std::string place, std::string message) {
  problems_.push_back({.is_error = true, .place = std::move(place), .message = std::move(message)});
}

void ProblemList::BeyondService(std::string place, const std::string& found,
                                const std::string& range) {
  if (limits_ == ServiceLimits::kNoted) {
    return Warning(std::move(place), "the services take " + range + ", got " + found);
  }
  Error(std::move(place), "expected " + range + ", the services' range, got " + found +
                              "; --beyond-service-limits takes it");
}

void ProblemList::CheckBaselines(const std::string& place, std::size_t count) {
  constexpr std::size_t kServiceBaselines = 10;
  if (count <= kServiceBaselines) return;
  BeyondService(place, std::to_string(count),
                "at most " + std::to_string(kServiceBaselines) + " baselines");
}

void ProblemList::Warning(std::string place, std::string message) {
  problems_.push_back(
      {.is_error = false, .place = std::move(place), .message = std::move(message)});
}

void ProblemList::WrongType(const std::string& place, std::string_view expected, const Json& got) {
  Error(place, "expected " + std::string(expected) + ", got " + Describe(got));
}

void ProblemList::ReadString(const std::string& place, const Json& json, std::string* value) {
  if (!json.is_string()) return WrongType(place, "a string", json);
  *value = json.string();
}

void ProblemList::ReadStrings(const std::string& place, const Json& json,
                              std::vector<std::string>* value) {
  if (!json.is_array()) return WrongType(place, "a list of strings", json);
  for (std::size_t i = 0; i < json.array().size(); ++i) {
    ReadString(place + "[" + std::to_string(i) + "]", json.array()[i], &value->emplace_back());
  }
}

void ProblemList::ReadBool(const std::string& place, const Json& json, bool* value) {
  if (!json.is_bool()) return WrongType(place, "true or false", json);
  *value = json.boolean();
}

void ProblemList::ReadArray(const std::string& place, const Json& json, std::vector<Json>* value) {
  if (!json.is_array()) return WrongType(place, "a list", json);
  *value = json.array();
}

bool ProblemList::ReadNumber(const std::string& place, const Json& json, double* value) {
  if (!json.is_number()) {
    WrongType(place, "a number", json);
    return false;
  }
  *value = json.number();
  return true;
}

void ReadMembers(const std::string& place, const Json& json, KeyStyle style,
                 const MemberTable& table, ProblemList& problems) {
  if (!json.is_object()) return problems.WrongType(place, "an object", json);
  KeySet seen;
  for (const auto& [key, value] : json.object()) {
    const std::string at = place.empty() ? Printable(key, 120) : place + "." + Printable(key, 120);
    const std::string name = style == KeyStyle::kAnyCase ? AsciiLower(key) : SnakeCase(key);
    const auto row = std::ranges::find(table, name, &MemberTable::value_type::first);
    if (row == table.end()) {
      std::vector<std::string> names;
      for (const auto& [known, handler] : table) {
        names.push_back(IsCamelCase(key) ? CamelCase(known) : known);
      }
      const std::string suggestion = Suggest(key, names);
      problems.Error(at, suggestion.empty() ? "unknown key (known here: " + Join(names, ", ") + ")"
                                            : "unknown key; did you mean '" + suggestion + "'?");
    } else if (!seen.Insert(name)) {
      problems.Error(at, "given twice, under two spellings");
    } else if (style == KeyStyle::kCamelOrSnake && value.is_null()) {
      continue;  // As in every message of protobuf: the field is not set.
    } else {
      row->second(at, value);
    }
  }
}

Status ToStatus(const std::vector<MetadataProblem>& problems) {
  std::vector<std::string> lines;
  for (const MetadataProblem& problem : problems) {
    if (!problem.is_error) continue;
    lines.push_back(problem.place.empty() ? problem.message
                                          : problem.place + ": " + problem.message);
  }
  return lines.empty() ? OkStatus() : InvalidArgument(Join(lines, "\n"));
}

}  // namespace whylight

#include "batch/examples.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "batch/windows.h"
#include "io/json.h"
#include "io/json_reader.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr char kRestricts[] = "restricts";
constexpr char kCrowdingTag[] = "crowding_tag";

Status ReadTokens(const Json& value, const std::string& place, std::vector<std::string>& to) {
  const auto wrong = [&](const Json& got) {
    return InvalidArgument(place + ": expected a list of strings, got " + Describe(got));
  };
  if (!value.is_array()) return wrong(value);
  for (const Json& token : value.array()) {
    if (!token.is_string()) return wrong(token);
    to.push_back(token.string());
  }
  return OkStatus();
}

Result<Restriction> RestrictionOf(const Json& json, const std::string& place) {
  Restriction restriction;
  if (!json.is_object()) {
    return InvalidArgument(place + ": expected an object, got " + Describe(json));
  }
  for (const auto& [key, value] : json.object()) {
    const std::string at = place + "." + Printable(key);
    if (key == "namespace" && value.is_string()) {
      restriction.name_space = value.string();
    } else if (key == "allow") {
      WHYLIGHT_RETURN_IF_ERROR(ReadTokens(value, at, restriction.allow));
    } else if (key == "deny") {
      WHYLIGHT_RETURN_IF_ERROR(ReadTokens(value, at, restriction.deny));
    } else {
      return InvalidArgument(at + ": expected namespace (a string), allow and deny, got " +
                             Describe(value));
    }
  }
  return restriction;
}

Status ReadRestricts(const Json& json, std::vector<Restriction>& to) {
  if (!json.is_array()) {
    return InvalidArgument(std::string(kRestricts) + ": expected a list, got " + Describe(json));
  }
  for (std::size_t i = 0; i < json.array().size(); ++i) {
    WHYLIGHT_ASSIGN_OR_RETURN(
        Restriction restriction,
        RestrictionOf(json.array()[i], std::string(kRestricts) + "[" + std::to_string(i) + "]"));
    to.push_back(std::move(restriction));
  }
  return OkStatus();
}

// "42" of 42 and of "42".
Result<std::string> IdOf(std::string_view value, const std::string& key) {
  const Result<Json> json = ParseJson(value);
  if (!json.ok()) return json.status().In(key);
  if (json->is_string()) return json->string();
  if (json->is_number()) return std::string(value);
  return InvalidArgument(key + ": expected a string or a number as the id, got " + Describe(*json));
}

Status ReadMember(std::string_view key, std::string_view value, const std::string& id_key,
                  Example& example) {
  if (key == id_key) {
    WHYLIGHT_ASSIGN_OR_RETURN(example.id, IdOf(value, id_key));
  }
  if (key != kRestricts && key != kCrowdingTag) return OkStatus();
  WHYLIGHT_ASSIGN_OR_RETURN(const Json json, ParseJson(value));
  if (key == kRestricts) return ReadRestricts(json, example.restricts);
  if (!json.is_string()) {
    return InvalidArgument(std::string(kCrowdingTag) + ": expected a string, got " +
                           Describe(json));
  }
  example.crowding_tag = json.string();
  return OkStatus();
}

Result<Example> ExampleOf(Instance instance, const std::string& id_key) {
  WHYLIGHT_RETURN_IF_ERROR(instance.status);
  Example example{.values = std::move(instance.values), .place = instance.place};
  JsonReader reader(instance.source_json);
  bool has_id = false;
  if (reader.Peek() == JsonReader::Kind::kObject && reader.BeginObject()) {
    std::string key;
    while (reader.NextKey(&key)) {
      const std::string_view value = reader.Skip();
      has_id = has_id || key == id_key;
      const Status read = ReadMember(key, value, id_key, example);
      if (!read.ok()) return read.In(instance.place);
    }
  }
  if (id_key.empty()) {
    example.id = example.place;
  } else if (!has_id) {
    return InvalidArgument(instance.place + ": no '" + id_key + "' (--id-key), which is its id");
  }
  return example;
}

}  // namespace

std::vector<std::string> ExampleMembers(const std::string& id_key) {
  std::vector<std::string> members = {kRestricts, kCrowdingTag};
  if (!id_key.empty()) members.push_back(id_key);
  return members;
}

Restriction RestrictionOf(std::string name_space, const std::vector<std::string>& tokens) {
  Restriction restriction{.name_space = std::move(name_space), .allow = {}, .deny = {}};
  for (const std::string& token : tokens) {
    token.starts_with('!') ? restriction.deny.push_back(token.substr(1))
                           : restriction.allow.push_back(token);
  }
  return restriction;
}

std::string IdKeyFor(const std::string& given, const std::vector<RequestField>& fields) {
  constexpr char kId[] = "id";
  const bool has_id = std::ranges::count(fields, kId, &RequestField::name) > 0;
  return given.empty() && has_id ? kId : given;
}

Status ReadExamples(InstanceReader& reader, const std::string& id_key,
                    const std::function<Status(std::vector<Example>)>& take) {
  WindowReader windows(reader);
  while (true) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Instance> window, windows.Next());
    if (window.empty()) return OkStatus();
    std::vector<Example> examples;
    for (Instance& instance : window) {
      WHYLIGHT_ASSIGN_OR_RETURN(Example example, ExampleOf(std::move(instance), id_key));
      examples.push_back(std::move(example));
    }
    WHYLIGHT_RETURN_IF_ERROR(take(std::move(examples)));
    windows.Took(0);
  }
}

}  // namespace whylight

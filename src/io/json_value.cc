#include <limits>

#include "whylight/json.h"
#include "whylight/status.h"

namespace whylight {

Json::Json(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    value_ = static_cast<std::int64_t>(value);
  } else {
    value_ = value;
  }
}

bool Json::boolean() const {
  WHYLIGHT_CHECK(is_bool());
  return *std::get_if<bool>(&value_);
}

std::int64_t Json::int64() const {
  WHYLIGHT_CHECK(kind() == Kind::kInt);
  return *std::get_if<std::int64_t>(&value_);
}

std::uint64_t Json::uint64() const {
  if (kind() == Kind::kUInt) return *std::get_if<std::uint64_t>(&value_);
  WHYLIGHT_CHECK(int64() >= 0);
  return static_cast<std::uint64_t>(int64());
}

double Json::number() const {
  WHYLIGHT_CHECK(is_number());
  if (kind() == Kind::kInt) return static_cast<double>(int64());
  if (kind() == Kind::kUInt) return static_cast<double>(uint64());
  return *std::get_if<double>(&value_);
}

const std::string& Json::string() const {
  WHYLIGHT_CHECK(is_string());
  return *std::get_if<std::string>(&value_);
}

const Json::Array& Json::array() const {
  WHYLIGHT_CHECK(is_array());
  return *std::get_if<Array>(&value_);
}

Json::Array& Json::array() {
  WHYLIGHT_CHECK(is_array());
  return *std::get_if<Array>(&value_);
}

const Json::Object& Json::object() const {
  WHYLIGHT_CHECK(is_object());
  return *std::get_if<Object>(&value_);
}

Json::Object& Json::object() {
  WHYLIGHT_CHECK(is_object());
  return *std::get_if<Object>(&value_);
}

const Json* Json::Find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const auto& [name, value] : object()) {
    if (name == key) return &value;
  }
  return nullptr;
}

Json& Json::Set(std::string key, Json value) {
  if (is_null()) value_ = Object();
  for (auto& [name, old] : object()) {
    if (name == key) return old = std::move(value);
  }
  return object().emplace_back(std::move(key), std::move(value)).second;
}

std::string Describe(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::kNull:
      return "null";
    case Json::Kind::kBool:
      return value.boolean() ? "true" : "false";
    case Json::Kind::kInt:
    case Json::Kind::kUInt:
    case Json::Kind::kDouble:
      return "a number";
    case Json::Kind::kString:
      return "a string";
    case Json::Kind::kArray: {
      const std::size_t count = value.array().size();
      return "an array of " + std::to_string(count) + (count == 1 ? " value" : " values");
    }
    case Json::Kind::kObject:
      return "an object";
  }
  return "a value";
}

}  // namespace whylight

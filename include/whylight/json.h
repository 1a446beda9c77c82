// A JSON value: what metadata, parameters and baselines are made of.
//
// Instances are not read into this but straight into tensors (io/instances.h). Objects keep the
// order of their members, since the order of inputs and outputs has a meaning in metadata.
//
// Threads Values; const access from many threads is safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace whylight {

class Json {
 public:
  // kUInt holds only what does not fit in kInt, so an integer has one kind.
  enum class Kind { kNull, kBool, kInt, kUInt, kDouble, kString, kArray, kObject };
  using Member = std::pair<std::string, Json>;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;

  Json() = default;                                        // null
  Json(bool value) : value_(value) {}                      // NOLINT: implicit on purpose
  Json(int value) : value_(std::int64_t{value}) {}         // NOLINT
  Json(std::int64_t value) : value_(value) {}              // NOLINT
  Json(std::uint64_t value);                               // NOLINT
  Json(double value) : value_(value) {}                    // NOLINT
  Json(std::string value) : value_(std::move(value)) {}    // NOLINT
  Json(const char* value) : value_(std::string(value)) {}  // NOLINT
  Json(Array value) : value_(std::move(value)) {}          // NOLINT
  Json(Object value) : value_(std::move(value)) {}         // NOLINT

  Kind kind() const { return static_cast<Kind>(value_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_bool() const { return kind() == Kind::kBool; }
  bool is_integer() const { return kind() == Kind::kInt || kind() == Kind::kUInt; }
  bool is_number() const { return is_integer() || kind() == Kind::kDouble; }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_array() const { return kind() == Kind::kArray; }
  bool is_object() const { return kind() == Kind::kObject; }

  // Each needs its kind (WHYLIGHT_CHECK).
  bool boolean() const;
  std::int64_t int64() const;    // kInt
  std::uint64_t uint64() const;  // kUInt, or a kInt of at least 0
  double number() const;         // Any number; integers above 2^53 are rounded.
  const std::string& string() const;
  const Array& array() const;
  Array& array();
  const Object& object() const;
  Object& object();

  // The member with this key, or nullptr; nullptr too if this is no object.
  const Json* Find(std::string_view key) const;
  // Appends a member, or replaces the value of the one with this key. null becomes an object.
  Json& Set(std::string key, Json value);

  bool operator==(const Json&) const = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      value_;
};

// For messages: "a number", "a string", "null", "an array of 3 values", "an object".
std::string Describe(const Json& value);

}  // namespace whylight

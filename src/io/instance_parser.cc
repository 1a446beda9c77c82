#include "io/instance_parser.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include "io/element_type.h"
#include "util/base64.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr std::size_t kShownBytes = 40;

// What stands there instead, for a message: "old" in quotes, 1.5, null, an array.
std::string Found(JsonReader& reader) {
  switch (reader.Peek()) {
    case JsonReader::Kind::kArray:
      return "an array";
    case JsonReader::Kind::kObject:
      return "an object";
    default:
      return Printable(reader.Skip(), kShownBytes);
  }
}

// float32 in memory for the 16-bit floats, uint8_t for bool, else the dtype's own type.
template <typename T>
struct Stored {
  using Type = T;
};
template <>
struct Stored<bool> {
  using Type = std::uint8_t;
};

// Reads the elements of one field's value, in order, into a vector; `shape` is found on the way.
template <typename T>
class ElementReader {
 public:
  ElementReader(JsonReader& reader, const FieldSpec& field, bool allow_non_finite)
      : reader_(reader), field_(field), allow_non_finite_(allow_non_finite) {
    if (field.shape.has_rank()) dims_ = field.shape.ToVector();
    if (field.shape.IsKnown()) values_.reserve(static_cast<std::size_t>(field.shape.elements()));
    has_rank_ = field.shape.has_rank();
  }

  Result<Tensor> Read(const std::string& place) {
    if (!has_rank_) FindRank();
    // A bare value serves for [1].
    if (dims_ == std::vector<std::int64_t>{1} && reader_.Peek() != JsonReader::Kind::kArray) {
      ReadElement();
    } else {
      ReadAxis(0);
    }
    WHYLIGHT_RETURN_IF_ERROR(reader_.status());
    if (!error_.empty()) return InvalidArgument(place + PathText() + ": " + error_);
    for (std::int64_t& dim : dims_) dim = std::max<std::int64_t>(dim, 0);
    return MakeTensor();
  }

 private:
  using Value = typename Stored<T>::Type;

  // Without a rank in the signature, the nesting up to the first element gives it.
  void FindRank() {
    JsonReader ahead = reader_;
    while (ahead.Peek() == JsonReader::Kind::kArray && ahead.BeginArray()) {
      dims_.push_back(Shape::kUnknown);
      if (!ahead.NextElement()) break;
    }
  }

  std::string PathText() const {
    std::string text;
    for (const std::size_t index : path_) text += "[" + std::to_string(index) + "]";
    return text;
  }

  // False after an error; path_ then leads to it.
  bool Fail(std::string message) {
    if (error_.empty()) error_ = std::move(message);
    return false;
  }

  bool ReadAxis(std::size_t axis) {
    if (axis == dims_.size()) return ReadElement();
    if (reader_.Peek() != JsonReader::Kind::kArray) {
      if (!reader_.ok()) return false;
      return Fail("expected a list (the input's shape is " + field_.shape.ToString() + "), got " +
                  Found(reader_));
    }
    const std::int64_t expected = dims_[axis];
    std::int64_t count = 0;
    reader_.BeginArray();
    while (reader_.NextElement()) {
      if (expected >= 0 && count >= expected) {
        reader_.Skip();
      } else {
        path_.push_back(static_cast<std::size_t>(count));
        if (!ReadAxis(axis + 1)) return false;
        path_.pop_back();
      }
      ++count;
    }
    if (!reader_.ok()) return false;
    if (expected < 0) dims_[axis] = count;
    if (expected < 0 || expected == count) return true;
    const bool is_ragged =
        !field_.shape.has_rank() || field_.shape.dim(static_cast<int>(axis)) == Shape::kUnknown;
    return Fail("expected " + std::to_string(expected) + (expected == 1 ? " value" : " values") +
                (is_ragged ? ", as in the lists before it" : "") + ", got " +
                std::to_string(count));
  }

  bool ReadElement() {
    if constexpr (std::same_as<T, std::string>) {
      return ReadString();
    } else if constexpr (std::same_as<T, bool>) {
      if (reader_.Peek() == JsonReader::Kind::kBool) {
        values_.push_back(reader_.Bool());
        return reader_.ok();
      }
      return Expected("true or false");
    } else {
      if (reader_.Peek() != JsonReader::Kind::kNumber) {
        return Expected(std::is_integral_v<T> ? "an integer" : "a number");
      }
      const JsonNumber number = reader_.Number();
      return reader_.ok() && ReadNumberText(number);
    }
  }

  bool Expected(std::string_view what) {
    const std::string found = Found(reader_);
    return reader_.ok() && Fail("expected " + std::string(what) + ", got " + found);
  }

  bool ReadString() {
    const JsonReader::Kind kind = reader_.Peek();
    if (kind == JsonReader::Kind::kString) {
      reader_.String(&values_.emplace_back());
      return reader_.ok();
    }
    if (kind != JsonReader::Kind::kObject) return Expected("a string or {\"b64\": \"...\"}");
    std::string key, text;
    const bool has_key = reader_.BeginObject() && reader_.NextKey(&key);
    if (!reader_.ok()) return false;
    if (!has_key || key != "b64") {
      return Fail("expected a string or {\"b64\": \"...\"}, got an object" +
                  (has_key ? " with the key '" + Printable(key, kShownBytes) + "'" : ""));
    }
    if (reader_.Peek() != JsonReader::Kind::kString) return Expected("base64 in a string");
    reader_.String(&text);
    if (reader_.NextKey(&key)) {
      return Fail("{\"b64\": \"...\"} has a second key '" + Printable(key, kShownBytes) + "'");
    }
    if (!reader_.ok()) return false;
    Result<std::string> bytes = Base64Decode(text);
    if (!bytes.ok()) return Fail(bytes.status().message());
    values_.push_back(*std::move(bytes));
    return true;
  }

  bool ReadNumberText(const JsonNumber& number) {
    const std::string_view text = number.text;
    Value value{};
    if constexpr (std::is_integral_v<T>) {
      if (number.kind != JsonNumber::Kind::kInteger) {
        return Fail("expected an integer, got " + Printable(text, kShownBytes));
      }
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() && text != "-0") {
        return Fail(Printable(text, kShownBytes) + " is out of range of " +
                    DTypeName(field_.dtype) + " [" + std::to_string(std::numeric_limits<T>::min()) +
                    ", " + std::to_string(std::numeric_limits<T>::max()) + "]");
      }
    } else if (number.kind == JsonNumber::Kind::kNonFinite) {
      if (!allow_non_finite_) return Fail(std::string(text) + " is not a finite number");
      value = text == "NaN"    ? std::numeric_limits<Value>::quiet_NaN()
              : text[0] == '-' ? -std::numeric_limits<Value>::infinity()
                               : std::numeric_limits<Value>::infinity();
    } else if (!ReadNumber(text, &value) || !Holds(value)) {
      return Fail(Printable(text, kShownBytes) + " is out of range of " + DTypeName(field_.dtype));
    }
    values_.push_back(value);
    return true;
  }

  // Whether the 16-bit floats, which are read as float32, hold the value.
  bool Holds(Value value) const {
    if constexpr (std::same_as<Value, float>) {
      if (field_.dtype == DType::kFloat16) return std::isfinite(ToFloat(ToFloat16(value)));
      if (field_.dtype == DType::kBFloat16) return std::isfinite(ToFloat(ToBFloat16(value)));
    }
    return true;
  }

  Tensor MakeTensor() {
    Shape shape(std::move(dims_));
    if constexpr (std::same_as<T, std::string>) {
      return Tensor::Strings(std::move(shape), std::move(values_));
    } else if constexpr (std::same_as<T, bool>) {
      Tensor tensor(DType::kBool, std::move(shape));
      std::ranges::transform(values_, tensor.data<bool>().begin(), [](auto v) { return v != 0; });
      return tensor;
    } else if (field_.dtype != DTypeOrInvalid()) {
      Tensor tensor(field_.dtype, std::move(shape));
      for (std::size_t i = 0; i < values_.size(); ++i) {
        tensor.SetNumber(i, static_cast<double>(values_[i]));
      }
      return tensor;
    } else {
      return Tensor::Of<T>(std::move(shape), values_);
    }
  }

  static constexpr DType DTypeOrInvalid() {
    if constexpr (std::same_as<T, std::string>) {
      return DType::kString;
    } else {
      return DTypeOf<T>();
    }
  }

  JsonReader& reader_;
  const FieldSpec& field_;
  bool allow_non_finite_;
  bool has_rank_ = false;
  std::vector<std::int64_t> dims_;  // kUnknown until the first list of the axis is read.
  std::vector<std::size_t> path_;
  std::vector<Value> values_;
  std::string error_;
};

// Nesting of arrays up to the first element of each, and what is innermost.
struct Nesting {
  int depth = 0;
  bool holds_objects = false;  // Other than {"b64": ...}
};
Nesting NestingOf(std::string_view json) {
  Nesting nesting;
  JsonReader reader(json);
  while (reader.Peek() == JsonReader::Kind::kArray && reader.BeginArray()) {
    ++nesting.depth;
    if (!reader.NextElement()) return nesting;
  }
  nesting.holds_objects =
      reader.Peek() == JsonReader::Kind::kObject && !IsBase64Object(json.substr(reader.offset()));
  return nesting;
}

}  // namespace

bool IsBase64Object(std::string_view json) {
  JsonReader reader(json);
  std::string key;
  return reader.Peek() == JsonReader::Kind::kObject && reader.BeginObject() &&
         reader.NextKey(&key) && key == "b64";
}

std::string Place::Member(std::string_view name) const {
  return text + (is_path ? "." : ": ") + Printable(name, 120);
}

std::string InstanceParser::FieldNames() const {
  std::vector<std::string> names;
  names.reserve(fields_.size());
  for (const FieldSpec& field : fields_) {
    names.push_back(field.alias.empty()
                        ? field.name
                        : field.name + " (" + field.alias + " in serving_default's words)");
  }
  return Join(names, ", ");
}

bool InstanceParser::TakesOneString() const {
  if (fields_.size() != 1 || fields_[0].dtype != DType::kString) return false;
  const Shape& shape = fields_[0].shape;
  return !shape.has_rank() || shape.rank() == 0 || shape == Shape{1};
}

const FieldSpec* InstanceParser::Find(std::string_view name) const {
  auto found = std::ranges::find(fields_, name, &FieldSpec::name);
  if (found == fields_.end() && !name.empty()) {
    found = std::ranges::find(fields_, name, &FieldSpec::alias);
  }
  return found == fields_.end() ? nullptr : &*found;
}

bool InstanceParser::IsOtherMember(std::string_view name) const {
  return std::ranges::find(other_members_, name) != other_members_.end();
}

std::string InstanceParser::KeysText(std::string_view instance) const {
  std::string text = "(the signature takes " + FieldNames();
  const bool has_alias =
      std::ranges::any_of(fields_, [](const FieldSpec& field) { return !field.alias.empty(); });
  if (!other_keys_.empty()) text += "; " + other_keys_;
  if (has_alias || !other_keys_.empty()) {
    std::vector<std::string> keys;
    JsonReader reader(instance);
    std::string key;
    reader.BeginObject();
    while (reader.NextKey(&key)) {
      keys.push_back(Printable(key, kShownBytes));
      reader.Skip();
    }
    text += "; the instance has " + Join(keys, ", ");
  }
  return text + ")";
}

Result<Tensor> InstanceParser::ReadField(JsonReader& reader, const FieldSpec& field,
                                         const std::string& place) const {
  return WithElementType(
      field.dtype,
      [&]<typename T>(std::type_identity<T>) -> Result<Tensor> {
        return ElementReader<T>(reader, field, allow_non_finite_).Read(place);
      },
      [&]() -> Result<Tensor> {
        return InvalidArgument(place + ": values of dtype " + DTypeName(field.dtype) +
                               " cannot be written in a request");
      });
}

Result<Tensor> InstanceParser::ParseField(std::string_view json, const FieldSpec& field,
                                          const std::string& place) const {
  JsonReader reader(json);
  return ReadField(reader, field, place);
}

Result<std::vector<Tensor>> InstanceParser::Parse(std::string_view json, const Place& place,
                                                  std::size_t first_line) const {
  JsonReader reader(json, first_line);
  std::vector<Tensor> values(fields_.size());
  const bool is_object = reader.Peek() == JsonReader::Kind::kObject && !IsBase64Object(json);
  if (!is_object) {
    if (!reader.ok()) return reader.status();
    if (fields_.size() > 1) {
      const std::string found = Found(reader);
      WHYLIGHT_RETURN_IF_ERROR(reader.status());
      return InvalidArgument(place.text + ": expected an object with " + FieldNames() + ", got " +
                             found);
    }
    const std::string at = place.is_path ? place.text : place.text + ": " + fields_[0].name;
    WHYLIGHT_ASSIGN_OR_RETURN(values[0], ReadField(reader, fields_[0], at));
    WHYLIGHT_RETURN_IF_ERROR(reader.Finish());
    return values;
  }
  // The syntax of the whole comes first: a row that is no JSON says so, whatever else is wrong.
  {
    JsonReader ahead = reader;
    ahead.Skip();
    WHYLIGHT_RETURN_IF_ERROR(ahead.Finish());
  }
  std::vector<bool> is_given(fields_.size());
  std::string key;
  reader.BeginObject();
  while (reader.NextKey(&key)) {
    const FieldSpec* const field = Find(key);
    if (field == nullptr && IsOtherMember(key)) {
      reader.Skip();
      continue;
    }
    if (field == nullptr) {
      std::vector<std::string> names;
      names.reserve(fields_.size());
      for (const FieldSpec& f : fields_) names.push_back(f.name);
      const std::string hint = DidYouMean(key, names);
      return InvalidArgument(place.text + ": unknown key '" + Printable(key) + "'" +
                             (hint.empty() ? " " + KeysText(json) : hint));
    }
    const auto i = static_cast<std::size_t>(field - fields_.data());
    if (is_given[i]) {
      return InvalidArgument(place.Member(key) + ": stands twice in the instance");
    }
    is_given[i] = true;
    WHYLIGHT_ASSIGN_OR_RETURN(values[i], ReadField(reader, *field, place.Member(key)));
  }
  WHYLIGHT_RETURN_IF_ERROR(reader.Finish());
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (is_given[i]) continue;
    return InvalidArgument(place.Member(fields_[i].name) + ": missing (the signature takes " +
                           FieldNames() + ")");
  }
  return values;
}

bool InstanceParser::IsListOfInstances(std::string_view json) const {
  const Nesting nesting = NestingOf(json);
  if (fields_.size() > 1 || nesting.holds_objects || !fields_[0].shape.has_rank()) return true;
  const Shape& shape = fields_[0].shape;
  return nesting.depth > shape.rank() || shape == Shape{1};
}

bool InstanceParser::IsRequestMember(std::string_view key, std::string_view value) const {
  const FieldSpec* const field = Find(key);
  if (field == nullptr) return true;
  const Nesting nesting = NestingOf(value);
  return nesting.holds_objects || (field->shape.has_rank() && nesting.depth > field->shape.rank());
}

}  // namespace whylight

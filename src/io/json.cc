#include "io/json.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "io/json_reader.h"
#include "util/base64.h"
#include "util/strings.h"

namespace whylight {
namespace {

Json ReadValue(JsonReader& reader);

Json ReadNumberValue(JsonReader& reader) {
  const JsonNumber number = reader.Number();
  const char* const begin = number.text.data();
  const char* const end = begin + number.text.size();
  if (number.kind == JsonNumber::Kind::kNonFinite) {
    if (number.text == "NaN") return std::nan("");
    return number.text == "Infinity" ? HUGE_VAL : -HUGE_VAL;
  }
  if (number.kind == JsonNumber::Kind::kInteger && number.text != "-0") {
    std::int64_t integer = 0;
    if (std::from_chars(begin, end, integer).ec == std::errc()) return integer;
    std::uint64_t natural = 0;
    if (std::from_chars(begin, end, natural).ec == std::errc()) return natural;
  }
  double value = 0;
  if (reader.ok() && !ReadNumber(number.text, &value)) {
    reader.Fail(Printable(number.text, 40) + " is out of range of a 64-bit float");
  }
  return value;
}

Json ReadObject(JsonReader& reader) {
  Json::Object object;
  KeySet keys;
  std::string key;
  if (!reader.BeginObject()) return {};
  while (reader.NextKey(&key)) {
    if (!keys.Insert(key)) {
      reader.Fail("key \"" + Printable(key) + "\" stands twice in an object");
      return {};
    }
    Json value = ReadValue(reader);
    object.emplace_back(std::move(key), std::move(value));
  }
  return object;
}

Json ReadValue(JsonReader& reader) {
  switch (reader.Peek()) {
    case JsonReader::Kind::kNull:
      reader.Null();
      return {};
    case JsonReader::Kind::kBool:
      return reader.Bool();
    case JsonReader::Kind::kNumber:
      return ReadNumberValue(reader);
    case JsonReader::Kind::kString: {
      std::string value;
      reader.String(&value);
      return value;
    }
    case JsonReader::Kind::kArray: {
      Json::Array array;
      if (reader.BeginArray()) {
        while (reader.NextElement()) array.push_back(ReadValue(reader));
      }
      return array;
    }
    case JsonReader::Kind::kObject:
      return ReadObject(reader);
    case JsonReader::Kind::kEnd:
    case JsonReader::Kind::kError:
      reader.Skip();  // Says what is missing.
      return {};
  }
  return {};
}

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  JsonReader reader(text);
  Json value = ReadValue(reader);
  WHYLIGHT_RETURN_IF_ERROR(reader.Finish());
  return value;
}

JsonWriter::JsonWriter(std::string* out, const JsonWriterOptions& options)
    : out_(out), options_(options) {}

void JsonWriter::NewLine() {
  if (options_.indent == 0 || is_inline_) return;
  *out_ += '\n';
  out_->append(levels_.size() * static_cast<std::size_t>(options_.indent), ' ');
}

void JsonWriter::BeforeValue() {
  if (levels_.empty()) return;
  Level& level = levels_.back();
  if (level.is_object) {
    WHYLIGHT_CHECK(level.has_key);
    level.has_key = false;
    return;
  }
  if (!level.is_empty) *out_ += ',';
  level.is_empty = false;
  NewLine();
}

void JsonWriter::Begin(char bracket) {
  BeforeValue();
  *out_ += bracket;
  levels_.push_back({.is_object = bracket == '{'});
}

void JsonWriter::End(char bracket) {
  WHYLIGHT_CHECK(!levels_.empty() && levels_.back().is_object == (bracket == '}') &&
                 !levels_.back().has_key);
  const bool is_empty = levels_.back().is_empty;
  levels_.pop_back();
  if (!is_empty) NewLine();
  *out_ += bracket;
}

void JsonWriter::BeginObject() { Begin('{'); }
void JsonWriter::EndObject() { End('}'); }
void JsonWriter::BeginArray() { Begin('['); }
void JsonWriter::EndArray() { End(']'); }

namespace {

void AppendQuoted(std::string_view value, std::string* out) {
  constexpr std::string_view kNames = "bfnrt";
  constexpr std::string_view kCharacters = "\b\f\n\r\t";
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  *out += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (byte >= 0x20 && byte != 0x7f) {
      *out += c;
    } else if (const std::size_t i = kCharacters.find(c); i != std::string_view::npos) {
      *out += '\\';
      *out += kNames[i];
    } else {
      *out += "\\u00";
      *out += kHexDigits[byte >> 4];
      *out += kHexDigits[byte & 15];
    }
  }
  *out += '"';
}

}  // namespace

// A key cannot be {"b64": ...}: bytes that are no UTF-8 are shown as \xNN.
void JsonWriter::Key(std::string_view key) {
  WHYLIGHT_CHECK(!levels_.empty() && levels_.back().is_object && !levels_.back().has_key);
  Level& level = levels_.back();
  if (!level.is_empty) *out_ += ',';
  level.is_empty = false;
  level.has_key = true;
  NewLine();
  AppendQuoted(IsValidUtf8(key) ? key : Printable(key, key.size()), out_);
  *out_ += options_.indent > 0 ? ": " : ":";
}

void JsonWriter::Null() { Raw("null"); }
void JsonWriter::Bool(bool value) { Raw(value ? "true" : "false"); }
void JsonWriter::Int(std::int64_t value) { Raw(std::to_string(value)); }
void JsonWriter::UInt(std::uint64_t value) { Raw(std::to_string(value)); }

// `text` is the shortest form of std::to_chars: 1, 0.1, 1e+20, 1.5e-07.
void JsonWriter::Shortest(std::string_view text) {
  BeforeValue();
  const std::size_t e = std::min(text.find('e'), text.size());
  out_->append(text.substr(0, e));
  if (text.find('.') == std::string_view::npos) *out_ += ".0";
  out_->append(text.substr(e));
}

void JsonWriter::Double(double value) {
  if (std::isfinite(value)) {
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
    return Shortest({buffer, result.ptr});
  }
  if (options_.non_finite == JsonWriterOptions::NonFinite::kNull) return Null();
  Raw(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}

void JsonWriter::Float(float value) {
  if (!std::isfinite(value)) return Double(static_cast<double>(value));
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  Shortest({buffer, result.ptr});
}

void JsonWriter::String(std::string_view value) {
  if (!IsValidUtf8(value)) return Base64(value);
  BeforeValue();
  AppendQuoted(value, out_);
}

void JsonWriter::Base64(std::string_view bytes) {
  BeforeValue();
  *out_ += options_.indent > 0 ? "{\"b64\": \"" : "{\"b64\":\"";
  *out_ += Base64Encode(bytes);
  *out_ += "\"}";
}

void JsonWriter::Raw(std::string_view json) {
  BeforeValue();
  *out_ += json;
}

void JsonWriter::Value(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::kNull:
      return Null();
    case Json::Kind::kBool:
      return Bool(value.boolean());
    case Json::Kind::kInt:
      return Int(value.int64());
    case Json::Kind::kUInt:
      return UInt(value.uint64());
    case Json::Kind::kDouble:
      return Double(value.number());
    case Json::Kind::kString:
      return String(value.string());
    case Json::Kind::kArray:
      BeginArray();
      for (const Json& element : value.array()) Value(element);
      return EndArray();
    case Json::Kind::kObject:
      BeginObject();
      for (const auto& [key, member] : value.object()) {
        Key(key);
        Value(member);
      }
      return EndObject();
  }
}

namespace {

template <typename T>
T Load(const Tensor& tensor, std::size_t index) {
  T value;
  std::memcpy(&value, tensor.bytes().data() + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

void JsonWriter::Element(const Tensor& value, std::size_t index) {
  switch (value.dtype()) {
    case DType::kFloat32:
      return Float(Load<float>(value, index));
    case DType::kFloat16:
    case DType::kBFloat16:
      return Float(static_cast<float>(value.Number(index)));
    case DType::kFloat64:
      return Double(Load<double>(value, index));
    case DType::kInt64:
      return Int(Load<std::int64_t>(value, index));
    case DType::kUInt64:
      return UInt(Load<std::uint64_t>(value, index));
    case DType::kBool:
      return Bool(value.Number(index) != 0);
    case DType::kString:
      return String(value.strings()[index]);
    case DType::kComplex64:
      BeginArray();
      Float(Load<float>(value, 2 * index));
      Float(Load<float>(value, 2 * index + 1));
      return EndArray();
    case DType::kComplex128:
      BeginArray();
      Double(Load<double>(value, 2 * index));
      Double(Load<double>(value, 2 * index + 1));
      return EndArray();
    default:
      return Int(static_cast<std::int64_t>(value.Number(index)));
  }
}

std::size_t JsonWriter::Elements(const Tensor& value, int axis, std::size_t index) {
  if (axis == value.shape().rank()) {
    Element(value, index);
    return index + 1;
  }
  BeginArray();
  for (std::int64_t i = 0; i < value.shape().dim(axis); ++i) {
    index = Elements(value, axis + 1, index);
  }
  EndArray();
  return index;
}

void JsonWriter::Value(const Tensor& value) {
  is_inline_ = true;
  Elements(value, 0, 0);
  is_inline_ = false;
}

void JsonWriter::Row(const Tensor& value, std::size_t row) {
  const Shape& shape = value.shape();
  WHYLIGHT_CHECK(shape.rank() >= 1 && static_cast<std::int64_t>(row) < shape.dim(0));
  is_inline_ = true;
  Elements(value, 1, row * static_cast<std::size_t>(shape.WithoutFirst().elements()));
  is_inline_ = false;
}

std::string WriteJson(const Json& value, const JsonWriterOptions& options) {
  std::string text;
  JsonWriter(&text, options).Value(value);
  return text;
}

}  // namespace whylight

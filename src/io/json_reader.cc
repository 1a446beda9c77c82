#include "io/json_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "util/strings.h"

namespace whylight {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
// The characters that a string's fast path stops at.
bool IsPlain(char c) { return c != '"' && c != '\\' && static_cast<std::uint8_t>(c) >= 0x20; }

void AppendUtf8(std::uint32_t code, std::string* out) {
  const auto put = [out](std::uint32_t byte) { *out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

// Whether a number is at least 1 in magnitude: tells an overflow from an underflow, which
// std::from_chars reports by one and the same error.
bool IsLarge(std::string_view text) {
  const std::size_t e = text.find_first_of("eE");
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t digit = mantissa.find_first_of("123456789");
  if (digit == std::string_view::npos) return false;
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  // The number is 0.d * 10^places with d its first digit that is not 0.
  const std::int64_t places =
      static_cast<std::int64_t>(point) - static_cast<std::int64_t>(digit) + (digit > point ? 1 : 0);
  if (e == std::string_view::npos) return places > 0;
  std::string_view exponent = text.substr(e + 1);
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  std::int64_t power = 0;
  const auto [end, error] =
      std::from_chars(exponent.data(), exponent.data() + exponent.size(), power);
  if (error == std::errc::result_out_of_range) return exponent[0] != '-';
  // A text has fewer than 2^62 digits, so the sum cannot overflow after this.
  power = std::clamp<std::int64_t>(power, -(std::int64_t{1} << 62), std::int64_t{1} << 62);
  return places + power > 0;
}

template <typename T>
bool ReadFloating(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error == std::errc()) return true;
  if (IsLarge(text)) return false;
  *value = text.starts_with('-') ? T{-0.0} : T{0};
  return true;
}

}  // namespace

JsonReader::JsonReader(std::string_view text, std::size_t first_line)
    : text_(text), first_line_(first_line) {
  if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
}

JsonReader::Kind JsonReader::Peek() {
  if (!ok()) return Kind::kError;
  SkipSpace();
  value_at_ = at_;
  if (at_ == text_.size()) return Kind::kEnd;
  switch (text_[at_]) {
    case 'n':
      return Kind::kNull;
    case 't':
    case 'f':
      return Kind::kBool;
    case '"':
      return Kind::kString;
    case '[':
      return Kind::kArray;
    case '{':
      return Kind::kObject;
    case '-':
    case 'N':
    case 'I':
      return Kind::kNumber;
    default:
      if (IsDigit(text_[at_])) return Kind::kNumber;
      Unexpected("a value");
      return Kind::kError;
  }
}

bool JsonReader::BeginArray() { return Begin('[', "an array"); }
bool JsonReader::BeginObject() { return Begin('{', "an object"); }

bool JsonReader::Begin(char bracket, std::string_view expected) {
  if (!ok()) return false;
  SkipSpace();
  value_at_ = at_;
  if (at_ == text_.size() || text_[at_] != bracket) {
    Unexpected(expected);
    return false;
  }
  if (depth_ == kMaxJsonDepth) {
    FailAt(at_, "nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    return false;
  }
  ++depth_;
  ++at_;
  is_first_ = true;
  return true;
}

bool JsonReader::Close() {
  ++at_;
  --depth_;
  is_first_ = false;
  return false;
}

bool JsonReader::NextElement() {
  if (!ok()) return false;
  SkipSpace();
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  if (c == ']') return Close();
  if (!is_first_) {
    if (c != ',') {
      Unexpected("',' or ']'");
      return false;
    }
    ++at_;
  }
  is_first_ = false;
  return true;
}

bool JsonReader::NextKey(std::string* key) {
  if (!ok()) return false;
  SkipSpace();
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  if (c == '}') return Close();
  if (!is_first_) {
    if (c != ',') {
      Unexpected("',' or '}'");
      return false;
    }
    ++at_;
    SkipSpace();
  }
  if (at_ == text_.size() || text_[at_] != '"') {
    Unexpected("a key in double quotes");
    return false;
  }
  String(key);
  SkipSpace();
  if (ok() && (at_ == text_.size() || text_[at_] != ':')) Unexpected("':'");
  if (!ok()) return false;
  ++at_;
  return true;
}

void JsonReader::Null() {
  if (ok() && Peek() != Kind::kNull) Unexpected("null");
  Literal("null");
}

bool JsonReader::Bool() {
  if (ok() && Peek() != Kind::kBool) Unexpected("true or false");
  if (!ok()) return false;
  const bool value = text_[at_] == 't';
  return Literal(value ? "true" : "false") && value;
}

bool JsonReader::Literal(std::string_view literal) {
  if (!ok()) return false;
  if (text_.substr(at_, literal.size()) != literal) {
    Unexpected("a value");
    return false;
  }
  at_ += literal.size();
  is_first_ = false;
  return true;
}

// RFC 8259: -? (0 | [1-9][0-9]*) ( . [0-9]+ )? ( [eE] [+-]? [0-9]+ )?
JsonNumber JsonReader::Number() {
  JsonNumber number;
  if (ok() && Peek() != Kind::kNumber) Unexpected("a number");
  if (!ok()) return number;
  const std::size_t begin = at_;
  const auto at = [this] { return at_ < text_.size() ? text_[at_] : '\0'; };
  const auto digits = [&] {
    const std::size_t first = at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return at_ - first;
  };
  if (at() == '-') ++at_;
  if (at() == 'N' || at() == 'I') {
    const std::string_view literal = at() == 'I' ? "Infinity" : at_ == begin ? "NaN" : "Infinity";
    if (!Literal(literal)) return number;
    number.kind = JsonNumber::Kind::kNonFinite;
    number.text = text_.substr(begin, at_ - begin);
    return number;
  }
  const bool leads_with_zero = at() == '0';
  const std::size_t integer_digits = digits();
  if (integer_digits == 0) {
    Unexpected("a digit");
    return number;
  }
  if (leads_with_zero && integer_digits > 1) {
    FailAt(begin, "a number must not begin with 0");
    return number;
  }
  if (at() == '.') {
    number.kind = JsonNumber::Kind::kReal;
    ++at_;
    if (digits() == 0) {
      Unexpected("a digit behind the point");
      return number;
    }
  }
  if (at() == 'e' || at() == 'E') {
    number.kind = JsonNumber::Kind::kReal;
    ++at_;
    if (at() == '+' || at() == '-') ++at_;
    if (digits() == 0) {
      Unexpected("a digit of the exponent");
      return number;
    }
  }
  number.text = text_.substr(begin, at_ - begin);
  is_first_ = false;
  return number;
}

void JsonReader::String(std::string* value) {
  value->clear();
  if (ok() && Peek() != Kind::kString) Unexpected("a string");
  if (!ok()) return;
  ++at_;
  while (true) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && IsPlain(text_[at_])) ++at_;
    const std::string_view plain = text_.substr(begin, at_ - begin);
    if (const auto bad = FindInvalidUtf8(plain)) {
      return FailAt(begin + *bad,
                    "invalid UTF-8 in a string (bytes are written as {\"b64\": \"...\"})");
    }
    value->append(plain);
    if (at_ == text_.size()) return FailAt(value_at_, "a string that never ends");
    if (text_[at_] == '"') break;
    if (text_[at_] != '\\') {
      return FailAt(at_, "a control character in a string must be escaped");
    }
    Escape(value);
    if (!ok()) return;
  }
  ++at_;
  is_first_ = false;
}

void JsonReader::Escape(std::string* value) {
  const std::size_t begin = at_++;
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kCharacters = "\"\\/\b\f\n\r\t";
  const char name = at_ < text_.size() ? text_[at_++] : '\0';
  if (const std::size_t i = kNames.find(name); i != std::string_view::npos) {
    *value += kCharacters[i];
    return;
  }
  if (name != 'u') return FailAt(begin, "unknown escape in a string");
  std::uint32_t code = HexDigits();
  if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_, 2) == "\\u") {
    at_ += 2;
    const std::uint32_t low = HexDigits();
    if (low < 0xdc00 || low > 0xdfff) return FailAt(begin, "half of a surrogate pair");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (code >= 0xd800 && code < 0xe000) return FailAt(begin, "half of a surrogate pair");
  if (ok()) AppendUtf8(code, value);
}

unsigned JsonReader::HexDigits() {
  unsigned code = 0;
  const std::string_view digits = text_.substr(at_, 4);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (digits.size() < 4 || error != std::errc() || end != digits.data() + 4) {
    FailAt(at_, "expected four hexadecimal digits");
    return 0;
  }
  at_ += 4;
  return code;
}

std::string_view JsonReader::Skip() {
  const Kind kind = Peek();
  const std::size_t begin = at_;
  std::string scratch;
  switch (kind) {
    case Kind::kNull:
      Null();
      break;
    case Kind::kBool:
      Bool();
      break;
    case Kind::kNumber:
      Number();
      break;
    case Kind::kString:
      String(&scratch);
      break;
    case Kind::kArray:  // Recursion ends at kMaxJsonDepth.
      if (BeginArray()) {
        while (NextElement()) Skip();
      }
      break;
    case Kind::kObject:
      if (BeginObject()) {
        while (NextKey(&scratch)) Skip();
      }
      break;
    case Kind::kEnd:
      Unexpected("a value");
      break;
    case Kind::kError:
      break;
  }
  return ok() ? text_.substr(begin, at_ - begin) : std::string_view();
}

void JsonReader::Fail(std::string message) { FailAt(value_at_, std::move(message)); }

void JsonReader::FailAt(std::size_t offset, std::string message) {
  if (ok()) status_ = InvalidArgument(Position(offset) + ": " + std::move(message));
}

void JsonReader::Unexpected(std::string_view expected) {
  if (at_ >= text_.size()) {
    return FailAt(text_.size(), "expected " + std::string(expected) + ", but the text ends");
  }
  FailAt(at_,
         "expected " + std::string(expected) + ", got '" + Printable(text_.substr(at_), 12) + "'");
}

Status JsonReader::Finish() {
  if (!ok()) return status_;
  SkipSpace();
  if (at_ < text_.size()) Unexpected("the end");
  return status_;
}

std::string JsonReader::Position(std::size_t offset) const {
  const std::string_view before = text_.substr(0, offset);
  const auto line = first_line_ + static_cast<std::size_t>(std::ranges::count(before, '\n'));
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0.
  return "line " + std::to_string(line) + ", column " + std::to_string(offset - line_begin + 1);
}

void JsonReader::SkipSpace() {
  while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
}

bool ReadNumber(std::string_view text, float* value) { return ReadFloating(text, value); }
bool ReadNumber(std::string_view text, double* value) { return ReadFloating(text, value); }

std::string CompactJson(std::string_view json) {
  std::string compact;
  compact.reserve(json.size());
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!in_string && IsSpace(c)) continue;
    compact += c;
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\' && i + 1 < json.size()) compact += json[++i];
  }
  return compact;
}

bool KeySet::Insert(std::string_view key) { return keys_.emplace(key).second; }

}  // namespace whylight

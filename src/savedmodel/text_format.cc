#include "savedmodel/text_format.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <limits>
#include <map>
#include <protozero/pbf_writer.hpp>

#include "util/quote.h"

namespace whylight {
namespace {

constexpr int kMaxDepth = 100;

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The value of a digit in bases up to 16, or 16.
unsigned Digit(char c) {
  if (IsDigit(c)) return static_cast<unsigned>(c - '0');
  const char lower = Lower(c);
  return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a' + 10) : 16;
}

void AppendUtf8(std::uint32_t code, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::string> Run(const MessageSchema& message) {
    std::string wire;
    WHYLIGHT_RETURN_IF_ERROR(Message(message, '\0', 0, wire));
    return wire;
  }

 private:
  // Packed fields of one message, by number: their elements may stand apart in the text.
  using Packed = std::map<int, std::string>;

  Status Error(std::string_view what) const { return ErrorAt(at_, what); }
  Status ErrorAt(std::size_t at, std::string_view what) const {
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i < at && i < text_.size(); ++i) {
      column = text_[i] == '\n' ? 1 : column + 1;
      line += text_[i] == '\n';
    }
    return DataLoss("line " + std::to_string(line) + ", column " + std::to_string(column) + ": " +
                    std::string(what));
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool AtEnd() const { return at_ >= text_.size(); }

  // To the next character that is neither space nor comment.
  void SkipSpace() {
    while (!AtEnd()) {
      if (Peek() == '#') {
        while (!AtEnd() && Peek() != '\n') ++at_;
      } else if (IsSpace(Peek())) {
        ++at_;
      } else {
        return;
      }
    }
  }

  bool Take(char c) {
    SkipSpace();
    if (AtEnd() || Peek() != c) return false;
    ++at_;
    return true;
  }

  std::string Found() const { return AtEnd() ? "the end" : Quote(text_.substr(at_, 1)); }

  std::string_view Word() {
    SkipSpace();
    const std::size_t start = at_;
    while (!AtEnd() && (IsLetter(Peek()) || IsDigit(Peek()))) ++at_;
    return text_.substr(start, at_ - start);
  }

  // Fields up to `close`, or to the end of the text.
  Status Message(const MessageSchema& message, char close, int depth, std::string& wire) {
    if (depth > kMaxDepth) return Error("messages are nested more than 100 deep");
    Packed packed;
    while (true) {
      SkipSpace();
      if (AtEnd()) {
        if (close == '\0') break;
        return Error("expected '" + std::string(1, close) + "', found the end");
      }
      if (close != '\0' && Take(close)) break;
      if (Peek() == '[') {
        WHYLIGHT_RETURN_IF_ERROR(ExpandedAny(message, depth, wire));
      } else {
        WHYLIGHT_RETURN_IF_ERROR(Field(message, depth, wire, packed));
      }
      if (!Take(';')) Take(',');
    }
    protozero::pbf_writer writer(wire);
    for (const auto& [number, elements] : packed) {
      writer.add_bytes(static_cast<protozero::pbf_tag_type>(number), elements);
    }
    return OkStatus();
  }

  Status Field(const MessageSchema& message, int depth, std::string& wire, Packed& packed) {
    const std::size_t start = at_;
    const std::string_view name = Word();
    if (name.empty()) return Error("expected a field's name, found " + Found());
    const FieldSchema* field = FindField(message, name);
    if (field == nullptr) {
      return ErrorAt(start, std::string(message.name) + " has no field " + Quote(name));
    }
    const bool colon = Take(':');
    if (!colon && field->kind != FieldKind::kMessage) {
      return Error("expected ':' after " + Quote(name) + ", found " + Found());
    }
    if (field->form == FieldForm::kSingle || !Take('[')) {
      return Value(*field, depth, wire, packed);
    }
    if (Take(']')) return OkStatus();
    do {
      WHYLIGHT_RETURN_IF_ERROR(Value(*field, depth, wire, packed));
    } while (Take(','));
    return Take(']') ? OkStatus() : Error("expected ',' or ']', found " + Found());
  }

  Status Value(const FieldSchema& field, int depth, std::string& wire, Packed& packed) {
    const auto number = static_cast<protozero::pbf_tag_type>(field.number);
    SkipSpace();
    switch (field.kind) {
      case FieldKind::kMessage: {
        std::string inner;
        WHYLIGHT_RETURN_IF_ERROR(Braces(SubMessage(field), depth, inner));
        protozero::pbf_writer(wire).add_message(number, inner);
        return OkStatus();
      }
      case FieldKind::kString:
      case FieldKind::kBytes: {
        WHYLIGHT_ASSIGN_OR_RETURN(const std::string value, Strings());
        protozero::pbf_writer(wire).add_bytes(number, value);
        return OkStatus();
      }
      default:
        break;
    }
    // A number: written as a field, then stripped of its tag where it belongs to a packed one.
    std::string scalar;
    WHYLIGHT_RETURN_IF_ERROR(Scalar(field, scalar));
    if (field.form == FieldForm::kPacked) {
      packed[field.number] += scalar;
    } else {
      protozero::add_varint_to_buffer(&wire, number << 3 | WireType(field.kind));
      wire += scalar;
    }
    return OkStatus();
  }

  static std::uint32_t WireType(FieldKind kind) {
    switch (kind) {
      case FieldKind::kFixed64:
      case FieldKind::kDouble:
        return 1;
      case FieldKind::kFixed32:
      case FieldKind::kFloat:
        return 5;
      default:
        return 0;
    }
  }

  Status Braces(const MessageSchema& message, int depth, std::string& wire) {
    if (Take('{')) return Message(message, '}', depth + 1, wire);
    if (Take('<')) return Message(message, '>', depth + 1, wire);
    return Error("expected '{', found " + Found());
  }

  // [type.googleapis.com/tensorflow.VariableDef] { ... } inside an Any.
  Status ExpandedAny(const MessageSchema& message, int depth, std::string& wire) {
    const std::size_t start = at_;
    if (message.name != "google.protobuf.Any") {
      return Error(std::string(message.name) + " has no extensions");
    }
    const std::size_t close = text_.find(']', at_);
    if (close == std::string_view::npos) return Error("expected ']', found the end");
    const std::string_view url = text_.substr(at_ + 1, close - at_ - 1);
    const MessageSchema* type = FindMessage(url.substr(url.rfind('/') + 1));
    if (type == nullptr) {
      return ErrorAt(start, "a message of type " + Quote(url) + " is not known here");
    }
    at_ = close + 1;
    Take(':');
    std::string inner;
    WHYLIGHT_RETURN_IF_ERROR(Braces(*type, depth, inner));
    protozero::pbf_writer writer(wire);
    writer.add_bytes(1, url.data(), url.size());
    writer.add_bytes(2, inner);
    return OkStatus();
  }

  Result<std::string> Strings() {
    std::string value;
    bool any = false;
    while (true) {
      SkipSpace();
      const char quote = Peek();
      if (AtEnd() || (quote != '"' && quote != '\'')) break;
      any = true;
      ++at_;
      while (true) {
        if (AtEnd() || Peek() == '\n') return Error("a string has no end");
        const char c = text_[at_++];
        if (c == quote) break;
        if (c != '\\') {
          value += c;
          continue;
        }
        WHYLIGHT_RETURN_IF_ERROR(Escape(value));
      }
    }
    if (!any) return Error("expected a string, found " + Found());
    return value;
  }

  // Up to `max_digits` digits of a number in `base`, or nothing if there is none.
  std::optional<std::uint32_t> Code(unsigned base, int max_digits) {
    std::uint32_t code = 0;
    int digits = 0;
    for (; digits < max_digits && !AtEnd() && Digit(Peek()) < base; ++digits, ++at_) {
      code = code * base + Digit(Peek());
    }
    if (digits == 0) return std::nullopt;
    return code;
  }

  // What follows a backslash.
  Status Escape(std::string& value) {
    const std::size_t start = at_ - 1;
    const char c = Peek();
    if (AtEnd()) return Error("a string has no end");
    if (c >= '0' && c <= '7') {
      value += static_cast<char>(*Code(8, 3) & 0xFF);
      return OkStatus();
    }
    ++at_;
    switch (c) {
      case 'a':
        value += '\a';
        return OkStatus();
      case 'b':
        value += '\b';
        return OkStatus();
      case 'f':
        value += '\f';
        return OkStatus();
      case 'n':
        value += '\n';
        return OkStatus();
      case 'r':
        value += '\r';
        return OkStatus();
      case 't':
        value += '\t';
        return OkStatus();
      case 'v':
        value += '\v';
        return OkStatus();
      case '\\':
      case '\'':
      case '"':
      case '?':
        value += c;
        return OkStatus();
      case 'x':
      case 'X':
        if (const auto code = Code(16, 2)) {
          value += static_cast<char>(*code);
          return OkStatus();
        }
        break;
      case 'u':
      case 'U':
        if (const auto code = Code(16, c == 'u' ? 4 : 8); code && *code <= 0x10FFFF) {
          AppendUtf8(*code, value);
          return OkStatus();
        }
        break;
      default:
        break;
    }
    return ErrorAt(start, "unknown escape in a string");
  }

  Status Scalar(const FieldSchema& field, std::string& out) {
    const std::size_t start = at_;
    const bool negative = Take('-');
    SkipSpace();
    if (field.kind == FieldKind::kFloat || field.kind == FieldKind::kDouble) {
      return Real(field, negative, out);
    }
    if (IsLetter(Peek())) {
      const std::string_view word = Word();
      if (field.kind == FieldKind::kEnum && !negative) {
        const std::optional<int> number = EnumNumber(field, word);
        if (!number) return ErrorAt(start, Quote(word) + " is no value of " + Quote(field.name));
        protozero::add_varint_to_buffer(&out, static_cast<std::uint64_t>(std::int64_t{*number}));
        return OkStatus();
      }
      const bool yes = word == "true" || word == "True" || word == "t";
      const bool no = word == "false" || word == "False" || word == "f";
      if (field.kind == FieldKind::kBool && !negative && (yes || no)) {
        protozero::add_varint_to_buffer(&out, yes ? 1 : 0);
        return OkStatus();
      }
      return ErrorAt(start, Quote(field.name) + ": expected a number, found " + Quote(word));
    }
    WHYLIGHT_ASSIGN_OR_RETURN(const std::uint64_t magnitude, Magnitude());
    return Integer(field, negative, magnitude, out);
  }

  Result<std::uint64_t> Magnitude() {
    const std::size_t start = at_;
    int base = 10;
    if (Peek() == '0' && at_ + 1 < text_.size() && Lower(text_[at_ + 1]) == 'x') {
      base = 16;
      at_ += 2;
    } else if (Peek() == '0') {
      base = 8;
    }
    std::uint64_t value = 0;
    const char* end = text_.data() + text_.size();
    const auto [next, error] = std::from_chars(text_.data() + at_, end, value, base);
    if (error == std::errc::result_out_of_range) return ErrorAt(start, "a number is too large");
    if (error != std::errc()) return Error("expected a number, found " + Found());
    at_ = static_cast<std::size_t>(next - text_.data());
    if (IsLetter(Peek()) || IsDigit(Peek()) || Peek() == '.') {
      return ErrorAt(start, "expected an integer");
    }
    return value;
  }

  Status Integer(const FieldSchema& field, bool negative, std::uint64_t magnitude,
                 std::string& out) {
    std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
    bool is_signed = false;
    switch (field.kind) {
      case FieldKind::kBool:
        max = 1;
        break;
      case FieldKind::kUInt32:
      case FieldKind::kFixed32:
        max = std::numeric_limits<std::uint32_t>::max();
        break;
      case FieldKind::kInt32:
      case FieldKind::kEnum:
        max = std::numeric_limits<std::int32_t>::max();
        is_signed = true;
        break;
      case FieldKind::kInt64:
      case FieldKind::kSInt64:
        max = std::numeric_limits<std::int64_t>::max();
        is_signed = true;
        break;
      default:
        break;
    }
    if ((negative && !is_signed && magnitude != 0) || magnitude > max + (negative ? 1 : 0)) {
      return Error("the number does not fit " + Quote(field.name));
    }
    const std::uint64_t value = negative ? 0 - magnitude : magnitude;
    switch (field.kind) {
      case FieldKind::kFixed32:
        Fixed(value, 4, out);
        break;
      case FieldKind::kFixed64:
        Fixed(value, 8, out);
        break;
      case FieldKind::kSInt64:
        protozero::add_varint_to_buffer(
            &out, protozero::encode_zigzag64(static_cast<std::int64_t>(value)));
        break;
      default:
        protozero::add_varint_to_buffer(&out, value);
    }
    return OkStatus();
  }

  static void Fixed(std::uint64_t value, int bytes, std::string& out) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  }

  Status Real(const FieldSchema& field, bool negative, std::string& out) {
    const std::size_t start = at_;
    double value = 0;
    if (IsLetter(Peek())) {
      std::string word;
      for (const char c : Word()) word += Lower(c);
      if (word == "inf" || word == "infinity") {
        value = std::numeric_limits<double>::infinity();
      } else if (word == "nan") {
        value = std::numeric_limits<double>::quiet_NaN();
      } else {
        return ErrorAt(start, Quote(field.name) + ": expected a number, found " + Quote(word));
      }
    } else {
      const char* end = text_.data() + text_.size();
      const auto [next, error] = std::from_chars(text_.data() + at_, end, value);
      if (error == std::errc::invalid_argument) {
        return Error(Quote(field.name) + ": expected a number, found " + Found());
      }
      at_ = static_cast<std::size_t>(next - text_.data());
      if (error == std::errc::result_out_of_range) {
        return ErrorAt(start, "a number is out of range");
      }
      if (Lower(Peek()) == 'f') ++at_;
      if (IsLetter(Peek()) || IsDigit(Peek())) return ErrorAt(start, "expected a number");
    }
    if (negative) value = -value;
    if (field.kind == FieldKind::kFloat) {
      Fixed(std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4, out);
    } else {
      Fixed(std::bit_cast<std::uint64_t>(value), 8, out);
    }
    return OkStatus();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::string> TextToWire(const MessageSchema& message, std::string_view text) {
  return Parser(text).Run(message);
}

}  // namespace whylight

// JSON text to values and back (RFC 8259, and the tokens NaN, Infinity, -Infinity that TensorFlow
// Serving reads and writes).
//
// Threads No state; a JsonWriter belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "whylight/json.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

// Nesting above this is an error: nobody writes it, and recursion over values must end.
inline constexpr int kMaxJsonDepth = 512;

// Reads one value that takes up all of `text`; a byte order mark is skipped. Integers that fit in
// 64 bits stay integers ("-0" is a double, to keep its sign); other numbers are the nearest double.
// Errors  kInvalidArgument with "line 3, column 14: ": syntax, a key twice in an object, invalid
//         UTF-8, a number too large for a double, nesting above kMaxJsonDepth, text behind the end.
Result<Json> ParseJson(std::string_view text);

struct JsonWriterOptions {
  enum class NonFinite {
    kNull,   // NaN and infinities become null: valid JSON for everybody.
    kToken,  // NaN, Infinity, -Infinity, as TensorFlow Serving writes them.
  };
  NonFinite non_finite = NonFinite::kNull;
  int indent = 0;  // Spaces per level; 0: all on one line, without spaces.
};

// Appends JSON to a string. The calls are the text's own order; what makes no valid JSON (a value
// without a key in an object, an End without its Begin) is a defect of the caller (WHYLIGHT_CHECK).
//   JsonWriter w(&out);
//   w.BeginObject();
//   w.Value("prediction", tensor);
//   w.EndObject();
class JsonWriter {
 public:
  explicit JsonWriter(std::string* out, const JsonWriterOptions& options = {});

  void BeginObject();
  void EndObject();
  void BeginArray();
  void EndArray();
  void Key(std::string_view key);

  void Null();
  void Bool(bool value);
  void Int(std::int64_t value);
  void UInt(std::uint64_t value);
  // The shortest text that reads back bit for bit (as double, as float), always with a point or an
  // exponent, so that no reader takes it for an integer: 0.0, -0.0, 1.0e+20, 0.1.
  void Double(double value);
  void Float(float value);
  // Bytes that are not UTF-8 become {"b64": "..."}.
  void String(std::string_view value);
  void Base64(std::string_view bytes);  // {"b64": "..."}, always.
  void Raw(std::string_view json);      // Text that is one JSON value already.
  void Value(const Json& value);
  // Nested lists; a scalar is a bare value. 16- and 32-bit floats are written as Float. Complex
  // numbers are [re, im]. Needs a numeric, bool, string or complex dtype (WHYLIGHT_CHECK).
  void Value(const Tensor& value);
  // Row `row` of a tensor of rank >= 1, as Value would write it.
  void Row(const Tensor& value, std::size_t row);

  // Members of an object: the key, then what the call without one writes.
  void BeginObject(std::string_view key) { Key(key), BeginObject(); }
  void BeginArray(std::string_view key) { Key(key), BeginArray(); }
  void Null(std::string_view key) { Key(key), Null(); }
  void Bool(std::string_view key, bool value) { Key(key), Bool(value); }
  void Int(std::string_view key, std::int64_t value) { Key(key), Int(value); }
  void UInt(std::string_view key, std::uint64_t value) { Key(key), UInt(value); }
  void Double(std::string_view key, double value) { Key(key), Double(value); }
  void String(std::string_view key, std::string_view value) { Key(key), String(value); }
  void Raw(std::string_view key, std::string_view json) { Key(key), Raw(json); }
  template <typename T>
  void Value(std::string_view key, const T& value) {
    Key(key), Value(value);
  }
  // Lists of numbers and of texts.
  template <typename Range>
  void Ints(std::string_view key, const Range& values) {
    BeginArray(key);
    for (const auto value : values) Int(value);
    EndArray();
  }
  template <typename Range>
  void Strings(std::string_view key, const Range& values) {
    BeginArray(key);
    for (const auto& value : values) String(value);
    EndArray();
  }

 private:
  struct Level {
    bool is_object = false;
    bool is_empty = true;
    bool has_key = false;
  };
  void BeforeValue();
  void Begin(char bracket);
  void End(char bracket);
  void NewLine();
  void Shortest(std::string_view text);
  void Element(const Tensor& value, std::size_t index);
  // Writes the elements from `index` on as lists of the axes from `axis` on; the index behind them.
  std::size_t Elements(const Tensor& value, int axis, std::size_t index);

  std::string* out_;
  JsonWriterOptions options_;
  std::vector<Level> levels_;
  bool is_inline_ = false;  // Inside a tensor: no line breaks, whatever the indent.
};

std::string WriteJson(const Json& value, const JsonWriterOptions& options = {});

}  // namespace whylight

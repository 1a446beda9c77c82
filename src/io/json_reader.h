// A pull parser: the caller asks for what it expects, value by value, and nothing is kept. So the
// numbers of an image go from the text into a tensor with no tree between them.
//
//   JsonReader r(text);
//   if (r.BeginArray()) while (r.NextElement()) Use(r.Number());
//   return r.Finish();
//
// The first error stays: after it every call does nothing and Next* return false, so loops end.
// Strings are checked for UTF-8; nesting above kMaxJsonDepth is an error. Keys are not compared
// with one another: that is for the caller, who knows what to do with them (KeySet helps).
//
// Threads One thread. The text outlives the reader.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "io/json.h"
#include "whylight/status.h"

namespace whylight {

// A number as it is written.
struct JsonNumber {
  enum class Kind {
    kInteger,    // Without point and exponent.
    kReal,       // With one of them.
    kNonFinite,  // NaN, Infinity, -Infinity
  };
  Kind kind = Kind::kInteger;
  std::string_view text;
};

class JsonReader {
 public:
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject, kEnd, kError };

  // Messages count lines from `first_line`: that of the text in its file.
  explicit JsonReader(std::string_view text, std::size_t first_line = 1);

  // Of the value that comes next, by its first character; kEnd at the end of the text.
  Kind Peek();

  bool BeginArray();   // False and an error, if no array is next.
  bool NextElement();  // A value follows. False: the array is closed, or an error.
  bool BeginObject();
  bool NextKey(std::string* key);  // Its value follows. False: the object is closed, or an error.

  void Null();
  bool Bool();
  JsonNumber Number();
  void String(std::string* value);
  // Reads any value and returns its text. Checks all of it, except that keys differ.
  std::string_view Skip();

  // An error at the place where the last value began.
  void Fail(std::string message);

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  // OK if no error was met and nothing but space is left.
  Status Finish();

  // "line 3, column 14" of a byte of the text; columns count bytes from 1.
  std::string Position(std::size_t offset) const;
  std::size_t offset() const { return at_; }

 private:
  void SkipSpace();
  void FailAt(std::size_t offset, std::string message);
  void Unexpected(std::string_view expected);
  bool Literal(std::string_view literal);
  bool Begin(char bracket, std::string_view expected);
  bool Close();
  void Escape(std::string* value);
  unsigned HexDigits();

  std::string_view text_;
  std::size_t first_line_ = 1;
  std::size_t at_ = 0;
  std::size_t value_at_ = 0;
  int depth_ = 0;
  bool is_first_ = false;  // Nothing stands between the bracket and here.
  Status status_;
};

// The nearest value of the type, correctly rounded from the text of a kInteger or kReal. False:
// beyond its range. Underflow gives 0 or a subnormal.
bool ReadNumber(std::string_view text, float* value);
bool ReadNumber(std::string_view text, double* value);

// The text of a value without the spaces between its tokens.
std::string CompactJson(std::string_view json);

// Finds a key that was seen before in an object.
class KeySet {
 public:
  bool Insert(std::string_view key);  // False: seen before.

 private:
  std::set<std::string, std::less<>> keys_;
};

}  // namespace whylight

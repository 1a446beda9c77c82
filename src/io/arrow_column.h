// Columns of Arrow's C data interface (io/arrow/module.h) as values. Private to io/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/arrow/module.h"
#include "io/flat_value.h"
#include "whylight/status.h"

namespace whylight {

// What the cells of a column are: elements of one kind, or lists of them, of any depth.
class ArrowColumnType {
 public:
  // Errors  kUnimplemented: a type that no tensor has (struct, map, decimal, date, ...).
  static Result<ArrowColumnType> Of(const ArrowSchema& schema);

  const std::string& name() const { return name_; }  // "list<float>"
  FlatValue NoValues() const;                        // Of the type.

  // The cell of a row, with its shape; monostate for a null. Strings are views of `array`, which is
  // of this type and whose buffers fit each other.
  // Errors  kInvalidArgument, which begins with the element's index: "[2]: missing (null)"; lists
  //         of different lengths.
  Result<FlatValue> Read(const ArrowArray& array, std::int64_t row) const;

 private:
  enum class List { kNone, k32, k64, kFixed };  // How the lengths of lists are told.
  struct Axis {
    List list = List::kNone;
    std::int64_t length = 0;  // Of kFixed.
  };

  std::vector<Axis> axes_;
  char element_ = 0;        // The C data interface's letter for it.
  std::int64_t width_ = 0;  // Of "w", bytes of a fixed number.
  char index_ = 0;          // Of a dictionary's elements; 0: none.
  std::string name_;
};

}  // namespace whylight

#include "io/arrow_column.h"

#include <charconv>
#include <cstring>
#include <utility>

#include "util/strings.h"

namespace whylight {
namespace {

struct Element {
  char letter;
  const char* name;
};
constexpr Element kElements[] = {
    {'b', "bool"},   {'c', "int8"},         {'C', "uint8"},  {'s', "int16"},
    {'S', "uint16"}, {'i', "int32"},        {'I', "uint32"}, {'l', "int64"},
    {'L', "uint64"}, {'e', "half"},         {'f', "float"},  {'g', "double"},
    {'u', "string"}, {'U', "large_string"}, {'z', "binary"}, {'Z', "large_binary"},
};

std::string ElementName(char letter) {
  for (const Element& element : kElements) {
    if (element.letter == letter) return element.name;
  }
  return "";
}

// What people call the types that are not read.
std::string ForeignName(std::string_view format) {
  if (format.starts_with("d:")) return "decimal";
  if (format.starts_with("t")) return "date or time";
  if (format == "+s") return "struct";
  if (format == "+m") return "map";
  if (format == "n") return "null";
  return "'" + Printable(format, 40) + "'";
}

// The number behind the colon of "w:16" and "+w:3".
std::int64_t NumberOf(std::string_view format) {
  std::int64_t number = 0;
  const std::size_t colon = format.find(':');
  if (colon != std::string_view::npos) {
    std::from_chars(format.data() + colon + 1, format.data() + format.size(), number);
  }
  return number;
}

// `row` counts from the array's own start, its offset not included.
bool IsNull(const ArrowArray& array, std::int64_t row) {
  if (array.null_count == 0 || array.n_buffers == 0 || array.buffers[0] == nullptr) return false;
  const std::int64_t bit = array.offset + row;
  const auto* const bits = static_cast<const std::uint8_t*>(array.buffers[0]);
  return (bits[bit / 8] >> (bit % 8) & 1) == 0;
}

Status CheckNoNull(const ArrowArray& array, std::int64_t begin, std::int64_t count) {
  if (array.null_count == 0) return OkStatus();
  for (std::int64_t i = 0; i < count; ++i) {
    if (IsNull(array, begin + i)) {
      return InvalidArgument("[" + std::to_string(i) + "]: missing (null)");
    }
  }
  return OkStatus();
}

template <typename T>
const T* Data(const ArrowArray& array, int buffer = 1) {
  return static_cast<const T*>(array.buffers[buffer]) + array.offset;
}

template <typename Stored, typename T>
void AppendNumbers(const ArrowArray& array, std::int64_t begin, std::int64_t count,
                   FlatList& list) {
  const Stored* const data = Data<Stored>(array) + begin;
  std::get<std::vector<T>>(list).insert(std::get<std::vector<T>>(list).end(), data, data + count);
}

void AppendBools(const ArrowArray& array, std::int64_t begin, std::int64_t count, FlatList& list) {
  const auto* const bits = static_cast<const std::uint8_t*>(array.buffers[1]);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t bit = array.offset + begin + i;
    std::get<std::vector<bool>>(list).push_back((bits[bit / 8] >> (bit % 8) & 1) != 0);
  }
}

void AppendHalves(const ArrowArray& array, std::int64_t begin, std::int64_t count, FlatList& list) {
  const std::uint16_t* const data = Data<std::uint16_t>(array) + begin;
  for (std::int64_t i = 0; i < count; ++i) {
    std::get<std::vector<float>>(list).push_back(ToFloat(Float16{data[i]}));
  }
}

template <typename Offset>
void AppendStrings(const ArrowArray& array, std::int64_t begin, std::int64_t count,
                   FlatList& list) {
  const Offset* const offsets = Data<Offset>(array) + begin;
  const auto* const bytes = static_cast<const char*>(array.buffers[2]);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto size = static_cast<std::size_t>(offsets[i + 1] - offsets[i]);
    std::get<std::vector<std::string_view>>(list).emplace_back(size == 0 ? "" : bytes + offsets[i],
                                                               size);
  }
}

void AppendFixedStrings(const ArrowArray& array, std::int64_t begin, std::int64_t count,
                        std::int64_t width, FlatList& list) {
  const auto* const bytes = static_cast<const char*>(array.buffers[1]);
  for (std::int64_t i = 0; i < count; ++i) {
    std::get<std::vector<std::string_view>>(list).emplace_back(
        bytes + (array.offset + begin + i) * width, static_cast<std::size_t>(width));
  }
}

FlatList EmptyList(char letter) {
  switch (letter) {
    case 'b':
      return std::vector<bool>();
    case 'L':
      return std::vector<std::uint64_t>();
    case 'e':
    case 'f':
      return std::vector<float>();
    case 'g':
      return std::vector<double>();
    case 'u':
    case 'U':
    case 'z':
    case 'Z':
    case 'w':
      return std::vector<std::string_view>();
    default:
      return std::vector<std::int64_t>();
  }
}

// Elements that are not null.
void Append(char letter, std::int64_t width, const ArrowArray& array, std::int64_t begin,
            std::int64_t count, FlatList& list) {
  if (count == 0) return;  // Its buffers may be missing.
  switch (letter) {
    case 'b':
      return AppendBools(array, begin, count, list);
    case 'c':
      return AppendNumbers<std::int8_t, std::int64_t>(array, begin, count, list);
    case 'C':
      return AppendNumbers<std::uint8_t, std::int64_t>(array, begin, count, list);
    case 's':
      return AppendNumbers<std::int16_t, std::int64_t>(array, begin, count, list);
    case 'S':
      return AppendNumbers<std::uint16_t, std::int64_t>(array, begin, count, list);
    case 'i':
      return AppendNumbers<std::int32_t, std::int64_t>(array, begin, count, list);
    case 'I':
      return AppendNumbers<std::uint32_t, std::int64_t>(array, begin, count, list);
    case 'l':
      return AppendNumbers<std::int64_t, std::int64_t>(array, begin, count, list);
    case 'L':
      return AppendNumbers<std::uint64_t, std::uint64_t>(array, begin, count, list);
    case 'e':
      return AppendHalves(array, begin, count, list);
    case 'f':
      return AppendNumbers<float, float>(array, begin, count, list);
    case 'g':
      return AppendNumbers<double, double>(array, begin, count, list);
    case 'u':
    case 'z':
      return AppendStrings<std::int32_t>(array, begin, count, list);
    case 'U':
    case 'Z':
      return AppendStrings<std::int64_t>(array, begin, count, list);
    case 'w':
      return AppendFixedStrings(array, begin, count, width, list);
    default:
      WHYLIGHT_CHECK(false && "a letter that Of() refuses");
  }
}

// Where the children of lists `begin` and so on, `count` of them, lie in their array; `length` is
// each list's. Errors: their lengths differ.
struct Children {
  std::int64_t begin = 0;
  std::int64_t count = 0;
  std::int64_t length = 0;
};
template <typename Offset>
Result<Children> ChildrenOf(const ArrowArray& array, std::int64_t begin, std::int64_t count) {
  if (count == 0) return Children();
  const Offset* const offsets = Data<Offset>(array) + begin;
  const std::int64_t length = offsets[1] - offsets[0];
  for (std::int64_t i = 1; i < count; ++i) {
    if (offsets[i + 1] - offsets[i] != length) {
      return InvalidArgument("[" + std::to_string(i) + "]: expected " + std::to_string(length) +
                             (length == 1 ? " value" : " values") +
                             ", as in the lists before it, got " +
                             std::to_string(offsets[i + 1] - offsets[i]));
    }
  }
  return Children{.begin = offsets[0], .count = offsets[count] - offsets[0], .length = length};
}

}  // namespace

Result<ArrowColumnType> ArrowColumnType::Of(const ArrowSchema& schema) {
  ArrowColumnType type;
  const ArrowSchema* at = &schema;
  std::string before, behind;
  while (std::string_view(at->format) == "+l" || std::string_view(at->format) == "+L" ||
         std::string_view(at->format).starts_with("+w:")) {
    const std::string_view format = at->format;
    const List list = format[1] == 'l' ? List::k32 : format[1] == 'L' ? List::k64 : List::kFixed;
    type.axes_.push_back({.list = list, .length = NumberOf(format)});
    before += "list<";
    behind += ">";
    at = at->children[0];
  }
  if (at->dictionary != nullptr &&
      std::string_view("cCsSiIl").find(at->format[0]) != std::string_view::npos) {
    type.index_ = at->format[0];
    at = at->dictionary;
  }
  const std::string_view format = at->format;
  const bool is_fixed = format.starts_with("w:");
  const std::string element = is_fixed             ? "binary"
                              : format.size() == 1 ? ElementName(format[0])
                                                   : "";
  if (element.empty()) {
    return Unimplemented("a column of type " + before + ForeignName(format) + behind +
                         " cannot be an input");
  }
  type.element_ = format[0];
  type.width_ = is_fixed ? NumberOf(format) : 0;
  type.name_ = before + element + behind;
  return type;
}

FlatValue ArrowColumnType::NoValues() const {
  return {.list = EmptyList(element_), .shape = {}, .form = name_};
}

Result<FlatValue> ArrowColumnType::Read(const ArrowArray& array, std::int64_t row) const {
  FlatValue value = NoValues();
  if (IsNull(array, row)) return FlatValue{.list = {}, .shape = {}, .form = "null"};
  const ArrowArray* at = &array;
  Children range{.begin = row, .count = 1};
  std::vector<std::int64_t> dims;
  for (const Axis& axis : axes_) {
    WHYLIGHT_RETURN_IF_ERROR(CheckNoNull(*at, range.begin, range.count));
    if (axis.list == List::kFixed) {
      range = {.begin = (at->offset + range.begin) * axis.length,
               .count = range.count * axis.length,
               .length = axis.length};
    } else {
      WHYLIGHT_ASSIGN_OR_RETURN(
          range, axis.list == List::k32 ? ChildrenOf<std::int32_t>(*at, range.begin, range.count)
                                        : ChildrenOf<std::int64_t>(*at, range.begin, range.count));
    }
    dims.push_back(range.length);
    at = at->children[0];
  }
  WHYLIGHT_RETURN_IF_ERROR(CheckNoNull(*at, range.begin, range.count));
  value.shape = Shape(std::move(dims));
  if (index_ == 0) {
    Append(element_, width_, *at, range.begin, range.count, value.list);
    return value;
  }
  FlatList indices = EmptyList('l');
  Append(index_, 0, *at, range.begin, range.count, indices);
  for (const std::int64_t index : std::get<std::vector<std::int64_t>>(indices)) {
    WHYLIGHT_RETURN_IF_ERROR(CheckNoNull(*at->dictionary, index, 1));
    Append(element_, width_, *at->dictionary, index, 1, value.list);
  }
  return value;
}

}  // namespace whylight

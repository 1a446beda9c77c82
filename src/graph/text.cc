#include "graph/text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "graph/attr_proto.h"
#include "graph/deduction.h"
#include "graph/export.h"
#include "graph/import.h"

namespace whylight {
namespace {

constexpr std::size_t kMaxShownElements = 8;
constexpr std::size_t kMaxSplatSearch = 4096;
constexpr int kMaxDepth = 64;  // Of brackets.

// Writing ---------------------------------------------------------------------------------------

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

std::string ShapeText(const Shape& shape) {
  if (!shape.has_rank()) return "<unknown>";
  std::string text = "[";
  for (const std::int64_t size : shape.dims()) {
    if (text.size() > 1) text += ',';
    if (size >= 0) {
      text += std::to_string(size);
    } else if (size == Shape::kUnknown) {
      text += '?';
    } else {
      text += '$' + std::to_string(Shape::kUnknown - size);
    }
  }
  return text + "]";
}

template <typename T>
std::string Shortest(T value) {
  char buffer[40];
  return {buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr};
}

std::string ElementText(const Tensor& tensor, std::size_t i) {
  switch (tensor.dtype()) {
    case DType::kString:
      return AttrToString(tensor.strings()[i]);
    case DType::kBool:
      return tensor.data<bool>()[i] ? "true" : "false";
    case DType::kFloat32:
      return Shortest(tensor.data<float>()[i]);
    case DType::kInt64:
      return Shortest(tensor.data<std::int64_t>()[i]);
    case DType::kUInt64:
      return Shortest(tensor.data<std::uint64_t>()[i]);
    default:
      return Shortest(tensor.Number(i));
  }
}

// Axes from `axis` on, starting at element `next`.
std::string BracesText(const Tensor& tensor, int axis, std::size_t& next) {
  if (axis == tensor.shape().rank()) return ElementText(tensor, next++);
  std::string text = "{";
  for (std::int64_t i = 0; i < tensor.shape().dim(axis); ++i) {
    if (i > 0) text += ", ";
    text += BracesText(tensor, axis + 1, next);
  }
  return text + "}";
}

bool AllEqual(const Tensor& tensor) {
  if (tensor.is_string()) {
    return std::all_of(tensor.strings().begin(), tensor.strings().end(),
                       [&](const std::string& s) { return s == tensor.strings().front(); });
  }
  const auto bytes = tensor.bytes();
  const std::size_t size = DTypeSize(tensor.dtype());
  return std::equal(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end(), bytes.begin());
}

// The `value` of a constant of type `dtype`; other tensors are written as bytes.
std::string TensorText(const TensorBytes& proto, DType dtype) {
  const Result<TensorType> type = DecodeTensorType(proto);
  const bool is_plain = type.ok() && type->dtype == dtype &&
                        (IsNumeric(dtype) || dtype == DType::kBool || dtype == DType::kString);
  if (is_plain && static_cast<std::size_t>(type->shape.elements()) <= kMaxSplatSearch) {
    const Result<Tensor> tensor = DecodeTensor(proto);
    if (tensor.ok()) {
      const Shape& shape = tensor->shape();
      const bool is_empty = tensor->elements() == 0;
      if (is_empty ? shape.rank() == 1 : tensor->elements() <= kMaxShownElements) {
        std::size_t next = 0;
        return BracesText(*tensor, 0, next);
      }
      if (is_empty) return "splat(" + ShapeText(shape) + ")";
      if (AllEqual(*tensor)) {
        return "splat(" + ShapeText(shape) + ", " + ElementText(*tensor, 0) + ")";
      }
    }
  }
  if (proto.bytes.size() <= kMaxSplatSearch && !is_plain) return "bytes(" + Hex(proto.bytes) + ")";
  return type.ok() ? "tensor(" + DTypeName(type->dtype) + ShapeText(type->shape) + ")"
                   : AttrToString(proto);
}

std::string FunctionText(const FunctionRef& function) {
  const std::string name = "@" + function.name;
  return function.attrs.empty() ? name : name + "(" + Hex(function.attrs) + ")";
}

// `is_defined`: the op's definition says of what kind the attribute is.
std::string AttrText(const Node& node, const AttrValue& value, bool is_defined) {
  if (const auto* tensor = std::get_if<TensorBytes>(&value)) {
    return TensorText(*tensor, node.AttrOr("dtype", DType::kInvalid));
  }
  if (const auto* raw = std::get_if<RawAttr>(&value)) return "raw(" + Hex(raw->bytes) + ")";
  if (const auto* function = std::get_if<FunctionRef>(&value)) return FunctionText(*function);
  if (const auto* shape = std::get_if<Shape>(&value)) {
    return (is_defined || !shape->has_rank() ? "" : "shape") + ShapeText(*shape);
  }
  const bool is_other_list = std::holds_alternative<std::vector<TensorBytes>>(value);
  if (is_other_list) return "raw(" + Hex(EncodeAttr(value)) + ")";
  if (const auto* functions = std::get_if<std::vector<FunctionRef>>(&value)) {
    std::string text = "[";
    for (const FunctionRef& function : *functions) {
      if (text.size() > 1) text += ',';
      text += FunctionText(function);
    }
    return text + "]";
  }
  return AttrToString(value);
}

std::string OutputText(Output output) {
  if (output.node == nullptr) return "<none>";
  return output.index == 0 ? output.node->name : output.name();
}

std::string NodeText(const Node& node, const OpRegistry& registry) {
  const OpDef* const op = registry.Find(node.op);
  std::string text = node.name + " = " + node.op;
  if (!node.attrs.empty()) {
    text += '[';
    bool first = true;
    for (const auto& [name, value] : node.attrs) {
      if (!std::exchange(first, false)) text += ", ";
      const bool is_defined = op != nullptr && op->FindAttr(name) != nullptr;
      text += name + "=" + AttrText(node, value, is_defined);
    }
    text += ']';
  }
  text += '(';
  for (const Output& input : node.inputs) {
    if (text.back() != '(') text += ", ";
    text += OutputText(input);
  }
  for (const Node* const control : node.control_inputs) {
    if (text.back() != '(') text += ", ";
    text += "^" + control->name;
  }
  text += ')';
  if (!node.device.empty()) text += " @ " + AttrToString(node.device);
  for (std::size_t i = 0; i < node.shapes.size(); ++i) {
    text += (i == 0 ? " -> " : ", ") + ShapeText(node.shapes[i]);
  }
  return text;
}

std::string BodyText(const FunctionDef& function, const OpRegistry& registry) {
  const Result<FunctionBody> body = ImportFunction(function, registry);
  if (!body.ok()) return "# " + body.status().message() + "\n";
  std::string text = "function " + function.name + " {\n";
  for (const auto& node : body->graph.nodes()) text += "  " + NodeText(*node, registry) + "\n";
  text += "  return";
  const char* separator = " ";
  for (const Output& result : body->results) {
    text += std::exchange(separator, ", ") + OutputText(result);
  }
  for (const Node* const node : body->control_results) {
    text += std::exchange(separator, ", ") + ("^" + node->name);
  }
  return text + "\n}\n";
}

// Reading ---------------------------------------------------------------------------------------

// A value as written; what it means depends on the attribute.
struct Value {
  enum class Kind { kText, kWord, kList, kBraces, kCall };
  Kind kind = Kind::kWord;
  std::string text;          // Of a string, a word (a number, too), a call's name.
  std::vector<Value> items;  // Of a list, braces, a call's arguments.

  bool IsWord(std::string_view word) const { return kind == Kind::kWord && text == word; }
};

struct ParsedNode {
  Node* node = nullptr;
  std::vector<std::string> inputs;
  int line = 0;
};

bool IsWordChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("_./-+>:?$@<^").find(c) != std::string_view::npos;
}

// Reads one line from the left.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : line_(line) {}

  void SkipSpaces() {
    while (at_ < line_.size() && std::isspace(static_cast<unsigned char>(line_[at_]))) ++at_;
  }
  bool AtEnd() {
    SkipSpaces();
    return at_ == line_.size();
  }
  // Takes `token` if it comes next.
  bool Take(std::string_view token) {
    SkipSpaces();
    if (!line_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  Status Expect(std::string_view token) {
    if (Take(token)) return OkStatus();
    return InvalidArgument("expected '" + std::string(token) + "' at \"" +
                           std::string(line_.substr(at_, 20)) + "\"");
  }
  Result<std::string> Word(std::string_view what) {
    SkipSpaces();
    const std::size_t start = at_;
    while (at_ < line_.size() && IsWordChar(line_[at_])) ++at_;
    if (at_ == start) {
      return InvalidArgument("expected " + std::string(what) + " at \"" +
                             std::string(line_.substr(at_, 20)) + "\"");
    }
    return std::string(line_.substr(start, at_ - start));
  }

  Result<Value> ReadValue(int depth = 0) {
    if (depth > kMaxDepth) return InvalidArgument("brackets nest too deep");
    if (Take("\"")) return ReadText();
    Value value;
    if (Take("[")) {
      value.kind = Value::Kind::kList;
      WHYLIGHT_ASSIGN_OR_RETURN(value.items, ReadItems("]", depth));
      return value;
    }
    if (Take("{")) {
      value.kind = Value::Kind::kBraces;
      WHYLIGHT_ASSIGN_OR_RETURN(value.items, ReadItems("}", depth));
      return value;
    }
    WHYLIGHT_ASSIGN_OR_RETURN(value.text, Word("a value"));
    if (value.text == "dtype") {  // "dtype 42": a type without a name.
      WHYLIGHT_ASSIGN_OR_RETURN(const std::string number, Word("a number"));
      value.text += " " + number;
    } else if (Take("(")) {
      value.kind = Value::Kind::kCall;
      WHYLIGHT_ASSIGN_OR_RETURN(value.items, ReadItems(")", depth));
    } else if (value.text == "shape" && Take("[")) {
      value.kind = Value::Kind::kCall;
      WHYLIGHT_ASSIGN_OR_RETURN(value.items, ReadItems("]", depth));
    }
    return value;
  }

 private:
  Result<std::vector<Value>> ReadItems(std::string_view close, int depth) {
    std::vector<Value> items;
    if (Take(close)) return items;
    do {
      WHYLIGHT_ASSIGN_OR_RETURN(Value item, ReadValue(depth + 1));
      items.push_back(std::move(item));
    } while (Take(","));
    WHYLIGHT_RETURN_IF_ERROR(Expect(close));
    return items;
  }

  Result<Value> ReadText() {
    Value value{.kind = Value::Kind::kText};
    while (at_ < line_.size() && line_[at_] != '"') {
      char c = line_[at_++];
      if (c == '\\' && at_ < line_.size()) {
        c = line_[at_++];
        if (c == 'n') {
          c = '\n';
        } else if (c == 'x') {
          int byte = 0;
          const std::string_view digits = line_.substr(at_, 2);
          const auto parsed =
              std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
          if (parsed.ec != std::errc() || parsed.ptr != digits.data() + 2) {
            return InvalidArgument("expected two hexadecimal digits after \\x");
          }
          at_ += 2;
          c = static_cast<char>(byte);
        }
      }
      value.text += c;
    }
    WHYLIGHT_RETURN_IF_ERROR(Expect("\""));
    return value;
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

Status Unexpected(std::string_view expected, const Value& value) {
  return InvalidArgument("expected " + std::string(expected) + ", got \"" + value.text + "\"");
}

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T number{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<std::string> FromHex(const std::vector<Value>& arguments) {
  if (arguments.empty()) return std::string();
  const std::string& digits = arguments.front().text;
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    int byte = 0;
    const char* const from = digits.data() + i;
    const std::size_t left = digits.size() - i;
    const auto parsed = std::from_chars(from, from + std::min<std::size_t>(left, 2), byte, 16);
    if (left < 2 || parsed.ec != std::errc() || parsed.ptr != from + 2) {
      return InvalidArgument("expected hexadecimal digits, got \"" + digits + "\"");
    }
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

Result<Shape> ToShape(const Value& value) {
  if (value.IsWord("<unknown>")) return Shape::UnknownRank();
  if (value.kind != Value::Kind::kList && value.kind != Value::Kind::kCall) {
    return Unexpected("a shape", value);
  }
  std::vector<std::int64_t> dims;
  for (const Value& item : value.items) {
    const bool is_symbol = item.text.starts_with('$');
    if (item.IsWord("?")) {
      dims.push_back(Shape::kUnknown);
    } else if (const auto size = ParseNumber<std::int64_t>(
                   std::string_view(item.text).substr(is_symbol ? 1 : 0))) {
      dims.push_back(is_symbol ? Shape::kUnknown - *size : *size);
    } else {
      return Unexpected("a size, ? or $1", item);
    }
  }
  return Shape(std::move(dims));
}

Result<DType> ToDType(const Value& value) {
  std::string_view name = value.text;
  int offset = 0;
  if (name.ends_with("_ref")) {
    name.remove_suffix(4);
    offset = kRefTypeOffset;
  }
  if (name.starts_with("dtype ")) {
    const auto number = ParseNumber<int>(name.substr(6));
    if (!number) return Unexpected("a type", value);
    return static_cast<DType>(*number + offset);
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const DType dtype, DTypeFromName(name));
  return static_cast<DType>(static_cast<int>(dtype) + offset);
}

Result<FunctionRef> ToFunction(const Value& value) {
  if (!value.text.starts_with('@')) return Unexpected("@function", value);
  FunctionRef function{.name = value.text.substr(1), .attrs = {}};
  WHYLIGHT_ASSIGN_OR_RETURN(function.attrs, FromHex(value.items));
  return function;
}

// The kind of a tensor whose type nobody gave, by its first element.
DType TypeOfElement(const Value& value) {
  if (!value.items.empty()) return TypeOfElement(value.items.back());
  if (value.kind == Value::Kind::kText) return DType::kString;
  if (value.IsWord("true") || value.IsWord("false")) return DType::kBool;
  return ParseNumber<std::int64_t>(value.text) ? DType::kInt32 : DType::kFloat32;
}

Status SetElement(Tensor& tensor, std::size_t i, const Value& value) {
  if (tensor.is_string()) {
    if (value.kind != Value::Kind::kText) return Unexpected("a string", value);
    tensor.strings()[i] = value.text;
    return OkStatus();
  }
  if (value.IsWord("true") || value.IsWord("false")) {
    tensor.SetNumber(i, value.text == "true" ? 1 : 0);
    return OkStatus();
  }
  if (tensor.dtype() == DType::kInt64 || tensor.dtype() == DType::kUInt64) {  // Beyond a double.
    const bool is_signed = tensor.dtype() == DType::kInt64;
    const auto signed_number = ParseNumber<std::int64_t>(value.text);
    const auto unsigned_number = ParseNumber<std::uint64_t>(value.text);
    if (is_signed ? !signed_number : !unsigned_number) return Unexpected("an integer", value);
    if (is_signed) {
      tensor.data<std::int64_t>()[i] = *signed_number;
    } else {
      tensor.data<std::uint64_t>()[i] = *unsigned_number;
    }
    return OkStatus();
  }
  const auto number = ParseNumber<double>(value.text);
  if (value.kind != Value::Kind::kWord || !number) return Unexpected("a number", value);
  tensor.SetNumber(i, *number);
  return OkStatus();
}

Status Flatten(const Value& value, const Shape& shape, int axis, std::vector<const Value*>& out) {
  if (axis == shape.rank()) {
    out.push_back(&value);
    return OkStatus();
  }
  if (value.kind != Value::Kind::kBraces ||
      static_cast<std::int64_t>(value.items.size()) != shape.dim(axis)) {
    return InvalidArgument("expected braces of " + std::to_string(shape.dim(axis)) + " items");
  }
  for (const Value& item : value.items) {
    WHYLIGHT_RETURN_IF_ERROR(Flatten(item, shape, axis + 1, out));
  }
  return OkStatus();
}

Result<AttrValue> ToTensor(const Value& value, DType dtype) {
  const bool is_call = value.kind == Value::Kind::kCall;
  if (is_call && value.text == "bytes") {
    WHYLIGHT_ASSIGN_OR_RETURN(std::string bytes, FromHex(value.items));
    return AttrValue(TensorBytes{std::move(bytes)});
  }
  if (dtype == DType::kInvalid) dtype = TypeOfElement(value);
  if (!IsNumeric(dtype) && dtype != DType::kBool && dtype != DType::kString) {
    return Unexpected("bytes(...) for a constant of type " + DTypeName(dtype), value);
  }
  if (is_call && value.text == "splat" && !value.items.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(const Shape shape, ToShape(value.items.front()));
    std::int64_t elements = 1;
    for (const std::int64_t size : shape.dims()) {
      if (size < 0 || (size > 0 && elements > (1 << 24) / size)) {
        return Unexpected("a shape of known size", value);
      }
      elements *= size;
    }
    Tensor tensor(dtype, shape);
    for (std::size_t i = 0; i < tensor.elements(); ++i) {
      WHYLIGHT_RETURN_IF_ERROR(SetElement(tensor, i, value.items.back()));
    }
    return AttrValue(EncodeTensor(tensor));
  }
  if (is_call) return InvalidArgument("the elements of a constant are not in the text");
  std::vector<std::int64_t> dims;
  for (const Value* inner = &value; inner->kind == Value::Kind::kBraces;
       inner = &inner->items.front()) {
    dims.push_back(static_cast<std::int64_t>(inner->items.size()));
    if (inner->items.empty()) break;
  }
  const Shape shape(std::move(dims));
  std::vector<const Value*> elements;
  WHYLIGHT_RETURN_IF_ERROR(Flatten(value, shape, 0, elements));
  Tensor tensor(dtype, shape);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    WHYLIGHT_RETURN_IF_ERROR(SetElement(tensor, i, *elements[i]));
  }
  return AttrValue(EncodeTensor(tensor));
}

// What an attribute without a definition looks like.
std::string GuessKind(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kText:
      return "string";
    case Value::Kind::kBraces:
      return "tensor";
    case Value::Kind::kCall:
      return value.text.starts_with('@') ? "func" : value.text == "shape" ? "shape" : "tensor";
    case Value::Kind::kList: {
      if (value.items.empty()) return "list(int)";
      const Value& first = value.items.front();
      const bool is_shapes = first.kind == Value::Kind::kList || first.IsWord("<unknown>");
      return is_shapes ? "list(shape)" : "list(" + GuessKind(first) + ")";
    }
    case Value::Kind::kWord:
      break;
  }
  if (value.IsWord("true") || value.IsWord("false")) return "bool";
  if (value.IsWord("<unknown>")) return "shape";
  if (value.text.starts_with('@')) return "func";
  if (ParseNumber<std::int64_t>(value.text)) return "int";
  return ParseNumber<double>(value.text) ? "float" : "type";
}

template <typename T, typename Convert>
Result<AttrValue> ToList(const Value& value, Convert convert) {
  if (value.kind != Value::Kind::kList) return Unexpected("a list", value);
  if (value.items.empty()) return AttrValue(EmptyList{});
  std::vector<T> list;
  for (const Value& item : value.items) {
    WHYLIGHT_ASSIGN_OR_RETURN(T element, convert(item));
    list.push_back(std::move(element));
  }
  return AttrValue(std::move(list));
}

Result<std::string> ToText(const Value& value) {
  if (value.kind != Value::Kind::kText) return Unexpected("a string", value);
  return value.text;
}
Result<std::int64_t> ToInt(const Value& value) {
  const auto number = ParseNumber<std::int64_t>(value.text);
  if (value.kind != Value::Kind::kWord || !number) return Unexpected("an integer", value);
  return *number;
}
Result<float> ToFloatAttr(const Value& value) {
  const auto number = ParseNumber<float>(value.text);
  if (value.kind != Value::Kind::kWord || !number) return Unexpected("a number", value);
  return *number;
}
Result<bool> ToBool(const Value& value) {
  if (!value.IsWord("true") && !value.IsWord("false")) return Unexpected("true or false", value);
  return value.text == "true";
}

template <typename T>
Result<AttrValue> Lift(Result<T> value) {
  if (!value.ok()) return value.status();
  return AttrValue(*std::move(value));
}

Result<AttrValue> ToAttr(const Value& value, const std::string& kind, DType dtype) {
  if (value.kind == Value::Kind::kCall && value.text == "raw") {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::string bytes, FromHex(value.items));
    return DecodeAttr(bytes);
  }
  if (kind == "string") return Lift(ToText(value));
  if (kind == "int") return Lift(ToInt(value));
  if (kind == "float") return Lift(ToFloatAttr(value));
  if (kind == "bool") return Lift(ToBool(value));
  if (kind == "type") return Lift(ToDType(value));
  if (kind == "shape") return Lift(ToShape(value));
  if (kind == "func") return Lift(ToFunction(value));
  if (kind == "tensor") return ToTensor(value, dtype);
  if (kind == "list(string)") return ToList<std::string>(value, ToText);
  if (kind == "list(int)") return ToList<std::int64_t>(value, ToInt);
  if (kind == "list(float)") return ToList<float>(value, ToFloatAttr);
  if (kind == "list(bool)") return ToList<bool>(value, ToBool);
  if (kind == "list(type)") return ToList<DType>(value, ToDType);
  if (kind == "list(shape)") return ToList<Shape>(value, ToShape);
  if (kind == "list(func)") return ToList<FunctionRef>(value, ToFunction);
  return Unexpected("a value of kind " + kind, value);
}

// Collects the nodes of one graph or body, then connects them: lines may refer to later ones.
class GraphReader {
 public:
  explicit GraphReader(Graph& graph) : graph_(graph) {}

  Status AddLine(std::string_view line, int number) {
    LineReader reader(line);
    WHYLIGHT_ASSIGN_OR_RETURN(std::string name, reader.Word("a node's name"));
    WHYLIGHT_RETURN_IF_ERROR(reader.Expect("="));
    WHYLIGHT_ASSIGN_OR_RETURN(std::string op, reader.Word("an op"));
    if (graph_.Find(name) != nullptr) return InvalidArgument("two nodes are named '" + name + "'");
    ParsedNode parsed{.node = graph_.Add(std::move(name), std::move(op)), .line = number};
    if (reader.Take("[")) WHYLIGHT_RETURN_IF_ERROR(ReadAttrs(reader, *parsed.node));
    WHYLIGHT_RETURN_IF_ERROR(reader.Expect("("));
    if (!reader.Take(")")) {
      do {
        WHYLIGHT_ASSIGN_OR_RETURN(std::string input, reader.Word("an input"));
        parsed.inputs.push_back(std::move(input));
      } while (reader.Take(","));
      WHYLIGHT_RETURN_IF_ERROR(reader.Expect(")"));
    }
    if (reader.Take("@")) {
      WHYLIGHT_ASSIGN_OR_RETURN(const Value device, reader.ReadValue());
      parsed.node->device = device.text;
    }
    if (reader.Take("->")) {
      do {
        WHYLIGHT_ASSIGN_OR_RETURN(const Value value, reader.ReadValue());
        WHYLIGHT_ASSIGN_OR_RETURN(Shape shape, ToShape(value));
        parsed.node->shapes.push_back(std::move(shape));
      } while (reader.Take(","));
    }
    if (!reader.AtEnd()) return InvalidArgument("expected the end of the line");
    nodes_.push_back(std::move(parsed));
    return OkStatus();
  }

  Status Connect() {
    for (const ParsedNode& parsed : nodes_) {
      for (const std::string& input : parsed.inputs) {
        const bool is_control = input.starts_with('^');
        const Result<Output> output = Find(std::string_view(input).substr(is_control ? 1 : 0));
        if (!output.ok()) return output.status().In("line " + std::to_string(parsed.line));
        if (is_control) {
          parsed.node->control_inputs.push_back(output->node);
        } else {
          parsed.node->inputs.push_back(*output);
        }
      }
    }
    for (Node* const node : graph_.TopologicalOrder()) Deduce(*node);
    return OkStatus();
  }

  Result<Output> Find(std::string_view name) const {
    Output output{graph_.Find(name), 0};
    if (output.node != nullptr) return output;
    const std::size_t colon = name.rfind(':');
    if (colon != std::string_view::npos) {
      output.node = graph_.Find(name.substr(0, colon));
      const auto index = ParseNumber<int>(name.substr(colon + 1));
      if (output.node != nullptr && index && *index >= 0) return Output{output.node, *index};
    }
    return InvalidArgument("there is no node '" + std::string(name) + "'");
  }

 private:
  Status ReadAttrs(LineReader& reader, Node& node) {
    if (reader.Take("]")) return OkStatus();
    std::vector<std::pair<std::string, Value>> values;
    DType dtype = DType::kInvalid;
    do {
      WHYLIGHT_ASSIGN_OR_RETURN(std::string name, reader.Word("an attribute's name"));
      WHYLIGHT_RETURN_IF_ERROR(reader.Expect("="));
      WHYLIGHT_ASSIGN_OR_RETURN(Value value, reader.ReadValue());
      if (name == "dtype" && value.kind == Value::Kind::kWord) {
        WHYLIGHT_ASSIGN_OR_RETURN(dtype, ToDType(value));
      }
      values.emplace_back(std::move(name), std::move(value));
    } while (reader.Take(","));
    WHYLIGHT_RETURN_IF_ERROR(reader.Expect("]"));
    const OpDef* const op = graph_.registry().Find(node.op);
    for (const auto& [name, value] : values) {
      const AttrDef* const def = op == nullptr ? nullptr : op->FindAttr(name);
      Result<AttrValue> attr = ToAttr(value, def == nullptr ? GuessKind(value) : def->type, dtype);
      if (!attr.ok()) return attr.status().In("attribute " + name);
      if (const auto* tensor = std::get_if<TensorBytes>(&*attr);
          tensor != nullptr && node.Is("Const") && dtype == DType::kInvalid) {
        if (const Result<TensorType> type = DecodeTensorType(*tensor); type.ok()) {
          node.attrs["dtype"] = type->dtype;
        }
      }
      node.attrs[name] = *std::move(attr);
    }
    return OkStatus();
  }

  // What does not follow is left for the verifier to report.
  void Deduce(Node& node) const {
    const OpDef* const op = graph_.registry().Find(node.op);
    if (op == nullptr) return;
    std::vector<DType> types;
    for (const Output& input : node.inputs) {
      const Result<DType> type = graph_.OutputType(input);
      types.push_back(type.ok() ? *type : DType::kInvalid);
    }
    Attrs attrs = node.attrs;
    (void)DeduceAttrs(*op, types, attrs).ok();
    node.attrs = std::move(attrs);
  }

  Graph& graph_;
  std::vector<ParsedNode> nodes_;
};

// A function under construction: its lines up to the closing brace.
class FunctionReader {
 public:
  FunctionReader(std::string name, const Graph& outer) : body_{.graph = Graph(outer.registry())} {
    body_.name = std::move(name);
    body_.graph.library = outer.library;
  }

  Status AddLine(std::string_view line, int number) {
    LineReader reader(line);
    if (line == "return") return OkStatus();
    if (!reader.Take("return ")) return nodes_.AddLine(line, number);
    while (!reader.AtEnd()) {
      WHYLIGHT_ASSIGN_OR_RETURN(std::string result, reader.Word("a result"));
      returned_.push_back(std::move(result));
      if (!reader.Take(",") && !reader.AtEnd()) return reader.Expect(",");
    }
    return OkStatus();
  }

  Result<FunctionDef> Finish() {
    WHYLIGHT_RETURN_IF_ERROR(nodes_.Connect());
    for (const auto& node : body_.graph.nodes()) {
      if (node->Is("_Arg")) body_.args.push_back(node.get());
    }
    std::stable_sort(body_.args.begin(), body_.args.end(), [](const Node* a, const Node* b) {
      return a->AttrOr<std::int64_t>("index", 0) < b->AttrOr<std::int64_t>("index", 0);
    });
    for (const std::string& name : returned_) {
      const bool is_control = name.starts_with('^');
      WHYLIGHT_ASSIGN_OR_RETURN(const Output output,
                                nodes_.Find(std::string_view(name).substr(is_control ? 1 : 0)));
      if (is_control) {
        body_.control_results.push_back(output.node);
      } else {
        body_.results.push_back(output);
      }
    }
    return ExportFunction(body_);
  }

 private:
  FunctionBody body_;
  GraphReader nodes_{body_.graph};
  std::vector<std::string> returned_;
};

std::string_view Trimmed(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return "";
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

Status ReadLines(std::string_view text, Graph& graph) {
  GraphReader nodes(graph);
  std::unique_ptr<FunctionReader> function;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    Status status;
    if (function != nullptr && line == "}") {
      Result<FunctionDef> finished = function->Finish();
      if (finished.ok()) graph.library.Add(*std::move(finished));
      status = finished.status();
      function.reset();
    } else if (function != nullptr) {
      status = function->AddLine(line, number);
    } else if (line.starts_with("function ") && line.ends_with('{')) {
      function = std::make_unique<FunctionReader>(
          std::string(Trimmed(line.substr(9, line.size() - 10))), graph);
    } else {
      status = nodes.AddLine(line, number);
    }
    if (!status.ok()) return status.In("line " + std::to_string(number));
  }
  if (function != nullptr) return InvalidArgument("a function has no closing brace");
  return nodes.Connect();
}

}  // namespace

std::string GraphToText(const Graph& graph, const TextOptions& options) {
  std::string text;
  const Result<std::set<std::string>> called = CalledFunctions(graph);
  for (const auto& node : graph.nodes()) text += NodeText(*node, graph.registry()) + "\n";
  for (const auto& [name, function] : graph.library.functions()) {
    // With a malformed one among them nobody can tell: then all of them.
    if (options.only_called && called.ok() && !called->contains(name)) continue;
    text += BodyText(function, graph.registry());
  }
  return text;
}

Result<Graph> GraphFromText(std::string_view text, const OpRegistry& registry) {
  Graph graph(registry);
  WHYLIGHT_RETURN_IF_ERROR(ReadLines(text, graph));
  return graph;
}

}  // namespace whylight

#include "graph/attr.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <protozero/pbf_writer.hpp>
#include <utility>

#include "graph/attr_proto.h"
#include "util/wire.h"

namespace whylight {
namespace {

using protozero::pbf_reader;
using protozero::pbf_writer;
using wire::Bytes;
using wire::Fixed32;
using wire::Fixed64;
using wire::Reader;
using wire::Varint;
using wire::View;

// A GraphDef holds no more, and neither should what a few bytes of it ask us to expand.
constexpr std::int64_t kMaxTensorBytes = std::int64_t{1} << 31;

// The functions below throw protozero::exception for malformed bytes; the public ones catch it.
Status Malformed(std::string_view what, const protozero::exception& e) {
  return DataLoss("malformed " + std::string(what) + ": " + e.what());
}

DType ReadDType(pbf_reader& reader) { return static_cast<DType>(reader.get_enum()); }

Shape ReadShape(std::string_view bytes) {
  std::vector<std::int64_t> dims;
  bool unknown_rank = false;
  pbf_reader message = Reader(bytes);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Bytes(2): {  // dim
        std::int64_t size = 0;
        pbf_reader dim = Reader(View(message));
        while (dim.next()) {
          if (dim.tag_and_type() == Varint(1)) {
            size = dim.get_int64();
          } else {
            dim.skip();
          }
        }
        dims.push_back(std::max(size, Shape::kUnknown));
        break;
      }
      case Varint(3):
        unknown_rank = message.get_bool();
        break;
      default:
        message.skip();
    }
  }
  return unknown_rank ? Shape::UnknownRank() : Shape(std::move(dims));
}

FunctionRef ReadFunction(std::string_view bytes) {
  FunctionRef function;
  pbf_writer attrs(function.attrs);
  pbf_reader message = Reader(bytes);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Bytes(1):
        function.name = message.get_string();
        break;
      case Bytes(2):
        attrs.add_bytes(2, message.get_view());
        break;
      default:
        message.skip();
    }
  }
  return function;
}

// Appends the values of a repeated varint field in either encoding, packed or one by one.
template <typename T, typename Out>
void ReadVarints(pbf_reader& reader, Out out) {
  if (reader.wire_type() == protozero::pbf_wire_type::varint) {
    *out = static_cast<T>(reader.get_int64());
    return;
  }
  for (const std::int64_t value : reader.get_packed_int64()) *out = static_cast<T>(value);
}

template <typename Out>
void ReadFloats(pbf_reader& reader, Out out) {
  if (reader.wire_type() == protozero::pbf_wire_type::fixed32) {
    *out = reader.get_float();
    return;
  }
  for (const float value : reader.get_packed_float()) *out = value;
}

template <typename Out>
void ReadDoubles(pbf_reader& reader, Out out) {
  if (reader.wire_type() == protozero::pbf_wire_type::fixed64) {
    *out = reader.get_double();
    return;
  }
  for (const double value : reader.get_packed_double()) *out = value;
}

// The list under construction as a T; starts one if there is none. nullptr: of another kind.
template <typename T>
std::vector<T>* ListOf(AttrValue& value) {
  if (std::holds_alternative<EmptyList>(value)) value = std::vector<T>();
  return std::get_if<std::vector<T>>(&value);
}

// AttrValue.ListValue; `whole` is the AttrValue around it, kept if the list is not understood.
AttrValue ReadList(std::string_view bytes, std::string_view whole) {
  AttrValue value = EmptyList{};
  pbf_reader message = Reader(bytes);
  while (message.next()) {
    bool understood = false;
    switch (message.tag_and_type()) {
      case Bytes(2):
        if (auto* list = ListOf<std::string>(value)) {
          list->push_back(message.get_string());
          understood = true;
        }
        break;
      case Bytes(3):
      case Varint(3):
        if (auto* list = ListOf<std::int64_t>(value)) {
          ReadVarints<std::int64_t>(message, std::back_inserter(*list));
          understood = true;
        }
        break;
      case Bytes(4):
      case Fixed32(4):
        if (auto* list = ListOf<float>(value)) {
          ReadFloats(message, std::back_inserter(*list));
          understood = true;
        }
        break;
      case Bytes(5):
      case Varint(5):
        if (auto* list = ListOf<bool>(value)) {
          ReadVarints<bool>(message, std::back_inserter(*list));
          understood = true;
        }
        break;
      case Bytes(6):
      case Varint(6):
        if (auto* list = ListOf<DType>(value)) {
          ReadVarints<DType>(message, std::back_inserter(*list));
          understood = true;
        }
        break;
      case Bytes(7):
        if (auto* list = ListOf<Shape>(value)) {
          list->push_back(ReadShape(View(message)));
          understood = true;
        }
        break;
      case Bytes(8):
        if (auto* list = ListOf<TensorBytes>(value)) {
          list->push_back({message.get_string()});
          understood = true;
        }
        break;
      case Bytes(9):
        if (auto* list = ListOf<FunctionRef>(value)) {
          list->push_back(ReadFunction(View(message)));
          understood = true;
        }
        break;
      default:
        break;
    }
    if (!understood) return RawAttr{std::string(whole)};
  }
  return value;
}

AttrValue ReadAttr(std::string_view bytes) {
  AttrValue value = RawAttr{std::string(bytes)};
  pbf_reader message = Reader(bytes);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Bytes(1):
        value = ReadList(View(message), bytes);
        break;
      case Bytes(2):
        value = message.get_string();
        break;
      case Varint(3):
        value = message.get_int64();
        break;
      case Fixed32(4):
        value = message.get_float();
        break;
      case Varint(5):
        value = message.get_bool();
        break;
      case Varint(6):
        value = ReadDType(message);
        break;
      case Bytes(7):
        value = ReadShape(View(message));
        break;
      case Bytes(8):
        value = TensorBytes{message.get_string()};
        break;
      case Bytes(10):
        value = ReadFunction(View(message));
        break;
      default:
        return RawAttr{std::string(bytes)};
    }
  }
  return value;
}

std::string FunctionBytes(const FunctionRef& function) {
  std::string bytes;
  pbf_writer(bytes).add_string(1, function.name);
  return bytes + function.attrs;
}

// Writes one AttrValue; lists go into the nested ListValue.
struct AttrWriter {
  pbf_writer& out;

  void operator()(const std::string& value) const { out.add_bytes(2, value); }
  void operator()(std::int64_t value) const { out.add_int64(3, value); }
  void operator()(float value) const { out.add_float(4, value); }
  void operator()(bool value) const { out.add_bool(5, value); }
  void operator()(DType value) const { out.add_enum(6, static_cast<int>(value)); }
  void operator()(const Shape& value) const { out.add_message(7, EncodeShape(value)); }
  void operator()(const TensorBytes& value) const { out.add_message(8, value.bytes); }
  void operator()(const FunctionRef& value) const { out.add_message(10, FunctionBytes(value)); }
  void operator()(const EmptyList&) const { out.add_message(1, std::string()); }
  void operator()(const RawAttr&) const {}  // The whole message: see EncodeAttr.

  void operator()(const std::vector<std::string>& values) const {
    List([&](pbf_writer& list) {
      for (const std::string& value : values) list.add_bytes(2, value);
    });
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    List([&](pbf_writer& list) { list.add_packed_int64(3, values.begin(), values.end()); });
  }
  void operator()(const std::vector<float>& values) const {
    List([&](pbf_writer& list) { list.add_packed_float(4, values.begin(), values.end()); });
  }
  void operator()(const std::vector<bool>& values) const {
    List([&](pbf_writer& list) { list.add_packed_bool(5, values.begin(), values.end()); });
  }
  void operator()(const std::vector<DType>& values) const {
    std::vector<std::int32_t> numbers;
    for (const DType value : values) numbers.push_back(static_cast<std::int32_t>(value));
    List([&](pbf_writer& list) { list.add_packed_enum(6, numbers.begin(), numbers.end()); });
  }
  void operator()(const std::vector<Shape>& values) const {
    List([&](pbf_writer& list) {
      for (const Shape& value : values) list.add_message(7, EncodeShape(value));
    });
  }
  void operator()(const std::vector<TensorBytes>& values) const {
    List([&](pbf_writer& list) {
      for (const TensorBytes& value : values) list.add_message(8, value.bytes);
    });
  }
  void operator()(const std::vector<FunctionRef>& values) const {
    List([&](pbf_writer& list) {
      for (const FunctionRef& value : values) list.add_message(9, FunctionBytes(value));
    });
  }

 private:
  template <typename Fill>
  void List(Fill fill) const {
    std::string bytes;
    pbf_writer list(bytes);
    fill(list);
    out.add_message(1, bytes);
  }
};

// Text -------------------------------------------------------------------------------------------

std::string Quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c < ' ' || c > '~') {
      const auto byte = static_cast<unsigned char>(c);
      quoted += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

// The shortest text that reads back as the same float, marked as one: "1.0", "1e-05", "nan".
std::string FloatText(float value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  std::string text(buffer, end);
  return text.find_first_of(".eni") == std::string::npos ? text + ".0" : text;
}

struct AttrPrinter {
  std::string operator()(const std::string& value) const { return Quoted(value); }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(float value) const { return FloatText(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(DType value) const { return DTypeName(value); }
  std::string operator()(const Shape& value) const { return value.ToString(); }
  std::string operator()(const TensorBytes& value) const {
    return "tensor(" + std::to_string(value.bytes.size()) + " bytes)";
  }
  std::string operator()(const FunctionRef& value) const {
    return value.attrs.empty()
               ? "@" + value.name
               : "@" + value.name + "(" + std::to_string(value.attrs.size()) + " bytes)";
  }
  std::string operator()(const EmptyList&) const { return "[]"; }
  std::string operator()(const RawAttr& value) const {
    return "raw(" + std::to_string(value.bytes.size()) + " bytes)";
  }
  template <typename T>
  std::string operator()(const std::vector<T>& values) const {
    std::string text = "[";
    for (const auto& value : values) {
      if (text.size() > 1) text += ',';
      text += (*this)(static_cast<const T&>(value));
    }
    return text + "]";
  }
};

// Tensors ----------------------------------------------------------------------------------------

// A TensorProto taken apart; the elements as they stand on the wire.
struct TensorFields {
  DType dtype = DType::kInvalid;
  Shape shape;
  std::string_view content;
  bool has_content = false;
  std::vector<float> floats;            // float_val, scomplex_val
  std::vector<double> doubles;          // double_val, dcomplex_val
  std::vector<std::uint64_t> integers;  // int_val, int64_val, bool_val, half_val, uint*_val
  std::vector<std::string_view> strings;
};

enum class Elements { kRead, kSkip };

TensorFields ReadTensor(std::string_view bytes, Elements elements) {
  TensorFields fields;
  pbf_reader message = Reader(bytes);
  while (message.next()) {
    const auto key = message.tag_and_type();
    if (key == Varint(1)) {
      fields.dtype = ReadDType(message);
    } else if (key == Bytes(2)) {
      fields.shape = ReadShape(View(message));
    } else if (elements == Elements::kSkip) {
      message.skip();
    } else {
      switch (key) {
        case Bytes(4):
          fields.content = View(message);
          fields.has_content = !fields.content.empty();
          break;
        case Bytes(5):
        case Fixed32(5):
        case Bytes(9):
        case Fixed32(9):
          ReadFloats(message, std::back_inserter(fields.floats));
          break;
        case Bytes(6):
        case Fixed64(6):
        case Bytes(12):
        case Fixed64(12):
          ReadDoubles(message, std::back_inserter(fields.doubles));
          break;
        case Bytes(8):
          fields.strings.push_back(View(message));
          break;
        case Bytes(7):
        case Varint(7):
        case Bytes(10):
        case Varint(10):
        case Bytes(11):
        case Varint(11):
        case Bytes(13):
        case Varint(13):
        case Bytes(16):
        case Varint(16):
        case Bytes(17):
        case Varint(17):
          ReadVarints<std::uint64_t>(message, std::back_inserter(fields.integers));
          break;
        default:
          message.skip();
      }
    }
  }
  return fields;
}

// A shape that memory can hold: no unknown axis, and the product within the limit even with empty
// axes counted as one, so that nobody's product overflows.
Status CheckTensorType(DType dtype, const Shape& shape) {
  if (dtype != DType::kString && DTypeSize(dtype) == 0) {
    return Unimplemented("a constant of type " + DTypeName(dtype) + " cannot be read");
  }
  if (!shape.IsKnown()) {
    return DataLoss("a constant has the shape " + shape.ToString() + ": expected known sizes");
  }
  const std::size_t element = dtype == DType::kString ? sizeof(std::string) : DTypeSize(dtype);
  const std::int64_t limit = kMaxTensorBytes / static_cast<std::int64_t>(element);
  std::int64_t count = 1;
  for (const std::int64_t size : shape.dims()) {
    if (size > 1 && count > limit / size) {
      return ResourceExhausted("a constant of shape " + shape.ToString() + " and type " +
                               DTypeName(dtype) + " exceeds 2^31 bytes");
    }
    count *= std::max<std::int64_t>(size, 1);
  }
  return OkStatus();
}

Status WrongCount(const TensorFields& fields, std::size_t found, std::string_view unit) {
  return DataLoss("a constant of shape " + fields.shape.ToString() + " and type " +
                  DTypeName(fields.dtype) + " holds " + std::to_string(found) + " " +
                  std::string(unit));
}

// Copies `values`, converted by `convert`, and repeats the last one to the end. TensorFlow's rule:
// none means zeros.
template <typename To, typename From, typename Convert>
Status Spread(const TensorFields& fields, const std::vector<From>& values, std::span<To> to,
              Convert convert) {
  if (values.size() > to.size()) return WrongCount(fields, values.size(), "values");
  if (values.empty()) return OkStatus();
  std::transform(values.begin(), values.end(), to.begin(), convert);
  std::fill(to.begin() + static_cast<std::ptrdiff_t>(values.size()), to.end(),
            to[values.size() - 1]);
  return OkStatus();
}

template <typename T>
std::span<T> ElementsAs(Tensor& tensor, std::size_t per_element = 1) {
  return {reinterpret_cast<T*>(tensor.bytes().data()), tensor.elements() * per_element};
}

template <typename T>
Status SpreadIntegers(const TensorFields& fields, Tensor& tensor) {
  return Spread(fields, fields.integers, ElementsAs<T>(tensor),
                [](std::uint64_t value) { return static_cast<T>(value); });
}

Status SpreadValues(const TensorFields& fields, Tensor& tensor) {
  const auto same = [](auto value) { return value; };
  switch (fields.dtype) {
    case DType::kFloat32:
      return Spread(fields, fields.floats, ElementsAs<float>(tensor), same);
    case DType::kFloat64:
      return Spread(fields, fields.doubles, ElementsAs<double>(tensor), same);
    case DType::kComplex64:
    case DType::kComplex128: {
      const bool narrow = fields.dtype == DType::kComplex64;
      const std::size_t count = narrow ? fields.floats.size() : fields.doubles.size();
      if (count % 2 != 0) return WrongCount(fields, count, "parts of complex values");
      if (count == 0) return OkStatus();
      if (count / 2 > tensor.elements()) return WrongCount(fields, count / 2, "values");
      // Pairs (real, imaginary): the last pair repeats.
      if (narrow) {
        const std::span<float> to = ElementsAs<float>(tensor, 2);
        for (std::size_t i = 0; i < to.size(); ++i) {
          to[i] = fields.floats[i < count ? i : count - 2 + i % 2];
        }
      } else {
        const std::span<double> to = ElementsAs<double>(tensor, 2);
        for (std::size_t i = 0; i < to.size(); ++i) {
          to[i] = fields.doubles[i < count ? i : count - 2 + i % 2];
        }
      }
      return OkStatus();
    }
    case DType::kBool:
      return Spread(fields, fields.integers, tensor.data<bool>(),
                    [](std::uint64_t value) { return value != 0; });
    case DType::kInt8:
    case DType::kUInt8:
    case DType::kQInt8:
    case DType::kQUInt8:
      return SpreadIntegers<std::uint8_t>(fields, tensor);
    case DType::kInt16:
    case DType::kUInt16:
    case DType::kQInt16:
    case DType::kQUInt16:
    case DType::kFloat16:
    case DType::kBFloat16:
      return SpreadIntegers<std::uint16_t>(fields, tensor);
    case DType::kInt32:
    case DType::kUInt32:
    case DType::kQInt32:
      return SpreadIntegers<std::uint32_t>(fields, tensor);
    case DType::kInt64:
    case DType::kUInt64:
      return SpreadIntegers<std::uint64_t>(fields, tensor);
    default:
      return Unimplemented("a constant of type " + DTypeName(fields.dtype) + " cannot be read");
  }
}

Result<Tensor> StringsOf(const TensorFields& fields, std::size_t elements) {
  if (fields.strings.empty() && fields.has_content) {
    // All lengths as varints, then all characters (tensorflow/core/platform/coding).
    const char* at = fields.content.data();
    const char* const end = at + fields.content.size();
    if (elements > fields.content.size()) return WrongCount(fields, fields.content.size(), "bytes");
    std::vector<std::uint64_t> lengths(elements);
    for (std::uint64_t& length : lengths) length = protozero::decode_varint(&at, end);
    std::vector<std::string> values;
    for (const std::uint64_t length : lengths) {
      if (length > static_cast<std::uint64_t>(end - at)) {
        return WrongCount(fields, fields.content.size(), "bytes");
      }
      values.emplace_back(at, length);
      at += length;
    }
    return Tensor::Strings(fields.shape, std::move(values));
  }
  if (fields.strings.size() > elements) return WrongCount(fields, fields.strings.size(), "values");
  std::vector<std::string> values(fields.strings.begin(), fields.strings.end());
  if (values.empty()) {
    values.resize(elements);
  } else {
    values.resize(elements, values.back());
  }
  return Tensor::Strings(fields.shape, std::move(values));
}

}  // namespace

Result<AttrValue> DecodeAttr(std::string_view proto) {
  try {
    return ReadAttr(proto);
  } catch (const protozero::exception& e) {
    return Malformed("attribute value", e);
  }
}

std::string EncodeAttr(const AttrValue& value) {
  if (const RawAttr* raw = std::get_if<RawAttr>(&value)) return raw->bytes;
  std::string bytes;
  pbf_writer writer(bytes);
  std::visit(AttrWriter{writer}, value);
  return bytes;
}

Result<Shape> DecodeShape(std::string_view proto) {
  try {
    return ReadShape(proto);
  } catch (const protozero::exception& e) {
    return Malformed("shape", e);
  }
}

std::string EncodeShape(const Shape& shape) {
  std::string bytes;
  pbf_writer writer(bytes);
  if (!shape.has_rank()) {
    writer.add_bool(3, true);
    return bytes;
  }
  for (const std::int64_t size : shape.dims()) {
    std::string dim;
    pbf_writer(dim).add_int64(1, std::max(size, Shape::kUnknown));
    writer.add_message(2, dim);
  }
  return bytes;
}

Status DecodeAttrEntry(std::string_view entry, Attrs& attrs) {
  std::pair<std::string, std::string_view> fields;
  try {
    fields = wire::MapEntry(entry);
  } catch (const protozero::exception& e) {
    return Malformed("attribute", e);
  }
  auto& [name, value] = fields;
  Result<AttrValue> decoded = DecodeAttr(value);
  if (!decoded.ok()) return decoded.status().In("attribute '" + name + "'");
  attrs[name] = *std::move(decoded);
  return OkStatus();
}

std::string EncodeAttrEntry(std::string_view name, const AttrValue& value) {
  std::string bytes;
  pbf_writer writer(bytes);
  writer.add_string(1, name.data(), name.size());
  writer.add_message(2, EncodeAttr(value));
  return bytes;
}

std::string AttrToString(const AttrValue& value) { return std::visit(AttrPrinter{}, value); }

Result<TensorType> DecodeTensorType(const TensorBytes& proto) {
  try {
    TensorFields fields = ReadTensor(proto.bytes, Elements::kSkip);
    WHYLIGHT_RETURN_IF_ERROR(CheckTensorType(fields.dtype, fields.shape));
    return TensorType{fields.dtype, std::move(fields.shape)};
  } catch (const protozero::exception& e) {
    return Malformed("tensor", e);
  }
}

Result<Tensor> DecodeTensor(const TensorBytes& proto) {
  try {
    const TensorFields fields = ReadTensor(proto.bytes, Elements::kRead);
    WHYLIGHT_RETURN_IF_ERROR(CheckTensorType(fields.dtype, fields.shape));
    if (fields.dtype == DType::kString) {
      return StringsOf(fields, static_cast<std::size_t>(fields.shape.elements()));
    }
    Tensor tensor(fields.dtype, fields.shape);
    if (!fields.has_content) {
      WHYLIGHT_RETURN_IF_ERROR(SpreadValues(fields, tensor));
      return tensor;
    }
    if (fields.content.size() != tensor.bytes().size()) {
      return WrongCount(fields, fields.content.size(), "bytes");
    }
    std::memcpy(tensor.bytes().data(), fields.content.data(), fields.content.size());
    if (fields.dtype == DType::kBool) {  // A bool of any bits but 0 and 1 is undefined behaviour.
      for (std::byte& byte : tensor.bytes()) byte = std::byte{byte != std::byte{0}};
    }
    return tensor;
  } catch (const protozero::exception& e) {
    return Malformed("tensor", e);
  }
}

TensorBytes EncodeTensor(const Tensor& tensor) {
  TensorBytes proto;
  pbf_writer writer(proto.bytes);
  writer.add_enum(1, static_cast<int>(tensor.dtype()));
  writer.add_message(2, EncodeShape(tensor.shape()));
  if (tensor.is_string()) {
    for (const std::string& value : tensor.strings()) writer.add_bytes(8, value);
  } else if (!tensor.bytes().empty()) {
    const auto bytes = tensor.bytes();
    writer.add_bytes(4, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return proto;
}

}  // namespace whylight

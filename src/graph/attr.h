// Attribute values of nodes, as TensorFlow's AttrValue has them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "whylight/tensor.h"

namespace whylight {

// A serialized TensorProto. Decoded only by those who need the values: constants can be large.
struct TensorBytes {
  std::string bytes;
  bool operator==(const TensorBytes&) const = default;
};

// A function's name and its own attributes, those as serialized map entries of NameAttrList.
struct FunctionRef {
  std::string name;
  std::string attrs;
  bool operator==(const FunctionRef&) const = default;
};

// A serialized AttrValue of a kind that this IR does not look into (a placeholder, say).
struct RawAttr {
  std::string bytes;
  bool operator==(const RawAttr&) const = default;
};

// An AttrValue holding an empty list: the wire form does not say of what.
struct EmptyList {
  bool operator==(const EmptyList&) const = default;
};

using AttrValue =
    std::variant<std::string, std::int64_t, float, bool, DType, Shape, TensorBytes, FunctionRef,
                 std::vector<std::string>, std::vector<std::int64_t>, std::vector<float>,
                 std::vector<bool>, std::vector<DType>, std::vector<Shape>,
                 std::vector<TensorBytes>, std::vector<FunctionRef>, EmptyList, RawAttr>;

using Attrs = std::map<std::string, AttrValue, std::less<>>;

// Text for messages and graph dumps: `float32`, `[1,2,2,1]`, `"SAME"`, `tensor(120 bytes)`.
std::string AttrToString(const AttrValue& value);

// TensorProto <-> Tensor. Compressed forms (a value repeated, tensor_content) are expanded.
// Errors: kDataLoss for malformed bytes or sizes that disagree; kUnimplemented for resource and
// variant tensors and for types not listed in tensor.h; kResourceExhausted when the shape asks for
// more than 2^31 bytes.
Result<Tensor> DecodeTensor(const TensorBytes& proto);
TensorBytes EncodeTensor(const Tensor& tensor);

}  // namespace whylight

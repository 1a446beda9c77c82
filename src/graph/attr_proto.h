// AttrValue and its wire form, for the readers and writers of this folder.
//
// Source  tensorflow/core/framework/{attr_value,tensor_shape,tensor}.proto
#pragma once

#include <string>
#include <string_view>

#include "graph/attr.h"

namespace whylight {

// What the IR does not look into (a placeholder, a list of mixed kinds, a kind from the future)
// becomes a RawAttr, which EncodeAttr writes back as it was. Errors: kDataLoss.
Result<AttrValue> DecodeAttr(std::string_view proto);
std::string EncodeAttr(const AttrValue& value);

// TensorShapeProto. Names of axes are not kept; a size below -1 reads as unknown, and a symbol
// (see graph.h) is written as unknown. Errors: kDataLoss.
Result<Shape> DecodeShape(std::string_view proto);
std::string EncodeShape(const Shape& shape);

// One entry of a map<string, AttrValue>, without its tag. Errors: kDataLoss.
Status DecodeAttrEntry(std::string_view entry, Attrs& attrs);
std::string EncodeAttrEntry(std::string_view name, const AttrValue& value);

// dtype and shape of a TensorProto without reading its elements. Errors as DecodeTensor.
struct TensorType {
  DType dtype = DType::kInvalid;
  Shape shape;
};
Result<TensorType> DecodeTensorType(const TensorBytes& proto);

}  // namespace whylight

// GraphDefs for this folder's tests, written byte by byte: `graph` may not be included from here.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/tensorflow/wire.h"
#include "whylight/tensor.h"

namespace whylight::tf {

// A name and a serialized AttrValue.
using TinyAttr = std::pair<std::string_view, WireWriter>;

inline TinyAttr TypeAttr(std::string_view name, DType dtype) {
  return {name, WireWriter().Number(6, static_cast<int>(dtype))};
}
inline TinyAttr IntAttr(std::string_view name, std::int64_t value) {
  return {name, WireWriter().Number(3, value)};
}
inline TinyAttr StringAttr(std::string_view name, std::string_view value) {
  return {name, WireWriter().Bytes(2, value)};
}

inline WireWriter ShapeProto(const Shape& shape) {
  WireWriter proto;
  if (!shape.has_rank()) return proto.Number(3, 1);
  for (const std::int64_t size : shape.dims()) proto.Message(2, WireWriter().Number(1, size));
  return proto;
}
inline TinyAttr ShapeAttr(std::string_view name, const Shape& shape) {
  return {name, WireWriter().Message(7, ShapeProto(shape))};
}
inline TinyAttr TensorAttr(std::string_view name, const Tensor& tensor) {
  WireWriter proto;
  proto.Number(1, static_cast<int>(tensor.dtype())).Message(2, ShapeProto(tensor.shape()));
  if (tensor.is_string()) {
    for (const std::string& value : tensor.strings()) proto.Bytes(8, value);
  } else {
    const auto bytes = tensor.bytes();
    proto.Bytes(4, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return {name, WireWriter().Message(8, proto)};
}

class TinyGraph {
 public:
  TinyGraph& Node(std::string_view op, std::string_view name,
                  std::initializer_list<std::string_view> inputs,
                  std::initializer_list<TinyAttr> attrs) {
    WireWriter node;
    node.Bytes(1, name).Bytes(2, op);
    for (const std::string_view input : inputs) node.Bytes(3, input);
    for (const TinyAttr& attr : attrs) {
      node.Message(5, WireWriter().Bytes(1, attr.first).Message(2, attr.second));
    }
    graph_.Message(1, node);
    return *this;
  }
  TinyGraph& Placeholder(std::string_view name, DType dtype,
                         const Shape& shape = Shape::UnknownRank()) {
    return Node("Placeholder", name, {}, {TypeAttr("dtype", dtype), ShapeAttr("shape", shape)});
  }
  TinyGraph& Const(std::string_view name, const Tensor& value) {
    return Node("Const", name, {}, {TypeAttr("dtype", value.dtype()), TensorAttr("value", value)});
  }

  // With the producer version of TensorFlow 2.15, which every later one reads.
  std::string bytes() const {
    constexpr int kProducer = 1645;
    return WireWriter(graph_).Message(4, WireWriter().Number(1, kProducer)).bytes();
  }

 private:
  WireWriter graph_;
};

}  // namespace whylight::tf

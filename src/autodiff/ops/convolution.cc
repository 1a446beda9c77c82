// Gradients of convolutions. Each comment is the rule; n-dimensional indices i, j, k run over the
// spatial axes, s is the stride, d the dilation, p the padding before:
//   y[n, i, o] = sum over k, c of x[n, s * i + d * k - p, c] * w[k, c, o]
#include "autodiff/ops/convolution.h"

#include <algorithm>

#include "autodiff/ops/sizes.h"
#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

// What the attributes of a convolution say, spatial axes only.
struct Convolution {
  int spatial = 2;
  bool channels_first = false;
  std::string data_format;
  std::string padding;
  std::vector<std::int64_t> strides, dilations, pads_before, pads_after;

  int axis(int i) const { return i + (channels_first ? 2 : 1); }
  int channel_axis() const { return channels_first ? 1 : spatial + 1; }
  std::string forward_op() const { return spatial == 3 ? "Conv3D" : "Conv2D"; }
};

bool AllOnes(const std::vector<std::int64_t>& values) {
  return std::all_of(values.begin(), values.end(), [](std::int64_t v) { return v == 1; });
}

Convolution Describe(const Node& node) {
  const bool is_3d = node.op.starts_with("Conv3D");
  Convolution c{.spatial = is_3d ? 3 : 2};
  c.data_format = node.AttrOr<std::string>("data_format", is_3d ? "NDHWC" : "NHWC");
  c.channels_first = c.data_format.starts_with("NC");
  c.padding = node.AttrOr<std::string>("padding", "VALID");
  const auto* strides = node.Attr<std::vector<std::int64_t>>("strides");
  const auto* dilations = node.Attr<std::vector<std::int64_t>>("dilations");
  const auto* pads = node.Attr<std::vector<std::int64_t>>("explicit_paddings");
  const auto at = [](const std::vector<std::int64_t>* list, int i, std::int64_t otherwise) {
    const auto index = static_cast<std::size_t>(i);
    return list != nullptr && index < list->size() ? (*list)[index] : otherwise;
  };
  for (int i = 0; i < c.spatial; ++i) {
    c.strides.push_back(at(strides, c.axis(i), 1));
    c.dilations.push_back(at(dilations, c.axis(i), 1));
    c.pads_before.push_back(at(pads, 2 * c.axis(i), 0));
    c.pads_after.push_back(at(pads, 2 * c.axis(i) + 1, 0));
  }
  return c;
}

// [k..., in, out] as far as it is known: of the tensor itself, or of the variable it was read from.
Shape FilterShape(GraphBuilder& b, Output filter) {
  const Shape shape = b.shape(filter);
  if (shape.has_rank()) return shape;
  const Node& node = *filter.node;
  if (node.Is("Identity") || node.Is("Cast") || node.Is("ReadVariableOp")) {
    return FilterShape(b, node.inputs[0]);
  }
  if (node.Is("VarHandleOp") || node.Is("VariableV2") || node.Is("Variable")) {
    return node.AttrOr<Shape>("shape", Shape::UnknownRank());
  }
  return shape;
}

// The tensors of a convolution. The filter's shape may be known better than its tensor tells.
struct Operands {
  Output x;
  Output filter;
  Output dy;
  Shape filter_shape;
};

struct Kernel {
  bool is_pixel = false;      // One element along every spatial axis,
  bool may_be_pixel = false;  // or nothing known against it.
};

Kernel KernelOf(const Convolution& c, const Shape& filter) {
  if (!filter.has_rank() || filter.rank() != c.spatial + 2) return {.may_be_pixel = true};
  Kernel kernel{.is_pixel = true, .may_be_pixel = true};
  for (int i = 0; i < c.spatial; ++i) {
    if (filter.dim(i) != 1) kernel.is_pixel = false;
    if (filter.dim(i) >= 0 && filter.dim(i) != 1) kernel.may_be_pixel = false;
  }
  return kernel;
}

Size FilterSize(SizeBuilder& s, const Operands& o, int axis) {
  const Shape& shape = o.filter_shape;
  if (shape.has_rank() && axis < shape.rank() && shape.dim(axis) >= 0) return shape.dim(axis);
  return s.Of(o.filter, axis);
}

// Channels of x over those of the filter.
Size GroupsOf(SizeBuilder& s, const Convolution& c, const Operands& o) {
  return s.FloorDiv(s.Of(o.x, c.channel_axis()), FilterSize(s, o, c.spatial));
}

// One value for each axis of x: `outer` for batch and channels, the spatial ones as given.
template <typename T>
std::vector<T> Arrange(const Convolution& c, const T& batch, const T& channels,
                       const std::vector<T>& spatial) {
  std::vector<T> all(1, batch);
  if (c.channels_first) all.push_back(channels);
  all.insert(all.end(), spatial.begin(), spatial.end());
  if (!c.channels_first) all.push_back(channels);
  return all;
}

Attrs UnitStride(const Convolution& c) {
  const std::vector<std::int64_t> ones(static_cast<std::size_t>(c.spatial) + 2, 1);
  return {{"strides", ones}, {"padding", std::string("VALID")}, {"data_format", c.data_format}};
}

// dx = w^T * dy by TensorFlow's own kernel.
Output NativeInputGradient(const GradientArgs& a, const Convolution& c, const Operands& o) {
  const Output sizes = a.b.ShapeOf(o.x);
  return c.spatial == 3
             ? a.b.Op("Conv3DBackpropInputV2", {sizes, o.filter, o.dy},
                      CopyAttrs(a.node(), {"strides", "padding", "data_format", "dilations"}))
             : a.b.Op("Conv2DBackpropInput", {sizes, o.filter, o.dy},
                      CopyAttrs(a.node(), {"strides", "padding", "explicit_paddings", "data_format",
                                           "dilations"}));
}

// A kernel of one pixel only sees the pixels s * i - p of x: the gradient of the convolution with
// stride 1 of those, spread out over zeros. (TensorFlow's own kernel with oneDNN writes outside
// its memory for a 1x1 filter with a stride.)
Output PixelInputGradient(const GradientArgs& a, const Convolution& c, const Operands& o) {
  SizeBuilder s(a.b);
  const auto rank = static_cast<std::size_t>(c.spatial) + 2;
  std::vector<Size> seen, padded, begin, size;
  bool has_pads = false;
  for (int i = 0; i < c.spatial; ++i) {
    const auto index = static_cast<std::size_t>(i);
    // SAME never pads here: ceil(h / s) pixels at multiples of s lie inside x.
    const std::int64_t before = c.pads_before[index], after = c.pads_after[index];
    has_pads = has_pads || before != 0 || after != 0;
    seen.push_back(s.Of(o.dy, c.axis(i)));
    padded.push_back(s.Add(s.Of(o.x, c.axis(i)), before + after));
    begin.push_back(before);
    size.push_back(s.Of(o.x, c.axis(i)));
  }
  const Size batch = s.Of(o.x, 0), channels = s.Of(o.x, c.channel_axis());
  const Output pixels =
      a.b.Op(c.spatial == 3 ? "Conv3DBackpropInputV2" : "Conv2DBackpropInput",
             {s.Vector(Arrange(c, batch, channels, seen)), o.filter, o.dy}, UnitStride(c));

  std::vector<std::int32_t> strides;
  for (std::int64_t stride : Arrange<std::int64_t>(c, 1, 1, c.strides)) {
    strides.push_back(static_cast<std::int32_t>(stride));
  }
  const Output zeros = a.b.Int32s(std::vector<std::int32_t>(rank, 0));
  const std::int64_t all_axes = (std::int64_t{1} << rank) - 1;
  const Output spread = a.b.Op(
      "StridedSliceGrad",
      {s.Vector(Arrange(c, batch, channels, padded)), zeros, zeros, a.b.Int32s(strides), pixels},
      {{"begin_mask", all_axes}, {"end_mask", all_axes}});
  if (!has_pads) return spread;
  return a.b.Slice(spread, s.Vector(Arrange<Size>(c, 0, 0, begin)),
                   s.Vector(Arrange(c, batch, channels, size)));
}

// w[k, c, o] -> w[-k, o, c]; with groups, the o and c of each group.
Output TurnedFilter(const GradientArgs& a, const Convolution& c, const Operands& o) {
  SizeBuilder s(a.b);
  const Size groups = GroupsOf(s, c, o);
  std::vector<std::int32_t> spatial;
  std::vector<Size> sizes;
  for (int i = 0; i < c.spatial; ++i) {
    spatial.push_back(i);
    sizes.push_back(FilterSize(s, o, i));
  }
  const Output w = a.b.Op("ReverseV2", {o.filter, a.b.Int32s(spatial)});
  std::vector<std::int32_t> permutation = spatial;
  if (groups.Is(1)) {
    permutation.insert(permutation.end(), {c.spatial + 1, c.spatial});
    return a.b.Transpose(w, a.b.Int32s(permutation));
  }
  const Size in = FilterSize(s, o, c.spatial);
  const Size out = s.FloorDiv(FilterSize(s, o, c.spatial + 1), groups);
  std::vector<Size> split = sizes, joined = sizes;
  split.insert(split.end(), {in, groups, out});
  joined.insert(joined.end(), {out, s.Mul(groups, in)});
  permutation.insert(permutation.end(), {c.spatial + 2, c.spatial + 1, c.spatial});
  const Output turned = a.b.Transpose(a.b.Reshape(w, s.Target(split)), a.b.Int32s(permutation));
  return a.b.Reshape(turned, s.Target(joined));
}

// dx[j] = sum over k of u[j + p - d * k] * w[k]^T, where u is dy spread out: u[s * i] = dy[i], 0
// elsewhere. A plain convolution of u with the turned filter, with no stride:
//   u is placed at max(e - p, 0), e = d * (kernel - 1), within a tensor so large that
//   max(p - e, 0) + h values come out; the last h of them are dx.
// For what TensorFlow has no CPU kernel of, dilations and groups, and for filters of which nobody
// knows that they have neither groups nor a single pixel (see above).
Output SpreadInputGradient(const GradientArgs& a, const Convolution& c, const Operands& o) {
  SizeBuilder s(a.b);
  std::vector<Size> total, begin, end, crop, size;
  bool has_crop = false;
  for (int i = 0; i < c.spatial; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const Size kernel = FilterSize(s, o, i);
    const Size extent = s.Mul(s.Sub(kernel, 1), c.dilations[index]);
    const Size height = s.Of(o.x, c.axis(i));
    const Size span = s.Mul(s.Sub(s.Of(o.dy, c.axis(i)), 1), c.strides[index]);
    Size pad = c.pads_before[index];
    if (c.padding == "SAME") {
      const Size missing = s.Sub(s.Add(s.Add(span, extent), 1), height);
      pad = s.FloorDiv(s.Max(missing, 0), 2);
    }
    const bool is_explicit = c.padding == "EXPLICIT";  // Else 0 <= pad <= extent.
    const Size before = is_explicit ? s.Max(s.Sub(extent, pad), 0) : s.Sub(extent, pad);
    crop.push_back(is_explicit ? s.Max(s.Sub(pad, extent), 0) : Size(0));
    begin.push_back(before);
    end.push_back(s.Add(s.Add(before, span), 1));
    const Size needed = s.Add(s.Add(crop.back(), height), extent);
    total.push_back(is_explicit ? s.Max(needed, end.back()) : needed);
    size.push_back(height);
    has_crop = has_crop || is_explicit;
  }
  const Size batch = s.Of(o.x, 0), channels = s.Of(o.x, c.channel_axis());
  const Size out = s.Of(o.dy, c.channel_axis());
  std::vector<std::int32_t> strides;
  for (std::int64_t stride : Arrange<std::int64_t>(c, 1, 1, c.strides)) {
    strides.push_back(static_cast<std::int32_t>(stride));
  }
  const Output spread =
      a.b.Op("StridedSliceGrad",
             {s.Vector(Arrange(c, batch, out, total)), s.Vector(Arrange<Size>(c, 0, 0, begin)),
              s.Vector(Arrange(c, batch, out, end)), a.b.Int32s(strides), o.dy});
  Attrs attrs = UnitStride(c);
  attrs["dilations"] = Arrange<std::int64_t>(c, 1, 1, c.dilations);
  const Output dx = a.b.Op(c.forward_op(), {spread, TurnedFilter(a, c, o)}, std::move(attrs));
  if (!has_crop) return dx;
  return a.b.Slice(dx, s.Vector(Arrange<Size>(c, 0, 0, crop)),
                   s.Vector(Arrange(c, batch, channels, size)));
}

// The formulation of dx that every CPU kernel gets right.
Output InputGradient(const GradientArgs& a, const Operands& o) {
  const Convolution c = Describe(a.node());
  const Kernel kernel = KernelOf(c, o.filter_shape);
  SizeBuilder s(a.b);
  if (GroupsOf(s, c, o).Is(1)) {
    if (kernel.is_pixel && !AllOnes(c.strides)) return PixelInputGradient(a, c, o);
    if (AllOnes(c.dilations) && (AllOnes(c.strides) || !kernel.may_be_pixel)) {
      return NativeInputGradient(a, c, o);
    }
  }
  return SpreadInputGradient(a, c, o);
}

Attrs AllAttrs(const Node& node) {
  return CopyAttrs(node, {"strides", "padding", "explicit_paddings", "data_format", "dilations"});
}

// dw[k] = sum over n, i of x[n, s * i + d * k - p]^T * dy[n, i]
Output FilterGradient(const GradientArgs& a, Output x, Output filter, Output dy) {
  const bool is_3d = a.node().op.starts_with("Conv3D");
  return a.b.Op(is_3d ? "Conv3DBackpropFilterV2" : "Conv2DBackpropFilter",
                {x, a.b.ShapeOf(filter), dy}, AllAttrs(a.node()));
}

Output Forward(const GradientArgs& a, Output x, Output filter) {
  return a.b.Op(a.node().op.starts_with("Conv3D") ? "Conv3D" : "Conv2D", {x, filter},
                AllAttrs(a.node()));
}

// y = x * w
Gradients Conv(const GradientArgs& a) {
  const Operands o{a.x[0], a.x[1], a.dy[0], FilterShape(a.b, a.x[1])};
  return {InputGradient(a, o), FilterGradient(a, a.x[0], a.x[1], a.dy[0])};
}

// y = w^T * x2, of the sizes x0 (a transposed convolution): the transpose of the above, so
//   dx2 = dy * w,  dw = the filter's gradient with dy as the input and x2 as the output's
Gradients ConvBackpropInput(const GradientArgs& a) {
  return {std::nullopt, FilterGradient(a, a.dy[0], a.x[1], a.x[2]), Forward(a, a.dy[0], a.x[1])};
}

// y = the filter's gradient for the input x0 and the output's gradient x2, bilinear in both, so
//   dx0 = y's gradient as the filter, transposed, of x2;  dx2 = x0 convolved with it
Gradients ConvBackpropFilter(const GradientArgs& a) {
  const Operands o{a.x[0], a.dy[0], a.x[2], a.b.shape(a.y[0])};
  return {InputGradient(a, o), std::nullopt, Forward(a, a.x[0], a.dy[0])};
}

// y[n, i, c * m + q] = sum over k of x[n, s * i + d * k - p, c] * w[k, c, q]: the same formulas,
// channel by channel
Gradients DepthwiseConv(const GradientArgs& a) {
  const Attrs attrs = AllAttrs(a.node());
  return {
      a.b.Op("DepthwiseConv2dNativeBackpropInput", {a.b.ShapeOf(a.x[0]), a.x[1], a.dy[0]}, attrs),
      a.b.Op("DepthwiseConv2dNativeBackpropFilter", {a.x[0], a.b.ShapeOf(a.x[1]), a.dy[0]}, attrs)};
}

// As ConvBackpropInput, channel by channel.
Gradients DepthwiseConvBackpropInput(const GradientArgs& a) {
  const Attrs attrs = AllAttrs(a.node());
  return {
      std::nullopt,
      a.b.Op("DepthwiseConv2dNativeBackpropFilter", {a.dy[0], a.b.ShapeOf(a.x[1]), a.x[2]}, attrs),
      a.b.Op("DepthwiseConv2dNative", {a.dy[0], a.x[1]}, attrs)};
}

// As ConvBackpropFilter, channel by channel.
Gradients DepthwiseConvBackpropFilter(const GradientArgs& a) {
  const Attrs attrs = AllAttrs(a.node());
  return {
      a.b.Op("DepthwiseConv2dNativeBackpropInput", {a.b.ShapeOf(a.x[0]), a.dy[0], a.x[2]}, attrs),
      std::nullopt, a.b.Op("DepthwiseConv2dNative", {a.x[0], a.dy[0]}, attrs)};
}

constexpr GradientRule kRules[] = {
    {"Conv2D", Conv},
    {"Conv2DBackpropFilter", ConvBackpropFilter},
    {"Conv2DBackpropInput", ConvBackpropInput},
    {"Conv3D", Conv},
    {"Conv3DBackpropFilterV2", ConvBackpropFilter},
    {"Conv3DBackpropInputV2", ConvBackpropInput},
    {"DepthwiseConv2dNative", DepthwiseConv},
    {"DepthwiseConv2dNativeBackpropFilter", DepthwiseConvBackpropFilter},
    {"DepthwiseConv2dNativeBackpropInput", DepthwiseConvBackpropInput},
};

}  // namespace

std::span<const GradientRule> ConvolutionGradientRules() { return kRules; }

}  // namespace whylight

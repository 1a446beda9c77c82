// Which ops a convolution's input gradient is made of. That the numbers are right is in the golden
// tests; here, that no kernel is called which TensorFlow gets wrong or does not have on a CPU.
#include "autodiff/ops/convolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "autodiff/gradients.h"

namespace whylight {
namespace {

using Sizes = std::vector<std::int64_t>;

struct Case {
  const char* name;
  Shape filter;           // As the graph knows it.
  const char* read = "";  // "variable": through a handle that alone knows the shape.
  Sizes strides = {1, 2, 2, 1};
  Sizes dilations = {1, 1, 1, 1};
  const char* kernel;  // The op that multiplies by the filter,
  bool may_stride;     // and whether it may have a stride.
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class ConvolutionGradientTest : public testing::TestWithParam<Case> {
 protected:
  Output Placeholder(const char* name, const Shape& shape) {
    Node* node = graph_.Add(name, "Placeholder");
    node->attrs = {{"dtype", DType::kFloat32}, {"shape", shape}};
    node->shapes = {shape};
    return {node, 0};
  }

  Output Filter(const Case& c) {
    if (std::string(c.read) != "variable") return Placeholder("filter", c.filter);
    Node* handle = graph_.Add("handle", "VarHandleOp");
    handle->attrs = {{"dtype", DType::kFloat32}, {"shape", c.filter}};
    const Output read = b_.Op("ReadVariableOp", {Output{handle, 0}}, {{"dtype", DType::kFloat32}});
    read.node->shapes.clear();
    return b_.Op("Identity", {read});
  }

  Graph graph_;
  GraphBuilder b_{graph_, "test"};
};

TEST_P(ConvolutionGradientTest, CallsNoKernelThatIsWrongOrMissing) {
  const Case& c = GetParam();
  const Output x = Placeholder("x", {Shape::kUnknown, 8, 8, 4});
  const Output y =
      b_.Op("Conv2D", {x, Filter(c)},
            {{"strides", c.strides}, {"dilations", c.dilations}, {"padding", std::string("SAME")}});
  ASSERT_TRUE(b_.status().ok()) << b_.status().message();
  const Output dy = Placeholder("dy", Shape::UnknownRank());
  const Result<std::vector<Output>> dx =
      AddGradients(graph_, std::span(&y, 1), std::span(&dy, 1), std::span(&x, 1));
  ASSERT_TRUE(dx.ok()) << dx.status().message();

  int kernels = 0;
  for (const Node* node : graph_.Ancestors(*dx)) {
    if (node == y.node || (!node->Is("Conv2D") && !node->Is("Conv2DBackpropInput"))) continue;
    ++kernels;
    EXPECT_EQ(node->op, c.kernel);
    const auto* strides = node->Attr<Sizes>("strides");
    ASSERT_NE(strides, nullptr);
    EXPECT_EQ(*std::max_element(strides->begin(), strides->end()) > 1, c.may_stride);
    if (node->Is("Conv2DBackpropInput")) {
      EXPECT_EQ(node->AttrOr<Sizes>("dilations", {1, 1, 1, 1}), Sizes({1, 1, 1, 1}));
    }
  }
  EXPECT_EQ(kernels, 1);
}

constexpr char kOwn[] = "Conv2DBackpropInput", kForward[] = "Conv2D";
const Shape kNoRank = Shape::UnknownRank();

INSTANTIATE_TEST_SUITE_P(
    , ConvolutionGradientTest,
    testing::Values(
        Case{.name = "kernel_3x3", .filter = {3, 3, 4, 8}, .kernel = kOwn, .may_stride = true},
        Case{.name = "kernel_1x3", .filter = {1, 3, 4, 8}, .kernel = kOwn, .may_stride = true},
        Case{.name = "kernel_height_3_of_unknown_width",
             .filter = {3, Shape::kUnknown, 4, 8},
             .kernel = kOwn,
             .may_stride = true},
        Case{.name = "pixel", .filter = {1, 1, 4, 8}, .kernel = kOwn, .may_stride = false},
        Case{.name = "pixel_stride_1",
             .filter = {1, 1, 4, 8},
             .strides = {1, 1, 1, 1},
             .kernel = kOwn,
             .may_stride = false},
        Case{.name = "pixel_in_one_direction_strided",
             .filter = {1, 1, 4, 8},
             .strides = {1, 1, 2, 1},
             .kernel = kOwn,
             .may_stride = false},
        Case{.name = "pixel_in_a_variable",
             .filter = {1, 1, 4, 8},
             .read = "variable",
             .kernel = kOwn,
             .may_stride = false},
        Case{.name = "kernel_3x3_in_a_variable",
             .filter = {3, 3, 4, 8},
             .read = "variable",
             .kernel = kOwn,
             .may_stride = true},
        Case{.name = "kernel_unknown", .filter = kNoRank, .kernel = kForward, .may_stride = false},
        Case{.name = "kernel_unknown_in_a_variable",
             .filter = kNoRank,
             .read = "variable",
             .kernel = kForward,
             .may_stride = false},
        Case{.name = "kernel_unknown_stride_1",
             .filter = kNoRank,
             .strides = {1, 1, 1, 1},
             .kernel = kForward,
             .may_stride = false},
        Case{.name = "kernel_of_known_channels_stride_1",
             .filter = {Shape::kUnknown, Shape::kUnknown, 4, 8},
             .strides = {1, 1, 1, 1},
             .kernel = kOwn,
             .may_stride = false},
        Case{.name = "kernel_of_known_channels",
             .filter = {Shape::kUnknown, Shape::kUnknown, 4, 8},
             .kernel = kForward,
             .may_stride = false},
        Case{.name = "dilated",
             .filter = {3, 3, 4, 8},
             .strides = {1, 1, 1, 1},
             .dilations = {1, 2, 2, 1},
             .kernel = kForward,
             .may_stride = false},
        Case{.name = "groups", .filter = {3, 3, 2, 8}, .kernel = kForward, .may_stride = false},
        Case{.name = "groups_of_a_pixel",
             .filter = {1, 1, 2, 8},
             .kernel = kForward,
             .may_stride = false}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight

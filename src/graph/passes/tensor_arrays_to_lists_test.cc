#include "graph/passes/tensor_arrays_to_lists.h"

#include <gtest/gtest.h>

#include "graph/passes/pass_test.h"

namespace whylight {
namespace {

class TensorArraysToListsTest : public testing::TestWithParam<PassCase> {};

TEST_P(TensorArraysToListsTest, GivesTheGraph) {
  TensorArraysToLists pass;
  ExpectCase(pass, GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    , TensorArraysToListsTest,
    testing::Values(PassCase{.name = "through_a_loop",
                             .before = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
p = Placeholder[dtype=bool]()
ta = TensorArrayV3[dtype=float32, dynamic_size=true, element_shape=[?,2]](i)
enter = Enter[frame_name="f", _output_shapes=[[]]](ta:1)
handle = Enter[frame_name="f", is_constant=true](ta)
c = Enter[frame_name="f", is_constant=true](p)
index = Enter[frame_name="f", is_constant=true](i)
value = Enter[frame_name="f", is_constant=true](x)
merge = Merge(enter, next)
cond = LoopCond(c)
switch = Switch(merge, cond)
write = TensorArrayWriteV3[_class=["loc:@ta"]](handle, index, value, switch:1)
next = NextIteration(write)
exit = Exit(switch)
y = TensorArrayReadV3[dtype=float32](ta, i, exit)
)",
                             .after = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
p = Placeholder[dtype=bool]()
ta = TensorListReserve[element_dtype=float32, shape_type=int32](ta/element_shape, i)
enter = Enter[T=variant, _output_shapes=[[]], frame_name="f"](ta)
c = Enter[T=bool, frame_name="f", is_constant=true](p)
index = Enter[T=int32, frame_name="f", is_constant=true](i)
value = Enter[T=float32, frame_name="f", is_constant=true](x)
merge = Merge[N=2, T=variant](enter, next)
cond = LoopCond(c)
switch = Switch[T=variant](merge, cond)
write = TensorListSetItem[element_dtype=float32, resize_if_index_out_of_bounds=true](switch:1, index, value)
next = NextIteration[T=variant](write)
exit = Exit[T=variant](switch)
y = TensorListGetItem[element_dtype=float32](exit, i, y/element_shape)
ta/element_shape = Const[dtype=int32, value={-1, 2}](^i)
y/element_shape = Const[dtype=int32, value={-1, 2}](^exit)
)"},
                    PassCase{.name = "every_op",
                             .before = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
is = Placeholder[dtype=int32]()
lengths = Placeholder[dtype=int64]()
ta = TensorArrayV3[dtype=float32](i)
scatter = TensorArrayScatterV3(ta, is, x, ta:1)
gather = TensorArrayGatherV3[dtype=float32, element_shape=[3]](ta, is, scatter)
size = TensorArraySizeV3(ta, scatter)
close = TensorArrayCloseV3(ta, ^gather)
tb = TensorArrayV3[dtype=float32, element_shape=[1,2]](size)
split = TensorArraySplitV3(tb, gather, lengths, tb:1)
y = TensorArrayConcatV3[dtype=float32, element_shape_except0=[2]](tb, split, ^close)
)",
                             .after = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
is = Placeholder[dtype=int32]()
lengths = Placeholder[dtype=int64]()
ta = TensorListReserve[element_dtype=float32, shape_type=int32](ta/element_shape, i)
scatter = TensorListScatterIntoExistingList[element_dtype=float32](ta, x, is)
gather = TensorListGather[element_dtype=float32](scatter, is, gather/element_shape)
size = TensorListLength(scatter)
close = NoOp(^gather)
tb = TensorListReserve[element_dtype=float32, shape_type=int32](tb/element_shape, size)
split = TensorListSplit[element_dtype=float32, shape_type=int32](gather, split/element_shape, lengths)
y = TensorListConcatV2[element_dtype=float32, shape_type=int32](split, y/element_shape, y/leading_dims, ^close)
ta/element_shape = Const[dtype=int32, value=-1](^i)
gather/element_shape = Const[dtype=int32, value={3}](^scatter)
tb/element_shape = Const[dtype=int32, value={1, 2}](^size)
split/element_shape = Const[dtype=int32, value={-1, 2}](^tb)
y/leading_dims = Const[dtype=int64, value={}](^split)
y/element_shape = Const[dtype=int32, value={-1, 2}](^split)
)",
                             .keep = {.outputs = {"y", "y:1"}}},
                    PassCase{.name = "a_write_on_each_side",
                             .before = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
p = Placeholder[dtype=bool]()
ta = TensorArrayV3[dtype=float32, element_shape=[]](i)
h = Switch(ta, p)
si = Switch(i, p)
sx = Switch(x, p)
a = Switch(ta:1, p)
b = Switch(ta:1, p)
w = TensorArrayWriteV3(h:1, si:1, sx:1, a:1)
v = TensorArrayWriteV3(h, si, sx, b)
m = Merge(v, w)
y = TensorArrayReadV3[dtype=float32](ta, i, m)
)",
                             .after = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
p = Placeholder[dtype=bool]()
ta = TensorListReserve[element_dtype=float32, shape_type=int32](ta/element_shape, i)
si = Switch[T=int32](i, p)
sx = Switch[T=float32](x, p)
a = Switch[T=variant](ta, p)
b = Switch[T=variant](ta, p)
w = TensorListSetItem[element_dtype=float32, resize_if_index_out_of_bounds=false](a:1, si:1, sx:1)
v = TensorListSetItem[element_dtype=float32, resize_if_index_out_of_bounds=false](b, si, sx)
m = Merge[N=2, T=variant](v, w)
y = TensorListGetItem[element_dtype=float32](m, i, y/element_shape)
ta/element_shape = Const[dtype=int32, value={}](^i)
y/element_shape = Const[dtype=int32, value={}](^m)
)"},
                    PassCase{.name = "two_writes_after_one_flow",
                             .before = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
ta = TensorArrayV3[dtype=float32](i)
a = TensorArrayWriteV3(ta, i, x, ta:1)
b = TensorArrayWriteV3(ta, i, x, ta:1)
ab = Add(a, b)
y = TensorArrayReadV3[dtype=float32](ta, i, b)
)",
                             .keep = {.outputs = {"y"}}},
                    PassCase{.name = "read_behind_a_control_edge", .before = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
ta = TensorArrayV3[dtype=float32](i)
a = TensorArrayWriteV3(ta, i, x, ta:1)
y = TensorArrayReadV3[dtype=float32](ta, i, ta:1, ^a)
)"},
                    PassCase{.name = "gradient", .before = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
ta = TensorArrayV3[dtype=float32](i)
a = TensorArrayWriteV3(ta, i, x, ta:1)
g = TensorArrayGradV3[source="gradients"](ta, a)
y = TensorArrayReadV3[dtype=float32](g, i, g:1)
)"},
                    PassCase{.name = "flow_is_a_number", .before = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
ta = TensorArrayV3[dtype=float32](i)
a = TensorArrayWriteV3(ta, i, x, ta:1)
y = Neg(a)
)"},
                    PassCase{.name = "flow_of_somebody_else", .before = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
ta = TensorArrayV3[dtype=float32](i)
zero = Const[dtype=float32, value=0](^a)
a = TensorArrayWriteV3(ta, i, x, ta:1)
y = TensorArrayReadV3[dtype=float32](ta, i, zero)
)"},
                    PassCase{.name = "flows_of_two_arrays", .before = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
p = Placeholder[dtype=bool]()
ta = TensorArrayV3[dtype=float32](i)
tb = TensorArrayV3[dtype=float32](i)
sa = Switch(ta:1, p)
sb = Switch(tb:1, p)
m = Merge(sa, sb:1)
y = TensorArrayReadV3[dtype=float32](ta, i, m)
)"},
                    PassCase{.name = "written_in_each_step_and_kept_in_none", .before = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
p = Placeholder[dtype=bool]()
ta = TensorArrayV3[dtype=float32](i)
h = Enter[frame_name="f", is_constant=true](ta)
flow = Enter[frame_name="f", is_constant=true](ta:1)
index = Enter[frame_name="f", is_constant=true](i)
e = Enter[frame_name="f"](x)
c = Enter[frame_name="f", is_constant=true](p)
m = Merge(e, n)
cond = LoopCond(c)
s = Switch(m, cond)
w = TensorArrayWriteV3(h, index, s:1, flow)
r = TensorArrayReadV3[dtype=float32](h, index, w)
n = NextIteration(r)
y = Exit(s)
)"},
                    PassCase{.name = "fetched_flow", .before = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
ta = TensorArrayV3[dtype=float32](i)
y = TensorArrayWriteV3(ta, i, x, ta:1)
)"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight

"""Cases of loops, branches and lists of tensors: While, If, Case, TensorList*."""

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from cases import case, const, feed, x

tf.compat.v1.enable_control_flow_v2()  # Functions in a library, as saved models have them.

CASES = []


def add(op, *inputs, **options):
    CASES.append(case(op, *inputs, **options))


def loop(condition, body, variables, **options):
    return tf.while_loop(condition, body, variables, **options)


def repeat(times, step, start, **options):
    """start -> step(i, value), so many times."""
    return loop(lambda i, y: i < times, lambda i, y: (i + 1, step(i, y)), (0, start), **options)[1]


def concrete(function, arguments):
    specs = [tf.TensorSpec(a.shape, a.dtype) for a in arguments]
    made = tf.function(function).get_concrete_function(*specs)
    made.add_to_graph(tf.compat.v1.get_default_graph())
    return made


# Loops.
for dtype in ("float64", "float32", "float16", "bfloat16"):
    add(
        "While",
        x(3, dtype=dtype, low=0.5),
        fn=lambda v: repeat(3, lambda i, y: y * tf.sin(v), v),
        name=f"power_{dtype}",
    )
add(
    "While",
    x(2, dtype="complex128"),
    numeric=False,
    name="power_complex128",
    fn=lambda v: repeat(3, lambda i, y: y * v, v),
)
for times in (4, 1, 0):
    add(
        "While",
        x(2, 3),
        feed(times),
        name=f"fed_count_{times}",
        fn=lambda v, n: repeat(n, lambda i, y: tf.tanh(y) * v, v),
    )
add(
    "While",
    x(2, 3, known="rank?"),
    feed(3),
    name="unknown_shape",
    fn=lambda v, n: repeat(n, lambda i, y: tf.tanh(y) * v, v),
)
add(
    "While",
    x(2, 3, known=(None, 3)),
    x(3),
    feed(3),
    name="unknown_batch_broadcast",
    fn=lambda v, w, n: repeat(n, lambda i, y: tf.tanh(y) * w + v, v),
)
add(
    "While",
    x(2, 3),
    x(3, 3),
    x(3),
    name="invariant_weights",
    fn=lambda v, w, b: repeat(3, lambda i, y: tf.tanh(tf.matmul(y, w) + b), v),
)
add(
    "While",
    x(2, 3),
    x(3, 3),
    feed(0),
    name="invariant_weights_zero_trips",
    fn=lambda v, w, n: repeat(n, lambda i, y: tf.tanh(tf.matmul(y, w)), v) + tf.reduce_sum(w),
)
add(
    "While",
    x(3),
    name="does_not_depend_on_the_last_step",
    fn=lambda v: repeat(3, lambda i, y: tf.sin(v), v),
)
add(
    "While",
    x(3),
    feed(0),
    name="does_not_depend_on_the_last_step_zero_trips",
    fn=lambda v, n: repeat(n, lambda i, y: tf.sin(v), v),
)
add(
    "While",
    x(3),
    name="by_the_index",
    fn=lambda v: repeat(4, lambda i, y: y + v ** tf.cast(i + 1, tf.float64), v),
)
add(
    "While",
    x(3),
    name="counts_down_by_two",
    fn=lambda v: loop(
        lambda i, y: i > 0, lambda i, y: (i - 2, y * v * tf.cast(i, tf.float64)), (7, v)
    )[1],
)
add(
    "While",
    x(5),
    feed(1),
    name="counts_from_a_fed_number",
    fn=lambda v, n: loop(
        lambda i, y: i < 4, lambda i, y: (i + 1, y * v[i]), (n, tf.constant(1.0, tf.float64))
    )[1],
)
add(
    "While",
    x(5),
    feed(1, "int64"),
    name="counts_in_int64",
    fn=lambda v, n: loop(
        lambda i, y: i < 4,
        lambda i, y: (i + 1, y * tf.gather(v, i)),
        (n, tf.constant(1.0, tf.float64)),
    )[1],
)
add(
    "While",
    x(3, low=1.2, high=1.5),
    name="float_condition",
    fn=lambda v: loop(lambda y: tf.reduce_sum(y) < 30.0, lambda y: (y * v,), (v,))[0],
)
add(
    "While",
    x(3),
    x(3),
    name="two_outputs",
    fn=lambda v, w: loop(
        lambda i, a, b: i < 3, lambda i, a, b: (i + 1, a * b, tf.sin(a) + b), (0, v, w)
    )[1:],
)
add(
    "While",
    x(3),
    x(3),
    name="one_of_two_outputs",
    fn=lambda v, w: loop(
        lambda i, a, b: i < 3, lambda i, a, b: (i + 1, a * b, tf.sin(a) + b), (0, v, w)
    )[2],
)
# TensorFlow's gradient is not that of central differences.
add(
    "While",
    x(3),
    x(3),
    reference=False,
    name="swaps",
    fn=lambda v, w: loop(lambda i, a, b: i < 3, lambda i, a, b: (i + 1, b, a * b), (0, v, w))[1],
)
add(
    "While",
    x(3),
    feed(dtype="float64", shape=(3,)),
    name="off_the_path",
    fn=lambda v, w: loop(
        lambda i, a, b: i < 3,
        lambda i, a, b: (i + 1, a * 2.0, tf.linalg.expm(tf.linalg.diag(b))[0]),
        (0, v, w),
    )[1],
)
add(
    "While",
    x(3),
    name="handed_on",
    fn=lambda v: loop(
        lambda i, a, b: i < 3, lambda i, a, b: (i + 1, a, b * 2.0), (0, v, tf.ones(3, tf.float64))
    )[1],
)
add(
    "While",
    x(3),
    name="handed_on_and_used",
    fn=lambda v: sum(
        loop(
            lambda i, a, b: i < 3,
            lambda i, a, b: (i + 1, a, b * tf.sin(a)),
            (0, v, tf.ones(3, tf.float64)),
        )[1:]
    ),
)
# TensorFlow's gradient of a loop has zeros for what is not connected.
add(
    "While",
    x(3),
    feed(2),
    refused=True,
    name="cut_by_a_cast",
    fn=lambda v, n: repeat(
        n, lambda i, y: y + tf.cast(tf.cast(v, tf.int32), tf.float64), tf.zeros(3, tf.float64)
    ),
)
add(
    "While",
    x(3),
    numeric=False,
    name="stopped_variable",
    fn=lambda v: loop(
        lambda i, a, b: i < 3, lambda i, a, b: (i + 1, a * b, tf.stop_gradient(b * 2.0)), (0, v, v)
    )[1],
)
# TensorFlow's gradient fails at run time.
add(
    "While",
    x(1, 2),
    reference=False,
    name="grows",
    fn=lambda v: loop(
        lambda i, y: i < 3,
        lambda i, y: (i + 1, tf.concat([y, tf.sin(y[:1]) * v], 0)),
        (0, v),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, 2])),
    )[1],
)
add(
    "While",
    x(3),
    feed(5),
    name="maximum_iterations",
    fn=lambda v, n: repeat(9, lambda i, y: y * v, v, maximum_iterations=n, parallel_iterations=1),
)
# TensorFlow's gradient wants its own counter.
add(
    "While",
    x(3, low=0.5),
    reference=False,
    name="without_a_counter",
    fn=lambda v: tf.raw_ops.While(
        input=[v],
        cond=concrete(lambda y: tf.reduce_sum(y) < 30.0, [v]),
        body=concrete(lambda y: y * y + 1.0, [v]),
    )[0],
)
add(
    "While",
    x(2, 3),
    feed(3),
    name="mask_and_select",
    fn=lambda v, n: repeat(
        n, lambda i, y: tf.where(y > v, tf.maximum(y, 0.3 * v), y * tf.nn.relu(v)), 2.0 * v
    ),
)
add(
    "While",
    x(4),
    x(4),
    name="square_of_a_difference",
    fn=lambda v, w: repeat(
        3, lambda i, y: tf.math.squared_difference(y, w) + tf.square(tf.maximum(y, w)), v
    ),
)
add(
    "While",
    x(2, 4),
    name="split_in_the_body",
    fn=lambda v: repeat(
        3, lambda i, y: tf.concat([tf.sigmoid(p) * q for p, q in [tf.split(y, 2, 1)]] * 2, 1), v
    ),
)


# Loops and branches in one another, and in calls.
add(
    "While",
    x(3),
    x(3),
    name="nested",
    fn=lambda v, w: repeat(3, lambda i, y: repeat(2, lambda j, z: tf.sin(z) * w + v, y), v),
)
add(
    "While",
    x(3),
    x(3),
    feed([2, 0, 3]),
    name="nested_by_fed_counts",
    fn=lambda v, w, n: repeat(
        3, lambda i, y: tf.cos(repeat(n[i], lambda j, z: tf.sin(z) * w, y)) + y, v
    ),
)
add(
    "While",
    x(2),
    x(2),
    name="nested_three_deep",
    fn=lambda v, w: repeat(
        2, lambda i, a: repeat(2, lambda j, b: repeat(2, lambda k, c: tf.sin(c) * w + v, b), a), v
    ),
)
add(
    "While",
    x(3),
    x(3),
    name="if_in_a_loop",
    fn=lambda v, w: repeat(
        4, lambda i, y: tf.cond(tf.equal(i % 2, 0), lambda: tf.sin(y) * w, lambda: tf.exp(y) + v), v
    ),
)
add(
    "While",
    x(3),
    x(3),
    name="if_by_a_value_in_a_loop",
    fn=lambda v, w: repeat(
        4, lambda i, y: tf.cond(tf.reduce_sum(y) > 0.2, lambda: y * w, lambda: tf.exp(y)), v
    ),
)
add(
    "If",
    x(3),
    feed(True, "bool"),
    name="loop_in_a_branch",
    fn=lambda v, c: tf.cond(c, lambda: repeat(3, lambda i, y: tf.sin(y) * v, v), lambda: 2.0 * v),
)
add(
    "If",
    x(3),
    feed(False, "bool"),
    name="loop_in_the_other_branch",
    fn=lambda v, c: tf.cond(c, lambda: repeat(3, lambda i, y: tf.sin(y) * v, v), lambda: 2.0 * v),
)
add(
    "While",
    x(3),
    x(3),
    name="loop_in_a_branch_in_a_loop",
    fn=lambda v, w: repeat(
        3,
        lambda i, y: tf.cond(
            tf.equal(i, 1), lambda: repeat(i + 1, lambda j, z: tf.sin(z) * w, y), lambda: y * v
        ),
        v,
    ),
)
add(
    "While",
    x(3),
    x(3),
    name="call_in_the_body",
    fn=lambda v, w: repeat(3, lambda i, y: tf.function(lambda a, b: tf.sin(a) * b)(y, w), v),
)
twice = tf.function(lambda v: repeat(3, lambda i, y: tf.sin(y) * v, v))
add("While", x(3), name="one_body_for_two_loops", fn=lambda v: twice(v) + twice(2.0 * v))
add(
    "While",
    x(3),
    name="one_loop_after_another",
    fn=lambda v: repeat(2, lambda i, y: tf.sin(y) * v, repeat(3, lambda i, y: tf.cos(y) + v, v)),
)

# Branches.
for taken in (True, False):
    add(
        "If",
        x(3),
        x(3),
        feed(taken, "bool"),
        name=f"if_{taken}",
        fn=lambda v, w, c: tf.cond(c, lambda: tf.sin(v) * w, lambda: tf.exp(tf.exp(w)) * v),
    )
    add(
        "If",
        x(2, 3),
        x(3, 4),
        feed(taken, "bool"),
        name=f"if_different_shapes_{taken}",
        fn=lambda v, w, c: tf.cond(
            c,
            lambda: tf.reduce_sum(tf.sin(tf.matmul(v, w)) ** 2.0),
            lambda: tf.reduce_sum(tf.exp(tf.exp(w))),
        ),
    )
    add(
        "If",
        x(3),
        x(3),
        feed(taken, "bool"),
        name=f"if_one_ignores_x_{taken}",
        fn=lambda v, w, c: tf.cond(c, lambda: tf.sin(v), lambda: tf.zeros_like(v) + w),
    )
    add(
        "If",
        x(3),
        feed(taken, "bool"),
        feed(taken, "bool"),
        name=f"if_in_an_if_{taken}",
        fn=lambda v, c, d: tf.cond(
            c, lambda: tf.cond(d, lambda: tf.sin(tf.sin(v)), lambda: v * v), lambda: tf.exp(v)
        ),
    )
    add(
        "If",
        x(3),
        feed(taken, "bool"),
        name=f"if_hands_on_{taken}",
        fn=lambda v, c: tf.cond(c, lambda: v, lambda: v * 2.0),
    )
    add(
        "If",
        x(3, dtype="float32"),
        feed(taken, "bool"),
        name=f"if_mixed_types_{taken}",
        numeric=False,
        fn=lambda v, c: tf.cond(
            c,
            lambda: tf.cast(tf.sin(tf.cast(v, tf.float64)), tf.float32) * v,
            lambda: tf.where(v > 0.0, tf.exp(v), tf.sin(v)),
        ),
    )
add(
    "If",
    x(3, known="rank?"),
    feed(True, "bool"),
    name="if_unknown_shape",
    fn=lambda v, c: tf.cond(c, lambda: tf.sin(v) * v, lambda: tf.exp(v)),
)
add(
    "If",
    x(3),
    x(3),
    feed(True, "bool"),
    name="if_two_outputs",
    fn=lambda v, w, c: tf.cond(c, lambda: (tf.sin(v), v * w), lambda: (w, tf.exp(v))),
)
add(
    "If",
    x(3),
    feed(True, "bool"),
    name="if_neither_uses_x",
    fn=lambda v, c: tf.cond(c, lambda: tf.zeros_like(v), lambda: tf.ones_like(v)),
)
for index in (0, 1, 2, 7, -1):
    add(
        "Case",
        x(3),
        x(3),
        feed(index),
        numeric=index in (0, 1),
        name=f"case_{index}",
        fn=lambda v, w, i: tf.switch_case(
            i, [lambda: tf.sin(v) * w, lambda: tf.exp(w), lambda: v * tf.stop_gradient(w)]
        ),
    )
add(
    "Case",
    x(3),
    x(3),
    name="case_in_a_loop",
    fn=lambda v, w: repeat(
        4,
        lambda i, y: tf.switch_case(
            i,
            [
                lambda: tf.sin(y) * w,
                lambda: tf.exp(y),
                lambda: tf.cond(y[0] > 0.1, lambda: y * v, lambda: y),
            ],
        ),
        v,
    ),
)


# TensorArrays, scan, map.
def array_loop(v, n):
    array = tf.TensorArray(tf.float64, size=n, element_shape=v.shape)
    read = tf.TensorArray(tf.float64, size=n).unstack(tf.stack([v * (k + 1.0) for k in range(4)]))
    body = lambda i, y, a: (i + 1, tf.sin(y) * read.read(i), a.write(i, y * v))
    _, y, array = loop(lambda i, y, a: i < n, body, (0, v, array))
    return tf.concat([array.stack(), y[tf.newaxis]], 0)


add("While", x(3), name="tensor_array", fn=lambda v: array_loop(v, 4))
add("While", x(3), feed(4), name="tensor_array_fed_size", fn=array_loop)
add(
    "While",
    x(3, known="rank?"),
    name="tensor_array_unknown_shape",
    fn=lambda v: repeat(
        3,
        lambda i, a: a.write(i, tf.sin(v) * tf.cast(i, tf.float64)),
        tf.TensorArray(tf.float64, size=3),
    ).stack(),
)
add(
    "While",
    x(3),
    name="writes_over_what_it_wrote",
    fn=lambda v: repeat(
        3,
        lambda i, a: a.write(0, tf.sin(v) * tf.cast(i + 1, tf.float64) + a.read(0)),
        tf.TensorArray(tf.float64, size=1, clear_after_read=False).write(0, v),
    ).stack(),
)
add(
    "While",
    x(3),
    name="dynamic_size",
    fn=lambda v: repeat(
        3,
        lambda i, a: a.write(i, v ** tf.cast(i + 1, tf.float64)),
        tf.TensorArray(tf.float64, size=0, dynamic_size=True),
    ).stack(),
)
add(
    "While",
    x(2, 3),
    name="array_concat_and_split",
    fn=lambda v: repeat(
        2,
        lambda i, a: a.write(i, tf.sin(v[: i + 1])),
        tf.TensorArray(tf.float64, size=2, infer_shape=False),
    ).concat(),
)
add(
    "While",
    x(4, 3),
    feed([3, 1]),
    name="array_gather",
    fn=lambda v, at: repeat(
        4, lambda i, a: a.write(i, tf.sin(v[i])), tf.TensorArray(tf.float64, size=4)
    ).gather(at),
)
add("While", x(5, 3), name="scan", fn=lambda v: tf.scan(lambda a, e: tf.sin(a) * e, v))
add(
    "While",
    x(5, 3),
    x(3),
    name="scan_reverse",
    fn=lambda v, w: tf.scan(lambda a, e: tf.tanh(a * w + e), v, initializer=w, reverse=True),
)
add(
    "While",
    x(5, 3, known=(None, 3)),
    name="scan_unknown_length",
    fn=lambda v: tf.scan(lambda a, e: tf.sin(a) * e, v),
)
add("While", x(5, 3), x(3), name="map", fn=lambda v, w: tf.map_fn(lambda e: tf.sin(e) * w, v))
add(
    "While",
    x(4, 3),
    x(4, 2),
    name="map_of_two",
    fn=lambda v, w: tf.map_fn(
        lambda e: tf.reduce_sum(e[0]) * e[1], (v, w), fn_output_signature=tf.float64
    ),
)
add("While", x(0, 3), name="map_of_nothing", fn=lambda v: tf.map_fn(tf.sin, v))
add("While", x(4, 3), name="fold", fn=lambda v: tf.foldl(lambda a, e: tf.sin(a) * e, v))
add(
    "While",
    x(3, 2, 2),
    name="map_in_a_scan",
    fn=lambda v: tf.scan(lambda a, e: tf.map_fn(tf.sin, e) * a, v),
)

# Lists by themselves.
ops = tf.raw_ops


def from_tensor(v, shape=-1):
    return ops.TensorListFromTensor(tensor=v, element_shape=shape)


def stacked(handle, shape=-1, **attrs):
    return ops.TensorListStack(
        input_handle=handle, element_shape=shape, element_dtype=tf.float64, **attrs
    )


def item(handle, index, shape=-1):
    return ops.TensorListGetItem(
        input_handle=handle, index=index, element_shape=shape, element_dtype=tf.float64
    )


def pop(handle, shape=-1):
    return ops.TensorListPopBack(input_handle=handle, element_shape=shape, element_dtype=tf.float64)


def push(handle, v):
    return ops.TensorListPushBack(input_handle=handle, tensor=v)


def empty(dtype=tf.float64):
    return ops.EmptyTensorList(element_shape=-1, max_num_elements=-1, element_dtype=dtype)


for dtype in ("float64", "float32", "float16"):
    add(
        "TensorListFromTensor",
        x(3, 2, dtype=dtype),
        name=f"list_stack_{dtype}",
        fn=lambda v: ops.TensorListStack(
            input_handle=from_tensor(v), element_shape=-1, element_dtype=v.dtype, num_elements=3
        ),
    )
add(
    "TensorListFromTensor",
    x(3, known="rank?"),
    name="list_of_scalars",
    fn=lambda v: stacked(from_tensor(v), []),
)
add(
    "TensorListFromTensor",
    x(0, 2),
    name="list_of_nothing",
    fn=lambda v: stacked(from_tensor(v), [2]),
)
add(
    "TensorListGetItem",
    x(3, 2),
    feed(1),
    name="list_get_item",
    fn=lambda v, i: item(from_tensor(v), i) * item(from_tensor(v), 0),
)
add(
    "TensorListGetItem",
    x(3, 2),
    name="list_get_one_item_twice",
    fn=lambda v: (lambda l: item(l, 1) * tf.sin(item(l, 1)) + item(l, 2))(from_tensor(v)),
)
add(
    "TensorListSetItem",
    x(3, 2),
    x(2),
    feed(1),
    name="list_set_item",
    fn=lambda v, w, i: stacked(ops.TensorListSetItem(input_handle=from_tensor(v), index=i, item=w)),
)
add(
    "TensorListSetItem",
    x(3, 2),
    x(2),
    name="list_set_item_behind_the_end",
    fn=lambda v, w: stacked(
        ops.TensorListSetItem(
            input_handle=ops.TensorListSetItem(
                input_handle=from_tensor(v), index=4, item=w, resize_if_index_out_of_bounds=True
            ),
            index=3,
            item=2.0 * w,
        )
    ),
)
add(
    "TensorListPushBack",
    x(3, 2),
    x(2),
    name="list_push_back",
    fn=lambda v, w: stacked(push(from_tensor(v), w)),
)
add(
    "TensorListPopBack",
    x(3, 2),
    name="list_pop_back",
    fn=lambda v: (lambda l, t: stacked(l) * t)(*pop(from_tensor(v))),
)
add(
    "TensorListPopBack",
    x(3, 2),
    name="list_pop_back_list_alone",
    fn=lambda v: stacked(pop(from_tensor(v))[0]),
)
add(
    "TensorListPopBack",
    x(3, 2),
    name="list_pop_back_tensor_alone",
    fn=lambda v: pop(from_tensor(v))[1],
)
add(
    "TensorListPopBack",
    x(2),
    x(1),
    name="list_of_different_shapes",
    fn=lambda v, w: (lambda l, t: t * pop(l, [2])[1])(*pop(push(push(empty(), v), w), [1])),
)
add(
    "TensorListResize",
    x(3, 2),
    name="list_cut",
    fn=lambda v: stacked(ops.TensorListResize(input_handle=from_tensor(v), size=2)),
)
add(
    "TensorListResize",
    x(3, 2),
    name="list_resized",
    fn=lambda v: stacked(ops.TensorListResize(input_handle=from_tensor(v), size=5), [2]),
)
add(
    "TensorListGather",
    x(4, 2),
    feed([2, 0]),
    name="list_gather",
    fn=lambda v, i: ops.TensorListGather(
        input_handle=from_tensor(v), indices=i, element_shape=[2], element_dtype=tf.float64
    ),
)
# TensorFlow's gradient keeps one of the two rows that read the same element.
add(
    "TensorListGather",
    x(4, 2),
    feed([2, 0, 2]),
    reference=False,
    name="list_gather_twice",
    fn=lambda v, i: ops.TensorListGather(
        input_handle=from_tensor(v), indices=i, element_shape=[2], element_dtype=tf.float64
    ),
)
add(
    "TensorListScatter",
    x(3, 2),
    feed([2, 0, 1]),
    name="list_scatter",
    fn=lambda v, i: stacked(ops.TensorListScatter(tensor=v, indices=i, element_shape=-1)),
)
add(
    "TensorListScatterV2",
    x(3, 2),
    feed([4, 0, 1]),
    name="list_scatter_v2",
    fn=lambda v, i: stacked(
        ops.TensorListScatterV2(tensor=v, indices=i, element_shape=-1, num_elements=6), [2]
    ),
)
add(
    "TensorListScatterIntoExistingList",
    x(4, 2),
    x(2, 2),
    feed([3, 1]),
    name="list_scatter_into",
    fn=lambda v, w, i: stacked(
        ops.TensorListScatterIntoExistingList(input_handle=from_tensor(v), tensor=w, indices=i)
    ),
)
add(
    "TensorListConcat",
    x(2, 3),
    x(1, 3),
    name="list_concat",
    outputs=(0,),
    fn=lambda v, w: list(
        ops.TensorListConcat(input_handle=push(push(empty(), v), w), element_dtype=tf.float64)
    ),
)
add(
    "TensorListConcatV2",
    x(2, 3),
    x(1, 3),
    name="list_concat_v2",
    outputs=(0,),
    fn=lambda v, w: list(
        ops.TensorListConcatV2(
            input_handle=push(push(empty(), v), w),
            element_shape=-1,
            leading_dims=tf.constant([], tf.int64),
            element_dtype=tf.float64,
        )
    ),
)
add(
    "TensorListSplit",
    x(5, 2),
    feed([2, 0, 3], "int64"),
    name="list_split",
    fn=lambda v, n: tf.reduce_sum(
        item(ops.TensorListSplit(tensor=v, element_shape=-1, lengths=n), 2) ** 2.0
    ),
)
add(
    "TensorListConcatLists",
    x(3, 2),
    x(2, 2),
    reference=False,
    name="list_concat_lists",
    fn=lambda v, w: stacked(
        ops.TensorListConcatLists(
            input_a=from_tensor(v), input_b=from_tensor(w), element_dtype=tf.float64
        ),
        [2],
    ),
)
add(
    "TensorListFromTensor",
    x(3, 2),
    name="lists_are_added",
    fn=lambda v: (lambda l: stacked(l) * 2.0 + stacked(push(pop(l)[0], v[0])) + item(l, 1))(
        from_tensor(v)
    ),
)


# Keras layers, their weights frozen.
def frozen(model, shape):
    """The model as a graph of constants around While: a function of one tensor."""
    for value in model.weights:  # Biases start as zeros, which hide mistakes.
        value.assign(tf.random.stateless_uniform(value.shape, (3, 5), -0.6, 0.6))
    spec = tf.TensorSpec([None, *shape[1:]], tf.float32)
    function = tf.function(lambda v: model(v)).get_concrete_function(spec)
    constant = convert_variables_to_constants_v2(function, lower_control_flow=False)
    graph_def = constant.graph.as_graph_def()
    source, result = constant.inputs[0].name, constant.outputs[0].name
    return lambda v: tf.graph_util.import_graph_def(
        graph_def, input_map={source: v}, return_elements=[result], name="keras"
    )


def add_keras(name, layer, shape=(2, 5, 3), masked=False, values=None):
    inputs = tf.keras.Input(shape[1:])
    hidden = tf.keras.layers.Masking(0.0)(inputs) if masked else inputs
    add(
        "While",
        x(*shape, dtype="float32", values=values, known=(None, *shape[1:])),
        numeric=False,
        name="keras_" + name,
        fn=frozen(tf.keras.Model(inputs, layer(hidden)), shape),
    )


MASKED = [
    [[0.3, -0.2, 0.5], [0.1, 0.4, -0.7], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
    [[0.9, 0.2, 0.1], [0, 0, 0], [-0.3, 0.6, 0.8], [0.2, 0.2, -0.5], [0, 0, 0]],
]
for masked in (False, True):
    suffix = "_masked" if masked else ""
    values = MASKED if masked else None
    layers = tf.keras.layers
    for sequences in (False, True):
        every = "_sequences" if sequences else ""
        add_keras(
            "lstm" + every + suffix,
            layers.LSTM(4, return_sequences=sequences),
            masked=masked,
            values=values,
        )
        add_keras(
            "gru" + every + suffix,
            layers.GRU(4, return_sequences=sequences),
            masked=masked,
            values=values,
        )
    add_keras("simple_rnn" + suffix, layers.SimpleRNN(4), masked=masked, values=values)
    add_keras(
        "bidirectional_lstm" + suffix,
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        masked=masked,
        values=values,
    )
add_keras("gru_reset_before", layers.GRU(4, reset_after=False))
add_keras("lstm_backwards", layers.LSTM(4, go_backwards=True))
add_keras("lstm_time_major_stack", layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)]))
add_keras("conv_lstm", layers.ConvLSTM1D(2, 3, padding="same"), shape=(1, 3, 6, 2))

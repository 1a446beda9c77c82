#!/usr/bin/env python3
"""Writes graphs with TensorFlow 1's control flow, and what TensorFlow computes with them.

    .venv/bin/python tests/golden/make_control_flow_v1.py

Each @case builds a graph out of Switch, Merge, Enter, Exit, NextIteration, LoopCond and TensorArrays
as tf.cond, tf.while_loop and what stands on them write them, and returns its outputs and the values
to feed, run by run. They go to control_flow_v1.npz:
    <case>/graph            serialized GraphDef, as bytes
    <case>/fetches          names of the outputs
    <case>/initialize       names of nodes to run first, if there are any
    <case>/<run>/<tensor>   a value to feed
    <case>/<run>/=<output>  what TensorFlow's Python computes
src/graph/passes/control_flow_v1_test.cc replays them, as they are and rewritten.
"""

import os

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import pathlib

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
tf.disable_control_flow_v2()
HERE = pathlib.Path(__file__).parent
CASES = {}


def case(make):
    CASES[make.__name__] = make
    return make


def floats(*shape, seed=1):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)


def vector(*values):
    return np.array(values, np.float32)


def variable(name, value, resource):
    return tf.get_variable(name, initializer=tf.constant(value), use_resource=resource)


# ------------------------------------------------------------------------------------------ cond
@case
def cond(both=(vector(1, 2, 3), vector(-1, -2, -3))):
    x = tf.placeholder(tf.float32, [None], "x")
    y = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.exp(x) * 2.0, lambda: x - 1.0)
    return [y], [{x: v} for v in both]


@case
def cond_returns_outer_tensors():
    """A Merge of two Switches; one tensor is of one branch only."""
    x = tf.placeholder(tf.float32, [None], "x")
    z = tf.placeholder(tf.float32, [None], "z")
    a, b = tf.cond(tf.reduce_sum(x) > 0, lambda: (x, z * 3.0), lambda: (z, x))
    return [tf.sin(a) + b], [{x: vector(1, 2), z: vector(5, 7)}, {x: vector(-1, 0), z: vector(5, 7)}]


@case
def cond_nested():
    x = tf.placeholder(tf.float32, [None], "x")
    s = tf.reduce_sum(x)
    inner = lambda: tf.cond(s > 10.0, lambda: x * 10.0, lambda: x + s)
    y = tf.cond(s > 0, inner, lambda: tf.cond(s < -10.0, lambda: -x, lambda: tf.square(x)))
    return [y], [{x: vector(v, 1)} for v in (20, 1, -1.5, -20)]


@case
def cond_same_predicate():
    """Two conds with one predicate; the second reads the first."""
    x = tf.placeholder(tf.float32, [None], "x")
    p = tf.reduce_sum(x) > 0
    a = tf.cond(p, lambda: x * 2.0, lambda: x * 3.0)
    b = tf.cond(p, lambda: tf.tanh(a) + x, lambda: a - x)
    return [a * b], [{x: vector(1, 2)}, {x: vector(-1, -2)}]


@case
def cond_same_predicate_nested():
    x = tf.placeholder(tf.float32, [None], "x")
    p = tf.reduce_sum(x) > 0
    y = tf.cond(p, lambda: tf.cond(p, lambda: x * 2.0, lambda: x * 5.0), lambda: x * 3.0)
    return [y], [{x: vector(1, 2)}, {x: vector(-1, -2)}]


@case
def cond_value_index():
    x = tf.placeholder(tf.float32, [None], "x")
    p = tf.reduce_sum(x) > 0
    off, on = tf.raw_ops.Switch(data=x, pred=p)
    merged = tf.raw_ops.Merge(inputs=[off * 2.0, on * 3.0])
    return [merged.output, tf.cast(merged.value_index, tf.float32)], [
        {x: vector(1, 2)}, {x: vector(-1, -2)}]


@case
def cond_with_effects():
    """Only the branch that is taken asserts and prints."""
    x = tf.placeholder(tf.float32, [None], "x")

    def checked(low):
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_min(x) > low, [x])]):
            return tf.identity(x) * 2.0
    y = tf.cond(tf.reduce_sum(x) > 0, lambda: checked(0.0), lambda: checked(-10.0))
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(x < 100.0), [x])]):
        z = tf.cond(tf.reduce_sum(y) > 0, lambda: y + x, lambda: y - x)
    return [z], [{x: vector(1, 2)}, {x: vector(-1, 0.5)}]


@case
def cond_batch_norm():
    """A Keras learning phase: many conds with one predicate, variables read inside."""
    x = tf.placeholder(tf.float32, [None, 4], "x")
    phase = tf.placeholder_with_default(False, [], "keras_learning_phase")
    h = x
    for i in range(3):
        scale = variable("scale%d" % i, floats(4, seed=i) + 2, i % 2 == 0)
        mean, var = tf.nn.moments(h, [0])
        moving = variable("mean%d" % i, floats(4, seed=10 + i), i % 2 == 0)
        m = tf.cond(phase, lambda: mean, lambda: moving + 0.0)
        v = tf.cond(phase, lambda: var, lambda: scale * scale)
        h = tf.nn.relu(tf.nn.batch_normalization(h, m, v, None, scale, 1e-3))
    return [h], [{x: floats(5, 4)}, {x: floats(5, 4), phase: np.array(True)}]


@case
def case_of_four():
    x = tf.placeholder(tf.float32, [None], "x")
    s = tf.reduce_sum(x)
    y = tf.case([(s < -1.0, lambda: x * 1.0), (s < 0.0, lambda: x * 2.0),
                 (s < 1.0, lambda: x * 3.0)], default=lambda: x * 4.0)
    return [y], [{x: vector(v)} for v in (-2, -0.5, 0.5, 2)]


# ----------------------------------------------------------------------------------------- while
@case
def loop():
    x = tf.placeholder(tf.float32, [None, 3], "x")
    w = tf.placeholder(tf.float32, [3, 3], "w")
    n = tf.placeholder(tf.int32, [], "n")
    i, h = tf.while_loop(lambda i, h: i < n, lambda i, h: (i + 1, tf.tanh(tf.matmul(h, w))),
                         [tf.constant(0), x], parallel_iterations=7)
    return [h, i], [{x: floats(2, 3), w: floats(3, 3), n: np.int32(k)} for k in (0, 1, 5)]


@case
def loop_shape_invariants():
    x = tf.placeholder(tf.float32, [1, 3], "x")
    _, h = tf.while_loop(lambda i, h: i < 4, lambda i, h: (i + 1, tf.concat([h, x * 2.0], 0)),
                         [tf.constant(0), x],
                         shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 3])])
    return [h], [{x: floats(1, 3)}]


@case
def loop_nested():
    x = tf.placeholder(tf.float32, [None], "x")
    n = tf.placeholder(tf.int32, [], "n")

    def outer(i, h):
        _, g = tf.while_loop(lambda j, g: j < i, lambda j, g: (j + 1, tf.sin(g) + h + x),
                             [tf.constant(0), h])
        return i + 1, g
    _, y = tf.while_loop(lambda i, h: i < n, outer, [tf.constant(0), x])
    return [y], [{x: vector(0.5, -1), n: np.int32(k)} for k in (0, 1, 4)]


@case
def loop_in_cond():
    x = tf.placeholder(tf.float32, [None], "x")
    grow = lambda: tf.while_loop(lambda h: tf.reduce_sum(h) < 50.0, lambda h: h * 2.0 + x, [x])
    y = tf.cond(tf.reduce_sum(x) > 0, grow, lambda: tf.exp(x))
    return [y], [{x: vector(1, 2)}, {x: vector(-1, -2)}]


@case
def cond_in_loop():
    """The Collatz sequence, weighted; the outer tensor is taken by one branch."""
    x = tf.placeholder(tf.float32, [], "x")

    def step(i, n, h):
        even = tf.equal(tf.floormod(n, 2), 0)
        n, h = tf.cond(even, lambda: (n // 2, tf.sin(h)), lambda: (3 * n + 1, h * x))
        return i + 1, n, h
    i, _, h = tf.while_loop(lambda i, n, h: n > 1, step, [tf.constant(0), tf.cast(x, tf.int32), x])
    return [h, i], [{x: np.float32(v)} for v in (1, 6, 7)]


@case
def cond_in_predicate():
    x = tf.placeholder(tf.float32, [None], "x")

    def more(i, h):
        return tf.cond(tf.reduce_sum(h) > 0, lambda: i < 3, lambda: i < 6)
    i, h = tf.while_loop(more, lambda i, h: (i + 1, h * x), [tf.constant(0), x])
    return [h, i], [{x: vector(0.5, 2)}, {x: vector(-1.5, 0.3)}]


@case
def loop_with_effects():
    x = tf.placeholder(tf.float32, [None], "x")

    def step(i, h):
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_max(h) < 1e6, [h, i])]):
            return i + 1, tf.identity(h) * 2.0
    _, h = tf.while_loop(lambda i, h: i < 5, step, [tf.constant(0), x])
    return [h], [{x: vector(1, -2)}]


@case
def loop_of_variables():
    """Old reference variables and resources, captured and as the first value."""
    x = tf.placeholder(tf.float32, [None, 3], "x")
    a = variable("a", floats(3, 3, seed=3), False)
    b = variable("b", floats(3, 3, seed=4), True)
    c = variable("c", floats(1, 3, seed=5), False)
    _, h, g = tf.while_loop(
        lambda i, h, g: i < 3,
        lambda i, h, g: (i + 1, tf.tanh(tf.matmul(h, a) + tf.matmul(h, b)), g * 2.0 + h),
        [tf.constant(0), x, tf.zeros_like(x) + c])
    return [h + g], [{x: floats(2, 3)}]


@case
def loop_then_loop():
    """The second loop takes what the first left, and both one invariant."""
    x = tf.placeholder(tf.float32, [None], "x")
    _, a = tf.while_loop(lambda i, h: i < 2, lambda i, h: (i + 1, h * x), [tf.constant(0), x])
    _, b = tf.while_loop(lambda i, h: i < 3, lambda i, h: (i + 1, h + a * x), [tf.constant(0), x])
    return [b], [{x: vector(0.5, 2)}]


# ---------------------------------------------------------------------------------- TensorArrays
@case
def map_fn():
    x = tf.placeholder(tf.float32, [None, 3], "x")
    y = tf.map_fn(lambda row: tf.reduce_sum(row * row) * row, x)
    return [y], [{x: floats(4, 3)}, {x: floats(1, 3)}]


@case
def map_fn_nested():
    x = tf.placeholder(tf.float32, [None, 3], "x")
    y = tf.map_fn(lambda row: tf.map_fn(lambda v: tf.exp(v) * row[0], row), x)
    return [y], [{x: floats(4, 3)}]


@case
def scan():
    x = tf.placeholder(tf.float32, [None, 3], "x")
    return [tf.scan(lambda a, row: a * 0.5 + row, x)], [{x: floats(5, 3)}]


@case
def foldl():
    x = tf.placeholder(tf.float32, [None, 3], "x")
    return [tf.foldl(lambda a, row: tf.tanh(a + row), x)], [{x: floats(5, 3)}]


def lstm(x, state, w):
    c, h = state
    i, f, g, o = tf.split(tf.matmul(tf.concat([x, h], 1), w), 4, 1)
    c = tf.sigmoid(f + 1.0) * c + tf.sigmoid(i) * tf.tanh(g)
    return c, tf.sigmoid(o) * tf.tanh(c)


@case
def rnn_with_lengths():
    """dynamic_rnn as TensorFlow 1.15 writes it: with lengths, steps beyond them copy the state."""
    x = tf.placeholder(tf.float32, [None, None, 2], "x")
    lengths = tf.placeholder(tf.int32, [None], "lengths")
    w = variable("w", floats(2 + 4, 16, seed=2), False)
    steps = tf.shape(x)[1]
    batch = tf.shape(x)[0]
    source = tf.TensorArray(tf.float32, steps, element_shape=[None, 2],
                            tensor_array_name="input_0").unstack(tf.transpose(x, [1, 0, 2]))
    sink = tf.TensorArray(tf.float32, steps, element_shape=[None, 4],
                          tensor_array_name="output_0")
    zero = tf.zeros([batch, 4])
    shortest, longest = tf.reduce_min(lengths), tf.reduce_max(lengths)

    def step(t, sink, c, h):
        row = source.read(t)
        row.set_shape([None, 2])

        def every():
            return lstm(row, (c, h), w)

        def some():
            new_c, new_h = lstm(row, (c, h), w)
            done = t >= lengths
            return tf.where(done, c, new_c), tf.where(done, h, new_h)
        new_c, new_h = tf.cond(t < shortest, every, some)
        out = tf.where(t >= lengths, zero, new_h)
        return t + 1, sink.write(t, out), new_c, new_h
    bound = tf.minimum(steps, tf.maximum(1, longest))
    _, sink, _, h = tf.while_loop(lambda t, *_: t < bound, step,
                                  [tf.constant(0), sink, zero, zero], parallel_iterations=32)
    out = tf.transpose(sink.stack(), [1, 0, 2])
    return [out, h], [{x: floats(3, 5, 2), lengths: np.array(n, np.int32)}
                      for n in ([5, 5, 5], [2, 4, 3], [1, 0, 2])]


@case
def decode_until_done():
    """dynamic_decode: an array that grows as long as the loop runs."""
    x = tf.placeholder(tf.float32, [None], "x")
    out = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[None])

    def step(t, h, out):
        h = h * 0.7 + 0.1
        return t + 1, h, out.write(t, h)
    t, _, out = tf.while_loop(lambda t, h, out: tf.reduce_max(h) > 0.5, step,
                              [tf.constant(0), x, out])
    return [out.stack(), t], [{x: vector(3, 1)}, {x: vector(0.6, 0.1)}]


@case
def array_concat_and_split():
    x = tf.placeholder(tf.float32, [6, 2], "x")
    parts = tf.TensorArray(tf.float32, 3, infer_shape=False).split(x, [1, 3, 2])
    out = tf.TensorArray(tf.float32, 3, infer_shape=False, element_shape=[None, 2])
    _, out = tf.while_loop(
        lambda i, out: i < 3,
        lambda i, out: (i + 1, out.write(i, tf.concat([parts.read(i)] * 2, 0) * 2.0)),
        [tf.constant(0), out])
    size = tf.cast(out.size(), tf.float32)
    return [out.concat() * size], [{x: floats(6, 2)}]


@case
def array_in_cond():
    """A branch writes, the other passes the array on; a gather in any order."""
    x = tf.placeholder(tf.float32, [3, 2], "x")
    array = tf.TensorArray(tf.float32, 3, clear_after_read=False).unstack(x)
    fresh = tf.TensorArray(tf.float32, 3, clear_after_read=False)

    def step(i, out):
        flow = tf.cond(tf.reduce_sum(array.read(i)) > 0,
                       lambda: out.write(i, x[i] * 2.0).flow,
                       lambda: out.write(i, -x[i]).flow)
        return i + 1, tf.TensorArray(tf.float32, handle=out.handle, flow=flow)
    _, out = tf.while_loop(lambda i, out: i < 3, step, [tf.constant(0), fresh])
    y = out.gather([2, 0, 1]) + out.read(1)
    with tf.control_dependencies([y]):
        closed = out.close()
    with tf.control_dependencies([closed]):
        return [tf.identity(y)], [{x: floats(3, 2)}]


@case
def array_per_step():
    """An array made and read within each step of an outer loop."""
    x = tf.placeholder(tf.float32, [None, 3], "x")

    def step(i, h):
        row = tf.TensorArray(tf.float32, 3).unstack(h)
        return i + 1, tf.stack([row.read(2), row.read(0), row.read(1)]) * 0.5
    y = tf.map_fn(lambda r: tf.while_loop(lambda i, h: i < 2, step, [tf.constant(0), r])[1], x)
    return [y], [{x: floats(2, 3)}]


def write(name, make, arrays):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.set_random_seed(7)
        outputs, runs = make()
        session.run(tf.global_variables_initializer())
        if tf.global_variables():
            arrays[name + "/initialize"] = np.array(
                [v.initializer.name.encode() for v in tf.global_variables()])
        arrays[name + "/graph"] = np.frombuffer(
            graph.as_graph_def(add_shapes=True).SerializeToString(deterministic=True), np.uint8)
        arrays[name + "/fetches"] = np.array([o.name.encode() for o in outputs])
        for i, feeds in enumerate(runs):
            for tensor, value in feeds.items():
                arrays["%s/%d/%s" % (name, i, tensor.name)] = np.asarray(value)
            for output, value in zip(outputs, session.run(outputs, feeds)):
                arrays["%s/%d/=%s" % (name, i, output.name)] = value


def main():
    arrays = {}
    for name, make in CASES.items():
        write(name, make, arrays)
    np.savez_compressed(HERE / "control_flow_v1.npz", **arrays)
    print("%d graphs, %d bytes" % (len(CASES), (HERE / "control_flow_v1.npz").stat().st_size))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the golden gradients: what TensorFlow's own Python says the gradient of every op is.

    .venv/bin/python tests/golden/make_gradients.py [family ...]     (all families by default)

For each case of cases_<family>.py it builds a graph with one op under test, runs tf.gradients on it
with a random cotangent, and appends the graph, the values and the expected gradients to
gradients_<family>.bin. src/autodiff/golden_test.cc replays that file. The first case of each op is
repeated in the other dtypes that TensorFlow can do, and without a static rank.

A cases file holds one list, CASES, of case(...) rows:

    from cases import case, const, feed, x

    CASES = [
        case("Mul", x(2, 3), x(3)),                                     # float64, random in (-1, 1)
        case("Sum", x(2, 3), const([-1]), keep_dims=True),              # keywords are attributes
        case("Sum", x(2, 3, known=(None, 3)), feed([0]), name="sum_unknown_batch"),
        case("Maximum", x(values=[1.0, 2.0]), x(values=[1.0, 3.0]), numeric=False),  # a tie
    ]

Format of gradients_<family>.bin: fields, each a tag (1 byte), a length (4 bytes, little endian) and
that many bytes. Fields of a case, in this order (* any number, ? at most one):
    C  name of the case: starts a case       O  op under test          G  serialized GraphDef
    N? no central differences (empty)        R? relative tolerance as text
    S? needs static shapes, else may refuse (empty)
    B? nodes of TensorFlow's graph from the outputs and gradients, functions included, as text
    ( X  name of an explained tensor, V  its value,
      E? expected gradient: absent if TensorFlow has no rule for the op; empty if it says "none" )*
    ( F  name of a tensor that is only fed, V  its value )*
    ( Y  name of an output, D  its cotangent )*
Values are serialized TensorProtos. The first field of a file is P, the TensorFlow version.
"""

import os

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # Some oneDNN gradient kernels corrupt the heap.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import dataclasses
import importlib
import inspect
import pathlib
import struct
import sys
import zlib

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
FAMILIES = (
    "math",
    "reduce",
    "nn",
    "array",
    "spectral",
    "sparse",
    "linalg",
    "image",
    "backward",
    "sequence",
    "control_flow",
)
COUNTED = ("control_flow",)  # Whose graphs are compared by their size.
MAX_BYTES = 1_500_000  # The files are committed.
DTYPES = ("float32", "float16", "bfloat16", "complex64", "complex128")
# Rounding to 11 and to 8 bits, a dozen times, here and in TensorFlow's own gradient.
HALF = {"float16": 1e-2, "bfloat16": 8e-2}
SINGLE = 2e-3  # Of what needs a tolerance of its own in float64 already.
# TensorFlow's gradients of these forget a conjugate, or take what is real for complex; or they depend
# on a phase (Eig, Svd); or a complex gradient is cut (Cast, stop_gradient).
NOT_CONJUGATED = (
    "Cast",
    "Cumprod",
    "Eig",
    "EuclideanNorm",
    "Identity",
    "LogMatrixDeterminant",
    "MulNoNan",
    "SegmentProd",
    "SquaredDifference",
    "Svd",
    "UnsortedSegmentProd",
    "Xdivy",
    "Xlog1py",
    "Xlogy",
)


def field(tag, payload=b""):
    payload = payload.encode() if isinstance(payload, str) else payload
    return tag.encode() + struct.pack("<I", len(payload)) + payload


def proto(value, dtype=None):
    return tf.make_tensor_proto(value, dtype=dtype).SerializeToString()


class Builder:
    """Turns the inputs of a case into tensors of the current graph, and remembers the values."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.explained = []  # (tensor, value)
        self.fed = []

    def tensor(self, spec):
        if isinstance(spec, (list, tuple)):
            return [self.tensor(s) for s in spec]
        value = spec.draw(self.rng)
        if spec.kind == "const":
            return tf.constant(value)
        known = value.shape if spec.known is None else spec.known
        tensor = tf.compat.v1.placeholder(
            value.dtype,
            None if known == "rank?" else known,
            name=f"{spec.kind}{len(self.explained) + len(self.fed)}",
        )
        (self.explained if spec.kind == "x" else self.fed).append((tensor, value))
        return tensor


def cotangent(rng, y, value):
    # Away from 0 and from 1: a rule that forgets to multiply by it must fail.
    draw = lambda: rng.uniform(0.5, 2.0, value.shape) * rng.choice([-1.0, 1.0], value.shape)
    result = draw() + 1j * draw() if y.dtype.is_complex else draw()
    return np.asarray(result).astype(y.dtype.as_numpy_dtype)


def is_differentiable(tensor):
    return tensor.dtype.is_floating or tensor.dtype.is_complex


def input_names(op):
    """What tf.raw_ops calls the op's inputs: the op's own names but for a few."""
    names = [arg.name for arg in op_def_registry.get(op).input_arg]
    parameters = list(inspect.signature(getattr(tf.raw_ops, op)).parameters)
    return [name if name in parameters else parameters[i] for i, name in enumerate(names)]


def needed_nodes(nodes, roots):
    """Those that the roots need, by name."""
    by_name = {node.name: node for node in nodes}
    found, pending = {}, list(roots)
    while pending:
        name = pending.pop().lstrip("^").split(":")[0]
        if name in by_name and name not in found:
            found[name] = by_name[name]
            pending += by_name[name].input
    return list(found.values())


def functions_of(node, library):
    refs = [value.func.name for value in node.attr.values() if value.HasField("func")]
    refs += [f.name for value in node.attr.values() for f in value.list.func]
    return [name for name in [node.op, *refs] if name in library]


def count_nodes(graph_def, roots):
    """Nodes that the roots need, and those of each function that one of them calls, once."""
    library = {function.signature.name: function for function in graph_def.library.function}
    nodes = needed_nodes(graph_def.node, roots)
    count, seen = 0, set()
    while nodes:
        node = nodes.pop()
        count += 1
        for name in functions_of(node, library):
            if name in seen:
                continue
            seen.add(name)
            body = library[name]
            results = [*body.ret.values(), *body.control_ret.values()]
            nodes += needed_nodes(body.node_def, results)
    return count


def run_apart(graph_def, fetches, feeds):
    """The fetches of a copy: a graph that has run cannot take the gradient of its loops."""
    with tf.Graph().as_default() as copy:
        tf.graph_util.import_graph_def(graph_def, name="")
        with tf.compat.v1.Session(graph=copy) as session:
            return session.run(
                [tensor.name for tensor in fetches],
                {tensor.name: value for tensor, value in feeds},
            )


def evaluate(row, counted=False, want_gradient=False):
    """Fields of one case. With want_gradient it is an error that TensorFlow says there is none."""
    builder = Builder(zlib.crc32(row.name.encode()))
    with tf.Graph().as_default() as graph:
        if row.fn is not None:
            outputs = row.fn(*[builder.tensor(s) for s in row.inputs])
        else:
            names = input_names(row.op)
            if len(row.inputs) != len(names):
                raise ValueError(f"{row.op} takes {names}, got {len(row.inputs)} inputs")
            arguments = dict(zip(names, map(builder.tensor, row.inputs), strict=True))
            outputs = getattr(tf.raw_ops, row.op)(**arguments, **row.attrs)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        ys = [y for y in outputs if isinstance(y, tf.Tensor)]
        ys = [y for i, y in enumerate(ys) if (row.outputs is None or i in row.outputs)]
        differentiable = [y for y in ys if is_differentiable(y)]
        graph_def = graph.as_graph_def()
        feeds = builder.explained + builder.fed
        xs = [tensor for tensor, _ in builder.explained]
        values = run_apart(graph_def, differentiable, feeds)
        dys = [cotangent(builder.rng, y, v) for y, v in zip(differentiable, values, strict=True)]
        dxs = [None] * len(xs)
        if row.reference and differentiable:
            dxs = tf.gradients(differentiable, xs, [tf.constant(d) for d in dys])
        if want_gradient and all(dx is None for dx in dxs):
            raise ValueError(f"{row.name}: no gradient")
        dxs = [None if dx is None else tf.convert_to_tensor(dx) for dx in dxs]
        if row.refused:
            dxs = [None] * len(xs)
        named = [t.name for t in [*differentiable, *dxs] if t is not None]
        # Calls are inlined by us, and shared by TensorFlow: no comparison.
        counted = counted and not any("PartitionedCall" in n.op for n in graph_def.node)
        nodes = count_nodes(graph.as_graph_def(), named) if counted else 0
        wanted = [dx for dx in dxs if dx is not None]
        # In a session of their own: an op that draws at random begins anew there.
        with tf.compat.v1.Session(graph=graph) as session:
            found = iter(session.run(wanted, dict(feeds)))
        expected = [None if dx is None else next(found) for dx in dxs]

    result = (
        field("C", row.name)
        + field("O", row.op)
        + field("G", graph_def.SerializeToString(deterministic=True))
    )
    if not row.numeric:
        result += field("N")
    if row.tolerance is not None:
        result += field("R", repr(row.tolerance))
    if row.needs_shapes:
        result += field("S")
    if nodes and row.reference:
        result += field("B", str(nodes))
    for (tensor, value), dx in zip(builder.explained, expected, strict=True):
        result += field("X", tensor.name) + field("V", proto(value))
        if row.reference:
            if dx is not None and not np.all(np.isfinite(dx)) and not row.infinite:
                raise ValueError(f"{row.name}: a gradient is not finite: {dx}")
            result += field("E", b"" if dx is None else proto(dx))
    for tensor, value in builder.fed:
        result += field("F", tensor.name) + field("V", proto(value))
    for y, dy in zip(differentiable or ys, dys or [None] * len(ys), strict=True):
        result += field("Y", y.name) + field("D", b"" if dy is None else proto(dy))
    return result


def flat(inputs):
    for spec in inputs:
        yield from flat(spec) if isinstance(spec, (list, tuple)) else [spec]


def map_inputs(inputs, change):
    return tuple(
        list(map_inputs(s, change)) if isinstance(s, (list, tuple)) else change(s) for s in inputs
    )


def allowed_dtypes(op):
    """What the op's definition allows for one of its inputs."""
    definition = op_def_registry.get(op)
    if definition is None:
        return set()
    of_inputs = {arg.type_attr for arg in definition.input_arg}
    allowed = set()
    for attr in definition.attr:
        if attr.type == "type" and attr.name in of_inputs:
            allowed |= set(attr.allowed_values.list.type) or {
                tf.as_dtype(d).as_datatype_enum for d in DTYPES
            }
    return {tf.as_dtype(number).name for number in allowed}


def more_rows(rows):
    """The first case of each op once more: in the other dtypes, and without a static rank.

    Those that TensorFlow has no kernel for, or no gradient of, are left out when they are run.
    """
    first, dtypes, unknown = {}, {}, set()
    for row in rows:
        explained = [s for s in flat(row.inputs) if s.kind == "x"]
        dtypes.setdefault(row.op, set()).update(s.dtype for s in explained)
        if any(s.known is not None for s in explained):
            unknown.add(row.op)
        in_float64 = explained and all(s.dtype == "float64" for s in explained)
        if in_float64 and row.reference and not any(s.known for s in explained):
            first.setdefault(row.op, row)
    for op, row in first.items():
        for dtype in DTYPES:
            if dtype in dtypes[op] or dtype not in allowed_dtypes(op):
                continue
            if dtype.startswith("complex") and op in NOT_CONJUGATED:
                continue
            change = lambda s, d=dtype: (
                dataclasses.replace(s, dtype=d) if s.dtype == "float64" else s
            )
            yield dataclasses.replace(
                row,
                name=f"{op}_in_{dtype}",
                inputs=map_inputs(row.inputs, change),
                tolerance=HALF.get(dtype)
                or (row.tolerance and {"complex128": row.tolerance}.get(dtype, SINGLE)),
            )
        if op not in unknown:
            change = lambda s: dataclasses.replace(s, known="rank?") if s.kind == "x" else s
            yield dataclasses.replace(
                row, name=f"{op}_without_rank", inputs=map_inputs(row.inputs, change)
            )


def main(families):
    for family in families or FAMILIES:
        rows = importlib.import_module(f"cases_{family}").CASES
        names = [row.name for row in rows]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise ValueError(f"cases_{family}: names used twice: {sorted(repeated)}")
        data = field("P", tf.__version__)
        failed = 0
        for row in rows:
            try:
                data += evaluate(row, family in COUNTED)
            except (
                Exception
            ) as error:  # Of any kind: the case is wrong, and all wrong ones are shown.
                failed += 1
                print(f"cases_{family}: {row.name}: {str(error)[:500]}", file=sys.stderr)
        more = left_out = 0
        for row in () if family in COUNTED else more_rows(rows):
            try:
                data += evaluate(row, want_gradient=True)
                more += 1
            except Exception:  # Of any kind: TensorFlow cannot do it.
                left_out += 1
        if failed:
            sys.exit(f"cases_{family}: {failed} of {len(rows)} cases failed; nothing was written")
        if len(data) > MAX_BYTES:
            raise ValueError(f"gradients_{family}.bin would be {len(data)} bytes")
        (HERE / f"gradients_{family}.bin").write_bytes(data)
        ops = len({row.op for row in rows})
        print(
            f"gradients_{family}.bin: {ops} ops, {len(rows)} + {more} cases, {len(data)} bytes; "
            f"{left_out} that TensorFlow cannot do"
        )


if __name__ == "__main__":
    main(sys.argv[1:])

"""The words that the tables of golden gradient cases are written in; see make_gradients.py."""

import dataclasses
from typing import Any, Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class Input:
    kind: str  # "x" explained, "feed" fed only, "const" a constant of the graph
    shape: tuple = ()
    dtype: str = "float64"
    low: float = -1.0
    high: float = 1.0
    values: Any = None
    known: Any = None  # Static shape of the placeholder; "rank?" for none; None: the value's own.

    def draw(self, rng):
        if self.values is not None:
            return np.asarray(self.values, dtype=np_dtype(self.dtype))
        draw = lambda: rng.uniform(self.low, self.high, self.shape)
        value = draw() + 1j * draw() if self.dtype.startswith("complex") else draw()
        return np.asarray(value).astype(np_dtype(self.dtype))


def np_dtype(name):
    if name != "bfloat16":
        return np.dtype(name)
    import tensorflow as tf

    return tf.bfloat16.as_numpy_dtype


def x(*shape, dtype="float64", low=-1.0, high=1.0, values=None, known=None):
    """An input whose gradient is compared: random in (low, high), or the values given."""
    return Input("x", shape, dtype, low, high, values, known)


def feed(values=None, dtype="int32", *, shape=(), low=-1.0, high=1.0, known=None):
    """An input that is fed but not explained."""
    return Input("feed", shape, dtype, low, high, values, known)


def const(values=None, dtype="int32", *, shape=(), low=-1.0, high=1.0):
    """A constant of the graph."""
    return Input("const", shape, dtype, low, high, values)


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    op: str
    inputs: tuple
    attrs: dict
    fn: Callable | None = None
    outputs: tuple | None = None  # Which outputs get a cotangent; None: all that are floating.
    numeric: bool = True  # Compare float64 cases with central differences too.
    reference: bool = True  # False: TensorFlow has no gradient or a wrong one.
    tolerance: float | None = None  # Relative to the largest element; None: by dtype.
    needs_shapes: bool = False  # Without static shapes the rule, or the run, may refuse.
    infinite: bool = False  # Whether the expected gradient may hold infinities and NaN.
    refused: bool = False  # TensorFlow's gradient of zeros stands for none.


_OPTIONS = (
    "fn",
    "outputs",
    "numeric",
    "reference",
    "tolerance",
    "needs_shapes",
    "infinite",
    "refused",
)
_used: set[str] = set()


def case(op, *inputs, name=None, **rest):
    """A row: an op (or fn, a function of the inputs that builds it), its inputs, its attributes.

    The name is made of the op and the shapes unless it is given. A list among the inputs is an
    input that takes a list of tensors.
    """
    options = {key: rest.pop(key) for key in _OPTIONS if key in rest}
    if name is None:
        flat = [s for i in inputs for s in (i if isinstance(i, (list, tuple)) else [i])]
        shapes = [
            "x".join(map(str, np.shape(s.values) if s.values is not None else s.shape)) or "s"
            for s in flat
        ]
        parts = [op, *shapes, *(f"{k}_{getattr(v, 'name', v)}" for k, v in rest.items())]
        if any(s.dtype != "float64" for s in flat if s.kind == "x"):
            parts.append(next(s.dtype for s in flat if s.kind == "x"))
        if any(s.known is not None for s in flat):
            parts.append("unknown")
        name = "_".join(parts)
        base, count = name, 2
        while name in _used:
            name, count = f"{base}_{count}", count + 1
    _used.add(name)
    return Case(name, op, inputs, rest, **options)

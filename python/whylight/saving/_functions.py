"""What can be saved under a signature's key: a function of named tensors."""

from __future__ import annotations

import dataclasses
import inspect
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._errors import InvalidArgumentError
from ._tensorflow import tf

# Which argument of save() says what another one takes.
_SIGNATURE_ARGUMENTS = {"model": "input_signature", "preprocess": "preprocess_signature"}


@dataclasses.dataclass(frozen=True)
class Function:
    """Named tensors in, tensors out.

    Attributes:
        inputs: tf.TensorSpec by name. The first axis is the row.
        call: Takes tensors by the names of `inputs`; gives a tensor, a sequence or a mapping.
        source: The object that holds the variables and tables it uses.
        output_names: Names of outputs that come without one; output_0, output_1, ... if empty.
    """

    inputs: Mapping[str, Any]
    call: Callable[[Mapping[str, Any]], Any]
    source: object
    output_names: Sequence[str] = ()

    def outputs(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Runs the function; every output comes under its name."""
        result = self.call(tensors)
        if isinstance(result, Mapping):
            return dict(result)
        flat = tf.nest.flatten(result)
        names = self.output_names
        if len(names) != len(flat):
            names = [f"output_{i}" for i in range(len(flat))]
        return dict(zip(names, flat))


def describe(spec: Any) -> str:
    """A dtype and a shape, as in float32 [?, 28, 28]."""
    shape = spec.shape
    if shape.rank is None:
        return f"{spec.dtype.name} of any shape"
    return f"{spec.dtype.name} [{', '.join('?' if n is None else str(n) for n in shape)}]"


def describe_all(specs: Mapping[str, Any]) -> str:
    return ", ".join(f"{name!r}: {describe(spec)}" for name, spec in specs.items())


def trace(function: Function, what: str) -> Any:
    """The tf.types.experimental.ConcreteFunction of `function`, with named outputs."""

    def outputs(**tensors: Any) -> dict[str, Any]:
        return function.outputs(tensors)

    try:
        return tf.function(outputs, autograph=False).get_concrete_function(**function.inputs)
    except (TypeError, ValueError) as error:
        if isinstance(error, InvalidArgumentError):
            raise
        raise InvalidArgumentError(
            f"{what}: TensorFlow cannot run it on {describe_all(function.inputs)}: {error}"
        ) from error


def output_specs(concrete: Any, what: str) -> dict[str, Any]:
    """tf.TensorSpec of a traced function's outputs, by name."""
    outputs = concrete.structured_outputs
    for name, tensor in outputs.items():
        if not isinstance(tensor, (tf.Tensor, tf.TensorSpec)):
            raise InvalidArgumentError(
                f"{what}: its output {name!r} is {type(tensor).__name__}, which cannot be cut into "
                "rows; return a dense tensor"
            )
    return {name: tf.TensorSpec(t.shape, t.dtype, name) for name, t in outputs.items()}


def function_of_callable(fn: Any, signature: object, what: str) -> Function:
    """A tf.function, a concrete function or a Python callable.

    Args:
        fn: What is called.
        signature: What it takes: a tf.TensorSpec, a list of them (positional) or a mapping
            (keywords, or one argument that is a mapping); None if `fn` knows.
        what: The argument that `fn` came in, for errors.

    Raises:
        InvalidArgumentError: Nobody says what `fn` takes, or that cannot be a signature.
    """
    structure = _own_arguments(fn, what) if signature is None else _arguments(fn, signature, what)
    specs = tf.nest.flatten(structure)
    inputs = named_inputs(((spec.name, spec) for spec in specs), what)

    def call(tensors: Mapping[str, Any]) -> Any:
        args, kwargs = tf.nest.pack_sequence_as(structure, [tensors[name] for name in inputs])
        return fn(*args, **kwargs)

    return Function(inputs, call, fn)


def named_inputs(specs: Iterable[tuple[str, Any]], what: str) -> dict[str, Any]:
    """Inputs of a signature: each name once, and one that TensorFlow leaves as it is."""
    inputs: dict[str, Any] = {}
    for wanted, spec in specs:
        name = re.sub(r"\W", "_", wanted, flags=re.ASCII)
        name = f"arg_{name}" if name[:1].isdigit() else name
        if name != wanted:
            warnings.warn(
                f"{what}: the input {wanted!r} is saved as {name!r}, since TensorFlow wants "
                "names of letters, digits and underscores",
                stacklevel=5,
            )
        if name in inputs:
            raise InvalidArgumentError(
                f"{what}: two inputs are called {name!r}; give each tf.TensorSpec a name of its own"
            )
        inputs[name] = _with_rows(spec, name, what)
    if not inputs:
        raise InvalidArgumentError(f"{what}: it takes no tensors, so there is nothing to explain")
    return inputs


def signature_specs(signature: object, what: str) -> Any:
    """A user's signature as a list or a mapping of tf.TensorSpec, nested as it was given."""
    if isinstance(signature, tf.TensorSpec):
        return [signature]
    if isinstance(signature, (Mapping, list, tuple)):
        for spec in tf.nest.flatten(signature):
            if not isinstance(spec, tf.TensorSpec):
                raise InvalidArgumentError(
                    f"{what}: expected a tf.TensorSpec for each tensor, got {spec!r}; sparse "
                    "and ragged tensors cannot be cut into rows: make them dense first"
                )
        return signature
    raise InvalidArgumentError(
        f"{what}: expected a tf.TensorSpec, or a list or dict of them, got {signature!r}"
    )


def _with_rows(spec: Any, name: str, what: str) -> Any:
    if spec.shape.rank == 0:
        raise InvalidArgumentError(
            f"{what}: the input {name!r} is a single number; its first axis must be the row: "
            f"tf.TensorSpec([None], tf.{spec.dtype.name}, name={name!r})"
        )
    if spec.shape.rank and spec.shape[0] is not None:
        warnings.warn(
            f"{what}: the input {name!r} takes {spec.shape[0]} rows at a time; with None as the "
            "first axis it would take any number, and be explained faster",
            stacklevel=6,
        )
    return tf.TensorSpec(spec.shape, spec.dtype, name)


def _own_arguments(fn: Any, what: str) -> tuple[Any, Any]:
    concrete = fn
    if not isinstance(fn, tf.types.experimental.ConcreteFunction):
        if getattr(fn, "input_signature", None) is None:
            name = getattr(fn, "__name__", type(fn).__name__)
            argument = _SIGNATURE_ARGUMENTS.get(what)
            raise InvalidArgumentError(
                f"{what}: nothing says what {name!r} takes; write "
                "@tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, "
                'name="features")]) above it' + (f", or give {argument}=[...]" if argument else "")
            )
        concrete = fn.get_concrete_function()
    args, kwargs = concrete.structured_input_signature

    def is_tensor(argument: Any) -> bool:
        return all(isinstance(spec, tf.TypeSpec) for spec in tf.nest.flatten(argument))

    # Arguments that are no tensors hold their defaults.
    args = [argument for argument in args if is_tensor(argument)]
    kwargs = {key: argument for key, argument in kwargs.items() if is_tensor(argument)}
    signature_specs([args, kwargs], what)
    return args, kwargs


def _arguments(fn: Any, signature: object, what: str) -> tuple[Any, Any]:
    specs = signature_specs(signature, what)
    try:
        parameters = inspect.signature(fn)
    except (TypeError, ValueError):
        parameters = None
    names = list(parameters.parameters) if parameters else []
    if not isinstance(specs, Mapping):
        names += [f"input_{i}" for i in range(len(names), len(specs))]
        return [_named(spec, name) for spec, name in zip(specs, names)], {}
    specs = {key: _named(spec, key, force=True) for key, spec in specs.items()}
    if parameters is not None:
        try:
            parameters.bind(**specs)
        except TypeError:
            return [specs], {}
    return [], specs


def _named(spec: Any, name: str, *, force: bool = False) -> Any:
    if isinstance(spec, Mapping):
        return {key: _named(value, key, force=True) for key, value in spec.items()}
    if isinstance(spec, (list, tuple)):
        return [_named(value, f"{name}_{i}") for i, value in enumerate(spec)]
    return tf.TensorSpec(spec.shape, spec.dtype, name if force else spec.name or name)

"""Keras models, of Keras 2 and of Keras 3, as functions of tensors named by the user."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Mapping
from typing import Any

from .._errors import InvalidArgumentError
from ._functions import (
    Function,
    function_of_callable,
    named_inputs,
    signature_specs,
)
from ._tensorflow import tf

# What Keras calls an input that has no name: keras_tensor_81 and input_layer_3 (Keras 3),
# input_1 and dense_7_input (Keras 2). The number depends on what else the process has made.
_AUTOMATIC_NAME = re.compile(r"keras_tensor(_\d+)?|input_layer(_\d+)?|input_\d+|\w+_\d+_input")


def is_keras_model(model: object) -> bool:
    return any(
        kind.__name__ == "Model" and kind.__module__.partition(".")[0] in ("keras", "tf_keras")
        for kind in type(model).__mro__
    )


def function_of_keras(model: Any, signature: object, what: str) -> Function:
    """A Keras model in inference mode.

    Args:
        model: A functional, sequential or subclassed model.
        signature: As for any callable; None takes the model's own inputs.
        what: The argument that the model came in, for errors.

    Raises:
        InvalidArgumentError: The model has not been built, or does not run on TensorFlow.
    """
    _refuse_other_backend(model, what)
    if not getattr(model, "inputs", None):
        return _function_of_subclass(model, signature, what)
    structure = _input_structure(model)
    specs = [
        (name, _dense_spec(name, tensor, what))
        for name, tensor in zip(_input_names(model, structure), tf.nest.flatten(structure))
    ]
    if signature is not None:
        specs = _renamed(specs, signature_specs(signature, what), what)
    inputs = named_inputs(specs, what)
    if signature is None:
        _warn_of_automatic_names(inputs, what)

    def call(values: Mapping[str, Any]) -> Any:
        flat = [values[name] for name in inputs]
        return model(tf.nest.pack_sequence_as(structure, flat), training=False)

    return Function(inputs, call, model, _output_names(model))


def _refuse_other_backend(model: Any, what: str) -> None:
    if not isinstance(model, tf.Module) and not hasattr(model, "_trackable_children"):
        raise InvalidArgumentError(
            f"{what}: this Keras model does not run on TensorFlow; set KERAS_BACKEND=tensorflow "
            "before keras is imported, and load the model there"
        )


def _input_structure(model: Any) -> Any:
    """The model's inputs as they are passed to it: one, a list, or a dict."""
    return model.inputs[0] if _is_sequential(model) else model.input


def _is_sequential(model: object) -> bool:
    return any(kind.__name__ == "Sequential" for kind in type(model).__mro__)


def _input_names(model: Any, structure: Any) -> list[str]:
    """In the order in which `structure` is flattened."""
    names = [tensor.name for tensor in tf.nest.flatten(structure)]
    if isinstance(structure, Mapping) and len(structure) == len(names):
        return sorted(structure)
    if _is_sequential(model) and re.fullmatch(r"keras_tensor(_\d+)?", names[0]):
        # As Keras 2 called it.
        return [f"{model.layers[0].name}_input"]
    return names


def _dense_spec(name: str, tensor: Any, what: str) -> Any:
    is_dense = isinstance(getattr(tensor, "type_spec", tf.TensorSpec([])), tf.TensorSpec)  # Keras 2
    if not is_dense or getattr(tensor, "sparse", False) or getattr(tensor, "ragged", False):
        raise InvalidArgumentError(
            f"{what}: the input {name!r} is sparse or ragged and cannot be cut into rows; take a "
            "dense one, padded"
        )
    return tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype)


def _renamed(own: list[tuple[str, Any]], signature: Any, what: str) -> list[tuple[str, Any]]:
    """The model's inputs with the names, dtypes and shapes of a user's signature."""
    names = [name for name, _ in own]
    if not isinstance(signature, Mapping):
        given = [(spec.name or name, spec) for spec, name in zip(signature, names)]
        if len(signature) == len(names):
            return given
    elif signature.keys() == set(names):
        return [(name, signature[name]) for name in names]
    else:
        given = list(signature.items())
        if len(given) == len(names) == 1:
            return given
    raise InvalidArgumentError(
        f"{what}: input_signature: expected the model's inputs, {', '.join(names)}, got "
        f"{', '.join(name for name, _ in given)}"
    )


def _output_names(model: Any) -> list[str]:
    names = getattr(model, "output_names", None)
    return list(names) if names else [model.layers[-1].name]


def _function_of_subclass(model: Any, signature: object, what: str) -> Function:
    if signature is None:
        signature = _built_signature(model)
    if signature is None:
        raise InvalidArgumentError(
            f"{what}: the model has not been called, so its inputs are not known; call it once, "
            "or give input_signature=[tf.TensorSpec([None, 4], tf.float32, name='features')]"
        )

    def forward(*args: Any, **kwargs: Any) -> Any:
        return model(*args, training=False, **kwargs)

    forward.__signature__ = _call_signature(model)  # type: ignore[attr-defined]
    function = function_of_callable(forward, signature, what)
    return Function(function.inputs, function.call, model)


def _call_signature(model: Any) -> inspect.Signature:
    signature = inspect.signature(model.call)
    return signature.replace(
        parameters=[
            parameter
            for name, parameter in signature.parameters.items()
            if name not in ("training", "mask")
        ]
    )


def _built_signature(model: Any) -> Any:
    """What a subclassed model was first called with; the names are those of call's arguments."""
    if hasattr(model, "save_spec"):  # Keras 2
        spec = model.save_spec()
        if spec is None:
            return None
        args, kwargs = spec
        if isinstance(args[0], tf.TensorSpec):
            args = [tf.TensorSpec(spec.shape, spec.dtype) for spec in args]
        return args if not kwargs else None
    shapes = getattr(model, "_build_shapes_dict", None)  # Keras 3
    if not shapes:
        return None
    return [_specs_of_shapes(shape, model.input_dtype) for shape in shapes.values()]


def _specs_of_shapes(shape: Any, dtype: str) -> Any:
    if isinstance(shape, Mapping):
        return {key: _specs_of_shapes(value, dtype) for key, value in shape.items()}
    if all(size is None or isinstance(size, int) for size in shape):
        return tf.TensorSpec([None, *shape[1:]], dtype)
    return [_specs_of_shapes(value, dtype) for value in shape]


def _warn_of_automatic_names(inputs: Mapping[str, Any], what: str) -> None:
    automatic = [name for name in inputs if _AUTOMATIC_NAME.fullmatch(name)]
    if not automatic:
        return
    warnings.warn(
        f"{what}: Keras chose the name {automatic[0]!r}, which requests must use and which "
        'changes from run to run; name it with keras.Input(..., name="features"), or give '
        f"input_signature=[tf.TensorSpec({list(inputs[automatic[0]].shape)}, "
        f'tf.{inputs[automatic[0]].dtype.name}, name="features")]',
        stacklevel=5,
    )

"""save(): a model as a SavedModel that can be explained."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

from .._errors import InvalidArgumentError
from ._folder import new_folder, refuse_taken
from ._functions import (
    Function,
    describe,
    describe_all,
    function_of_callable,
    output_specs,
    trace,
)
from ._keras import function_of_keras, is_keras_model
from ._metadata import explanation_metadata, write_metadata
from ._resources import holder_of
from ._tensorflow import tf

SERVING_DEFAULT = "serving_default"
XAI_MODEL = "xai_model"
XAI_PREPROCESS = "xai_preprocess"


def save(
    model: Any,
    path: str | os.PathLike[str],
    *,
    preprocess: Any = None,
    input_signature: Any = None,
    preprocess_signature: Any = None,
    signatures: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    baselines: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    verbose: bool = True,
) -> str:
    """Saves a model so that it can be explained, and prints where.

    Written are the signatures that the rules ask for: `serving_default` alone; with `signatures`,
    `xai_model` beside them; with `preprocess`, `xai_preprocess` and `xai_model`, and
    `serving_default` runs both. explanation_metadata.json stands beside saved_model.pb.

    Args:
        model: What is explained: a Keras model (2 or 3), a tf.Module, a tf.function, or what
            tf.saved_model.load returns. It returns floating-point scores; its inputs have rows
            first. A Keras model runs in inference mode.
        path: A new folder, local or of a file system that TensorFlow writes to (gs://). It
            appears whole or not at all.
        preprocess: A function from what clients send to the model's inputs: a dict by their
            names, or a tensor if there is one. A tf.function, a Python callable with
            `preprocess_signature`, or a Keras model.
        input_signature: The model's inputs, where it does not know them or their names should be
            others: a tf.TensorSpec, a list of them in the model's order, or a dict by name.
        preprocess_signature: The same for `preprocess`.
        signatures: Further functions by key. One for `serving_default` is served in place of
            the model.
        metadata: explanation_metadata.json in the legacy form, as a mapping or a file; what it
            leaves out comes from the model.
        baselines: By input: a value of the input's shape without the row axis, a number for all
            of it, or a list of such values.
        overwrite: Whether a SavedModel in `path` is replaced.
        verbose: Whether to print where the model went.

    Returns:
        `path`.

    Raises:
        InvalidArgumentError: The model, the functions or the metadata do not fit each other, or the
            path is taken. Nothing has been written.

    Source: "Saving TensorFlow models for AI Explanations", Google Cloud.
    """
    path = os.fspath(path)
    refuse_taken(path, overwrite=overwrite)
    explained = function_of(model, input_signature, "model")
    functions = _functions(explained, preprocess, preprocess_signature, signatures or {})
    concretes = {key: trace(function, what) for key, (function, what) in functions.items()}
    scores = concretes.get(XAI_MODEL, concretes[SERVING_DEFAULT])
    described = explanation_metadata(
        explained.inputs, output_specs(scores, "model"), metadata=metadata, baselines=baselines
    )
    holder = holder_of(
        concretes.values(),
        [model, preprocess, *(function.source for function, _ in functions.values())],
    )
    with new_folder(path, overwrite=overwrite) as folder:
        try:
            with _quiet():  # It would tell of a folder that is gone a moment later.
                tf.saved_model.save(holder, folder, signatures=concretes)
        except (AssertionError, TypeError, ValueError) as error:
            raise InvalidArgumentError(
                "model: TensorFlow cannot save it; variables and tables that it uses must be "
                f"attributes of it, and what it returns plain tensors: {error}"
            ) from error
        write_metadata(described, folder)
    if verbose:
        print(f"Model saved to: {path}")
    return path


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """TensorFlow's logger without its remarks; warnings stay."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(max(logging.WARNING, level))
    try:
        yield
    finally:
        logger.setLevel(level)


def function_of(model: Any, signature: object, what: str) -> Function:
    """Whatever can be saved, as a function of named tensors."""
    if is_keras_model(model):
        return function_of_keras(model, signature, what)
    if isinstance(model, _callables()):
        return function_of_callable(model, signature, what)
    if isinstance(model, tf.__internal__.tracking.Trackable):
        method = _only_function(model, what)
        function = function_of_callable(method, signature, what)
        return Function(function.inputs, function.call, model)
    if callable(model):
        return function_of_callable(_converted(model), signature, what)
    raise InvalidArgumentError(
        f"{what}: expected a Keras model, a tf.Module or a tf.function, got {model!r}"
    )


def _converted(function: Any) -> Any:
    """A Python function with its `if` and `for` over tensors turned into the graph's."""
    return function if isinstance(function, _callables()) else tf.function(function)


def _callables() -> tuple[type, ...]:
    types = tf.types.experimental
    return (types.GenericFunction, types.ConcreteFunction)


def _only_function(module: Any, what: str) -> Any:
    """`__call__` of a module, its only tf.function, or its only signature if it was loaded."""
    if callable(module):
        return _converted(module.__call__)
    loaded = getattr(module, "signatures", None)
    if isinstance(loaded, Mapping) and len(loaded) == 1:
        return next(iter(loaded.values()))
    names = [
        name
        for name in dir(type(module))
        if isinstance(getattr(type(module), name, None), _callables())
    ]
    if len(names) == 1:
        return getattr(module, names[0])
    choice = ", ".join(names or loaded or ["no tf.function"])
    raise InvalidArgumentError(
        f"{what}: {type(module).__name__} cannot be called itself and has {choice}; give the "
        f"function to explain, such as module.{names[0] if names else 'predict'}"
    )


def _functions(
    explained: Function,
    preprocess: Any,
    preprocess_signature: Any,
    signatures: Mapping[str, Any],
) -> dict[str, tuple[Function, str]]:
    """What is saved under which key, and the argument that each came from."""
    for key in (XAI_MODEL, XAI_PREPROCESS):
        if key in signatures:
            raise InvalidArgumentError(
                f"signatures: {key!r} is written from "
                f"`{'model' if key == XAI_MODEL else 'preprocess'}`; give the function there"
            )
    functions = {SERVING_DEFAULT: (explained, "model")}
    if preprocess is not None:
        first = function_of(preprocess, preprocess_signature, "preprocess")
        matching = _matching(first, explained)
        functions[SERVING_DEFAULT] = (_chain(matching, explained), "model")
        functions[XAI_PREPROCESS] = (matching, "preprocess")
    if preprocess is not None or signatures:
        functions[XAI_MODEL] = (explained, "model")
    for key, value in signatures.items():
        what = f"signatures[{key!r}]"
        functions[key] = (function_of(value, None, what), what)
    return functions


def _chain(first: Function, second: Function) -> Function:
    return Function(
        first.inputs,
        lambda tensors: second.call(first.call(tensors)),
        first.source,
        second.output_names,
    )


def _matching(preprocess: Function, model: Function) -> Function:
    """`preprocess` with the outputs that the model takes, by name.

    Raises:
        InvalidArgumentError: They differ; the message names the first difference.
    """

    def outputs(tensors: Mapping[str, Any]) -> dict[str, Any]:
        result = preprocess.call(tensors)
        if not isinstance(result, Mapping):
            result = _by_input(result, model)
        return dict(result)

    traced = trace(Function(preprocess.inputs, outputs, preprocess.source), "preprocess")
    refuse_mismatch(output_specs(traced, "preprocess"), model.inputs)

    def call(tensors: Mapping[str, Any]) -> dict[str, Any]:
        # Where a static shape got lost, as behind tf.map_fn, it is the model's.
        return {
            name: tf.ensure_shape(value, model.inputs[name].shape)
            for name, value in outputs(tensors).items()
        }

    return Function(preprocess.inputs, call, preprocess.source)


def _by_input(result: Any, model: Function) -> dict[str, Any]:
    flat = tf.nest.flatten(result)
    if len(flat) != 1 or len(model.inputs) != 1:
        raise InvalidArgumentError(
            f"preprocess: it returns {len(flat)} tensors without names; return a dict by the "
            f"model's inputs, {', '.join(map(repr, model.inputs))}"
        )
    return {name: flat[0] for name in model.inputs}


def refuse_mismatch(outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    """Raises InvalidArgumentError at the first difference of xai_preprocess and xai_model."""
    for name, spec in inputs.items():
        if name not in outputs:
            raise InvalidArgumentError(
                f"preprocess: no output is called {name!r}; it returns {describe_all(outputs)}, "
                f"and the model takes {describe_all(inputs)}"
            )
        found = outputs[name]
        problem = ""
        if found.dtype != spec.dtype:
            problem = f"cast it: tf.cast({name}, tf.{spec.dtype.name})"
        elif not found.shape.is_compatible_with(spec.shape):
            problem = "reshape or resize it"
        if problem:
            raise InvalidArgumentError(
                f"preprocess: its output {name!r} is {describe(found)}, and the model's input "
                f"{name!r} is {describe(spec)}; {problem}"
            )
    for name in outputs:
        if name not in inputs:
            raise InvalidArgumentError(
                f"preprocess: it returns {name!r}: {describe(outputs[name])}, which the model "
                f"does not take; the model takes {describe_all(inputs)}"
            )

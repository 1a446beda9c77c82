"""What a saved function needs beside its graph: variables, lookup tables, files."""

from __future__ import annotations

import functools
import inspect
import types
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ._tensorflow import tf

# Their functions hold no variables of a model's, and there are thousands of them.
_LIBRARIES = ("keras", "numpy", "tensorflow", "tf_keras")


def holder_of(concretes: Iterable[Any], sources: Iterable[object]) -> Any:
    """A tf.Module that holds what functions use, for tf.saved_model.save to find.

    Only that: a model's optimizer and its training functions stay behind.

    Args:
        concretes: The functions that are saved.
        sources: The models and callables that they came from.
    """
    holder = tf.Module()
    holder.saved_variables = _unique(v for concrete in concretes for v in concrete.variables)
    holder.saved_resources = _unique(
        descendant
        for trackable in _trackables(sources)
        for descendant in tf.train.TrackableView(trackable).descendants()
        if isinstance(descendant, tf.saved_model.experimental.TrackableResource)
    )
    return holder


def _unique(objects: Iterable[Any]) -> list[Any]:
    return list({id(found): found for found in objects}.values())


def _trackables(roots: Iterable[object]) -> Iterator[Any]:
    """Objects that TensorFlow can save, in reach of functions: owners, closures, globals."""
    seen: dict[int, object] = {}
    pending = list(roots)
    while pending:
        value = pending.pop()
        if isinstance(value, weakref.ref):
            value = value()
        if value is None or id(value) in seen:
            continue
        seen[id(value)] = value
        if isinstance(value, tf.types.experimental.GenericFunction):
            pending += _reach_of_function(value.python_function)
        elif isinstance(value, tf.__internal__.tracking.Trackable):
            yield value
            pending += _methods(value)
        elif isinstance(value, types.MethodType):
            pending += [*_owned(value.__self__), value.__func__]
        elif isinstance(value, types.FunctionType):
            pending += _reach_of_function(value)
        elif isinstance(value, functools.partial):
            pending += [value.func, *value.args, *value.keywords.values()]
        elif isinstance(value, Mapping):
            pending += value.values()
        elif isinstance(value, (list, tuple)):
            pending += value


def _reach_of_function(function: Any) -> list[Any]:
    if str(getattr(function, "__module__", "")).partition(".")[0] in _LIBRARIES:
        return []
    try:
        names = inspect.getclosurevars(function)
    except (TypeError, ValueError):
        return [getattr(function, "__wrapped__", None), getattr(function, "__self__", None)]
    return [*names.nonlocals.values(), *names.globals.values(), getattr(function, "__self__", None)]


def _owned(owner: object) -> list[Any]:
    if isinstance(owner, tf.__internal__.tracking.Trackable):
        return [owner]
    return list(getattr(owner, "__dict__", {}).values())


def _methods(trackable: Any) -> list[Any]:
    return [
        method
        for name in ("call", "__call__")
        if callable(method := getattr(trackable, name, None))
    ]

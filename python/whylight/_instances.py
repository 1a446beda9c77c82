"""Instances as people have them, to what the engine reads: columns of arrays, JSON, files."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union

import numpy as np

from ._errors import InvalidArgumentError

# Rows in any of the forms that Model.explain documents.
Instances = Union[
    "str | os.PathLike[str]", "Mapping[str, Any]", "Sequence[Any]", "np.ndarray[Any, Any]", Any
]

# ("columns", {...}), ("text", ...) or ("files", [...]), and names of the vector's elements.
Request = tuple[tuple[str, Any], list[str]]


def request_of(instances: Instances, fields: Sequence[Mapping[str, Any]]) -> Request:
    """What the engine is asked, for a model that takes these fields."""
    if isinstance(instances, (str, os.PathLike)):
        return ("files", [os.fspath(instances)]), []
    if _is_frame(instances):
        return _of_frame(instances, fields)
    if isinstance(instances, Mapping):
        return ("columns", _columns(instances, fields)), []
    if isinstance(instances, np.ndarray):
        if len(fields) != 1:
            names = ", ".join(field["name"] for field in fields)
            raise InvalidArgumentError(
                f"instances: one array is for a model of one input; this takes {names}: "
                "give {name: array}"
            )
        return ("columns", _columns({fields[0]["name"]: instances}, fields)), []
    if isinstance(instances, Iterable):
        return ("text", json.dumps({"instances": list(instances)}, default=jsonable)), []
    raise InvalidArgumentError(
        f"instances: expected rows, arrays, a DataFrame or a file, got {type(instances).__name__}"
    )


def data_of(data: Any) -> dict[str, str]:
    """Rows that go with an option (baseline_data, examples): a file, or lines of JSON."""
    if isinstance(data, (str, os.PathLike)):
        return {"path": os.fspath(data)}
    if _is_frame(data):
        rows: Iterable[Any] = data.to_dict(orient="records")
    elif isinstance(data, Mapping):
        names = list(data)
        rows = (dict(zip(names, values)) for values in zip(*data.values()))
    else:
        rows = data
    return {"text": "\n".join(json.dumps(row, default=jsonable) for row in rows) + "\n"}


def jsonable(value: Any) -> Any:
    """For json.dumps: numpy's arrays and scalars as lists and numbers, bytes as {"b64": ...}."""
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise InvalidArgumentError(f"expected what JSON can hold, got {type(value).__name__}")


def _is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "to_dict") and hasattr(value, "iloc")


def _of_frame(frame: Any, fields: Sequence[Mapping[str, Any]]) -> Request:
    names = [str(name) for name in frame.columns]
    inputs = [field["name"] for field in fields]
    if set(inputs) <= set(names):
        columns = {name: frame[name].to_numpy() for name in inputs}
        return ("columns", _columns(columns, fields)), []
    if len(fields) == 1 and _width(fields[0]) in (None, len(names)):
        values = frame.to_numpy()
        return ("columns", _columns({inputs[0]: values}, fields)), names
    raise InvalidArgumentError(
        f"instances: expected columns {', '.join(inputs)}, got {', '.join(names)}"
    )


def _width(field: Mapping[str, Any]) -> int | None:
    """Elements of a vector; None where they are not known, 0 for what is no vector."""
    shape = field["shape"]
    if shape is None:
        return None
    if len(shape) != 1:
        return 0
    return None if shape[0] < 0 else int(shape[0])


def _columns(given: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if any(hasattr(values, "__len__") and not len(values) for values in given.values()):
        raise InvalidArgumentError("instances: expected at least one")
    by_name = {field["name"]: field for field in fields}
    by_name.update({field["alias"]: field for field in fields if field["alias"]})
    columns = {}
    for name, values in given.items():
        field = by_name.get(name)
        # A name that nobody takes: the engine says so, with those that there are.
        columns[name] = np.asarray(values) if field is None else _column(name, values, field)
    return columns


def _column(name: str, values: Any, field: Mapping[str, Any]) -> Any:
    array = np.asarray(values, dtype=object) if field["dtype"] == "string" else np.asarray(values)
    shape = field["shape"]
    if shape is not None and array.ndim == len(shape) and shape[-1:] == [1]:
        array = array[..., np.newaxis]  # Bare values serve for shape [1].
    if field["dtype"] == "string":
        return array.ravel().tolist(), list(array.shape)
    return np.ascontiguousarray(_cast(name, array, field["dtype"]))


def _cast(name: str, array: np.ndarray[Any, Any], dtype: str) -> np.ndarray[Any, Any]:
    """The numbers in the model's dtype; what would not survive it is an error."""
    if dtype == "bfloat16":
        raise InvalidArgumentError(f"{name}: numpy has no bfloat16; give a list of instances")
    to = np.dtype(dtype)
    if array.dtype == to:
        return array
    if array.dtype.kind not in "biuf" or (to.kind == "b") != (array.dtype.kind == "b"):
        raise InvalidArgumentError(f"{name}: expected {dtype}, got an array of {array.dtype}")
    if to.kind == "f":
        return array.astype(to)
    with np.errstate(invalid="ignore"):
        cast = array.astype(to)
    if not np.array_equal(cast.astype(np.float64), array.astype(np.float64)):
        raise InvalidArgumentError(
            f"{name}: expected {dtype}, got an array of {array.dtype} with other values"
        )
    return cast

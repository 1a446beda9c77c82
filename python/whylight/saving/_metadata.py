"""explanation_metadata.json for a model that is about to be saved."""

from __future__ import annotations

import json
import os
from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from .._errors import InvalidArgumentError
from .._model import METADATA_FILE
from ._functions import describe, describe_all
from ._tensorflow import tf

# As `whylight metadata infer` does.
_USUAL_OUTPUTS = ("logits", "predictions")
_SMALLEST_PICTURE = 8
_VISUALIZATION = {
    "type": "pixels",
    "polarity": "positive",
    "color_map": "pink_green",
    "overlay_type": "grayscale",
}
_VERTEX_KEYS = ("inputTensorName", "inputBaselines", "outputTensorName", "indexDisplayNameMapping")


def explanation_metadata(
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    *,
    metadata: Mapping[str, Any] | str | os.PathLike[str] | None,
    baselines: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Metadata in the legacy form: what the model says, completed by what the user says.

    Args:
        inputs: tf.TensorSpec of the explained function's inputs, by name.
        outputs: tf.TensorSpec of its outputs, by name.
        metadata: The user's part, or a file that holds it. Its inputs are those explained, the
            others are held at the instance's value; its fields win.
        baselines: By input: a value of the input's shape without the row axis, a number for all
            elements, or a list of such values.

    Raises:
        InvalidArgumentError: No output can be explained, or a name or a shape fits no input.
    """
    given = read_metadata(metadata)
    explained = completed(
        given.get("inputs"),
        {name: inferred_input(name, spec) for name, spec in inputs.items()},
        "input_tensor_name",
        "metadata: inputs",
    )
    add_baselines(explained, inputs, baselines or {})
    of = completed(
        given.get("outputs", {explained_output(outputs): {}}),
        {name: {"output_tensor_name": name} for name in outputs},
        "output_tensor_name",
        "metadata: outputs",
    )
    others = {key: value for key, value in given.items() if key not in ("inputs", "outputs")}
    return {"inputs": explained, "outputs": of, "framework": "tensorflow2", **others}


def read_metadata(metadata: Mapping[str, Any] | str | os.PathLike[str] | None) -> dict[str, Any]:
    """The user's metadata, from a mapping or a file, in the legacy form."""
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        with open(metadata, encoding="utf-8") as file:
            metadata = json.load(file)
        if not isinstance(metadata, Mapping):
            raise InvalidArgumentError("metadata: expected an object in the file")
    for part in ("inputs", "outputs"):
        for name, entry in metadata.get(part, {}).items():
            for key in _VERTEX_KEYS:
                if key in entry:
                    raise InvalidArgumentError(
                        f"metadata: {part}.{name}.{key} is Vertex's form; here the legacy form "
                        "is completed: whylight metadata convert FILE --to legacy"
                    )
    return dict(metadata)


def write_metadata(metadata: Mapping[str, Any], folder: str) -> None:
    with open(os.path.join(folder, METADATA_FILE), "w", encoding="utf-8") as file:
        json.dump(metadata, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")


def explained_output(outputs: Mapping[str, Any]) -> str:
    """The output that an explanation is of: floating-point, `logits` first."""
    floats = [name for name, spec in outputs.items() if spec.dtype.is_floating]
    if not floats:
        raise InvalidArgumentError(
            f"model: it returns {describe_all(outputs)}; an explanation needs floating-point "
            "numbers, such as probabilities or logits"
        )
    return next((name for name in _USUAL_OUTPUTS if name in floats), floats[0])


def baseline_list(value: Any, spec: Any, name: str) -> list[Any]:
    """A user's baseline or list of baselines as JSON; errors name the input."""
    array = np.asarray(value)
    rank = array.ndim if spec.shape.rank is None else spec.shape.rank - 1
    # A list of numbers is one baseline of a vector, and several of anything else.
    several = array.ndim == rank + 1 or (array.ndim == 1 and rank != 1)
    rows = array if several else array[np.newaxis]
    if rows.ndim > 1 and not spec.shape[1:].is_compatible_with(rows.shape[1:]):
        raise InvalidArgumentError(
            f"baselines[{name!r}]: expected one number, {describe(spec)} without its first axis, "
            f"or a list of such values; got the shape {list(array.shape)}"
        )
    if rows.dtype.kind == "S":
        rows = np.char.decode(rows, "utf-8")
    wanted = "strings" if spec.dtype == tf.string else "numbers"
    if (rows.dtype.kind in "UO") != (wanted == "strings"):
        raise InvalidArgumentError(f"baselines[{name!r}]: expected {wanted}, got {value!r}")
    if rows.dtype.kind == "f" and not np.isfinite(rows).all():
        raise InvalidArgumentError(f"baselines[{name!r}]: a number is not finite")
    return list(rows.tolist())


def inferred_input(name: str, spec: Any) -> dict[str, Any]:
    """The entry of the tensor `name`, as its dtype and shape suggest."""
    entry: dict[str, Any] = {"input_tensor_name": name, "encoding": "identity"}
    if _is_picture(spec):
        entry |= {"modality": "image", "visualization": dict(_VISUALIZATION)}
        if spec.dtype == tf.uint8:
            entry["domain"] = {"min": 0, "max": 255}
    else:
        entry["modality"] = "numeric" if spec.dtype.is_floating else "categorical"
    return entry


def _is_picture(spec: Any) -> bool:
    if spec.shape.rank != 4 or not (spec.dtype.is_floating or spec.dtype.is_integer):
        return False
    _, *sides, channels = spec.shape
    return channels in (1, 3, 4) and all(n is None or n >= _SMALLEST_PICTURE for n in sides)


def completed(
    given: Mapping[str, Any] | None,
    inferred: Mapping[str, dict[str, Any]],
    tensor_key: str,
    place: str,
    others: Container[str] = (),
) -> dict[str, dict[str, Any]]:
    """The user's entries with what they leave out; all inferred ones if there are none.

    Args:
        given: The user's entries by name.
        inferred: What the model says, by name.
        tensor_key: The field that tells which inferred entry a user's entry is about.
        place: Where the user's entries stand, for errors.
        others: Tensors that a user may name too.
    """
    if given is None:
        return dict(inferred)
    by_tensor = {entry[tensor_key]: entry for entry in inferred.values()}
    result = {}
    for name, entry in given.items():
        tensor = entry.get(tensor_key)
        known = inferred.get(name) if tensor is None else by_tensor.get(tensor)
        if known is None and tensor not in others:
            raise InvalidArgumentError(
                f"{place}.{name}.{tensor_key}: there is no {tensor or name!r}; the model has "
                f"{', '.join(by_tensor)}"
            )
        result[name] = {**(known or {}), **entry}
    return result


def add_baselines(
    entries: dict[str, dict[str, Any]], specs: Mapping[str, Any], baselines: Mapping[str, Any]
) -> None:
    """Puts a user's baselines into the entries of inputs; `specs` are by tensor."""
    by_tensor = {entry["input_tensor_name"]: entry for entry in entries.values()}
    for name, value in baselines.items():
        entry = entries.get(name) or by_tensor.get(name)
        if entry is None:
            raise InvalidArgumentError(
                f"baselines[{name!r}]: there is no such input; explained are {', '.join(entries)}"
            )
        spec = specs.get(entry["input_tensor_name"], tf.TensorSpec(None, tf.float32))
        entry["input_baselines"] = baseline_list(value, spec, name)
    counts = {
        name: len(entry["input_baselines"])
        for name, entry in entries.items()
        if "input_baselines" in entry
    }
    if len(set(counts.values())) > 1:
        raise InvalidArgumentError(
            "baselines: expected as many of every input, got "
            + ", ".join(f"{count} of {name!r}" for name, count in counts.items())
        )

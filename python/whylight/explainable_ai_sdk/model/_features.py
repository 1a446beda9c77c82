"""Features of the engine's answers: their pictures and modalities."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import Any

from ... import _explanations
from ..common import attribution, constants
from ..common.explain_metadata import Modality
from ._inputs import Inputs
from .constants import ALL_MODALITY, TABULAR_MODALITY


def processed(one: _explanations.Attribution, inputs: Inputs) -> dict[str, Any]:
    """By feature its attribution, as services answer: bags by their names, pictures drawn."""
    found: dict[str, Any] = {}
    for feature in one._native.features:
        drawn = _drawn(one, feature, inputs)
        if drawn is not None:
            found[feature.name] = drawn
        elif feature.named_by_elements:
            found.update(zip(feature.element_names, feature.values.ravel()))
        else:
            found[feature.name] = feature.values
    return found


def names_by_modality(
    answer: _explanations.Explanation, pictures: Iterable[str], inputs: Inputs
) -> dict[str, list[str]]:
    """By modality the names of its features, over all labels; only modalities that there are."""
    found: dict[str, dict[str, None]] = {}
    for feature in (feature for one in answer.attributions for feature in one._native.features):
        names = feature.element_names if feature.named_by_elements else [feature.name]
        for modality in _modalities(feature, feature.name in pictures, inputs):
            found.setdefault(modality, {}).update(dict.fromkeys(names))
    return {modality: list(names) for modality, names in found.items()}


def _drawn(
    one: _explanations.Attribution, feature: Any, inputs: Inputs
) -> attribution.Picture | None:
    """None for what is no picture, and where the metadata says otherwise."""
    if inputs.modalities.get(feature.name, Modality.IMAGE) != Modality.IMAGE:
        return None
    png = one._answers.draw(feature, "{}")
    return None if png is None else attribution.Picture(_encoded(png), feature.values)


def _encoded(png: bytes) -> dict[str, str]:
    """{"b64_jpeg": ...} as services answer, if Pillow is there; else {"b64_png": ...}."""
    try:
        from PIL import Image
    except ImportError:
        return {constants.B64_PNG: base64.b64encode(png).decode("ascii")}
    jpeg = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(jpeg, format="JPEG", quality=95)
    return {constants.B64_JPEG: base64.b64encode(jpeg.getvalue()).decode("ascii")}


def _modalities(feature: Any, is_picture: bool, inputs: Inputs) -> set[str]:
    declared = inputs.modalities.get(feature.name, Modality.IMAGE)
    if is_picture:
        found = {Modality.IMAGE}
    elif declared != Modality.IMAGE:
        found = {declared}
    else:
        found = {_modality_of_values(feature.input)}
    if feature.named_by_elements:
        found.add(Modality.CATEGORICAL)  # As Google's package has them.
    if found & {Modality.NUMERIC, Modality.CATEGORICAL}:
        found.add(TABULAR_MODALITY)
    return found | {ALL_MODALITY}


def _modality_of_values(values: Any) -> str:
    if values is None or values.dtype.kind == "f":
        return Modality.NUMERIC
    if values.dtype.kind == "O" and values.ndim > 0:
        return Modality.TEXT
    return Modality.CATEGORICAL

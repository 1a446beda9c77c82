"""Attributions of one instance: `Attribution` for one label, `LabelIndexToAttribution` for all.

Both read and write the answers of AI Platform (an entry of `attributions_by_label`) and read those
of Vertex (an entry of `attributions`).
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Union

import numpy as np

from . import constants

# Keys of an answer.
OUTPUT_NAME = "output_name"
BASELINE_SCORE = "baseline_score"
EXAMPLE_SCORE = "example_score"
LABEL_INDEX = "label_index"
LABEL_NAME = "label_name"
ATTRIBUTIONS = "attributions"
APPROX_ERROR = "approx_error"
DEBUG_RAW_ATTRIBUTION_DICT = "debug_raw_attribution_dict"
DEBUG_INPUT_VALUES = "debug_input_values"
COMPRESSED_ATTRS_DICT = "compressed_attrs_dict"
INPUT_VALUES_DICT = "input_values_dict"

_OF_VERTEX = {
    "outputName": OUTPUT_NAME,
    "baselineOutputValue": BASELINE_SCORE,
    "instanceOutputValue": EXAMPLE_SCORE,
    "outputIndex": LABEL_INDEX,
    "outputDisplayName": LABEL_NAME,
    "featureAttributions": ATTRIBUTIONS,
    "approximationError": APPROX_ERROR,
}

Array = np.ndarray[Any, Any]
# Of an output with several axes: a number for each.
LabelIndex = Union[int, tuple[int, ...]]


class Picture(dict[str, Any]):
    """A drawn attribution, {"b64_jpeg": "..."} as services send it, that keeps its numbers.

    numpy.asarray(picture) gives them.
    """

    def __init__(self, drawn: Mapping[str, Any], numbers: Array) -> None:
        super().__init__(drawn)
        self._numbers = numbers

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self._numbers, dtype=dtype)


class Attribution:
    """The share of each feature in one label's score of one instance."""

    def __init__(
        self,
        output_name: str,
        baseline_score: float,
        example_score: float,
        values_dict: dict[str, Any] | None = None,
        attrs_dict: dict[str, Any] | None = None,
        label_index: int | Sequence[int] | None = None,
        processed_attrs_dict: dict[str, Any] | None = None,
        approx_error: float | None = None,
        label_name: str | None = None,
    ) -> None:
        """Holds what is given.

        Args:
            output_name: The explained output.
            baseline_score: Its score at the baseline.
            example_score: Its score at the instance.
            values_dict: By input what was explained.
            attrs_dict: By input its attributions, as numbers.
            label_index: The element of the output; None or -1 for an output of one number.
            processed_attrs_dict: By feature its attribution, as answers have it: under the names of
                a bag of features, drawn for pictures. None: attrs_dict.
            approx_error: What the attributions miss of the scores' difference, relative.
            label_name: The label in words.
        """
        self._output_name = output_name
        self._baseline_score = baseline_score
        self._example_score = example_score
        self._values_dict = values_dict
        self._attrs_dict = attrs_dict
        self._label_index = _label_index(label_index)
        self._processed_attrs_dict = (
            attrs_dict if processed_attrs_dict is None else processed_attrs_dict
        )
        self._approx_error = approx_error
        self._label_name = label_name

    def __repr__(self) -> str:
        name = f" {self._label_name!r}" if self._label_name else ""
        return (
            f"<Attribution {self._output_name}[{self._label_index}]{name}: "
            f"{self._baseline_score:.4g} -> {self._example_score:.4g}>"
        )

    @property
    def baseline_score(self) -> float:
        """The score at the baseline."""
        return self._baseline_score

    @property
    def output_name(self) -> str:
        """The explained output."""
        return self._output_name

    @property
    def example_score(self) -> float:
        """The score at the instance."""
        return self._example_score

    @property
    def attrs_dict(self) -> dict[str, Any] | None:
        """By input its attributions, as numbers; None if the answer had none."""
        return self._attrs_dict

    @property
    def values_dict(self) -> dict[str, Any] | None:
        """By input what was explained; None if the answer had it not."""
        return self._values_dict

    @property
    def label_index(self) -> LabelIndex:
        """The element of the output; -1 for an output of one number."""
        return self._label_index

    @property
    def label_name(self) -> str | None:
        """The label in words."""
        return self._label_name

    @property
    def approx_error(self) -> float | None:
        """What the attributions miss of the scores' difference, relative."""
        return self._approx_error

    @property
    def post_processed_attributions(self) -> dict[str, Any]:
        """By feature its attribution, as answers have it: numbers, or {"b64_jpeg": ...}."""
        return {} if self._processed_attrs_dict is None else self._processed_attrs_dict

    def feature_importance(self, input_names: Iterable[str] | None = None) -> dict[str, float]:
        """By feature the sum over its elements.

        Args:
            input_names: The features that are wanted; None for all.
        """
        return {name: float(np.sum(value)) for name, value in self.as_tensors(input_names).items()}

    def as_tensors(self, input_names: Iterable[str] | None = None) -> dict[str, Array]:
        """By feature its attributions, in the input's shape; those of pictures too.

        A picture that was read from an answer without numbers is left out.

        Args:
            input_names: The features that are wanted; None for all.
        """
        names = self.post_processed_attributions if input_names is None else input_names
        numbers = {name: self._numbers(name) for name in names}
        return {name: value for name, value in numbers.items() if value is not None}

    def _numbers(self, name: str) -> Array | None:
        drawn = self.post_processed_attributions.get(name)
        if isinstance(drawn, dict) and not isinstance(drawn, Picture):
            drawn = (self._attrs_dict or {}).get(name)
        if drawn is None:
            return None
        value = np.array(drawn)
        return value.astype(np.float64) if value.dtype.kind in "biuf" else None

    def to_dict(
        self,
        debug: bool = False,
        include_compressed_attrs_dict: bool = False,
        include_input_values: bool = False,
    ) -> dict[str, Any]:
        """An entry of attributions_by_label; what is None is left out.

        Args:
            debug: Add the numbers behind pictures, and what was explained.
            include_compressed_attrs_dict: Add the numbers, as gzipped JSON in Base64.
            include_input_values: Add what was explained.
        """
        answer: dict[str, Any] = {
            OUTPUT_NAME: self._output_name,
            BASELINE_SCORE: self._baseline_score,
            EXAMPLE_SCORE: self._example_score,
            LABEL_INDEX: self._label_index,
            LABEL_NAME: self._label_name,
            ATTRIBUTIONS: {
                name: value if debug else _picture_only(value)
                for name, value in self.post_processed_attributions.items()
            },
            APPROX_ERROR: self._approx_error,
        }
        if debug:
            answer[DEBUG_INPUT_VALUES] = self._values_dict
            answer[DEBUG_RAW_ATTRIBUTION_DICT] = self._attrs_dict
        if include_compressed_attrs_dict:
            answer[COMPRESSED_ATTRS_DICT] = _compressed(self._attrs_dict)
        if include_input_values:
            answer[INPUT_VALUES_DICT] = self._values_dict
        return {key: value for key, value in answer.items() if value is not None}

    def to_json(
        self,
        debug: bool = False,
        include_compressed_attrs_dict: bool = False,
        include_input_values: bool = False,
    ) -> str:
        """`to_dict` as JSON, keys sorted."""
        return _json(self.to_dict(debug, include_compressed_attrs_dict, include_input_values))

    @classmethod
    def from_dict(cls, attrs_obj_dict: Mapping[str, Any]) -> Attribution:
        """Reads an entry of attributions_by_label, and leaves it as it is.

        Numbers that JSON left out because they are zero are zero.

        Raises:
            KeyError: It has no attributions.
        """
        if ATTRIBUTIONS not in attrs_obj_dict:
            raise KeyError(
                f"attribution: expected the key '{ATTRIBUTIONS}', got {', '.join(attrs_obj_dict)}"
            )
        numbers = attrs_obj_dict.get(DEBUG_RAW_ATTRIBUTION_DICT)
        if numbers is None and COMPRESSED_ATTRS_DICT in attrs_obj_dict:
            numbers = _decompressed(attrs_obj_dict[COMPRESSED_ATTRS_DICT])
        error = attrs_obj_dict.get(APPROX_ERROR)
        return cls(
            output_name=attrs_obj_dict.get(OUTPUT_NAME, ""),
            baseline_score=float(attrs_obj_dict.get(BASELINE_SCORE, 0.0)),
            example_score=float(attrs_obj_dict.get(EXAMPLE_SCORE, 0.0)),
            values_dict=_arrays(
                attrs_obj_dict.get(DEBUG_INPUT_VALUES, attrs_obj_dict.get(INPUT_VALUES_DICT))
            ),
            attrs_dict=_arrays(numbers),
            label_index=attrs_obj_dict.get(LABEL_INDEX),
            processed_attrs_dict=_arrays(attrs_obj_dict[ATTRIBUTIONS]),
            approx_error=None if error is None else float(error),
            label_name=attrs_obj_dict.get(LABEL_NAME),
        )

    @classmethod
    def from_json(cls, attrs_obj_json: str) -> Attribution:
        """Reads what `to_json` writes."""
        return cls.from_dict(json.loads(attrs_obj_json))


class LabelIndexToAttribution(Mapping[LabelIndex, Attribution]):
    """By label index its attribution, for one instance. Cannot be changed."""

    def __init__(self, attributions: Iterable[Attribution]) -> None:
        self._data = {one.label_index: one for one in attributions}

    def __getitem__(self, key: int | Sequence[int]) -> Attribution:
        index = _label_index(key)
        if index not in self._data:
            there = ", ".join(str(one) for one in self._data) or "none"
            raise KeyError(f"label index {key}: was not explained; those that were: {there}")
        return self._data[index]

    def __iter__(self) -> Iterator[LabelIndex]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"<LabelIndexToAttribution {list(self._data.values())}>"

    def get_top_k_label_index_list(self, k: int | None = 1) -> list[LabelIndex]:
        """The k labels of the highest scores, the highest first; None for all."""
        return sorted(self._data, key=lambda index: -self._data[index].example_score)[:k]

    def to_dict(
        self, debug: bool = False, include_compressed_attrs_dict: bool = False
    ) -> dict[str, Any]:
        """By label index, as text, what `Attribution.to_dict` gives."""
        return {
            str(index): one.to_dict(debug, include_compressed_attrs_dict)
            for index, one in self._data.items()
        }

    def to_list(
        self, debug: bool = False, include_compressed_attrs_dict: bool = False
    ) -> list[dict[str, Any]]:
        """What an answer has as attributions_by_label: the highest score first."""
        return [
            self._data[index].to_dict(debug, include_compressed_attrs_dict)
            for index in self.get_top_k_label_index_list(None)
        ]

    def to_json(self, debug: bool = False, include_compressed_attrs_dict: bool = False) -> str:
        """`to_list` as JSON, keys sorted."""
        return _json(self.to_list(debug, include_compressed_attrs_dict))

    @classmethod
    def from_list(cls, attr_dict_list: Iterable[Mapping[str, Any]]) -> LabelIndexToAttribution:
        """Reads attributions_by_label of AI Platform's answer."""
        return cls([Attribution.from_dict(one) for one in attr_dict_list])

    @classmethod
    def from_json(cls, json_str: str) -> LabelIndexToAttribution:
        """Reads what `to_json` writes."""
        return cls.from_list(json.loads(json_str))

    @classmethod
    def from_vertex_response(
        cls, vertex_response: Iterable[Mapping[str, Any]]
    ) -> LabelIndexToAttribution:
        """Reads attributions of Vertex' answer, any number of them; keys of others are ignored."""
        return cls.from_list(
            {_OF_VERTEX[key]: value for key, value in one.items() if key in _OF_VERTEX}
            for one in vertex_response
        )


def _label_index(given: int | Sequence[int] | None) -> LabelIndex:
    """A number, or a tuple of several: JSON has lists of one or more, and doubles."""
    if given is None:
        return constants.SCALAR_OUTPUT_INDEX
    numbers = tuple(int(number) for number in np.atleast_1d(given))
    return numbers[0] if len(numbers) == 1 else numbers or constants.SCALAR_OUTPUT_INDEX


def _picture_only(value: Any) -> Any:
    """Of a picture the picture, without what was drawn about it."""
    if isinstance(value, dict):
        for key in (constants.B64_JPEG, constants.B64_PNG):
            if key in value:
                kept = (key, constants.TRANSFORMED_PREFIX + key)
                return {name: value[name] for name in kept if name in value}
    return value


def _arrays(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Numbers and lists as arrays of float64, lists with strings as arrays of objects."""
    return None if values is None else {name: _array(value) for name, value in values.items()}


def _array(value: Any) -> Any:
    if isinstance(value, (dict, str, bytes)) or value is None:
        return value
    array = np.asarray(value, dtype=object)
    try:
        return array.astype(np.float64)[()]  # A scalar for a number.
    except (TypeError, ValueError):
        return array


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise TypeError(f"expected what JSON can hold, got {type(value).__name__}")


def _compressed(numbers: Mapping[str, Any] | None) -> str:
    return base64.b64encode(gzip.compress(_json(numbers).encode(), mtime=0)).decode("ascii")


def _decompressed(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))

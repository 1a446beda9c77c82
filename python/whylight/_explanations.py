"""Answers: explanations of predictions, their attributions, and the forms they can take."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from . import _core, _html
from ._errors import InvalidArgumentError, as_keywords, error_of

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Region:
    """A part of a picture, as XRAI ranks them. Those of one picture are disjoint and cover it.

    Attributes:
        rank: 1 is the most important.
        attribution: Of each of the region's pixels.
        area: Share of the picture's pixels, 0 to 1.
        is_rest: What no region covered; it ranks last.
        mask: bool [height, width].
    """

    rank: int
    attribution: float
    area: float
    is_rest: bool
    mask: Array


@dataclass(frozen=True)
class Neighbor:
    """An example near an instance (method "examples").

    Attributes:
        id: The example's id.
        distance: How far it is; less is nearer.
    """

    id: str
    distance: float


class Attribution:
    """The share of each feature in one output element of one instance.

    For methods that are complete, the shares of all elements of all features sum to
    instance_output - baseline_output, but for approximation_error.

    Attributes:
        output_name: The output, by its key in the signature or the metadata.
        output_index: The element, a number for each axis; empty for one number an instance.
        display_name: The element's label; empty without labels.
        instance_output: F(x), the score that is explained.
        baseline_output: F(baseline), averaged over baselines; None for methods without one.
        approximation_error: What the sum misses, relative; for methods that sample, a standard
            error. docs/reading-the-numbers.md.
        effort: What coming within the tolerance took: steps, probes, estimated_error, converged.
            None where the number of steps was given.
        sampling: exact, paths, coalitions, samples; None for methods that do not sample.
        warnings: (rule, message, fix) of what makes this answer doubtful.
    """

    def __init__(self, answers: Any, native: Any) -> None:
        self._answers = answers
        self._native = native
        self.output_name: str = native.output_name
        self.output_index: list[int] = native.output_index
        self.display_name: str = native.display_name
        self.instance_output: float = native.instance_output
        self.baseline_output: float | None = (
            native.baseline_output if native.has_baseline else None
        )
        self.approximation_error: float = native.approximation_error
        self.effort: dict[str, Any] | None = native.effort
        self.sampling: dict[str, Any] | None = native.sampling
        self.warnings = _warnings(native)

    @property
    def features(self) -> dict[str, Array]:
        """By feature its attributions: float64, in the shape of the input without the row axis.

        The arrays are read-only views of the engine's memory, not copies.
        """
        return {feature.name: feature.values for feature in self._native.features}

    @property
    def inputs(self) -> dict[str, Array]:
        """By feature what was explained, in the model's dtype; pieces of a text as strings."""
        return {feature.name: feature.input for feature in self._native.features}

    @property
    def standard_errors(self) -> dict[str, Array]:
        """By feature, of methods that sample: how sure each number is."""
        return {
            feature.name: feature.standard_errors
            for feature in self._native.features
            if feature.standard_errors is not None
        }

    @property
    def element_names(self) -> dict[str, list[str]]:
        """By feature the names of its elements; features without names are left out."""
        return {f.name: f.element_names for f in self._native.features if f.element_names}

    @property
    def totals(self) -> dict[str, float]:
        """By feature the sum over its elements, the largest by absolute value first."""
        sums = {name: float(np.sum(values)) for name, values in self.features.items()}
        return dict(sorted(sums.items(), key=lambda item: -abs(item[1])))

    @property
    def regions(self) -> dict[str, list[Region]]:
        """XRAI: by feature the regions of its picture, by rank."""
        return {f.name: _regions(f) for f in self._native.features if f.regions}

    def shares(self) -> list[tuple[str, Any, float]]:
        """(name, value, attribution) of every element that has a name of its own or is alone.

        Features of many elements without names are one entry, with their sum and None for a value.
        """
        entries: list[tuple[str, Any, float]] = []
        for feature in self._native.features:
            entries.extend(_shares(feature))
        return entries

    def image(self, feature: str | None = None, **settings: Any) -> bytes:
        """A picture of a feature's attribution over what was explained.

        Args:
            feature: Its name; None for the only picture.
            **settings: What services call `visualization`: type, polarity, color_map, overlay,
                overlay_multiplier, clip_below, clip_above; and clip_by, channels, scale, blur.
                docs/pictures.md. What is not given is as the metadata says, else the method's way.

        Returns:
            A PNG. Small pictures are enlarged by whole numbers.

        Raises:
            InvalidArgumentError: No such feature, no picture, or a setting that does not exist.
        """
        drawn: dict[str, bytes] = {
            f.name: png
            for f in self._native.features
            if feature in (None, f.name)
            and (png := self._answers.draw(f, json.dumps(settings))) is not None
        }
        if len(drawn) == 1:
            return next(iter(drawn.values()))
        names = ", ".join(drawn or self.features)
        raise InvalidArgumentError(
            f"image: expected the name of one picture, got {feature!r}; there "
            + (f"are {names}" if drawn else f"is none among {names}")
        )

    def to_dict(self) -> dict[str, Any]:
        """As Vertex writes it: baselineOutputValue, instanceOutputValue, featureAttributions, ..."""
        answer: dict[str, Any] = {}
        if self.baseline_output is not None:
            answer["baselineOutputValue"] = self.baseline_output
        answer["instanceOutputValue"] = self.instance_output
        answer["featureAttributions"] = _feature_attributions(self._native.features)
        if self.output_index:
            answer["outputIndex"] = self.output_index
        if self.display_name:
            answer["outputDisplayName"] = self.display_name
        answer["approximationError"] = self.approximation_error
        answer["outputName"] = self.output_name
        return answer

    def to_legacy(self) -> dict[str, Any]:
        """As AI Platform wrote it, an entry of attributions_by_label."""
        index = self.output_index
        answer: dict[str, Any] = {
            "attributions": _feature_attributions(self._native.features),
            "baseline_score": 0.0 if self.baseline_output is None else self.baseline_output,
            "example_score": self.instance_output,
            "label_index": (index[0] if len(index) == 1 else index) if index else -1,
            "output_name": self.output_name,
            "approx_error": self.approximation_error,
        }
        if self.display_name:
            answer["label_name"] = self.display_name
        return answer

    def __repr__(self) -> str:
        target = f"{self.output_name}{self.output_index or ''}"
        label = f" {self.display_name!r}" if self.display_name else ""
        start = "" if self.baseline_output is None else f"{self.baseline_output:.4g} -> "
        shares = sorted(self.shares(), key=lambda entry: -abs(entry[2]))
        first = ", ".join(f"{name} {share:+.4g}" for name, _, share in shares[:5])
        return f"<Attribution {target}{label}: {start}{self.instance_output:.4g}; {first}>"

    def _repr_html_(self) -> str:
        return _html.attribution(self)


class Explanation:
    """The explanation of one instance.

    Attributes:
        number: The instance's place among those that were given, from 0.
        attributions: One for each output element that was asked for, the highest score first.
        neighbors: Of method "examples": the nearest first; else None.
        embedding: Of method "examples" with return_embeddings: the instance's vector.
    """

    def __init__(self, answers: Any, native: Any, line: Any) -> None:
        self._answers = answers
        self._native = native
        self._line = line
        self.number: int = native.number
        self.attributions = [Attribution(answers, one) for one in native.attributions]
        found = native.neighbors
        self.neighbors = None if found is None else [Neighbor(**one) for one in found]
        self.embedding: Array | None = native.embedding

    @property
    def instance(self) -> Any:
        """The instance, as JSON has it."""
        return json.loads(self._native.instance_json)

    @property
    def prediction(self) -> dict[str, Array]:
        """By output what the model said, without the row axis."""
        return dict(self._native.prediction)

    @property
    def features(self) -> dict[str, Array]:
        """Attributions of the first output element: attributions[0].features."""
        return self.attributions[0].features

    def to_dict(self) -> dict[str, Any]:
        """A line of a Vertex batch explanation: instance, prediction, explanation, whylight."""
        line: dict[str, Any] = json.loads(self._line())
        return line

    def to_legacy(self) -> dict[str, Any]:
        """As AI Platform wrote it: {"attributions_by_label": [...]}."""
        return {"attributions_by_label": [one.to_legacy() for one in self.attributions]}

    def __repr__(self) -> str:
        return f"<Explanation {self.number}: {self.attributions}>"

    def _repr_html_(self) -> str:
        return _html.explanation(self)


class Explanations(Sequence[Explanation]):
    """Explanations of one call, in the order of the instances.

    Attributes:
        plan: What was explained and how: signature, reason, method and its settings, baselines.
        warnings: (rule, message, fix) of what a user should know; docs/troubleshooting.md has an
            anchor for each rule.
        failures: (number, error) of each instance that could not be explained; empty unless
            on_error="skip" was given.
    """

    def __init__(self, native: Any) -> None:
        self._native = native
        self.plan: dict[str, Any] = json.loads(native.plan_json)
        self.warnings = _warnings(native)
        self.failures = [
            (number, error_of(code, message, place))
            for number, place, code, message in native.failures
        ]

    def __len__(self) -> int:
        return len(self._native)

    @overload
    def __getitem__(self, index: int) -> Explanation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Explanation]: ...
    def __getitem__(self, index: int | slice) -> Explanation | list[Explanation]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(f"explanation {index} of {len(self)}")
        native = self._native
        return Explanation(native, native.answer(at), lambda: native.line(at))

    def __iter__(self) -> Iterator[Explanation]:
        for i in range(len(self)):
            yield self[i]

    def lines(self) -> Iterator[str]:
        """Each answer as a line of JSON, in the form of a Vertex batch explanation."""
        for i in range(len(self)):
            yield self._native.line(i)

    def to_dict(self) -> dict[str, Any]:
        """As Vertex' :explain answers: {"explanations": [...], "predictions": [...]}."""
        rows = [json.loads(line) for line in self.lines()]
        return {
            "explanations": [row["explanation"] for row in rows],
            "predictions": [row["prediction"] for row in rows],
        }

    def to_legacy(self) -> dict[str, Any]:
        """As AI Platform's :explain answered: {"explanations": [{"attributions_by_label": ...}]}."""
        return {"explanations": [one.to_legacy() for one in self]}

    def to_dataframe(self) -> Any:
        """A pandas.DataFrame, a row for each output element of each instance.

        Columns: instance, output_name, output_index, output_display_name, instance_output,
        baseline_output, approximation_error, then a column for each feature, and for each element
        that has a name: its attribution. Elements without names are summed.
        """
        import pandas as pd

        rows = []
        for one in self:
            for attribution in one.attributions:
                index = attribution.output_index
                row = {
                    "instance": one.number,
                    "output_name": attribution.output_name,
                    "output_index": index[0] if len(index) == 1 else tuple(index),
                    "output_display_name": attribution.display_name,
                    "instance_output": attribution.instance_output,
                    "baseline_output": attribution.baseline_output,
                    "approximation_error": attribution.approximation_error,
                }
                row.update((name, share) for name, _, share in attribution.shares())
                rows.append(row)
        return pd.DataFrame(rows)

    def arrays(self, attribution: int = 0) -> dict[str, Array]:
        """By feature the attributions of all instances in one array: [instances] + its shape.

        This copies, unlike `Attribution.features`.

        Args:
            attribution: Which of each instance's output elements; 0 is the one with the highest
                score, or the first that was asked for.

        Raises:
            InvalidArgumentError: A feature has another shape in each instance.
        """
        by_feature: dict[str, list[Array]] = {}
        for one in self:
            for name, values in one.attributions[attribution].features.items():
                by_feature.setdefault(name, []).append(values)
        for name, stack in by_feature.items():
            if len({value.shape for value in stack}) > 1:
                raise InvalidArgumentError(f"{name}: its shape is not the same in all instances")
        return {name: np.stack(stack) for name, stack in by_feature.items()}

    def mean_attributions(self) -> dict[str, float]:
        """By feature or named element the mean of |attribution| over the first output element of
        each instance, the largest first: what counts over all rows."""
        totals: dict[str, float] = {}
        for one in self:
            for name, _, share in one.attributions[0].shares():
                totals[name] = totals.get(name, 0.0) + abs(share)
        means = {name: total / len(self) for name, total in totals.items()}
        return dict(sorted(means.items(), key=lambda item: -item[1]))

    def save(self, path: str | os.PathLike[str]) -> str:
        """Writes the answers as JSON Lines; the file appears whole or not at all.

        Returns:
            The path.
        """
        _core.write_file(os.fspath(path), "".join(line + "\n" for line in self.lines()).encode())
        return os.fspath(path)

    def report(self, path: str | os.PathLike[str] = "explanations.html", *, title: str = "") -> str:
        """Writes one HTML page that opens anywhere: docs/report.md.

        Returns:
            The path.
        """
        with tempfile.TemporaryDirectory(prefix="whylight-") as folder:
            answers = self.save(os.path.join(folder, "explanations.jsonl"))
            page = _core.report_html([answers], title)
        _core.write_file(os.fspath(path), page.encode())
        return os.fspath(path)

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"<Explanations: {len(self)} by {self.plan.get('method')}{failed}>"

    def _repr_html_(self) -> str:
        return _html.explanations(self)


def _warnings(native: Any) -> list[tuple[str, str, str]]:
    return [(rule, as_keywords(text), as_keywords(fix)) for rule, text, fix in native.warnings]


def _regions(feature: Any) -> list[Region]:
    regions = []
    for one in feature.regions:
        shape = feature.values.shape
        mask = np.zeros(shape[0] * shape[1] if len(shape) > 1 else 0, dtype=bool)
        for first, length in one["spans"]:
            mask[first : first + length] = True
        regions.append(
            Region(
                rank=one["rank"],
                attribution=one["attribution"],
                area=one["area"],
                is_rest=one["is_rest"],
                mask=mask.reshape(shape[:2]),
            )
        )
    return regions


def _shares(feature: Any) -> list[tuple[str, Any, float]]:
    values, given = feature.values, feature.input
    names = feature.element_names
    if names and len(names) == values.size:
        inputs = given.ravel() if given is not None and given.size == values.size else None
        return [
            (name, None if inputs is None else inputs[i], float(share))
            for i, (name, share) in enumerate(zip(names, values.ravel()))
        ]
    value = given.item() if given is not None and given.size == 1 else None
    return [(feature.name, value, float(np.sum(values)))]


def _feature_attributions(features: Sequence[Any]) -> Mapping[str, Any]:
    answer: dict[str, Any] = {}
    for feature in features:
        if feature.named_by_elements:
            answer.update(zip(feature.element_names, feature.values.ravel().tolist()))
        else:
            answer[feature.name] = feature.values.tolist()
    return answer

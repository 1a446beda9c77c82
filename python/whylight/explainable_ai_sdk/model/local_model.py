"""Models on this machine, explained by Whylight's engine."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ... import _explanations, _model
from ..._errors import InvalidArgumentError
from ..._instances import jsonable
from ..common import attribution, constants
from ..common.explain_metadata import Modality
from . import configs, explanation
from . import model as models
from ._inputs import Inputs
from .constants import ALL_MODALITY, DEFAULT_TIMEOUT, TABULAR_MODALITY

# By class of a config the method, its option, and the config's field. By name, since those of
# Google's package serve too.
_METHODS = {
    "IntegratedGradientsConfig": ("integrated-gradients", "steps", "step_count"),
    "SampledShapleyConfig": ("sampled-shapley", "paths", "path_count"),
    "XraiConfig": ("xrai", "steps", "step_count"),
}


class LocalModel(models.Model):
    """A SavedModel's folder; explanation_metadata.json in it is heeded."""

    # What explanations are made of; Google's package has its own.
    _attribution_class: type[Any] = attribution.Attribution
    _labels_class: type[Any] = attribution.LabelIndexToAttribution
    _explanation_class: type[Any] = explanation.Explanation

    def __init__(
        self, model_path: str | os.PathLike[str], config: configs.AttributionConfig
    ) -> None:
        """Opens the model.

        Args:
            model_path: The folder that holds saved_model.pb.
            config: The method, and its settings.

        Raises:
            NotFoundError: There is no model.
            InvalidArgumentError: config is none.
        """
        self._options = _options_of(config, "config")
        self._model = _model.load(model_path)
        self._inputs = Inputs(self._model)
        self._preprocess: _model.Model | None = None

    def predict(
        self, instances: Sequence[Any], timeout_ms: int = DEFAULT_TIMEOUT
    ) -> dict[str, Any]:
        """Runs the signature that serves.

        Args:
            instances: As `explain` takes them.
            timeout_ms: Of no effect: nothing is called over a network.

        Returns:
            {"predictions": [...]}: for each instance what the model says, in JSON's types; by
            output if there are several.
        """
        predictions = self._model.predict(instances)
        return {"predictions": json.loads(json.dumps(predictions, default=jsonable))}

    # The type that is returned is that of _explanation_class.
    def explain(
        self,
        instances: Sequence[Any],
        params: configs.AttributionParameters | None = None,
        timeout_ms: int = DEFAULT_TIMEOUT,
    ) -> list[Any]:
        """Shares out each instance's score among its features.

        Args:
            instances: Objects by input, or bare values if there is one input; arrays and bytes may
                be among them.
            params: What this call wants otherwise.
            timeout_ms: Of no effect: nothing is called over a network. Ctrl-C stops the work.

        Returns:
            An Explanation for each instance, in order.

        Raises:
            InvalidArgumentError: An instance or a parameter is wrong; names its place.
            ModelError: The model cannot be explained so; says by which method it can.
        """
        params = params or configs.AttributionParameters()
        options = {**self._options_with(params), "top_k": params.top_k}
        explained: dict[int, Any] = {}
        for labels, places in _by_labels(params.label_indices, len(instances)):
            rows = instances if len(places) == len(instances) else [instances[i] for i in places]
            options["output_indices"] = labels
            for place, answer in zip(places, self._answers(rows, options)):
                explained[place] = self._explanation(answer, instances[place])
        return [explained[place] for place in range(len(instances))]

    def _answers(
        self, instances: Sequence[Any], options: Mapping[str, Any]
    ) -> _explanations.Explanations:
        try:
            return self._model.explain(instances, **options)
        except InvalidArgumentError as error:
            message = str(error).replace(
                "with output_name", f"as the only output of {constants.METADATA_FILE_NAME}"
            )
            raise InvalidArgumentError(message) from None

    def _options_with(self, params: configs.AttributionParameters) -> dict[str, Any]:
        options = dict(self._options)
        if params.attribution_config is not None:
            options = _options_of(params.attribution_config, "attribution_config")
            if options["method"] != self._options["method"]:
                raise InvalidArgumentError(
                    f"attribution_config: expected settings of {self._options['method']}, with "
                    f"which the model was loaded, got those of {options['method']}; load it again"
                )
        if params.baselines:
            options["baselines"] = self._baselines(params.baselines)
        return options

    def _baselines(self, given: Sequence[Any]) -> dict[str, tuple[Any, ...]]:
        """By input the baselines to average over."""
        rows = [self._baseline(f"baselines[{i}]", one) for i, one in enumerate(given)]
        for i, row in enumerate(rows):
            if row.keys() != rows[0].keys():
                raise InvalidArgumentError(
                    f"baselines[{i}]: expected the inputs of baselines[0], {', '.join(rows[0])}, "
                    f"got {', '.join(row)}"
                )
        return {name: tuple(row[name] for row in rows) for name in rows[0]}

    def _baseline(self, place: str, given: Any) -> dict[str, Any]:
        """One baseline, by the names that attributions have."""
        names, keys = self._inputs.names, self._inputs.keys
        if not (isinstance(given, Mapping) and set(given) <= set(names)):
            if self._inputs.preprocess is not None:
                given = self._preprocessed(self._inputs.preprocess, given)
            elif len(keys) == 1 and not isinstance(given, Mapping):
                given = {keys[0]: given}
            else:
                found = ", ".join(given) if isinstance(given, Mapping) else type(given).__name__
                raise InvalidArgumentError(
                    f"{place}: expected an object by input, of {', '.join(keys)}, got {found}"
                )
        return {names.get(name, name): value for name, value in given.items()}

    def _preprocessed(self, signature: str, instance: Any) -> dict[str, Any]:
        """What the preprocessing makes of an instance, by the explained signature's inputs."""
        if self._preprocess is None:
            self._preprocess = _model.load(self._model.path, signature=signature)
        made = self._preprocess.predict([instance])[0]
        return made if isinstance(made, dict) else {self._inputs.keys[0]: made}

    def _explanation(self, answer: _explanations.Explanation, instance: Any) -> Any:
        outputs = dict.fromkeys(one.output_name for one in answer.attributions)
        if len(outputs) > 1:
            raise InvalidArgumentError(
                f"{constants.METADATA_FILE_NAME}: expected one output, got {', '.join(outputs)}"
            )
        pictures: dict[str, Any] = {}
        labels = [self._attribution(one, pictures) for one in answer.attributions]
        features = [feature for one in answer.attributions for feature in one._native.features]
        modalities = self._modalities(features, pictures)
        return self._explanation_class(self._labels_class(labels), instance, modalities)

    def _attribution(self, one: _explanations.Attribution, pictures: dict[str, Any]) -> Any:
        """One label's; adds to the pictures by feature."""
        processed: dict[str, Any] = {}
        for feature in one._native.features:
            drawn = self._drawn(one, feature)
            if drawn is not None:
                processed[feature.name] = pictures[feature.name] = drawn
            elif feature.named_by_elements:
                processed.update(zip(feature.element_names, feature.values.ravel()))
            else:
                processed[feature.name] = feature.values
        index = one.output_index
        return self._attribution_class(
            output_name=one.output_name,
            baseline_score=0.0 if one.baseline_output is None else one.baseline_output,
            example_score=one.instance_output,
            values_dict=one.inputs,
            attrs_dict=one.features,
            label_index=index[0] if len(index) == 1 else tuple(index) or None,
            processed_attrs_dict=processed,
            approx_error=one.approximation_error,
            label_name=one.display_name or None,
        )

    def _drawn(self, one: _explanations.Attribution, feature: Any) -> Any:
        """A picture of a feature; None for what is none, and where the metadata says otherwise."""
        if self._inputs.modalities.get(feature.name, Modality.IMAGE) != Modality.IMAGE:
            return None
        png = one._answers.draw(feature, "{}")
        return None if png is None else attribution.Picture(_encoded(png), feature.values)

    def _modalities(
        self, features: Iterable[Any], pictures: Mapping[str, Any]
    ) -> dict[str, list[str]]:
        """By modality the features' names; only modalities that there are."""
        by_modality: dict[str, dict[str, None]] = {}
        for feature in features:
            names = feature.element_names if feature.named_by_elements else [feature.name]
            for modality in self._modalities_of(feature, feature.name in pictures):
                by_modality.setdefault(modality, {}).update(dict.fromkeys(names))
        return {modality: list(names) for modality, names in by_modality.items()}

    def _modalities_of(self, feature: Any, is_picture: bool) -> set[str]:
        declared = self._inputs.modalities.get(feature.name, "")
        if is_picture:
            modality = Modality.IMAGE
        elif declared and declared != Modality.IMAGE:
            modality = declared
        else:
            modality = _modality_of_values(feature.input)
        found = {modality, ALL_MODALITY}
        if feature.named_by_elements:
            found.add(Modality.CATEGORICAL)  # As Google's package has them.
        if found & {Modality.NUMERIC, Modality.CATEGORICAL}:
            found.add(TABULAR_MODALITY)
        return found


def _options_of(config: Any, place: str) -> dict[str, Any]:
    for base in type(config).__mro__:
        if base.__name__ in _METHODS:
            method, option, field = _METHODS[base.__name__]
            return {"method": method, option: getattr(config, field)}
    raise InvalidArgumentError(
        f"{place}: expected one of {', '.join(_METHODS)}, got {type(config).__name__}"
    )


def _by_labels(
    label_indices: Sequence[Any] | None, count: int
) -> list[tuple[list[Any] | None, list[int]]]:
    """(labels, places of the instances that want them); None for the highest scores."""
    if count == 0:
        return []
    given = label_indices.tolist() if isinstance(label_indices, np.ndarray) else label_indices or []
    lists = [isinstance(one, list) for one in given]
    if not any(lists):
        return [(_numbers(given), list(range(count)))]
    if not all(lists) or len(lists) != count:
        raise InvalidArgumentError(
            f"label_indices: expected labels, or a list of labels for each of {count} instances, "
            f"got {len(lists)} entries, {sum(lists)} of them lists"
        )
    groups: dict[str, tuple[list[Any] | None, list[int]]] = {}
    for place, labels in enumerate(given):
        numbers = _numbers(labels)
        groups.setdefault(str(numbers), (numbers, []))[1].append(place)
    return list(groups.values())


def _numbers(labels: Sequence[Any]) -> list[Any] | None:
    """As output_indices takes them: a number, or a list of them, for each label."""
    numbers: list[Any] = np.asarray(labels).tolist()
    return numbers or None


def _modality_of_values(values: Any) -> str:
    if values is None or values.dtype.kind == "f":
        return Modality.NUMERIC
    if values.dtype.kind == "O" and values.ndim > 0:
        return Modality.TEXT
    return Modality.CATEGORICAL


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

"""Models on this machine, explained by Whylight's engine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ... import _explanations, _model
from ..._errors import InvalidArgumentError
from ..._instances import jsonable
from ..common import attribution, constants
from . import configs, explanation
from . import model as models
from ._features import names_by_modality, processed
from ._inputs import Inputs
from ._parameters import baselines_of, by_labels, changed, options_of
from .constants import DEFAULT_TIMEOUT


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
        self._options = options_of(config)
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
        options = {**changed(self._options, params.attribution_config), "top_k": params.top_k}
        if params.baselines:
            options["baselines"] = baselines_of(params.baselines, self._inputs, self._preprocessed)
        explained: dict[int, Any] = {}
        for labels, places in by_labels(params.label_indices, len(instances)):
            options["output_indices"] = labels
            for place, answer in zip(places, self._answers(instances, places, options)):
                explained[place] = self._explanation(answer, instances[place])
        return [explained[place] for place in range(len(instances))]

    def _answers(
        self, instances: Sequence[Any], places: Sequence[int], options: Mapping[str, Any]
    ) -> _explanations.Explanations:
        """Of the instances at these places."""
        rows = instances if len(places) == len(instances) else [instances[i] for i in places]
        try:
            answers = self._model.explain(rows, on_error="skip", **options)
        except InvalidArgumentError as error:
            one = f"as the only output of {constants.METADATA_FILE_NAME}"
            raise InvalidArgumentError(str(error).replace("with output_name", one)) from None
        for number, failure in answers.failures:
            there, here = f"instances[{number}]", f"instances[{places[number]}]"
            raise type(failure)(str(failure).replace(there, here))
        return answers

    def _preprocessed(self, instance: Any) -> dict[str, Any]:
        """What the preprocessing makes of an instance, by the explained signature's inputs."""
        if self._preprocess is None:
            self._preprocess = _model.load(self._model.path, signature=self._inputs.preprocess)
        made = self._preprocess.predict([instance])[0]
        return made if isinstance(made, dict) else {self._inputs.keys[0]: made}

    def _explanation(self, answer: _explanations.Explanation, instance: Any) -> Any:
        """In the classes of this model."""
        outputs = dict.fromkeys(one.output_name for one in answer.attributions)
        if len(outputs) > 1:
            raise InvalidArgumentError(
                f"{constants.METADATA_FILE_NAME}: expected one output, got {', '.join(outputs)}"
            )
        shares = [processed(one, self._inputs) for one in answer.attributions]
        pictures = {n for n, value in shares[0].items() if isinstance(value, attribution.Picture)}
        labels = [self._attribution(*pair) for pair in zip(answer.attributions, shares)]
        modalities = names_by_modality(answer, pictures, self._inputs)
        return self._explanation_class(self._labels_class(labels), instance, modalities)

    def _attribution(self, one: _explanations.Attribution, shares: dict[str, Any]) -> Any:
        index = one.output_index
        return self._attribution_class(
            output_name=one.output_name,
            baseline_score=0.0 if one.baseline_output is None else one.baseline_output,
            example_score=one.instance_output,
            values_dict=one.inputs,
            attrs_dict=one.features,
            label_index=index[0] if len(index) == 1 else tuple(index) or None,
            processed_attrs_dict=shares,
            approx_error=one.approximation_error,
            label_name=one.display_name or None,
        )

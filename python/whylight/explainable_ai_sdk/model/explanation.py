"""The explanation of one instance, and what a notebook draws of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..common import attribution, explain_metadata
from . import _drawing, constants

APPROX_ERROR_THRESHOLD = 0.05

_KNOWN_MODALITIES = (
    explain_metadata.Modality.NUMERIC,
    explain_metadata.Modality.IMAGE,
    explain_metadata.Modality.TEXT,
    explain_metadata.Modality.STRUCTURED,
    explain_metadata.Modality.CATEGORICAL,
    constants.TABULAR_MODALITY,
    constants.ALL_MODALITY,
)


class Explanation:
    """The attributions of one instance: one for each label that was explained.

    Where a method takes label_index, None is the label of the highest score. Where it takes
    modality, that is "numeric", "image", "text", "structured", "categorical", "tabular" (numeric or
    categorical) or "all".
    """

    def __init__(
        self,
        instance_attribution: attribution.LabelIndexToAttribution,
        instance: Any,
        modality_input_list_map: Mapping[str, Sequence[str]],
        metadata: Any = None,
    ) -> None:
        """Holds what is given.

        Args:
            instance_attribution: By label its attribution.
            instance: What was explained, as the request had it.
            modality_input_list_map: By modality the names of its features.
            metadata: The model's; of no effect.
        """
        self._label_index_to_attributions = instance_attribution
        self._instance = instance
        self._modality_input_list_map = modality_input_list_map

    @classmethod
    def from_ai_platform_response(
        cls,
        attribution_dict: Iterable[Mapping[str, Any]],
        instance: Any,
        modality_input_list_map: Mapping[str, Sequence[str]],
    ) -> Explanation:
        """Reads attributions_by_label of AI Platform's answer."""
        read = attribution.LabelIndexToAttribution.from_list(attribution_dict)
        return cls(read, instance, modality_input_list_map)

    @classmethod
    def from_vertex_response(
        cls,
        attribution_dict: Iterable[Mapping[str, Any]],
        instance: Any,
        modality_input_list_map: Mapping[str, Sequence[str]],
    ) -> Explanation:
        """Reads attributions of Vertex' answer."""
        read = attribution.LabelIndexToAttribution.from_vertex_response(attribution_dict)
        return cls(read, instance, modality_input_list_map)

    def get_attribution(self, label_index: Any = None) -> attribution.Attribution:
        """A label's attribution.

        Raises:
            KeyError: That label was not explained.
        """
        if label_index is None:
            label_index = self.get_top_k_indices(1)[0]
        return self._label_index_to_attributions[label_index]

    def get_top_k_indices(self, k: int | None = None) -> list[attribution.LabelIndex]:
        """The k labels of the highest scores, the highest first; None for all."""
        return self._label_index_to_attributions.get_top_k_label_index_list(k)

    def feature_importance(
        self, label_index: Any = None, modality: str = constants.ALL_MODALITY
    ) -> dict[str, float]:
        """By feature the sum over its elements.

        Raises:
            KeyError: No such label or modality.
        """
        return self.get_attribution(label_index).feature_importance(self._names(modality))

    def as_tensors(
        self, label_index: Any = None, modality: str = constants.ALL_MODALITY
    ) -> dict[str, attribution.Array]:
        """By feature its attributions, in the input's shape.

        Raises:
            KeyError: No such label or modality.
        """
        return self.get_attribution(label_index).as_tensors(self._names(modality))

    def visualize_attributions(
        self, label_index: Any = None, print_label_index: bool = True
    ) -> None:
        """Prints the scores; draws the features as bars and the pictures over what was explained.

        Args:
            label_index: The label.
            print_label_index: False: do not name the label, of models of one number.

        Raises:
            ImportError: matplotlib is not installed.
        """
        shown = self.get_attribution(label_index)
        _print_scores(shown, print_label_index)
        tabular = self._modality_input_list_map.get(constants.TABULAR_MODALITY)
        if tabular:
            self.visualize_top_k_features(len(tabular), label_index, constants.TABULAR_MODALITY)
        for name in self._modality_input_list_map.get(explain_metadata.Modality.IMAGE, ()):
            _drawing.picture(name, shown.post_processed_attributions[name])

    def visualize_top_k_features(
        self,
        k: int | None = 10,
        label_index: Any = None,
        modality: str = constants.ALL_MODALITY,
    ) -> None:
        """Draws the k features of the largest absolute attributions as bars; None for all.

        Raises:
            ImportError: matplotlib is not installed.
        """
        shares = self.feature_importance(label_index, modality)
        largest = sorted(shares.items(), key=lambda item: -abs(item[1]))[:k]
        if largest:
            _drawing.bars(dict(largest))

    def _names(self, modality: str) -> Sequence[str]:
        if modality in self._modality_input_list_map:
            return self._modality_input_list_map[modality]
        if modality in _KNOWN_MODALITIES:
            return ()
        raise KeyError(f"modality {modality!r}: expected one of {', '.join(_KNOWN_MODALITIES)}")

    def __repr__(self) -> str:
        return f"<Explanation {list(self._label_index_to_attributions.values())}>"


def _print_scores(shown: attribution.Attribution, with_label: bool) -> None:
    if with_label and shown.label_index != -1:
        name = f" {shown.label_name}" if shown.label_name else ""
        print(f"label: {shown.label_index}{name}")
    print(f"score: {shown.example_score:.4f}")
    print(f"score of the baseline: {shown.baseline_score:.4f}")
    if shown.approx_error is not None:
        print(f"approximation error: {shown.approx_error:.4f}")
        if shown.approx_error > APPROX_ERROR_THRESHOLD:
            print(f"warning: that is above {APPROX_ERROR_THRESHOLD:.0%}; take more steps or paths")

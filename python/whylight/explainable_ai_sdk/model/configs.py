"""How predictions are explained: the method, and what a call may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class AttributionConfig:
    """A method and its settings."""


@dataclass(frozen=True)
class IntegratedGradientsConfig(AttributionConfig):
    """Integrated Gradients.

    Attributes:
        step_count: Points on the path from the baseline to the instance.
    """

    step_count: int = 50


@dataclass(frozen=True)
class SampledShapleyConfig(AttributionConfig):
    """Sampled Shapley.

    Attributes:
        path_count: Random orders of the features.
    """

    path_count: int = 10


class XraiConfig(IntegratedGradientsConfig):
    """XRAI: regions of a picture, ranked by the Integrated Gradients within them."""


@dataclass(frozen=True)
class AttributionParameters:
    """What a call of `explain` wants otherwise than the model's config and metadata.

    Attributes:
        label_indices: Labels to explain: a list for all instances, or a list of lists, one for each
            instance. A label of an output with several axes is a tuple.
        top_k: Without label_indices: as many labels of the highest scores.
        baselines: Where attributions start; they are averaged over several. Each is an instance as
            `explain` takes it, or an object by the explained signature's inputs.
        attribution_config: Other settings of the method with which the model was loaded.
    """

    label_indices: list[int | tuple[int, ...] | list[Any]] | None = None
    top_k: int | None = None
    baselines: list[Any] | None = None
    attribution_config: AttributionConfig | None = None

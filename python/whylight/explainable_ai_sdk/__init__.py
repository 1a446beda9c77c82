"""`explainable_ai_sdk`, Google's Explainable AI SDK, by its names, over Whylight's engine.

    import whylight.explainable_ai_sdk as explainable_ai_sdk

    config = explainable_ai_sdk.model.configs.IntegratedGradientsConfig(step_count=50)
    model = explainable_ai_sdk.load_model_from_local_path("path/to/saved_model", config)
    explanations = model.explain([{"age": 41.0, "hours": 38.0}])
    explanations[0].feature_importance()       # {"age": 0.31, "hours": -0.07}

`load_model_from_local_path` raises an error in the package that Google published; here it explains.
Code that imports Google's package itself gets the same by `whylight.explainable_ai_sdk.register()`,
which an import of this module calls if that package has been imported before.

docs/explainable-ai-sdk.md has every name, and what differs.
"""

from __future__ import annotations

from . import common, metadata, model, version
from ._installed import register, register_if_imported
from .model.configs import (
    AttributionConfig,
    AttributionParameters,
    IntegratedGradientsConfig,
    SampledShapleyConfig,
    XraiConfig,
)
from .model.model_factory import (
    load_model_from_ai_platform,
    load_model_from_local_path,
    load_model_from_vertex,
)

__all__ = [
    "AttributionConfig",
    "AttributionParameters",
    "IntegratedGradientsConfig",
    "SampledShapleyConfig",
    "XraiConfig",
    "common",
    "load_model_from_ai_platform",
    "load_model_from_local_path",
    "load_model_from_vertex",
    "metadata",
    "model",
    "register",
    "version",
]

register_if_imported()

"""Our engine as a local model of Google's package, which is imported here."""

from __future__ import annotations

from explainable_ai_sdk.common import attribution
from explainable_ai_sdk.model import explanation, model

from .model import local_model


class LocalModel(local_model.LocalModel, model.Model):  # type: ignore[misc]
    """A SavedModel's folder, with answers in the classes of Google's package."""

    _attribution_class = attribution.Attribution
    _labels_class = attribution.LabelIndexToAttribution
    _explanation_class = explanation.Explanation

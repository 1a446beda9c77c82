"""Loads models: those on this machine, and by Google's package those of its services."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..._errors import UnsupportedError
from .. import _installed
from . import configs, constants, local_model
from . import model as models

_local_model: Callable[[Any, Any], models.Model] = local_model.LocalModel


def load_model_from_local_path(
    model_path: str | os.PathLike[str], config: configs.AttributionConfig
) -> models.Model:
    """Opens a SavedModel to explain it here.

    Args:
        model_path: The folder that holds saved_model.pb, and explanation_metadata.json if there is
            one.
        config: The method, and its settings.

    Raises:
        NotFoundError: There is no model.
        InvalidArgumentError: config is none.
    """
    return _local_model(model_path, config)


def register_local_model(registered_class: Callable[[Any, Any], models.Model]) -> None:
    """Has `load_model_from_local_path` make that class, called with (model_path, config)."""
    global _local_model
    _local_model = registered_class


def load_model_from_ai_platform(
    project: str,
    model: str,
    version: str | None = None,
    credentials: Any = None,
    region: str | None = None,
    input_modalities: Mapping[str, Sequence[str]] | None = None,
) -> Any:
    """A model of a server that speaks as AI Platform did, by Google's package.

    AI Platform itself has ended. CLOUDSDK_API_ENDPOINT_OVERRIDES_ML names another server.

    Raises:
        UnsupportedError: No such server is named, or Google's package is not installed.
    """
    if not os.environ.get(constants.AIP_ENDPOINT_OVERRIDE):
        raise UnsupportedError(
            "load_model_from_ai_platform: AI Platform Prediction ended on 31 January 2025. Copy "
            "the SavedModel here and call load_model_from_local_path, or name a server that "
            f"answers in its place by the environment variable {constants.AIP_ENDPOINT_OVERRIDE}"
        )
    factory = _theirs("load_model_from_ai_platform")
    return factory.load_model_from_ai_platform(
        project, model, version, credentials, region, input_modalities
    )


def load_model_from_vertex(
    project: str,
    region: str,
    endpoint_id: str,
    credentials: Any = None,
    input_modalities: Mapping[str, Sequence[str]] | None = None,
) -> Any:
    """A model of a Vertex endpoint, by Google's package.

    Raises:
        UnsupportedError: Google's package is not installed.
    """
    factory = _theirs("load_model_from_vertex")
    return factory.load_model_from_vertex(
        project, region, endpoint_id, credentials, input_modalities
    )


def _theirs(name: str) -> Any:
    """Google's model_factory."""
    if _installed.is_installed():
        return _installed.model_factory()
    raise UnsupportedError(
        f"{name}: models of a service are called by Google's package, which is not installed (pip "
        "install explainable-ai-sdk). Vertex' explanations end on or after 16 March 2027: copy the "
        "SavedModel here and call load_model_from_local_path, which needs neither"
    )

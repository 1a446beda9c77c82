"""Google's own package `explainable_ai_sdk`, if it is installed, and our engine in it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

_NAME = "explainable_ai_sdk"


def register() -> None:
    """Has `explainable_ai_sdk.load_model_from_local_path` of Google's package explain.

    Its objects then come back: what `explain` returns are its Explanations of its Attributions.

    Raises:
        ImportError: It is not installed, or cannot be imported.
    """
    factory = model_factory()
    from ._installed_model import LocalModel

    factory.register_local_model(LocalModel)


def register_if_imported() -> None:
    """`register`, if the package has been imported and nobody has registered there before."""
    if _NAME in sys.modules and is_installed():
        if "local_model" not in model_factory()._MODEL_REGISTRY:
            register()


def is_installed() -> bool:
    """Whether there is such a package, and it is not this one by another name."""
    if sys.modules.get(_NAME) is sys.modules[__package__]:
        return False
    spec = importlib.util.find_spec(_NAME)
    return spec is not None and spec.origin is not None  # A folder of that name has no origin.


def model_factory() -> Any:
    """Its module explainable_ai_sdk.model.model_factory."""
    try:
        return importlib.import_module(_NAME + ".model.model_factory")
    except ImportError as error:
        raise ImportError(
            f"{_NAME}: Google's package is not installed, or cannot be imported ({error}). "
            "whylight.explainable_ai_sdk has its names and needs it not"
        ) from error

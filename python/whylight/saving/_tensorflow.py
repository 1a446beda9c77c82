"""TensorFlow, which this part of the package alone imports."""

from __future__ import annotations

import importlib
from typing import Any

from .._errors import TensorFlowNotFoundError


def _import() -> Any:
    try:
        return importlib.import_module("tensorflow")
    except ImportError as error:
        raise TensorFlowNotFoundError(
            "whylight.saving writes models with TensorFlow, and it cannot be imported here: "
            f"{error}. Install it: pip install tensorflow"
        ) from error


tf: Any = _import()

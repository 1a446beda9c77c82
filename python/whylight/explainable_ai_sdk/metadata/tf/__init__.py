"""Builders for SavedModels of TensorFlow 1 and 2."""

from . import v1, v2

__all__ = ["v1", "v2"]

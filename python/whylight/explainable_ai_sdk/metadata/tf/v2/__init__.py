"""The builder for SavedModels of TensorFlow 2."""

from .....metadata import SavedModelMetadataBuilder

__all__ = ["SavedModelMetadataBuilder"]

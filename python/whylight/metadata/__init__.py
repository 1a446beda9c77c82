"""Explanation metadata of SavedModels, built as with Google's Explainable AI SDK.

    from whylight.metadata import SavedModelMetadataBuilder

    builder = SavedModelMetadataBuilder("model", signature_name="xai_model")
    builder.set_numeric_metadata("flower", input_baselines=[[5.8, 3.0, 4.35, 1.3]])
    builder.save_metadata("model")

The names, the behaviour and the JSON are those of `explainable_ai_sdk.metadata.tf.v2` and `.v1`;
the model is read by Whylight, without TensorFlow. `whylight metadata infer` writes metadata with
what rows of training data add.
"""

from ._builder import SavedModelMetadataBuilder
from ._parameters import (
    ColorMap,
    DomainInfo,
    OverlayType,
    Polarity,
    VisualizationParameters,
    VisualizationType,
)

__all__ = [
    "ColorMap",
    "DomainInfo",
    "OverlayType",
    "Polarity",
    "SavedModelMetadataBuilder",
    "VisualizationParameters",
    "VisualizationType",
]

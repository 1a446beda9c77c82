"""What builders' set_image_metadata takes."""

from ...metadata import (
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
    "VisualizationParameters",
    "VisualizationType",
]

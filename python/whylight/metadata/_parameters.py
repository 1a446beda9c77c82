"""Settings of drawings and domains, as the Explainable AI SDK calls them."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any


class OverlayType(enum.Enum):
    """What an attribution is drawn over."""

    NONE = "none"
    OVERLAY_ON_ORIGINAL_IMAGE = "original"
    OVERLAY_ON_GRAYSCALE_IMAGE = "grayscale"
    # The SDK writes "mask", which its own reader and the services refuse.
    MASK_BLACK = "mask_black"


class VisualizationType(enum.Enum):
    """Each pixel, or regions outlined."""

    PIXELS = "pixels"
    OUTLINES = "outlines"


class ColorMap(enum.Enum):
    """Colours of attributions."""

    PINK_GREEN = "pink_green"
    VIRIDIS = "viridis"
    RED = "red"
    GREEN = "green"
    RED_GREEN = "red_green"
    PINK_WHITE_GREEN = "pink_white_green"


class Polarity(enum.Enum):
    """The sign of the attributions that are drawn."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    BOTH = "both"


@dataclasses.dataclass(frozen=True)
class _Settings:
    def asdict(self) -> dict[str, Any]:
        """The fields that are set, as metadata holds them."""
        return {
            field: value.value if isinstance(value, enum.Enum) else value
            for field, value in vars(self).items()
            if value is not None
        }


@dataclasses.dataclass(frozen=True)
class VisualizationParameters(_Settings):
    """How the attribution of a picture is drawn; what is None has the services' default.

    Attributes:
        type: Pixels or outlines.
        polarity: The sign that is drawn.
        color_map: The colours.
        clip_above_percentile: Attributions above it are drawn as if they were there; 0 to 100.
        clip_below_percentile: Attributions below it are not drawn; less than the other.
        overlay_type: What is drawn over.
        overlay_multiplier: The share of the picture in the drawing, 0 to 1.
        resized_shape: Height and width of the drawing, in pixels.
        translate: Where the drawing begins in the picture: x, y, in pixels.
    """

    type: VisualizationType | None = None
    polarity: Polarity | None = None
    color_map: ColorMap | None = None
    clip_above_percentile: float | None = None
    clip_below_percentile: float | None = None
    overlay_type: OverlayType | None = None
    overlay_multiplier: float | None = None
    resized_shape: tuple[int, int] | None = None
    translate: tuple[int, int] | None = None


@dataclasses.dataclass(frozen=True)
class DomainInfo(_Settings):
    """The values that an input may have.

    Attributes:
        min: The least.
        max: The greatest.
        original_mean: The mean before the input was brought to a mean of 0.
        original_stddev: The standard deviation before the input was brought to one of 1.
    """

    min: float
    max: float
    original_mean: float | None = None
    original_stddev: float | None = None

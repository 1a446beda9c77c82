"""What is drawn with matplotlib, which is imported when something is."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

from ..common import constants

_UP, _DOWN = "#1a7f5a", "#b3305f"  # As in the report: for and against.


def bars(shares: Mapping[str, float]) -> None:
    """A horizontal bar for each feature, in the order given, from the top."""
    plt = _pyplot()
    _, axes = plt.subplots(figsize=(6.4, 1.2 + 0.3 * len(shares)))
    colors = [_UP if share >= 0 else _DOWN for share in shares.values()]
    axes.barh(list(shares), list(shares.values()), color=colors)
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("attribution")
    axes.figure.tight_layout()
    plt.show()


def picture(name: str, drawn: Any) -> None:
    """A picture that an answer holds."""
    plt = _pyplot()
    for key in (constants.B64_JPEG, constants.B64_PNG):
        if isinstance(drawn, dict) and key in drawn:
            image = io.BytesIO(base64.b64decode(drawn[key]))
            _, axes = plt.subplots()
            axes.imshow(plt.imread(image, format=key[len("b64_") :]), interpolation="nearest")
            axes.set_title(name)
            axes.axis("off")
            plt.show()
            return
    raise ValueError(
        f"{name}: expected a picture, {{'{constants.B64_JPEG}': ...}}, in the attributions, got "
        f"{type(drawn).__name__}"
    )


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "drawing needs matplotlib, which is not installed: pip install matplotlib"
        ) from error
    return pyplot

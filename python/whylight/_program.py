"""The program `whylight`, which the package brings along."""

from __future__ import annotations

import os
import sys

from . import _tensorflow

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "whylight")


def main() -> None:
    """Becomes the program, with the TensorFlow that `import tensorflow` would give."""
    place = _tensorflow.directory(None)
    if place:
        os.environ.setdefault("WHYLIGHT_TENSORFLOW", place)
    try:
        os.execv(_PROGRAM, ["whylight", *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"whylight: {_PROGRAM}: {error.strerror}")

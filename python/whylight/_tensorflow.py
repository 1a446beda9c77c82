"""Which TensorFlow the engine loads: the one that `import tensorflow` would give, not imported."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from typing import Any

from . import _core

_lock = threading.Lock()
_runtimes: dict[str, Any] = {}


def directory(given: str | os.PathLike[str] | None) -> str:
    """A wheel's folder; "" leaves the search to the engine."""
    if given is not None:
        return os.fspath(given)
    if os.environ.get("WHYLIGHT_TENSORFLOW"):
        return ""
    imported = sys.modules.get("tensorflow")
    if imported is not None and getattr(imported, "__file__", None):
        return os.path.dirname(str(imported.__file__))
    try:
        spec = importlib.util.find_spec("tensorflow")
    except (ImportError, ValueError):
        return ""
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    return places[0] if places else ""


def runtime(given: str | os.PathLike[str] | None) -> Any:
    """TensorFlow's library, loaded once a process."""
    place = directory(given)
    with _lock:
        if place not in _runtimes:
            _runtimes[place] = _core.open_runtime(place, False)
        return _runtimes[place]

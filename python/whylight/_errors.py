"""Exceptions: one class for each kind of failure, all of them WhylightError."""

from __future__ import annotations

import re

# Options as the engine's messages call them, where Python calls them otherwise.
_KEYWORDS = {
    "baseline": "baselines",
    "class": "class_name",
    "num_integral_steps": "steps",
    "num_paths": "paths",
    "no_hoist": "hoist=False",
    "no_gather": "gather=False",
}


class WhylightError(Exception):
    """What went wrong; the message names the place, what was expected and what was found.

    Attributes:
        code: The canonical code's name, for example "INVALID_ARGUMENT".
    """

    code = "UNKNOWN"


class InvalidArgumentError(WhylightError, ValueError):
    """An instance, an option or a file is not what it should be."""

    code = "INVALID_ARGUMENT"


class NotFoundError(WhylightError, FileNotFoundError):
    """A file, a signature or a name is not there."""

    code = "NOT_FOUND"


class PermissionDeniedError(WhylightError, PermissionError):
    """A file or a bucket must not be read or written with the credentials at hand."""

    code = "PERMISSION_DENIED"


class ModelError(WhylightError):
    """The model cannot be explained as asked; the message says by which method it can."""

    code = "FAILED_PRECONDITION"


class UnsupportedError(ModelError, NotImplementedError):
    """An op has no gradient; op and node are named."""

    code = "UNIMPLEMENTED"


class ResourceExhaustedError(WhylightError, MemoryError):
    """Memory or disk would not suffice; the message gives the figure."""

    code = "RESOURCE_EXHAUSTED"


class DataLossError(WhylightError, OSError):
    """A file is truncated or damaged."""

    code = "DATA_LOSS"


class UnavailableError(WhylightError):
    """TensorFlow or Arrow cannot be loaded, or a storage service gives no good answer."""

    code = "UNAVAILABLE"


class TensorFlowNotFoundError(UnavailableError, ImportError):
    """`import tensorflow` does not work, and what was asked for needs TensorFlow's Python."""


class InternalError(WhylightError, RuntimeError):
    """A defect of Whylight, or of TensorFlow."""

    code = "INTERNAL"


class CancelledError(WhylightError):
    """The work was stopped."""

    code = "CANCELLED"


# By the code's number, which gRPC and TensorFlow share.
_CLASSES: dict[int, type[WhylightError]] = {
    1: CancelledError,
    3: InvalidArgumentError,
    5: NotFoundError,
    6: InvalidArgumentError,
    7: PermissionDeniedError,
    8: ResourceExhaustedError,
    9: ModelError,
    11: InvalidArgumentError,
    12: UnsupportedError,
    13: InternalError,
    14: UnavailableError,
    15: DataLossError,
    16: PermissionDeniedError,
}


def _keyword(match: re.Match[str]) -> str:
    name = match.group(1).replace("-", "_")
    return _KEYWORDS.get(name, name)


def as_keywords(text: str) -> str:
    """A message of the engine, with options called as Python calls them."""
    return re.sub(r"(?<![\w-])--([a-z][a-z-]*)", _keyword, text)


def error_of(code: int, message: str, place: str = "") -> WhylightError:
    """The exception for a status of the engine; `place` stands in front, unless it is named."""
    if place and place not in message:
        message = f"{place}: {message}"
    return _CLASSES.get(code, WhylightError)(as_keywords(message))

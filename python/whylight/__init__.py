"""Whylight: why a TensorFlow model said what it said, on your own machine.

    import whylight

    model = whylight.load("path/to/saved_model")
    explanations = model.explain([{"age": 41, "job": "baker"}])
    explanations[0].features          # {"age": array(0.31), "job": array(-0.07)}
    explanations.report("why.html")

`whylight.saving` writes models so that they can be explained, `whylight.metadata` their metadata.
"""

from ._core import __version__
from ._errors import (
    CancelledError,
    DataLossError,
    InternalError,
    InvalidArgumentError,
    ModelError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    TensorFlowNotFoundError,
    UnavailableError,
    UnsupportedError,
    WhylightError,
)
from ._explanations import Attribution, Explanation, Explanations, Neighbor, Region
from ._model import Model, load, methods

__all__ = [
    "Attribution",
    "CancelledError",
    "DataLossError",
    "Explanation",
    "Explanations",
    "InternalError",
    "InvalidArgumentError",
    "Model",
    "ModelError",
    "Neighbor",
    "NotFoundError",
    "PermissionDeniedError",
    "Region",
    "ResourceExhaustedError",
    "TensorFlowNotFoundError",
    "UnavailableError",
    "UnsupportedError",
    "WhylightError",
    "__version__",
    "load",
    "methods",
]

"""Saving TensorFlow models so that they can be explained.

    import whylight.saving

    whylight.saving.save(model, "model")

writes a SavedModel with the signatures that Google's AI Explanations asked for, and the
explanation metadata beside it. This part of the package needs TensorFlow; the rest does not.
"""

from ._estimator import (
    ExportPath,
    decoding_receiver_fn,
    export_estimator,
    export_keras_estimator,
)
from ._save import save

__all__ = [
    "ExportPath",
    "decoding_receiver_fn",
    "export_estimator",
    "export_keras_estimator",
    "save",
]

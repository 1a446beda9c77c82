"""The builder for SavedModels of TensorFlow 1."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..... import metadata


class SavedModelMetadataBuilder(metadata.SavedModelMetadataBuilder):
    """whylight.metadata's, with the arguments in the order that Google's has for TensorFlow 1."""

    def __init__(
        self,
        model_path: str | os.PathLike[str],
        tags: Sequence[str] | None = None,
        signature_name: str = "serving_default",
        outputs_to_explain: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(model_path, signature_name, outputs_to_explain, tags, **kwargs)


__all__ = ["SavedModelMetadataBuilder"]

"""What every model can do."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

from . import configs, constants, explanation


class Model(abc.ABC):
    """A model that predicts and explains."""

    @abc.abstractmethod
    def predict(
        self, instances: Sequence[Any], timeout_ms: int = constants.DEFAULT_TIMEOUT
    ) -> dict[str, Any]:
        """Runs the model.

        Returns:
            {"predictions": [...]}: one for each instance.
        """

    @abc.abstractmethod
    def explain(
        self,
        instances: Sequence[Any],
        params: configs.AttributionParameters | None = None,
        timeout_ms: int = constants.DEFAULT_TIMEOUT,
    ) -> list[explanation.Explanation]:
        """Shares out each instance's score among its features.

        Returns:
            One explanation for each instance.
        """

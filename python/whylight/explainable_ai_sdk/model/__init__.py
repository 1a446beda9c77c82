"""Models, their configuration and their explanations."""

from . import configs, constants, explanation, model, model_factory

__all__ = ["configs", "constants", "explanation", "model", "model_factory"]

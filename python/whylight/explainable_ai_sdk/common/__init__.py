"""Attributions, and the names that they share."""

from . import attribution, constants, explain_metadata

__all__ = ["attribution", "constants", "explain_metadata"]

"""Builders of explanation metadata, `whylight.metadata`, at Google's paths."""

from . import parameters, tf

__all__ = ["parameters", "tf"]

"""The version: Whylight's."""

from .. import __version__

__all__ = ["__version__"]

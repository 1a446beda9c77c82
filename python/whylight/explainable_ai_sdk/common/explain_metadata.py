"""Words of explanation_metadata.json."""


class Modality:
    """What an input holds."""

    NUMERIC = "numeric"
    IMAGE = "image"
    TEXT = "text"
    STRUCTURED = "structured"
    CATEGORICAL = "categorical"

"""Names and defaults."""

# Modalities beside those of explanation_metadata.json.
ALL_MODALITY = "all"
TABULAR_MODALITY = "tabular"  # Numeric or categorical.

DEFAULT_TIMEOUT = 1200

AIP_ENDPOINT_OVERRIDE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_ML"

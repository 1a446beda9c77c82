"""Names of files and keys."""

SCALAR_OUTPUT_INDEX = -1  # The label of an output that is one number for an instance.

METADATA_FILE_NAME = "explanation_metadata.json"

# What holds a picture in place of numbers; with the prefix, over the image before preprocessing.
B64_JPEG = "b64_jpeg"
B64_PNG = "b64_png"
TRANSFORMED_PREFIX = "transformed_"

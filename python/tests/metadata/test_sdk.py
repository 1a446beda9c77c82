"""The same JSON as Google's explainable-ai-sdk 1.3.3, beside TensorFlow 2.15."""

from __future__ import annotations

import pathlib

import pytest

from whylight.metadata import DomainInfo, SavedModelMetadataBuilder

pytest.importorskip("explainable_ai_sdk", reason="explainable-ai-sdk is not installed here")

from tensorflow.python.feature_column import feature_column_v2

# A type annotation of the SDK's, which later versions of TensorFlow do not have.
if not hasattr(feature_column_v2, "FeatureColumn"):
    feature_column_v2.FeatureColumn = object

from explainable_ai_sdk.metadata import parameters
from explainable_ai_sdk.metadata.tf.v1 import SavedModelMetadataBuilder as SdkBuilder1
from explainable_ai_sdk.metadata.tf.v2 import SavedModelMetadataBuilder as SdkBuilder2

MODELS = pathlib.Path(__file__).resolve().parents[3] / "tests" / "models"


def pair(name, **options):
    """Their builder and ours."""
    path = str(MODELS / name / "model")
    theirs = (SdkBuilder1 if name.startswith("tf1") else SdkBuilder2)(path, **options)
    return theirs, SavedModelMetadataBuilder(path, **options)


@pytest.mark.parametrize(
    "name, options",
    [
        ("tf2_iris_save_one_signature", {}),
        ("keras2_wide_and_deep", {}),
        ("tf2_image_preprocess", {"signature_name": "xai_model"}),
        ("tf2_image_preprocess", {"signature_name": "xai_preprocess"}),
        ("tf2_text_preprocess", {"signature_name": "xai_model"}),
        ("tf1_keras_to_estimator", {}),
        ("tf1_ref_variables", {}),
        ("tf1_table_asset", {}),
        ("tf1_dnn_classifier_raw", {"signature_name": "predict", "outputs_to_explain": ["logits"]}),
    ],
)
def test_what_a_model_says(name, options):
    theirs, ours = pair(name, **options)
    assert ours.get_metadata() == theirs.get_metadata()


def test_what_setters_change():
    for builder in (both := pair("keras2_wide_and_deep")):
        builder.set_numeric_metadata("wide", "broad", [[0.0] * 4], ["a", "b", "c", "d"])
        builder.set_categorical_metadata("deep", encoded_name="x", encoding="combined_embedding")
        builder.set_output_metadata("progression", "score")
    theirs, ours = both
    assert ours.get_metadata() == theirs.get_metadata()


def test_what_a_picture_has(tmp_path):
    theirs, ours = pair("tf2_image_preprocess", signature_name="xai_model")
    drawing = {"type": "pixels", "polarity": "both"}
    theirs.set_image_metadata(
        "numpy_inputs", "picture", [0.0, 1.0], drawing, parameters.DomainInfo(min=0, max=1)
    )
    ours.set_image_metadata(
        "numpy_inputs", "picture", [0.0, 1.0], drawing, DomainInfo(min=0, max=1)
    )
    files = []
    for builder in (theirs, ours):
        builder.save_metadata(str(tmp_path))
        files.append((tmp_path / "explanation_metadata.json").read_text())
    assert files[1] == files[0]  # To the byte: order and indentation too.


def test_both_refuse_the_same():
    for cls in (SdkBuilder2, SavedModelMetadataBuilder):
        with pytest.raises(ValueError):
            cls(str(MODELS / "tf2_dict_inputs_mixed" / "model"))
        with pytest.raises(KeyError):
            cls(str(MODELS / "tf2_dict_inputs_mixed" / "model"), "absent")
    for cls in (SdkBuilder1, SavedModelMetadataBuilder):
        with pytest.raises(ValueError):
            cls(str(MODELS / "tf1_ref_variables" / "model"), signature_name="absent")

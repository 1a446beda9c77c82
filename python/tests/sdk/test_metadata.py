"""The builders at Google's paths."""

import inspect
import json

import pytest
from cases import IRIS, model_path

from whylight import metadata
from whylight.explainable_ai_sdk.metadata import parameters
from whylight.explainable_ai_sdk.metadata.tf import v1, v2

TF1 = model_path("tf1_dnn_classifier_raw")


def test_tensorflow_2(tmp_path):
    builder = v2.SavedModelMetadataBuilder(model_path(IRIS), "xai_model")
    builder.set_numeric_metadata("flower", "bloom", [[5.8, 3.0, 4.35, 1.3]])
    builder.save_metadata(str(tmp_path))
    written = json.loads((tmp_path / "explanation_metadata.json").read_text())
    assert written["inputs"]["bloom"]["input_tensor_name"] == "flower"
    assert written["framework"] == "tensorflow2"


def test_tensorflow_1_takes_its_arguments_in_its_own_order():
    builder = v1.SavedModelMetadataBuilder(TF1, ["serve"], "predict", ["logits"])
    found = builder.get_metadata()
    assert found["outputs"]["logits"]["output_tensor_name"] == "dnn/logits/BiasAdd:0"
    assert found == metadata.SavedModelMetadataBuilder(TF1, "predict", ["logits"]).get_metadata()


def test_parameters():
    assert parameters.VisualizationParameters is metadata.VisualizationParameters
    assert parameters.Polarity.BOTH.value == "both"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_arguments_are_those_of_googles(version):
    pytest.importorskip(
        "explainable_ai_sdk.model", reason="Google's package explainable-ai-sdk is not installed"
    )
    from tensorflow.python.feature_column import feature_column_v2

    # Named by the package, and gone from TensorFlow since.
    if not hasattr(feature_column_v2, "FeatureColumn"):
        feature_column_v2.FeatureColumn = object
    from explainable_ai_sdk.metadata import tf

    module = __import__(f"{tf.__name__}.{version}", fromlist=["SavedModelMetadataBuilder"])
    want = list(inspect.signature(module.SavedModelMetadataBuilder).parameters)
    ours = {"v1": v1, "v2": v2}[version].SavedModelMetadataBuilder
    found = [name for name in inspect.signature(ours).parameters if name in want]
    assert found == want

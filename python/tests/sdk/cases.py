"""What the tests of this folder share: answers of services, and models of this tree."""

import json
import pathlib
import shutil

import numpy as np

MODELS = pathlib.Path(__file__).resolve().parents[3] / "tests" / "models"

PNG_TEXT = (  # 1 x 1, green.
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNg+M8AAAICAQB7CYF4AAAAAElFTkSuQmCC"
)

TABULAR = {
    "attributions": {"age": 0.25, "history": [0.5, -1.5, 0.25]},
    "baseline_score": 0.125,
    "example_score": 0.75,
    "label_index": 2,
    "label_name": "rich",
    "output_name": "income",
    "approx_error": 0.0625,
}
SECOND = {
    "attributions": {"age": -0.5, "history": [0.125, 0.0, 0.25]},
    "baseline_score": 0.5,
    "example_score": 0.875,
    "label_index": 0,
    "output_name": "income",
    "approx_error": 0.25,
}
REGRESSION = {
    "attributions": {"wind": 1.5},
    "baseline_score": 2.0,
    "example_score": 3.5,
    "output_name": "duration",
}
DEBUG = {
    **TABULAR,
    "debug_raw_attribution_dict": {"age": 0.25, "history": [0.5, -1.5, 0.25]},
    "debug_input_values": {"age": 41.0, "history": [1.0, 2.0, 3.0]},
}
PICTURE = {
    "attributions": {"image": {"b64_jpeg": "AAAA"}},
    "baseline_score": 0.0,
    "example_score": 0.5,
    "label_index": 1,
    "output_name": "probabilities",
    "approx_error": 0.5,
}
# What both packages must read and write alike.
ANSWERS = {
    "tabular": TABULAR,
    "second": SECOND,
    "regression": REGRESSION,
    "debug": DEBUG,
    "picture": PICTURE,
}

VERTEX = {
    "baselineOutputValue": 0.125,
    "instanceOutputValue": 0.75,
    "featureAttributions": {"age": 0.25, "history": [0.5, -1.5, 0.25]},
    "outputIndex": [2],
    "outputDisplayName": "rich",
    "approximationError": 0.0625,
    "outputName": "income",
}
VERTEX_SECOND = {
    "baselineOutputValue": 0.5,
    "instanceOutputValue": 0.875,
    "featureAttributions": {"age": -0.5, "history": [0.125, 0.0, 0.25]},
    "outputIndex": [0],
    "approximationError": 0.25,
    "outputName": "income",
}

IRIS = "tf2_several_with_xai_model"
IRIS_METADATA = {
    "inputs": {
        "bloom": {
            "input_tensor_name": "flower",
            "encoding": "bag_of_features",
            "modality": "numeric",
            "index_feature_mapping": ["sepal_l", "sepal_w", "petal_l", "petal_w"],
            "input_baselines": [[5.8, 3.0, 4.35, 1.3]],
        }
    },
    "outputs": {
        "class": {
            "output_tensor_name": "probabilities",
            "index_name_mapping": ["setosa", "versicolor", "virginica"],
        }
    },
    "framework": "tensorflow2",
    "tags": ["explainable_ai_sdk"],
}


def model_path(name):
    return str(MODELS / name / "model")


def instances(name):
    return json.loads((MODELS / name / "request.json").read_text())["instances"]


def expected(name):
    """TensorFlow's own numbers: tests/models/README.md."""
    return np.load(MODELS / name / "expected.npz")


def with_metadata(name, metadata, folder):
    """A copy of a model with explanation_metadata.json beside it."""
    path = pathlib.Path(folder) / name
    shutil.copytree(model_path(name), path)
    (path / "explanation_metadata.json").write_text(json.dumps(metadata))
    return str(path)

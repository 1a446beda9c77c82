"""SavedModelMetadataBuilder, without TensorFlow; beside Google's SDK where it is installed."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import whylight
from whylight.metadata import (
    ColorMap,
    DomainInfo,
    OverlayType,
    SavedModelMetadataBuilder,
    VisualizationParameters,
    VisualizationType,
)

MODELS = pathlib.Path(__file__).resolve().parents[3] / "tests" / "models"


def model(name):
    return str(MODELS / name / "model")


def builder(name, **options):
    return SavedModelMetadataBuilder(model(name), **options)


def test_it_needs_no_tensorflow():
    program = (
        "import sys; from whylight.metadata import SavedModelMetadataBuilder as Builder;"
        "Builder(sys.argv[1]).get_metadata(); assert 'tensorflow' not in sys.modules"
    )
    arguments = [sys.executable, "-c", program, model("tf2_iris_save_one_signature")]
    subprocess.run(arguments, check=True)


def test_tensorflow_2_is_named_by_the_signatures_keys():
    assert builder("tf2_iris_save_one_signature").get_metadata() == {
        "outputs": {"probabilities": {"output_tensor_name": "probabilities"}},
        "inputs": {
            "flower": {
                "input_tensor_name": "flower",
                "encoding": "identity",
                "modality": "numeric",
            }
        },
        "framework": "tensorflow2",
        "tags": ["explainable_ai_sdk"],
    }


def test_tensorflow_1_is_named_by_tensors():
    got = builder("tf1_keras_to_estimator").get_metadata()
    assert got["framework"] == "Tensorflow"
    assert got["inputs"]["flower_input"]["input_tensor_name"] == "rows_1:0"
    assert got["outputs"] == {"kind": {"output_tensor_name": "kind/Softmax:0"}}


def test_setters_put_the_input_anew_under_its_new_name():
    made = builder("tf2_iris_save_one_signature")
    names = ["a", "b", "c", "d"]
    made.set_numeric_metadata("flower", "petals", [np.zeros(4), 1.0], names)
    made.set_output_metadata("probabilities", "likely")
    got = made.get_metadata()
    assert got["inputs"] == {
        "petals": {
            "input_tensor_name": "flower",
            "encoding": "bag_of_features",
            "modality": "numeric",
            "input_baselines": [[0.0, 0.0, 0.0, 0.0], 1.0],
            "index_feature_mapping": names,
        }
    }
    assert got["outputs"] == {"likely": {"output_tensor_name": "probabilities"}}


def test_pictures_have_drawings_and_domains():
    made = builder("tf2_image_preprocess", signature_name="xai_model")
    made.set_image_metadata(
        "numpy_inputs",
        visualization=VisualizationParameters(
            type=VisualizationType.PIXELS,
            color_map=ColorMap.PINK_GREEN,
            overlay_type=OverlayType.MASK_BLACK,
            clip_above_percentile=99,
        ),
        domain=DomainInfo(min=0, max=1),
    )
    assert made.get_metadata()["inputs"]["numpy_inputs"] == {
        "visualization": {
            "type": "pixels",
            "color_map": "pink_green",
            "clip_above_percentile": 99,
            "overlay_type": "mask_black",
        },
        "input_tensor_name": "numpy_inputs",
        "encoding": "identity",
        "modality": "image",
        "domain": {"min": 0, "max": 1},
    }


def test_what_is_removed_is_not_explained():
    made = builder("keras2_wide_and_deep")
    made.remove_input_metadata("wide")
    assert list(made.get_metadata()["inputs"]) == ["deep"]
    made.remove_output_metadata("progression")
    assert made.get_metadata()["outputs"] == {}


FLOWER = "tf2_iris_save_one_signature"


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda: builder(FLOWER, signature_name="xai"), "no signature 'xai'; the model has"),
        (lambda: builder("tf2_dict_inputs_mixed"), "several outputs, .*; name one"),
        (lambda: builder(FLOWER, outputs_to_explain=["a", "b"]), "expected one output, got a, b"),
        (lambda: builder(FLOWER, outputs_to_explain=["a"]), "there is no output 'a'"),
        (lambda: builder(FLOWER).set_numeric_metadata("leaf"), "there is no input 'leaf'"),
        (lambda: builder(FLOWER).set_output_metadata("leaf", "x"), "there is no output 'leaf'"),
        (lambda: builder(FLOWER).remove_input_metadata("leaf"), "there is no input 'leaf'"),
        (
            lambda: builder(FLOWER).set_categorical_metadata("flower", encoding="one_hot"),
            "encoding: expected one of identity, .*, got 'one_hot'",
        ),
        (
            lambda: builder(FLOWER).set_categorical_metadata("flower", encoding="indicator"),
            "indicator needs index_feature_mapping",
        ),
        (
            lambda: builder(FLOWER).set_numeric_metadata(
                "flower", index_feature_mapping=["a", "a", "b", "c"]
            ),
            "a name is there twice",
        ),
        (
            lambda: builder(FLOWER).set_numeric_metadata("flower", input_baselines=[0.0] * 11),
            "expected at most 10, got 11",
        ),
        (
            lambda: builder(FLOWER).set_categorical_metadata(
                "flower", input_baselines=[0], encoded_baselines=[0]
            ),
            "not both",
        ),
        (
            lambda: builder(FLOWER).set_image_metadata("flower", domain=DomainInfo(2, 1)),
            "min 2 is above 1",
        ),
    ],
)
def test_errors_are_value_errors(call, error):
    with pytest.raises(ValueError, match=error):
        call()


def test_a_missing_signature_is_a_key_error_as_in_the_sdk():
    with pytest.raises(KeyError, match="^signature_name: there is no signature 'xai'"):
        builder(FLOWER, signature_name="xai")


def test_inputs_have_as_many_baselines():
    made = builder("keras2_wide_and_deep")
    made.set_numeric_metadata("wide", input_baselines=[0.0])
    made.set_numeric_metadata("deep", input_baselines=[0.0, 1.0])
    with pytest.raises(ValueError, match="as many of every input, got 1 of 'wide', 2 of 'deep'"):
        made.get_metadata()


def test_metadata_is_saved_beside_a_copy_of_the_model(tmp_path):
    made = builder(FLOWER)
    made.set_numeric_metadata("flower", input_baselines=[[5.8, 3.0, 4.35, 1.3]])
    folder = tmp_path / "copy"
    assert made.save_model_with_metadata(folder) == str(folder)
    assert json.loads((folder / "explanation_metadata.json").read_text()) == made.get_metadata()
    for name in ("saved_model.pb", "variables/variables.index"):
        assert (folder / name).read_bytes() == (pathlib.Path(model(FLOWER)) / name).read_bytes()
    judged = whylight.load(folder).check()
    assert judged["verdict"] == "explain" and judged["problems"] == []
    with pytest.raises(ValueError, match="is not empty"):
        made.save_model_with_metadata(folder)


def test_arguments_of_tensorflows_save_are_refused(tmp_path):
    with pytest.raises(ValueError, match="signatures: the model is copied as it is"):
        builder(FLOWER, signatures={}).save_model_with_metadata(tmp_path / "copy")

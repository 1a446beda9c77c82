"""load_model_from_local_path: models of this tree, against TensorFlow's own numbers."""

import base64
import copy
import functools
import json

import numpy as np
import pytest
from cases import IRIS, IRIS_METADATA, MODELS, expected, instances, model_path, with_metadata

import whylight
import whylight.explainable_ai_sdk as explainable_ai_sdk
from whylight.explainable_ai_sdk import (
    AttributionParameters,
    IntegratedGradientsConfig,
    SampledShapleyConfig,
    XraiConfig,
)
from whylight.explainable_ai_sdk.model import configs, explanation, model_factory

IMAGES = "tf2_image_preprocess"
TEXTS = "tf2_text_preprocess"
MEDIANS = [5.8, 3.0, 4.35, 1.3]


@functools.cache
def load(name, config=IntegratedGradientsConfig(step_count=100)):
    return explainable_ai_sdk.load_model_from_local_path(model_path(name), config)


@pytest.fixture(scope="module")
def iris():
    return load(IRIS)


@pytest.fixture(scope="module")
def images():
    return load(IMAGES, IntegratedGradientsConfig(step_count=10))


@pytest.fixture(scope="module")
def documented(tmp_path_factory):
    """The irises with names, classes and a baseline in the metadata."""
    path = with_metadata(IRIS, IRIS_METADATA, tmp_path_factory.mktemp("documented"))
    return explainable_ai_sdk.load_model_from_local_path(path, IntegratedGradientsConfig(20))


def test_predictions_are_the_models():
    model, want = load("keras2_cancer_mlp"), expected("keras2_cancer_mlp")["pred.benign"]
    answer = model.predict(instances("keras2_cancer_mlp"), timeout_ms=1)
    assert answer.keys() == {"predictions"}
    np.testing.assert_allclose(answer["predictions"], want, rtol=1e-5)
    assert isinstance(answer["predictions"][0], list)


def test_predictions_of_several_outputs_are_objects(iris):
    answer = iris.predict(instances(IRIS))
    want = expected(IRIS)
    assert [one["label"] for one in answer["predictions"]] == [
        label.decode() for label in want["pred.label"]
    ]
    json.dumps(answer)


# (model, config, numbers of expected.npz, parameters); tolerances of tests/models/README.md.
METHODS = {
    "table": (IRIS, IntegratedGradientsConfig(200), "ig.flower", {"flower": MEDIANS}, 1e-3),
    "table_sampled": (
        IRIS,
        SampledShapleyConfig(20),
        "shapley.elements",
        {"flower": MEDIANS},
        1e-5,
    ),
    "text": (TEXTS, IntegratedGradientsConfig(200), "ig.embeddings", None, 2e-3),
    "inputs": (
        "tf2_tabular_preprocess_two_outputs",
        IntegratedGradientsConfig(200),
        "ig.scaled",
        None,
        1e-3,
    ),
    "image": (IMAGES, IntegratedGradientsConfig(30), "ig.numpy_inputs", None, 2e-3),
}


@pytest.mark.parametrize("name, config, key, baseline, tolerance", METHODS.values(), ids=METHODS)
def test_attributions_are_tensorflows(name, config, key, baseline, tolerance):
    want = expected(name)
    rows = instances(name)
    params = AttributionParameters(baselines=None if baseline is None else [baseline])
    explained = load(name, config).explain(rows, params)
    assert len(explained) == len(rows)
    feature = key.split(".")[1] if key.startswith("ig.") else "flower"
    for row, one in enumerate(explained):
        assert isinstance(one, explanation.Explanation)
        found = one.get_attribution()
        assert found.label_index == want["target"][row]
        assert found.example_score == pytest.approx(want["score"][row], abs=1e-5)
        assert found.baseline_score == pytest.approx(want["score_baseline"][row], abs=1e-5)
        difference = abs(want["score"][row] - want["score_baseline"][row])
        tensors = one.as_tensors()
        np.testing.assert_allclose(
            tensors[feature], want[key][row], atol=tolerance * max(difference, 0.01)
        )
        assert one.feature_importance()[feature] == pytest.approx(tensors[feature].sum())


def test_a_picture_comes_with_its_numbers(images):
    (one,) = images.explain(instances(IMAGES)[:1])
    found = one.get_attribution()
    assert found.attrs_dict["numpy_inputs"].shape == (224, 224, 3)
    assert found.values_dict["numpy_inputs"].shape == (224, 224, 3)
    (drawn,) = found.to_dict()["attributions"]["numpy_inputs"].items()
    kinds = {"b64_jpeg": b"\xff\xd8\xff", "b64_png": b"\x89PNG"}
    assert base64.b64decode(drawn[1]).startswith(kinds[drawn[0]])
    assert one.feature_importance(modality="image").keys() == {"numpy_inputs"}
    assert one.feature_importance(modality="tabular") == {}


def test_regions_of_a_picture():
    (one,) = load(IMAGES, XraiConfig(step_count=5)).explain(instances(IMAGES)[:1])
    (value,) = one.as_tensors(modality="image").values()
    assert value.shape == (224, 224, 1)
    assert len(np.unique(value)) < 2000  # Constant within regions.


def test_words_of_the_metadata(documented):
    (one, *_) = documented.explain(instances(IRIS))
    found = one.get_attribution()
    assert (found.output_name, found.label_index, found.label_name) == ("class", 0, "setosa")
    names = IRIS_METADATA["inputs"]["bloom"]["index_feature_mapping"]
    assert list(one.feature_importance()) == names
    for modality in ("numeric", "categorical", "tabular", "all"):
        assert list(one.feature_importance(modality=modality)) == names
    assert found.attrs_dict["bloom"].shape == (4,)
    want = expected(IRIS)
    assert found.baseline_score == pytest.approx(want["score_baseline"][0], abs=1e-5)
    np.testing.assert_allclose(
        list(one.feature_importance().values()), want["ig.flower"][0], atol=2e-3
    )


def test_metadata_of_vertex_says_the_same(documented, tmp_path):
    vertex = {
        "inputs": {
            "bloom": {
                "inputTensorName": "flower",
                "encoding": "BAG_OF_FEATURES",
                "modality": "numeric",
                "indexFeatureMapping": ["sepal_l", "sepal_w", "petal_l", "petal_w"],
                "inputBaselines": [MEDIANS],
            }
        },
        "outputs": {
            "class": {
                "outputTensorName": "probabilities",
                "indexDisplayNameMapping": ["setosa", "versicolor", "virginica"],
            }
        },
    }
    model = explainable_ai_sdk.load_model_from_local_path(
        with_metadata(IRIS, vertex, tmp_path), IntegratedGradientsConfig(20)
    )
    params = AttributionParameters(baselines=[{"flower": [5.0, 3.0, 1.0, 0.5]}])
    for parameters in (None, params):
        found, want = (
            one.explain(instances(IRIS), parameters)[0].get_attribution()
            for one in (model, documented)
        )
        assert found.feature_importance() == pytest.approx(want.feature_importance(), rel=1e-4)
        assert found.baseline_score == pytest.approx(want.baseline_score, rel=1e-5)
        assert (found.label_name, found.output_name) == (want.label_name, want.output_name)


@pytest.mark.parametrize("modality", ["text", "structured", "categorical"])
def test_modality_of_the_metadata(tmp_path, modality):
    metadata = copy.deepcopy(IRIS_METADATA)
    metadata["inputs"]["bloom"].update(encoding="identity", modality=modality)
    model = explainable_ai_sdk.load_model_from_local_path(
        with_metadata(IRIS, metadata, tmp_path), IntegratedGradientsConfig(20)
    )
    (one,) = model.explain(instances(IRIS)[:1])
    assert one.feature_importance(modality=modality).keys() == {"bloom"}
    assert one.feature_importance(modality="numeric") == {}
    assert one.feature_importance(modality="tabular").keys() == (
        {"bloom"} if modality == "categorical" else set()
    )


def test_a_picture_that_the_metadata_calls_numeric_stays_numbers(tmp_path):
    metadata = {
        "inputs": {"picture": {"input_tensor_name": "numpy_inputs", "modality": "numeric"}},
        "outputs": {"probabilities": {"output_tensor_name": "probabilities"}},
        "framework": "tensorflow2",
    }
    model = explainable_ai_sdk.load_model_from_local_path(
        with_metadata(IMAGES, metadata, tmp_path), IntegratedGradientsConfig(2)
    )
    (one,) = model.explain(instances(IMAGES)[:1])
    assert one.get_attribution().post_processed_attributions["picture"].shape == (224, 224, 3)
    assert one.feature_importance(modality="numeric").keys() == {"picture"}


def test_inputs_of_a_group_are_one_feature(tmp_path):
    name = "tf2_tabular_preprocess_two_outputs"
    group = {"modality": "categorical", "group_name": "all_of_it"}
    metadata = {
        "inputs": {key: {"input_tensor_name": key, **group} for key in ("colour_onehot", "scaled")},
        "outputs": {"value": {"output_tensor_name": "value"}},
        "framework": "tensorflow2",
    }
    model = explainable_ai_sdk.load_model_from_local_path(
        with_metadata(name, metadata, tmp_path), IntegratedGradientsConfig(50)
    )
    (one,) = model.explain(instances(name)[:1])
    found = one.get_attribution()
    assert one.feature_importance(modality="categorical") == pytest.approx(
        {"all_of_it": found.example_score - found.baseline_score}, abs=1e-3
    )


def test_text_at_its_encoded_tensor(tmp_path):
    name = "tf1_dnn_classifier_parsing"
    golden = json.loads((MODELS / name / "encoded.json").read_text())
    columns = "dnn/input_from_feature_columns/input_layer/"
    metadata = {
        "inputs": {
            "age": {
                "input_tensor_name": "ParseExample/ParseExampleV2:6",
                "input_baselines": [[40.0]],
            },
            "hours": {
                "input_tensor_name": "ParseExample/ParseExampleV2:7",
                "input_baselines": [[35.0]],
            },
            "job": {
                "input_tensor_name": "ParseExample/ParseExampleV2:2",
                "indices_tensor_name": "ParseExample/ParseExampleV2:0",
                "dense_shape_tensor_name": "ParseExample/ParseExampleV2:4",
                "encoding": "combined_embedding",
                "modality": "text",
                "encoded_tensor_name": columns + "job_embedding/Reshape:0",
                "encoded_baselines": [0],
            },
        },
        "outputs": {"score": {"output_tensor_name": golden["output"]}},
        "framework": "tensorflow",
    }
    model = explainable_ai_sdk.load_model_from_local_path(
        with_metadata(name, metadata, tmp_path), IntegratedGradientsConfig(400)
    )
    explained = model.explain(instances(name))
    for one in explained:
        found = one.get_attribution()
        assert one.feature_importance(modality="text").keys() == {"job"}
        assert one.feature_importance(modality="tabular").keys() == {"age", "hours"}
        assert one.as_tensors()["job"].size == 1
        difference = found.example_score - found.baseline_score
        assert sum(one.feature_importance().values()) == pytest.approx(
            difference, abs=5e-3 * abs(difference)
        )
    scores = [one.get_attribution().example_score for one in explained]
    np.testing.assert_allclose(scores, [row["score"] for row in golden["rows"]], atol=1e-4)


def labels(explained):
    return [one.get_top_k_indices() for one in explained]


# What is asked for, and the labels of the three irises, those of the highest scores first.
LABELS = {
    "nothing": ({}, [[0], [1], [1]]),
    "top_2": ({"top_k": 2}, [[0, 1], [1, 2], [1, 2]]),
    "all": ({"top_k": -1}, [[0, 1, 2], [1, 2, 0], [1, 2, 0]]),
    "the_same_for_all": ({"label_indices": [2]}, [[2], [2], [2]]),
    "two_for_all": ({"label_indices": [2, 0]}, [[0, 2], [2, 0], [2, 0]]),
    "one_for_each": ({"label_indices": [[0], [2], [0]]}, [[0], [2], [0]]),
    "two_for_each": ({"label_indices": [[0, 1], [1, 2], [0, 2]]}, [[0, 1], [1, 2], [2, 0]]),
    "arrays": ({"label_indices": np.array([[0], [2], [0]])}, [[0], [2], [0]]),
    "indices_before_top_k": ({"label_indices": [1], "top_k": 3}, [[1], [1], [1]]),
    "empty": ({"label_indices": []}, [[0], [1], [1]]),
}


@pytest.mark.parametrize("asked, want", LABELS.values(), ids=LABELS)
def test_labels(iris, asked, want):
    explained = iris.explain(instances(IRIS), AttributionParameters(**asked))
    assert labels(explained) == want
    rows = [one.get_attribution().values_dict["flower"] for one in explained]
    np.testing.assert_allclose(rows, instances(IRIS), rtol=1e-6)


@pytest.mark.parametrize("wrong", [[[0], [1]], [0, [1], [2]]], ids=["too_few", "mixed"])
def test_labels_for_some_instances_only_are_refused(iris, wrong):
    with pytest.raises(whylight.InvalidArgumentError, match="a list of labels for each of 3"):
        iris.explain(instances(IRIS), AttributionParameters(label_indices=wrong))


@pytest.mark.parametrize("labels", [[0], [[0], [1], [2]], [[0], [1], [0]]], ids=str)
def test_a_wrong_instance_is_named_by_its_place(iris, labels):
    rows = [*instances(IRIS)[:2], [1.0, 2.0, 3.0]]
    with pytest.raises(whylight.InvalidArgumentError, match=r"^instances\[2\]: .*4 values, got 3"):
        iris.explain(rows, AttributionParameters(label_indices=labels))


def test_no_instances_are_no_explanations(iris):
    assert iris.explain([]) == []


def test_instances_may_be_an_array(iris):
    rows = np.array(instances(IRIS))
    params = AttributionParameters(label_indices=[[0], [1], [0]])
    assert labels(iris.explain(rows, params)) == [[0], [1], [0]]


BASELINES = {
    "bare": [MEDIANS],
    "by_input": [{"flower": MEDIANS}],
    "array": [np.array(MEDIANS)],
}


@pytest.mark.parametrize("baselines", BASELINES.values(), ids=BASELINES)
def test_a_baseline(iris, baselines):
    (one, *_) = iris.explain(instances(IRIS), AttributionParameters(baselines=baselines))
    want = expected(IRIS)["score_baseline"][0]
    assert one.get_attribution().baseline_score == pytest.approx(want, abs=1e-5)


def test_several_baselines_are_averaged_over(iris):
    rows = instances(IRIS)[:1]
    alone = [
        iris.explain(rows, AttributionParameters(baselines=[one]))[0].as_tensors()["flower"]
        for one in (MEDIANS, [0.0, 0.0, 0.0, 0.0])
    ]
    both = iris.explain(rows, AttributionParameters(baselines=[MEDIANS, [0.0, 0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(both[0].as_tensors()["flower"], np.mean(alone, axis=0), rtol=1e-6)


def test_baselines_by_the_names_of_the_metadata(documented):
    rows = instances(IRIS)[:1]
    found = [
        documented.explain(rows, AttributionParameters(baselines=[{name: [1.0, 1.0, 1.0, 1.0]}]))
        for name in ("bloom", "flower")
    ]
    first, second = (one[0].get_attribution() for one in found)
    assert first.feature_importance() == pytest.approx(second.feature_importance(), rel=1e-4)
    assert first.baseline_score != documented.explain(rows)[0].get_attribution().baseline_score


def test_a_baseline_of_tensorflow_1_is_by_key_tensor_or_name(tmp_path):
    name = "tf1_dnn_classifier_raw"
    tensors = {key: f"{key}_1:0" for key in instances(name)[0]}
    metadata = {
        "inputs": {"my_" + key: {"input_tensor_name": tensors[key]} for key in tensors},
        "outputs": {
            "probabilities": {"output_tensor_name": "dnn/head/predictions/probabilities:0"}
        },
        "framework": "tensorflow",
    }
    model = explainable_ai_sdk.load_model_from_local_path(
        with_metadata(name, metadata, tmp_path), IntegratedGradientsConfig(20)
    )
    whole, row = expected(name), instances(name)[0]
    want = dict(zip(tensors, (float(whole["baseline." + key]) for key in tensors)))
    for names in (dict(zip(tensors, tensors)), tensors, {key: "my_" + key for key in tensors}):
        baseline = {names[key]: value for key, value in want.items()}
        (one,) = model.explain([row], AttributionParameters(baselines=[baseline]))
        assert one.get_attribution().baseline_score == pytest.approx(
            whole["score_baseline"][0], abs=1e-5
        )
        assert one.feature_importance().keys() == {"my_" + key for key in tensors}


@pytest.mark.parametrize("name, key", [(IMAGES, "numpy_inputs"), (TEXTS, "embeddings")])
def test_a_baseline_that_is_an_instance_is_preprocessed(name, key):
    model = load(name, IntegratedGradientsConfig(2))
    row, baseline = instances(name)[:2]
    as_served, as_explained = (
        model.explain([row], AttributionParameters(baselines=[one]))[0].get_attribution()
        for one in (baseline, {key: expected(name)["pre." + key][1]})
    )
    assert as_served.baseline_score == pytest.approx(as_explained.baseline_score, abs=1e-5)
    whole = expected(name)
    index = as_served.label_index
    want = whole[next(k for k in whole if k.startswith("xai."))][1, index]
    assert as_served.baseline_score == pytest.approx(want, abs=1e-5)


def test_an_instance_goes_before_an_explained_input_of_the_same_name(tmp_path):
    metadata = {
        "inputs": {"bytes_inputs": {"input_tensor_name": "numpy_inputs"}},
        "outputs": {"probabilities": {"output_tensor_name": "probabilities"}},
        "framework": "tensorflow2",
    }
    model = explainable_ai_sdk.load_model_from_local_path(
        with_metadata(IMAGES, metadata, tmp_path), IntegratedGradientsConfig(2)
    )
    row, baseline = instances(IMAGES)[:2]
    (one,) = model.explain([row], AttributionParameters(baselines=[baseline]))
    found = one.get_attribution()
    want = expected(IMAGES)["xai.probabilities"][1, found.label_index]
    assert found.baseline_score == pytest.approx(want, abs=1e-5)


def test_a_baseline_of_several_preprocessed_inputs():
    name = "tf2_tabular_preprocess_two_outputs"
    first, second = instances(name)
    params = AttributionParameters(baselines=[second])
    (one,) = load(name).explain([first], params)
    assert one.get_attribution().baseline_score == pytest.approx(
        expected(name)["xai.value"][1, 0], abs=1e-5
    )


WRONG_BASELINES = {
    "unknown": ([{"petal": 1.0}], r"baselines\[0\]: .* by input, of flower, got petal"),
    "unlike": ([{"flower": MEDIANS}, {}], r"baselines\[1\]: expected the inputs of baselines\[0\]"),
}


@pytest.mark.parametrize("given, message", WRONG_BASELINES.values(), ids=WRONG_BASELINES)
def test_baselines_that_are_none_are_refused(iris, given, message):
    with pytest.raises(whylight.InvalidArgumentError, match=message):
        iris.explain(instances(IRIS), AttributionParameters(baselines=given))


def test_a_call_may_take_other_steps(iris):
    rows = instances(IRIS)[:1]
    default, one, same = (
        iris.explain(rows, AttributionParameters(attribution_config=config))[0]
        for config in (None, IntegratedGradientsConfig(1), IntegratedGradientsConfig(100))
    )
    assert one.feature_importance() != pytest.approx(default.feature_importance(), rel=1e-2)
    assert same.feature_importance() == pytest.approx(default.feature_importance(), rel=1e-4)


@pytest.mark.parametrize("other", [SampledShapleyConfig(), XraiConfig()])
def test_a_call_may_not_take_another_method(iris, other):
    with pytest.raises(whylight.InvalidArgumentError, match="of integrated-gradients, with which"):
        iris.explain(instances(IRIS), AttributionParameters(attribution_config=other))


def test_a_config_of_ones_own():
    class Mine(configs.XraiConfig):
        pass

    (one,) = load(IMAGES, Mine(step_count=2)).explain(instances(IMAGES)[:1])
    assert one.as_tensors()["numpy_inputs"].shape == (224, 224, 1)


def test_defaults_of_configs():
    assert IntegratedGradientsConfig().step_count == XraiConfig().step_count == 50
    assert SampledShapleyConfig().path_count == 10
    with pytest.raises(AttributeError):
        IntegratedGradientsConfig().step_count = 7


def test_several_outputs_need_metadata(tmp_path):
    name = "tf2_dict_inputs_mixed"
    with pytest.raises(whylight.InvalidArgumentError, match="only output of explanation_metadata"):
        load(name).explain(instances(name))
    inputs = {key: {"input_tensor_name": key} for key in ("age", "hours", "gain", "history")}
    outputs = {key: {"output_tensor_name": key} for key in ("risk", "income")}
    for names in (["risk"], ["risk", "income"]):
        metadata = {
            "inputs": inputs,
            "outputs": {key: outputs[key] for key in names},
            "framework": "tensorflow2",
        }
        model = explainable_ai_sdk.load_model_from_local_path(
            with_metadata(name, metadata, tmp_path / str(len(names))), IntegratedGradientsConfig()
        )
        if len(names) == 1:
            (one, _) = model.explain(instances(name))
            assert one.get_attribution().output_name == "risk"
        else:
            with pytest.raises(whylight.InvalidArgumentError, match="one output, got risk, inc"):
                model.explain(instances(name))


def test_integers_are_categorical():
    name = "tf2_int_onehot"
    (one, *_) = load(name, SampledShapleyConfig()).explain(instances(name))
    assert one.feature_importance(modality="categorical").keys() == {"codes"}
    assert one.feature_importance(modality="numeric").keys() == {"amount"}
    assert one.feature_importance(modality="tabular").keys() == {"codes", "amount"}


def test_a_model_that_cannot_be_explained_says_why_and_predicts():
    name = "tf2_string_output_only"
    model = load(name)
    assert len(model.predict(instances(name))["predictions"]) == len(instances(name))
    with pytest.raises(whylight.ModelError, match="xai_model"):
        model.explain(instances(name))


def test_what_is_wrong_is_said_when_loading(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        explainable_ai_sdk.load_model_from_local_path(
            str(tmp_path / "nowhere"), IntegratedGradientsConfig()
        )
    with pytest.raises(ValueError, match="expected one of IntegratedGradientsConfig.*got dict"):
        explainable_ai_sdk.load_model_from_local_path(model_path(IRIS), {"step_count": 5})


@pytest.mark.parametrize("text", ["{", "[]", '{"inputs": 3}', '{"inputs": {"flower": 3}}'])
def test_metadata_that_is_none_is_said_when_explaining(tmp_path, text):
    path = with_metadata(IRIS, {}, tmp_path)
    (tmp_path / IRIS / "explanation_metadata.json").write_text(text)
    model = explainable_ai_sdk.load_model_from_local_path(path, IntegratedGradientsConfig())
    with pytest.raises(whylight.InvalidArgumentError, match="explanation_metadata.json"):
        model.explain(instances(IRIS))


def test_a_class_of_ones_own_can_be_loaded(monkeypatch):
    monkeypatch.setattr(model_factory, "_local_model", model_factory._local_model)
    model_factory.register_local_model(lambda path, config: (path, config))
    assert explainable_ai_sdk.load_model_from_local_path("here", None) == ("here", None)

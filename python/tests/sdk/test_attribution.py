"""Attributions: read from answers of both services, and written again."""

import copy
import json

import numpy as np
import pytest
from cases import ANSWERS, DEBUG, PICTURE, REGRESSION, SECOND, TABULAR, VERTEX, VERTEX_SECOND

from whylight.explainable_ai_sdk.common import attribution


def plain(value):
    return json.loads(attribution._json(value))


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_what_is_read_is_written_again(answer):
    given = copy.deepcopy(answer)
    read = attribution.Attribution.from_dict(given)
    assert given == answer, "an answer that is read is not changed"
    want = {"label_index": -1, **answer}
    assert plain(read.to_dict(debug="debug_input_values" in answer)) == want
    assert json.loads(attribution.Attribution.from_json(read.to_json()).to_json()) == json.loads(
        read.to_json()
    )


def test_properties():
    read = attribution.Attribution.from_dict(DEBUG)
    assert (read.output_name, read.label_index, read.label_name) == ("income", 2, "rich")
    assert (read.baseline_score, read.example_score, read.approx_error) == (0.125, 0.75, 0.0625)
    np.testing.assert_array_equal(read.attrs_dict["history"], [0.5, -1.5, 0.25])
    np.testing.assert_array_equal(read.values_dict["history"], [1, 2, 3])
    assert read.post_processed_attributions["age"] == 0.25


def test_importance_is_the_sum_over_elements():
    read = attribution.Attribution.from_dict(TABULAR)
    assert read.feature_importance() == {"age": 0.25, "history": -0.75}
    assert read.feature_importance(["history", "unknown"]) == {"history": -0.75}
    assert read.feature_importance([]) == {}


def test_tensors_keep_their_shape_and_may_be_changed():
    read = attribution.Attribution.from_dict(TABULAR)
    tensors = read.as_tensors()
    np.testing.assert_array_equal(tensors["history"], [0.5, -1.5, 0.25])
    assert tensors["age"].shape == ()
    tensors["history"][:] = 0
    assert read.feature_importance()["history"] == -0.75


def test_integers_of_json_are_numbers():
    read = attribution.Attribution.from_dict({**TABULAR, "attributions": {"a": 0, "b": [1, 2]}})
    assert read.feature_importance() == {"a": 0.0, "b": 3.0}
    assert read.as_tensors()["b"].dtype == np.float64


def test_strings_beside_numbers_are_kept():
    rows = [["baker", "cook"], [0.25, -0.5]]  # A sparse input: values, and their attributions.
    read = attribution.Attribution.from_dict({**TABULAR, "attributions": {"job": rows, "age": 1.0}})
    assert plain(read.to_dict())["attributions"]["job"] == rows
    assert read.feature_importance() == {"age": 1.0}


def test_lists_of_unequal_length_are_kept():
    ragged = [[0.5], [0.25, 1.0]]
    read = attribution.Attribution.from_dict({**TABULAR, "attributions": {"words": ragged}})
    assert plain(read.to_dict())["attributions"]["words"] == ragged


def test_a_picture_without_numbers_has_no_importance():
    assert attribution.Attribution.from_dict(PICTURE).feature_importance() == {}


@pytest.mark.parametrize("form", ["raw", "compressed"])
def test_numbers_behind_a_picture_are_used(form):
    source = attribution.Attribution(
        "probabilities", 0.0, 0.5, attrs_dict={"image": np.array([[0.25, 0.5]])},
        processed_attrs_dict={"image": {"b64_jpeg": "AAAA"}},
    )  # fmt: skip
    written = source.to_dict(debug=form == "raw", include_compressed_attrs_dict=form != "raw")
    read = attribution.Attribution.from_dict(plain(written))
    assert read.feature_importance() == {"image": 0.75}
    np.testing.assert_array_equal(read.as_tensors()["image"], [[0.25, 0.5]])


def test_only_the_picture_is_written():
    drawn = {"b64_png": "AA", "transformed_b64_png": "BB", "scale": 3}
    answer = {**PICTURE, "attributions": {"image": drawn}}
    read = attribution.Attribution.from_dict(answer)
    assert read.to_dict()["attributions"]["image"] == {"b64_png": "AA", "transformed_b64_png": "BB"}
    assert read.to_dict(debug=True)["attributions"]["image"] == drawn


def test_a_picture_is_an_object_and_an_array():
    picture = attribution.Picture({"b64_jpeg": "AAAA"}, np.array([[1.0, 2.0]], dtype=np.float32))
    assert json.dumps(picture) == '{"b64_jpeg": "AAAA"}'
    np.testing.assert_array_equal(np.array(picture), [[1, 2]])
    assert np.asarray(picture, dtype=np.float64).dtype == np.float64


def test_input_values_are_written_on_request():
    read = attribution.Attribution.from_dict(DEBUG)
    assert "input_values_dict" not in read.to_dict()
    written = plain(read.to_dict(include_input_values=True))
    assert written["input_values_dict"] == DEBUG["debug_input_values"]


def test_an_answer_without_attributions_is_refused():
    with pytest.raises(KeyError, match="expected the key 'attributions', got output_name"):
        attribution.Attribution.from_dict({"output_name": "income"})


LABELS = {
    "none": (None, -1),
    "scalar": (-1, -1),
    "number": (3, 3),
    "numpy": (np.int64(3), 3),
    "list_of_one": ([3], 3),
    "list": ([3, 1], (3, 1)),
    "tuple": ((3, 1), (3, 1)),
    "doubles": ([3.0], 3),
    "empty": ([], -1),
}


@pytest.mark.parametrize("given, want", LABELS.values(), ids=LABELS.keys())
def test_label_index(given, want):
    found = attribution.Attribution("y", 0.0, 1.0, label_index=given).label_index
    assert found == want
    assert isinstance(found, (int, tuple))


def test_labels_are_a_mapping_by_index():
    labels = attribution.LabelIndexToAttribution.from_list([TABULAR, SECOND])
    assert list(labels) == [2, 0]
    assert len(labels) == 2
    assert labels[2].label_name == "rich"
    assert labels[[2]] is labels[2]
    with pytest.raises(KeyError, match="label index 7: was not explained; those that were: 2, 0"):
        labels[7]
    with pytest.raises(TypeError):
        labels[1] = labels[2]


def test_labels_of_the_highest_scores():
    labels = attribution.LabelIndexToAttribution.from_list([TABULAR, SECOND])
    assert labels.get_top_k_label_index_list() == [0]
    assert labels.get_top_k_label_index_list(5) == [0, 2]
    assert labels.get_top_k_label_index_list(None) == [0, 2]


def test_labels_are_written_and_read():
    labels = attribution.LabelIndexToAttribution.from_list([TABULAR, SECOND])
    assert plain(labels.to_list()) == [SECOND, TABULAR]
    assert plain(labels.to_dict()) == {"2": TABULAR, "0": SECOND}
    assert attribution.LabelIndexToAttribution.from_json(labels.to_json()).to_json() == (
        labels.to_json()
    )


def test_labels_with_several_axes():
    labels = attribution.LabelIndexToAttribution.from_list([{**TABULAR, "label_index": [4, 1]}])
    assert labels[(4, 1)] is labels[[4, 1]]
    assert labels.get_top_k_label_index_list() == [(4, 1)]


def test_vertex_answers_with_several_labels_and_keys_of_others():
    read = attribution.LabelIndexToAttribution.from_vertex_response(
        [{**VERTEX, "somethingElse": 1}, VERTEX_SECOND]
    )
    assert plain(read.to_list()) == [SECOND, TABULAR]


def test_zeros_that_json_left_out_are_zeros():
    read = attribution.LabelIndexToAttribution.from_vertex_response(
        [{"featureAttributions": REGRESSION["attributions"], "outputName": "duration"}]
    )
    assert (read[-1].baseline_score, read[-1].example_score) == (0.0, 0.0)
    assert read[-1].approx_error is None

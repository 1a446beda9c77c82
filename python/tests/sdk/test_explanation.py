"""Explanations: labels, modalities, and what they draw."""

import base64
import sys

import numpy as np
import pytest
from cases import PICTURE, PNG_TEXT, REGRESSION, SECOND, TABULAR, VERTEX, VERTEX_SECOND

from whylight.explainable_ai_sdk.common import attribution
from whylight.explainable_ai_sdk.model import explanation

MODALITIES = {
    "numeric": ["age"],
    "text": ["history"],
    "tabular": ["age"],
    "all": ["age", "history"],
}


@pytest.fixture
def explained():
    return explanation.Explanation.from_ai_platform_response([TABULAR, SECOND], {}, MODALITIES)


@pytest.fixture
def pyplot(monkeypatch):
    """matplotlib's, that shows nothing; `shown` are the figures."""
    matplotlib = pytest.importorskip("matplotlib", reason="drawing needs matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.shown = []
    monkeypatch.setattr(pyplot, "show", lambda: pyplot.shown.append(pyplot.gcf()))
    yield pyplot
    pyplot.close("all")


def test_the_label_of_the_highest_score_is_the_default(explained):
    assert explained.get_attribution().label_index == 0
    assert explained.get_attribution(2).label_name == "rich"
    assert explained.get_top_k_indices() == [0, 2]
    assert explained.get_top_k_indices(1) == [0]
    with pytest.raises(KeyError, match="those that were: 2, 0"):
        explained.get_attribution(1)


def test_both_services_answers_are_read_alike(explained):
    vertex = explanation.Explanation.from_vertex_response([VERTEX, VERTEX_SECOND], {}, MODALITIES)
    for label in (0, 2):
        assert vertex.feature_importance(label) == explained.feature_importance(label)
        assert vertex.get_attribution(label).to_json() == explained.get_attribution(label).to_json()


@pytest.mark.parametrize(
    "modality, want",
    [
        ("all", {"age": 0.25, "history": -0.75}),
        ("numeric", {"age": 0.25}),
        ("text", {"history": -0.75}),
        ("image", {}),
    ],
)
def test_modalities(explained, modality, want):
    assert explained.feature_importance(2, modality) == want
    assert explained.as_tensors(2, modality).keys() == want.keys()


def test_a_modality_that_does_not_exist_is_refused(explained):
    with pytest.raises(KeyError, match="'images': expected one of numeric, image, text"):
        explained.feature_importance(modality="images")


def test_tensors(explained):
    np.testing.assert_array_equal(explained.as_tensors(2)["history"], [0.5, -1.5, 0.25])


def test_scores_are_printed(explained, pyplot, capsys):
    explained.visualize_attributions(2)
    text = capsys.readouterr().out
    assert "label: 2 rich\n" in text
    assert "score: 0.7500\nscore of the baseline: 0.1250\napproximation error: 0.0625\n" in text
    assert "above 5%" in text
    explained.visualize_attributions(2, print_label_index=False)
    assert "label" not in capsys.readouterr().out


def test_a_small_error_is_no_warning(pyplot, capsys):
    answer = {**TABULAR, "approx_error": 0.04}
    explanation.Explanation.from_ai_platform_response([answer], {}, {}).visualize_attributions()
    assert "warning" not in capsys.readouterr().out


def test_a_single_number_has_no_label(pyplot, capsys):
    modalities = {"numeric": ["wind"], "tabular": ["wind"], "all": ["wind"]}
    explained = explanation.Explanation.from_ai_platform_response([REGRESSION], {}, modalities)
    explained.visualize_attributions()
    text = capsys.readouterr().out
    assert "label" not in text
    assert "error" not in text


def bars(figure):
    """(name, length) from the top."""
    axes = figure.axes[0]
    assert axes.yaxis_inverted()
    names = [label.get_text() for label in axes.get_yticklabels()]
    return list(zip(names, [bar.get_width() for bar in axes.patches]))


def test_the_largest_are_drawn_also_where_they_are_negative(explained, pyplot):
    explained.visualize_top_k_features(k=1, label_index=2)
    assert bars(pyplot.shown[0]) == [("history", -0.75)]
    explained.visualize_top_k_features(k=None, label_index=2)
    assert bars(pyplot.shown[1]) == [("history", -0.75), ("age", 0.25)]


def test_tabular_features_are_drawn_together(explained, pyplot):
    explained.visualize_attributions(2)
    assert [bars(figure) for figure in pyplot.shown] == [[("age", 0.25)]]


@pytest.mark.parametrize("key", ["b64_jpeg", "b64_png"])
def test_pictures_are_drawn(pyplot, key):
    data = PNG_TEXT
    if key == "b64_jpeg":
        import io

        from PIL import Image

        jpeg = io.BytesIO()
        Image.new("RGB", (1, 1), (0, 255, 0)).save(jpeg, format="JPEG")
        data = base64.b64encode(jpeg.getvalue()).decode()
    answer = {**PICTURE, "attributions": {"image": {key: data}}}
    modalities = {"image": ["image"], "all": ["image"]}
    explained = explanation.Explanation.from_ai_platform_response([answer], {}, modalities)
    explained.visualize_attributions()
    (figure,) = pyplot.shown
    drawn = np.asarray(figure.axes[0].images[0].get_array()).reshape(-1)[:3]
    assert drawn[1] > 0.9 * drawn.max() and drawn[0] < 0.1 * drawn[1]
    assert figure.axes[0].get_title() == "image"


def test_what_is_no_picture_is_named(pyplot):
    one = attribution.Attribution("y", 0.0, 1.0, attrs_dict={"image": np.zeros(2)})
    labels = attribution.LabelIndexToAttribution([one])
    explained = explanation.Explanation(labels, {}, {"image": ["image"]})
    with pytest.raises(ValueError, match="image: expected a picture.*got ndarray"):
        explained.visualize_attributions()


def test_without_matplotlib_the_error_says_so(explained, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        explained.visualize_top_k_features()

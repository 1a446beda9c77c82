"""Explanations against closed forms, in every form that instances have."""

import json

import numpy as np
import pytest
from conftest import model_path

import whylight

X = np.array([[1.0, 2.0, 0.5, -3.0], [0.0, 0.0, 0.0, 0.0], [-1.5, 4.0, 3.0, 0.25]])


def closed_form(x):
    """Integrated Gradients and Shapley values of 2 a + a b + sin(c) + d^2 from zeros."""
    a, b, c, d = x.T
    return np.stack([2 * a + a * b / 2, a * b / 2, np.sin(c), d * d], axis=1)


@pytest.fixture(scope="module")
def closed():
    return whylight.load(model_path("tf2_closed_form_module"))


def attributions(explanations):
    stacked = explanations.arrays()["x"]
    np.testing.assert_array_equal(stacked, [one.features["x"] for one in explanations])
    return stacked


FORMS = {
    "array": X,
    "array_of_float32": X.astype(np.float32),
    "columns": {"x": X},
    "lists": X.tolist(),
    "objects": [{"x": row.tolist()} for row in X],
    "objects_of_arrays": [{"x": row} for row in X],
}


@pytest.mark.parametrize("instances", FORMS.values(), ids=FORMS.keys())
def test_every_form_of_instances_is_the_same(closed, instances):
    found = closed.explain(instances, steps=50)
    np.testing.assert_allclose(attributions(found), closed_form(X), atol=1e-5)


@pytest.mark.parametrize("name", ["csv", "jsonl", "path_object"])
def test_files(closed, tmp_path, name):
    if name == "csv":
        path = tmp_path / "rows.csv"
        path.write_text("\n".join(",".join(map(str, row)) for row in X.tolist()) + "\n")
    else:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in X.tolist()))
    found = closed.explain(path if name == "path_object" else str(path), steps=50)
    np.testing.assert_allclose(attributions(found), closed_form(X), atol=1e-5)


def test_frames_name_the_elements(closed):
    pd = pytest.importorskip("pandas")
    found = closed.explain(pd.DataFrame(X, columns=["a", "b", "c", "d"]), steps=50)
    assert found[0].attributions[0].element_names == {"x": ["a", "b", "c", "d"]}
    frame = found.to_dataframe()
    np.testing.assert_allclose(frame[["a", "b", "c", "d"]].to_numpy(), closed_form(X), atol=1e-5)
    assert list(frame["instance"]) == [0, 1, 2]


def test_frames_with_a_column_for_each_input():
    pd = pytest.importorskip("pandas")
    model = whylight.load(model_path("tf2_dict_inputs_mixed"))
    frame = pd.DataFrame({"age": [31.0, 44.0], "hours": [40, 20], "gain": [0.0, 5.0], "note": ["a", "b"]})
    with pytest.raises(whylight.InvalidArgumentError, match="expected columns age, gain, history"):
        model.explain(frame, output_name="risk")


@pytest.mark.parametrize(
    "method, options",
    [
        ("sampled-shapley", {"paths": "exact"}),
        ("kernel-shap", {}),
        ("integrated-gradients", {}),
        ("integrated-gradients", {"steps": "auto", "tolerance": 1e-4}),
    ],
)
def test_methods(closed, method, options):
    found = closed.explain(X, method, **options)
    np.testing.assert_allclose(attributions(found), closed_form(X), atol=1e-4)
    assert found.plan["method"] == method


def test_baselines(closed):
    start = np.array([1.0, 1.0, 0.0, 2.0])
    given = closed.explain(X, steps=50, baselines={"x": start})
    sums = attributions(given).sum(axis=1)
    difference = [a.instance_output - a.baseline_output for a in (e.attributions[0] for e in given)]
    np.testing.assert_allclose(sums, difference, atol=1e-4)
    several = closed.explain(X, steps=50, baselines={"x": (start, 0)})
    np.testing.assert_allclose(
        attributions(several), (attributions(given) + closed_form(X)) / 2, atol=1e-5
    )
    mean = closed.explain(X, steps=50, baselines="mean", baseline_data=np.stack([start, start]))
    np.testing.assert_allclose(attributions(mean), attributions(given), atol=1e-6)


def test_values_are_views_that_outlive_their_answer(closed):
    found = closed.explain(X, steps=50)
    values = found[0].features["x"]
    assert not values.flags.writeable and not values.flags.owndata
    assert np.shares_memory(values, found[0].features["x"])
    expected = values.copy()
    del found
    closed.explain(X[::-1].copy(), steps=50)
    np.testing.assert_array_equal(values, expected)


def test_predictions(closed, iris):
    a, b, c, d = X.T
    np.testing.assert_allclose(closed.predict(X), 2 * a + a * b + np.sin(c) + d * d, atol=1e-5)
    first = iris.predict([[5.1, 3.5, 1.4, 0.2]])[0]
    assert first["label"] == "setosa"
    np.testing.assert_allclose(first["probability"], 0.9976, atol=1e-4)


def test_forms_of_answers(iris, tmp_path):
    labels = ["setosa", "versicolor", "virginica"]
    found = iris.explain([[5.1, 3.5, 1.4, 0.2]], labels=labels, top_k=2, steps=20)
    vertex = found.to_dict()
    one = vertex["explanations"][0]["attributions"][0]
    assert set(one) == {
        "baselineOutputValue", "instanceOutputValue", "featureAttributions", "outputIndex",
        "outputDisplayName", "approximationError", "outputName",
    }  # fmt: skip
    assert one == found[0].attributions[0].to_dict()
    assert one["outputDisplayName"] == "setosa" and one["outputIndex"] == [0]
    legacy = found.to_legacy()["explanations"][0]["attributions_by_label"]
    assert [entry["label_name"] for entry in legacy] == ["setosa", "versicolor"]
    assert legacy[0]["attributions"] == one["featureAttributions"]
    assert legacy[0]["example_score"] == one["instanceOutputValue"]
    path = found.save(tmp_path / "out.jsonl")
    line = json.loads(open(path).read())
    assert line["explanation"] == vertex["explanations"][0]
    assert line["instance"] == pytest.approx([5.1, 3.5, 1.4, 0.2])
    page = open(found.report(tmp_path / "why.html", title="Irises")).read()
    assert '"title":"Irises"' in page and "whylight-details" in page
    html = found._repr_html_()
    assert "setosa" in html and "<script" not in html


def test_text_in_a_notebook_cannot_be_markup(iris):
    found = iris.explain([[5.1, 3.5, 1.4, 0.2]], labels=["<script>", "b", "c"], steps=5)
    assert "<script>" not in found._repr_html_() and "&lt;script&gt;" in found._repr_html_()


def test_warnings_speak_python(iris):
    found = iris.explain([[5.1, 3.5, 1.4, 0.2]], steps=5)
    fixes = [fix for rule, _, fix in found.warnings if rule == "zero-baseline"]
    assert fixes and "--" not in fixes[0] and "baselines" in fixes[0]
    assert found[0].attributions[0]._repr_html_().split(">", 1)[1] in found[0]._repr_html_()


def test_sequence(iris):
    found = iris.explain(np.ones((5, 4)), steps=5)
    assert len(found) == 5 and found[-1].number == 4 and [e.number for e in found[1:3]] == [1, 2]
    with pytest.raises(IndexError):
        found[5]


@pytest.mark.parametrize(
    "call, message",
    [
        (dict(instances=[[1, 2, 3]]), r"instances\[0\]: expected 4 values, got 3"),
        (dict(instances=np.ones((2, 3))), r"flower: expected rows of shape \[4\], got an array of \[2,3\]"),
        (dict(instances={"flowr": np.ones((1, 4))}), "flower: missing"),
        (dict(instances=np.array([["a"] * 4])), "flower: expected float32, got an array of <U1"),
        (dict(instances=np.empty((0, 4))), "instances: expected at least one"),
        (dict(instances=[]), "instances: expected at least one"),
        (dict(instances=np.full((1, 4), np.nan)), r"instances\[0\].*nan"),
        (dict(instances=np.ones((1, 4)), steps=0), "steps"),
        (dict(instances=np.ones((1, 4)), steps=10**12), "steps: expected an integer of at least"),
        (dict(instances=np.ones((1, 4)), seed=-1), "seed: expected an integer of at least 0"),
        (dict(instances=np.ones((1, 4)), steps="many"), 'steps: expected an integer or "auto", got "many"'),
        (dict(instances=np.ones((1, 4)), method="lime"), "method lime: no such method"),
        (dict(instances=np.ones((1, 4)), method="sampled-shapley", steps=3), "steps: sampled-shapley"),
        (dict(instances=np.ones((1, 4)), baselines={"petal": 0}), "petal"),
        (dict(instances=np.ones((1, 4)), on_error="shrug"), "on_error"),
        (dict(instances=7), "expected rows, arrays, a DataFrame or a file"),
        (dict(instances="nowhere.jsonl"), "nowhere.jsonl"),
    ],
)
def test_what_is_wrong_is_named(iris, call, message):
    with pytest.raises(whylight.WhylightError, match=message):
        iris.explain(**call)


def test_errors_have_classes_and_codes(iris, tmp_path):
    with pytest.raises(FileNotFoundError) as missing:
        whylight.load(tmp_path / "none")
    assert missing.value.code == "NOT_FOUND"
    with pytest.raises(ValueError):
        iris.explain([[1, 2, 3]])
    strings = whylight.load(model_path("tf2_string_output_only"))
    assert strings.check()["verdict"] in ("refuse", "predict_only")
    with pytest.raises(whylight.WhylightError):
        strings.explain([{}])


def test_rows_that_fail_can_be_kept(iris):
    good, bad = [5.1, 3.5, 1.4, 0.2], [1, 2, "old", 4]
    with pytest.raises(whylight.InvalidArgumentError, match=r"instances\[1\]"):
        iris.explain([good, bad])
    found = iris.explain([good, bad, good], on_error="skip", steps=5)
    assert [one.number for one in found] == [0, 2]
    assert [number for number, _ in found.failures] == [1]
    assert "old" in str(found.failures[0][1])


def test_pictures(tmp_path):
    model = whylight.load(model_path("keras2_cnn_digits_saved_model_save"))
    field = model.inspect()["signatures"]["serving_default"]["inputs"]
    name, spec = next(iter(field.items()))
    rng = np.random.default_rng(0)
    pictures = rng.uniform(size=[2, *spec["shape"][1:]])
    found = model.explain({name: pictures}, "xrai", steps=5)
    png = found[0].attributions[0].image()
    assert png.startswith(b"\x89PNG")
    assert found[0].attributions[0].image(name, color_map="viridis", overlay="grayscale") != png
    regions = found[0].attributions[0].regions[name]
    assert sum(region.mask.astype(int) for region in regions).tolist() == np.ones(
        spec["shape"][1:3], int
    ).tolist()
    assert 'src="data:image/png' in found._repr_html_()
    with pytest.raises(whylight.InvalidArgumentError, match="expected the name of one picture"):
        found[0].attributions[0].image("nothing")
    with pytest.raises(whylight.InvalidArgumentError, match="color_map: expected one of"):
        found[0].attributions[0].image(color_map="mauve")


def test_metadata_and_parameters():
    path = model_path("tf2_several_with_xai_model")
    metadata = {
        "inputs": {
            "flower": {
                "input_tensor_name": "flower",
                "encoding": "bag_of_features",
                "index_feature_mapping": ["sl", "sw", "pl", "pw"],
                "input_baselines": [[5.8, 3.0, 4.35, 1.3]],
            }
        },
        "outputs": {"p": {"output_tensor_name": "probabilities"}},
        "framework": "tensorflow2",
    }
    parameters = {"sampledShapleyAttribution": {"pathCount": 10}, "topK": 2}
    model = whylight.load(path, metadata=metadata, parameters=parameters)
    found = model.explain([[5.1, 3.5, 1.4, 0.2]])
    assert found.plan["method"] == "sampled-shapley" and len(found[0].attributions) == 2
    answer = found[0].attributions[0].to_dict()
    assert list(answer["featureAttributions"]) == ["sl", "sw", "pl", "pw"]
    assert answer["outputName"] == "p"
    assert model.explain([[5.1, 3.5, 1.4, 0.2]], "integrated-gradients").plan["method"] != "xrai"
    with pytest.raises(whylight.InvalidArgumentError, match="did you mean 'encoding'"):
        metadata["inputs"]["flower"]["encodin"] = "identity"
        whylight.load(path, metadata=metadata).explain([[5.1, 3.5, 1.4, 0.2]])

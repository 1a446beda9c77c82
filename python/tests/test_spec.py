"""load(spec=...): what a service holds of a model."""

import json

import numpy as np
import pytest
from conftest import model_path

import whylight

FLOWER = [[5.1, 3.5, 1.4, 0.2]]
DESCRIBED = {
    "artifactUri": model_path("tf2_several_with_xai_model"),
    "explanationSpec": {
        "metadata": {
            "inputs": {
                "flower": {"inputTensorName": "flower", "inputBaselines": [[5.8, 3.0, 4.35, 1.3]]}
            },
            "outputs": {"risk": {"outputTensorName": "probabilities"}},
        },
        "parameters": {"integratedGradientsAttribution": {"stepCount": 30}, "topK": 2},
    },
}


@pytest.mark.parametrize("form", ["object", "file"])
def test_a_description_is_all_that_is_needed(form, tmp_path, iris):
    path = tmp_path / "described.json"
    path.write_text(json.dumps(DESCRIBED))
    model = whylight.load(spec=DESCRIBED if form == "object" else path)
    found = model.explain(FLOWER)[0].attributions
    wanted = iris.explain(FLOWER, steps=30, top_k=2, baselines={"flower": [5.8, 3.0, 4.35, 1.3]})
    assert [one.output_name for one in found] == ["risk", "risk"]
    for one, want in zip(found, wanted[0].attributions):
        np.testing.assert_array_equal(one.features["flower"], want.features["flower"])
    assert any(note.endswith("topK: translated to --top-k 2") for note in model.spec_notes)
    assert model.check()["verdict"] == "explain"


def test_what_is_given_wins():
    elsewhere = {**DESCRIBED, "artifactUri": "gs://nowhere/model"}
    model = whylight.load(
        DESCRIBED["artifactUri"],
        spec=elsewhere,
        parameters={"sampledShapleyAttribution": {"pathCount": 10}},
    )
    found = model.explain(FLOWER, top_k=1)
    assert found.to_dict()["explanations"][0]["attributions"][0]["outputName"] == "risk"
    assert len(found[0].attributions) == 1
    assert any("artifactUri: dropped: MODEL is given" in note for note in model.spec_notes)
    assert any("dropped: --parameters is given" in note for note in model.spec_notes)


def test_refusals():
    with pytest.raises(ValueError, match="expected one, or a spec"):
        whylight.load()
    with pytest.raises(ValueError, match="which metadata takes"):
        whylight.load(spec=DESCRIBED["explanationSpec"]["metadata"])
    several = {"deployedModels": [{"id": i, **DESCRIBED} for i in "78"]}
    with pytest.raises(ValueError, match="deployed_model chooses among 7, 8"):
        whylight.load(spec=several)
    assert whylight.load(spec=several, deployed_model="8").spec_notes

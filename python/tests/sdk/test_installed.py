"""Beside Google's own package: the same names and numbers, and our engine as its local model."""

import contextlib
import copy
import http.server
import inspect
import json
import subprocess
import sys
import threading

import numpy as np
import pytest
from cases import ANSWERS, IRIS, SECOND, TABULAR, VERTEX, instances, model_path

pytest.importorskip(
    "explainable_ai_sdk.model", reason="Google's package explainable-ai-sdk is not installed"
)

import explainable_ai_sdk as theirs  # noqa: E402
import matplotlib  # noqa: E402

matplotlib.use("Agg")

from explainable_ai_sdk.common import attribution as their_attribution  # noqa: E402
from explainable_ai_sdk.model import (  # noqa: E402
    configs as their_configs,
    explanation as their_explanation,
    model as their_model,
    model_factory as their_factory,
)

import whylight  # noqa: E402
import whylight.explainable_ai_sdk as ours  # noqa: E402

IMAGES = "tf2_image_preprocess"

ours.register()


def members(kind):
    """By name the parameters of a class's methods; None for what is none."""
    found = {}
    for name, value in inspect.getmembers(kind):
        if name.startswith("_") and name != "__init__":
            continue
        parameters = None
        if callable(value):
            parameters = {
                one.name: one.default for one in inspect.signature(value).parameters.values()
            }
        found[name] = parameters
    return found


CLASSES = [
    (ours.common.attribution.Attribution, their_attribution.Attribution),
    (ours.common.attribution.LabelIndexToAttribution, their_attribution.LabelIndexToAttribution),
    (ours.model.explanation.Explanation, their_explanation.Explanation),
    (ours.IntegratedGradientsConfig, their_configs.IntegratedGradientsConfig),
    (ours.SampledShapleyConfig, their_configs.SampledShapleyConfig),
    (ours.XraiConfig, their_configs.XraiConfig),
    (ours.AttributionParameters, their_configs.AttributionParameters),
]


@pytest.mark.parametrize("mine, other", CLASSES, ids=[other.__name__ for _, other in CLASSES])
def test_classes_have_the_same_members(mine, other):
    found, want = members(mine), members(other)
    assert {name: found.get(name, "missing") for name in want} == want


@pytest.mark.parametrize(
    "name", [name for name in vars(theirs) if name.startswith("load_model_from_")]
)
def test_functions_take_the_same(name):
    found, want = (inspect.signature(getattr(module, name)).parameters for module in (ours, theirs))
    assert {one: found[one].default for one in found} == {one: want[one].default for one in want}


def test_constants_are_the_same():
    for mine, name in (
        (ours.common.constants, "common.constants"),
        (ours.model.constants, "model.constants"),
        (ours.common.explain_metadata.Modality, "common.explain_metadata"),
    ):
        other = sys.modules["explainable_ai_sdk." + name]
        if inspect.isclass(mine):
            other = other.Modality
        for key, value in vars(mine).items():
            if key.isupper():
                assert getattr(other, key) == value, key


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("debug", [False, True])
def test_the_same_answer_is_read_and_written_alike(answer, debug):
    found, want = (
        kind.from_dict(copy.deepcopy(answer))
        for kind in (ours.common.attribution.Attribution, their_attribution.Attribution)
    )
    assert json.loads(found.to_json(debug)) == json.loads(want.to_json(debug))
    assert found.feature_importance() == want.feature_importance()
    for name, value in want.as_tensors().items():
        np.testing.assert_array_equal(found.as_tensors()[name], value)


def test_compressed_numbers_are_read_by_the_other():
    values = {"image": np.array([[0.25, 0.5]])}
    kinds = (ours.common.attribution.Attribution, their_attribution.Attribution)
    for writer, reader in (kinds, kinds[::-1]):
        one = writer("y", 0.0, 0.5, attrs_dict=values)
        read = reader.from_dict(one.to_dict(include_compressed_attrs_dict=True))
        np.testing.assert_array_equal(read.attrs_dict["image"], values["image"])


def test_labels_are_ordered_and_written_alike():
    found, want = (
        kind.from_list(copy.deepcopy([TABULAR, SECOND]))
        for kind in (
            ours.common.attribution.LabelIndexToAttribution,
            their_attribution.LabelIndexToAttribution,
        )
    )
    assert list(found) == list(want)
    for k in (None, 1, 2):
        assert found.get_top_k_label_index_list(k) == want.get_top_k_label_index_list(k)
    assert json.loads(found.to_json()) == json.loads(want.to_json())
    assert found.to_dict().keys() == want.to_dict().keys()


def test_vertex_answers_are_read_alike():
    found, want = (
        kind.from_vertex_response(copy.deepcopy([VERTEX]))
        for kind in (
            ours.common.attribution.LabelIndexToAttribution,
            their_attribution.LabelIndexToAttribution,
        )
    )
    # Theirs keeps a list of one number as the label.
    assert json.loads(found.to_json()) == [{**json.loads(want.to_json())[0], "label_index": 2}]


@pytest.fixture(scope="module")
def answers():
    """Of the engine, as the services would have answered: (legacy, vertex)."""
    explained = whylight.load(model_path(IRIS)).explain(instances(IRIS), steps=20, top_k=2)
    one = whylight.load(model_path(IRIS)).explain(instances(IRIS), steps=20)
    return explained.to_legacy(), one.to_dict()


def test_their_explanation_reads_the_engines_answers(answers):
    legacy, vertex = copy.deepcopy(answers)
    modalities = {"all": ["flower"], "numeric": ["flower"]}
    for row, (old, new) in enumerate(zip(legacy["explanations"], vertex["explanations"])):
        by_label = old["attributions_by_label"]
        want = sum(by_label[0]["attributions"]["flower"])
        first = their_explanation.Explanation.from_ai_platform_response(
            by_label, instances(IRIS)[row], modalities
        )
        second = their_explanation.Explanation.from_vertex_response(
            new["attributions"], instances(IRIS)[row], modalities
        )
        assert first.feature_importance() == pytest.approx({"flower": want})
        assert second.feature_importance() == pytest.approx({"flower": want}, rel=1e-4)
        assert len(first.get_top_k_indices()) == 2


# A program for either package: (names, numbers) of what it finds.
PROGRAM = """
import numpy as np
from {package}.model import configs

def run(path, rows):
    config = configs.IntegratedGradientsConfig(step_count=20)
    model = {package}.load_model_from_local_path(path, config)
    explained = model.explain(rows, configs.AttributionParameters(top_k=2))
    attributions = [one.get_attribution() for one in explained]
    return [
        [one.label_index for one in attributions],
        [one.get_top_k_indices() for one in explained],
        [one.example_score for one in attributions],
        [one.baseline_score for one in attributions],
        [one.feature_importance() for one in explained],
        [one.feature_importance(modality="tabular") for one in explained],
        [one.as_tensors(label_index=one.get_top_k_indices()[1])["flower"] for one in explained],
        model.predict(rows)["predictions"],
        type(explained[0]).__module__,
    ]
"""


def run(imports, package):
    names = {}
    exec(imports + PROGRAM.format(package=package), names)
    return names["run"](model_path(IRIS), instances(IRIS))


def test_a_program_changes_its_import_alone():
    want = run("import explainable_ai_sdk", "explainable_ai_sdk")
    found = run(
        "import whylight.explainable_ai_sdk; import sys\n"
        "explainable_ai_sdk = whylight.explainable_ai_sdk",
        "whylight.explainable_ai_sdk",
    )
    assert found.pop() == "whylight.explainable_ai_sdk.model.explanation"
    assert want.pop() == "explainable_ai_sdk.model.explanation"
    for mine, other in zip(found, want):
        np.testing.assert_equal(*rounded(mine, other))


def rounded(*values):
    """Floats differ in the last digits from run to run."""
    return [
        json.loads(
            json.dumps(value, default=np.ndarray.tolist),
            parse_float=lambda text: round(float(text), 4),
        )
        for value in values
    ]


def test_the_local_model_is_theirs():
    model = theirs.load_model_from_local_path(
        model_path(IRIS), their_configs.SampledShapleyConfig(path_count=20)
    )
    assert isinstance(model, their_model.Model)
    (one, *_) = model.explain(instances(IRIS))
    assert type(one) is their_explanation.Explanation
    assert type(one.get_attribution()) is their_attribution.Attribution
    assert type(one._label_index_to_attributions) is their_attribution.LabelIndexToAttribution
    assert json.loads(one.get_attribution().to_json())["label_index"] == 0


@pytest.fixture(scope="module")
def image():
    model = theirs.load_model_from_local_path(
        model_path(IMAGES), their_configs.XraiConfig(step_count=2)
    )
    (one,) = model.explain(
        instances(IMAGES)[:1], their_configs.AttributionParameters(top_k=2, label_indices=[1, 0])
    )
    return one


def test_their_explanation_of_an_image_has_numbers(image):
    (value,) = image.as_tensors().values()
    assert value.shape == (224, 224, 1)
    assert image.feature_importance() == {"numpy_inputs": pytest.approx(value.sum())}
    assert image.feature_importance(modality="image") == image.feature_importance()


@pytest.mark.parametrize("label", [0, 1])
def test_their_explanation_of_an_image_is_drawn(image, label, monkeypatch, capsys):
    from matplotlib import pyplot

    shown = []
    monkeypatch.setattr(pyplot, "imshow", lambda data, **_: shown.append(np.asarray(data)))
    monkeypatch.setattr(pyplot, "show", lambda: None)
    image.visualize_attributions(label)
    (drawn,) = shown
    assert drawn.shape[2] == 3 and drawn.max() > 0
    assert str(label) in capsys.readouterr().out


def test_their_attribution_of_an_image_is_written_as_the_services_did(image):
    written = json.loads(image.get_attribution().to_json())
    assert written["attributions"]["numpy_inputs"].keys() == {"b64_jpeg"}
    back = their_attribution.Attribution.from_json(image.get_attribution().to_json())
    assert back.example_score == image.get_attribution().example_score


def test_their_explanation_of_a_table_is_drawn(monkeypatch):
    from matplotlib import pyplot

    shown = []
    monkeypatch.setattr(pyplot, "show", lambda: shown.append(len(pyplot.gca().patches)))
    model = theirs.load_model_from_local_path(
        model_path(IRIS), their_configs.IntegratedGradientsConfig(step_count=20)
    )
    model.explain(instances(IRIS)[:1])[0].visualize_attributions()
    pyplot.close("all")
    assert shown == [1]


ORDERS = {
    "ours_first": ("import whylight.explainable_ai_sdk\nimport explainable_ai_sdk\n", False),
    "theirs_first": ("import explainable_ai_sdk\nimport whylight.explainable_ai_sdk\n", True),
    "asked": (
        "import whylight.explainable_ai_sdk as w\nw.register()\nimport explainable_ai_sdk\n",
        True,
    ),
    "others_stay": (
        "from explainable_ai_sdk.model import model_factory as f\n"
        "f.register_local_model(lambda path, config: 1 / 0)\n"
        "import explainable_ai_sdk, whylight.explainable_ai_sdk\n",
        False,
    ),
}


@pytest.mark.parametrize("imports, registered", ORDERS.values(), ids=ORDERS.keys())
def test_when_it_registers_by_itself(imports, registered):
    program = imports + (
        "from explainable_ai_sdk.model import configs\n"
        "model = explainable_ai_sdk.load_model_from_local_path(\n"
        f"    {model_path(IRIS)!r}, configs.IntegratedGradientsConfig())\n"
        "print(type(model).__module__)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.returncode == 0) == registered, ran.stderr
    if registered:
        assert ran.stdout.strip() == "whylight.explainable_ai_sdk._installed_model"


def test_this_package_under_their_name_is_not_taken_for_theirs():
    program = (
        "import sys, whylight.explainable_ai_sdk as ours\n"
        "sys.modules['explainable_ai_sdk'] = ours\n"
        "from whylight.explainable_ai_sdk import _installed\n"
        "_installed.register_if_imported()\n"
        "print(_installed.is_installed())\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout.strip() == "False", ran.stderr


class Credentials:
    """What a server that asks for none needs."""

    def refresh(self, request):
        pass

    def apply(self, headers):
        pass


@contextlib.contextmanager
def server(answer):
    """Answers every POST so; `paths` are those that were asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            paths.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    paths = []
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{served.server_port}", paths
    finally:
        served.shutdown()
        thread.join()
        served.server_close()


@pytest.mark.parametrize("service", ["ai_platform", "vertex"])
def test_models_of_a_service_are_called_by_their_package(answers, service, monkeypatch):
    legacy, vertex = answers
    modalities = {"all": ["flower"], "numeric": ["flower"]}
    with server(legacy if service == "ai_platform" else vertex) as (address, paths):
        monkeypatch.setenv(ours.model.constants.AIP_ENDPOINT_OVERRIDE, address)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        if service == "ai_platform":
            model = ours.load_model_from_ai_platform(
                "p", "m", "v", credentials=Credentials(), input_modalities=modalities
            )
        else:
            model = ours.load_model_from_vertex(
                "p", "r", "e", credentials=Credentials(), input_modalities=modalities
            )
        explained = model.explain(instances(IRIS))
    assert paths == [
        "/v1/projects/p/models/m/versions/v:explain"
        if service == "ai_platform"
        else "/v1/projects/p/locations/r/endpoints/e:explain"
    ]
    want = [
        sum(one["attributions_by_label"][0]["attributions"]["flower"])
        for one in legacy["explanations"]
    ]
    found = [one.feature_importance()["flower"] for one in explained]
    assert found == pytest.approx(want, rel=1e-4)


def test_their_factory_is_not_changed_for_remote_models():
    assert their_factory._MODEL_REGISTRY["vertex_model"].__name__ == "AIPlatformModel"

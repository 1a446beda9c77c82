"""The notebooks run from a fresh kernel, offline, and what they claim holds."""

import math
import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "examples" / "notebooks"))

import execute  # noqa: E402

NAMES = sorted(path.stem for path in execute.FOLDER.glob("*.ipynb"))
_MOST_BYTES = 500_000


def _has_estimators():
    import tensorflow

    return hasattr(tensorflow, "estimator")


keras_3 = pytest.mark.skipif(_has_estimators(), reason="written for TensorFlow 2.16 and later")
estimators = pytest.mark.skipif(
    not _has_estimators(), reason="needs TensorFlow 2.15 or older: tf.estimator"
)


def run(name, folder, *values):
    """Runs a notebook without a network; gives the values of expressions at its end, in order."""
    environment = {
        key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")
    }
    offline = str(pathlib.Path(__file__).with_name("offline"))
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [offline, os.environ.get("PYTHONPATH")])
    )
    notebook, found = execute.execute(name, folder, values=values, environment=environment)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [one.text for one in outputs if "TqdmWarning" in one.get("text", "")]
    return [found[value] for value in values]


def test_kernel_is_offline(tmp_path, monkeypatch):
    cell = execute.nbformat.v4.new_code_cell(
        "import socket\n"
        "refused = []\n"
        "for reach in (lambda: socket.socket().connect(('192.0.2.1', 80)),\n"
        "              lambda: socket.getaddrinfo('example.org', 80)):\n"
        "    try:\n"
        "        reach()\n"
        "    except OSError as error:\n"
        "        refused.append(str(error))\n"
    )
    notebook = execute.nbformat.v4.new_notebook(cells=[cell])
    monkeypatch.setattr(execute, "read", lambda name: notebook)
    (refused,) = run("any", tmp_path, "refused")
    assert refused == [
        "offline: the notebook connects to ('192.0.2.1', 80)",
        "offline: the notebook looks up example.org",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_is_committed_as_executed(name):
    """`python examples/notebooks/execute.py NAME` puts right what fails here."""
    path = execute.FOLDER / f"{name}.ipynb"
    notebook = execute.read(name)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert notebook == execute.normalised(execute.read(name))
    assert path.stat().st_size < _MOST_BYTES
    text = path.read_text()
    assert "/tmp/" not in text and str(pathlib.Path.home()) + "/" not in text


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_teaches(name):
    first = execute.read(name).cells[0].source
    for part in ("**You learn**", "**You need**", "**It takes**"):
        assert part in first


@keras_3
def test_tabular(tmp_path):
    accuracy, auc, errors, leaders, before, first, last, agreement = run(
        "tabular",
        tmp_path,
        "accuracy",
        "auc",
        "errors",
        "leaders[:5]",
        "before",
        "without_first",
        "without_last",
        "agreement",
    )
    assert accuracy > 0.93 and auc > 0.97
    assert max(errors) < 0.02  # Points are added until attributions settle within 1 %.
    assert sum(name.startswith("worst ") for name in leaders) >= 3
    assert before - first > 5 * abs(before - last)
    assert agreement > 0.8
    assert "<script" in (tmp_path / "tumours.html").read_text()
    assert len((tmp_path / "tumours.jsonl").read_text().splitlines()) == 171


@keras_3
def test_image(tmp_path):
    accuracy, read, shown, by_method, untrained, error, gap, page, picture = run(
        "image",
        tmp_path,
        "accuracy",
        "len(right)",
        "xrai[0].attributions[0].display_name == str(test_labels[right[0]])",
        "on_yellow",
        "of_untrained",
        "attribution.approximation_error",
        "attribution.baseline_output + total - attribution.instance_output",
        "xrai[0]._repr_html_()",
        "attribution.image()[:4].hex()",
    )
    assert accuracy > 0.85 and read > 30
    assert shown
    assert by_method["xrai"] > 0.85 and by_method["integrated-gradients"] > 0.65
    assert untrained < by_method["integrated-gradients"] - 0.1
    assert error < 0.1 and abs(gap) < 0.1
    assert "data:image/png;base64," in page
    assert bytes.fromhex(picture) == b"\x89PNG"
    assert "<script" in (tmp_path / "digits.html").read_text()


@keras_3
def test_text(tmp_path):
    accuracy, languages, parts, errors, telling, agreement, page = run(
        "text",
        tmp_path,
        "accuracy",
        "[answer.display_name for answer in answers]",
        "of_parts",
        "errors",
        "telling",
        "agreement",
        "shapley._repr_html_()",
    )
    assert accuracy > 0.88
    assert languages[0] == "french"
    french, german = parts["french"]
    assert french > 0.5 and german < 0
    assert max(errors) < 0.02
    assert {"ikke", "er"} & set(telling["danish"])
    assert {"een", "niet", "het"} & set(telling["dutch"])
    assert {"nicht", "zu", "bitte"} & set(telling["german"])
    assert agreement > 0.5
    assert ">mot" in page  # Words of a string, each for itself.
    assert len((tmp_path / "languages.jsonl").read_text().splitlines()) == 1


@keras_3
def test_from_vertex(tmp_path):
    r2, linear, verdict, problems, method, largest, same, missing, leaders, recorded = run(
        "from_vertex",
        tmp_path,
        "r2",
        "linear_r2",
        "judgement['verdict']",
        "[p['rule'] for p in whylight.load('bucket/model', metadata=wrong).check()['problems']]",
        "plan['method']",
        "largest",
        "same_order",
        "most_missing",
        "list(importance)[:3]",
        "sorted(recorded['explanations'][0]['attributions'][0])",
    )
    assert r2 > 0.3 and r2 > linear - 0.1
    assert verdict == "explain" and "metadata-name" in problems
    assert method == "integrated-gradients"
    assert largest < 1e-4 and same  # Gradients are 32-bit on both sides.
    assert missing < 1  # Attributions of tens of units settle within 1 %.
    assert {"bmi", "s5"} <= set(leaders)
    assert "featureAttributions" in recorded


@estimators
def test_estimator(tmp_path):
    accuracy, verdict, gaps, exact, leader, most_lost, baselines = run(
        "estimator",
        tmp_path,
        "accuracy",
        "judgement['verdict']",
        "gaps",
        "shapley[0].attributions[0].sampling['exact']",
        "next(iter(importance))",
        "max(lost, key=lost.get)",
        "gradients.plan['baselines']",
    )
    assert accuracy > 0.95 and verdict == "explain"
    assert exact and max(gaps) < 1e-5
    assert leader == most_lost == "bill_length_mm"
    assert baselines["island"].startswith("zeros") and "44.5" in baselines["bill_length_mm"]
    assert "<script" in (tmp_path / "penguins.html").read_text()


@estimators
def test_keras_to_estimator(tmp_path):
    accuracy, verdict, framework, largest, difference, errors, before, first, last = run(
        "keras_to_estimator",
        tmp_path,
        "accuracy",
        "judgement['verdict']",
        "json.load(open(f'{exported}/explanation_metadata.json'))['framework']",
        "largest",
        "difference",
        "errors",
        "before",
        "without_first",
        "without_last",
    )
    assert accuracy > 0.93 and verdict == "explain"
    assert framework == "tensorflow"
    assert largest < 1e-5 and difference < 1e-5  # 32-bit floats on both sides.
    assert max(errors) < 0.02
    assert before - first > 5 * abs(before - last)
    assert all(map(math.isfinite, (before, first, last)))

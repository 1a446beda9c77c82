"""Models and files in a bucket: fake-gcs-server's, started here."""

import json
import os
import pathlib
import sys
import urllib.request

import numpy as np
import pytest
import tensorflow as tf

import whylight
import whylight.saving

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from gcs_server import gcs_server  # noqa: E402

SERVER = os.environ.get("WHYLIGHT_GCS_SERVER", str(ROOT / ".cache/fake-gcs-server/fake-gcs-server"))
X = np.array([[1.0, -2.0, 0.5]], dtype=np.float32)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Its address, with the buckets `models` and `rows` in it."""
    data = tmp_path_factory.mktemp("buckets")
    for bucket in ("models", "rows"):
        (data / bucket).mkdir()
        (data / bucket / "there").write_text("")
    with gcs_server(SERVER, data) as (host, port):
        yield f"http://{host}:{port}"


@pytest.fixture(autouse=True)
def environment(server, tmp_path, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server)
    monkeypatch.setenv("WHYLIGHT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WHYLIGHT_RETRY_SECONDS", "5")


def objects(server, bucket):
    listing = json.load(urllib.request.urlopen(f"{server}/storage/v1/b/{bucket}/o"))
    return {item["name"] for item in listing["items"]}


def price_model():
    inputs = tf.keras.Input((3,), name="measures")
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1, name="price")(inputs))


def test_a_model_is_saved_to_a_bucket_and_explained_from_it(server, tmp_path, capsys):
    model = price_model()
    uri = "gs://models/prices/1"
    assert whylight.saving.save(model, uri) == uri
    assert uri in capsys.readouterr().out
    names = objects(server, "models")
    assert {"prices/1/saved_model.pb", "prices/1/explanation_metadata.json"} <= names
    weights = model.get_layer("price").get_weights()[0][:, 0]
    opened = whylight.load("gs://models/prices")  # The newest of its versions.
    np.testing.assert_allclose(
        opened.explain({"measures": X})[0].features["measures"], X[0] * weights, atol=1e-5
    )
    # The copy is a SavedModel like any other.
    loaded = tf.saved_model.load(opened.path).signatures["serving_default"]
    np.testing.assert_allclose(
        loaded(measures=tf.constant(X))["price"], model(X), rtol=1e-6
    )
    with pytest.raises(whylight.InvalidArgumentError, match="is there already"):
        whylight.saving.save(model, uri)


def test_rows_and_answers_in_a_bucket(server, tmp_path):
    model = whylight.load(price_model())
    whylight._core.write_file("gs://rows/rows.jsonl", b'{"measures": [1.0, -2.0, 0.5]}\n')
    found = model.explain("gs://rows/rows.jsonl")
    np.testing.assert_array_equal(
        found[0].features["measures"], model.explain({"measures": X})[0].features["measures"]
    )
    found.save("gs://rows/answers.jsonl")
    found.report("gs://rows/why.html")
    assert {"answers.jsonl", "why.html"} <= objects(server, "rows")
    assert json.loads(whylight._core.read_file("gs://rows/answers.jsonl"))["explanation"]


def test_what_is_absent_is_said(server):
    with pytest.raises(FileNotFoundError, match="there is no bucket 'none'"):
        whylight.load("gs://none/model")
    with pytest.raises(FileNotFoundError, match="gs://models/nothing"):
        whylight.load("gs://models/nothing")
    with pytest.raises(whylight.WhylightError, match="none"):
        whylight.saving.save(price_model(), "gs://none/model")

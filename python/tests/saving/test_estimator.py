"""Estimators, trained for a moment, exported, loaded and explained."""

from __future__ import annotations

import base64
import json
import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from program import POINTS, explain, integrated_gradients, run

import whylight.saving

HAS_ESTIMATORS = hasattr(tf, "estimator")
needs_estimators = pytest.mark.skipif(
    not HAS_ESTIMATORS,
    reason=f"TensorFlow {tf.__version__} has no Estimators, which went with 2.16",
)
CLOSE = {"rtol": 1e-3, "atol": 2e-5}
JOBS = ["cook", "smith", "vet"]


def columns():
    column = tf.feature_column
    job = column.categorical_column_with_vocabulary_list("job", JOBS)
    return column.numeric_column("age"), job, column.embedding_column(job, 2)


def people():
    random = np.random.RandomState(0)
    age = random.rand(64).astype(np.float32)
    job = np.array(JOBS)[random.randint(0, 3, 64)]
    return tf.data.Dataset.from_tensor_slices(
        ({"age": age, "job": job}, ((age > 0.5) ^ (job == "vet")).astype(np.int32))
    ).batch(16)


def seeded():
    """Another start might leave every ReLU dead, and nothing to explain."""
    return tf.estimator.RunConfig(tf_random_seed=1)


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    age, _, embedded = columns()
    estimator = tf.compat.v1.estimator.DNNClassifier(
        [8], [age, embedded], model_dir=tmp_path_factory.mktemp("deep"), config=seeded()
    )
    return estimator.train(people)


@pytest.fixture(scope="module")
def wide_and_deep(tmp_path_factory):
    age, job, embedded = columns()
    estimator = tf.compat.v1.estimator.DNNLinearCombinedClassifier(
        linear_feature_columns=[job],
        dnn_feature_columns=[age, embedded],
        dnn_hidden_units=[8],
        model_dir=tmp_path_factory.mktemp("wide_and_deep"),
        config=seeded(),
    )
    return estimator.train(people)


def metadata(path):
    return json.loads((pathlib.Path(path) / "explanation_metadata.json").read_text())


def graph_integrated_gradients(path, feed, starts):
    """Of the explained output, at tensors inside the graph, by tf.gradients.

    Args:
      path: The exported model.
      feed: One row for each tensor that requests feed.
      starts: A baseline by the explained tensor's name.
    """
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    output = next(iter(metadata(path)["outputs"].values()))["output_tensor_name"]
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        tf.compat.v1.saved_model.load(session, ["serve"], path)
        tensors = [graph.get_tensor_by_name(name) for name in starts]
        score = graph.get_tensor_by_name(output)
        gradients = tf.compat.v1.gradients(score, tensors)
        x = session.run(tensors, feed)
        total = [np.zeros_like(value) for value in x]
        for t, weight in zip((nodes + 1) / 2, weights / 2):
            at = {
                tensor: start + np.float32(t) * (value - start)
                for tensor, value, start in zip(tensors, x, starts.values())
            }
            for i, gradient in enumerate(session.run(gradients, {**feed, **at})):
                total[i] += np.float32(weight) * gradient
    return {
        name: (value - start) * gradient
        for (name, start), value, gradient in zip(starts.items(), x, total)
    }


RAW = {"age": tf.TensorSpec([None], tf.float32), "job": tf.TensorSpec([None], tf.string)}


@needs_estimators
def test_a_raw_receiver_is_explained_as_by_tensorflows_gradients(tmp_path, deep, capsys):
    age, _, embedded = columns()
    path = whylight.saving.export_estimator(
        deep,
        tmp_path,
        features=RAW,
        feature_columns=[age, embedded],
        baselines={"age": 0.5, "job": "cook"},
    )
    assert f"Model exported to: {path}" in capsys.readouterr().out
    assert pathlib.Path(path).parent == tmp_path
    assert path.decode("utf-8") == path
    encoded = "dnn/input_from_feature_columns/input_layer/job_embedding/Reshape:0"
    assert metadata(path) == {
        "inputs": {
            "age": {
                "input_tensor_name": "age:0",
                "encoding": "identity",
                "modality": "numeric",
                "input_baselines": [0.5],
            },
            "job": {
                "input_tensor_name": "job:0",
                "encoding": "combined_embedding",
                "modality": "categorical",
                "encoded_tensor_name": encoded,
                "input_baselines": ["cook"],
            },
        },
        "outputs": {"logits": {"output_tensor_name": "dnn/logits/BiasAdd:0"}},
        "framework": "tensorflow",
    }
    got = explain(path, [{"age": 0.9, "job": "smith"}])[0]["featureAttributions"]
    want = graph_integrated_gradients(
        path, {"age:0": [0.9], "job:0": ["smith"]}, {"age:0": 0.5, encoded: 0.0}
    )
    np.testing.assert_allclose(got["age"], want["age:0"][0], **CLOSE)
    np.testing.assert_allclose(got["job"], np.sum(want[encoded]), **CLOSE)
    assert abs(got["age"]) > 1e-3 and abs(got["job"]) > 1e-3


@needs_estimators
def test_feature_columns_alone_parse_examples(tmp_path, wide_and_deep):
    age, job, _ = columns()
    path = whylight.saving.export_estimator(
        wide_and_deep, tmp_path, feature_columns=[age, job], baselines={"age": [0.5], "job": "cook"}
    )
    entry = metadata(path)["inputs"]["job"]
    # The linear part takes the job too, so no one tensor stands for it.
    assert "encoded_tensor_name" not in entry
    assert {"indices_tensor_name", "dense_shape_tensor_name"} < entry.keys()
    feature = tf.train.Feature
    example = tf.train.Example(
        features=tf.train.Features(
            feature={
                "age": feature(float_list=tf.train.FloatList(value=[0.9])),
                "job": feature(bytes_list=tf.train.BytesList(value=[b"vet"])),
            }
        )
    ).SerializeToString()
    instance = {"examples": {"b64": base64.b64encode(example).decode()}}
    got = explain(path, [instance], "--method", "sampled-shapley", "--paths", "exact")[0]

    served = tf.saved_model.load(path).signatures["predict"]
    score = float(served(examples=tf.constant([example]))["logits"][0, 0])
    assert got["instanceOutputValue"] == pytest.approx(score, rel=1e-5)
    total = sum(np.sum(value) for value in got["featureAttributions"].values())
    assert total == pytest.approx(score - got["baselineOutputValue"], rel=1e-4)
    assert got["featureAttributions"].keys() == {"age", "job"}


@needs_estimators
def test_pictures_are_decoded_in_the_receiver(tmp_path):
    def model_fn(features, labels, mode):
        hidden = tf.compat.v1.layers.conv2d(features["picture"], 4, 3, activation=tf.nn.relu)
        logits = tf.compat.v1.layers.dense(tf.reduce_mean(hidden, [1, 2]), 1)
        if mode == tf.estimator.ModeKeys.PREDICT:
            outputs = {"predict": tf.estimator.export.PredictOutput({"score": logits})}
            return tf.estimator.EstimatorSpec(mode, {"score": logits}, export_outputs=outputs)
        loss = tf.reduce_mean((logits - labels) ** 2)
        step = tf.compat.v1.train.GradientDescentOptimizer(0.01).minimize(
            loss, tf.compat.v1.train.get_global_step()
        )
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=step)

    pixels = np.random.RandomState(0).randint(0, 255, (8, 12, 12, 3)).astype(np.uint8)

    def pictures():
        rows = ({"picture": (pixels / 255).astype(np.float32)}, np.ones([8, 1], np.float32))
        return tf.data.Dataset.from_tensor_slices(rows).batch(4)

    estimator = tf.compat.v1.estimator.Estimator(
        model_fn, model_dir=tmp_path / "checkpoint", config=seeded()
    )
    estimator.train(pictures)
    receiver_fn = whylight.saving.decoding_receiver_fn(
        lambda data: tf.cast(tf.io.decode_png(data, channels=3), tf.float32) / 255.0,
        {"picture": tf.TensorSpec([None, 12, 12, 3], tf.float32)},
        input_name="image_bytes",
    )
    path = whylight.saving.export_estimator(
        estimator, tmp_path / "exports", serving_input_receiver_fn=receiver_fn
    )
    assert metadata(path)["inputs"]["picture"]["input_tensor_name"] == "picture:0"
    assert metadata(path)["inputs"]["picture"]["modality"] == "image"
    png = tf.io.encode_png(pixels[0]).numpy()
    instance = {"image_bytes": {"b64": base64.b64encode(png).decode()}}
    got = explain(path, [instance])[0]["featureAttributions"]["picture"]
    want = graph_integrated_gradients(path, {"image_bytes:0": [png]}, {"picture:0": 0.0})
    np.testing.assert_allclose(got, want["picture:0"][0], **CLOSE)


@pytest.fixture
def keras_model():
    keras = tf.keras
    model = keras.Sequential(
        [
            keras.layers.Dense(4, activation="tanh", input_shape=(3,), name="flower"),
            keras.layers.Dense(2, activation="softmax", name="kind"),
        ]
    )
    model.compile(keras.optimizers.legacy.SGD(0.1), "sparse_categorical_crossentropy")
    x = np.random.RandomState(1).randn(32, 3).astype(np.float32)
    model.fit(x, (x[:, 0] > 0).astype(np.int32), epochs=2, verbose=0)
    return model


@needs_estimators
def test_a_keras_model_goes_through_an_estimator(tmp_path, keras_model, capsys):
    row = np.float32([1.0, -0.5, 2.0])
    target = int(np.argmax(keras_model(row[None])))
    # Before the model is turned into an Estimator: Keras calls it invalid afterwards.
    want = integrated_gradients(lambda t: keras_model(t["x"])[:, target], {"x": row}, {"x": 0.0})[
        "x"
    ]
    path = whylight.saving.export_keras_estimator(
        keras_model, tmp_path / "exports", model_dir=tmp_path / "checkpoint"
    )
    assert capsys.readouterr().out == f"Model exported to: {path}\n"
    assert path.decode("utf-8") == path
    assert metadata(path)["inputs"]["flower_input"]["input_tensor_name"] == "flower_input:0"
    got = explain(path, [row.tolist()])[0]
    assert got["outputIndex"] == [target]
    np.testing.assert_allclose(got["featureAttributions"]["flower_input"], want, **CLOSE)


@needs_estimators
def test_a_keras_model_must_be_compiled(tmp_path):
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])
    with pytest.raises(ValueError, match="needs a compiled model"):
        whylight.saving.export_keras_estimator(model, tmp_path)


@needs_estimators
def test_a_bucket_is_an_export_base(deep):
    path = whylight.saving.export_estimator(deep, "ram://exports", features=RAW)
    assert path.startswith("ram://exports/")
    assert tf.io.gfile.exists(f"{path}/explanation_metadata.json")
    assert "predict" in tf.saved_model.load(path).signatures


@needs_estimators
def test_metadata_may_name_any_tensor_of_the_graph(tmp_path, deep):
    path = whylight.saving.export_estimator(
        deep,
        tmp_path,
        features=RAW,
        output_key="probabilities",
        metadata={
            "inputs": {"years": {"input_tensor_name": "age:0"}},
            "outputs": {"likely": {"output_tensor_name": "dnn/head/predictions/probabilities:0"}},
        },
    )
    assert metadata(path)["inputs"]["years"]["modality"] == "numeric"
    assert explain(path, [{"age": 0.9, "job": "vet"}])[0]["featureAttributions"].keys() == {"years"}
    run("check", path)


@needs_estimators
@pytest.mark.parametrize(
    "options, error",
    [
        ({"output_key": "score"}, "output_key: there is no prediction 'score'; the model has"),
        ({"metadata": {"inputs": {"x": {}}}}, "metadata: inputs.x.input_tensor_name: there is no"),
        ({"baselines": {"height": 1.0}}, "baselines.'height'.: there is no such input"),
        ({"serving_input_receiver_fn": lambda: None}, "give either features or"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path, deep, options, error):
    with pytest.raises(ValueError, match=error):
        whylight.saving.export_estimator(deep, tmp_path / "exports", features=RAW, **options)
    assert not os.path.exists(tmp_path / "exports") or not os.listdir(tmp_path / "exports")


@needs_estimators
def test_what_requests_hold_must_be_said(tmp_path, deep):
    with pytest.raises(ValueError, match="features: expected what requests hold"):
        whylight.saving.export_estimator(deep, tmp_path)


@pytest.mark.skipif(HAS_ESTIMATORS, reason=f"TensorFlow {tf.__version__} has Estimators")
@pytest.mark.parametrize(
    "export", [whylight.saving.export_estimator, whylight.saving.export_keras_estimator]
)
def test_a_tensorflow_without_estimators_says_so(tmp_path, export):
    with pytest.raises(ValueError, match="has no Estimators, which went with 2.16"):
        export(None, tmp_path)

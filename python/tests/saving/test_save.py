"""whylight.saving.save: real models, trained for a moment, saved, loaded and explained."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import subprocess
import sys
import warnings

import numpy as np
import pytest
import tensorflow as tf
from program import explain, integrated_gradients, run

import whylight.saving

keras = tf.keras

# float32 sums in another order than TensorFlow's.
CLOSE = {"rtol": 1e-3, "atol": 2e-5}


def iris_like(rows=96):
    random = np.random.RandomState(3)
    x = random.randn(rows, 4).astype(np.float32) + [5.8, 3.0, 4.3, 1.3]
    return x.astype(np.float32), (x[:, 2] > 4.3).astype(np.int32) + (x[:, 3] > 1.8)


def trained_flower_model(**input_options):
    """Batch normalisation and dropout show whether it is saved in inference mode."""
    x, y = iris_like()
    inputs = keras.Input((4,), **input_options)
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(8, activation="tanh")(inputs))
    outputs = keras.layers.Dense(3, activation="softmax", name="kind")(
        keras.layers.Dropout(0.5)(hidden)
    )
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=2, verbose=0)
    return model, x


def signatures(path):
    return tf.saved_model.load(os.fspath(path)).signatures


def keys(function):
    return sorted(function.structured_input_signature[1]), sorted(function.structured_outputs)


def metadata(path):
    return json.loads((pathlib.Path(path) / "explanation_metadata.json").read_text())


def explained(path):
    return json.loads(run("inspect", path, "--json"))["explained"]


def assert_explained_as_by_tape(path, score, instance, baseline, options=()):
    attribution = explain(path, [instance["request"]], *options)[0]
    target = attribution.get("outputIndex", [0])[0]
    want = integrated_gradients(lambda t: score(t)[:, target], instance["inputs"], baseline)
    assert attribution["featureAttributions"].keys() == want.keys()
    for name, values in want.items():
        assert np.abs(values).max() > 1e-3, f"{name}: a test of zeros shows nothing"
        np.testing.assert_allclose(attribution["featureAttributions"][name], values, **CLOSE)


# ------------------------------------------------------------------------- one signature


def test_a_keras_model_has_one_signature_with_the_users_names(tmp_path, capsys):
    model, x = trained_flower_model(name="flower")
    path = tmp_path / "model"

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert whylight.saving.save(model, path) == str(path)

    assert f"Model saved to: {path}" in capsys.readouterr().out
    loaded = signatures(path)
    assert list(loaded) == ["serving_default"]
    served = loaded["serving_default"]
    assert keys(served) == (["flower"], ["kind"])
    assert served.structured_input_signature[1]["flower"].shape.as_list() == [None, 4]
    np.testing.assert_allclose(
        served(flower=tf.constant(x))["kind"], model(x, training=False), **CLOSE
    )


def test_a_keras_model_is_explained_as_by_a_gradient_tape(tmp_path):
    model, x = trained_flower_model(name="flower")
    path = tmp_path / "model"
    baseline = [5.8, 3.0, 4.35, 1.3]

    whylight.saving.save(model, path, baselines={"flower": baseline})

    assert_explained_as_by_tape(
        path,
        lambda t: model(t["flower"], training=False),
        {"request": x[0].tolist(), "inputs": {"flower": x[0]}},
        {"flower": baseline},
    )


def test_only_what_signatures_use_is_saved(tmp_path):
    model, _ = trained_flower_model(name="flower")  # compiled: it has an optimizer
    whylight.saving.save(model, tmp_path / "model")
    saved = tf.train.list_variables(str(tmp_path / "model" / "variables" / "variables"))
    numbers = sum(
        int(np.prod(shape)) for name, shape in saved if name.startswith("saved_variables")
    )
    assert numbers == sum(int(np.prod(v.shape)) for v in model.weights if "seed" not in v.name)
    assert not [name for name, _ in saved if "optimizer" in name.lower()]


def test_tensorflows_loader_of_sessions_runs_it(tmp_path):
    """The loader of TensorFlow Serving, which goes by variables' handles."""
    model, x = trained_flower_model(name="flower")
    whylight.saving.save(model, tmp_path / "model")
    want = model(x, training=False)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path / "model"))
        signature = loaded.signature_def["serving_default"]
        got = session.run(signature.outputs["kind"].name, {signature.inputs["flower"].name: x})
    np.testing.assert_allclose(got, want, **CLOSE)


def test_a_name_that_keras_chose_is_warned_of(tmp_path):
    model, _ = trained_flower_model()
    with pytest.warns(UserWarning, match=r"keras\.Input\(\.\.\., name=") as warned:
        whylight.saving.save(model, tmp_path / "model")
    assert warned[0].filename == __file__  # Where the user can mend it.


def test_input_signature_gives_names(tmp_path):
    model, _ = trained_flower_model()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        whylight.saving.save(
            model,
            tmp_path / "model",
            input_signature=tf.TensorSpec([None, 4], tf.float32, name="flower"),
        )
    assert keys(signatures(tmp_path / "model")["serving_default"]) == (["flower"], ["kind"])


@pytest.mark.parametrize("names", [("wide", "deep"), ("a", "b")])
def test_input_signature_names_several_inputs_in_their_order(tmp_path, names):
    signature = [
        tf.TensorSpec([None, size], tf.float32, name=name) for name, size in zip(names, (2, 3))
    ]
    whylight.saving.save(wide_and_deep("list"), tmp_path / "model", input_signature=signature)
    served = signatures(tmp_path / "model")["serving_default"]
    shapes = {name: spec.shape[1] for name, spec in served.structured_input_signature[1].items()}
    assert shapes == {names[0]: 2, names[1]: 3}


def test_a_sequential_model_is_named_after_its_first_layer(tmp_path):
    model = keras.Sequential(
        [
            keras.layers.Dense(3, activation="tanh", input_shape=(2,), name="hidden"),
            keras.layers.Dense(1, name="price"),
        ]
    )
    whylight.saving.save(model, tmp_path / "model")
    assert keys(signatures(tmp_path / "model")["serving_default"]) == (["hidden_input"], ["price"])


def wide_and_deep(structure):
    wide, deep = keras.Input((2,), name="wide"), keras.Input((3,), name="deep")
    both = keras.layers.Concatenate()([wide, keras.layers.Dense(4, activation="tanh")(deep)])
    outputs = keras.layers.Dense(1, name="score")(both)
    inputs = {"list": [wide, deep], "dict": {"wide": wide, "deep": deep}}[structure]
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize("structure", ["list", "dict"])
def test_several_keras_inputs_keep_their_names(tmp_path, structure):
    model = wide_and_deep(structure)
    row = {"wide": [0.5, -1.0], "deep": [1.0, 2.0, -0.5]}
    path = tmp_path / "model"

    whylight.saving.save(model, path)

    def score(tensors):
        values = tensors if structure == "dict" else [tensors["wide"], tensors["deep"]]
        return model(values, training=False)

    assert_explained_as_by_tape(
        path, score, {"request": row, "inputs": row}, {"wide": 0.0, "deep": 0.0}
    )


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(2, activation="softmax")

    def call(self, pixels):
        return {"probabilities": self.dense(pixels)}


def test_a_subclassed_model_is_named_after_the_arguments_of_call(tmp_path):
    model = Subclassed()
    model(tf.zeros([1, 3]))
    whylight.saving.save(model, tmp_path / "model")
    served = signatures(tmp_path / "model")["serving_default"]
    assert keys(served) == (["pixels"], ["probabilities"])
    assert served.structured_input_signature[1]["pixels"].shape.as_list() == [None, 3]


def test_a_subclassed_model_that_was_never_called_needs_a_signature(tmp_path):
    with pytest.raises(ValueError, match="has not been called.*input_signature="):
        whylight.saving.save(Subclassed(), tmp_path / "model")
    whylight.saving.save(
        Subclassed(),
        tmp_path / "model",
        input_signature=[tf.TensorSpec([None, 3], tf.float32)],
    )
    assert keys(signatures(tmp_path / "model")["serving_default"])[0] == ["pixels"]


class Linear(tf.Module):
    def __init__(self):
        super().__init__()
        self.weights = tf.Variable([[0.5], [-1.0], [2.0]])

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="features")])
    def serve(self, features):
        return {"score": tf.sigmoid(features @ self.weights)[:, 0]}


class Callable(Linear):
    def __call__(self, features, training=False):
        return tf.sigmoid(features @ self.weights)[:, 0] + (1.0 if training else 0.0)


def test_a_module_is_its_only_function(tmp_path):
    whylight.saving.save(Linear(), tmp_path / "model")
    assert keys(signatures(tmp_path / "model")["serving_default"]) == (["features"], ["score"])


def test_a_tf_function_brings_the_variables_it_closes_over(tmp_path):
    weights = tf.Variable([0.5, -1.0, 2.0])

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="features")])
    def score(features):
        return tf.linalg.matvec(features, weights)

    whylight.saving.save(score, tmp_path / "model")
    x = np.float32([1.0, 0.5, -0.25])
    got = explain(tmp_path / "model", [x.tolist()])[0]
    # Of a linear score each feature's share is its product with its weight.
    np.testing.assert_allclose(got["featureAttributions"]["features"], x * weights, **CLOSE)


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param([tf.TensorSpec([None, 3], tf.float32)], id="list"),
        pytest.param({"features": tf.TensorSpec([None, 3], tf.float32)}, id="dict"),
    ],
)
def test_a_module_that_is_called_takes_its_parameters_names(tmp_path, signature):
    whylight.saving.save(Callable(), tmp_path / "model", input_signature=signature)
    served = signatures(tmp_path / "model")["serving_default"]
    assert keys(served) == (["features"], ["output_0"])
    assert served(features=tf.zeros([1, 3]))["output_0"].numpy() == pytest.approx([0.5])


def test_what_was_loaded_can_be_saved_with_preprocessing(tmp_path):
    whylight.saving.save(Linear(), tmp_path / "model")
    loaded = tf.saved_model.load(str(tmp_path / "model"))

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.int32, name="counts")])
    def scale(counts):
        return tf.cast(counts, tf.float32) / 10.0

    whylight.saving.save(loaded, tmp_path / "more", preprocess=scale)
    got = signatures(tmp_path / "more")["serving_default"](counts=tf.constant([[10, 5, 0]]))
    np.testing.assert_allclose(got["score"], [0.5], **CLOSE)


def test_a_name_that_tensorflow_cannot_take_is_changed_and_said(tmp_path):
    model, _ = trained_flower_model(name="flower")
    with pytest.warns(UserWarning, match="'petal length' is saved as 'petal_length'"):
        whylight.saving.save(
            model,
            tmp_path / "model",
            input_signature={"petal length": tf.TensorSpec([None, 4], tf.float32)},
        )
    assert keys(signatures(tmp_path / "model")["serving_default"])[0] == ["petal_length"]


class TwoFunctions(Linear):
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def other(self, features):
        return features


class Hidden:
    """Attributes that nobody can list."""

    __slots__ = ("table",)


def reads_a_hidden_table():
    hidden = Hidden()
    hidden.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1.0]), 0.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="word")])
    def score(word):
        return hidden.table.lookup(word)

    return score


def specs(*names):
    return [tf.TensorSpec([None, 3], tf.float32, name=name) for name in names]


@pytest.mark.parametrize(
    "make, signature, error",
    [
        pytest.param(
            TwoFunctions, None, "cannot be called itself and has other, serve; give", id="two"
        ),
        pytest.param(lambda: "model.keras", None, "expected a Keras model.*'model.keras'", id="x"),
        pytest.param(Callable, None, "nothing says what '__call__' takes.*input_sig", id="no"),
        pytest.param(Callable, [3], "expected a tf.TensorSpec for each tensor, got 3", id="int"),
        pytest.param(Callable, 3, "expected a tf.TensorSpec, or a list or dict", id="no_list"),
        pytest.param(
            Callable,
            [tf.RaggedTensorSpec([None, None], tf.float32)],
            "sparse and ragged tensors cannot be cut into rows",
            id="ragged",
        ),
        pytest.param(
            Callable,
            [tf.TensorSpec([], tf.float32)],
            r"'features' is a single number; .* tf.TensorSpec\(\[None\], tf.float32",
            id="scalar",
        ),
        pytest.param(Callable, [], "it takes no tensors", id="nothing"),
        pytest.param(Callable, specs("a", "a"), "two inputs are called 'a'", id="twice"),
        pytest.param(
            lambda: wide_and_deep("list"),
            specs("wide"),
            "expected the model's inputs, wide, deep, got wide",
            id="one_of_two",
        ),
        pytest.param(
            Callable,
            [tf.TensorSpec([None, 7], tf.float32)],
            r"model: TensorFlow cannot run it on 'features': float32 \[\?, 7\]",
            id="shape",
        ),
        pytest.param(
            lambda: type("Model", (), {"__module__": "keras.src.models.model"})(),
            None,
            "does not run on TensorFlow; set KERAS_BACKEND=tensorflow",
            id="other_backend",
        ),
        pytest.param(
            reads_a_hidden_table, None, "tables that it uses must be attributes", id="hidden"
        ),
        pytest.param(
            lambda: keras.Model(*[keras.Input((3,), sparse=True, name="words")] * 2),
            None,
            "the input 'words' is sparse or ragged",
            id="sparse",
        ),
        pytest.param(
            lambda: tf.function(lambda x: {"score": tf.RaggedTensor.from_tensor(x)}),
            specs("x"),
            "output 'score' is RaggedTensor.*return a dense tensor",
            id="ragged_output",
        ),
    ],
)
def test_what_cannot_be_a_model_is_refused(tmp_path, make, signature, error):
    with pytest.raises(ValueError, match=error):
        whylight.saving.save(make(), tmp_path / "model", input_signature=signature)
    assert list(tmp_path.iterdir()) == []


def test_a_fixed_number_of_rows_is_warned_of(tmp_path):
    with pytest.warns(UserWarning, match="'features' takes 2 rows at a time") as warned:
        whylight.saving.save(
            Callable(), tmp_path / "model", input_signature=tf.TensorSpec([2, 3], tf.float32)
        )
    assert warned[0].filename == __file__


# ------------------------------------------------------------------- several signatures


def test_further_signatures_are_kept_and_the_model_becomes_xai_model(tmp_path):
    model, x = trained_flower_model(name="flower")
    labels = tf.constant(["setosa", "versicolor", "virginica"])

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="flower")])
    def label(flower):
        return {"label": tf.gather(labels, tf.argmax(model(flower, training=False), axis=1))}

    path = tmp_path / "model"
    whylight.saving.save(model, path, signatures={"serving_default": label, "label": label})

    loaded = signatures(path)
    assert sorted(loaded) == ["label", "serving_default", "xai_model"]
    assert keys(loaded["serving_default"]) == (["flower"], ["label"])
    assert explained(path)["signature"] == "xai_model"
    assert_explained_as_by_tape(
        path,
        lambda t: model(t["flower"], training=False),
        {"request": x[1].tolist(), "inputs": {"flower": x[1]}},
        {"flower": 0.0},
    )


def test_serving_default_is_the_model_where_signatures_do_not_say(tmp_path):
    module = Linear()
    whylight.saving.save(module, tmp_path / "model", signatures={"raw": module.serve})
    loaded = signatures(tmp_path / "model")
    assert sorted(loaded) == ["raw", "serving_default", "xai_model"]
    assert keys(loaded["serving_default"]) == keys(loaded["xai_model"])


@pytest.mark.parametrize("key", ["xai_model", "xai_preprocess"])
def test_keys_of_the_rules_are_not_given_twice(tmp_path, key):
    module = Linear()
    with pytest.raises(ValueError, match=f"signatures: '{key}' is written from"):
        whylight.saving.save(module, tmp_path / "model", signatures={key: module.serve})


# ----------------------------------------------------------------------- preprocessing


def test_text_goes_through_a_table_of_a_file(tmp_path):
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("import\ndef\nclass\n")
    table = tf.lookup.StaticVocabularyTable(
        tf.lookup.TextFileInitializer(
            str(vocabulary),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        1,
    )
    embedding = tf.Variable(tf.random.stateless_normal([4, 2], seed=[1, 2]))
    inputs = keras.Input((3, 2), name="words")
    model = keras.Model(
        inputs,
        keras.layers.Dense(2, activation="softmax", name="language")(
            keras.layers.Flatten()(keras.layers.Dense(4, activation="tanh")(inputs))
        ),
    )

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def embed(text):
        ids = table.lookup(tf.strings.split(text).to_tensor("", shape=[None, 3]))
        return {"words": tf.gather(embedding, ids)}

    want = model(embed(tf.constant(["import def other"]))["words"], training=False)
    path = tmp_path / "model"
    whylight.saving.save(model, path, preprocess=embed)
    vocabulary.unlink()  # The model has its own copy.

    loaded = signatures(path)
    assert sorted(loaded) == ["serving_default", "xai_model", "xai_preprocess"]
    got = loaded["serving_default"](text=tf.constant(["import def other"]))["language"]
    np.testing.assert_allclose(got, want, **CLOSE)
    assert explained(path)["preprocess"] == "xai_preprocess"
    row = tf.gather(embedding, [0, 1, 3]).numpy()
    assert_explained_as_by_tape(
        path,
        lambda t: model(t["words"], training=False),
        {"request": "import def other", "inputs": {"words": row}},
        {"words": 0.0},
    )


def test_pictures_are_decoded_by_a_python_function(tmp_path):
    inputs = keras.Input((16, 16, 3), name="picture")
    hidden = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    model = keras.Model(
        inputs, keras.layers.Dense(2, name="kind")(keras.layers.GlobalAveragePooling2D()(hidden))
    )

    def decode(image_bytes):
        def one(data):
            image = tf.io.decode_png(data, channels=3)
            return tf.image.resize(tf.cast(image, tf.float32) / 255.0, (16, 16))

        return tf.map_fn(one, image_bytes, fn_output_signature=tf.float32)

    path = tmp_path / "model"
    whylight.saving.save(
        model,
        path,
        preprocess=decode,
        preprocess_signature=tf.TensorSpec([None], tf.string, name="image_bytes"),
        baselines={"picture": [0.0, 1.0]},
    )
    assert metadata(path)["inputs"]["picture"]["modality"] == "image"
    assert metadata(path)["inputs"]["picture"]["input_baselines"] == [0.0, 1.0]
    run("check", path, "--run")
    pixels = np.random.RandomState(0).randint(0, 255, (16, 16, 3)).astype(np.uint8)
    (tmp_path / "one.png").write_bytes(tf.io.encode_png(pixels).numpy())
    answer = run("explain", path, "-i", tmp_path / "one.png", "--format", "jsonl")
    assert len(answer.splitlines()) == 1


def test_a_keras_model_may_be_the_preprocess_function(tmp_path):
    layer = keras.layers.TextVectorization(6, output_mode="count")
    layer.adapt(["good film", "bad film", "good good"])
    text = keras.Input((), dtype="string", name="text")
    counts = keras.layers.Rescaling(1.0)(layer(text))
    inputs = keras.Input((counts.shape[-1],), name="counts")
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name="good")(inputs))

    path = tmp_path / "model"
    whylight.saving.save(model, path, preprocess=keras.Model(text, counts))

    want = model(tf.cast(layer(tf.constant(["good film"])), tf.float32))
    got = signatures(path)["serving_default"](text=tf.constant(["good film"]))["good"]
    np.testing.assert_allclose(got, want, **CLOSE)
    assert json.loads(run("predict", path, "-i", request(tmp_path, ["good film"])))


def test_examples_are_parsed_into_several_inputs_beside_other_signatures(tmp_path):
    model = wide_and_deep("dict")
    features = {
        "wide": tf.io.FixedLenFeature([2], tf.float32),
        "deep": tf.io.FixedLenFeature([3], tf.float32),
    }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def parse(examples):
        return tf.io.parse_example(examples, features)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def size(examples):
        return {"size": tf.strings.length(examples)}

    path = tmp_path / "model"
    whylight.saving.save(model, path, preprocess=parse, signatures={"size": size})

    assert sorted(signatures(path)) == ["serving_default", "size", "xai_model", "xai_preprocess"]
    row = {"wide": [0.5, -1.0], "deep": [1.0, 2.0, -0.5]}
    example = tf.train.Example()
    for name, values in row.items():
        example.features.feature[name].float_list.value.extend(values)
    encoded = base64.b64encode(example.SerializeToString()).decode()
    assert_explained_as_by_tape(
        path,
        lambda t: model(t, training=False),
        {"request": {"b64": encoded}, "inputs": row},
        {"wide": 0.0, "deep": 0.0},
    )


def test_tables_inside_a_keras_model_are_kept(tmp_path):
    job = keras.Input((1,), dtype="string", name="job")
    age = keras.Input((1,), name="age")
    lookup = keras.layers.StringLookup(vocabulary=["cook", "vet"], output_mode="one_hot")
    outputs = keras.layers.Dense(1, name="pay")(keras.layers.Concatenate()([lookup(job), age]))
    model = keras.Model({"job": job, "age": age}, outputs)
    inputs = {"job": tf.constant([["vet"], ["smith"]]), "age": tf.constant([[0.5], [2.0]])}

    whylight.saving.save(model, tmp_path / "model", baselines={"job": "cook", "age": 1.0})

    got = signatures(tmp_path / "model")["serving_default"](**inputs)["pay"]
    np.testing.assert_allclose(got, model(inputs), **CLOSE)
    assert metadata(tmp_path / "model")["inputs"]["job"]["modality"] == "categorical"
    options = ("--method", "sampled-shapley", "--paths", "exact")
    attribution = explain(tmp_path / "model", [{"job": ["vet"], "age": [0.5]}], *options)[0]
    total = sum(np.sum(value) for value in attribution["featureAttributions"].values())
    gap = attribution["instanceOutputValue"] - attribution["baselineOutputValue"]
    assert abs(gap) > 1e-3 and total == pytest.approx(gap, rel=1e-4)


def request(folder, instances):
    file = folder / "instances.json"
    file.write_text(json.dumps({"instances": instances}))
    return file


@pytest.mark.parametrize(
    "outputs, error",
    [
        pytest.param(
            lambda x: {"flowers": x},
            r"no output is called 'flower'; it returns 'flowers': float32 \[\?, 4\], and the "
            r"model takes 'flower': float32 \[\?, 4\]",
            id="name",
        ),
        pytest.param(
            lambda x: {"flower": tf.cast(x, tf.float64)},
            r"'flower' is float64 \[\?, 4\], and the model's input 'flower' is float32 \[\?, 4\]; "
            r"cast it: tf.cast\(flower, tf.float32\)",
            id="dtype",
        ),
        pytest.param(
            lambda x: {"flower": x[:, :3]}, r"'flower' is float32 \[\?, 3\], and", id="shape"
        ),
        pytest.param(
            lambda x: {"flower": x[:, :, None]}, r"'flower' is float32 \[\?, 4, 1\]", id="rank"
        ),
        pytest.param(
            lambda x: {"flower": x, "size": x[:, 0]},
            r"it returns 'size': float32 \[\?\], which the model does not take",
            id="one_too_many",
        ),
        pytest.param(lambda x: (x, x), r"it returns 2 tensors without names", id="unnamed"),
    ],
)
def test_a_preprocess_function_that_does_not_fit_is_refused_before_writing(
    tmp_path, outputs, error
):
    model, _ = trained_flower_model(name="flower")
    scale = tf.function(
        lambda raw: outputs(raw / 10.0),
        input_signature=[tf.TensorSpec([None, 4], tf.float32, name="raw")],
    )
    with pytest.raises(ValueError, match=error):
        whylight.saving.save(model, tmp_path / "model", preprocess=scale)
    assert list(tmp_path.iterdir()) == []


def test_a_preprocess_function_needs_a_signature(tmp_path):
    model, _ = trained_flower_model(name="flower")
    with pytest.raises(ValueError, match="nothing says what 'cube' takes.*preprocess_signature="):

        def cube(x):
            return x * x * x

        whylight.saving.save(model, tmp_path / "model", preprocess=cube)


# ---------------------------------------------------------------------------- metadata


def test_metadata_completes_what_the_user_says(tmp_path):
    model = wide_and_deep("dict")
    path = tmp_path / "model"
    whylight.saving.save(
        model,
        path,
        metadata={
            "inputs": {
                "depth": {
                    "input_tensor_name": "deep",
                    "encoding": "bag_of_features",
                    "index_feature_mapping": ["a", "b", "c"],
                }
            },
            "outputs": {"score": {"index_name_mapping": ["price"]}},
        },
        baselines={"deep": [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]},
    )
    assert metadata(path) == {
        "inputs": {
            "depth": {
                "input_tensor_name": "deep",
                "encoding": "bag_of_features",
                "modality": "numeric",
                "index_feature_mapping": ["a", "b", "c"],
                "input_baselines": [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]],
            }
        },
        "outputs": {"score": {"output_tensor_name": "score", "index_name_mapping": ["price"]}},
        "framework": "tensorflow2",
    }
    row = {"wide": [0.5, -1.0], "deep": [1.0, 2.0, -0.5]}
    assert explain(path, [row])[0]["featureAttributions"].keys() == {"a", "b", "c"}


def test_metadata_is_what_the_program_infers(tmp_path):
    model, _ = trained_flower_model(name="flower")
    whylight.saving.save(model, tmp_path / "model")
    assert metadata(tmp_path / "model") == json.loads(run("metadata", "infer", tmp_path / "model"))


def test_metadata_may_be_a_file(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"outputs": {"likely": {"output_tensor_name": "kind"}}}))
    model, _ = trained_flower_model(name="flower")
    whylight.saving.save(model, tmp_path / "model", metadata=file)
    assert metadata(tmp_path / "model")["outputs"] == {"likely": {"output_tensor_name": "kind"}}


@pytest.mark.parametrize(
    "options, error",
    [
        ({"baselines": {"flowers": 0.0}}, "baselines.'flowers'.: there is no such input.*flower"),
        ({"baselines": {"flower": [0.0, 1.0]}}, r"expected one number, float32 \[\?, 4\]"),
        ({"baselines": {"flower": "black"}}, "expected numbers, got 'black'"),
        ({"baselines": {"flower": float("nan")}}, "not finite"),
        ({"metadata": {"inputs": {"x": {}}}}, "metadata: inputs.x.input_tensor_name: there is no"),
        (
            {"metadata": {"inputs": {"flower": {"inputBaselines": [0]}}}},
            "inputs.flower.inputBaselines is Vertex's form",
        ),
    ],
)
def test_metadata_that_does_not_fit_is_refused(tmp_path, options, error):
    model, _ = trained_flower_model(name="flower")
    with pytest.raises(ValueError, match=error):
        whylight.saving.save(model, tmp_path / "model", **options)
    assert list(tmp_path.iterdir()) == []


def test_baselines_come_in_equal_numbers(tmp_path):
    with pytest.raises(ValueError, match="as many of every input, got 2 of .wide., 1 of .deep."):
        whylight.saving.save(
            wide_and_deep("list"),
            tmp_path / "model",
            metadata={"inputs": {"wide": {}, "deep": {}}},
            baselines={"wide": [[0.0, 0.0], [1.0, 1.0]], "deep": 0.0},
        )


def test_a_model_without_scores_is_refused(tmp_path):
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def label(x):
        return {"label": tf.argmax(x, axis=1)}

    with pytest.raises(ValueError, match=r"it returns 'label': int64 \[\?\]; an explanation needs"):
        whylight.saving.save(label, tmp_path / "model")


# -------------------------------------------------------------------------------- path


def test_a_model_that_is_there_is_kept_or_replaced_whole(tmp_path):
    path = tmp_path / "model"
    whylight.saving.save(Linear(), path)
    with pytest.raises(ValueError, match="overwrite=True replaces it"):
        whylight.saving.save(Linear(), path)
    (path / "note.txt").write_text("of the old model")
    whylight.saving.save(Linear(), path, overwrite=True)
    assert not (path / "note.txt").exists()
    assert [child.name for child in tmp_path.iterdir()] == ["model"]


def test_other_peoples_folders_are_never_replaced(tmp_path):
    (tmp_path / "thesis.tex").write_text("...")
    with pytest.raises(ValueError, match="holds other things than a SavedModel"):
        whylight.saving.save(Linear(), tmp_path, overwrite=True)
    assert (tmp_path / "thesis.tex").exists()


def test_what_fails_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("no space")

    monkeypatch.setattr("whylight.saving._save.write_metadata", fail)
    with pytest.raises(OSError, match="no space"):
        whylight.saving.save(Linear(), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_is_written_through_tensorflow(capsys):
    path = "ram://models/flower"  # TensorFlow's own in memory, as remote as gs:// to us
    whylight.saving.save(Linear(), path)
    assert f"Model saved to: {path}" in capsys.readouterr().out
    assert tf.io.gfile.exists(f"{path}/explanation_metadata.json")
    served = tf.saved_model.load(path).signatures["serving_default"]
    assert served(features=tf.zeros([2, 3]))["score"].numpy() == pytest.approx([0.5, 0.5])
    with pytest.raises(ValueError, match="overwrite=True"):
        whylight.saving.save(Linear(), path)
    whylight.saving.save(Linear(), path, overwrite=True)


def test_without_tensorflow_the_import_says_what_to_install():
    program = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "try:\n    import whylight.saving\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install tensorflow" in done.stdout


def test_a_store_that_tensorflow_does_not_know_is_named():
    with pytest.raises(ValueError, match="cannot write to 'nowhere://x/y'"):
        whylight.saving.save(Linear(), "nowhere://x/y")

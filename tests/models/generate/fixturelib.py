"""Helpers shared by every fixture generator.

A fixture is a folder:

    model/         the SavedModel, exactly as the writer left it
    request.json   {"instances": [...]}, TensorFlow Serving's row format
                   (or {"inputs": {...}}, its column format, where rows cannot be cut)
    about.json     what the fixture is, the expected verdict, how it was explained
    expected.npz   TensorFlow's own answers (made by reference.py)

The generators write the first two and a draft of the third; reference.py
fills in the rest by loading the SavedModel back from disk.
"""
import base64
import json
import os
import random
import shutil

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_ROOT = os.path.dirname(HERE)     # tests/models


def seed_everything(seed=7):
    random.seed(seed)
    np.random.seed(seed)
    import tensorflow as tf
    tf.compat.v2.random.set_seed(seed)
    tf.compat.v1.set_random_seed(seed)


def b64(data):
    return {"b64": base64.b64encode(data).decode("ascii")}


def to_json(value):
    """numpy / bytes -> what TensorFlow Serving's REST row format takes."""
    if isinstance(value, dict):
        return {k: to_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(v) for v in value]
    if isinstance(value, np.ndarray):
        return to_json(value.tolist())
    if isinstance(value, bytes):
        return b64(value)
    if isinstance(value, (np.floating, float)):
        return float("%.9g" % float(value))
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.bool_):
        return bool(value)
    return value


def write_json(path, value):
    with open(path, "w") as f:
        json.dump(value, f, indent=1, sort_keys=False)
        f.write("\n")


def fresh_dir(root, name):
    path = os.path.join(root, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def finish(path, instances, about, columns=None):
    """Write request.json and the draft of about.json beside model/."""
    request = os.path.join(path, "request.json")
    if columns is not None:
        write_json(request, {"inputs": to_json(columns)})
    elif instances is not None:
        write_json(request, {"instances": to_json(instances)})
    draft = {"name": os.path.basename(path)}
    draft.update(about)
    write_json(os.path.join(path, "about.json"), draft)
    print("wrote", os.path.basename(path), flush=True)


def adopt_export(export_dir, path):
    """Move an Estimator's time-stamped export folder to <fixture>/model."""
    if isinstance(export_dir, bytes):
        export_dir = export_dir.decode()
    shutil.move(export_dir, os.path.join(path, "model"))


def jpeg_bytes(array, size=None, quality=85):
    import io
    from PIL import Image
    image = Image.fromarray(np.asarray(array, np.uint8))
    if size:
        image = image.resize(size, Image.BILINEAR)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def png_bytes(array, size=None):
    import io
    from PIL import Image
    image = Image.fromarray(np.asarray(array, np.uint8))
    if size:
        image = image.resize(size, Image.BILINEAR)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def run_cases(cases, default_root=DEFAULT_ROOT, before_each=None):
    """Command line of a generator: [--root DIR] [case ...]."""
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=default_root)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    names = args.names or list(cases)
    for name in names:
        seed_everything()
        if before_each:
            before_each()
        path = fresh_dir(args.root, name)
        cases[name](path)

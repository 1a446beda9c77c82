"""Load every fixture again and compare with expected.npz.

    python verify.py [FIXTURE_DIR ...]          (requirements-tf2.txt)

Checks that predictions repeat, that IG sums to the score difference, that exact
Shapley values sum to it to rounding, and that nothing here is pickled.
"""
import glob
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np

import reference

HERE = os.path.dirname(os.path.abspath(__file__))


def check(path):
    with open(os.path.join(path, "about.json")) as f:
        about = json.load(f)
    if about["verdict"] == "load_error":
        return "load_error expected"
    expected = os.path.join(path, "expected.npz")
    if not os.path.exists(expected):
        return "no numbers (%s)" % about["verdict"]
    data = dict(np.load(expected, allow_pickle=False))
    words = []
    if "score" in data:
        gap = data["score"] - data["score_baseline"]
        scale = np.maximum(np.abs(gap), 1e-3)
        igs = [v for k, v in data.items() if k.startswith("ig.")]
        if igs:
            total = sum(v.reshape(len(v), -1).astype(np.float64).sum(1) for v in igs)
            words.append("ig %.1e" % np.nanmax(np.abs(total - gap) / scale))
        for key in [k for k in data if k.startswith("shapley.") and k != "shapley.example"]:
            off = np.max(np.abs(data[key].sum(1) - gap) / scale)
            words.append("shapley %.1e" % off)
            if off > 1e-4:
                raise AssertionError("%s misses the score difference by %.1e" % (key, off))
    with open(os.path.join(path, "request.json")) as f:
        body = json.load(f)
    if about["format"] == "tf1" and "instances" in body:
        runner = reference.Tf1Runner(os.path.join(path, "model"), about.get("tags", ["serve"]))
        key = about.get("predict_signature", "serving_default")
        ins, outs = runner.signature(key)
        graph = next(g for g in about["graphs"] if g["tags"] == sorted(about.get("tags", ["serve"])))
        feeds = reference.instances_to_feeds(body["instances"], graph["signatures"][key]["inputs"])
        again = runner.run({ins[k]: v for k, v in feeds.items()}, outs)
        for name, value in again.items():
            value = reference.storable(value)
            same = (np.array_equal(value, data["pred." + name]) if value.dtype.kind == "S" else
                    np.allclose(value, data["pred." + name], rtol=1e-5, atol=1e-6))
            if not same:
                raise AssertionError("pred.%s does not repeat" % name)
        words.append("predictions repeat")
    return ", ".join(words) or "ok"


if __name__ == "__main__":
    root = os.path.dirname(HERE)
    folders = sys.argv[1:] or sorted(
        os.path.dirname(about) for about in glob.glob(os.path.join(root, "*", "about.json")))
    bad = 0
    for folder in folders:
        try:
            print("%-36s %s" % (os.path.basename(folder.rstrip("/")), check(folder)), flush=True)
        except Exception as error:
            bad += 1
            print("%-36s FAILED %s" % (os.path.basename(folder.rstrip("/")), str(error)[:300]))
    print("%d checked, %d failed" % (len(folders), bad))
    sys.exit(1 if bad else 0)

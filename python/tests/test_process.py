"""The package in a process: with TensorFlow's Python, with signals, with threads."""

import re
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from conftest import model_path

import whylight


def run(code, **options):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


EXPLAIN = f"""
import numpy as np, whylight
model = whylight.load({model_path("tf2_several_with_xai_model")!r})
found = model.explain(np.array([[5.1, 3.5, 1.4, 0.2]]), steps=20)
print(found[0].attributions[0].instance_output)
maps = open("/proc/self/maps").read()
print(sorted({{line.split()[-1] for line in maps.splitlines() if "libtensorflow_cc.so" in line}}))
"""
TENSORFLOW = """
import tensorflow as tf
print(float(tf.reduce_sum(tf.linalg.matmul(tf.ones([2, 2]), tf.ones([2, 2])))))
"""


@pytest.mark.parametrize(
    "code", [EXPLAIN + TENSORFLOW, TENSORFLOW + EXPLAIN], ids=["tensorflow_after", "tensorflow_before"]
)
def test_beside_tensorflow(code):
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert "8.0" in done.stdout and "0.9975" in done.stdout
    libraries = re.findall(r"[^'\[ ]*libtensorflow_cc[^']*", done.stdout)
    assert len(set(libraries)) == 1, "one copy of the library: " + done.stdout


def test_tensorflow_is_not_imported():
    done = run(EXPLAIN + "import sys\nprint('tensorflow' in sys.modules)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("False")


def test_nothing_is_printed():
    done = run(EXPLAIN)
    assert done.stderr == ""


SLOW = f"""
import numpy as np, whylight
model = whylight.load({model_path("keras2_cnn_digits_saved_model_save")!r})
name, spec = next(iter(model.inspect()["signatures"]["serving_default"]["inputs"].items()))
rows = np.random.default_rng(0).uniform(size=[20000, *spec["shape"][1:]])
print("ready", flush=True)
model.explain({{name: rows}}, steps=500, progress=False)
"""


def test_ctrl_c_stops_the_work():
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors, errors
    assert process.returncode in (-signal.SIGINT, 130, 1)


def test_the_interpreter_goes_on_meanwhile(iris):
    ticks = []
    stop = threading.Event()

    def tick():
        while not stop.wait(0.01):
            ticks.append(time.monotonic())

    ticker = threading.Thread(target=tick)
    ticker.start()
    begun = time.monotonic()
    iris.explain(np.random.default_rng(0).uniform(size=(20000, 4)), steps=200)
    ended = time.monotonic()
    stop.set()
    ticker.join()
    inside = [t for t in ticks if begun < t < ended]
    # One call holds the interpreter at most while it copies arrays.
    assert len(inside) > (ended - begun) / 0.01 / 10


def test_many_threads(iris):
    x = np.random.default_rng(0).uniform(1, 5, size=(8, 50, 4))
    expected = [[e.features["flower"] for e in iris.explain(rows, steps=20)] for rows in x]
    found = [None] * len(x)

    def work(i):
        found[i] = [e.features["flower"] for e in iris.explain(x[i], steps=20)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(x))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_progress_is_told_and_may_raise(iris):
    rows = np.random.default_rng(0).uniform(size=(3000, 4))
    told = []
    iris.explain(rows, steps=50, progress=lambda done, failed: told.append((done, failed)))
    assert told[-1] == (3000, 0) and told == sorted(told)

    def refuse(done, failed):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        iris.explain(rows, steps=50, progress=refuse)
    assert len(iris.explain(rows[:3], steps=50)) == 3


def test_a_bar_of_tqdm(iris, capsys):
    pytest.importorskip("tqdm")
    iris.explain(np.ones((10, 4)), steps=5, progress=True)
    assert "10/10" in capsys.readouterr().err


def test_another_tensorflow_cannot_be_loaded_too(iris, tmp_path):
    iris.explain(np.ones((1, 4)), steps=5)
    with pytest.raises(whylight.WhylightError):
        other = whylight.load(model_path("tf2_closed_form_module"), tensorflow=tmp_path)
        other.explain(np.ones((1, 4)))


def test_explainers_are_kept(iris):
    rows = np.ones((1, 4))
    iris.explain(rows, steps=17)
    kept = dict(iris._explainers)
    iris.explain(rows, steps=17)
    assert dict(iris._explainers) == kept

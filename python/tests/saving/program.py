"""The program, and the numbers that TensorFlow itself gives, for tests of saved models."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from typing import Any, Callable

import numpy as np
import tensorflow as tf

# Points of the quadrature, there and here: both compute the same sum.
POINTS = 50


def program() -> str:
    tree = pathlib.Path(__file__).resolve().parents[3]
    return os.environ.get("WHYLIGHT_PROGRAM", str(tree / "build" / "bin" / "whylight"))


def run(*arguments: str | os.PathLike[str], code: int = 0) -> str:
    done = subprocess.run([program(), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def explain(model: str | os.PathLike[str], instances: list[Any], *options: str) -> list[Any]:
    """What explains each instance: by Integrated Gradients, if options name no method."""
    request = pathlib.Path(model).parent / "request.json"
    request.write_text(json.dumps({"instances": instances}))
    how = options or ("--steps", str(POINTS))
    lines = run("explain", model, "-i", request, "--format", "jsonl", *how)
    return [
        json.loads(line)["explanation"]["attributions"][0] for line in lines.splitlines() if line
    ]


def integrated_gradients(
    score: Callable[[dict[str, tf.Tensor]], tf.Tensor],
    instance: dict[str, Any],
    baseline: dict[str, Any],
) -> dict[str, np.ndarray]:
    """By a gradient tape and Gauss-Legendre points, of one row of each input.

    Args:
      score: From rows of the inputs to one number for each row.
      instance: A value of each input, without the row axis.
      baseline: Likewise, or one number for all elements.
    """
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    x = {name: np.asarray(value, np.float32) for name, value in instance.items()}
    b = {name: np.broadcast_to(np.float32(baseline[name]), x[name].shape) for name in x}

    def spread(values: np.ndarray, name: str) -> np.ndarray:
        return values.reshape([-1] + [1] * x[name].ndim).astype(np.float32)

    path = {
        name: tf.constant(b[name] + spread((nodes + 1) / 2, name) * (x[name] - b[name]))
        for name in x
    }
    with tf.GradientTape() as tape:
        tape.watch(path)
        total = tf.reduce_sum(score(path))
    gradients = tape.gradient(total, path)
    return {
        name: (x[name] - b[name])
        * np.sum(spread(weights / 2, name) * gradients[name].numpy(), axis=0)
        for name in x
    }

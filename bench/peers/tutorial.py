#!/usr/bin/env python3
"""Integrated Gradients as TensorFlow's tutorial has them (see protocol.py): one row after the
other, its points in batches, gradients back in Python, trapezoids."""
import numpy as np
import protocol
import tensorflow as tf
from saved import Saved, gradient_function


class Tutorial:
    """The code of TensorFlow's tutorial."""

    BATCHES = (16, 32, 64)

    def __init__(self, folder):
        self.model = Saved(folder)
        self.rows = np.load(folder / "x.npy")
        self.gradient = gradient_function(self.model)

    def explain_row(self, x, steps, batch):
        baseline = tf.zeros_like(x)
        target = self.model.targets(x[None])
        alphas = tf.linspace(0.0, 1.0, steps + 1)
        gradients = []
        for i in range(0, steps + 1, batch):
            some = tf.reshape(alphas[i:i + batch], [-1] + [1] * x.ndim)
            path = baseline[None] + some * (x - baseline)[None]
            gradients.append(self.gradient(path, tf.repeat(target, len(path))))
        all_gradients = tf.concat(gradients, 0)
        mean = tf.reduce_mean((all_gradients[:-1] + all_gradients[1:]) / 2, 0)
        return ((x - baseline) * mean).numpy()

    def explain(self, rows, rule, steps, batch):
        assert rule == "trapezoid"
        return np.stack([self.explain_row(x, steps, batch) for x in rows])

    @staticmethod
    def evaluations(_, steps):
        return steps + 1, 1


if __name__ == "__main__":
    protocol.main(Tutorial)

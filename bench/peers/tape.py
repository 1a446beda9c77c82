#!/usr/bin/env python3
"""Integrated Gradients as a TensorFlow user writes them who cares for speed (see protocol.py).

One tf.function makes the points of the path of some rows, takes their gradients with a GradientTape
and sums them over the path, so that neither the path nor the gradients leave the graph. A batch is
whole rows with all of their points, or some of the points of one row. `--xla` compiles it.
"""
import numpy as np
import protocol
import tensorflow as tf
from rules import RULES
from saved import Saved

BATCHES = (5, 10, 16, 25, 50, 100, 200, 400, 1600, 5000, 16500, 50000)


class Tape:
    """TensorFlow by an expert's hand."""

    def __init__(self, folder, *options):
        self.model = Saved(folder)
        self.rows = np.load(folder / "x.npy")
        self.BATCHES = protocol.batches_for(self.rows[0], BATCHES)
        row = self.rows.shape[1:]
        self.block = tf.function(self._block, jit_compile="--xla" in options, input_signature=[
            tf.TensorSpec([None, *row]), tf.TensorSpec([None], tf.int32), tf.TensorSpec([None]),
            tf.TensorSpec([None])])

    def _block(self, x, target, alphas, weights):
        """Weighted sum of the gradients at x * alpha, for each row: the baseline is 0."""
        points = tf.shape(alphas)[0]
        scale = tf.reshape(alphas, [1, -1] + [1] * (len(x.shape) - 1))
        path = tf.reshape(x[:, None] * scale, tf.concat([[-1], tf.shape(x)[1:]], 0))
        with tf.GradientTape() as tape:
            tape.watch(path)
            y = tf.gather(self.model(path), tf.repeat(target, points), axis=1, batch_dims=1)
        gradient = tape.gradient(y, path)
        shape = tf.concat([[tf.shape(x)[0], points], tf.shape(x)[1:]], 0)
        weights = tf.reshape(weights, tf.shape(scale))
        return tf.reduce_sum(weights * tf.reshape(gradient, shape), 1)

    def explain(self, rows, rule, steps, batch):
        nodes, weights = (a.astype(np.float32) for a in RULES[rule](steps))
        at_once, points = max(1, batch // len(nodes)), min(batch, len(nodes))
        attributions = []
        for i in range(0, len(rows), at_once):
            part = tf.constant(rows[i:i + at_once])
            target = tf.constant(self.model.targets(part))
            total = sum(self.block(part, target, tf.constant(nodes[k:k + points]),
                                   tf.constant(weights[k:k + points]))
                        for k in range(0, len(nodes), points))
            attributions.append((part * total).numpy())
        return np.concatenate(attributions)

    @staticmethod
    def evaluations(rule, steps):
        return len(RULES[rule](steps)[0]), 1


if __name__ == "__main__":
    protocol.main(Tape)

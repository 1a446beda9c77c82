#!/usr/bin/env python3
"""Seldon's alibi, Integrated Gradients (see protocol.py)."""
import numpy as np
import protocol
import tensorflow as tf
from alibi.explainers import IntegratedGradients
from saved import Saved

BATCHES = (16, 32, 100, 400, 1600, 5000, 20000)
METHODS = {"gauss": "gausslegendre", "midpoint": "riemann_middle", "trapezoid": "riemann_trapezoid"}


def rebuilt_lstm(folder):
    """TensorFlow 2.14 cannot differentiate this network as it was saved: built again."""
    stored = np.load(folder / "weights.npz")
    network = tf.keras.Sequential([
        tf.keras.Input((64, 8)), tf.keras.layers.LSTM(64),
        tf.keras.layers.Dense(2, activation="softmax")])
    network.set_weights([stored[name] for name in stored.files])
    return network


class Alibi:
    """alibi's IntegratedGradients."""

    def __init__(self, folder):
        self.model = Saved(folder)
        self.keras = (rebuilt_lstm(folder) if folder.name == "lstm" else
                      self.model.as_keras(tf.keras))
        self.rows = np.load(folder / "x.npy")
        self.BATCHES = protocol.batches_for(self.rows[0], BATCHES)

    def explain(self, rows, rule, steps, batch):
        explainer = IntegratedGradients(self.keras, method=METHODS[rule], n_steps=steps,
                                        internal_batch_size=batch)
        target = self.model.targets(rows) if self.keras.output_shape[-1] > 1 else None
        return explainer.explain(rows, baselines=np.zeros_like(rows), target=target).attributions[0]

    @staticmethod
    def evaluations(_, steps):
        return steps, 3  # The class here; the scores of both ends there.


if __name__ == "__main__":
    protocol.main(Alibi)

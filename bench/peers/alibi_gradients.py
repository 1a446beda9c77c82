#!/usr/bin/env python3
"""Seldon's alibi, Integrated Gradients (see protocol.py)."""
import numpy as np
import protocol
import tensorflow as tf
from alibi.explainers import IntegratedGradients
from saved import Saved

BATCHES = (16, 32, 100, 400, 1600, 5000, 20000)
METHODS = {"gauss": "gausslegendre", "midpoint": "riemann_middle", "trapezoid": "riemann_trapezoid"}


class Alibi:
    """alibi's IntegratedGradients."""

    def __init__(self, folder):
        self.model = Saved(folder)
        self.keras = self.model.as_keras(tf.keras)
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

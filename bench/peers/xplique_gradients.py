#!/usr/bin/env python3
"""DEEL's xplique, Integrated Gradients (see protocol.py)."""
import keras
import numpy as np
import protocol
import tensorflow as tf
from saved import Saved
from xplique.attributions import IntegratedGradients

BATCHES = (50, 100, 200, 400, 1600, 5000, 20000)


class Xplique:
    """xplique's IntegratedGradients: trapezoids."""

    def __init__(self, folder):
        self.model = Saved(folder)
        self.keras = self.model.as_keras(keras)
        self.rows = np.load(folder / "x.npy")
        self.BATCHES = protocol.batches_for(self.rows[0], BATCHES)

    def explain(self, rows, rule, steps, batch):
        assert rule == "trapezoid"
        explainer = IntegratedGradients(self.keras, steps=steps + 1, batch_size=max(batch, 1),
                                        reducer=None)
        classes = self.keras.output_shape[-1]
        target = tf.one_hot(self.model.targets(rows), classes)
        return explainer.explain(rows, target).numpy()

    @staticmethod
    def evaluations(_, steps):
        return steps + 1, 1


if __name__ == "__main__":
    protocol.main(Xplique)

#!/usr/bin/env python3
"""PAIR's saliency on pictures (see protocol.py): ends:50 is Integrated Gradients; xrai-full:25,
xrai-fast:25, blur-ig:25 and guided-ig:25 are the methods of these names.

tf.function gradients of the SavedModel; XRAI starts from black and white, twice its steps.
"""
import numpy as np
import protocol
import saliency.core as saliency
import tensorflow as tf
from saved import Saved, gradient_function


class QuantileNumpy:
    """`interpolation`, which saliency gives, is called `method` since NumPy 1.22."""

    def __getattr__(self, name):
        return getattr(np, name)

    @staticmethod
    def quantile(values, q, interpolation):
        return np.quantile(values, q, method=interpolation)


saliency.guided_ig.np = QuantileNumpy()


class Saliency:
    """PAIR's saliency."""

    BATCHES = (10, 25)

    def __init__(self, folder):
        self.model = Saved(folder)
        self.gradient = gradient_function(self.model)
        self.rows = np.load(folder / "x.npy")
        self.points, self.explained = 0, 0

    def call(self, x, call_model_args=None, expected_keys=None):
        self.points += len(x)
        targets = np.full(len(x), call_model_args, np.int32)
        gradient = self.gradient(tf.constant(x, tf.float32), tf.constant(targets)).numpy()
        return {saliency.INPUT_OUTPUT_GRADIENTS: gradient}

    def mask(self, x, target, method, steps, batch):
        if method == "ends":
            return saliency.IntegratedGradients().GetMask(x, self.call, target, x_steps=steps,
                                                          batch_size=batch)
        if method == "blur-ig":
            return saliency.BlurIG().GetMask(x, self.call, target, steps=steps, batch_size=batch)
        if method == "guided-ig":
            return saliency.GuidedIG().GetMask(x, self.call, target, x_steps=steps)
        parameters = saliency.XRAIParameters(steps=steps, algorithm=method.split("-")[1])
        return saliency.XRAI().GetMask(x, self.call, target, extra_parameters=parameters,
                                       batch_size=batch)

    def explain(self, rows, method, steps, batch):
        self.points, self.explained = 0, len(rows)
        targets = self.model.targets(rows)
        return np.stack([self.mask(x, int(target), method, steps, batch)
                         for x, target in zip(rows, targets)])

    def evaluations(self, *_):
        return round(self.points / self.explained), 1


if __name__ == "__main__":
    protocol.main(Saliency)

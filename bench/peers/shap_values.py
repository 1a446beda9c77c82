#!/usr/bin/env python3
"""shap's PermutationExplainer and KernelExplainer on a SavedModel (see protocol.py).

permutations:12 is 12 orders, each walked both ways; kernel:327 is 327 coalitions. Strings are given
to shap as integer codes, which the score function turns back.
"""
import warnings

import columns
import numpy as np
import protocol
import shap
import tensorflow as tf
from saved import Saved

warnings.filterwarnings("ignore")


class Shap:
    """shap's explainers."""

    BATCHES = (64, 512)

    def __init__(self, folder):
        model, (named, baselines) = Saved(folder), columns.load(folder)
        self.words = {name: np.unique(np.append(column, baselines[name]))
                      for name, column in named.items() if column.dtype.kind == "U"}
        code = lambda name, values: (np.searchsorted(self.words[name], values)
                                     if name in self.words else values)
        self.names = list(named)
        self.rows = np.stack([code(name, column) for name, column in named.items()], 1)
        self.rows = self.rows.astype(np.float64)
        self.baseline = np.array([[code(name, baselines[name]) for name in named]], np.float64)
        self.predict = (tf.function(model, reduce_retracing=True) if not self.words else
                        tf.function(model.of_columns, reduce_retracing=True))
        self.calls, self.explained = 0, 0
        masker = shap.maskers.Independent(self.baseline)
        self.permutation = shap.PermutationExplainer(self.score, masker, seed=0)
        self.kernel = shap.KernelExplainer(self.score, self.baseline)

    def score(self, x):
        self.calls += len(x)
        if not self.words:
            return self.predict(tf.constant(x, tf.float32)).numpy()
        parts = {}
        for i, name in enumerate(self.names):
            part = x[:, i:i + 1]
            parts[name] = tf.constant(self.words[name][part.astype(int)] if name in self.words
                                      else part.astype(np.float32))
        return self.predict(parts).numpy()

    def explain(self, rows, rule, amount, batch):
        targets = self.score(rows).argmax(1)
        self.calls, self.explained = len(rows), len(rows)
        if rule == "kernel":
            values = self.kernel.shap_values(rows, nsamples=amount, l1_reg=False, silent=True)
        else:
            passes = 2 * rows.shape[1] + 1
            values = self.permutation(rows, max_evals=amount * passes, batch_size=batch,
                                      silent=True).values
        values = np.asarray(values)
        return values[np.arange(len(rows)), :, targets] if values.ndim == 3 else values

    def evaluations(self, *_):
        return 0, round(self.calls / self.explained)


if __name__ == "__main__":
    protocol.main(Shap)

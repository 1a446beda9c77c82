#!/usr/bin/env python3
"""Shapley values by hand in TensorFlow (see protocol.py).

permutations:25 draws 25 orders and scores the coalitions of a block of rows in one batch; exact:0
scores all of them. A coalition's rows are put together in the graph: where(mask, row, baseline).
"""
import math

import columns
import numpy as np
import protocol
import tensorflow as tf
from saved import Saved


def exact_weights(players):
    """All coalitions, and the matrix that turns their scores into Shapley values."""
    masks = ((np.arange(1 << players)[:, None] >> np.arange(players)) & 1).astype(bool)
    weight = np.array([math.factorial(k) * math.factorial(players - k - 1) for k in range(players)])
    weight = weight / math.factorial(players)
    size = masks.sum(1)
    return masks, np.where(masks.T, weight[np.maximum(size - 1, 0)],
                           -weight[np.minimum(size, players - 1)])


class TapeShapley:
    """Sampled Shapley by an expert's hand."""

    BATCHES = (1, 4, 16, 64, 256)  # Rows whose coalitions are scored at once.

    def __init__(self, folder):
        self.model = Saved(folder)
        named, baselines = columns.load(folder)
        self.names, self.stacked = list(named), (folder / "x.npy").is_file()
        self.columns = [tf.constant(column) for column in named.values()]
        self.baselines = [tf.constant(baselines[name], column.dtype)
                          for name, column in zip(self.names, self.columns)]
        self.rows = np.arange(len(self.columns[0]))
        self.rng = np.random.default_rng(0)
        self.counted = 0
        self.scores_of = tf.function(self._scores_of, reduce_retracing=True)
        self.values_of = tf.function(self._values_of, reduce_retracing=True)

    def score(self, parts):
        if self.stacked:
            return self.model(tf.stack(parts, 1))
        return self.model.of_columns({name: part[:, None]
                                      for name, part in zip(self.names, parts)})

    def _scores_of(self, rows):
        return self.score([tf.gather(column, rows) for column in self.columns])

    def _values_of(self, masks, rows, targets):
        parts = [tf.where(masks[:, i], tf.gather(column, rows), self.baselines[i])
                 for i, column in enumerate(self.columns)]
        return tf.gather(self.score(parts), targets, axis=1, batch_dims=1)

    def coalition_scores(self, rows, masks, targets):
        """masks: [rows, coalitions, players] -> [rows, coalitions]"""
        count = masks.shape[1]
        self.counted = count + 1  # With the row itself, which tells the class.
        flat = self.values_of(tf.constant(masks.reshape(-1, masks.shape[2])),
                              tf.constant(np.repeat(rows, count)),
                              tf.constant(np.repeat(targets, count)))
        return flat.numpy().astype(np.float64).reshape(len(rows), count)

    def sample(self, rows, orders):
        scores = self.scores_of(tf.constant(rows)).numpy()
        targets = scores.argmax(1).astype(np.int32)
        count, players = len(rows), len(self.columns)
        drawn = np.argsort(self.rng.random((count, orders, players)), 2)
        position = np.argsort(drawn, 2)
        # On the way from none to all, which is the row itself.
        masks = position[:, :, None, :] < np.arange(1, players)[:, None]
        none = np.zeros((count, 1, players), bool)
        masks = np.concatenate([none, masks.reshape(count, -1, players)], 1)
        found = self.coalition_scores(rows, masks, targets)
        walk = np.empty((count, orders, players + 1))
        walk[:, :, 0] = found[:, :1]
        walk[:, :, 1:-1] = found[:, 1:].reshape(count, orders, players - 1)
        walk[:, :, -1] = scores[np.arange(count), targets][:, None]
        return np.take_along_axis(np.diff(walk, axis=2), position, 2).mean(1)

    def exact(self, rows):
        masks, weights = exact_weights(len(self.columns))
        targets = self.scores_of(tf.constant(rows)).numpy().argmax(1).astype(np.int32)
        masks = np.tile(masks, (len(rows), 1, 1))
        return self.coalition_scores(rows, masks, targets) @ weights.T

    def explain(self, rows, rule, orders, batch):
        call = self.exact if rule == "exact" else lambda part: self.sample(part, orders)
        return np.concatenate([call(rows[i:i + batch]) for i in range(0, len(rows), batch)])

    @staticmethod
    def rows_of(batch, _):
        return batch

    def evaluations(self, *_):
        return 0, self.counted


if __name__ == "__main__":
    protocol.main(TapeShapley)

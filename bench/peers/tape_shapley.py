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


def prefixes(orders):
    """Coalitions on the way of each order, none and all left out: [orders, players - 1, players]."""
    position = np.argsort(orders, 1)
    return position[:, None, :] < np.arange(1, orders.shape[1])[None, :, None]


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
        """[rows, coalitions]"""
        self.counted = len(masks) + 2  # With the row itself, which tells the class.
        flat = self.values_of(tf.constant(np.tile(masks, (len(rows), 1))),
                              tf.constant(np.repeat(rows, len(masks))),
                              tf.constant(np.repeat(targets, len(masks))))
        return flat.numpy().astype(np.float64).reshape(len(rows), len(masks))

    def sample(self, rows, orders):
        scores = self.scores_of(tf.constant(rows)).numpy()
        targets = scores.argmax(1).astype(np.int32)
        players = len(self.columns)
        drawn = np.argsort(self.rng.random((orders, players)), 1)
        masks = prefixes(drawn).reshape(-1, players)
        none = np.zeros((1, players), bool)
        between = self.coalition_scores(rows, np.concatenate([none, masks]), targets)
        walk = np.concatenate([
            np.broadcast_to(between[:, None, :1], (len(rows), orders, 1)),
            between[:, 1:].reshape(len(rows), orders, players - 1),
            np.broadcast_to(scores[np.arange(len(rows)), targets][:, None, None],
                            (len(rows), orders, 1))], 2)
        result = np.zeros((len(rows), players))
        for i, order in enumerate(drawn):
            result[:, order] += np.diff(walk[:, i], axis=1)
        return result / orders

    def exact(self, rows):
        masks, weights = exact_weights(len(self.columns))
        targets = self.scores_of(tf.constant(rows)).numpy().argmax(1).astype(np.int32)
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

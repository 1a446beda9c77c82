#!/usr/bin/env python3
"""captum's ShapleyValueSampling on PyTorch (see protocol.py); batch: perturbations_per_eval."""
import protocol
import torch
import torch_models
from captum.attr import ShapleyValueSampling


class CaptumShapley:
    """captum's ShapleyValueSampling."""

    BATCHES = (1, 14, 56)
    AT_ONCE = 200  # Rows that one call explains.

    def __init__(self, folder):
        self.network, self.rows = torch_models.load(folder)
        self.calls, self.explained = 0, 0
        self.explainer = ShapleyValueSampling(self.score)

    def score(self, x):
        self.calls += len(x)
        with torch.no_grad():
            return self.network(x)

    def explain(self, rows, rule, orders, batch):
        assert rule == "permutations"
        with torch.no_grad():
            target = self.network(rows).argmax(1)
        self.calls, self.explained = 0, len(rows)
        found = [self.explainer.attribute(part, torch.zeros_like(part), target=some,
                                          n_samples=orders, perturbations_per_eval=batch)
                 for part, some in zip(rows.split(self.AT_ONCE), target.split(self.AT_ONCE))]
        return torch.cat(found).numpy()

    def rows_of(self, *_):
        return self.AT_ONCE

    def evaluations(self, *_):
        return 0, round(self.calls / self.explained) + 1


if __name__ == "__main__":
    protocol.main(CaptumShapley)

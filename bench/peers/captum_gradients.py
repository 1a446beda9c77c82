#!/usr/bin/env python3
"""captum's Integrated Gradients on PyTorch (see protocol.py)."""
import protocol
import torch
import torch_models
from captum.attr import IntegratedGradients

BATCHES = (5, 10, 16, 32, 50, 100, 256, 1024, 5000, 20000, 50000)
METHODS = {"gauss": "gausslegendre", "midpoint": "riemann_middle", "trapezoid": "riemann_trapezoid"}


class Captum:
    """captum's IntegratedGradients."""

    def __init__(self, folder):
        network, self.rows = torch_models.load(folder)
        self.network = network
        self.explainer = IntegratedGradients(network)
        self.channels_last = folder.name in torch_models.CHANNELS_LAST
        self.BATCHES = protocol.batches_for(self.rows[0].numpy(), BATCHES)

    def explain(self, rows, rule, steps, batch):
        with torch.no_grad():
            target = self.network(rows).argmax(1)
        # internal_batch_size is points; less than the rows would be refused with a warning.
        found = [self.explainer.attribute(part, torch.zeros_like(part), target=some,
                                          n_steps=steps, method=METHODS[rule],
                                          internal_batch_size=batch).float()
                 for part, some in zip(rows.split(batch), target.split(batch))]
        found = torch.cat(found)
        return (found.permute(0, 2, 3, 1) if self.channels_last else found).detach().numpy()

    @staticmethod
    def evaluations(_, steps):
        return steps, 1


if __name__ == "__main__":
    protocol.main(Captum)

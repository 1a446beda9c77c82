"""The rows of the models whose features are the players of Shapley values, as columns."""
import json

import numpy as np


def load(folder):
    """-> {feature: its values over the rows}, {feature: baseline}; a vector has a column each."""
    if (folder / "columns.npz").is_file():
        columns = dict(np.load(folder / "columns.npz"))
        return columns, json.loads((folder / "baselines.json").read_text())
    x = np.load(folder / "x.npy")
    columns = {"f%02d" % i: x[:, i] for i in range(x.shape[1])}
    return columns, dict.fromkeys(columns, 0.0)

#!/usr/bin/env python3
"""What the model itself costs: bench/peers/floor.py FOLDER [--xla]

Seconds for a row, forward and forward with backward, each at the batch size that is best for it, in
TensorFlow on the SavedModel. Prints {"forward_s", "forward_batch", "gradient_s", "gradient_batch"}.
"""
import argparse
import json
import os
import pathlib
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import protocol
import tensorflow as tf
from saved import Saved, gradient_function

BATCHES = (8, 16, 32, 64, 128, 256, 1024, 4096, 16384)
RUNS = 7
BUDGET_S = 2.0
WORSE, SLOW_S = 1.3, 0.2  # Than the best, and so slow: larger batches need no try.


def fastest(call):
    """The quickest of some runs: a floor."""
    call()
    times, begin = [], time.perf_counter()
    while len(times) < RUNS and (not times or time.perf_counter() - begin < BUDGET_S):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def best(call, rows, batches):
    """-> seconds for a row, batch size."""
    found = []
    for batch in batches:
        index = np.arange(batch) % len(rows)
        found.append((fastest(lambda: call(index)) / batch, batch))
        if found[-1][0] > WORSE * min(found)[0] and found[-1][0] * batch > SLOW_S:
            break
    return min(found)


def columns_of(folder):
    """Functions of row numbers for a model of several inputs: the scores, and no gradient."""
    model = Saved(folder)
    columns = {name: tf.constant(column[:, None])
               for name, column in np.load(folder / "columns.npz").items()}
    score = tf.function(lambda index: model.of_columns(
        {name: tf.gather(column, index) for name, column in columns.items()}),
        reduce_retracing=True)
    return lambda index: score(tf.constant(index)).numpy(), next(iter(columns.values())), BATCHES


def tensor_of(folder, xla):
    """The same for a model of one input -> scores, gradients, rows, batches."""
    model = Saved(folder)
    rows = np.load(folder / "x.npy")
    score = tf.function(model, reduce_retracing=True, jit_compile=xla)
    gradient = gradient_function(model, xla)
    return (lambda index: score(tf.constant(rows[index])).numpy(),
            lambda index: gradient(tf.constant(rows[index]),
                                   tf.zeros([len(index)], tf.int32)).numpy(),
            rows, protocol.batches_for(rows[0], BATCHES))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--xla", action="store_true")
    args = parser.parse_args()
    result = {}
    if (args.folder / "columns.npz").is_file():
        forward, rows, batches = columns_of(args.folder)
    else:
        forward, backward, rows, batches = tensor_of(args.folder, args.xla)
        result["gradient_s"], result["gradient_batch"] = best(backward, rows, batches)
    result["forward_s"], result["forward_batch"] = best(forward, rows, batches)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""What the scripts of all peers share: options in, one line of JSON out.

    PEER tune    FOLDER --job RULE:STEPS              {"batch": B}, the fastest of the batch sizes
    PEER explain FOLDER --job RULE:STEPS ... --batch B --out FOLDER
        for each job {"rows_per_s", "seconds", "rows", "evaluations"}, and the attributions of these
        rows as FOLDER/RULE-STEPS.npy
    PEER attribute FOLDER ...                         only the attributions, untimed, of all rows

FOLDER is a model's, as bench/make_models.py writes it. A peer is a class:

    BATCHES                      batch sizes to choose from; empty where there is no choice
    __init__(folder)
    rows                         the rows; anything with a length that slices
    explain(rows, rule, steps, batch) -> attributions, an array with a line for each row
    evaluations(rule, steps)     of the model for one row: of its gradient, and of its score alone
    rows_of(batch, steps)        how many rows fill a batch, if it is not batch / steps

The rate is taken behind a first run, so start, loading, tracing and files are left out. A job takes
as many rows as fit into --cap seconds.
"""
import argparse
import json
import os
import pathlib
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

LARGEST_BATCH = 2 ** 25  # Elements of the explained input.
WORSE, SLOW_S = 0.7, 4.0  # Of the best rate, and so slow a trial: larger batches need no try.
SMALL_TIME_S = 1.0  # Shorter timings are repeated.
REPEATS = 3
GROWTH = 10  # Of the rows, from one trial to the next.


def batches_for(row, sizes):
    """Those of the sizes at which a batch of rows of this shape has a bearable size."""
    return [size for size in sizes if size * row.size <= LARGEST_BATCH]


class Caller:
    """Times a peer with one rule, number of steps and batch size."""

    def __init__(self, peer, job, batch):
        self.peer, (self.rule, self.steps), self.batch = peer, job, batch
        # Enough to fill a batch.
        self.few = (peer.rows_of(batch, self.steps) if hasattr(peer, "rows_of") else
                    max(1, (batch or 1) // self.steps))

    def explain(self, rows):
        return self.peer.explain(rows, self.rule, self.steps, self.batch)

    def warm_up(self):
        """Two sizes: what was traced for one is traced again for all at the second."""
        for count in (self.few, self.few + 1):
            self.explain(self.peer.rows[:count])

    def timed(self, rows):
        start = time.perf_counter()
        attributions = self.explain(rows)
        return time.perf_counter() - start, attributions


def tune(peer, job):
    best, best_rate = None, 0
    for batch in peer.BATCHES:
        caller = Caller(peer, job, batch)
        if caller.few > len(peer.rows):
            break
        begin = time.perf_counter()
        caller.warm_up()
        rows = peer.rows[:2 * caller.few]
        rate = len(rows) / caller.timed(rows)[0]
        if rate > best_rate:
            best, best_rate = batch, rate
        elif rate < WORSE * best_rate or time.perf_counter() - begin > SLOW_S:
            break
    return {"batch": best}


def measure(peer, job, batch, cap_s):
    caller = Caller(peer, job, batch)
    caller.warm_up()
    rows = peer.rows[:caller.few]
    while True:
        seconds, attributions = caller.timed(rows)
        more = int(len(rows) * min(GROWTH, cap_s / seconds))
        if len(rows) == len(peer.rows) or more < 2 * len(rows):
            break
        rows = peer.rows[:more]
    times = [seconds]
    while sum(times) < SMALL_TIME_S and len(times) < REPEATS:
        times.append(caller.timed(rows)[0])
    seconds = sorted(times)[len(times) // 2]
    return {"rows_per_s": len(rows) / seconds, "seconds": seconds, "rows": len(rows),
            "evaluations": peer.evaluations(*job)}, np.asarray(attributions)


def job_of(text):
    rule, steps = text.rsplit(":", 1)
    return rule, int(steps)


def main(peer_class):
    parser = argparse.ArgumentParser(description=peer_class.__doc__)
    parser.add_argument("mode", choices=["tune", "explain", "attribute"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--job", dest="jobs", type=job_of, action="append", required=True)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--rows", type=int, help="at most")
    parser.add_argument("--cap", type=float, default=3, help="seconds for the rows of a job")
    parser.add_argument("--out", type=pathlib.Path)
    args, rest = parser.parse_known_args()
    peer = peer_class(args.folder, *rest)
    if args.rows:
        peer.rows = peer.rows[:args.rows]
    if args.mode == "tune":
        print(json.dumps(tune(peer, args.jobs[0])))
        return
    results = []
    for job in args.jobs:
        if args.mode == "explain":
            result, attributions = measure(peer, job, args.batch, args.cap)
            results.append(result)
        else:
            attributions = peer.explain(peer.rows, *job, args.batch)
        np.save(args.out / ("%s-%d.npy" % job), attributions)
    print(json.dumps(results))

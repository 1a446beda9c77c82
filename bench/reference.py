"""What the attributions should be, and how many steps each rule needs to come near. Made once for a
model, kept beside it.

Integrated Gradients: Whylight with very many Gauss-Legendre points, held against TensorFlow's tape
at the points of the midpoint rule on a few rows, so that no error of ours can hide. Shapley values:
all coalitions, by TensorFlow.
"""
import dataclasses
import itertools
import sys

import numpy as np
import sides

TAPE = sides.Peer("tensorflow-cpu", "main", "tape.py", ())
SHAPLEY = sides.Peer("tensorflow-cpu", "main", "tape_shapley.py", ())

CHECK = ("midpoint", 2000)
STEPS = ((5, 10, 15, 20, 25, 30, 40, 50), (75, 100, 150, 200), (300, 500), (1000,))
RULES = ("gauss", "midpoint", "trapezoid", "ends")
SHAPLEY_ROWS = 200


@dataclasses.dataclass
class Scale:
    """How much of a model is looked at."""

    rows: int
    points: int
    checked_rows: int
    batch: int
    limit: float = 0.01  # L1 error that counts as reached.


SCALES = {"tabular": Scale(200, 4000, 20, 5000), "text": Scale(16, 4000, 2, 400),
          "lstm": Scale(16, 1000, 2, 1600), "transformer": Scale(8, 4000, 1, 200),
          "image": Scale(2, 4000, 1, 16, 0.2)}


def l1_errors(found, want):
    """Of each row: sum |difference| / sum |attribution|."""
    rows = min(len(found), len(want))
    gap = np.abs(found[:rows] - want[:rows]).sum(1)
    return gap / np.abs(want[:rows]).sum(1)


def mean_error(found, want):
    return float(np.mean(l1_errors(found, want)))


def pooled_error(found, want):
    """Mean |difference| / mean |attribution| over all rows: some rows have nothing to explain."""
    rows = min(len(found), len(want))
    return float(np.abs(found[:rows] - want[:rows]).sum() / np.abs(want[:rows]).sum())


def kept(path, model, make):
    """The arrays in the file; made where it is absent or older than the model."""
    if not path.is_file() or path.stat().st_mtime < (model / "saved_model.pb").stat().st_mtime:
        print("== reference for '%s' (once)" % model.parent.name, file=sys.stderr, flush=True)
        np.savez(path, **make())
    return dict(np.load(path))


def attribute(peer, folder, jobs, rows, batch, bench, work):
    peer.run(bench.cache, "attribute", folder, jobs, "--rows", rows, "--batch", batch, "--out",
             work)
    return {job: sides.flat(np.load(work / ("%s-%d.npy" % job))) for job in jobs}


def errors_of_rules(folder, want, bench, work):
    """{rule: [(steps, error)]} with ever more steps, until the error is below the limit."""
    scale, found = SCALES[folder.name], {rule: [] for rule in RULES}
    for group in STEPS:
        open_rules = [rule for rule in RULES
                      if not steps_for(scale.limit, found[rule])]
        jobs = [(rule, steps) for rule in open_rules for steps in group]
        if jobs:
            arrays = attribute(TAPE, folder, jobs, scale.rows, scale.batch, bench, work)
        for rule, steps in jobs:
            found[rule].append((steps, mean_error(arrays[rule, steps], want)))
    return {rule: np.array(errors) for rule, errors in found.items()}


def make_gradients(folder, bench, work):
    scale = SCALES[folder.name]
    want = bench.whylight.attributions(folder, ["--steps", scale.points], scale.rows, work)
    tape = attribute(TAPE, folder, [CHECK], scale.checked_rows, scale.batch, bench, work)[CHECK]
    return {"attributions": want, "apart": mean_error(tape, want),
            **errors_of_rules(folder, want, bench, work)}


def gradients(folder, bench, work):
    """-> attributions, "apart" (the tape's mean L1 distance) and [(steps, error)] by rule."""
    return kept(folder / "reference.npz", folder / "model",
                lambda: make_gradients(folder, bench, work))


def steps_for(limit, errors):
    """The smallest number of steps with at most this error, or None."""
    return next((int(steps) for steps, error in errors if error <= limit), None)


def make_shapley(folder, bench, work):
    job = ("exact", 0)
    arrays = attribute(SHAPLEY, folder, [job], SHAPLEY_ROWS, 1, bench, work)
    return {"attributions": arrays[job]}


def shapley(folder, bench, work):
    return kept(folder / "shapley.npz", folder / "model",
                lambda: make_shapley(folder, bench, work))["attributions"]


def table(found):
    """Errors by rule and steps, as Markdown; found: {model: what gradients() gave}."""
    steps = sorted(set(itertools.chain.from_iterable(STEPS)))
    lines = ["| model | rule | %s |" % " | ".join(map(str, steps)),
             "| --- | --- | %s |" % " | ".join("---" for _ in steps)]
    for model, arrays in found.items():
        for rule in RULES:
            errors = {int(step): error for step, error in arrays[rule]}
            cells = ["%.2g %%" % (100 * errors[step]) if step in errors else "" for step in steps]
            lines.append("| %s | %s | %s |" % (model, rule, " | ".join(cells)))
    return "\n".join(lines)

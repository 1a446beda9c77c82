"""Measures a line: all sides turn by turn, each as a process of its own."""
import dataclasses
import json
import re
import statistics
import sys

import environments
import processes

FLOOR_TIMEOUT_S = 240


@dataclasses.dataclass
class Entry:
    """One side with one setting, over all turns."""

    group: object
    side: str
    setting: str
    peer: object = None  # None: this tree's program.
    turns: list = dataclasses.field(default_factory=list)
    error: float = None
    problem: str = ""

    def median(self, field):
        return statistics.median(getattr(turn, field) for turn in self.turns)

    def slower_than(self, other):
        """How many times: the median over the turns."""
        return statistics.median(b.rows_per_s / a.rows_per_s
                                 for a, b in zip(self.turns, other.turns))


class Floor:
    """What the model itself takes, without any explaining, over all turns."""

    def __init__(self):
        self.turns = []

    def measure(self, folder):
        script = environments.HERE / "peers" / "floor.py"
        _, _, output = processes.run([environments.python_of("main", None), script, folder],
                                     FLOOR_TIMEOUT_S)
        self.turns.append(json.loads(output.strip().splitlines()[-1]))

    def median(self, key):
        return statistics.median(turn.get(key, 0) for turn in self.turns)

    def share(self, entry):
        """Of the model's own speed at this many evaluations."""
        seconds = [figures.gradients * floor.get("gradient_s", 0) +
                   figures.scores * floor["forward_s"]
                   for figures, floor in zip(entry.turns, self.turns)]
        return statistics.median(figures.rows_per_s * s for figures, s in zip(entry.turns, seconds))


def entries_of(line):
    """Of all settings that will be measured, in the table's order."""
    entries = []
    for group in line.groups:
        entries += [Entry(group, "Whylight", ours.setting) for ours in group.ours]
        for peer in line.peers:
            job = group.jobs[peer.name]
            entries.append(Entry(group, peer.name, "%s %d" % job if job else "", peer,
                                 problem="" if job else "not with 1000 steps"))
    return entries


def settings_of(line, bench, folder, entries):
    """{peer's name: batch} by a search; a peer that cannot run is marked."""
    batches = {}
    for peer in line.peers:
        mine = [entry for entry in entries if entry.peer is peer and not entry.problem]
        try:
            if mine:
                job = mine[0].group.jobs[peer.name]
                batches[peer.name] = peer.tune(bench.cache, folder, job)
        except (environments.Unavailable, processes.Failed) as problem:
            mark(mine, problem)
        for entry in mine:
            entry.setting += ", batch %s" % batches.get(peer.name)
    return batches


def mark(entries, problem):
    """The line of the problem that names an error, else its last."""
    kind = "not installed" if isinstance(problem, environments.Unavailable) else "failed"
    said = str(problem).strip().splitlines()
    line = next((line for line in reversed(said) if re.match(r"\S*(Error|Exception)\b", line)),
                said[-1])
    for entry in entries:
        entry.problem = "%s: %s" % (kind, " ".join(line.replace("|", "/").split())[:160])
        entry.turns = []


def measure_peer(peer, bench, folder, batch, entries, work):
    mine = [entry for entry in entries if entry.peer is peer and not entry.problem]
    if not mine:
        return
    jobs = list(dict.fromkeys(entry.group.jobs[peer.name] for entry in mine))
    try:
        found = peer.measure(bench.cache, folder, jobs, batch, bench.cap_s, work)
    except processes.Failed as problem:
        mark(mine, problem)
        return
    for entry in mine:
        entry.turns.append(found[entry.group.jobs[peer.name]])


def measure_ours(line, bench, folder, entries, work):
    for entry in entries:
        if entry.peer is None and not entry.problem:
            (ours,) = [ours for ours in entry.group.ours if ours.setting == entry.setting]
            try:
                entry.turns.append(bench.whylight.measure(folder, ours, work,
                                                          bench.kept_rows))
            except processes.Failed as problem:
                mark([entry], problem)


def measure(line, bench, folder, work):
    """-> entries, floor"""
    entries, floor = entries_of(line), Floor()
    batches = settings_of(line, bench, folder, entries)
    for turn in range(bench.turns):
        sides = [None, *line.peers]
        floor.measure(folder)
        for side in sides if turn % 2 == 0 else sides[::-1]:
            if side is None:
                measure_ours(line, bench, folder, entries, work)
            else:
                measure_peer(side, bench, folder, batches.get(side.name), entries, work)
        print("== %s: turn %d of %d" % (line.name, turn + 1, bench.turns), file=sys.stderr,
              flush=True)
    for entry in entries:
        if entry.turns and line.error:
            entry.error = line.error(entry.turns[-1].attributions)
    return entries, floor

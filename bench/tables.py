"""The figures of the lines as Markdown, and what they say about the goals."""
import lines as definitions

ENOUGH_OF_FLOOR = 0.9
ENOUGH_OF_MEMORY = 0.5


def is_xla(entry):
    return "--xla" in entry.peer.options


class Verdicts:
    """Of a line's group: which setting of ours counts, and whom it is compared with."""

    def __init__(self, line, group, entries):
        self.line, self.group = line, group
        mine = [entry for entry in entries if entry.group is group and entry.turns]
        self.peers = [entry for entry in mine if entry.peer]
        limit = group.limit
        if group.by_hand:
            limit = next((entry.error for entry in self.peers
                          if entry.peer.what == definitions.TENSORFLOW), None)
        allowed = [entry for entry in mine if not entry.peer and
                   (limit is None or entry.error <= limit)]
        self.ours = max(allowed, key=lambda entry: entry.median("rows_per_s"), default=None)

    def best(self, accept):
        return max((entry for entry in self.peers if accept(entry)),
                   key=lambda entry: entry.median("rows_per_s"), default=None)

    def goals(self):
        """(what, goal, the peer)"""
        group = self.group
        xla_is_apart = group.goal_xla is not None
        plain = self.best(lambda e: not e.peer.is_tutorial and not (xla_is_apart and is_xla(e)))
        yield "best peer", group.goal, plain
        if xla_is_apart:
            yield "compiled by XLA", group.goal_xla, self.best(is_xla)
        if group.goal_tutorial:
            yield "tutorial", group.goal_tutorial, self.best(lambda e: e.peer.is_tutorial)


def number(value):
    return "%.3g" % value if value < 1000 else "%d" % round(value, -1)


def evaluations(entry):
    parts = [(entry.median("gradients"), "g"), (entry.median("scores"), "f")]
    return " + ".join("%s %s" % (number(count), letter) for count, letter in parts if count)


def line_table(line, entries, floor):
    rows = ["", "### %s: %s" % (line.name, line.title), ""]
    costs = [(what, floor.median(key + "_s"), floor.median(key + "_batch"))
             for what, key in (("gradient", "gradient"), ("score", "forward"))]
    rows.append("The model alone: %s." % ", ".join(
        "%.3g ms a %s at batch %d" % (1000 * seconds, what, batch)
        for what, seconds, batch in costs if seconds))
    rows += line.remarks
    rows += ["", "| work | side | setting | rows/s | Whylight is faster by | evaluations |"
             " of the floor | %s | peak MB |" % line.error_name,
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    verdicts = {id(group): Verdicts(line, group, entries) for group in line.groups}
    for entry in entries:
        start = "| %s | %s | %s |" % (entry.group.name, entry.side, entry.setting)
        if not entry.turns:
            rows.append("%s %s | | | | | |" % (start, entry.problem))
            continue
        ours = verdicts[id(entry.group)].ours
        ratio = "%.2f" % entry.slower_than(ours) if entry.peer and ours else ""
        error = "%.2g %%" % (100 * entry.error) if entry.error is not None else ""
        rows.append("%s %s | %s | %s | %.0f %% | %s | %.0f |" % (
            start, number(entry.median("rows_per_s")), ratio, evaluations(entry),
            100 * floor.share(entry), error, entry.median("peak_mb")))
    cold = next((entry.turns[0].cold_s for entry in entries if not entry.peer and entry.turns), 0)
    rows += ["", "Whylight's whole process for one row: %.2f s." % cold]
    return "\n".join(rows)


GOALS_HEAD = """| line | work | against | goal | reached | of the floor | |
| --- | --- | --- | --- | --- | --- | --- |"""


def goal_rows(line, entries, floor):
    for group in line.groups:
        verdict = Verdicts(line, group, entries)
        for what, goal, peer in verdict.goals():
            start = "| %s | %s | %s |" % (line.name, group.name,
                                          "%s: %s" % (what, peer.side) if peer else what)
            if not peer or not verdict.ours:
                yield "%s %s | not measured | | no |" % (start, goal or "")
                continue
            ratio, share = peer.slower_than(verdict.ours), floor.share(verdict.ours)
            met = goal is None or ratio >= goal or (group.floor_is_enough and
                                                    share >= ENOUGH_OF_FLOOR)
            said = "" if goal is None else "yes" if met else "no"
            yield "%s %s | %.2f | %.0f %% | %s |" % (start, goal or "", ratio, 100 * share, said)
            if what == "best peer":
                memory = verdict.ours.median("peak_mb") / peer.median("peak_mb")
                yield "| %s | %s, peak memory | %s | %.1f | %.2f | | %s |" % (
                    line.name, group.name, peer.side, ENOUGH_OF_MEMORY, memory,
                    "yes" if memory <= ENOUGH_OF_MEMORY else "no")

"""Those who are measured: this tree's program, and its peers. Each explains rows of a model's
folder as a whole process, and gives figures in the same form."""
import dataclasses
import itertools
import json

import environments
import numpy as np
import processes

PEER_TIMEOUT_S = OUR_TIMEOUT_S = 240
REFERENCE_TIMEOUT_S = 3600


@dataclasses.dataclass
class Figures:
    """What one side did with one setting."""

    rows_per_s: float
    rows: int
    gradients: float  # Evaluations of the model for one row: of its gradient,
    scores: float  # and of its score alone.
    peak_mb: float
    attributions: np.ndarray = dataclasses.field(repr=False)  # [rows, elements]
    cold_s: float = None  # A whole process for one row.


def flat(array):
    return np.asarray(array, np.float64).reshape(len(array), -1)


def first_rows(path, count, work):
    """-> a file of the first lines."""
    some = work / "some.jsonl"
    with open(path, encoding="utf-8") as file:
        some.write_text("".join(itertools.islice(file, count)))
    return some


def elements_of(value):
    """Numbers of nested lists and objects, in their order."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return [value]
    return [element for part in value for element in elements_of(part)]


class Whylight:
    """The program of this tree."""

    def __init__(self, program):
        self.program = program

    def explain(self, folder, instances, out, options, timeout_s=OUR_TIMEOUT_S):
        return processes.run([self.program, "explain", folder / "model", "-i", instances, "-o", out,
                              *options], timeout_s)

    def measure(self, folder, ours, work, kept_rows):
        """Rows over the time that the file of all rows takes longer than a file of one."""
        out, instances, options = work / "whylight.jsonl", folder / "instances.jsonl", ours.options
        if ours.rows:
            instances = first_rows(instances, ours.rows, work)
        cold_s, _, _ = self.explain(folder, folder / "one.jsonl", out, options)
        all_s, peak_mb, _ = self.explain(folder, instances, out, options)
        with open(out, "rb") as file:
            rows = sum(1 for _ in file)
        attributions, gradients, scores = self.results(out, kept_rows)
        # On a busy machine the two may come out in the wrong order: then the whole run is the time.
        seconds = all_s - cold_s if all_s > cold_s else all_s
        return Figures((rows - 1) / seconds, rows, gradients, scores, peak_mb, attributions, cold_s)

    def attributions(self, folder, options, rows, work):
        """Of the first rows, flat."""
        some, out = first_rows(folder / "instances.jsonl", rows, work), work / "some.out.jsonl"
        self.explain(folder, some, out, options, REFERENCE_TIMEOUT_S)
        return self.results(out, rows)[0]

    @staticmethod
    def results(out, rows):
        """-> attributions of the first rows; means of the evaluations that they took."""
        attributions, gradients, scores = [], [], []
        with open(out, encoding="utf-8") as file:
            for line in itertools.islice(file, rows):
                answer = json.loads(line)
                (found,) = answer["explanation"]["attributions"]
                attributions.append(elements_of(found["featureAttributions"]))
                about = answer["whylight"]
                (effort,) = about.get("effort", [{}])
                (sampling,) = about.get("sampling", [{}])
                steps = effort.get("steps", about.get("steps", 0))
                gradients.append(2 * steps if about["method"] == "xrai" else steps)
                scores.append(1 + effort.get("probes", 0) + sampling.get("coalitions", 0))
        return np.array(attributions), float(np.mean(gradients)), float(np.mean(scores))


@dataclasses.dataclass
class Peer:
    """A script of bench/peers and how it is called."""

    package: str
    environment: str
    script: str
    rules: tuple  # That it can be asked for; the first where the number of points is given.
    what: str = ""
    options: tuple = ()
    models: tuple = ()  # All if empty.
    is_tutorial: bool = False

    @property
    def name(self):
        version = environments.version_of(self.environment, self.package)
        return " ".join(filter(None, (self.package, version, self.what)))

    def serves(self, model):
        return not self.models or model in self.models

    def command(self, cache):
        script = environments.HERE / "peers" / self.script
        return [environments.python_of(self.environment, cache), script]

    def run(self, cache, mode, folder, jobs, *options):
        """-> peak MB, what the script says."""
        asked = itertools.chain.from_iterable(("--job", "%s:%d" % job) for job in jobs)
        _, peak_mb, output = processes.run(
            [*self.command(cache), mode, folder, *asked, *options, *self.options],
            REFERENCE_TIMEOUT_S if mode == "attribute" else PEER_TIMEOUT_S)
        return peak_mb, json.loads(output.strip().splitlines()[-1])

    def tune(self, cache, folder, job):
        return self.run(cache, "tune", folder, [job])[1]["batch"]

    def measure(self, cache, folder, jobs, batch, cap_s, work):
        """-> figures by job; all share the process's peak."""
        options = ["--cap", cap_s, "--out", work]
        if batch:
            options += ["--batch", batch]
        peak_mb, results = self.run(cache, "explain", folder, jobs, *options)
        return {job: Figures(result["rows_per_s"], result["rows"], *result["evaluations"], peak_mb,
                             flat(np.load(work / ("%s-%d.npy" % job))))
                for job, result in zip(jobs, results)}

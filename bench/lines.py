"""The lines of the benchmark: which work, on which model, by whom, and what should be reached."""
import dataclasses

import reference
from sides import Peer

TENSORFLOW, TENSORFLOW_XLA = "by hand", "by hand, XLA"

GRADIENT_PEERS = (
    Peer("tensorflow-cpu", "main", "tape.py", ("gauss", "midpoint"), TENSORFLOW),
    Peer("tensorflow-cpu", "main", "tape.py", ("gauss", "midpoint"), TENSORFLOW_XLA, ("--xla",),
         ("tabular", "text", "transformer", "lstm")),  # Pictures become 15 times slower by it.
    Peer("captum", "torch", "captum_gradients.py", ("gauss", "midpoint")),
    Peer("alibi", "alibi", "alibi_gradients.py", ("gauss", "midpoint")),
    Peer("xplique", "tf", "xplique_gradients.py", ("trapezoid",)),
    Peer("saliency", "tf", "pair_saliency.py", ("ends",), models=("image",)),
    Peer("tensorflow-cpu", "main", "tutorial.py", ("trapezoid",), "as its tutorial",
         is_tutorial=True),
)
# With what each is asked for: orders, orders walked both ways, coalitions.
SHAPLEY_PEERS = (
    (Peer("tensorflow-cpu", "main", "tape_shapley.py", ("permutations",), TENSORFLOW), 25),
    (Peer("captum", "torch", "captum_shapley.py", ("permutations",), models=("tabular",)), 25),
    (Peer("shap", "tf", "shap_values.py", ("permutations",), "PermutationExplainer"), 12),
    (Peer("shap", "tf", "shap_values.py", ("kernel",), "KernelExplainer"), 327),
)


@dataclasses.dataclass
class Ours:
    setting: str
    options: tuple
    rows: int = None  # At most; all where it is quick.


@dataclasses.dataclass
class Group:
    """One kind of work: settings of ours, jobs of the peers, all of one worth."""

    name: str
    ours: list
    jobs: dict  # {Peer's name: (rule, steps)}
    limit: float = None  # The error that a setting of ours may have; by_hand: that of that peer.
    goal: float = None  # How many times faster than the best peer.
    goal_xla: float = None  # The same for a peer that compiles; without it it is one of the peers.
    goal_tutorial: float = None
    floor_is_enough: bool = False  # 90 % of the model's own speed counts as reached.
    by_hand: bool = False


@dataclasses.dataclass
class Line:
    name: str
    model: str
    title: str
    peers: tuple
    error: object = None  # A function of attributions.
    error_name: str = "L1 error"
    groups: list = dataclasses.field(default_factory=list)
    remarks: list = dataclasses.field(default_factory=list)
    reference: dict = None


GRADIENT_TITLES = {
    "tabular": "14 numbers, dense layers", "image": "MobileNetV2, 224 x 224",
    "text": "text convolution", "transformer": "small Transformer", "lstm": "LSTM"}
# Times the best peer: with the same points, to the same error.
GRADIENT_GOALS = {"tabular": (3, 3), "text": (3, 3), "transformer": (1.1, 5), "lstm": (1.1, 1.5),
                  "image": (1.3, 1.3)}
SAME_POINTS = 50


def shortest_job(peer, limit, errors):
    """The rule and smallest number of steps by which the peer comes below the error, or None."""
    found = [(reference.steps_for(limit, errors[rule]), rule) for rule in peer.rules]
    return min(((rule, steps) for steps, rule in found if steps), key=lambda job: job[1],
               default=None)


def gradients(model):
    def make(bench, folder, work):
        found = reference.gradients(folder, bench, work)
        limit = reference.SCALES[model].limit
        peers = tuple(peer for peer in GRADIENT_PEERS if peer.serves(model))
        same, to_limit = GRADIENT_GOALS[model]
        ours = ("--method", "integrated-gradients", "--steps")
        to_error = [Ours("--steps auto", (*ours, "auto", "--tolerance", limit))]
        for rule, name in (("gauss", "gauss-legendre"), ("midpoint", "midpoint")):
            fewest = reference.steps_for(limit, found[rule])
            if fewest:
                to_error.append(Ours("--steps %d, %s" % (fewest, name),
                                     (*ours, fewest, "--rule", name)))
        line = Line(model, model, GRADIENT_TITLES[model], peers, reference=found,
                    error=lambda a: reference.mean_error(a, found["attributions"]))
        line.groups = [
            Group("%d points" % SAME_POINTS,
                  [Ours("--steps %d" % SAME_POINTS, (*ours, SAME_POINTS))],
                  {peer.name: (peer.rules[0], SAME_POINTS) for peer in peers}, goal=same,
                  goal_xla=1.5 if model == "tabular" else None, floor_is_enough=True,
                  goal_tutorial=50 if model == "tabular" else 5),
            Group("to %g %% error" % (100 * limit), to_error,
                  {peer.name: shortest_job(peer, limit, found) for peer in peers}, limit=limit,
                  goal=to_limit)]
        line.remarks.append(
            "Reference: %d Gauss-Legendre points by Whylight; TensorFlow's tape at %d midpoints is "
            "%.2g %% away." % (reference.SCALES[model].points, reference.CHECK[1],
                               100 * float(found["apart"])))
        return line
    return make


def shapley(name, model, title, goal):
    def make(bench, folder, work):
        want = reference.shapley(folder, bench, work)
        peers = [(peer, amount) for peer, amount in SHAPLEY_PEERS if peer.serves(model)]
        sampled, kernel = ("--method", "sampled-shapley"), ("--method", "kernel-shap", "--samples")
        ours = [Ours("25 paths (default)", sampled),
                Ours("--paths auto", (*sampled, "--paths", "auto"), 1000),
                Ours("--paths 10", (*sampled, "--paths", 10))]
        ours += [Ours("kernel-shap, %d samples" % n, (*kernel, n)) for n in (150, 326)]
        line = Line(name, model, title, [peer for peer, _ in peers], error_name="error",
                    error=lambda a: reference.pooled_error(a, want))
        line.groups = [Group("as 25 plain paths", ours,
                             {peer.name: (peer.rules[0], amount) for peer, amount in peers},
                             goal=goal, by_hand=True)]
        line.remarks.append("Error: mean |difference| from the exact values / mean |value|, over "
                            "%d rows." % len(want))
        return line
    return make


def picture(method, title, goal, steps=25):
    def make(bench, folder, work):
        peer = Peer("saliency", "tf", "pair_saliency.py", (method,))
        options = ("--method", method, "--steps", steps)
        if method.startswith("xrai-"):
            options = ("--method", "xrai", "--steps", steps, "--xrai-algorithm",
                       method.split("-")[1])
        line = Line(method, "image", title, [peer])
        line.groups = [Group("%d steps" % steps, [Ours("%d steps" % steps, options)],
                             {peer.name: (method, steps)}, goal=goal)]
        return line
    return make


LINES = {model: gradients(model) for model in GRADIENT_TITLES}
LINES["shapley-strings"] = shapley("shapley-strings", "census",
                                   "Sampled Shapley, 6 numbers and 8 strings", 8)
LINES["shapley-floats"] = shapley("shapley-floats", "tabular", "Sampled Shapley, 14 numbers", 4)
LINES["xrai-full"] = picture("xrai-full", "XRAI, full, 224 x 224", 3)
LINES["xrai-fast"] = picture("xrai-fast", "XRAI, fast, 224 x 224", None)
LINES["blur-ig"] = picture("blur-ig", "Blur IG, 224 x 224", None)
LINES["guided-ig"] = picture("guided-ig", "Guided IG, 224 x 224", None)
MODEL_OF = {**{model: model for model in GRADIENT_TITLES}, "shapley-strings": "census",
            "shapley-floats": "tabular", **dict.fromkeys(
                ("xrai-full", "xrai-fast", "blur-ig", "guided-ig"), "image")}

"""Models: what is in them, whether they can be explained, predictions and explanations."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Union

from . import _core, _tensorflow
from ._errors import error_of
from ._explanations import Explanations
from ._instances import Instances, data_of, jsonable, request_of

Path = Union[str, "os.PathLike[str]"]
# True or False, or what is called with (rows done, rows failed).
Progress = Union[bool, Callable[[int, int], None], None]

METADATA_FILE = "explanation_metadata.json"  # Beside saved_model.pb.

_MOST_EXPLAINERS = 4  # That a model keeps for calls with the same options.


def methods() -> list[str]:
    """Names of the methods, in the order in which docs/choosing.md tells of them."""
    return list(_core.methods())


def load(
    model: Path | Any = None,
    *,
    spec: Mapping[str, Any] | Path | None = None,
    deployed_model: str = "",
    metadata: Mapping[str, Any] | Path | None = None,
    parameters: Mapping[str, Any] | Path | None = None,
    signature: str | None = None,
    tags: Sequence[str] = (),
    tensorflow: Path | None = None,
    device: str = "cpu",
    threads: int = 0,
    memory_limit: int = 0,
) -> Model:
    """Opens a model. Its files are read; TensorFlow is loaded when first something runs.

    Args:
        model: A SavedModel's folder, an export base whose newest version is taken, or a gs:// path
            of one; or a Keras model, tf.Module or tf.function, which whylight.saving saves into a
            temporary folder first. None: where `spec` says that it is.
        spec: What a service holds of the model: an ExplanationSpec, or what `gcloud ai models
            describe --format=json` prints, as an object or a file. `model`, `metadata`,
            `parameters` and options of `Model.explain` win over it; `Model.spec_notes` says what
            became of each field.
        deployed_model: Of an endpoint's models in `spec`, by id or name.
        metadata: Explanation metadata, in the form of AI Platform or of Vertex: an object or a
            file. None: explanation_metadata.json beside the model, if it is there.
        parameters: Explanation parameters, as services take them: an object or a file. Options of
            `Model.explain` go before them.
        signature: The signature that is explained. None: by the rules of saving (docs/saving.md).
        tags: The tag set; empty: serve.
        tensorflow: The TensorFlow to load: a wheel's folder, an environment, or the library. None:
            what `import tensorflow` would give, else where `whylight doctor` looks.
        device: "cpu", "gpu" or "gpu:N".
        threads: Of TensorFlow; 0: the cores that there are.
        memory_limit: Bytes that runs may take; 0: what the machine allows.

    Raises:
        NotFoundError: There is no model.
        DataLossError: Its files are damaged.
        InvalidArgumentError: No such signature or tag set; metadata that is none.
    """
    held: dict[str, Any] = {}
    if spec is not None:
        given = {"MODEL": model, "metadata": metadata, "parameters": parameters}
        document, source = _document("spec", spec)
        names = [name for name, value in given.items() if value is not None]
        text = json.dumps(document, default=jsonable)
        held = json.loads(_core.spec_json(text, source, deployed_model, names))
    if model is None:
        model = held.get("model")
        if not model:
            raise error_of(3, "model: expected one, or a spec that says where it is (artifactUri)")
    folder = None
    if not isinstance(model, (str, os.PathLike)):
        from . import saving

        folder = tempfile.TemporaryDirectory(prefix="whylight-")
        model = saving.save(model, os.path.join(folder.name, "model"), verbose=False)
    settings: dict[str, Any] = {"device": device}
    for name, value in (("metadata", metadata), ("parameters", parameters)):
        if value is not None:
            settings[name], settings[f"{name}_source"] = _document(name, value)
        elif held.get(name) is not None:
            settings[name], settings[f"{name}_source"] = held[name], held[f"{name}_source"]
    if signature:
        settings["signature"] = signature
    if threads:
        settings["threads"] = threads
    if memory_limit:
        settings["memory_limit"] = memory_limit
    opened = Model(os.fspath(model), list(tags), settings, tensorflow)
    opened._folder = folder
    opened.spec_notes = held.get("notes", [])
    return opened


class Model:
    """A SavedModel that can be explained; `whylight.load` opens one.

    Calls may come from many threads; those of one model and the same options follow each other.

    Attributes:
        path: Its folder; of an export base the version that was taken.
        spec_notes: What became of each field of `load(spec=...)`, a line each.
    """

    def __init__(
        self, path: str, tags: list[str], settings: dict[str, Any], tensorflow: Path | None
    ) -> None:
        self._tags = tags
        self._settings = settings
        self._tensorflow = tensorflow
        self._folder: Any = None
        self._native = _core.Model.open(path, tags)
        self._lock = threading.Lock()
        self._explainers: OrderedDict[str, tuple[Any, threading.Lock]] = OrderedDict()
        self._predictor: tuple[Any, threading.Lock] | None = None
        self.path: str = self._native.directory
        self.spec_notes: list[str] = []

    def inspect(self) -> dict[str, Any]:
        """What is in the model: signatures with dtypes and shapes, what would be explained and
        why, assets, ops. As `whylight inspect --json` prints it."""
        contents: dict[str, Any] = json.loads(self._native.contents_json())
        return contents

    def check(self, *, run: bool = False) -> dict[str, Any]:
        """Judges every rule of saving for explanations. As `whylight check --json` prints it.

        Args:
            run: Also load the model and run a made-up row.

        Returns:
            verdict ("explain", "refuse", "predict_only", "load_error"), methods, and problems, each
            with rule, place, message and fix.
        """
        with tempfile.TemporaryDirectory(prefix="whylight-") as folder:
            path = ""
            if "metadata" in self._settings:
                path = os.path.join(folder, "metadata.json")
                with open(path, "w", encoding="utf-8") as file:
                    json.dump(self._settings["metadata"], file, default=jsonable)
            place = _tensorflow.directory(self._tensorflow) if run else ""
            signature = self._settings.get("signature", "")
            text = _core.judge_json(self.path, self._tags, signature, path, run, place)
        judgement: dict[str, Any] = json.loads(text)
        return judgement

    @property
    def signature(self) -> str | None:
        """The signature that is explained; None if there is none."""
        explained = self._settings.get("signature") or self.inspect()["explained"]["signature"]
        return None if explained is None else str(explained)

    def predict(self, instances: Instances, *, progress: Progress = None) -> list[Any]:
        """Runs the model.

        Args:
            instances: As those of `explain`.
            progress: As that of `explain`.

        Returns:
            For each instance what the model says: an array without the row axis, or a dict of them
            by output if there are several. Strings are str (bytes where they are no UTF-8).

        Raises:
            InvalidArgumentError: An instance is not what the model takes; names its place.
        """
        with self._lock:
            if self._predictor is None:
                native = _core.Predictor(
                    self._native,
                    _tensorflow.runtime(self._tensorflow),
                    self._settings.get("signature", ""),
                    0,
                    self._settings.get("threads", 0),
                    self._settings["device"],
                )
                self._predictor = (native, threading.Lock())
            native, lock = self._predictor
        request, _ = request_of(instances, native.fields)
        with lock, _Bar(progress, _count(instances)) as bar:
            rows = native.predict(request, bar)
        predictions = []
        for place, outputs, error in rows:
            if error is not None:
                raise error_of(error[0], error[1], place)
            values = {name: _plain(value) for name, value in outputs.items()}
            predictions.append(values if len(values) > 1 else next(iter(values.values())))
        return predictions

    def explain(
        self,
        instances: Instances,
        method: str | None = None,
        *,
        baselines: Mapping[str, Any] | str | None = None,
        baseline_data: Instances | None = None,
        steps: int | str | None = None,
        rule: str | None = None,
        tolerance: float | None = None,
        max_steps: int | None = None,
        paths: int | str | None = None,
        samples: int | None = None,
        seed: int | None = None,
        players: str | None = None,
        noise_sigma: float | None = None,
        noisy_samples: int | None = None,
        xrai_algorithm: str | None = None,
        max_sigma: float | None = None,
        fraction: float | None = None,
        max_dist: float | None = None,
        window: tuple[int, int] | None = None,
        stride: int | None = None,
        layer: str | None = None,
        examples: Instances | None = None,
        id_key: str | None = None,
        neighbors: int | None = None,
        distance: str | None = None,
        normalize: bool | None = None,
        crowding_count: int | None = None,
        restrict: Mapping[str, Sequence[str]] | None = None,
        return_embeddings: bool | None = None,
        output_name: str | None = None,
        top_k: int | None = None,
        output_indices: Sequence[Any] | None = None,
        class_name: str | int | None = None,
        labels: Sequence[str] | None = None,
        feature_names: Sequence[str] | None = None,
        logits: bool | None = None,
        image_range: str | None = None,
        batch_size: int | None = None,
        beyond_service_limits: bool | None = None,
        hoist: bool | None = None,
        gather: bool | None = None,
        on_error: str = "raise",
        progress: Progress = None,
    ) -> Explanations:
        """Shares out each prediction among the inputs.

        The interpreter is released meanwhile; Ctrl-C stops the work between two runs of the model.
        What is None has the default of docs/cli.md, where each option is told of.

        Args:
            instances: Rows, in one of these forms. A list of instances, as requests have them:
                objects by input, bare values if there is one input, bytes for strings. An array
                (rows first) if there is one input; a mapping of arrays by input; a DataFrame with a
                column for each input, or for each element of the one vector input. A path of a
                file: JSON Lines, CSV, TFRecord, Parquet, text or image files.
            method: One of `whylight.methods()`; None: what parameters say, else
                integrated-gradients.
            baselines: Where attributions start, by input: a number for all elements, an array in
                the input's shape, a kind ("zeros", "mean", "median", "min", "max", "random",
                "blurred", "black,white"), or a tuple of them, which are averaged over. A kind alone
                is for all inputs.
            baseline_data: Rows like those of the training, in the forms of `instances`: what kinds
                are taken of.
            steps: Points on the path, or "auto": as many as `tolerance` needs.
            rule: Where N points lie: "gauss-legendre" or "midpoint".
            tolerance: Relative error of the attributions that is good enough.
            max_steps: Points that "auto" spends at most.
            paths: Sampled Shapley: random orders, "exact", or "auto".
            samples: KernelSHAP: coalitions; Expected Gradients: rows that are drawn.
            seed: Of everything random: the same seed gives the same answer.
            players: Shapley methods, Occlusion: who shares the score: "elements", "inputs", or of a
                text "lines" or "words".
            noise_sigma: Standard deviation of noise to average over, in the input's units.
            noisy_samples: Noisy copies.
            xrai_algorithm: "full" or "fast".
            max_sigma: Blur IG and blurred baselines: the strongest blur, in pixels.
            fraction: Guided IG: share of the elements that move at once.
            max_dist: Guided IG: how far off the straight path, 0 to 1.
            window: Occlusion: height and width of the window, in pixels.
            stride: Occlusion: from one window to the next, in pixels.
            layer: Grad-CAM, examples: the tensor inside the model.
            examples: Method "examples": rows to search, in the forms of `instances`.
            id_key: Member or column of the examples that is their id.
            neighbors: Neighbours of each instance.
            distance: "squared-l2", "l1", "cosine" or "dot-product".
            normalize: Give vectors the length 1 first.
            crowding_count: Neighbours with the same crowding_tag at most.
            restrict: By namespace the tokens that examples must have; "!token": must not.
            return_embeddings: The instances' vectors instead of neighbours.
            output_name: The output, if there are several.
            top_k: The K highest classes; -1: all.
            output_indices: Classes by number; for outputs of higher rank lists of numbers.
            class_name: One class, by label or number.
            labels: Names of the classes.
            feature_names: Names of the elements of the one vector input.
            logits: Explain in front of a final Softmax or Sigmoid.
            image_range: What black and white are for image files: "0..1", "0..255", "-1..1".
            batch_size: Rows in one run of the model; None: measured.
            beyond_service_limits: Take what parameters and metadata ask for beyond the services'
                ranges.
            hoist: False: evaluate affine first layers at every point.
            gather: False: evaluate all of the model for each coalition.
            on_error: "raise": the first instance that cannot be explained is an error; "skip": it is
                kept in `Explanations.failures`.
            progress: True: a bar, if tqdm is installed; a function: called with the rows that are
                done and failed; False: nothing; None: a bar if it takes more than two seconds.

        Returns:
            The answers, in the order of the instances.

        Raises:
            InvalidArgumentError: An option or an instance is wrong; names which.
            ModelError: The model cannot be explained so; says by which method it can.
            UnsupportedError: An op has no gradient; op and node are named.
        """
        options: dict[str, Any] = {
            "method": method, "steps": steps, "rule": rule, "tolerance": tolerance,
            "max_steps": max_steps, "paths": paths, "samples": samples, "seed": seed,
            "players": players, "noise_sigma": noise_sigma, "noisy_samples": noisy_samples,
            "xrai_algorithm": xrai_algorithm, "max_sigma": max_sigma, "fraction": fraction,
            "max_dist": max_dist, "window": window, "stride": stride, "layer": layer,
            "id_key": id_key, "neighbors": neighbors, "distance": distance,
            "normalize": normalize, "crowding_count": crowding_count, "restrict": restrict,
            "return_embeddings": return_embeddings, "output_name": output_name, "top_k": top_k,
            "output_indices": output_indices, "class": class_name, "labels": labels,
            "feature_names": feature_names, "logits": logits, "image_range": image_range,
            "batch_size": batch_size, "beyond_service_limits": beyond_service_limits,
            "hoist": hoist, "gather": gather,
        }  # fmt: skip
        if on_error not in ("raise", "skip"):
            raise error_of(3, f'on_error: expected "raise" or "skip", got {on_error!r}')
        if baselines is not None:
            options["baselines"] = _baselines(baselines)
        for name, data in (("baseline_data", baseline_data), ("examples", examples)):
            if data is not None:
                options[name] = data_of(data)
        given = {name: value for name, value in options.items() if value is not None}
        native, lock = self._explainer({**self._settings, **given})
        request, names = request_of(instances, native.fields)
        with lock, _Bar(progress, _count(instances)) as bar:
            answers = Explanations(native.explain(request, names, bar))
        if answers.failures and on_error == "raise":
            raise answers.failures[0][1]
        return answers

    def _explainer(self, options: dict[str, Any]) -> tuple[Any, threading.Lock]:
        """Opened once for the same options: that loads the weights and prepares the graph."""
        key = json.dumps(options, default=jsonable, sort_keys=True)
        with self._lock:
            if key not in self._explainers:
                runtime = _tensorflow.runtime(self._tensorflow)
                native = _core.Explainer(self._native, runtime, json.dumps(options, default=jsonable))
                for note in native.notes:
                    warnings.warn(note, stacklevel=3)
                self._explainers[key] = (native, threading.Lock())
                if len(self._explainers) > _MOST_EXPLAINERS:
                    self._explainers.popitem(last=False)
            self._explainers.move_to_end(key)
            return self._explainers[key]

    def __repr__(self) -> str:
        return f"<Model {self.path}, explained: {self.signature}>"


class _Bar:
    """A bar of tqdm, or a function of the caller's, as the engine calls it."""

    def __init__(self, progress: Progress, total: int | None) -> None:
        self._progress = progress
        self._total = total
        self._bar: Any = None

    def __enter__(self) -> Callable[[int, int], None] | None:
        if callable(self._progress):
            return self._progress
        if self._progress is False:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # In a notebook without ipywidgets a plain bar does.
                from tqdm.auto import tqdm
        except ImportError:
            return None
        delay = 0 if self._progress else 2
        self._bar = tqdm(total=self._total, unit="row", delay=delay, leave=bool(self._progress))
        return self._tell

    def _tell(self, done: int, failed: int) -> None:
        self._bar.update(done + failed - self._bar.n)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _plain(value: Any) -> Any:
    """A single string as itself, arrays as they are."""
    return value.item() if value.ndim == 0 and value.dtype == object else value


def _count(instances: Any) -> int | None:
    if isinstance(instances, (str, os.PathLike)):
        return None
    if isinstance(instances, Mapping):
        instances = next(iter(instances.values()), ())
    return len(instances) if hasattr(instances, "__len__") else None


def _document(name: str, given: Mapping[str, Any] | Path) -> tuple[Any, str]:
    """An object, and what messages call it."""
    if isinstance(given, Mapping):
        return given, name
    path = os.fspath(given)
    text = _core.read_file(path).decode("utf-8")
    try:
        return json.loads(text), path
    except ValueError as error:
        raise error_of(3, f"{path}: {error}") from None


def _baselines(given: Mapping[str, Any] | str) -> dict[str, list[dict[str, Any]]]:
    by_input = given if isinstance(given, Mapping) else {"": given}

    def one(value: Any) -> dict[str, Any]:
        return {"kind": value} if isinstance(value, str) and _core.is_baseline_kind(value) else {"value": value}

    return {
        name: [one(value) for value in (values if isinstance(values, tuple) else (values,))]
        for name, values in by_input.items()
    }

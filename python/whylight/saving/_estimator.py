"""Estimators, which TensorFlow had up to 2.15, as SavedModels that can be explained."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._errors import InvalidArgumentError
from ._folder import is_remote, new_folder
from ._metadata import (
    add_baselines,
    completed,
    explained_output,
    inferred_input,
    read_metadata,
    write_metadata,
)
from ._tensorflow import tf

_SERVE = "serve"
_PREDICT = "tensorflow/serving/predict"
# What TensorFlow calls the dense form of a categorical column.
_DENSE_SUFFIXES = ("embedding", "indicator", "shared_embedding")


class ExportPath(str):
    """Where an Estimator was exported to: a string that old callers may decode."""

    __slots__ = ()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The path itself, as of the bytes that Estimator.export_saved_model returns."""
        return os.fsencode(self).decode(encoding, errors)


def export_estimator(
    estimator: Any,
    path: str | os.PathLike[str],
    *,
    features: Mapping[str, Any] | None = None,
    serving_input_receiver_fn: Callable[[], Any] | None = None,
    feature_columns: Sequence[Any] = (),
    output_key: str | None = None,
    metadata: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    baselines: Mapping[str, Any] | None = None,
    **export_options: Any,
) -> ExportPath:
    """Exports an Estimator with the metadata of its features, and says where.

    Requests hold one value for each feature (`features` of tf.TensorSpec), or serialized
    tf.Examples (`features` of tf.io.FixedLenFeature and the like, or `feature_columns` alone).

    Args:
        estimator: A tf.estimator.Estimator or tf.compat.v1.estimator.Estimator.
        path: The export base; a folder named after the time is made in it. Local, or of a file
            system that TensorFlow writes to (gs://).
        features: What requests hold, by the names that the model function takes.
        serving_input_receiver_fn: In place of `features`: a function that returns a
            tf.estimator.export.ServingInputReceiver. Its features are what is explained.
        feature_columns: Whose features are explained; all of them if empty. Columns that are
            embedded or one-hot get the tensor at which gradients are taken.
        output_key: The prediction to explain; `logits`, `predictions` or the first
            floating-point one if None.
        metadata: explanation_metadata.json in the legacy form, as a mapping or a file; what it
            leaves out comes from the model.
        baselines: By feature, as for save(). Of sparse features: values.
        **export_options: Passed on to Estimator.export_saved_model, such as `checkpoint_path`.

    Returns:
        The new folder.

    Raises:
        InvalidArgumentError: This TensorFlow has no Estimators, a name or a shape does not fit, or
            the path cannot be written to. Nothing has been written.

    Source: "Saving TensorFlow models for AI Explanations", Google Cloud, TensorFlow 1.15.
    """
    _refuse_without_estimators()
    receiver_fn = serving_input_receiver_fn or _receiver_fn(features, feature_columns)
    if serving_input_receiver_fn is not None and features is not None:
        raise InvalidArgumentError(
            "features: give either features or serving_input_receiver_fn; the latter has its own"
        )
    received: dict[str, Any] = {}

    def recording() -> Any:
        receiver = receiver_fn()
        received.update(receiver.features)
        return receiver

    target = _new_version(os.fspath(path))
    with new_folder(target, overwrite=False) as folder:
        scratch = os.path.join(os.path.dirname(folder), "export")
        exported = estimator.export_saved_model(scratch, recording, **export_options)
        explained = _explained_features(received, feature_columns)
        described = _metadata_of_graph(
            _meta_graph(exported), explained, output_key, read_metadata(metadata)
        )
        specs = {
            entry["input_tensor_name"]: _value_spec(explained[name])
            for name, entry in described["inputs"].items()
            if name in explained
        }
        add_baselines(described["inputs"], specs, baselines or {})
        write_metadata(described, os.fsdecode(exported))
        os.rename(exported, os.fsencode(folder))
    print(f"Model exported to: {target}")
    return ExportPath(target)


def export_keras_estimator(
    model: Any,
    path: str | os.PathLike[str],
    serving_input_receiver_fn: Callable[[], Any] | None = None,
    model_dir: str | os.PathLike[str] | None = None,
    *,
    metadata: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    baselines: Mapping[str, Any] | None = None,
) -> ExportPath:
    """Turns a compiled Keras 2 model into an Estimator and exports it, and says where.

    TensorFlow calls models that were made before invalid afterwards: export last.

    Args:
        model: A functional or sequential tf.keras model, compiled.
        path: The export base; a folder named after the time is made in it.
        serving_input_receiver_fn: What requests hold, if not a value for each input of the model.
        model_dir: Where the Estimator keeps its checkpoint; a temporary folder if None.
        metadata: As for export_estimator().
        baselines: As for export_estimator().

    Returns:
        The new folder; `.decode("utf-8")` of it is the same.

    Raises:
        InvalidArgumentError: As for export_estimator(), and if the model is not compiled.
    """
    _refuse_without_estimators()
    if getattr(model, "optimizer", None) is None:
        raise InvalidArgumentError(
            'model: an Estimator needs a compiled model; call model.compile("sgd", "mse") first, '
            "with any loss: exporting does not train"
        )
    estimator = tf.keras.estimator.model_to_estimator(
        keras_model=model, model_dir=None if model_dir is None else os.fspath(model_dir)
    )
    features = None
    if serving_input_receiver_fn is None:
        features = {
            name: tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype)
            for name, tensor in zip(model.input_names, model.inputs)
        }
    return export_estimator(
        estimator,
        path,
        features=features,
        serving_input_receiver_fn=serving_input_receiver_fn,
        metadata=metadata,
        baselines=baselines,
    )


def decoding_receiver_fn(
    decode: Callable[[Any], Any],
    features: Mapping[str, Any],
    *,
    input_name: str = "bytes",
) -> Callable[[], Any]:
    """A serving_input_receiver_fn for requests of bytes, such as pictures.

    Args:
        decode: From one request's bytes (a scalar tf.string) to a tensor, or to a dict of them.
        features: tf.TensorSpec of what `decode` returns, with None as the row, by the names that
            the model function takes. Each becomes a tensor of that name in the graph, which
            metadata may name: it is what an explanation is of.
        input_name: What requests call the bytes.
    """

    def receiver_fn() -> Any:
        raw = tf.compat.v1.placeholder(tf.string, [None], name=input_name)

        def one(data: Any) -> dict[str, Any]:
            decoded = decode(data)
            is_dict = isinstance(decoded, Mapping)
            return dict(decoded) if is_dict else dict.fromkeys(features, decoded)

        types = {name: spec.dtype for name, spec in features.items()}
        rows = tf.map_fn(one, raw, fn_output_signature=types)
        explained = {
            name: tf.identity(tf.ensure_shape(rows[name], spec.shape), name=name)
            for name, spec in features.items()
        }
        return tf.estimator.export.ServingInputReceiver(explained, {input_name: raw})

    return receiver_fn


def _refuse_without_estimators() -> None:
    if not hasattr(tf, "estimator"):
        raise InvalidArgumentError(
            f"estimator: TensorFlow {tf.__version__} has no Estimators, which went with 2.16; "
            "export with TensorFlow 2.15 or older, or save a Keras model with whylight.saving.save"
        )


def _receiver_fn(
    features: Mapping[str, Any] | None, feature_columns: Sequence[Any]
) -> Callable[[], Any]:
    if features is None and not feature_columns:
        raise InvalidArgumentError(
            "features: expected what requests hold, such as "
            '{"age": tf.TensorSpec([None], tf.float32)}, or serving_input_receiver_fn, or '
            "feature_columns"
        )
    export = tf.estimator.export
    if features is None:
        parsed = tf.feature_column.make_parse_example_spec(feature_columns)
        return export.build_parsing_serving_input_receiver_fn(parsed)  # type: ignore[no-any-return]
    if not all(isinstance(spec, tf.TensorSpec) for spec in features.values()):
        return export.build_parsing_serving_input_receiver_fn(features)  # type: ignore[no-any-return]

    def raw() -> Any:
        placeholders = {
            name: tf.compat.v1.placeholder(spec.dtype, spec.shape, name=_op_name(name))
            for name, spec in features.items()
        }
        return export.ServingInputReceiver(placeholders, placeholders)

    return raw


def _op_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.\\/>-]", "_", name)


def _new_version(base: str) -> str:
    """A folder below `base` named after the time in seconds, as Estimators do it."""
    exists = tf.io.gfile.exists if is_remote(base) else os.path.lexists
    version = int(time.time())
    while exists(f"{base.rstrip('/')}/{version}"):
        version += 1
    return f"{base.rstrip('/')}/{version}"


def _meta_graph(exported: Any) -> Any:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        return tf.compat.v1.saved_model.load(session, [_SERVE], os.fsdecode(exported))


def _explained_features(
    received: Mapping[str, Any], feature_columns: Iterable[Any]
) -> dict[str, Any]:
    """Tensors and sparse tensors behind the request, by feature."""
    wanted = [name for column in feature_columns for name in column.parse_example_spec]
    for name in wanted:
        if name not in received:
            raise InvalidArgumentError(
                f"feature_columns: there is no feature {name!r}; the receiver has "
                f"{', '.join(received)}"
            )
    return {name: tensor for name, tensor in received.items() if not wanted or name in wanted}


def _metadata_of_graph(
    meta_graph: Any,
    features: Mapping[str, Any],
    output_key: str | None,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    outputs = _signature(meta_graph).outputs
    tensors = {f"{name}:0" for name in nodes} | {
        tensor.name for signature in meta_graph.signature_def.values()
        for tensor in [*signature.inputs.values(), *signature.outputs.values()]
    }  # fmt: skip
    if output_key is not None and output_key not in outputs:
        raise InvalidArgumentError(
            f"output_key: there is no prediction {output_key!r}; the model has "
            f"{', '.join(sorted(outputs))}"
        )
    floats = {
        name: tf.TensorSpec(tf.TensorShape(info.tensor_shape), info.dtype, name)
        for name, info in sorted(outputs.items())
    }
    explained = output_key or explained_output(floats)
    score = outputs[explained].name
    others = {key: value for key, value in given.items() if key not in ("inputs", "outputs")}
    return {
        "inputs": completed(
            given.get("inputs"),
            {name: _feature_entry(name, tensor, nodes, score) for name, tensor in features.items()},
            "input_tensor_name",
            "metadata: inputs",
            tensors,
        ),
        "outputs": completed(
            given.get("outputs", {explained: {}}),
            {name: {"output_tensor_name": info.name} for name, info in outputs.items()},
            "output_tensor_name",
            "metadata: outputs",
            tensors,
        ),
        "framework": "tensorflow",
        **others,
    }


def _signature(meta_graph: Any) -> Any:
    """The signature that is explained, by the rules for TensorFlow 1."""
    signatures = meta_graph.signature_def
    served = signatures.get("serving_default") if "serving_default" in signatures else None
    if served is not None and served.method_name == _PREDICT:
        return served
    return signatures["predict"] if "predict" in signatures else next(iter(signatures.values()))


def _feature_entry(name: str, tensor: Any, nodes: Mapping[str, Any], output: str) -> dict[str, Any]:
    if isinstance(tensor, tf.SparseTensor):
        values = tensor.values
        entry = {
            **inferred_input(values.name, values),
            "indices_tensor_name": tensor.indices.name,
            "dense_shape_tensor_name": tensor.dense_shape.name,
        }
    else:
        values = tensor
        entry = inferred_input(values.name, values)
    encoded = None if values.dtype.is_floating else _dense_form(name, nodes)
    if encoded is not None and not _reaches(values.name, output, nodes, around=encoded):
        entry |= {"encoded_tensor_name": f"{encoded}:0", "encoding": "combined_embedding"}
    return entry


def _dense_form(feature: str, nodes: Mapping[str, Any]) -> str | None:
    """The op behind a categorical feature's column: `<layer>/<column>/Reshape`.

    None without one, or with several.
    """
    pattern = re.compile(
        rf"(?P<column>.*/{re.escape(feature)}_({'|'.join(_DENSE_SUFFIXES)})(_\d+)?)/Reshape(_\d+)?"
    )
    last: dict[str, str] = {}
    for name, node in nodes.items():
        match = pattern.fullmatch(name)
        if match and node.op == "Reshape":
            last[match["column"]] = name
    return next(iter(last.values())) if len(last) == 1 else None


def _reaches(tensor: str, output: str, nodes: Mapping[str, Any], *, around: str) -> bool:
    """Whether `output` depends on the value of `tensor` other than through the op `around`."""
    pending, seen = [output], {around}
    while pending:
        name = pending.pop()
        if (name if ":" in name else f"{name}:0") == tensor:
            return True
        node = nodes[name.partition(":")[0]]
        if node.name in seen or node.op == "Shape":
            continue
        seen.add(node.name)
        pending += [source for source in node.input if not source.startswith("^")]
    return False


def _value_spec(feature: Any) -> Any:
    """The shape of one baseline, behind a first axis; of a sparse feature one value."""
    if isinstance(feature, tf.SparseTensor):
        return tf.TensorSpec([None], feature.dtype)
    return tf.TensorSpec(feature.shape, feature.dtype)

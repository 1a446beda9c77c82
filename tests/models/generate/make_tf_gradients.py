"""Writes what tf.gradients makes of SavedModels: make_tf_gradients.py OUT FOLDER ...

For each SavedModel in FOLDER/NAME/model whose signature takes floating inputs alone, OUT/NAME.pb: the
GraphDef of dy -> d <dy, y> / d x for the first output y, its calls inlined and its variables frozen
where TensorFlow can do so. Each input x that y depends on has its gradient in an Identity node
`gradient/<x>`. What is there is kept.
"""
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

tf.get_logger().setLevel("ERROR")


def signature_of(loaded):
    """The one that Whylight chooses: see model/choose.h. None: it would not be this simple."""
    signatures = loaded.signatures
    if "xai_model" in signatures:
        return signatures["xai_model"]
    if "xai_preprocess" in signatures:
        return None
    if len(signatures) == 1:
        return next(iter(signatures.values()))
    return signatures.get("serving_default")


def gradient_graph(folder):
    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception:  # Damaged on purpose.
        return None
    signature = signature_of(loaded)
    if signature is None:
        return None
    specs = signature.structured_input_signature[1]
    if not specs or not all(getattr(s, "dtype", tf.string).is_floating for s in specs.values()):
        return None
    name = sorted(signature.structured_outputs)[0]
    if not signature.structured_outputs[name].dtype.is_floating:
        return None

    def gradient(values, dy):
        with tf.GradientTape() as tape:
            tape.watch(values)
            y = signature(**values)[name]
        gradients = tape.gradient(y, values, output_gradients=dy)
        return {key: tf.identity(value) for key, value in gradients.items() if value is not None}

    try:
        function = tf.function(gradient).get_concrete_function(
            {key: tf.TensorSpec(s.shape, s.dtype, name=key) for key, s in specs.items()},
            tf.TensorSpec(signature.structured_outputs[name].shape,
                          signature.structured_outputs[name].dtype, name="dy"))
    except Exception as error:  # TensorFlow itself cannot.
        print(folder.parent.name, "has no gradient:", str(error).splitlines()[0][:100])
        return None
    if not function.structured_outputs:
        return None  # No input that y depends on.
    try:
        frozen = convert_variables_to_constants_v2(function, lower_control_flow=False)
    except ValueError:  # It cannot freeze what loops read.
        frozen = function
    graph = frozen.graph.as_graph_def()
    for key, result in zip(sorted(function.structured_outputs), frozen.outputs):
        node = graph.node.add()
        node.name, node.op = f"gradient/{key}", "Identity"
        node.input.append(result.name)
        node.attr["T"].type = result.dtype.as_datatype_enum
    return graph


def main(out, *folders):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        for model in sorted(pathlib.Path(folder).glob("*/model")):
            path = out / f"{model.parent.name}.pb"
            if path.exists():
                continue
            graph = gradient_graph(model)
            if graph is not None:
                path.write_bytes(graph.SerializeToString())


if __name__ == "__main__":
    main(*sys.argv[1:])

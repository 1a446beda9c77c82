#!/usr/bin/env python3
"""Integrated Gradients at the encoded tensors of an Estimator's feature columns, by TensorFlow.

    make_encoded.py    # writes tests/models/tf1_dnn_classifier_parsing/encoded.json

The path is straight from the baselines to the values that the request gives, at every encoded tensor
at once; 2000 steps, midpoint rule, of the logits; sums in float64. Shares are those of the
encodings: of `age`, `hours` and `job` (an embedding) one number, of `work` (an indicator) one for
each index.
"""
import base64
import json
import pathlib

import numpy as np
import tensorflow.compat.v1 as tf

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "tf1_dnn_classifier_parsing"
COLUMNS = "dnn/input_from_feature_columns/input_layer/"
ENCODED = {
    "age": "ParseExample/ParseExampleV2:6",
    "hours": "ParseExample/ParseExampleV2:7",
    "job": COLUMNS + "job_embedding/Reshape:0",
    "work": COLUMNS + "work_indicator/Sum:0",
}
BASELINES = {"age": [40.0], "hours": [35.0], "job": [0.0, 0.0, 0.0], "work": [1.0, 0.0, 0.0]}
OUTPUT = "dnn/logits/BiasAdd:0"
STEPS = 2000


def main():
    tf.disable_eager_execution()
    request = json.loads((FOLDER / "request.json").read_text())
    rows = [base64.b64decode(one["examples"]["b64"]) for one in request["instances"]]
    with tf.Session(graph=tf.Graph()) as session:
        tf.saved_model.load(session, ["serve"], str(FOLDER / "model"))
        graph = session.graph
        tensors = {name: graph.get_tensor_by_name(tensor) for name, tensor in ENCODED.items()}
        score = graph.get_tensor_by_name(OUTPUT)
        gradients = dict(zip(tensors, tf.gradients(score, list(tensors.values()))))
        values = session.run(tensors, {"input_example_tensor:0": rows})
        answers = []
        for row in range(len(rows)):
            x = {name: values[name][row] for name in tensors}
            b = {name: np.array(BASELINES[name], np.float32) for name in tensors}
            at = (np.arange(STEPS) + 0.5) / STEPS
            points = {tensors[name]: (b[name] + at[:, None] * (x[name] - b[name])).astype(np.float32)
                      for name in tensors}
            sums = session.run(gradients, points)
            shares = {name: np.mean(sums[name].astype(np.float64), 0) * (x[name] - b[name])
                      for name in tensors}
            scores = session.run(score, {tensors[name]: np.stack([b[name], x[name]])
                                         for name in tensors})
            answers.append({
                "baseline": float(scores[0, 0]), "score": float(scores[1, 0]),
                "age": float(shares["age"].sum()), "hours": float(shares["hours"].sum()),
                "job": float(shares["job"].sum()), "work": [float(v) for v in shares["work"]]})
    text = json.dumps({"writer": f"TensorFlow {tf.__version__}", "encoded": ENCODED,
                       "baselines": BASELINES, "output": OUTPUT, "rows": answers}, indent=1)
    (FOLDER / "encoded.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

"""A fixture written by TensorFlow 1.15's own tf.saved_model.save, which TensorFlow 2.15 cannot write.

    python make_tf1_object.py [--root DIR]     (requirements-tf1-object.txt, Python 3.7)
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from fixturelib import finish, run_cases

tf.compat.v1.enable_eager_execution()


def saved_model_save(path):
    """A small network as a tf.Module, with the weights of a seed."""
    random = np.random.RandomState(7)

    class Network(tf.Module):
        def __init__(self):
            super(Network, self).__init__()
            self.hidden = tf.Variable(random.randn(3, 8).astype(np.float32), name="hidden")
            self.out = tf.Variable(random.randn(8, 2).astype(np.float32), name="out")

        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
        def serve(self, x):
            return {"y": tf.nn.softmax(tf.matmul(tf.nn.elu(tf.matmul(x, self.hidden)), self.out))}

    network = Network()
    tf.saved_model.save(network, os.path.join(path, "model"),
                        signatures={"serving_default": network.serve})
    finish(path, [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], {
        "title": "tf.saved_model.save of TensorFlow 1.15, which Google's service did not take",
        "writer": "TensorFlow %s" % tf.__version__, "format": "tf2", "verdict": "explain",
        "explain": {"output": "y", "target": "argmax", "baselines": {"x": 0.0},
                    "shapley": "elements", "ig": True, "signature": "serving_default",
                    "preprocess": None}})


if __name__ == "__main__":
    run_cases({"tf1_saved_model_save": saved_model_save})

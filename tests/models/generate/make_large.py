"""Makes a SavedModel with about 200 MB of weights, for the test of memory: make_large.py FOLDER

Four dense layers of 3600 x 3600 float32, and a convolution of 5 MB with a batch norm behind it,
whose folded weights are too large for a constant. Does nothing if FOLDER holds one already.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np
import tensorflow as tf

WIDTH = 3600


class Large(tf.Module):
    def __init__(self):
        super().__init__()
        random = np.random.default_rng(3)
        self.layers = [tf.Variable(random.standard_normal((WIDTH, WIDTH), np.float32) / 60)
                       for _ in range(4)]
        self.filter = tf.Variable(random.standard_normal((3, 3, 100, 1400), np.float32) / 30)
        self.gain = tf.Variable(np.full(1400, 0.5, np.float32))
        self.offset = tf.Variable(np.full(1400, 0.1, np.float32))

    @tf.function(input_signature=[tf.TensorSpec([None, WIDTH], tf.float32, name="x")])
    def serve(self, x):
        for layer in self.layers:
            x = tf.tanh(tf.matmul(x, layer))
        image = tf.reshape(x, [-1, 6, 6, 100])
        image = tf.nn.conv2d(image, self.filter, 1, "SAME") * self.gain + self.offset
        return {"y": tf.reduce_mean(tf.nn.relu(image), [1, 2, 3])}


def main(folder):
    if os.path.exists(os.path.join(folder, "saved_model.pb")):
        return
    model = Large()
    tf.saved_model.save(model, folder, signatures=model.serve)


if __name__ == "__main__":
    main(sys.argv[1])

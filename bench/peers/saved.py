"""A SavedModel's explained function, for the peers that run on TensorFlow."""
import pathlib

import numpy as np
import tensorflow as tf


class Saved:
    """The function of the model in a folder of bench/make_models.py."""

    def __init__(self, folder):
        self.owner = tf.saved_model.load(str(pathlib.Path(folder) / "model"))  # Of the variables.
        signatures = self.owner.signatures
        self.signature = signatures["xai_model" if "xai_model" in signatures else "serving_default"]
        self.inputs = self.signature.structured_input_signature[1]

    def of_columns(self, columns):
        """Scores of a dictionary of inputs."""
        return self.signature(**columns)["score"]

    def __call__(self, x):
        """Scores of the model's only input."""
        (name,) = self.inputs
        return self.signature(**{name: x})["score"]

    def targets(self, x):
        """The class of each row that is explained: the highest."""
        return self(tf.constant(x)).numpy().argmax(1).astype(np.int32)

    def as_keras(self, keras):
        """For libraries that want a Keras model."""
        (spec,) = self.inputs.values()
        inputs = keras.Input(tuple(spec.shape[1:]), dtype="float32")
        classes = self.signature.structured_outputs["score"].shape[-1]
        layer = keras.layers.Lambda(self.__call__, output_shape=(classes,))
        return keras.Model(inputs, layer(inputs))


def gradient_function(score, xla=False):
    """tf.function of points and classes: the gradients of their scores."""
    @tf.function(reduce_retracing=True, jit_compile=xla)
    def gradient(points, targets):
        with tf.GradientTape() as tape:
            tape.watch(points)
            y = tf.gather(score(points), targets, axis=1, batch_dims=1)
        return tape.gradient(y, points)
    return gradient

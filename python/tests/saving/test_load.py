"""whylight.load of models that are Python objects."""

import os

import numpy as np
import tensorflow as tf

import whylight


def module():
    class Product(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
        def __call__(self, x):
            return {"y": x[:, 0] * x[:, 1]}

    return Product()


def test_a_module(capsys):
    model = whylight.load(module())
    found = model.explain(np.array([[2.0, 3.0]]), steps=10)
    np.testing.assert_allclose(found[0].features["x"], [3.0, 3.0], atol=1e-5)
    assert capsys.readouterr().out == ""


def test_a_keras_model():
    inputs = tf.keras.Input((3,), name="measures")
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(1, name="price")(inputs))
    x = np.array([[1.0, -2.0, 0.5]], dtype=np.float32)
    found = whylight.load(model).explain({"measures": x})
    weights = model.get_layer("price").get_weights()[0][:, 0]
    np.testing.assert_allclose(found[0].features["measures"], x[0] * weights, atol=1e-5)


def test_the_folder_goes_with_the_model():
    model = whylight.load(module())
    path = model.path
    assert os.path.isdir(path)
    del model
    assert not os.path.exists(path)

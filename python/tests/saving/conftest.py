"""Quiet, repeatable TensorFlow for the tests of whylight.saving."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# With oneDNN some gradients of TensorFlow's own kernels are wrong on AVX-512 processors.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import pytest
import tensorflow as tf


@pytest.fixture(autouse=True)
def same_numbers():
    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(7)

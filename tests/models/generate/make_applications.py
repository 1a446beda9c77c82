"""Makes well-known architectures with random weights at test size, and TensorFlow's gradients of them.

    make_applications.py FOLDER small|large|NAME ...      those that are there are kept

Each gets FOLDER/NAME/model, a SavedModel whose function `score` takes float `x` (behind it an
embedding, for texts) and returns one score a row, and FOLDER/NAME/gradient.npz: `x`, `score`, and
`gradient` = d score / d x of each row.
"""
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # Some oneDNN gradient kernels corrupt the heap.

import keras
import numpy as np
import tensorflow as tf

tf.get_logger().setLevel("ERROR")  # It finds that many functions are traced: so they are.

layers, ops = keras.layers, keras.ops
WORDS, WIDTH = 12, 16


def application(name, side, **options):
    """A network of keras.applications on pictures of side x side."""
    def make():
        return getattr(keras.applications, name)(
            weights=None, input_shape=(side, side, 3), classes=7, **options)
    return make


def attention(x, memory, heads, causal=False, mask=None):
    return layers.MultiHeadAttention(heads, WIDTH // heads)(
        x, memory, use_causal_mask=causal, attention_mask=mask)


def feed_forward(x):
    return layers.Dense(WIDTH)(layers.Dense(4 * WIDTH, activation="gelu")(x))


def encoder_block(x, mask=None):
    x = layers.LayerNormalization()(x + attention(x, x, 4, mask=mask))
    return layers.LayerNormalization()(x + feed_forward(x))


class Positions(layers.Layer):
    """Adds a learned vector to each position."""

    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], initializer="random_normal")

    def call(self, x):
        return x + self.table


def vit():
    image = keras.Input((32, 32, 3))
    x = layers.Reshape((16, WIDTH))(layers.Conv2D(WIDTH, 8, strides=8)(image))
    x = Positions()(x)
    for _ in range(2):
        x = x + attention(*[layers.LayerNormalization()(x)] * 2, 4)
        x = x + feed_forward(layers.LayerNormalization()(x))
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(image, layers.Dense(7, activation="softmax")(x))


def bert():
    """Rows of zeros are padding, which nothing attends to."""
    words = keras.Input((WORDS, WIDTH))
    real = layers.Lambda(lambda x: ops.any(x != 0, axis=-1), output_shape=(WORDS,))(words)
    mask = layers.Lambda(lambda m: m[:, None, :], output_shape=(1, WORDS))(real)
    x = layers.LayerNormalization()(Positions()(words))
    for _ in range(2):
        x = encoder_block(x, mask)
    pooled = layers.Dense(WIDTH, activation="tanh")(x[:, 0])
    return keras.Model(words, layers.Dense(3, activation="softmax")(pooled))


def decoder():
    """Causal attention over the first part, attention to the second, next-token scores."""
    both = keras.Input((2 * WORDS, WIDTH))
    x, memory = Positions()(both[:, :WORDS]), both[:, WORDS:]
    for _ in range(2):
        x = layers.LayerNormalization()(x + attention(x, x, 4, causal=True))
        x = layers.LayerNormalization()(x + attention(x, memory, 4))
        x = layers.LayerNormalization()(x + feed_forward(x))
    return keras.Model(both, layers.Dense(20)(x)[:, -1])


def gru():
    words = keras.Input((WORDS, WIDTH))
    x = layers.GRU(12, return_sequences=True)(layers.Masking()(words))
    return keras.Model(words, layers.Dense(3, activation="softmax")(layers.GRU(10)(x)))


def bidirectional_lstm():
    words = keras.Input((WORDS, WIDTH))
    x = layers.Bidirectional(layers.LSTM(12, return_sequences=True))(layers.Masking()(words))
    x = layers.Bidirectional(layers.LSTM(8))(x)
    return keras.Model(words, layers.Dense(3, activation="softmax")(x))


def unet():
    image = keras.Input((32, 32, 3))

    def block(x, filters):
        for _ in range(2):
            x = layers.ReLU()(layers.BatchNormalization()(
                layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)))
        return x

    skips, x = [], image
    for filters in (8, 16):
        x = block(x, filters)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = block(x, 32)
    for filters, skip in zip((16, 8), reversed(skips)):
        x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
        x = block(layers.Concatenate()([x, skip]), filters)
    return keras.Model(image, layers.Conv2D(4, 1, activation="softmax")(x))


SMALL = {
    "vit": vit, "bert": bert, "transformer_decoder": decoder, "gru": gru,
    "bidirectional_lstm": bidirectional_lstm, "unet": unet,
    "mobilenet_v3_small": application("MobileNetV3Small", 64, include_preprocessing=False),
}
LARGE = {
    "resnet50": application("ResNet50", 64),
    "efficientnet_v2_b0": application("EfficientNetV2B0", 64, include_preprocessing=False),
    "inception_v3": application("InceptionV3", 75),
    "densenet121": application("DenseNet121", 64),
    "xception": application("Xception", 71),
    "nasnet_mobile": application("NASNetMobile", 64),
    "convnext_tiny": application("ConvNeXtTiny", 64, include_preprocessing=False),
}

MODELS = SMALL | LARGE


def randomise(model):
    """Statistics of batch norms and scales as after training: not all zero and one."""
    rng = np.random.default_rng(5)
    for weight in model.weights:
        name = weight.path.rsplit("/", 1)[-1]
        if name in ("moving_mean", "beta", "bias"):
            weight.assign(rng.normal(0, 0.1, weight.shape))
        elif name in ("moving_variance", "gamma") and "layer_scale" not in weight.path:
            weight.assign(rng.uniform(0.6, 1.4, weight.shape))


def make(name, folder):
    keras.utils.set_random_seed(7)
    model = MODELS[name]()
    randomise(model)
    shape = model.input_shape[1:]

    @tf.function(input_signature=[tf.TensorSpec([None, *shape], tf.float32, name="x")])
    def score(x):
        y = tf.reshape(model(x, training=False), [tf.shape(x)[0], -1])
        return {"score": tf.math.log(y[:, 1]) if name != "transformer_decoder" else y[:, 1]}

    rng = np.random.default_rng(11)
    x = rng.normal(0, 1, (2, *shape)).astype(np.float32)
    if len(shape) == 2:
        x[0, -3:] = 0  # Padding, where a model knows of it.
    with tf.GradientTape() as tape:
        point = tf.constant(x)
        tape.watch(point)
        y = score(point)["score"]
    gradient = tape.gradient(y, point).numpy()
    module = tf.Module()
    module.model, module.score = model.variables, score
    tf.saved_model.save(module, str(folder / "model"), signatures=score)
    np.savez(folder / "gradient.npz", x=x, score=y.numpy(), gradient=gradient)


def main(arguments):
    root = pathlib.Path(arguments[0])
    names = []
    for wish in arguments[1:]:
        names += {"small": SMALL, "large": LARGE}.get(wish, [wish])
    for name in names:
        folder = root / name
        if (folder / "gradient.npz").is_file():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        print("making", name, flush=True)
        make(name, folder)


if __name__ == "__main__":
    main(sys.argv[1:])

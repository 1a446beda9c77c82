"""Cases of activations, softmax, losses, convolution, pooling, normalisation, image and
quantisation ops."""

import tensorflow as tf

from cases import case, const, feed, x

FLOATS = ("float64", "float32", "float16", "bfloat16")
CASES = []


def add(*args, **kwargs):
    CASES.append(case(*args, **kwargs))


# Activations, on both sides of every kink.
for dtype in FLOATS:
    for op in ("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign"):
        add(op, x(3, 5, dtype=dtype, low=-8, high=8))
    add("LeakyRelu", x(3, 5, dtype=dtype, low=-8, high=8), alpha=0.3)
    add("Softmax", x(2, 5, dtype=dtype, low=-3, high=3))
    add("LogSoftmax", x(2, 5, dtype=dtype, low=-3, high=3))
    add("BiasAdd", x(2, 3, 4, dtype=dtype), x(4, dtype=dtype))
add("LeakyRelu", x(4), alpha=0.0, name="LeakyRelu_zero")
add("Relu", x(values=[[0.0, -0.0, 1.0]]), numeric=False, name="Relu_at_zero")
add("Relu6", x(values=[[0.0, 6.0, 7.0]]), numeric=False, name="Relu6_at_kinks")
add("Relu", x(0, 3), name="Relu_empty")
add("Relu", x(2, 3, known="rank?"))
add("Softmax", x(2, 3, 4))
add("Softmax", x(2, 3, known=(None, None)))
add("LogSoftmax", x(2, 3, known="rank?"))
add("Softmax", x(values=[[1000.0, 0.0, -1000.0]]), numeric=False, name="Softmax_saturated")
add("BiasAdd", x(2, 4), x(4))
add("BiasAdd", x(2, 4, 3, 5), x(4), data_format="NCHW")
add("BiasAdd", x(2, 4, 3), x(4), data_format="NCHW", name="BiasAdd_ncw")
add("BiasAddV1", x(2, 3, 4), x(4))
add("BiasAddGrad", x(2, 3, 4))
add("BiasAddGrad", x(2, 4, 3, 2), data_format="NCHW")
add("BiasAddGrad", x(2, 4, 3, 2, known="rank?"), data_format="NCHW")
add("ReluGrad", x(3, 4), feed(dtype="float64", shape=(3, 4)))
add("Relu6Grad", x(3, 4), feed(dtype="float64", shape=(3, 4), low=-9, high=9))
add("LeakyReluGrad", x(3, 4), feed(dtype="float64", shape=(3, 4)), alpha=0.1)

# Losses.
for dtype in ("float64", "float32"):
    add(
        "SoftmaxCrossEntropyWithLogits",
        x(3, 4, dtype=dtype),
        const([[0.1, 0.2, 0.3, 0.4]] * 3, dtype),
        outputs=(0,),
        numeric=False,
    )
    add("SparseSoftmaxCrossEntropyWithLogits", x(3, 4, dtype=dtype), feed([0, 3, 1]), outputs=(0,))
add(
    "SoftmaxCrossEntropyWithLogits",
    x(3, 4),
    const([[0.1, 0.2, 0.3, 0.4]] * 3, "float64"),
    outputs=(0,),
    name="SoftmaxCrossEntropyWithLogits_numeric",
)
add(
    "SoftmaxCrossEntropyWithLogits",
    x(3, 4),
    x(3, 4, low=0, high=1),
    outputs=(0,),
    numeric=False,
    name="SoftmaxCrossEntropyWithLogits_labels",
)
add(
    "SoftmaxCrossEntropyWithLogits",
    x(3, 4),
    x(1, 4, low=0, high=1),
    outputs=(0,),
    numeric=False,
    reference=True,
    fn=lambda logits, labels: tf.raw_ops.SoftmaxCrossEntropyWithLogits(
        features=logits, labels=tf.broadcast_to(labels, [3, 4])
    ),
    name="SoftmaxCrossEntropyWithLogits_broadcast_before",
)
add(
    "SoftmaxCrossEntropyWithLogits",
    x(1, 4),
    const([[0.1, 0.2, 0.3, 0.4]] * 3, "float64"),
    outputs=(0,),
    reference=False,
    name="SoftmaxCrossEntropyWithLogits_broadcast_logits",
)
add(
    "SoftmaxCrossEntropyWithLogits",
    x(3, 4),
    const([[0.1, 0.2, 0.3, 0.4]] * 3, "float64"),
    name="SoftmaxCrossEntropyWithLogits_both_outputs",
)
add(
    "SparseSoftmaxCrossEntropyWithLogits",
    x(3, 4),
    feed([0, 3, 1], "int64"),
    name="SparseSoftmaxCrossEntropyWithLogits_both_outputs",
)
add("SparseSoftmaxCrossEntropyWithLogits", x(3, 4, known="rank?"), feed([0, 3, 1], "int64"))


# Convolutions.
def conv(op, *inputs, strides=(1, 1), padding="SAME", dilations=None, nchw=False, **rest):
    spatial = len(strides)
    around = lambda values: [1, 1, *values] if nchw else [1, *values, 1]
    attrs = {"strides": around(strides), "padding": padding}
    if dilations:
        attrs["dilations"] = around(dilations)
    if isinstance(padding, tuple):  # One pair for each spatial axis.
        pairs = [(0, 0), (0, 0), *padding] if nchw else [(0, 0), *padding, (0, 0)]
        attrs["padding"] = "EXPLICIT"
        attrs["explicit_paddings"] = [p for pair in pairs for p in pair]
    if nchw:
        attrs["data_format"] = "NCHW" if spatial == 2 else "NCDHW"
    text = lambda v: (
        "".join(map(str, v)) if isinstance(v, tuple) and isinstance(v[0], int) else str(v)
    )
    shapes = ["x".join(map(str, i.shape)) for i in inputs if i.kind == "x"]
    dtype = inputs[0].dtype if inputs[0].kind == "x" else "float64"
    name = rest.pop(
        "name",
        "_".join(
            [
                op,
                *shapes,
                "s" + text(strides),
                *(["d" + text(dilations)] if dilations else []),
                padding
                if isinstance(padding, str)
                else "EXPLICIT" + "".join(str(p) for q in padding for p in q),
                *(["NCHW"] if nchw else []),
                *([dtype] if dtype != "float64" else []),
            ]
        ),
    )
    add(op, *inputs, name=name, **attrs, **rest)


for dtype in FLOATS:
    conv(
        "Conv2D", x(2, 5, 6, 3, dtype=dtype), x(3, 3, 3, 4, dtype=dtype), numeric=dtype == "float64"
    )
    conv(
        "Conv2D",
        x(2, 5, 6, 3, dtype=dtype),
        x(3, 2, 3, 4, dtype=dtype),
        strides=(2, 2),
        padding="VALID",
    )
    conv("Conv2D", x(2, 6, 6, 3, dtype=dtype), x(1, 1, 3, 4, dtype=dtype), strides=(2, 2))
    conv("DepthwiseConv2dNative", x(2, 5, 6, 3, dtype=dtype), x(3, 3, 3, 2, dtype=dtype))
for padding in ("SAME", "VALID", ((1, 2), (0, 1))):
    for strides in ((1, 1), (2, 2), (1, 3), (3, 2)):
        conv("Conv2D", x(2, 7, 8, 2), x(3, 2, 2, 3), strides=strides, padding=padding)
        if strides != (1, 1):
            conv("Conv2D", x(2, 7, 8, 2), x(1, 1, 2, 3), strides=strides, padding=padding)
        if strides[0] == strides[1]:
            conv(
                "DepthwiseConv2dNative",
                x(2, 7, 8, 2),
                x(3, 2, 2, 2),
                strides=strides,
                padding=padding,
            )
conv("Conv2D", x(1, 6, 6, 2), x(1, 1, 2, 3), padding="VALID")
conv("Conv2D", x(1, 6, 6, 2), x(1, 3, 2, 3), strides=(2, 2))
conv("Conv2D", x(1, 4, 4, 2), x(2, 2, 2, 3), strides=(3, 3), padding="VALID")
conv("Conv2D", x(1, 4, 4, 2), x(1, 1, 2, 3), strides=(5, 5))
conv("Conv2D", x(1, 1, 1, 2), x(3, 3, 2, 3), name="Conv2D_one_pixel_image")
conv("Conv2D", x(1, 1, 1, 2), x(1, 1, 2, 3), strides=(2, 2), name="Conv2D_one_pixel_image_stride_2")
conv(
    "Conv2D",
    x(0, 4, 4, 2),
    const(dtype="float64", shape=(3, 3, 2, 3)),
    numeric=False,
    name="Conv2D_empty_batch",
)
conv(
    "Conv2D",
    x(2, 6, 6, 64, dtype="float32", low=-0.1, high=0.1),
    const(dtype="float32", shape=(1, 1, 64, 8)),
    strides=(2, 2),
    name="Conv2D_shortcut",
)


def shortcut(image, w0, w1):
    """A ResNet's: behind another convolution, one pixel, stride 2, an even side."""
    y = tf.nn.conv2d(image, w0, 1, "SAME")
    return tf.nn.conv2d(tf.nn.relu(y), w1, 2, "VALID")


add(
    "Conv2D",
    x(1, 8, 8, 3, dtype="float32"),
    const(dtype="float32", shape=(3, 3, 3, 64)),
    const(dtype="float32", shape=(1, 1, 64, 32)),
    fn=shortcut,
    name="Conv2D_behind_another_shortcut",
)
# Filters of unknown size are treated as if they were one pixel.
for padding in ("SAME", "VALID", ((1, 2), (0, 1)), ((3, 4), (0, 5))):
    for kernel in ((1, 1), (2, 3), (3, 3)):
        for known in ("rank?", (None, None, 2, 3)):
            for strides in ((2, 2), (1, 3)):
                conv(
                    "Conv2D",
                    x(2, 7, 8, 2),
                    x(*kernel, 2, 3, known=known),
                    strides=strides,
                    padding=padding,
                    name=f"Conv2D_unknown_{kernel}_{strides}_{padding}_{known}",
                )
conv(
    "Conv2D",
    x(2, 5, 6, 2, known=(None, None, None, 2)),
    x(3, 3, 2, 3),
    strides=(2, 2),
    name="Conv2D_unknown_image",
)
conv(
    "Conv2D",
    x(2, 5, 6, 2, known=(None, None, None, 2)),
    x(1, 1, 2, 3),
    strides=(2, 2),
    name="Conv2D_unknown_image_pixel",
)
conv(
    "Conv2D",
    x(2, 5, 6, 2, known="rank?"),
    x(1, 1, 2, 3),
    strides=(2, 1),
    name="Conv2D_unknown_image_rank",
)
conv(
    "Conv2D",
    x(2, 5, 6, 2, known="rank?"),
    x(1, 1, 2, 3, known="rank?"),
    strides=(2, 2),
    padding="VALID",
    name="Conv2D_unknown_all",
)
# Dilations and groups: TensorFlow's Python emits kernels that the CPU does not have.
filter_of = lambda *shape: const(dtype="float64", shape=shape)
for padding in ("SAME", "VALID", ((1, 2), (0, 1)), ((5, 6), (7, 0))):
    conv(
        "Conv2D",
        x(2, 7, 8, 2),
        filter_of(3, 2, 2, 3),
        dilations=(2, 3),
        padding=padding,
        reference=False,
        name=f"Conv2D_dilated_{padding}",
    )
    conv(
        "Conv2D",
        x(1, 9, 10, 2),
        filter_of(3, 2, 2, 3),
        dilations=(2, 3),
        strides=(2, 3),
        padding=padding,
        reference=False,
        name=f"Conv2D_dilated_strides_{padding}",
    )
    conv(
        "Conv2D",
        x(1, 5, 6, 4),
        filter_of(3, 2, 2, 6),
        padding=padding,
        strides=(2, 1),
        reference=False,
        name=f"Conv2D_groups_{padding}",
    )
conv(
    "Conv2D",
    x(1, 5, 6, 4),
    filter_of(1, 1, 2, 6),
    strides=(2, 2),
    reference=False,
    name="Conv2D_groups_pixel",
)
conv(
    "Conv2D",
    x(1, 5, 6, 4),
    filter_of(3, 3, 1, 8),
    dilations=(1, 2),
    reference=False,
    name="Conv2D_groups_of_one_dilated",
)
conv(
    "Conv2D",
    x(1, 5, 6, 2, known=(None, None, None, 2)),
    filter_of(2, 2, 2, 3),
    dilations=(2, 2),
    reference=False,
    name="Conv2D_dilated_unknown_image",
)


def transposed(op, sizes, w, dy, strides, padding, **rest):
    conv(op, const(list(sizes)), w, dy, strides=strides, padding=padding, **rest)


for padding in ("SAME", "VALID"):
    for strides in ((1, 1), (2, 2), (2, 3)):
        out = [
            -(-n // s) if padding == "SAME" else -(-(n - k + 1) // s)
            for n, k, s in zip((7, 8), (3, 2), strides)
        ]
        transposed(
            "Conv2DBackpropInput", (2, 7, 8, 2), x(3, 2, 2, 3), x(2, *out, 3), strides, padding
        )
        w_sizes = const([3, 2, 2, 3])
        conv(
            "Conv2DBackpropFilter",
            x(2, 7, 8, 2),
            w_sizes,
            x(2, *out, 3),
            strides=strides,
            padding=padding,
        )
transposed(
    "Conv2DBackpropInput", (1, 7, 8, 2), x(3, 2, 2, 3), x(1, 4, 4, 3), (2, 2), ((1, 1), (0, 0))
)
transposed(
    "Conv2DBackpropInput",
    (1, 5, 5, 2),
    x(3, 3, 2, 3, dtype="float32"),
    x(1, 3, 3, 3, dtype="float32"),
    (2, 2),
    "SAME",
    name="Conv2DBackpropInput_float32",
)
transposed(
    "Conv2DBackpropInput",
    (1, 5, 5, 2),
    x(3, 3, 2, 3),
    x(1, 3, 3, 3, known="rank?"),
    (2, 2),
    "SAME",
    name="Conv2DBackpropInput_unknown",
)
conv(
    "Conv2DBackpropFilter",
    x(1, 6, 6, 2),
    const([1, 1, 2, 3]),
    x(1, 3, 3, 3),
    strides=(2, 2),
    name="Conv2DBackpropFilter_pixel",
)
transposed(
    "DepthwiseConv2dNativeBackpropInput", (1, 5, 5, 2), x(3, 3, 2, 2), x(1, 3, 3, 4), (2, 2), "SAME"
)
for dtype in ("float64", "float32"):
    for padding in ("SAME", "VALID"):
        conv(
            "Conv3D",
            x(1, 3, 4, 5, 2, dtype=dtype),
            x(2, 2, 3, 2, 3, dtype=dtype),
            strides=(1, 2, 2),
            padding=padding,
        )
        conv(
            "Conv3D",
            x(1, 4, 4, 5, 2, dtype=dtype),
            x(1, 1, 1, 2, 3, dtype=dtype),
            strides=(2, 2, 1),
            padding=padding,
        )
conv("Conv3D", x(1, 3, 4, 5, 2), x(2, 2, 2, 2, 3), strides=(1, 1, 1))
conv(
    "Conv3D",
    x(1, 3, 4, 5, 2, known="rank?"),
    x(2, 2, 2, 2, 3, known="rank?"),
    strides=(2, 2, 2),
    name="Conv3D_unknown",
)
transposed(
    "Conv3DBackpropInputV2", (1, 3, 4, 5, 2), x(2, 2, 2, 2, 3), x(1, 2, 2, 3, 3), (2, 2, 2), "SAME"
)
conv(
    "Conv3DBackpropFilterV2",
    x(1, 3, 4, 5, 2),
    const([2, 2, 2, 2, 3]),
    x(1, 2, 2, 3, 3),
    strides=(2, 2, 2),
)

# Pooling.
for dtype in FLOATS:
    for op in ("MaxPool", "AvgPool"):
        add(
            op,
            x(2, 5, 6, 2, dtype=dtype),
            ksize=[1, 2, 2, 1],
            strides=[1, 2, 2, 1],
            padding="SAME",
            name=f"{op}_{dtype}",
        )
for op in ("MaxPool", "AvgPool"):
    for padding in ("SAME", "VALID"):
        add(
            op,
            x(2, 7, 6, 2),
            ksize=[1, 3, 2, 1],
            strides=[1, 2, 1, 1],
            padding=padding,
            name=f"{op}_{padding}_overlapping",
        )
    add(
        op,
        x(2, 5, 6, 2, known="rank?"),
        ksize=[1, 2, 2, 1],
        strides=[1, 3, 3, 1],
        padding="VALID",
        name=f"{op}_gaps_unknown",
    )
    add(
        op,
        x(1, 2, 2, 1),
        ksize=[1, 2, 2, 1],
        strides=[1, 2, 2, 1],
        padding="VALID",
        name=f"{op}_global",
    )
add(
    "MaxPool",
    x(2, 5, 6, 2),
    ksize=[1, 3, 3, 1],
    strides=[1, 2, 2, 1],
    padding="EXPLICIT",
    explicit_paddings=[0, 0, 1, 0, 1, 1, 0, 0],
    name="MaxPool_explicit",
)
add(
    "MaxPool",
    x(values=[[[[1.0], [1.0]], [[1.0], [0.0]]]]),
    ksize=[1, 2, 2, 1],
    strides=[1, 2, 2, 1],
    padding="VALID",
    numeric=False,
    name="MaxPool_tie",
)
add("MaxPoolV2", x(2, 5, 6, 2), const([1, 2, 2, 1]), const([1, 2, 2, 1]), padding="SAME")
add("MaxPoolWithArgmax", x(2, 5, 6, 2), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
add(
    "MaxPoolWithArgmax",
    x(2, 5, 6, 2),
    ksize=[1, 3, 2, 1],
    strides=[1, 2, 2, 1],
    padding="VALID",
    include_batch_in_index=True,
)
for op in ("MaxPool3D", "AvgPool3D"):
    for padding in ("SAME", "VALID"):
        add(
            op,
            x(1, 4, 5, 6, 2, dtype="float32"),
            ksize=[1, 2, 2, 3, 1],
            strides=[1, 2, 2, 1, 1],
            padding=padding,
        )
add(
    "FractionalMaxPool",
    x(1, 7, 8, 2),
    pooling_ratio=[1.0, 1.4, 1.5, 1.0],
    pseudo_random=True,
    deterministic=True,
    seed=3,
    seed2=4,
    outputs=(0,),
)
add(
    "FractionalAvgPool",
    x(1, 7, 8, 2),
    pooling_ratio=[1.0, 1.4, 1.5, 1.0],
    overlapping=True,
    deterministic=True,
    seed=3,
    seed2=4,
    outputs=(0,),
)


# Normalisation.
def batch_norm(op, data, channels, **attrs):
    training = attrs["is_training"]
    vector = lambda low: x(channels, dtype="float32", low=low, high=2)
    fixed = lambda low: const(
        dtype="float32", shape=(0 if training else channels,), low=low, high=2
    )
    text = "_".join(f"{k}_{v}" for k, v in attrs.items())
    known = "_unknown" if data.known else ""
    add(
        op,
        data,
        vector(0.5),
        vector(-2),
        fixed(-1),
        fixed(0.2),
        outputs=(0,),
        **attrs,
        name=f"{op}_{data.dtype}_{'x'.join(map(str, data.shape))}_{text}{known}",
    )


for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
    for training in (False, True):
        batch_norm(op, x(3, 2, 4, 5, dtype="float32"), 5, is_training=training)
        batch_norm(op, x(3, 5, 2, 4, dtype="float32"), 5, is_training=training, data_format="NCHW")
for training in (False, True):
    batch_norm("FusedBatchNormV3", x(3, 2, 4, 5, dtype="float16"), 5, is_training=training)
    batch_norm(
        "FusedBatchNormV3",
        x(3, 2, 4, 5, dtype="float32", known="rank?"),
        5,
        is_training=training,
        epsilon=0.01,
    )
    batch_norm(
        "FusedBatchNormV3",
        x(2, 2, 2, 3, 5, dtype="float32"),
        5,
        is_training=training,
        data_format="NDHWC",
    )
batch_norm(
    "FusedBatchNormV3", x(2, 5, 2, 2, 3, dtype="float32"), 5, is_training=False, data_format="NCDHW"
)
batch_norm("FusedBatchNormV3", x(3, 2, 4, 5, dtype="bfloat16"), 5, is_training=False)


@tf.custom_gradient
def batch_norm_of_statistics(data, scale, offset, mean, variance):
    """TensorFlow says "none" for the statistics; the formula in plain ops says what is true."""
    y = tf.raw_ops.FusedBatchNormV3(
        x=data,
        scale=scale,
        offset=offset,
        mean=mean,
        variance=variance,
        epsilon=0.02,
        is_training=False,
    )[0]

    def gradient(dy):
        inputs = [data, scale, offset, mean, variance]
        plain = (data - mean) * scale * tf.math.rsqrt(variance + 0.02) + offset
        return tf.gradients(plain, inputs, dy)

    return y, gradient


add(
    "FusedBatchNormV3",
    x(3, 2, 4, 5, dtype="float32"),
    x(5, dtype="float32"),
    x(5, dtype="float32"),
    x(5, dtype="float32"),
    x(5, dtype="float32", low=0.3, high=2),
    fn=batch_norm_of_statistics,
    name="FusedBatchNormV3_statistics",
)
for dtype in ("float32", "float16"):
    add("LRN", x(2, 3, 3, 7, dtype=dtype), depth_radius=2, bias=1.5, alpha=0.3, beta=0.6)

# Images.
for dtype in ("float32", "float64", "float16", "bfloat16"):
    for size in ((5, 7), (2, 3)):
        for attrs in ({}, {"align_corners": True}, {"half_pixel_centers": True}):
            if attrs and dtype in ("float16", "bfloat16"):
                continue
            add("ResizeBilinear", x(2, 3, 4, 2, dtype=dtype), const(list(size)), **attrs)
            add("ResizeNearestNeighbor", x(2, 3, 4, 2, dtype=dtype), const(list(size)), **attrs)
            if dtype in ("float32", "float64"):
                add("ResizeBicubic", x(2, 3, 4, 2, dtype=dtype), const(list(size)), **attrs)
add("ResizeBilinear", x(2, 3, 4, 2, dtype="float32", known="rank?"), const([5, 5]))
add("ResizeNearestNeighbor", x(2, 3, 4, 2, dtype="float32", known="rank?"), const([5, 5]))
for kernel in ("lanczos3", "triangle"):
    add(
        "ScaleAndTranslate",
        x(1, 5, 6, 2, dtype="float32"),
        const([3, 8]),
        const([0.6, 1.3], "float32"),
        const([0.0, 0.1], "float32"),
        kernel_type=kernel,
        antialias=True,
    )
boxes = [[0.1, 0.2, 0.8, 0.9], [-0.2, 0.3, 1.2, 0.6], [0.7, 0.8, 0.1, 0.2]]
add(
    "CropAndResize",
    x(2, 5, 6, 2, dtype="float32"),
    x(values=boxes, dtype="float32"),
    const([0, 1, 1]),
    const([3, 4]),
    tolerance=2e-5,
)
add(
    "CropAndResize",
    x(2, 5, 6, 2, dtype="float64"),
    const(boxes, "float32"),
    const([0, 1, 1]),
    const([3, 4]),
    method="nearest",
    numeric=False,
)
for padding in ("SAME", "VALID"):
    add(
        "ExtractImagePatches",
        x(2, 6, 7, 3),
        ksizes=[1, 2, 3, 1],
        strides=[1, 2, 1, 1],
        rates=[1, 1, 2, 1],
        padding=padding,
        name=f"ExtractImagePatches_{padding}",
    )
    add(
        "Dilation2D",
        x(2, 5, 6, 2),
        x(2, 3, 2),
        strides=[1, 2, 1, 1],
        rates=[1, 1, 2, 1],
        padding=padding,
        name=f"Dilation2D_{padding}",
    )
add(
    "ExtractImagePatches",
    x(2, 6, 7, 3, dtype="float32", known=(None, None, None, None)),
    ksizes=[1, 2, 2, 1],
    strides=[1, 2, 2, 1],
    rates=[1, 1, 1, 1],
    padding="SAME",
    name="ExtractImagePatches_unknown",
)

# Simulated quantisation: straight through, so no central differences.
add("FakeQuantWithMinMaxArgs", x(3, 5, dtype="float32", low=-9, high=9), min=-6.0, max=5.0)
add(
    "FakeQuantWithMinMaxVars",
    x(3, 5, dtype="float32", low=-9, high=9),
    x(dtype="float32", values=-6.0),
    x(dtype="float32", values=5.0),
    num_bits=6,
    narrow_range=True,
)
add(
    "FakeQuantWithMinMaxVarsPerChannel",
    x(3, 2, dtype="float32", low=-9, high=9),
    x(dtype="float32", values=[-6.0, -2.0]),
    x(dtype="float32", values=[5.0, 7.0]),
)
add(
    "QuantizeAndDequantizeV2", x(3, 5), const(-1.0, "float64"), const(1.0, "float64"), numeric=False
)
add(
    "QuantizeAndDequantizeV3",
    x(3, 5),
    const(-1.0, "float64"),
    const(1.0, "float64"),
    const(8),
    numeric=False,
)
add(
    "QuantizeAndDequantizeV4",
    x(3, 5, dtype="float32", low=-2, high=2),
    const(-1.0, "float32"),
    const(1.0, "float32"),
    range_given=True,
)

"""Cases of ops that are gradients themselves, which models hold that differentiate on their own."""

import tensorflow as tf

from cases import case, const, feed, x

CASES = []
FLOATS = ("float64", "float32", "float16", "bfloat16")
raw = tf.raw_ops


def add(*args, **kwargs):
    CASES.append(case(*args, **kwargs))


# Activations. The second input of EluGrad and SeluGrad is the activation, above -1 and -1.758.
for dtype in FLOATS:
    for known in (None, "rank?"):
        more = dict(dtype=dtype, known=known)
        add("EluGrad", x(3, 5, **more), x(3, 5, low=-0.95, **more))
        add("SeluGrad", x(3, 5, **more), x(3, 5, low=-1.7, high=2, **more))
        add("SoftplusGrad", x(3, 5, **more), x(3, 5, low=-4, high=4, **more))
        # TensorFlow has no gradient of this one.
        add("SoftsignGrad", x(3, 5, **more), x(3, 5, low=-2, high=2, **more), reference=False)
# The signs: where the activation is 0 exactly.
add("EluGrad", x(3), x(values=[0.0, -0.5, 0.5]), numeric=False, name="EluGrad_at_0")

# Pooling. Differences of the first two inputs would move the maxima: only the third is explained.
for dtype in ("float64", "float32", "float16"):
    for padding in ("SAME", "VALID"):
        for format in ("NHWC",):
            ksize, strides = [1, 2, 3, 1], [1, 2, 1, 1]

            def pooled(dy, op, image_shape, padding=padding, ksize=ksize, strides=strides):
                rng = tf.random.stateless_uniform
                image = tf.cast(tf.argsort(rng([tf.reduce_prod(image_shape)], [1, 2])), dy.dtype)
                image = tf.reshape(image, image_shape)
                y = raw.MaxPool(input=image, ksize=ksize, strides=strides, padding=padding)
                return getattr(raw, op)(
                    orig_input=image,
                    orig_output=y,
                    grad=dy,
                    ksize=ksize,
                    strides=strides,
                    padding=padding,
                )

            out = (2, 2, 4, 2) if padding == "SAME" else (2, 2, 2, 2)
            add(
                "MaxPoolGrad",
                x(*out, dtype=dtype),
                fn=lambda dy, f=pooled: f(dy, "MaxPoolGrad", (2, 4, 4, 2)),
                name=f"MaxPoolGrad_{padding}_{dtype}",
            )
            add(
                "MaxPoolGradGrad",
                x(2, 4, 4, 2, dtype=dtype),
                fn=lambda dy, f=pooled: f(dy, "MaxPoolGradGrad", (2, 4, 4, 2)),
                name=f"MaxPoolGradGrad_{padding}_{dtype}",
            )
            add(
                "MaxPoolGradV2",
                x(*out, dtype=dtype),
                const(ksize),
                const(strides),
                fn=lambda dy, k, s, padding=padding: raw.MaxPoolGradV2(
                    orig_input=tf.reshape(tf.cast(tf.range(64), dy.dtype), [2, 4, 4, 2]),
                    orig_output=raw.MaxPoolV2(
                        input=tf.reshape(tf.cast(tf.range(64), dy.dtype), [2, 4, 4, 2]),
                        ksize=k,
                        strides=s,
                        padding=padding,
                    ),
                    grad=dy,
                    ksize=k,
                    strides=s,
                    padding=padding,
                ),
                name=f"MaxPoolGradV2_{padding}_{dtype}",
            )
            # TensorFlow has no gradient of this one.
            add(
                "MaxPoolGradGradV2",
                x(2, 4, 4, 2, dtype=dtype),
                const(ksize),
                const(strides),
                fn=lambda dy, k, s, padding=padding: raw.MaxPoolGradGradV2(
                    orig_input=tf.reshape(tf.cast(tf.range(64), dy.dtype), [2, 4, 4, 2]),
                    orig_output=raw.MaxPoolV2(
                        input=tf.reshape(tf.cast(tf.range(64), dy.dtype), [2, 4, 4, 2]),
                        ksize=k,
                        strides=s,
                        padding=padding,
                    ),
                    grad=dy,
                    ksize=k,
                    strides=s,
                    padding=padding,
                ),
                reference=False,
                name=f"MaxPoolGradGradV2_{padding}_{dtype}",
            )
        for kind, full, cut in (
            ("AvgPool", (2, 4, 5, 3), (2, 2, 3, 3)),
            ("AvgPool3D", (2, 4, 5, 3, 2), (2, 2, 3, 2, 2)),
        ):
            steps = [1, *[2] * (len(full) - 2), 1]
            if padding == "VALID":
                cut = (2, *[n // 2 for n in full[1:-1]], full[-1])
            if kind == "AvgPool3D" and dtype != "float32":
                continue  # No kernel for CPUs.
            for known in (None, (None,) * len(full)):
                add(
                    f"{kind}Grad",
                    const(list(full)),
                    x(*cut, dtype=dtype, known=known),
                    ksize=steps,
                    strides=steps,
                    padding=padding,
                    name=f"{kind}Grad_{padding}_{dtype}{'_unknown' if known else ''}",
                )
for padding in ("SAME", "VALID"):
    steps = [1, 2, 2, 2, 1]
    image = lambda: tf.reshape(tf.cast(tf.range(2 * 4 * 4 * 2 * 2), tf.float32), [2, 4, 4, 2, 2])
    pool = lambda padding=padding: raw.MaxPool3D(
        input=image(), ksize=steps, strides=steps, padding=padding
    )
    for op, shape in (("MaxPool3DGrad", (2, 2, 2, 1, 2)), ("MaxPool3DGradGrad", (2, 4, 4, 2, 2))):
        add(
            op,
            x(*shape, dtype="float32"),
            fn=lambda dy, op=op, pool=pool, padding=padding: getattr(raw, op)(
                orig_input=image(),
                orig_output=pool(),
                grad=dy,
                ksize=steps,
                strides=steps,
                padding=padding,
            ),
            name=f"{op}_{padding}",
        )
add(
    "MaxPoolGrad",
    x(1, 4, 4, 1, dtype="float64"),
    fn=lambda v: tf.gradients(tf.reduce_sum(tf.nn.max_pool2d(v, 2, 2, "VALID") ** 2), v)[0],
    name="MaxPoolGrad_of_a_model",
)

# Convolution.
for padding in ("SAME", "VALID", "EXPLICIT"):
    for dtype in ("float64", "float32", "float16"):
        for known in (None, "rank?"):
            if padding == "EXPLICIT" and dtype == "float16":
                continue
            out = {"SAME": (2, 3, 3, 4), "VALID": (2, 2, 2, 4), "EXPLICIT": (2, 3, 3, 4)}[padding]
            add(
                "DepthwiseConv2dNativeBackpropFilter",
                x(2, 5, 6, 2, dtype=dtype, known=known),
                const([2, 3, 2, 2]),
                x(*out, dtype=dtype, known=known),
                strides=[1, 2, 2, 1],
                padding=padding,
                explicit_paddings=[0, 0, 1, 0, 0, 1, 0, 0] if padding == "EXPLICIT" else [],
                name=f"DepthwiseFilter_{padding}_{dtype}{'_norank' if known else ''}",
            )

# Batch normalisation.
for training in (True, False):
    for format in ("NHWC", "NCHW", "NDHWC", "NCDHW"):
        if format[1] == "C" and not training:
            continue  # No kernel for CPUs.
        spatial = (2, 4) if len(format) == 4 else (2, 2, 3)
        shape = (3, *spatial, 5) if format[-1] == "C" else (3, 5, *spatial)
        if len(format) == 4:
            ops = ("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3")
        else:
            ops = ("FusedBatchNormGradV3",)
        for op in ops:
            for dtype in ("float32", "float16", "bfloat16"):
                if dtype != "float32" and op != "FusedBatchNormGradV3":
                    continue
                vector = lambda low, kind=x: kind(dtype="float32", shape=(5,), low=low, high=2)

                def statistics(g, v, w, *rest, op=op, training=training, format=format):
                    mean, variance = rest
                    reserve = {}
                    if training:  # As the forward op leaves them: the mean, and 1 / deviation.
                        forward = raw.FusedBatchNormV3(
                            x=v, scale=w, offset=w, mean=[], variance=[], data_format=format
                        )
                        mean, variance = forward[3], forward[4]
                    if op.endswith("V3"):
                        reserve = dict(reserve_space_3=tf.zeros([1]))
                    return list(
                        getattr(raw, op)(
                            y_backprop=g,
                            x=v,
                            scale=w,
                            reserve_space_1=tf.stop_gradient(mean),
                            reserve_space_2=tf.stop_gradient(variance),
                            data_format=format,
                            is_training=training,
                            **reserve,
                        )
                    )[:3]

                add(
                    op,
                    x(*shape, dtype=dtype),
                    x(*shape, dtype=dtype),
                    x(5, dtype="float32", low=0.5, high=2),
                    const(dtype="float32", shape=(5,), low=-1, high=1),
                    const(dtype="float32", shape=(5,), low=0.3, high=2),
                    fn=statistics,
                    tolerance={"float16": 2e-2, "bfloat16": 6e-2}.get(dtype, 1e-4),
                    name=f"{op}_{format}_{training}_{dtype}",
                )


# Quantisation. TensorFlow takes the wrong input for the quantised one; what counts is where x lies.
@tf.custom_gradient
def quantize_gradient(g):
    v = tf.constant([[-3.0, -0.5, 0.2, 2.5], [0.0, -1.5, 1.5, 0.9]])
    low, high = tf.constant(-1.0), tf.constant(1.0)
    out = raw.QuantizeAndDequantizeV4Grad(gradients=g, input=v, input_min=low, input_max=high)

    def gradient(d, d_low, d_high):
        inside = tf.where(v > high, tf.fill([2, 4], d_high), d)
        return tf.where(v < low, tf.fill([2, 4], d_low), inside)

    return list(out), gradient


add(
    "QuantizeAndDequantizeV4Grad",
    x(2, 4, dtype="float32"),
    fn=lambda g: quantize_gradient(g),
    name="QuantizeAndDequantizeV4Grad",
)

"""Cases of colours, of projections of images and of patches of volumes."""

import itertools

import numpy as np
import tensorflow as tf

from cases import case, const, feed, x

CASES = []
raw = tf.raw_ops


def add(*args, **kwargs):
    CASES.append(case(*args, **kwargs))


# Colours: every order of the three, greys, black, one colour alone. TensorFlow has no gradient of
# HSVToRGB.
ORDERS = [[0.1 + 0.3 * i for i in order] for order in itertools.permutations(range(3))]
for dtype in ("float64", "float32", "float16", "bfloat16"):
    for values in (None, ORDERS):
        shape = (2, 3, 3) if values is None else ()
        name = "random" if values is None else "orders"
        for known in (None, "rank?"):
            mark = "_norank" if known else ""
            add(
                "RGBToHSV",
                x(*shape, dtype=dtype, low=0.05, high=1, values=values, known=known),
                name=f"RGBToHSV_{name}_{dtype}{mark}",
                tolerance={"float16": 1e-2, "bfloat16": 6e-2}.get(dtype),
            )
            if dtype in ("float64", "float32"):
                add(
                    "HSVToRGB",
                    x(*shape, dtype=dtype, low=0.05, high=0.95, values=values, known=known),
                    name=f"HSVToRGB_{name}_{dtype}{mark}",
                    reference=False,
                )
add(
    "RGBToHSV",
    x(values=[[0.4, 0.4, 0.4], [0.0, 0.0, 0.0], [0.5, 0.5, 0.2], [0.2, 0.2, 0.5], [0.2, 0.5, 0.2]]),
    numeric=False,
    name="RGBToHSV_ties",
)
# Where a colour is 0, TensorFlow leaves out its part of the saturation.
add(
    "RGBToHSV",
    x(values=[[0.6, 0.3, 0.0], [0.0, 0.7, 0.2], [0.2, 0.0, 0.8], [0.4, 0.0, 0.1]]),
    reference=False,
    name="RGBToHSV_without_a_colour",
)
add(
    "RGBToHSV",
    x(1, 4, 4, 3, low=0.1, high=0.9),
    fn=lambda v: tf.image.hsv_to_rgb(tf.image.rgb_to_hsv(v) * [0.9, 0.8, 0.7]),
    reference=False,
    name="RGBToHSV_and_back",
)


# Projections: a shift by whole pixels, where TensorFlow's rule is the true one; a turn, a perspective,
# a scale, where it is not. An image is projected by a matrix, of which each image of one pixel is a
# column: its transpose is the gradient. (Differences do not tell: the kernel adds in float32.)
def projected(op, transforms, size, *fill, **attrs):
    run = lambda images, t: getattr(raw, op)(
        images=images,
        transforms=t,
        output_shape=size,
        **({"fill_value": fill[0]} if fill else {}),
        **attrs,
    )

    def columns(shape):
        """[rows, pixels of y, pixels of x]"""
        batch, height, width, _ = shape
        pixels = np.eye(height * width).reshape(-1, height, width, 1)
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            each = [run(pixels - 0.0, [t]) - run(0 * pixels, [t]) for t in transforms]
            found = [m.reshape(height * width, -1).T for m in session.run(each)]
        return np.stack(found * (batch // len(found)))

    def build(image, shape):
        matrix = columns(shape)

        @tf.custom_gradient
        def project(image):
            def gradient(dy):
                batch, _, _, channels = shape
                dx = tf.matmul(matrix, tf.reshape(dy, [batch, -1, channels]), transpose_a=True)
                return tf.reshape(dx, shape)

            return run(image, tf.constant(transforms, tf.float32)), gradient

        return project(image)

    return build


TURN = [0.8, -0.6, 1.2, 0.6, 0.8, -0.7, 0.0, 0.0]
PERSPECTIVE = [1.1, 0.2, -1.3, 0.1, 0.9, 0.4, 0.03, -0.05]
SHRINK = [2.1, 0.0, 0.3, 0.0, 1.7, -0.4, 0.0, 0.0]
FAR = [1.0, 0.0, -7.3, 0.0, 1.0, 9.6, 0.0, 0.0]
VANISHING = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, -0.5, 0.0]  # k = 0 in one column.
for version in ("V2", "V3"):
    fill = (0.3,) if version == "V3" else ()
    extra = tuple(const(value, "float32") for value in fill)
    op = f"ImageProjectiveTransform{version}"
    for interpolation in ("NEAREST", "BILINEAR"):
        for dtype in ("float64", "float32", "float16"):
            add(
                op,
                x(2, 4, 5, 2, dtype=dtype),
                const([[1.0, 0, 2, 0, 1, -1, 0, 0]], "float32"),
                const([4, 5]),
                *extra,
                interpolation=interpolation,
                numeric=interpolation == "NEAREST",
                tolerance=1e-6 if dtype == "float64" else None,  # TensorFlow's is float32 inside.
                name=f"{op}_shift_{interpolation}_{dtype}",
            )
        for mode in ("CONSTANT", "REFLECT", "WRAP", "NEAREST"):
            transforms = dict(
                turn=[TURN], both=[PERSPECTIVE, SHRINK], far=[FAR], vanishing=[VANISHING]
            )
            for name, values in transforms.items():
                for size in ((4, 5), (3, 7)):
                    for known in (None, "rank?"):
                        if known and (size == (4, 5) or version == "V2"):
                            continue
                        shape = (2, 4, 5, 2)
                        project = projected(
                            op,
                            values,
                            list(size),
                            *fill,
                            interpolation=interpolation,
                            fill_mode=mode,
                        )
                        add(
                            op,
                            x(*shape, known=known),
                            fn=lambda v, f=project, shape=shape: f(v, shape),
                            numeric=interpolation == "NEAREST",
                            tolerance=1e-6,  # Weights are float32.
                            name=f"{op}_{name}_{size}_{mode}_{interpolation}"
                            + ("_norank" if known else ""),
                        )
        project = projected(
            op, [TURN], [2, 2], *fill, interpolation=interpolation, fill_mode="REFLECT"
        )
        add(
            op,
            x(1, 1, 1, 1),
            fn=lambda v, f=project: f(v, (1, 1, 1, 1)),
            numeric=interpolation == "NEAREST",
            tolerance=1e-6,
            name=f"{op}_of_a_pixel_{interpolation}",
        )

for padding in ("SAME", "VALID"):
    for strides in ([1, 1, 1, 1, 1], [1, 2, 1, 2, 1]):
        for dtype in ("float64", "float32", "float16"):
            add(
                "ExtractVolumePatches",
                x(2, 4, 3, 5, 2, dtype=dtype),
                ksizes=[1, 2, 3, 2, 1],
                strides=strides,
                padding=padding,
                name=f"ExtractVolumePatches_{padding}_{strides[1]}_{dtype}",
            )
        add(
            "ExtractVolumePatches",
            x(2, 4, 3, 5, 2, known=(None,) * 5),
            ksizes=[1, 2, 3, 2, 1],
            strides=strides,
            padding=padding,
            # TensorFlow's gradient does not follow unknown sizes.
            reference=False,
            name=f"ExtractVolumePatches_{padding}_{strides[1]}_unknown",
        )

# TensorFlow says that the gradient of a resize has none. It is linear: the custom gradient says what
# its derivative is.
for options in ({}, {"align_corners": True}, {"half_pixel_centers": True}):

    def resize_gradient(dy, options=options):
        @tf.custom_gradient
        def linear(v):
            y = raw.ResizeBilinearGrad(grads=v, original_image=tf.zeros([2, 3, 4, 2]), **options)
            return y, lambda g: raw.ResizeBilinear(images=g, size=[5, 2], **options)

        return linear(dy)

    add(
        "ResizeBilinearGrad",
        x(2, 5, 2, 2, dtype="float32"),
        fn=resize_gradient,
        name=f"ResizeBilinearGrad_{'_'.join(options) or 'plain'}",
    )

"""Cases of layers and losses over time, of samples, and of orders."""

import numpy as np
import tensorflow as tf

from cases import case, const, feed, x

CASES = []
raw = tf.raw_ops


def add(*args, **kwargs):
    CASES.append(case(*args, **kwargs))


# Connectionist temporal classification: two rows, labels (0, 2, 2) and (1).
LABELS = (
    const([[0, 0], [0, 1], [0, 2], [1, 0]], "int64"),
    const([0, 2, 2, 1]),
    const([6, 4]),
)
# CTCLossV2 has no kernel for CPUs.
for op in ("CTCLoss",):
    for dtype in ("float64", "float32"):
        for options in (
            {},
            {"preprocess_collapse_repeated": True},
            {"ctc_merge_repeated": False},
            {"ignore_longer_outputs_than_inputs": True},
        ):
            for known in (None, "rank?"):
                text = "_".join(options) or "plain"
                add(
                    op,
                    x(6, 2, 4, dtype=dtype, low=-2, high=2, known=known),
                    *LABELS,
                    outputs=(0,),
                    **options,
                    numeric=False,  # The loss is a float32 inside: differences of it are noise.
                    name=f"{op}_{text}_{dtype}{'_norank' if known else ''}",
                    tolerance=1e-4 if dtype == "float32" else None,
                )


# LSTMs of one op; a batch of 3, 4 inputs, 2 units.
def lstm(op, peephole, **attrs):
    def build(v, cs, h, w, wci, wcf, wco, b):
        y = getattr(raw, op)(
            seq_len_max=tf.constant(5, tf.int64),
            x=v,
            cs_prev=cs,
            h_prev=h,
            w=w,
            wci=wci,
            wcf=wcf,
            wco=wco,
            b=b,
            use_peephole=peephole,
            **attrs,
        )
        return [y.cs, y.h]

    return build


for op in ("BlockLSTM", "BlockLSTMV2"):
    for peephole in (False, True):
        for dtype in ("float32", "float16"):
            for clip in (-1.0, 0.3):
                for known in (None, "rank?"):
                    of = lambda *shape: x(*shape, dtype=dtype)
                    name = f"{op}_{peephole}_{clip}_{dtype}{'_norank' if known else ''}"
                    weights = of if peephole else lambda *s: const(shape=s, dtype=dtype)
                    add(
                        op,
                        x(5, 3, 4, dtype=dtype, known=known),
                        of(3, 2),
                        of(3, 2),
                        of(6, 8),
                        weights(2),
                        weights(2),
                        weights(2),
                        of(8),
                        fn=lstm(op, peephole, cell_clip=clip),
                        tolerance=1e-4 if dtype == "float32" else 3e-2,
                        name=name,
                    )

# Random samples. The seed makes them the same in every new session; a difference of two of them is
# no derivative, as they are drawn by rejection.
for dtype in ("float64", "float32", "float16"):
    for shape in ((2,), (1, 3), ()):
        alpha = x(*shape, dtype=dtype, low=0.5, high=4)
        text = "x".join(map(str, shape)) or "s"
        # float16 is computed in float32 here, and in float16 there.
        options = dict(numeric=False, reference=dtype != "float16")
        add(
            "RandomGamma",
            const([4, 3]),
            alpha,
            seed=7,
            seed2=8,
            name=f"RandomGamma_{text}_{dtype}",
            **options,
        )
        add(
            "StatelessRandomGammaV2",
            const([4, 2, *shape]),
            const([1, 2], "int64"),
            alpha,
            name=f"StatelessRandomGammaV2_{text}_{dtype}",
            **options,
        )
        add(
            "StatelessRandomGammaV3",
            const([4, 2, *shape]),
            x(*shape, dtype=dtype, low=0.5, high=4, known="rank?"),
            fn=lambda s, a: raw.StatelessRandomGammaV3(
                shape=s,
                key=tf.constant([11], tf.uint64),
                counter=tf.constant([3, 4], tf.uint64),
                alg=tf.constant(1),
                alpha=a,
            ),
            name=f"StatelessRandomGammaV3_{text}_{dtype}",
            **options,
        )
for dtype in ("float64", "float32"):
    for shapes in (((), (), (), ()), ((3,), (3,), (3,), (3,)), ((2, 1), (3,), (), (1, 3))):
        mean, deviation, low, high = shapes
        for known in (None, "rank?"):
            of = lambda shape, a, b: x(*shape, dtype=dtype, low=a, high=b, known=known)
            add(
                "StatelessParameterizedTruncatedNormal",
                const([4, 2, 3]),
                const([5, 6], "int64"),
                of(mean, -0.5, 0.5),
                of(deviation, 0.5, 2),
                of(low, -3, -1),
                of(high, 1, 3),
                numeric=False,
                tolerance=1e-3 if dtype == "float32" else 1e-8,
                name=f"StatelessTruncatedNormal_{shapes}_{dtype}{'_norank' if known else ''}",
            )

# Orders.
for dtype in ("float64", "float32"):
    for shape in ((7,), (3, 5), (2, 2, 3), (0, 3), (1,)):
        for known in (None, "rank?"):
            add(
                "IsotonicRegression",
                x(*shape, dtype=dtype, known=known),
                output_dtype=tf.as_dtype(dtype),
                outputs=(0,),
                # TensorFlow's gradient is for matrices of static size.
                reference=shape == (3, 5) and known is None,
                name=f"IsotonicRegression_{shape}_{dtype}{'_norank' if known else ''}",
            )
for dtype in ("float32", "float16", "bfloat16"):
    add("ApproxTopK", x(4, 3, 5, dtype=dtype), k=2, outputs=(0,), name=f"ApproxTopK_{dtype}")
add(
    "ApproxTopK",
    x(4, 5, dtype="float32", known=(None, 5)),
    k=2,
    outputs=(0,),
    # TensorFlow's gradient needs static sizes.
    reference=False,
    name="ApproxTopK_unknown",
)

# Elements of no other family.
for dtype in ("float64", "float32"):
    add("NextAfter", x(2, 3, dtype=dtype), x(3, dtype=dtype), numeric=False)
    add("NextAfter", x(2, 1, dtype=dtype, known="rank?"), x(3, dtype=dtype), numeric=False)
add("AccumulateNV2", [x(2, 3), x(2, 3), x(2, 3)], shape=(2, 3))
add(
    "DebugGradientIdentity",
    x(2, 3),
    fn=lambda v: raw.DebugGradientIdentity(input=v),
    reference=False,
)

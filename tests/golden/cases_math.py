"""Golden gradient cases of elementwise math and matrix products; the words are in cases.py."""

import numpy as np
import tensorflow as tf

from cases import case, const, feed, x

_raw = tf.raw_ops


def _unary():
    ranges = {
        "Abs": (-2, 2),
        "Acos": (-0.9, 0.9),
        "Acosh": (1.2, 4),
        "Asin": (-0.9, 0.9),
        "Asinh": (-3, 3),
        "Atan": (-3, 3),
        "Atanh": (-0.9, 0.9),
        "BesselI0": (-3, 3),
        "BesselI0e": (0.2, 3),
        "BesselI1": (0.2, 3),
        "BesselI1e": (0.2, 3),
        "BesselJ0": (0.2, 5),
        "BesselJ1": (0.2, 5),
        "BesselK0": (0.3, 3),
        "BesselK0e": (0.3, 3),
        "BesselK1": (0.3, 3),
        "BesselK1e": (0.3, 3),
        "BesselY0": (0.5, 5),
        "BesselY1": (0.5, 5),
        "Cos": (-3, 3),
        "Cosh": (-2, 2),
        "Dawsn": (-2, 2),
        "Digamma": (0.3, 5),
        "Erf": (-2, 2),
        "Erfc": (-2, 2),
        "Erfinv": (-0.9, 0.9),
        "Exp": (-3, 3),
        "Expint": (0.3, 3),
        "Expm1": (-1, 1),
        "FresnelCos": (-2, 2),
        "FresnelSin": (-2, 2),
        "Inv": (0.3, 3),
        "Lgamma": (0.3, 5),
        "Log": (0.1, 5),
        "Log1p": (-0.8, 5),
        "Ndtri": (0.05, 0.95),
        "Neg": (-1, 1),
        "Reciprocal": (0.3, 3),
        "Rsqrt": (0.1, 5),
        "Sigmoid": (-5, 5),
        "Sin": (-3, 3),
        "Sinh": (-2, 2),
        "Spence": (0.2, 3),
        "Sqrt": (0.1, 5),
        "Square": (-3, 3),
        "Tan": (-1.3, 1.3),
        "Tanh": (-3, 3),
    }
    no_float16 = {op for op in ranges if op.startswith(("Bessel", "Fresnel"))}
    no_float16 |= {"Dawsn", "Expint", "Spence", "Erfinv", "Ndtri", "Digamma", "Lgamma"}
    rows = []
    for op, (low, high) in ranges.items():
        rows.append(case(op, x(2, 3, low=low, high=high)))
        rows.append(case(op, x(7, low=low, high=high, dtype="float32", known="rank?")))
        if op not in no_float16:
            rows.append(case(op, x(5, low=low, high=high, dtype="float16"), tolerance=1e-2))
    # The analytic ones on complex numbers; |z| <= 1 keeps clear of the branch cuts.
    for op in (
        "Cos",
        "Cosh",
        "Exp",
        "Neg",
        "Sigmoid",
        "Sin",
        "Sinh",
        "Square",
        "Tan",
        "Tanh",
        "Asinh",
        "Atan",
        "Atanh",
        "Acosh",
    ):
        rows.append(case(op, x(2, 2, dtype="complex128", low=-0.6, high=0.6), numeric=False))
    for op in ("Inv", "Log", "Log1p", "Reciprocal", "Rsqrt", "Sqrt"):
        rows.append(case(op, x(4, dtype="complex64", low=0.3, high=1.5), numeric=False))
    rows += [
        case("Abs", x(values=[0.0, -0.0, 1.5]), numeric=False, name="Abs_at_zero"),
        case("BesselI1", x(values=[0.0]), reference=False, name="BesselI1_at_zero"),
        case("BesselI1e", x(values=[0.0]), numeric=False, name="BesselI1e_at_zero"),
        case("BesselJ1", x(values=[0.0]), name="BesselJ1_at_zero"),
        case("Spence", x(values=[1.0]), numeric=False, name="Spence_at_one"),
        case("Tanh", x(values=[50.0, -50.0]), name="Tanh_saturated"),
        case("Exp", x(0, 3), name="Exp_empty"),
        case("Sqrt", x(values=[0.0]), numeric=False, infinite=True, name="Sqrt_at_zero"),
        case("Expm1", x(values=[1e-12, -1e-12]), name="Expm1_small"),
    ]
    # Derivatives that are zero by definition.
    for op in ("Ceil", "Floor", "Rint", "Round"):
        rows.append(case(op, x(4)))
    rows.append(case("FloorDiv", x(4), x(4)))
    return rows


def _gradient_ops():
    """Ops that are gradients themselves: a model may hold them."""
    return [
        case(op, x(3, 2, low=0.3, high=0.9), x(3, 2), name=op)
        for op in ("InvGrad", "ReciprocalGrad", "RsqrtGrad", "SigmoidGrad", "SqrtGrad", "TanhGrad")
    ]


# (x0, x1): equal, scalar, along the first, the last and a middle axis, both ways at once, empty.
_SHAPES = [
    ((2, 3), (2, 3)),
    ((2, 3), ()),
    ((), (2, 3)),
    ((4, 1), (3,)),
    ((2, 1, 3), (5, 1)),
    ((1, 3), (2, 3)),
    ((0, 3), (3,)),
    ((1,), (1, 1)),
]
# Unknown sizes: known to be equal or not, unknown ranks.
_UNKNOWN = [
    ((2, 3), (None, 3), (3,), None),
    ((2, 3), (None, None), (1, 3), (None, None)),
    ((2, 3), "rank?", (3,), "rank?"),
    ((1, 3), (None, 3), (2, 3), (None, 3)),
    ((2, 3), "rank?", (), None),
    ((1, 1), (None, None), (1, 1), (None, None)),
    ((2, 3), (2, None), (), "rank?"),
]


def _binary():
    every = {"AddV2": {}, "Sub": {}, "Mul": {}, "RealDiv": dict(low=0.5, high=2)}
    some = {
        "Add": {},
        "MulNoNan": {},
        "Div": dict(low=0.5, high=2),
        "DivNoNan": dict(low=0.5, high=2),
        "Maximum": {},
        "Minimum": {},
        "SquaredDifference": {},
        "Pow": dict(low=0.5, high=2),
        "Atan2": dict(low=0.3, high=2),
        "Xlogy": dict(low=0.3, high=2),
        "Xdivy": dict(low=0.3, high=2),
        "Xlog1py": dict(low=0.3, high=2),
        "FloorMod": dict(low=0.5, high=2),
        "Igamma": dict(low=0.5, high=3),
        "Igammac": dict(low=0.5, high=3),
    }
    rows = []
    for op, bounds in (every | some).items():
        pairs = _SHAPES if op in every else [_SHAPES[i] for i in (0, 1, 4)]
        for s, t in pairs:
            rows.append(case(op, x(*s, **bounds), x(*t, **bounds)))
        for s, known_s, t, known_t in _UNKNOWN if op in every else [_UNKNOWN[i] for i in (0, 2)]:
            rows.append(case(op, x(*s, known=known_s, **bounds), x(*t, known=known_t, **bounds)))
        rows.append(case(op, x(2, 3, dtype="float32", **bounds), x(3, dtype="float32", **bounds)))
    for op in ("AddV2", "Sub", "Mul", "RealDiv", "Maximum"):
        rows.append(
            case(
                op,
                x(2, 3, dtype="float16", low=0.5, high=2),
                x(3, dtype="float16", low=0.5, high=2),
                tolerance=1e-2,
            )
        )
        if op != "Maximum":
            rows.append(
                case(op, x(2, 3, dtype="complex128", low=0.3), x(3, dtype="complex128", low=0.3))
            )
    rows += [
        case("Pow", x(2, dtype="complex128", low=0.3), x(2, dtype="complex128", low=0.3)),
        case("AddV2", x(2, 3, dtype="bfloat16"), x(3, dtype="bfloat16"), tolerance=2e-2),
        case(
            "Maximum",
            x(values=[1.0, 2.0, 3.0]),
            x(values=[1.0, 3.0, 2.0]),
            numeric=False,
            name="Maximum_tie",
        ),
        case(
            "Minimum",
            x(values=[1.0, 2.0, 3.0]),
            x(values=[1.0, 3.0, 2.0]),
            numeric=False,
            name="Minimum_tie",
        ),
        case(
            "Pow",
            x(values=[0.0, -2.0, 2.0, 0.0]),
            x(values=[2.0, 3.0, 0.0, 3.0]),
            numeric=False,
            name="Pow_edges",
        ),
        case(
            "MulNoNan",
            x(values=[np.inf, 1.0]),
            x(values=[0.0, 2.0]),
            numeric=False,
            infinite=True,
            name="MulNoNan_infinite",
        ),
        case(
            "DivNoNan",
            x(values=[1.0, 1.0]),
            x(values=[0.0, 2.0]),
            numeric=False,
            name="DivNoNan_zero",
        ),
        case("Xlogy", x(values=[0.0, 1.0]), x(values=[0.0, 2.0]), numeric=False, name="Xlogy_zero"),
        case(
            "Xlog1py",
            x(values=[0.0, 1.0]),
            x(values=[-1.0, 2.0]),
            numeric=False,
            name="Xlog1py_zero",
        ),
        case("Xdivy", x(values=[0.0, 1.0]), x(values=[0.0, 2.0]), numeric=False, name="Xdivy_zero"),
        case("FloorMod", x(values=[-3.7, 3.7]), x(values=[1.5, -1.5]), name="FloorMod_signs"),
        case("Mod", x(values=[-3.7, 3.7, 3.7]), x(values=[1.5, -1.5, 1.5]), reference=False),
        case("TruncateMod", x(values=[-3.7, 3.7]), x(values=[1.5, -1.5]), reference=False),
        # Several uses of one tensor add up.
        case("Mul", x(3), fn=lambda a: _raw.Mul(x=a, y=a), name="Mul_square"),
        case("AddN", [x(2, 3), x(2, 3), x(2, 3)]),
        case("AddN", x(3), fn=lambda a: _raw.AddN(inputs=[a, a, _raw.Sin(x=a)]), name="AddN_same"),
        case("Polygamma", feed([1.0, 2.0], dtype="float64"), x(2, low=0.5, high=3)),
        case("Zeta", feed([2.0, 3.0], dtype="float64"), x(2, low=0.5, high=3)),
        case(
            "Betainc",
            feed([2.0, 3.0], dtype="float64"),
            feed([1.5, 2.0], dtype="float64"),
            x(2, low=0.2, high=0.8),
        ),
    ]
    return rows


def _choices():
    condition = lambda values: feed(values, dtype="bool")
    return [
        case("ClipByValue", x(3, 4), x(values=-0.4), x(values=0.4)),
        case(
            "ClipByValue",
            x(3, 4, known=(None, 4)),
            const(-0.4, dtype="float64"),
            const(0.4, dtype="float64"),
        ),
        case(
            "ClipByValue",
            x(3, 4, dtype="float32"),
            const(-0.4, dtype="float32"),
            const(0.4, dtype="float32"),
        ),
        case(
            "ClipByValue",
            x(2, 3),
            x(2, 3, low=-0.6, high=-0.3),
            x(2, 3, low=0.3, high=0.6),
            name="ClipByValue_full",
        ),
        case(
            "ClipByValue",
            x(values=[-0.5, 0.5, 0.1, 0.9]),
            x(values=-0.5),
            x(values=0.5),
            numeric=False,
            name="ClipByValue_tie",
        ),
        case("Select", condition([True, False, True]), x(3), x(3)),
        case("Select", condition([True, False]), x(2, 3), x(2, 3), name="Select_rows"),
        case("Select", condition(True), x(2, 3), x(2, 3), name="Select_scalar"),
        case(
            "Select",
            condition([True, False]),
            x(2, 3, known="rank?"),
            x(2, 3, known="rank?"),
            name="Select_unknown",
        ),
        case("SelectV2", condition([[True], [False]]), x(2, 3), x(3)),
        case("SelectV2", condition([True, False, True]), x(), x(2, 1)),
        case(
            "SelectV2",
            condition([[True, False, True]]),
            x(2, 3, known=(None, 3)),
            x(1, 1, known=(None, None)),
        ),
        case(
            "SelectV2", condition([True, False, True]), x(2, 3, known="rank?"), x(3, known="rank?")
        ),
        case("SelectV2", condition([True, False]), x(2, dtype="float32"), x(2, dtype="float32")),
        # The other branch must not leak a NaN: the usual guard of a logarithm.
        case(
            "SelectV2",
            x(values=[0.0, 2.0]),
            numeric=False,
            name="SelectV2_guard",
            fn=lambda a: _raw.SelectV2(
                condition=a > 0,
                t=_raw.Log(x=_raw.SelectV2(condition=a > 0, t=a, e=tf.ones_like(a))),
                e=tf.zeros_like(a),
            ),
        ),
    ]


def _types():
    z = dict(dtype="complex128", low=0.2, high=1.5)
    return [
        case("Cast", x(3), DstT=tf.float32, numeric=False),
        case("Cast", x(3, dtype="float32"), DstT=tf.float64),
        case("Cast", x(3, dtype="float16"), DstT=tf.float32),
        case("Cast", x(3, dtype="float32"), DstT=tf.bfloat16, tolerance=1e-2),
        case("Cast", x(3), DstT=tf.complex128, numeric=False),
        case("Cast", x(3), DstT=tf.int32),  # No gradient: the path ends.
        case(
            "Cast",
            x(values=[1.0, 2.0, 2.0]),
            name="Cast_to_ids",
            fn=lambda a: _raw.GatherV2(
                params=tf.constant([[1.0], [2.0], [3.0]], tf.float64),
                indices=_raw.Cast(x=a, DstT=tf.int32),
                axis=0,
            ),
        ),
        case("Real", x(3, **z), Tout=tf.float64),
        case("Imag", x(3, **z), Tout=tf.float64),
        case("Real", x(3, dtype="complex64"), Tout=tf.float32),
        case("Imag", x(3, dtype="complex64"), Tout=tf.float32),
        case("Conj", x(3, **z)),
        case("Complex", x(2, 3), x(3), Tout=tf.complex128),
        case("Complex", x(2, 3, dtype="float32"), x(3, dtype="float32"), Tout=tf.complex64),
        case("ComplexAbs", x(3, **z), Tout=tf.float64),
        case("ComplexAbs", x(3, dtype="complex64"), Tout=tf.float32),
        case("Angle", x(3, **z), Tout=tf.float64),
        case(
            "Complex",
            x(3),
            x(3),
            name="Complex_power_spectrum",
            fn=lambda a, b: tf.square(
                tf.abs(tf.exp(tf.complex(a, b) * tf.constant(1 + 2j, tf.complex128)))
            ),
        ),
    ]


def _products():
    rows = [
        case("Cross", x(4, 3), x(4, 3)),
        case("L2Loss", x(2, 3)),
        case("L2Loss", x(2, 3, known="rank?")),
        case("L2Loss", x(2, 3, dtype="float32")),
        case("SparseMatMul", x(2, 3, dtype="float32"), x(3, 4, dtype="float32")),
        case(
            "SparseMatMul",
            x(3, 2, dtype="float32"),
            x(4, 3, dtype="float32"),
            transpose_a=True,
            transpose_b=True,
        ),
        case(
            "MatMul",
            x(2, 3, known=(None, 3)),
            const(dtype="float64", shape=(3, 4)),
            name="MatMul_dense_layer",
        ),
        case("MatMul", x(0, 3), x(3, 4), name="MatMul_no_rows"),
        case("MatMul", x(2, 0), x(0, 4), name="MatMul_no_depth"),
        case("MatMul", x(2, 3, dtype="complex128"), x(3, 4, dtype="complex128")),
        case("MatMul", x(3, 2, dtype="complex128"), x(3, 4, dtype="complex128"), transpose_a=True),
        case("MatMul", x(2, 3, dtype="float16"), x(3, 4, dtype="float16"), tolerance=1e-2),
        case("BatchMatMulV2", x(2, 2, 3, dtype="complex128"), x(3, 2, dtype="complex128")),
        case(
            "BatchMatMulV2", x(2, 3, 2, dtype="complex128"), x(3, 2, dtype="complex128"), adj_x=True
        ),
    ]
    for ta in (False, True):
        for tb in (False, True):
            a, b = (3, 2) if ta else (2, 3), (4, 3) if tb else (3, 4)
            rows.append(case("MatMul", x(*a), x(*b), transpose_a=ta, transpose_b=tb))
            rows.append(
                case(
                    "MatMul",
                    x(*a, dtype="float32", known="rank?"),
                    x(*b, dtype="float32"),
                    transpose_a=ta,
                    transpose_b=tb,
                )
            )
            rows.append(case("BatchMatMul", x(2, *a), x(2, *b), adj_x=ta, adj_y=tb))
            rows.append(case("BatchMatMulV2", x(2, *a), x(2, *b), adj_x=ta, adj_y=tb))
            rows.append(case("BatchMatMulV2", x(5, 1, *a), x(2, *b), adj_x=ta, adj_y=tb))
            rows.append(
                case("BatchMatMulV2", x(*a), x(2, *b, known=(None, None, None)), adj_x=ta, adj_y=tb)
            )
            rows.append(case("BatchMatMulV3", x(2, *a), x(*b), Tout=tf.float64, adj_x=ta, adj_y=tb))
    rows += [
        case("BatchMatMulV2", x(2, 2, 3, known=(None, 2, 3)), x(2, 3, 4, known=(None, 3, 4))),
        case("BatchMatMulV2", x(2, 2, 3, known="rank?"), x(3, 4, known="rank?")),
        case("BatchMatMulV2", x(1, 2, 3, known=(None, 2, 3)), x(4, 3, 4, known=(None, 3, 4))),
        case("BatchMatMulV2", x(0, 2, 3), x(3, 4), name="BatchMatMulV2_empty"),
    ]
    return rows


def _einsum():
    equations = [
        # unary: transpose, sum, both, trace, diagonal, generalized trace, repeated and summed
        ("ij->ji", (2, 3)),
        ("ijk->ik", (2, 3, 4)),
        ("ijk->ki", (2, 3, 4)),
        ("ij->", (2, 3)),
        ("ii->", (3, 3)),
        ("ii->i", (3, 3)),
        ("aabbcd->ca", (2, 2, 3, 3, 4, 2)),
        ("...ij->...ji", (2, 3, 4)),
        ("i...j->...ji", (2, 3, 4)),
        ("...ij->...i", (2, 3, 4)),
        ("i...->...", (2, 3, 4)),
        ("i->ii", (3,)),
        ("ab...b->...a", (2, 3, 4, 3)),
        # binary: products, contractions, outer, summed labels, repeated labels
        ("ij,jk->ik", (2, 3), (3, 4)),
        ("ij,jk->ki", (2, 3), (3, 4)),
        ("i,j->ij", (2,), (3,)),
        ("i,i->", (3,), (3,)),
        ("ij,ij->ij", (2, 3), (2, 3)),
        ("ij,kj->", (2, 3), (4, 3)),
        ("abc,cd->ad", (2, 3, 4), (4, 5)),
        ("abc,cde->abde", (2, 3, 4), (4, 2, 3)),
        ("aecd,abcd->acbe", (2, 3, 2, 3), (2, 4, 2, 3)),
        ("acbe,aecd->abcd", (2, 3, 4, 2), (2, 2, 3, 4)),
        ("abcd,cde->abe", (2, 3, 2, 3), (2, 3, 4)),
        ("aab,bc->ac", (2, 2, 3), (3, 4)),
        ("aab,bcd->c", (2, 2, 3), (3, 4, 2)),
        ("ij,jk->iik", (2, 3), (3, 2)),
        ("ab,c->ca", (2, 3), (4,)),
        (",ij->ij", (), (2, 3)),
        ("Ab,bC->AC", (2, 3), (3, 4)),
        # broadcasting: equal, without the ellipsis, ones, other ranks, in the middle, with sums
        ("...ij,...jk->...ik", (2, 2, 3), (2, 3, 4)),
        ("...ij,jk->...ik", (2, 2, 3), (3, 4)),
        ("ij,...jk->...ik", (2, 3), (2, 3, 4)),
        ("...ij,...jk->...ik", (5, 1, 2, 3), (2, 3, 4)),
        ("...ij,...jk->...ik", (1, 2, 3), (2, 3, 4)),
        ("i...j,j...k->...ik", (2, 5, 1, 3), (3, 2, 4)),
        ("ab...c,cd...->...ad", (2, 3, 4, 2), (2, 3, 4)),
        ("...ab,...b->...", (4, 2, 3), (4, 3)),
        ("...,...->...", (2, 3), (3,)),
        ("i...i,...i->...", (3, 2, 3), (2, 3)),
        ("...a,b->b...", (2, 3), (4,)),
        ("ab,b...->...a", (2, 3), (3, 4, 5)),
        ("...ij,jk->...ik", (2, 3), (3, 4)),
    ]
    rows = []
    for equation, *shapes in equations:
        label = equation.replace("->", "_to_").replace(",", "_").replace("...", "E")
        rows.append(
            case(
                "Einsum",
                [x(*s) for s in shapes],
                equation=equation,
                name=f"Einsum_{label}_{len(rows)}",
            )
        )
        unknown = [x(*s, known="rank?" if "..." in equation else (None,) * len(s)) for s in shapes]
        rows.append(
            case("Einsum", unknown, equation=equation, name=f"Einsum_{label}_{len(rows)}_unknown")
        )
    rows += [
        case(
            "Einsum",
            [x(2, 3, dtype="float32"), x(3, 4, dtype="float32")],
            equation="ij,jk->ik",
            name="Einsum_float32",
        ),
        case(
            "Einsum",
            [x(2, 3, dtype="complex128"), x(3, 4, dtype="complex128")],
            equation="ij,jk->ik",
            name="Einsum_complex",
        ),
        case("Einsum", [x(0, 3), x(3, 4)], equation="ij,jk->ik", name="Einsum_empty"),
    ]
    return rows


def _composites():
    """What Keras layers are made of."""

    def layer_norm(a, gamma, beta):
        mean, variance = tf.nn.moments(a, [-1], keepdims=True)
        return (a - mean) * tf.math.rsqrt(variance + 1e-3) * gamma + beta

    def gelu(a):
        return 0.5 * a * (1 + tf.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3)))

    def gelu_erf(a):
        return 0.5 * a * (1 + tf.math.erf(a / np.sqrt(2.0)))

    def attention(q, k, v):
        scores = tf.einsum("bqhd,bkhd->bhqk", q, k) / np.sqrt(3.0)
        weights = tf.exp(scores - tf.reduce_max(scores, -1, keepdims=True))
        return tf.einsum("bhqk,bkhd->bqhd", weights / tf.reduce_sum(weights, -1, keepdims=True), v)

    return [
        case("LayerNorm", x(2, 5, known=(None, 5)), x(5), x(5), fn=layer_norm, name="layer_norm"),
        case("Gelu", x(2, 3), fn=gelu, name="gelu_tanh"),
        case("Gelu", x(2, 3), fn=gelu_erf, name="gelu_erf"),
        case("Swish", x(2, 3, dtype="float32"), fn=lambda a: a * tf.sigmoid(a), name="swish"),
        case("Mish", x(2, 3), fn=lambda a: a * tf.tanh(tf.math.log1p(tf.exp(a))), name="mish"),
        case(
            "HardSwish",
            x(2, 3, low=-4, high=4),
            fn=lambda a: a * tf.clip_by_value(a + 3, 0, 6) / 6,
            name="hard_swish",
        ),
        case(
            "Attention", x(2, 3, 2, 3), x(2, 4, 2, 3), x(2, 4, 2, 3), fn=attention, name="attention"
        ),
        case("L2Normalize", x(2, 3), fn=lambda a: tf.math.l2_normalize(a, -1), name="l2_normalize"),
        case(
            "Identity",
            x(3),
            fn=lambda a: tf.identity(a) * tf.stop_gradient(a),
            numeric=False,
            name="stop_gradient",
        ),
        case("Print", x(3), [feed([1])], message="", first_n=0),
        case("DeepCopy", x(3), reference=False),
        case("Copy", x(3), tensor_name="x", reference=False),
        case("CopyHost", x(3), tensor_name="x", reference=False),
        case("StopGradient", x(3)),
        case("IdentityN", [x(3), x(2, 2)]),
        case("Identity", x(3)),
        case("Snapshot", x(3), reference=False),
        case("EnsureShape", x(3), shape=[None]),
        case("CheckNumerics", x(3), message="not finite"),
        case("CheckNumericsV2", x(3), message="not finite"),
        case("PlaceholderWithDefault", x(3), shape=[None]),
        case(
            "IdentityN",
            [x(2), x(2)],
            name="IdentityN_one_output",
            reference=False,
            fn=lambda ab: _raw.IdentityN(input=ab)[1] * ab[0],
        ),
    ]


def _complex_parts():
    """Where TensorFlow's gradient is wrong for complex numbers: real parts in, a real part out."""
    rows = []
    for op, arguments in (
        ("MulNoNan", ("x", "y")),
        ("SquaredDifference", ("x", "y")),
        ("Xlogy", ("x", "y")),
        ("Xlog1py", ("x", "y")),
        ("Xdivy", ("x", "y")),
    ):
        for known in (None, "rank?"):
            rows.append(
                case(
                    op,
                    x(2, 3, known=known),
                    x(2, 3, known=known),
                    x(3, known=known),
                    x(3, known=known),
                    fn=lambda a, b, c, d, op=op, names=arguments: tf.math.real(
                        getattr(_raw, op)(
                            **dict(zip(names, (tf.complex(a, b), tf.complex(c, d))))
                        )
                        * (1 + 2j)
                    ),
                    reference=False,
                    name=f"{op}_parts{'_unknown' if known else ''}",
                )
            )
    return rows


CASES = (
    _complex_parts()
    + _unary()
    + _gradient_ops()
    + _binary()
    + _choices()
    + _types()
    + _products()
    + _einsum()
    + _composites()
)

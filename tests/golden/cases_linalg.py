"""Cases of linear algebra.

An op that reads one triangle of a symmetric matrix gets one made symmetric by the graph, so that
central differences mean the same. Eigen- and singular vectors are defined up to a sign, or a phase:
complex ones are compared in losses that do not see it.
"""

import numpy as np
import tensorflow as tf

from cases import case, const, feed, x

CASES = []
REALS = ("float64", "float32")
ALL = ("float64", "float32", "complex128", "complex64")
raw = tf.raw_ops
LOOSE = {"float32": 2e-3, "complex64": 2e-3, "float64": 1e-8, "complex128": 1e-8}


def add(*args, **kwargs):
    CASES.append(case(*args, **kwargs))


def matrix(*shape, seed=0, dtype="float64", shift=0.0, **kwargs):
    """Random, with `shift` on the diagonal."""
    rng = np.random.default_rng(seed)
    value = rng.uniform(-1, 1, shape)
    if dtype.startswith("complex"):
        value = value + 1j * rng.uniform(-1, 1, shape)
    value = value + shift * np.eye(shape[-2], shape[-1])
    return x(values=value, dtype=dtype, **kwargs)


def unknown(*shape):
    return (None,) * len(shape)


def positive(a):
    """A A^H + 1."""
    return tf.matmul(a, a, adjoint_b=True) + tf.eye(tf.shape(a)[-1], dtype=a.dtype)


def hermitian(a):
    return (a + tf.linalg.adjoint(a)) / 2


def add_each(op, shape, *others, dtypes=ALL, shift=0.0, fn=None, name="", **attrs):
    """Over dtypes, with static shapes, without, and without a rank.

    A rule that needs the sizes of its matrix gets them, and a batch that is unknown.
    """
    sizes = [("", None), ("unknown", unknown(*shape)), ("norank", "rank?")]
    if attrs.get("needs_shapes"):
        sizes = [("", None), ("unknown", (*(None,) * (len(shape) - 2), *shape[-2:]))]
    options = {
        k: attrs.pop(k) for k in ("reference", "numeric", "needs_shapes", "outputs") if k in attrs
    }
    options = {**options, **attrs}
    text = "_".join([*(f"{k}_{v}" for k, v in attrs.items()), *([name] if name else [])])
    if fn is not None:
        options = {k: v for k, v in options.items() if k not in attrs}
    for dtype in dtypes:
        for mark, known in sizes:
            rest = [o(dtype) for o in others]
            add(
                op,
                matrix(*shape, seed=len(CASES), dtype=dtype, shift=shift, known=known),
                *rest,
                fn=fn,
                tolerance=LOOSE[dtype],
                name="_".join(filter(None, [op, "x".join(map(str, shape)), dtype, text, mark])),
                **options,
            )


def beside(*shape, seed=7):
    return lambda dtype: matrix(*shape, seed=seed, dtype=dtype)


# Inverses and systems.
for shape in ((3, 3), (2, 2, 2), (1, 1), (0, 3, 3)):
    for adjoint in (False, True):
        add_each("MatrixInverse", shape, shift=2.0, adjoint=adjoint)
        rhs = beside(*shape[:-1], 2)
        add_each("MatrixSolve", shape, rhs, shift=2.0, adjoint=adjoint)
for lower in (False, True):
    for adjoint in (False, True):
        for shape, other in (
            ((3, 3), (3, 2)),
            ((2, 3, 3), (3, 2)),
            ((3, 3), (2, 3, 1)),
            ((2, 1, 2, 2), (3, 2, 2)),
        ):
            add_each(
                "MatrixTriangularSolve",
                shape,
                beside(*other),
                shift=2.0,
                dtypes=ALL if len(shape) == 2 else REALS,
                lower=lower,
                adjoint=adjoint,
                name="x".join(map(str, other)),
            )
        # Two diagonals of a 4 x 4 matrix; the main one must not vanish.
        for other in ((4, 2), (3, 4, 1)):
            for bands in (1, 2, 3):
                shape = (bands, 4)
                values = np.random.default_rng(bands).uniform(1, 2, shape)
                for dtype in REALS:
                    for mark, known in (("", None), ("unknown", (None, None))):
                        add(
                            "BandedTriangularSolve",
                            x(values=values, dtype=dtype, known=known),
                            x(*other, dtype=dtype),
                            lower=lower,
                            adjoint=adjoint,
                            name=f"BandedTriangularSolve_{bands}_{other}_{lower}_{adjoint}_"
                            f"{dtype}{mark}",
                            tolerance=LOOSE[dtype],
                            # TensorFlow's gradient loses the axis of a single diagonal.
                            reference=bands > 1,
                        )
for shape in ((4, 3), (3, 4), (3, 3), (2, 4, 2)):
    for regularizer in (0.0, 0.5):
        for dtype in REALS:
            for mark, known in (
                ("", None),
                ("_unknown", (*(None,) * (len(shape) - 2), *shape[-2:])),
            ):
                add(
                    "MatrixSolveLs",
                    matrix(*shape, seed=3, dtype=dtype, shift=1.0, known=known),
                    matrix(*shape[:-1], 2, seed=4, dtype=dtype),
                    const(regularizer, "float64"),
                    fast=True,
                    needs_shapes=True,
                    tolerance=LOOSE[dtype],
                    name=f"MatrixSolveLs_{shape}_{regularizer}_{dtype}{mark}",
                )
for shape, columns in (((4,), 2), ((2, 5), 1), ((3,), 3)):
    for dtype in ALL:
        *batch, n = shape
        for mark, known in (("", None), ("_norank", "rank?")):
            one = lambda: matrix(*batch, 1, n, seed=len(CASES), dtype=dtype, known=known)
            add(
                "TridiagonalMatMul",
                one(),
                one(),
                one(),
                matrix(*batch, n, columns, seed=9, dtype=dtype, known=known),
                name=f"TridiagonalMatMul_{shape}_{columns}_{dtype}{mark}",
            )
            diagonals = np.random.default_rng(n).uniform(-1, 1, (*batch, 3, n))
            diagonals[..., 1, :] += 3
            for pivoting in (False, True):
                add(
                    "TridiagonalSolve",
                    x(values=diagonals, dtype=dtype, known=known),
                    matrix(*batch, n, columns, seed=9, dtype=dtype, known=known),
                    partial_pivoting=pivoting,
                    # TensorFlow forgets to conjugate.
                    reference=not dtype.startswith("complex"),
                    tolerance=LOOSE[dtype],
                    name=f"TridiagonalSolve_{shape}_{columns}_{dtype}_{pivoting}{mark}",
                )
add(
    "TridiagonalSolve",
    x(values=np.random.default_rng(1).uniform(1, 2, (3, 4))),
    x(3, 4),
    x(4, 2),
    fn=lambda re, im, b: tf.abs(
        raw.TridiagonalSolve(diagonals=tf.complex(re, im), rhs=tf.complex(b, 2 * b))
    ),
    reference=False,
    name="TridiagonalSolve_complex",
)

# Determinants.
for shape in ((3, 3), (2, 2, 2), (1, 1)):
    add_each("MatrixDeterminant", shape, dtypes=REALS, shift=2.0)
    # TensorFlow forgets to conjugate.
    add_each("MatrixDeterminant", shape, dtypes=("complex64",), shift=2.0, reference=False)
    add_each("LogMatrixDeterminant", shape, dtypes=REALS, shift=2.0, outputs=(1,))
    for op in ("MatrixDeterminant", "LogMatrixDeterminant"):
        both = lambda re, im, op=op: tf.math.real(
            tf.add_n(tf.nest.flatten(getattr(raw, op)(input=tf.complex(re, im)))) * (2 + 1j)
        )
        add(
            op,
            matrix(*shape, seed=1, shift=2.0),
            matrix(*shape, seed=2),
            fn=both,
            reference=False,
            name=f"{op}_{shape}_parts",
        )

# Factors.
for shape in ((3, 3), (2, 2, 2), (1, 1), (0, 2, 2)):
    add_each("Cholesky", shape, fn=lambda a: raw.Cholesky(input=positive(a)))
for shape in ((3, 3), (2, 2, 2), (1, 1)):
    add_each("MatrixSquareRoot", shape, dtypes=REALS, shift=3.0)
add(
    "MatrixSquareRoot",
    matrix(3, 3, seed=1, shift=3.0),
    matrix(3, 3, seed=2),
    fn=lambda re, im: tf.abs(raw.MatrixSquareRoot(input=tf.complex(re, im))),
    reference=False,
    name="MatrixSquareRoot_complex",
)
for shape in ((4, 3), (3, 3), (2, 3, 2), (2, 4), (2, 2, 3), (1, 3)):
    # TensorFlow's gradient of a wide complex matrix does not agree with itself.
    wide = shape[-2] < shape[-1]
    for full in (False, True):
        if full and shape[-2] > shape[-1]:
            continue
        add_each("Qr", shape, shift=1.0, full_matrices=full, needs_shapes=True, dtypes=REALS)
        add(
            "Qr",
            matrix(*shape, seed=5, shift=1.0),
            matrix(*shape, seed=6),
            fn=lambda re, im, full=full: [
                tf.math.real(part) + 2 * tf.math.imag(part)
                for part in raw.Qr(input=tf.complex(re, im), full_matrices=full)
            ],
            reference=False,
            name=f"Qr_{shape}_{full}_parts",
            needs_shapes=True,
        )

# Eigenvalues and singular values.
for shape in ((3, 3), (2, 2, 2), (1, 1)):
    for vectors in (False, True):
        outputs = (0, 1) if vectors else (0,)
        add_each(
            "SelfAdjointEigV2",
            shape,
            dtypes=REALS,
            fn=lambda a, v=vectors: raw.SelfAdjointEigV2(input=hermitian(a), compute_v=v),
            outputs=outputs,
            name=f"vectors_{vectors}",
        )
    both = lambda re, im: raw.SelfAdjointEigV2(input=hermitian(tf.complex(re, im)), compute_v=True)
    add(
        "SelfAdjointEigV2",
        matrix(*shape, seed=1),
        matrix(*shape, seed=2),
        fn=lambda re, im: [tf.math.real(both(re, im)[0]), tf.abs(both(re, im)[1])],
        name=f"SelfAdjointEigV2_{shape}_parts",
    )
    add(
        "Eig",
        matrix(*shape, seed=1, shift=1.0),
        fn=lambda a: tf.abs(raw.Eig(input=a, compute_v=False, Tout=tf.complex128)[0]),
        name=f"Eig_{shape}_values",
    )
    add(
        "Eig",
        matrix(*shape, seed=1, dtype="float32", shift=1.0, known="rank?"),
        fn=lambda a: tf.abs(raw.Eig(input=a, compute_v=False, Tout=tf.complex64)[0]),
        tolerance=2e-3,
        name=f"Eig_{shape}_values_float32",
    )
    add(
        "Eig",
        matrix(*shape, seed=1, shift=1.0),
        matrix(*shape, seed=2),
        fn=lambda re, im: [
            tf.abs(part) for part in raw.Eig(input=tf.complex(re, im), Tout=tf.complex128)
        ],
        name=f"Eig_{shape}_parts",
        tolerance=1e-8,
    )
for shape in ((4, 3), (3, 3), (2, 3, 2), (2, 4), (2, 2, 3), (1, 3)):
    add_each("Svd", shape, dtypes=REALS, shift=1.0, compute_uv=False, outputs=(0,), name="values")
    for full in (False, True):
        if full and abs(shape[-2] - shape[-1]) > 1:
            continue
        needs = dict(needs_shapes=True) if full else {}
        # TensorFlow refuses what has no static sizes; the thin form needs none here.
        for dtype in REALS:
            add(
                "Svd",
                matrix(*shape, seed=3, dtype=dtype, shift=1.0),
                full_matrices=full,
                tolerance=LOOSE[dtype],
                name=f"Svd_{shape}_{full}_{dtype}",
                **needs,
            )
        if not full:
            add(
                "Svd",
                matrix(*shape, seed=3, shift=1.0, known=unknown(*shape)),
                full_matrices=full,
                reference=False,
                name=f"Svd_{shape}_unknown",
            )

    def svd_parts(re, im):
        s, u, v = raw.Svd(input=tf.complex(re, im), compute_uv=True, full_matrices=False)
        # u v^H does not see their common phases.
        return [tf.math.real(s), tf.math.real(tf.matmul(u, v, adjoint_b=True)), tf.abs(u)]

    add(
        "Svd",
        matrix(*shape, seed=3, shift=1.0),
        matrix(*shape, seed=4),
        fn=svd_parts,
        tolerance=1e-8,
        name=f"Svd_{shape}_parts",
    )
add("Svd", matrix(3, 2, seed=1), fn=lambda a: raw.Svd(input=a)[1], name="Svd_left_vectors_alone")
add(
    "Svd",
    matrix(2, 3, seed=1, known="rank?"),
    fn=lambda a: raw.Svd(input=a)[2],
    reference=False,
    name="Svd_right_vectors_alone",
)

"""Cases of ops on sparse and ragged tensors."""

import tensorflow as tf

from cases import case, const, feed, x

CASES = []
FLOATS = ("float64", "float32")


def add(*args, **kwargs):
    CASES.append(case(*args, **kwargs))


def i64(values):
    return const(values, "int64")


def fed(values):
    return feed(values, "int64")


# Sparse tensors in order: (indices, shape).
MATRIX = ([[0, 0], [0, 3], [1, 1], [3, 0], [3, 2]], [4, 5])
CUBE = ([[0, 0, 1], [0, 2, 0], [1, 0, 0], [1, 0, 3], [1, 2, 2]], [2, 3, 4])

# Moving elements.
for dtype in ("float64", "float32", "float16", "complex64"):
    add("SparseReorder", i64([[3, 0], [0, 3], [1, 1], [0, 0]]), x(4, dtype=dtype), i64([4, 5]))
add("SparseReorder", fed([[3, 0], [0, 3], [0, 0]]), x(3, known=(None,)), fed([4, 5]))
add("SparseReorder", fed([[1, 0, 3], [0, 3, 1], [0, 0, 0]]), x(3, known="rank?"), fed([4, 5, 6]))
for dtype in FLOATS:
    add("SparseSlice", i64(MATRIX[0]), x(5, dtype=dtype), i64([4, 5]), i64([0, 0]), i64([4, 2]))
add("SparseSlice", fed(CUBE[0]), x(5, known=(None,)), fed(CUBE[1]), fed([0, 0, 0]), fed([2, 1, 4]))
add(
    "SparseSlice", i64(MATRIX[0]), x(5), i64([4, 5]), i64([2, 3]), i64([1, 1]), name="SparseSlice_0"
)
# TensorFlow has no gradient of these two.
for axis in (0, 1, -1):
    joined = lambda i, j, u, v, axis=axis: tf.raw_ops.SparseConcat(
        indices=[i, j],
        values=[u, v],
        shapes=[tf.constant([4, 5], tf.int64), tf.constant([4, 5], tf.int64)],
        concat_dim=axis,
    )
    more = [[0, 1], [2, 2]]
    add(
        "SparseConcat",
        i64(MATRIX[0]),
        i64(more),
        x(5),
        x(2),
        fn=joined,
        reference=False,
        name=f"SparseConcat_{axis}",
    )
    add(
        "SparseConcat",
        fed(MATRIX[0]),
        fed(more),
        x(5, known=(None,)),
        x(2, known="rank?"),
        fn=joined,
        reference=False,
        name=f"SparseConcat_{axis}_unknown",
    )
for parts in (1, 2, 3):
    for axis in (0, 1):
        cut = lambda i, v, n=parts, axis=axis: tf.concat(
            tf.raw_ops.SparseSplit(
                split_dim=tf.constant(axis, tf.int64),
                indices=i,
                values=v,
                shape=tf.constant([4, 5], tf.int64),
                num_split=n,
            ).output_values,
            0,
        )
        add(
            "SparseSplit",
            fed(MATRIX[0]),
            x(5, known=(None,)),
            fn=cut,
            reference=False,
            name=f"SparseSplit_{parts}_{axis}",
        )
for dtype in FLOATS:
    add("SparseFillEmptyRows", i64(MATRIX[0]), x(5, dtype=dtype), i64([4, 5]), x(dtype=dtype))
add("SparseFillEmptyRows", fed(MATRIX[0]), x(5, known=(None,)), fed([7, 5]), x(known="rank?"))
add("SparseFillEmptyRows", i64([[0, 0], [1, 2]]), x(2), i64([2, 5]), x(), name="SparseFill_full")
for dtype in FLOATS:
    add("RaggedFillEmptyRows", i64([0, 0, 3, 4]), x(4, dtype=dtype), i64(6), x(dtype=dtype))
add("RaggedFillEmptyRows", fed([0, 0, 3, 4]), x(4, known=(None,)), fed(5), x(known="rank?"))

# Sums.
OTHER = [[0, 0], [0, 1], [3, 2], [3, 4]]
for dtype in ("float64", "float32", "complex64"):
    limit = "float32" if dtype != "float64" else dtype
    add(
        "SparseAdd",
        i64(MATRIX[0]),
        x(5, dtype=dtype),
        i64([4, 5]),
        i64(OTHER),
        x(4, dtype=dtype),
        i64([4, 5]),
        const(0.0, limit),
    )
add(
    "SparseAdd",
    fed(MATRIX[0]),
    x(5, known=(None,)),
    fed([4, 5]),
    fed(OTHER),
    x(4, known=(None,)),
    fed([4, 5]),
    feed(0.3, "float64"),
    name="SparseAdd_drops_small_sums",
)
for op in ("SparseSparseMaximum", "SparseSparseMinimum"):
    for dtype in FLOATS:
        add(
            op,
            i64(MATRIX[0]),
            x(5, dtype=dtype),
            i64([4, 5]),
            i64(OTHER),
            x(4, dtype=dtype),
            i64([4, 5]),
            reference=False,
        )
    add(
        op,
        fed(MATRIX[0]),
        x(5, known=(None,)),
        fed([4, 5]),
        fed(OTHER),
        x(4, known="rank?"),
        fed([4, 5]),
        reference=False,
    )
for dtype in ("float64", "float32", "float16", "complex128"):
    for index in ("int32", "int64"):
        add(
            "SparseTensorDenseAdd",
            const(MATRIX[0], index),
            x(5, dtype=dtype),
            const([4, 5], index),
            x(4, 5, dtype=dtype),
            name=f"SparseTensorDenseAdd_{dtype}_{index}",
        )
add(
    "SparseTensorDenseAdd",
    fed(CUBE[0]),
    x(5, known=(None,)),
    fed(CUBE[1]),
    x(2, 3, 4, known="rank?"),
)
for axes in ([0], [1], [-1], [0, 1], [1, -2], 1):
    for keep in (False, True):
        add(
            "SparseReduceSum",
            i64(MATRIX[0]),
            x(5),
            i64([4, 5]),
            const(axes),
            keep_dims=keep,
            name=f"SparseReduceSum_{axes}_{keep}",
        )
for axes in ([0], [2, 0], [-2], [0, 1, 2]):
    for dtype in ("float64", "float32", "complex64"):
        add(
            "SparseReduceSum",
            fed(CUBE[0]),
            x(5, dtype=dtype, known=(None,)),
            fed(CUBE[1]),
            feed(axes),
            name=f"SparseReduceSum_{axes}_{dtype}_unknown",
        )

# With dense operands.
DENSE = [(4, 5), (5,), (1, 5), (4, 1), (1,), (1, 1)]
for dense in DENSE:
    for op in ("SparseDenseCwiseMul", "SparseDenseCwiseDiv", "SparseDenseCwiseAdd"):
        # TensorFlow has no gradient of the sum.
        reference = op != "SparseDenseCwiseAdd"
        for dtype in FLOATS:
            add(
                op,
                i64(MATRIX[0]),
                x(5, dtype=dtype),
                i64([4, 5]),
                x(*dense, dtype=dtype, low=0.5, high=2),
                reference=reference,
            )
        add(
            op,
            fed(MATRIX[0]),
            x(5, known=(None,)),
            fed([4, 5]),
            x(*dense, low=0.5, high=2, known="rank?"),
            reference=reference,
        )
for dtype in FLOATS:
    add("SparseSoftmax", i64(MATRIX[0]), x(5, dtype=dtype), i64([4, 5]))
    add("SparseSoftmax", fed(CUBE[0]), x(5, dtype=dtype, known=(None,)), fed(CUBE[1]))
for adjoint_a in (False, True):
    for adjoint_b in (False, True):
        inner = 4 if adjoint_a else 5
        dense = (3, inner) if adjoint_b else (inner, 3)
        for dtype in ("float64", "float32", "complex64", "complex128"):
            for index in ("int32", "int64"):
                add(
                    "SparseTensorDenseMatMul",
                    const(MATRIX[0], index),
                    x(5, dtype=dtype),
                    i64([4, 5]),
                    x(*dense, dtype=dtype),
                    adjoint_a=adjoint_a,
                    adjoint_b=adjoint_b,
                    name=f"SparseTensorDenseMatMul_{dtype}_{index}_{adjoint_a}_{adjoint_b}",
                )
        add(
            "SparseTensorDenseMatMul",
            fed(MATRIX[0]),
            x(5, known=(None,)),
            fed([4, 5]),
            x(*dense, known="rank?"),
            adjoint_a=adjoint_a,
            adjoint_b=adjoint_b,
        )

# Ragged tensors.
SPLITS = [0, 2, 2, 5, 6]
OUTER = [0, 1, 3, 4]  # Three rows of rows.
for splits in ("int32", "int64"):
    for index in ("int32", "int64"):
        for inner in ((), (2,)):
            gather = lambda *args, n=1: tf.raw_ops.RaggedGather(
                params_nested_splits=list(args[:n]),
                params_dense_values=args[n],
                indices=args[n + 1],
                OUTPUT_RAGGED_RANK=n + len(args[n + 1].shape) - 1,
            ).output_dense_values
            name = f"{splits}_{index}_{len(inner)}"
            add(
                "RaggedGather",
                const(SPLITS, splits),
                x(6, *inner),
                const([2, 0, 2, 1], index),
                fn=gather,
                name=f"RaggedGather_{name}",
            )
            add(
                "RaggedGather",
                const(OUTER, splits),
                const(SPLITS, splits),
                x(6, *inner, dtype="float32", known=(None, *inner)),
                const([[2, 1], [1, 1]], index),
                fn=lambda a, b, v, i: tf.raw_ops.RaggedGather(
                    params_nested_splits=[a, b],
                    params_dense_values=v,
                    indices=i,
                    OUTPUT_RAGGED_RANK=3,
                ).output_dense_values,
                name=f"RaggedGather_two_{name}",
            )
for dtype in FLOATS:
    for splits in ("int32", "int64"):
        add(
            "RaggedTensorToSparse",
            const(SPLITS, splits),
            x(6, dtype=dtype),
            fn=lambda s, v: tf.raw_ops.RaggedTensorToSparse(
                rt_nested_splits=[s], rt_dense_values=v
            ).sparse_values,
            name=f"RaggedTensorToSparse_{dtype}_{splits}",
        )
add(
    "RaggedTensorToSparse",
    fed(OUTER),
    fed(SPLITS),
    x(6, 2, known="rank?"),
    fn=lambda a, b, v: tf.raw_ops.RaggedTensorToSparse(
        rt_nested_splits=[a, b], rt_dense_values=v
    ).sparse_values,
    name="RaggedTensorToSparse_two_unknown",
)


def to_tensor(kinds):
    return lambda shape, v, default, *partitions: tf.raw_ops.RaggedTensorToTensor(
        shape=shape,
        values=v,
        default_value=default,
        row_partition_tensors=list(partitions),
        row_partition_types=kinds,
    )


for dtype in ("float64", "float32", "float16"):
    for shape in ([-1, -1], [4, 2], [3, -1], [6, 5]):
        add(
            "RaggedTensorToTensor",
            const(shape),
            x(6, dtype=dtype),
            x(dtype=dtype),
            const(SPLITS),
            fn=to_tensor(["ROW_SPLITS"]),
            name=f"RaggedTensorToTensor_{shape}_{dtype}",
        )
for default in ((), (1,), (3, 2), (1, 2), (3, 1)):
    for known in (None, "rank?"):
        add(
            "RaggedTensorToTensor",
            i64([4, 3, 3, 2]) if len(default) == 2 else i64([-1, -1, 3, 2]),
            x(6, 3, 2, known=known),
            x(*default, known=known),
            i64(SPLITS),
            fn=to_tensor(["ROW_SPLITS"]),
            reference=default != (3, 1),  # TensorFlow's own gradient fails.
            name=f"RaggedTensorToTensor_default_{default}_{known}",
        )
add(
    "RaggedTensorToTensor",
    i64([-1, -1, -1]),
    x(6, known=(None,)),
    x(),
    fed(OUTER),
    fed(SPLITS),
    fn=to_tensor(["ROW_SPLITS", "ROW_SPLITS"]),
    name="RaggedTensorToTensor_two",
)
add(
    "RaggedTensorToTensor",
    i64([-1, -1]),
    x(5, known=(None,)),
    x(),
    i64(4),
    fed([0, 0, 2, 2, 3]),
    fn=to_tensor(["FIRST_DIM_SIZE", "VALUE_ROWIDS"]),
    name="RaggedTensorToTensor_row_ids",
)
add(
    "RaggedTensorToTensor",
    x(6, known=(None,)),
    fed(SPLITS),
    fn=lambda v, s: tf.reduce_sum(
        tf.RaggedTensor.from_row_splits(tf.nn.relu(v), s).to_tensor() ** 2, axis=1
    ),
    name="RaggedTensorToTensor_of_a_model",
)

# Sparse matrices: those of which TensorFlow has a kernel for CPUs.
raw = tf.raw_ops
PATTERN = [[0, 0], [0, 3], [1, 1], [3, 0], [3, 2]]
BATCH = [[0, 0, 1], [0, 2, 0], [1, 0, 0], [1, 0, 3], [1, 2, 2]]


def csr(values, pattern=PATTERN, shape=(4, 5)):
    return raw.SparseTensorToCSRSparseMatrix(
        indices=tf.constant(pattern, tf.int64),
        values=values,
        dense_shape=tf.constant(shape, tf.int64),
    )


def dense(matrix, like):
    return raw.CSRSparseMatrixToDense(sparse_input=matrix, type=like.dtype)


for dtype in ("float64", "float32", "complex64", "complex128"):
    add(
        "SparseTensorToCSRSparseMatrix",
        x(5, dtype=dtype),
        fn=lambda v: dense(csr(v), v),
        name=f"SparseTensorToCSRSparseMatrix_{dtype}",
    )
    add(
        "CSRSparseMatrixToSparseTensor",
        x(5, dtype=dtype),
        fn=lambda v: raw.CSRSparseMatrixToSparseTensor(
            sparse_matrix=csr(v, BATCH, (2, 3, 4)), type=v.dtype
        ).values,
        name=f"CSRSparseMatrixToSparseTensor_{dtype}",
    )
    add(
        "DenseToCSRSparseMatrix",
        x(4, 5, dtype=dtype),
        fn=lambda m: dense(
            raw.DenseToCSRSparseMatrix(dense_input=m, indices=tf.constant(PATTERN, tf.int64)), m
        ),
        name=f"DenseToCSRSparseMatrix_{dtype}",
    )
    for conjugate in (False, True):
        add(
            "SparseMatrixTranspose",
            x(5, dtype=dtype),
            fn=lambda v, c=conjugate: dense(
                raw.SparseMatrixTranspose(input=csr(v), conjugate=c, type=v.dtype), v
            ),
            name=f"SparseMatrixTranspose_{conjugate}_{dtype}",
        )
FORMS = ("plain", "transpose", "adjoint")


def flags(form_a, form_b):
    named = {f"{form_a}_a": True, f"{form_b}_b": True}
    return {name: value for name, value in named.items() if not name.startswith("plain")}


for form_a in FORMS:
    for form_b in FORMS:
        inner, outer = (5, 4) if form_a == "plain" else (4, 5)
        shape = (inner, 3) if form_b == "plain" else (3, inner)
        for dtype in ("float64", "float32", "complex128"):
            is_complex = dtype == "complex128"
            for transpose in (False, True):
                for conjugate in (False, True) if is_complex else (False,):
                    for batch in (False, True):
                        if batch and (dtype == "float32" or form_a == "adjoint"):
                            continue
                        pattern = [[i % 2, *place] for i, place in enumerate(PATTERN)]
                        pattern = sorted(pattern) if batch else PATTERN
                        size = (2, 4, 5) if batch else (4, 5)
                        product = lambda v, m, p=pattern, s=size, f=flags(
                            form_a, form_b
                        ), t=transpose, c=conjugate: raw.SparseMatrixMatMul(
                            a=csr(v, p, s), b=m, transpose_output=t, conjugate_output=c, **f
                        )
                        other = (2, *shape) if batch else shape
                        text = f"{form_a}_{form_b}_{transpose}_{conjugate}_{batch}_{dtype}"
                        if is_complex:
                            parts = lambda re, im, m, n, f=product: tf.math.real(
                                f(tf.complex(re, im), tf.complex(m, n)) * (1 + 2j)
                            )
                            add(
                                "SparseMatrixMatMul",
                                x(5),
                                x(5),
                                x(*other),
                                x(*other),
                                fn=parts,
                                reference=False,
                                name=f"SparseMatrixMatMul_{text}",
                            )
                        else:
                            add(
                                "SparseMatrixMatMul",
                                x(5, dtype=dtype),
                                x(*other, dtype=dtype, known=None if batch else (None, None)),
                                fn=product,
                                # TensorFlow's gradient needs static sizes.
                                reference=batch,
                                name=f"SparseMatrixMatMul_{text}",
                            )
                            if not batch:
                                add(
                                    "SparseMatrixMatMul",
                                    x(5, dtype=dtype),
                                    x(*other, dtype=dtype),
                                    fn=product,
                                    name=f"SparseMatrixMatMul_{text}_static",
                                )
        second = [[0, 1], [1, 0], [2, 2], [3, 0], [4, 1]]
        second = [[i, j] for i, j in second if i < inner]
        pattern_b = second if form_b == "plain" else sorted([j, i] for i, j in second)
        size_b = (inner, 3) if form_b == "plain" else (3, inner)
        for dtype in ("float64", "float32"):
            add(
                "SparseMatrixSparseMatMul",
                x(5, dtype=dtype),
                x(len(second), dtype=dtype),
                fn=lambda u, v, p=pattern_b, s=size_b, f=flags(form_a, form_b): dense(
                    raw.SparseMatrixSparseMatMul(a=csr(u), b=csr(v, p, s), type=u.dtype, **f), u
                ),
                # TensorFlow's gradient loses elements that a product happens not to have.
                reference=False,
                name=f"SparseMatrixSparseMatMul_{form_a}_{form_b}_{dtype}",
            )
        add(
            "SparseMatrixSparseMatMul",
            x(5),
            x(5),
            x(len(second)),
            x(len(second)),
            fn=lambda a, b, c, d, p=pattern_b, s=size_b, f=flags(form_a, form_b): tf.math.real(
                dense(
                    raw.SparseMatrixSparseMatMul(
                        a=csr(tf.complex(a, b)),
                        b=csr(tf.complex(c, d), p, s),
                        type=tf.complex128,
                        **f,
                    ),
                    tf.complex(a, b),
                )
                * (1 + 2j)
            ),
            reference=False,
            name=f"SparseMatrixSparseMatMul_{form_a}_{form_b}_parts",
        )

# Variants.
for dtype in ("float64", "float32"):
    add(
        "OptionalFromValue",
        x(2, 3, dtype=dtype),
        x(2, dtype=dtype),
        fn=lambda u, v: raw.OptionalGetValue(
            optional=raw.OptionalFromValue(components=[u, tf.constant([1, 2]), v]),
            output_types=[u.dtype, tf.int32, v.dtype],
            output_shapes=[u.shape, [2], v.shape],
        )[::2],
        # TensorFlow's gradient cannot do without that of an integer.
        reference=False,
        name=f"OptionalFromValue_with_an_integer_{dtype}",
    )
    add(
        "OptionalFromValue",
        x(2, 3, dtype=dtype),
        x(2, dtype=dtype),
        fn=lambda u, v: raw.OptionalGetValue(
            optional=raw.OptionalFromValue(components=[u, v]),
            output_types=[u.dtype, v.dtype],
            output_shapes=[u.shape, v.shape],
        ),
        name=f"OptionalFromValue_{dtype}",
    )
    add(
        "CompositeTensorVariantFromComponents",
        x(2, 3, dtype=dtype),
        x(2, dtype=dtype),
        fn=lambda u, v: raw.CompositeTensorVariantToComponents(
            encoded=raw.CompositeTensorVariantFromComponents(components=[u, v], metadata=b""),
            metadata=b"",
            Tcomponents=[u.dtype, v.dtype],
        ),
        name=f"CompositeTensorVariantFromComponents_{dtype}",
    )


def through_variant(splits, values, batched):
    encoded = raw.RaggedTensorToVariant(
        rt_nested_splits=splits, rt_dense_values=values, batched_input=batched
    )
    rank = len(splits)
    return raw.RaggedTensorFromVariant(
        encoded_ragged=encoded,
        input_ragged_rank=rank - 1 if batched else rank,
        output_ragged_rank=rank,
        Tvalues=values.dtype,
        Tsplits=tf.int64,
    ).output_dense_values


for batched in (False, True):
    for inner in ((), (2,)):
        for dtype in ("float64", "float32"):
            add(
                "RaggedTensorToVariant",
                i64(SPLITS),
                x(6, *inner, dtype=dtype),
                fn=lambda s, v, b=batched: through_variant([s], v, b),
                name=f"RaggedTensorToVariant_{batched}_{len(inner)}_{dtype}",
            )
            add(
                "RaggedTensorToVariant",
                fed(OUTER),
                fed(SPLITS),
                x(6, *inner, dtype=dtype, known=(None, *inner)),
                fn=lambda s, t, v, b=batched: through_variant([s, t], v, b),
                name=f"RaggedTensorToVariant_two_{batched}_{len(inner)}_{dtype}",
            )

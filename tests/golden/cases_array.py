"""Cases of ops that move, join, cut, repeat, look up and scatter elements."""

import tensorflow as tf

from cases import case, const, feed, x

FLOATS = ("float64", "float32", "float16", "bfloat16")
CASES = []


def add(*args, **kwargs):
    CASES.append(case(*args, **kwargs))


def add_renamed(op, *inputs, **attrs):
    """For ops whose axis has another name in Python than in the op's definition."""
    options = {key: attrs.pop(key) for key in ("name", "outputs") if key in attrs}
    names = {
        "ExpandDims": ("input", "axis"),
        "Split": ("axis", "value"),
        "SplitV": ("value", "size_splits", "axis"),
    }[op]
    call = lambda *values: getattr(tf.raw_ops, op)(**dict(zip(names, values)), **attrs)
    add(op, *inputs, fn=call, **options)


# Shapes.
for dtype in FLOATS:
    add("Reshape", x(2, 6, dtype=dtype), const([3, 4]))
    add("Transpose", x(2, 3, 4, dtype=dtype), const([2, 0, 1]))
    add("ConcatV2", [x(2, 3, dtype=dtype), x(2, 1, dtype=dtype)], const(1))
    add("Pad", x(2, 3, dtype=dtype), const([[1, 0], [2, 3]]))
    add("GatherV2", x(4, 3, dtype=dtype), feed([2, 0, 2]), const(0))
    add("StridedSlice", x(4, 5, dtype=dtype), const([1, 0]), const([4, 5]), const([2, 3]))
    add("Tile", x(2, 3, dtype=dtype), const([2, 1]))
add("Reshape", x(2, 6, known=(None, 6)), const([-1, 3]))
add("Reshape", x(2, 6, known=(None, None)), const([-1, 3]))
add("Reshape", x(2, 6, known="rank?"), feed([4, 3]))
add("Reshape", x(0, 6), const([3, 0]), name="Reshape_empty")
add(
    "Reshape",
    x(1),
    const([]),
    name="Reshape_to_scalar",
    fn=lambda v, s: tf.reshape(v, tf.cast(s, tf.int32)),
)
for axis in (0, -1, 1):
    add_renamed("ExpandDims", x(2, 3), const(axis), name=f"ExpandDims_{axis}")
add_renamed("ExpandDims", x(2, 3, known="rank?"), const(-1), name="ExpandDims_unknown")
add("Squeeze", x(1, 3, 1), axis=[])
add("Squeeze", x(1, 3, 1), axis=[-1])
add("Squeeze", x(1, 3, 1, known="rank?"), axis=[0])
add("Transpose", x(2, 3, 4), const([0, 2, 1], "int64"))
add("Transpose", x(2, 3, 4), feed([2, 1, 0]), name="Transpose_fed")
add("Transpose", x(), const([]), fn=lambda v, p: tf.transpose(v), name="Transpose_scalar")
add("ConjugateTranspose", x(2, 3, dtype="complex128"), const([1, 0]), numeric=False)

# Joining and cutting.
for axis in (0, -2):
    add("ConcatV2", [x(2, 3), x(4, 3), x(1, 3)], const(axis), name=f"ConcatV2_rows_{axis}")
add("ConcatV2", [x(2, 3, known=(None, 3)), x(4, 3)], const(0))
add(
    "ConcatV2",
    [x(2, 3, known=(None, 3)), x(4, 3, known=(None, 3))],
    const(0, "int64"),
    reference=False,
    name="ConcatV2_int64_axis_unknown",
)
add("ConcatV2", [x(2, 3, known=(None, 3)), x(2, 1, known=(None, 1))], const(-1))
add("ConcatV2", [x(2, 3, known="rank?"), x(2, 1, known="rank?")], const(-1))
add(
    "ConcatV2", [x(2, 3, known="rank?"), x(2, 1, known="rank?")], feed(-1), name="ConcatV2_fed_axis"
)
add("ConcatV2", [x(2, 3), x(2, 0), x(2, 1)], const(1), name="ConcatV2_empty_part")
add("ConcatV2", x(2, 2), fn=lambda v: tf.concat([v, 2 * v, v], 0), name="ConcatV2_of_one_tensor")
add("Concat", const(1), [x(2, 3), x(2, 1)], name="Concat")
add(
    "Concat",
    feed(-1),
    [x(2, 3), x(2, 1)],
    name="Concat_fed_axis",
    fn=lambda axis, values: tf.raw_ops.Concat(concat_dim=axis % 2, values=values),
)
for axis in (0, 1, -1):
    add_renamed("Split", const(axis), x(2, 4), num_split=2, name=f"Split_{axis}")
add_renamed("Split", const(0), x(2, 4), num_split=1, name="Split_one")
add_renamed(
    "Split", const(-1), x(2, 4, known="rank?"), num_split=2, outputs=(1,), name="Split_second_only"
)
add_renamed("SplitV", x(2, 6), const([1, 3, 2]), const(1), num_split=3, name="SplitV")
add_renamed(
    "SplitV", x(2, 6), const([1, -1, 2]), const(-1), num_split=3, outputs=(0, 2), name="SplitV_rest"
)
add("Pack", [x(2, 3), x(2, 3)], axis=0, name="Pack_0")
add("Pack", [x(2, 3), x(2, 3)], axis=-1, name="Pack_last")
add("Pack", [x()], axis=0, name="Pack_scalar")
add("Unpack", x(2, 3), num=3, axis=1)
add("Unpack", x(2, 3), num=2, axis=-2, outputs=(1,), name="Unpack_second_only")
add("Slice", x(4, 5), const([1, 0]), const([2, 5]))
add("Slice", x(4, 5), const([0, 0]), const([4, 5]), name="Slice_whole")
add("Slice", x(4, 5), const([1, 2], "int64"), const([-1, 2], "int64"), name="Slice_rest_int64")
add("Slice", x(4, 5, known=(None, 5)), const([0, 2]), const([-1, 2]))
add("Slice", x(4, 5, known=(None, 5)), const([1, 2]), const([2, -1]))
add("Slice", x(4, 5, known="rank?"), feed([1, 2]), feed([2, -1]))
add("Slice", x(4, 5), feed([1, 2], "int64"), feed([2, 3], "int64"), name="Slice_fed_int64")
add("Slice", x(4, 5), const([1, 2]), feed([0, 3]), name="Slice_nothing")


def strided(name, data, expression, numeric=True):
    add("StridedSlice", data, fn=expression, name=f"StridedSlice_{name}", numeric=numeric)


strided("range", x(5, 6), lambda v: v[1:4, ::2])
strided("negative", x(5, 6), lambda v: v[-3:-1, ::-2])
strided("reversed", x(5), lambda v: v[4:0:-1])
strided("shrink", x(5, 6), lambda v: v[2])
strided("shrink_last", x(5, 6), lambda v: v[:, -1])
strided("shrink_all", x(5, 6), lambda v: v[1, 2])
strided("ellipsis", x(2, 3, 4, 5), lambda v: v[..., 1])
strided("ellipsis_middle", x(2, 3, 4, 5), lambda v: v[1, ..., ::2])
strided("new_axis", x(3, 4), lambda v: v[:, tf.newaxis, 1:])
strided("everything", x(3, 4, 5, known=(None, None, 5)), lambda v: v[1, tf.newaxis, ..., -3:])
strided("unknown_rank", x(3, 4, 5, known="rank?"), lambda v: v[..., 1:3])
strided("empty", x(3, 4), lambda v: v[2:1])
add(
    "StridedSlice",
    x(5, 6),
    feed([1, 2], "int64"),
    feed([5, 6], "int64"),
    const([2, 1], "int64"),
    name="StridedSlice_fed_int64",
)
add(
    "StridedSlice",
    x(5, 6),
    const([1], "int16"),
    const([4], "int16"),
    const([2], "int16"),
    reference=False,
    name="StridedSlice_int16",
)
add("StridedSliceGrad", const([5, 6]), const([1, 0]), const([4, 6]), const([2, 3]), x(2, 2))
add("TensorStridedSliceUpdate", x(5, 6), const([1, 0]), const([4, 6]), const([2, 3]), x(2, 2))
add(
    "TensorStridedSliceUpdate",
    x(5, 6),
    const([1, 0]),
    const([4, 6]),
    const([2, 3]),
    x(1, 2),
    name="TensorStridedSliceUpdate_broadcast",
)
add(
    "TensorStridedSliceUpdate",
    x(5, 6),
    const([1, 0]),
    const([2, 6]),
    const([1, 1]),
    x(6),
    shrink_axis_mask=1,
)

# Borders.
add("Pad", x(2, 3, known=(None, 3)), const([[0, 0], [1, 1]], "int64"))
add("Pad", x(2, 3, known="rank?"), feed([[0, 2], [1, 1]]))
add("Pad", x(2, 3), feed([[0, 2], [1, 1]], "int64"), name="Pad_fed_int64")
add("PadV2", x(2, 3), const([[1, 0], [2, 3]]), const(7.0, "float64"))
add("PadV2", x(2, 3), const([[1, 0], [2, 3]]), x(), reference=False, name="PadV2_value")
for mode in ("REFLECT", "SYMMETRIC"):
    add("MirrorPad", x(3, 4), const([[1, 2], [2, 0]]), mode=mode)
    add("MirrorPadGrad", x(6, 6), const([[1, 2], [2, 0]]), mode=mode)

# Repetition.
add("Tile", x(2, 3), const([1, 1]), name="Tile_once")
add("Tile", x(2, 3), const([2, 3], "int64"), name="Tile_both_int64")
add("Tile", x(2, 3), const([0, 2]), name="Tile_never", numeric=False)
add("Tile", x(2, 3, known=(None, 3)), const([2, 2]))
add("Tile", x(2, 3, known=(None, None)), const([2, 2]))
add("Tile", x(2, 3, known="rank?"), const([1, 2]))
add("Tile", x(2, 3, known="rank?"), feed([2, 2]))
add("Tile", x(2, 3), feed([2, 2], "int64"), name="Tile_fed_int64")
add("Tile", x(), const([]), fn=lambda v, m: tf.tile(v, tf.cast(m, tf.int32)), name="Tile_scalar")
add("BroadcastTo", x(3, 1), const([2, 3, 4]))
add("BroadcastTo", x(), const([2, 3]), name="BroadcastTo_scalar")
add("BroadcastTo", x(2, 3), const([2, 3]), name="BroadcastTo_itself")
add("BroadcastTo", x(3, 1, known=(None, None)), feed([2, 3, 4]))
add("BroadcastTo", x(3, 1, known="rank?"), const([2, 3, 4], "int64"))
add("Fill", const([2, 3]), x())
add("Fill", feed([2, 3]), x(dtype="float32"), name="Fill_fed")

# Permutations.
add("Reverse", x(2, 3), const([True, False], "bool"))
add("ReverseV2", x(2, 3, 4), const([0, -1]))
add("ReverseSequence", x(3, 4, 2), feed([1, 4, 2], "int64"), seq_dim=1, batch_dim=0)
add("Roll", x(4, 5), const([1, -2]), const([0, 1]))
add("Roll", x(4, 5), const(-1, "int64"), const(1), name="Roll_scalar")
add("SpaceToBatch", x(2, 4, 6, 3), const([[0, 0], [2, 0]]), block_size=2)
add("SpaceToBatchND", x(2, 4, 5, 3), const([2, 3]), const([[0, 0], [1, 0]]))
add("BatchToSpace", x(8, 2, 3, 1), const([[0, 1], [1, 0]]), block_size=2)
add("BatchToSpaceND", x(6, 2, 3, 2), const([2, 3]), const([[1, 0], [0, 2]]))
add("SpaceToBatchND", x(2, 6, 3, known="rank?"), const([2]), const([[1, 1]]))
add("SpaceToDepth", x(2, 4, 6, 3), block_size=2)
add("DepthToSpace", x(2, 2, 3, 8), block_size=2)

# Diagonals.
add("Diag", x(3))
add("Diag", x(2, 3))
add("DiagPart", x(3, 3))
add("DiagPart", x(2, 3, 2, 3))
add("MatrixDiag", x(2, 3))
add("MatrixDiagPart", x(2, 3, 4))
add("MatrixDiagPart", x(2, 3, 3, known="rank?"))
add("MatrixSetDiag", x(2, 3, 4), x(2, 3))
add("MatrixSetDiag", x(2, 3, 4, known=(None, None, None)), x(2, 3, known=(None, None)))
for low, up in ((1, 0), (-1, 2), (0, 0)):
    add(
        "MatrixBandPart",
        x(2, 4, 5),
        const(low, "int64"),
        const(up, "int64"),
        name=f"MatrixBandPart_{low}_{up}",
    )
zero = const(0.0, "float64")
for version in ("V2", "V3"):
    attrs = {"align": "LEFT_RIGHT"} if version == "V3" else {}
    for k, count, length in ((0, 1, 3), ([-1, 1], 3, 3), (1, 1, 3), ([-2, -1], 2, 2)):
        label = str(k).replace(" ", "")
        diagonals = (2, length) if count == 1 else (2, count, length)
        add(
            "MatrixDiagPart" + version,
            x(2, 3, 4),
            const(k),
            zero,
            **attrs,
            name=f"MatrixDiagPart{version}_{label}",
        )
        add(
            "MatrixSetDiag" + version,
            x(2, 3, 4),
            x(*diagonals),
            const(k),
            **attrs,
            name=f"MatrixSetDiag{version}_{label}",
        )
        add(
            "MatrixDiag" + version,
            x(*diagonals),
            const(k),
            const(3),
            const(4),
            const(9.0, "float64"),
            **attrs,
            name=f"MatrixDiag{version}_{label}",
        )
    add(
        "MatrixDiagPart" + version,
        x(2, 3, 4),
        const([-1, 1]),
        x(),
        **attrs,
        reference=False,
        name=f"MatrixDiagPart{version}_padding",
    )
    add(
        "MatrixDiag" + version,
        x(2, 3, 3),
        const([-1, 1]),
        const(3),
        const(4),
        x(),
        **attrs,
        reference=False,
        name=f"MatrixDiag{version}_padding",
    )

# Lookups.
add("Gather", x(4, 3), feed([[2, 0], [3, 2]]), name="Gather_matrix")
add("GatherV2", x(4, 3), feed([[2, 0], [3, 2]], "int64"), const(0), name="GatherV2_int64")
add("GatherV2", x(4, 3), feed(1), const(0), name="GatherV2_scalar_index")
add(
    "GatherV2",
    x(4),
    feed([], shape=(0,)),
    const(0),
    name="GatherV2_no_index",
    fn=lambda v, i, a: tf.gather(v, tf.cast(i, tf.int32)),
)
for axis in (1, 2, -1, -2):
    add("GatherV2", x(2, 4, 5), feed([[2, 0], [3, 2]]), const(axis), name=f"GatherV2_axis_{axis}")
    add(
        "GatherV2",
        x(2, 4, 5, known=(None, 4, None)),
        feed([3, 0, 3]),
        const(axis),
        name=f"GatherV2_axis_{axis}_unknown",
    )
    add(
        "GatherV2",
        x(2, 4, 5, known="rank?"),
        feed([3, 0, 3], known="rank?"),
        const(axis),
        name=f"GatherV2_axis_{axis}_unknown_rank",
    )
add(
    "GatherV2",
    x(4, 3, known=(None, 3)),
    feed([3, 0, 3], known=(None,)),
    const(0),
    name="GatherV2_rows_unknown",
)
add(
    "GatherV2",
    x(2, 4, 3),
    feed([[2, 0, 2], [1, 1, 3]]),
    const(1),
    batch_dims=1,
    name="GatherV2_batch",
)
add(
    "GatherV2",
    x(2, 3, 4, 5),
    feed([[2, 0, 2], [1, 1, 3]]),
    const(2),
    batch_dims=1,
    name="GatherV2_batch_axis_2",
)
add(
    "GatherV2",
    x(2, 3, 4),
    feed([[[2, 0], [1, 1], [3, 2]], [[0, 1], [0, 0], [3, 3]]]),
    const(2),
    batch_dims=2,
    name="GatherV2_two_batch_axes",
)
add(
    "GatherV2",
    x(2, 4, 3),
    feed([[2, 0, 2], [1, 1, 3]]),
    const(-2),
    batch_dims=-1,
    name="GatherV2_negative_batch",
)
add("GatherV2", x(2, 4), feed([2, 1]), const(1), batch_dims=1, name="GatherV2_one_of_each_row")
add(
    "GatherV2",
    x(2, 4, 3, known=(None, 4, 3)),
    feed([[2, 0, 2], [1, 1, 3]], known=(None, None)),
    const(1),
    batch_dims=1,
    name="GatherV2_batch_unknown",
)
add(
    "GatherV2",
    x(2, 4, 3, known="rank?"),
    feed([[2, 0, 2], [1, 1, 3]]),
    const(1),
    batch_dims=1,
    name="GatherV2_batch_unknown_rank",
)
add("GatherV2", x(0, 4), feed([1, 2]), const(1), name="GatherV2_empty_batch")
for dtype in ("float64", "float32"):
    add("GatherNd", x(3, 4, dtype=dtype), feed([[0, 1], [2, 2], [0, 1]]))
add("GatherNd", x(3, 4), feed([[0], [2], [0]], "int64"), name="GatherNd_rows")
add("GatherNd", x(3, 4, known="rank?"), feed([[[0, 1]], [[2, 2]]]))
add("ScatterNd", const([[0, 1], [2, 2], [0, 1]]), x(3), const([3, 4]))
add("ScatterNd", feed([[0], [2]], "int64"), x(2, 4), const([3, 4], "int64"), name="ScatterNd_rows")
for op in (
    "TensorScatterUpdate",
    "TensorScatterAdd",
    "TensorScatterSub",
    "TensorScatterMax",
    "TensorScatterMin",
    "ScatterNdNonAliasingAdd",
):
    if op != "ScatterNdNonAliasingAdd":
        add(op, x(4, 3), feed([[3], [1]]), x(2, 3))
    add(
        op,
        x(4, 3, dtype="float32"),
        const([[3, 0], [1, 2]], "int64"),
        x(2, dtype="float32"),
        name=f"{op}_elements",
    )
add("TensorScatterAdd", x(4), feed([[3], [1], [3]]), x(3), name="TensorScatterAdd_twice")
add(
    "TensorScatterMax",
    x(values=[1.0, 2.0]),
    feed([[0], [1]]),
    x(values=[1.0, 5.0]),
    numeric=False,
    name="TensorScatterMax_tie",
)
add("DynamicPartition", x(5, 2), feed([0, 2, 0, 1, 2]), num_partitions=3)
add(
    "DynamicPartition",
    x(2, 2, 3),
    feed([[0, 1], [1, 1]]),
    num_partitions=3,
    name="DynamicPartition_matrix",
)
add("DynamicPartition", x(5, known="rank?"), feed([0, 1, 0, 1, 1], known=(None,)), num_partitions=2)
for op in ("DynamicStitch", "ParallelDynamicStitch"):
    add(op, [const([0, 3]), const([[2, 1]])], [x(2, 3), x(1, 2, 3)], name=op)
add(
    "DynamicStitch",
    [const([0, 2, 0]), feed([2, 1])],
    [x(3, 2), x(2, 2)],
    reference=False,
    name="DynamicStitch_twice",
)
add(
    "DynamicStitch",
    [feed([0, 2, 0]), feed([1, 2])],
    [x(3, known="rank?"), x(2)],
    reference=False,
    name="DynamicStitch_twice_unknown",
)
add("SparseToDense", const([[0, 1], [2, 0]]), const([3, 2]), x(2), x(), validate_indices=False)
add(
    "SparseToDense",
    const([1, 3], "int64"),
    const([5], "int64"),
    x(2),
    x(),
    name="SparseToDense_vector",
    reference=False,
)
add(
    "SparseToDense",
    const([1, 3]),
    const([5]),
    x(),
    x(),
    name="SparseToDense_one_value",
    reference=False,
)

# Constant almost everywhere, and the values that OneHot puts in.
add("ZerosLike", x(3), name="ZerosLike", numeric=False)
add("OnesLike", x(3), name="OnesLike", numeric=False)
add("OneHot", feed([0, 2, 7]), const(3), x(), x(), axis=-1, reference=False)
add(
    "OneHot",
    feed([[0, 2], [1, 1]]),
    const(3),
    x(),
    x(),
    axis=1,
    reference=False,
    name="OneHot_middle",
)
add("Bitcast", x(3), type=tf.float64, reference=False, name="Bitcast_to_itself")

"""Golden gradient cases of reductions, scans and segments; the words are in cases.py."""

import tensorflow as tf

from cases import case, const, feed, x

_raw = tf.raw_ops


def _reductions():
    # (shape, axes): all, one, negative, several, none, a scalar axis, empty inputs.
    forms = [
        ((2, 3), [0, 1]),
        ((2, 3), [1]),
        ((2, 3), [-2]),
        ((2, 3, 4), [0, 2]),
        ((2, 3, 4), [-1, 0]),
        ((2, 3), []),
        ((2, 3), 1),
        ((), []),
        ((2, 3, 4), [1]),
    ]
    rows = []
    for op in ("Sum", "Mean", "Max", "Min", "Prod", "EuclideanNorm"):
        for shape, axes in forms:
            for keep in (False, True):
                rows.append(
                    case(
                        op,
                        x(*shape),
                        const(axes),
                        keep_dims=keep,
                        name=f"{op}_{'x'.join(map(str, shape))}_{axes}_{['drop', 'keep'][keep]}",
                    )
                )
        rows += [
            case(op, x(2, 3), feed([1]), name=f"{op}_fed_axes"),
            case(op, x(2, 3, 4, known="rank?"), feed([-1, 0]), name=f"{op}_fed_axes_no_rank"),
            case(op, x(2, 3, 4, known=(None, 3, 4)), const([1, 2]), name=f"{op}_unknown_batch"),
            case(op, x(2, 3, 4, known=(None, 3, 4)), const([0]), name=f"{op}_over_unknown_batch"),
            case(op, x(2, 3, 4, known=(None, None, 4)), const([1]), name=f"{op}_two_unknown"),
            case(
                op,
                x(2, 3, 4, known=(None, None, 4)),
                const([-1]),
                keep_dims=True,
                name=f"{op}_two_unknown_keep",
            ),
            case(op, x(2, 3, known="rank?"), const([0]), name=f"{op}_unknown_rank"),
            case(op, x(2, 3), const([1], dtype="int64"), name=f"{op}_int64_axes"),
            case(op, x(2, 3, dtype="float32"), const([1]), name=f"{op}_float32"),
        ]
        if op not in ("Max", "Min", "EuclideanNorm"):
            rows.append(case(op, x(0, 3), const([1]), name=f"{op}_empty"))
            rows.append(case(op, x(2, 0), const([0]), name=f"{op}_empty_kept"))
            rows.append(case(op, x(2, 3, dtype="complex128"), const([1]), name=f"{op}_complex"))
    rows += [
        case("Sum", x(2, 0), const([1]), name="Sum_over_nothing"),
        case("Prod", x(2, 0), const([1]), name="Prod_over_nothing"),
        case("Sum", x(2, 3, dtype="float16"), const([1]), name="Sum_float16"),
        case("Mean", x(2, 3, dtype="float16"), const([1]), name="Mean_float16", tolerance=2e-3),
        case(
            "Max",
            x(values=[[1.0, 1.0, 0.0], [2.0, 3.0, 3.0]]),
            const([1]),
            numeric=False,
            name="Max_ties",
        ),
        case(
            "Max",
            x(values=[[1.0, 1.0], [1.0, 1.0]]),
            const([0, 1]),
            numeric=False,
            name="Max_all_tie",
        ),
        case(
            "Min",
            x(values=[[1.0, 1.0, 5.0], [2.0, 3.0, 2.0]]),
            const([-1]),
            keep_dims=True,
            numeric=False,
            name="Min_ties",
        ),
        case(
            "Prod",
            x(values=[[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]]),
            const([1]),
            name="Prod_zeros",
        ),
        case("Prod", x(values=[0.0, 0.0]), const([0]), name="Prod_all_zero"),
        case("ArgMax", x(2, 3), const(1)),
        case("ArgMin", x(2, 3), const(1)),
        case(
            "All",
            x(2, 3),
            name="All_of_comparison",
            fn=lambda a: tf.cast(_raw.All(input=a > 0, axis=[1]), tf.float64),
        ),
        case("LogSumExp", x(2, 3), fn=lambda a: tf.reduce_logsumexp(a, -1), name="logsumexp"),
        case(
            "LogSumExp",
            x(2, 3, dtype="float32", known=(None, 3)),
            fn=lambda a: tf.reduce_logsumexp(a, [1], True),
            name="logsumexp_float32",
        ),
        case("Moments", x(2, 3, 4), fn=lambda a: tf.nn.moments(a, [0, 1]), name="moments"),
        case(
            "Moments",
            x(2, 3, 3, 2, known=(None, 3, 3, 2)),
            fn=lambda a: tf.reduce_mean(a, [1, 2]),
            name="global_pool",
        ),
    ]
    return rows


def _scans():
    rows = []
    for op in ("Cumsum", "Cumprod", "CumulativeLogsumexp"):
        for exclusive in (False, True):
            for reverse in (False, True):
                attrs = dict(exclusive=exclusive, reverse=reverse)
                rows.append(case(op, x(3, 4), const(-1), **attrs))
                rows.append(case(op, x(3, 4, dtype="float32", known="rank?"), feed(0), **attrs))
        rows.append(case(op, x(2, 0), const(1)))
    for exclusive in (False, True):
        for reverse in (False, True):
            # TensorFlow says 0 at the first zero; the central difference knows better.
            rows.append(
                case(
                    "Cumprod",
                    x(values=[[2.0, 0.0, 3.0, 0.0, 5.0], [0.0, 1.0, 2.0, 3.0, 4.0]]),
                    const(1),
                    exclusive=exclusive,
                    reverse=reverse,
                    reference=False,
                    name=f"Cumprod_zeros_{exclusive}_{reverse}",
                )
            )
    rows.append(case("Cumsum", x(3, dtype="complex128"), const(0)))
    # TensorFlow forgets to conjugate here.
    rows.append(
        case(
            "Cumprod",
            x(3, low=0.3),
            x(3, low=0.3),
            name="Cumprod_complex",
            reference=False,
            fn=lambda a, b: tf.math.real(
                tf.math.cumprod(tf.complex(a, b)) * tf.constant(2 + 1j, tf.complex128)
            ),
        )
    )
    return rows


def _order():
    rows = [
        case("TopKV2", x(2, 5), const(3), sorted=True),
        case("TopKV2", x(2, 3, 5, known=(None, 3, 5)), const(2), sorted=True),
        case("TopKV2", x(7, dtype="float32", known="rank?"), feed(4), sorted=True),
        case("TopKV2", x(2, 5), const(0), sorted=True, name="TopKV2_none"),
        case("TopKV2", x(0, 5), const(2), sorted=True, name="TopKV2_empty"),
        case(
            "TopKV2",
            x(2, 5),
            name="TopKV2_values_and_use",
            fn=lambda a: tf.square(tf.math.top_k(a, 3).values) * tf.reduce_sum(a),
        ),
        case("NthElement", x(3, 5), const(1)),
        case("NthElement", x(3, 5), const(1), reverse=True),
        case(
            "NthElement",
            x(values=[[1.0, 2.0, 2.0, 3.0]]),
            const(1),
            numeric=False,
            name="NthElement_tie",
        ),
    ]
    return rows


def _segments():
    rows = []
    sorted_ids = [0, 0, 1, 1, 1, 3]  # Segment 2 is empty.
    for op in ("SegmentSum", "SegmentMean", "SegmentMax", "SegmentMin", "SegmentProd"):
        rows += [
            case(op, x(6, 2), const(sorted_ids)),
            case(op, x(6, known="rank?"), feed(sorted_ids)),
            case(op, x(6, 2, dtype="float32"), const(sorted_ids, dtype="int64")),
        ]
    rows += [
        case(
            "SegmentMax",
            x(values=[1.0, 1.0, 2.0, 3.0]),
            const([0, 0, 1, 1]),
            numeric=False,
            name="SegmentMax_tie",
        ),
        case(
            "SegmentProd",
            x(values=[0.0, 2.0, 0.0, 0.0, 3.0, 4.0]),
            const([0, 0, 1, 1, 2, 2]),
            name="SegmentProd_zeros",
        ),
        case("SegmentMean", x(3, 2, dtype="complex128"), const([0, 0, 1])),
    ]
    for op in (
        "UnsortedSegmentSum",
        "UnsortedSegmentMax",
        "UnsortedSegmentMin",
        "UnsortedSegmentProd",
    ):
        rows += [
            case(op, x(6, 2, low=0.2), const([2, 0, 2, 1, 0, 0]), const(4)),
            case(op, x(2, 3, 2, low=0.2), const([[2, 0, 2], [1, 0, 0]]), const(3)),
            case(
                op,
                x(4, 2, low=0.2, known="rank?"),
                feed([1, -1, 0, 1]),
                feed(2),
                name=f"{op}_dropped_rows",
            ),
            case(op, x(4, low=0.2, dtype="float32"), const([1, -1, 0, 1], dtype="int64"), const(2)),
            case(op, x(0, 2), const([], dtype="int32"), const(2), name=f"{op}_empty"),
        ]
    rows += [
        case(
            "UnsortedSegmentMax",
            x(values=[1.0, 1.0, 0.0, 2.0]),
            const([0, 0, -1, 1]),
            const(2),
            numeric=False,
            name="UnsortedSegmentMax_tie",
        ),
        # TensorFlow divides 0 by 0 here.
        case(
            "UnsortedSegmentProd",
            x(values=[0.0, 2.0, 0.0, 0.0, 3.0]),
            const([0, 0, 1, 1, -1]),
            const(2),
            reference=False,
            name="UnsortedSegmentProd_zeros",
        ),
    ]
    for kind in ("Sum", "Mean", "SqrtN"):
        op, indices, ids = f"SparseSegment{kind}", const([3, 0, 3, 1, 2]), const([0, 0, 1, 1, 1])
        rows += [
            case(op, x(5, 2), indices, ids),
            case(op, x(5, 2, dtype="float32", known=(None, 2)), indices, ids),
            case(op, x(5, 2, known="rank?"), feed([3, 0, 3, 1, 2], dtype="int64"), ids),
            case(f"{op}WithNumSegments", x(5, 2), indices, const([0, 0, 2, 2, 2]), const(5)),
        ]
    return rows


def _complex_parts():
    """Where TensorFlow's gradient is wrong for complex numbers: real parts in, a real part out."""
    made = {
        "EuclideanNorm": lambda z: _raw.EuclideanNorm(input=z, axis=[0]),
        "SegmentProd": lambda z: _raw.SegmentProd(data=z, segment_ids=[0, 0, 2, 2, 2]),
        "UnsortedSegmentProd": lambda z: _raw.UnsortedSegmentProd(
            data=z, segment_ids=[2, 0, 2, 1, 0], num_segments=4
        ),
    }
    return [
        case(
            op,
            x(5, 2),
            x(5, 2),
            fn=lambda a, b, f=f: tf.math.real(f(tf.complex(a, b)) * (1 + 2j)),
            reference=False,
            name=f"{op}_parts",
        )
        for op, f in made.items()
    ]


CASES = _complex_parts() + _reductions() + _scans() + _order() + _segments()

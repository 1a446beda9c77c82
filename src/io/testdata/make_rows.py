#!/usr/bin/env python3
"""Writes the files beside it: make_rows.py.

rows.tfrecord, rows.tfrecord.gz and rows.zlib.tfrecord, with TensorFlow's own writer: two people,
each a tf.Example of every kind of list. rows.parquet and types.parquet, with pyarrow: the same
people, and columns of every type.
"""
import decimal
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

PEOPLE = [
    {"age": [31.5], "job": [b"clerk"], "codes": [1, -2, 3], "label": [1]},
    {"age": [44.0], "job": [b"\xff\x00"], "codes": [], "label": [0]},
]


def feature(values):
    if not values or isinstance(values[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def example(person):
    return tf.train.Example(features=tf.train.Features(
        feature={name: feature(values) for name, values in person.items()}))


def write_parquet(folder):
    people = pa.table({
        "age": pa.array([p["age"][0] for p in PEOPLE], pa.float32()),
        "job": pa.array([p["job"][0] for p in PEOPLE], pa.binary()),
        "codes": pa.array([p["codes"] for p in PEOPLE], pa.list_(pa.int32())),
        "label": pa.array([p["label"][0] for p in PEOPLE]),
    })
    pq.write_table(people, folder / "rows.parquet", row_group_size=1)
    types = pa.table({
        "bool": pa.array([True, False, None]),
        "int8": pa.array([-128, 127, None], pa.int8()),
        "uint8": pa.array([0, 255, None], pa.uint8()),
        "int16": pa.array([-1, 2, None], pa.int16()),
        "uint16": pa.array([1, 65535, None], pa.uint16()),
        "int32": pa.array([-1, 2, None], pa.int32()),
        "uint32": pa.array([1, 2**32 - 1, None], pa.uint32()),
        "int64": pa.array([2**62 + 1, -1, None]),
        "uint64": pa.array([2**64 - 1, 0, None], pa.uint64()),
        "half": pa.array(np.array([0.5, -2, 0], np.float16), mask=np.array([False, False, True])),
        "float": pa.array([0.1, 2, None], pa.float32()),
        "double": pa.array([0.1, float("nan"), None]),
        "string": pa.array(["a", "\u00e9", None]),
        "large_string": pa.array(["", "b", None], pa.large_string()),
        "fixed": pa.array([b"ab", b"cd", None], pa.binary(2)),
        "category": pa.array(["x", "y", None]).dictionary_encode(),
        "pair": pa.array([[1, 2], [3, 4], None], pa.list_(pa.float32(), 2)),
        "matrix": pa.array([[[1, 2], [3, 4]], [[5], [6]], [[7], None]],
                           pa.list_(pa.list_(pa.int64()))),
        "ragged": pa.array([[["a"], ["b", "c"]], [[], []], []], pa.list_(pa.list_(pa.string()))),
        "holes": pa.array([[1, None], [], None], pa.large_list(pa.float64())),
        "decimal": pa.array([decimal.Decimal("1.5"), None, None]),
        "day": pa.array([0, 1, None], pa.date32()),
        "person": pa.array([{"age": 1}, None, None]),
    })
    pq.write_table(types, folder / "types.parquet", row_group_size=2)


def main():
    folder = pathlib.Path(__file__).parent
    for name, compression in [("rows.tfrecord", ""), ("rows.tfrecord.gz", "GZIP"),
                              ("rows.zlib.tfrecord", "ZLIB")]:
        with tf.io.TFRecordWriter(str(folder / name), compression) as writer:
            for person in PEOPLE:
                # Maps have no order of their own.
                writer.write(example(person).SerializeToString(deterministic=True))
    write_parquet(folder)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the files beside it: make_rows.py.

rows.tfrecord, rows.tfrecord.gz and rows.zlib.tfrecord, with TensorFlow's own writer: two people,
each a tf.Example of every kind of list.
"""
import pathlib

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


def main():
    folder = pathlib.Path(__file__).parent
    for name, compression in [("rows.tfrecord", ""), ("rows.tfrecord.gz", "GZIP"),
                              ("rows.zlib.tfrecord", "ZLIB")]:
        with tf.io.TFRecordWriter(str(folder / name), compression) as writer:
            for person in PEOPLE:
                # Maps have no order of their own.
                writer.write(example(person).SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()

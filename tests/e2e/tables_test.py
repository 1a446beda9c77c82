"""Files of tables: TensorFlow and pyarrow read what the program writes, and it reads what they write.

    tables_test.py PROGRAM [unittest's own arguments]
"""
import base64
import csv
import json
import os
import sys
import unittest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

import cli_test
from cli_test import CommandLineTest, FLOWER, FLOWER_BASELINE, model, request, whylight

MIXED = "tf2_dict_inputs_mixed"  # age [1], hours [1], gain [1], history [3] -> risk, score
PARSING = "tf1_dnn_classifier_parsing"  # examples: serialized tf.Examples
EXPLAIN_FLOWER = ("explain", model(FLOWER), "--baseline", FLOWER_BASELINE, "--top-k", "2",
                  "--labels", "setosa,versicolor,virginica")


def instances(name):
    with open(request(name)) as file:
        return json.load(file)["instances"]


def example(features):
    def feature(values):
        if isinstance(values[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Example(features=tf.train.Features(
        feature={name: feature(values) for name, values in features.items()})).SerializeToString()


class TablesTest(CommandLineTest):
    def tfrecord(self, name, records, compression=""):
        path = str(self.folder / name)
        with tf.io.TFRecordWriter(path, compression) as writer:
            for record in records:
                writer.write(record)
        return path

    def parquet(self, name, columns):
        path = str(self.folder / name)
        pq.write_table(pa.table(columns), path)
        return path

    def answers(self, *arguments):
        """Lines of JSON; what is said on standard error is not looked at."""
        outcome = whylight(*arguments)
        self.assertEqual(outcome.code, 0, outcome.err)
        return outcome.lines()

    def expect_same_answers(self, name, path):
        """As the model's request in JSON gives them."""
        of_json = self.answers("predict", model(name), "-i", request(name))
        of_table = self.answers("predict", model(name), "-i", path)
        self.assertEqual([line["prediction"] for line in of_table],
                         [line["prediction"] for line in of_json])


class Inputs(TablesTest):
    def test_features_of_an_example_are_the_inputs(self):
        records = [example(dict(row, label=[1])) for row in instances(MIXED)]
        for name, compression in (("rows.tfrecord", ""), ("rows.tfrecord.gz", "GZIP")):
            with self.subTest(name):
                path = self.tfrecord(name, records, compression)
                outcome = whylight("predict", model(MIXED), "-i", path)
                self.expect(outcome, 0, "feature 'label' is no input and is ignored")
                of_json = self.answers("predict", model(MIXED), "-i", request(MIXED))
                self.assertEqual([line["prediction"] for line in outcome.lines()],
                                 [line["prediction"] for line in of_json])
                self.assertEqual(outcome.lines()[0]["instance"],
                                 dict(instances(MIXED)[0], label=1))

    def test_serialized_examples_are_the_one_string(self):
        records = [base64.b64decode(row["examples"]["b64"]) for row in instances(PARSING)]
        path = self.tfrecord("rows", records)
        self.expect_same_answers(PARSING, path)
        line = self.answers("predict", model(PARSING), "-i", path)[0]
        self.assertEqual(line["instance"], instances(PARSING)[0]["examples"])

    def test_columns_are_the_inputs(self):
        rows = instances(MIXED)
        columns = {name: [row[name][0] for row in rows] for name in ("gain", "age", "hours")}
        columns["history"] = pa.array([row["history"] for row in rows], pa.list_(pa.float32()))
        columns["label"] = [1] * len(rows)
        path = self.parquet("rows.parquet", columns)
        outcome = whylight("predict", model(MIXED), "-i", path)
        self.expect(outcome, 0, "column 'label' is no input and is ignored")
        of_json = self.answers("predict", model(MIXED), "-i", request(MIXED))
        self.assertEqual([line["prediction"] for line in outcome.lines()],
                         [line["prediction"] for line in of_json])
        self.assertEqual(outcome.lines()[0]["instance"]["history"], rows[0]["history"])

    def test_columns_are_the_elements_of_the_one_vector(self):
        rows = instances(FLOWER)
        names = ("sl", "sw", "pl", "pw")
        path = self.parquet("rows.parquet",
                            {name: [row[i] for row in rows] for i, name in enumerate(names)})
        self.expect_same_answers(FLOWER, path)
        table = whylight("explain", model(FLOWER), "-i", path, "--format", "table")
        self.expect(table, 0)
        self.assertIn("  pl  ", table.out)

    def test_rows_of_baselines_may_be_a_table(self):
        rows = instances(FLOWER)
        data = self.parquet("data.parquet", {f"x{i}": [row[i] for row in rows] for i in range(4)})
        lines = self.answers("explain", model(FLOWER), "-i", request(FLOWER), "--baseline", "mean",
                             "--baseline-data", data, "--input-format", "json")
        self.assertIn("data.parquet", lines[0]["whylight"]["baselines"]["flower"])

    def test_bad_rows_are_set_aside(self):
        good, short = ({"flower": row} for row in (instances(FLOWER)[0], [1.0, 2.0]))
        records = [example(good), example(short), example({"flowr": [1]}), example(good)]
        path = self.tfrecord("rows.tfrecord", records)
        with open(path, "rb+") as file:
            file.truncate(os.path.getsize(path) - 1)
        out = self.folder / "out.jsonl"
        outcome = whylight("predict", model(FLOWER), "-i", path, "-o", str(out))
        self.expect(outcome, 1, "record 1: flower: expected 4 values", "got 2",
                    "record 2: flower: missing (did you mean 'flowr'?)",
                    "record 3: the file ends within the record", "3 rows failed")
        self.assertEqual(len(out.read_text().splitlines()), 1)
        path = self.parquet("rows.parquet", {"flower": [instances(FLOWER)[0], None, [1.0]]})
        outcome = whylight("predict", model(FLOWER), "-i", path)
        self.expect(outcome, 1, "row 1: flower: missing (null)",
                    "row 2: flower: expected 4 values (the input's shape is [4]), got 1")
        self.assertEqual(len(outcome.lines()), 1)

    def test_files_that_cannot_be_read_are_refused(self):
        rows = self.file("rows.jsonl", f"{json.dumps(instances(FLOWER)[0])}\n")
        broken = self.file("rows.parquet", "PAR1 and no more")
        for arguments, piece in (((rows, "--input-format", "tfrecord"), "not a TFRecord file"),
                                 ((rows, "--input-format", "parquet"), "rows.jsonl: "),
                                 ((broken,), "rows.parquet: "),
                                 (("-", "--input-format", "parquet"), "save it in a file")):
            with self.subTest(arguments):
                self.expect_refused(whylight("predict", model(FLOWER), "-i", *arguments), 2, piece)

    def test_without_arrow_parquet_says_what_to_install(self):
        rows = self.parquet("rows.parquet", {"flower": instances(FLOWER)})
        os.environ["WHYLIGHT_ARROW"] = "/nowhere/libwhylight_arrow.so"
        self.addCleanup(os.environ.pop, "WHYLIGHT_ARROW")
        self.expect_refused(whylight("predict", model(FLOWER), "-i", rows), 2,
                            "there is no /nowhere/libwhylight_arrow.so", "pyarrow", "./dev setup")
        out = self.folder / "out.parquet"
        self.expect_refused(whylight("predict", model(FLOWER), "-i", request(FLOWER), "-o", str(out)),
                            2, "pyarrow")
        self.assertFalse(out.exists())
        self.assertIn("Arrow       not found: Arrow, of Python's pyarrow package", whylight("doctor").out)
        self.answers("predict", model(FLOWER), "-i", request(FLOWER))


    def test_doctor_says_which_arrow_was_found(self):
        self.assertEqual(json.loads(whylight("doctor", "--json").out)["arrow"], pa.__version__)
        self.assertIn(f"Arrow       {pa.__version__}", whylight("doctor").out)


class Outputs(TablesTest):
    def lines_and_file(self, name, *arguments):
        """The answers as JSON Lines, and the path of the same in a table."""
        lines = self.answers(*arguments, "-i", request(FLOWER))
        out = self.folder / name
        outcome = whylight(*arguments, "-i", request(FLOWER), "-o", str(out))
        self.expect(outcome, 0)
        self.assertEqual(outcome.out, "")
        self.assertEqual(os.listdir(self.folder), [name])
        return lines, str(out)

    def test_tensorflow_reads_explanations(self):
        lines, path = self.lines_and_file("out.tfrecord", *EXPLAIN_FLOWER)
        spec = {
            "row": tf.io.FixedLenFeature([], tf.int64),
            "instance": tf.io.FixedLenFeature([], tf.string),
            "output_name": tf.io.FixedLenFeature([], tf.string),
            "output_index": tf.io.FixedLenFeature([1], tf.int64),
            "output_display_name": tf.io.FixedLenFeature([], tf.string),
            "prediction/probabilities": tf.io.FixedLenFeature([3], tf.float32),
            "instance_output": tf.io.FixedLenFeature([], tf.float32),
            "baseline_output": tf.io.FixedLenFeature([], tf.float32),
            "approximation_error": tf.io.FixedLenFeature([], tf.float32),
            "attributions/flower": tf.io.FixedLenFeature([4], tf.float32),
            "warnings": tf.io.VarLenFeature(tf.string),
        }
        records = [tf.io.parse_single_example(record, spec)
                   for record in tf.data.TFRecordDataset(path)]
        self.assertEqual(len(records), 6)  # Three flowers, two classes of each.
        for number, record in enumerate(records):
            line = lines[number // 2]
            want = line["explanation"]["attributions"][number % 2]
            self.assertEqual(record["row"].numpy(), number // 2)
            self.assertEqual(json.loads(record["instance"].numpy()), line["instance"])
            self.assertEqual(record["output_index"].numpy().tolist(), want["outputIndex"])
            self.assertEqual(record["output_display_name"].numpy().decode(),
                             want["outputDisplayName"])
            float32 = tf.constant(want["featureAttributions"]["flower"], tf.float32)
            self.assertEqual(record["attributions/flower"].numpy().tolist(),
                             float32.numpy().tolist())
            self.assertEqual(record["baseline_output"].numpy(),
                             tf.constant(want["baselineOutputValue"], tf.float32).numpy())

    def test_pyarrow_reads_explanations(self):
        lines, path = self.lines_and_file("out.parquet", *EXPLAIN_FLOWER)
        file = pq.ParquetFile(path)
        types = {field.name: str(field.type) for field in file.schema_arrow}
        self.assertEqual(types, {
            "row": "int64", "instance": "string",
            "prediction/probabilities": "list<element: float>", "output_name": "string",
            "output_index": "list<element: int64>", "output_display_name": "string",
            "instance_output": "double", "baseline_output": "double",
            "approximation_error": "double", "attributions/flower": "list<element: double>",
            "warnings": "list<element: string>"})
        provenance = json.loads(file.schema_arrow.metadata[b"whylight"])
        self.assertEqual(provenance["method"], "integrated-gradients")
        rows = file.read().to_pylist()
        self.assertEqual(len(rows), 6)
        for number, row in enumerate(rows):
            line = lines[number // 2]
            want = line["explanation"]["attributions"][number % 2]
            self.assertEqual((row["row"], json.loads(row["instance"])),
                             (number // 2, line["instance"]))
            self.assertEqual(row["attributions/flower"], want["featureAttributions"]["flower"])
            self.assertEqual(row["instance_output"], want["instanceOutputValue"])
            self.assertEqual(row["approximation_error"], want["approximationError"])

    def test_predictions_have_every_output(self):
        lines, path = self.lines_and_file("out.parquet", "predict", model(FLOWER))
        for row, line in zip(pq.read_table(path).to_pylist(), lines, strict=True):
            self.assertEqual(row["prediction/label"], line["prediction"]["label"])
            want = pa.scalar(line["prediction"]["probability"], pa.float32()).as_py()
            self.assertEqual(row["prediction/probability"], want)
        os.remove(path)
        lines, path = self.lines_and_file("out.tfrecord", "predict", model(FLOWER))
        record = next(iter(tf.data.TFRecordDataset(path))).numpy()
        features = tf.train.Example.FromString(record).features.feature
        self.assertEqual(set(features), {"row", "instance", "prediction/label",
                                         "prediction/probability"})

    def test_a_table_without_rows_can_be_read(self):
        out = self.folder / "out.parquet"
        self.expect(whylight("predict", model(FLOWER), "-i", "-", "-o", str(out), stdin="[1]\n"), 1,
                    "1 row failed")
        self.assertEqual(pq.read_table(out).num_rows, 0)

    def test_a_table_goes_to_standard_output_on_request(self):
        done = whylight("predict", model(FLOWER), "-i", request(FLOWER), "--format", "parquet",
                        "-o", "/dev/full")
        self.expect_refused(done, 2, "/dev/full", "No space left on device")
        out = self.folder / "out"
        with open(out, "wb") as file:
            self.expect(whylight("predict", model(FLOWER), "-i", request(FLOWER), "--format",
                                 "parquet", stdout=file), 0)
        self.assertEqual(pq.read_table(out).num_rows, 3)

    def read_csv(self, path):
        with open(path, newline="") as file:
            return list(csv.DictReader(file))

    def test_explanations_fit_into_cells(self):
        lines, path = self.lines_and_file("out.csv", *EXPLAIN_FLOWER, "--feature-names",
                                          "length,width,label,\"q\"")
        rows = self.read_csv(path)
        self.assertEqual(list(rows[0]), [
            "row", "length", "width", "instance:label", '"q"', "output", "index", "label", "score",
            "baseline_score", "attr:length", "attr:width", "attr:label", 'attr:"q"',
            "approximation_error", "warnings"])
        self.assertEqual(len(rows), 6)
        for number, row in enumerate(rows):
            line = lines[number // 2]
            want = line["explanation"]["attributions"][number % 2]
            self.assertEqual(row["row"], str(number // 2))
            self.assertEqual([float(row[name]) for name in ("length", "width", "instance:label")],
                             line["instance"][:3])
            self.assertEqual((row["output"], row["label"]), ("probabilities",
                                                             want["outputDisplayName"]))
            self.assertEqual(row["index"], str(want["outputIndex"][0]))
            self.assertEqual(float(row["score"]), want["instanceOutputValue"])
            self.assertEqual(float(row["baseline_score"]), want["baselineOutputValue"])
            self.assertEqual([float(row[name]) for name in row if name.startswith("attr:")],
                             want["featureAttributions"]["flower"])
            self.assertEqual(float(row["approximation_error"]), want["approximationError"])

    def test_a_feature_without_names_is_one_cell(self):
        lines, path = self.lines_and_file("out.csv", *EXPLAIN_FLOWER)
        for row, line in zip(self.read_csv(path)[::2], lines, strict=True):
            flower = line["explanation"]["attributions"][0]["featureAttributions"]["flower"]
            self.assertAlmostEqual(float(row["attr:flower"]), sum(flower), delta=1e-12)
            self.assertNotIn("instance", row)

    def test_predictions_fit_into_cells(self):
        lines, path = self.lines_and_file("out.csv", "predict", model(FLOWER))
        for row, line in zip(self.read_csv(path), lines, strict=True):
            self.assertEqual(row["prediction:label"], str(line["prediction"]["label"]))
            self.assertEqual(float(row["prediction:probability"]), line["prediction"]["probability"])

    def test_failed_rows_stand_beside_the_cells(self):
        out = self.folder / "out.csv"
        done = whylight("predict", model(FLOWER), "-i", "-", "-o", str(out),
                        stdin="[1]\n[5.1,3.5,1.4,0.2]\n")
        self.expect(done, 1, "1 row failed", "out.errors.jsonl")
        self.assertEqual([row["row"] for row in self.read_csv(out)], ["1"])

    def test_neighbours_are_no_table(self):
        for name in ("out.csv", "out.parquet"):
            out = self.folder / name
            refused = whylight("explain", model(FLOWER), "-i", request(FLOWER), "--method",
                               "examples", "--examples", request(FLOWER), "--layer", "flower", "-o",
                               str(out))
            self.expect_refused(refused, 2, "write JSON Lines")
            self.assertFalse(out.exists())

    def test_compressed_files_are_not_written(self):
        self.expect_refused(whylight("predict", model(FLOWER), "-i", request(FLOWER), "-o",
                                     str(self.folder / "out.tfrecord.gz")), 2, "leave out .gz")


if __name__ == "__main__":
    cli_test.PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()

"""whylight signature: TensorFlow loads what it writes, and answers as before.

    signature_test.py PROGRAM [unittest's own arguments]
"""
import base64
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import unittest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import cli_test
from cli_test import CommandLineTest, about, model, request, whylight

TEXT = "tf2_text_preprocess"  # text -> lookup -> embedding -> convolution -> positive
IMAGE = "tf2_image_preprocess"  # bytes -> while loop over decoding -> network -> probabilities
SEVERAL = "tf2_several_without_xai_model"  # serving_default and logs
CITY = "tf2_lookup_asset"  # city (string), rooms -> lookup of an asset -> rent
TF1_TABLE = "tf1_table_asset"  # grade (string), amount -> lookup of an asset -> y
TF1_IMAGE = "tf1_custom_jpeg_receiver"
BINARY = "saved_model.pb"

# What check refuses, or says that it has no gradient, and whether a signature mends it.
MENDED = {
    SEVERAL: "--xai-model serving_default",
    "tf2_xai_model_misspelled": "--rename",
    "tf2_preprocess_without_xai_model": "--drop xai_preprocess",
    "tf2_preprocess_mismatch_name": "--rename xai_preprocess:scaled=features",
    "tf2_preprocess_mismatch_dtype": "--drop xai_model",
    "tf2_string_output_only": "--xai-model-outputs",
    "tf2_image_uint8_input": "--xai-preprocess-until",
    "tf2_int_onehot": "--xai-preprocess-until",
    "keras2_bilstm_text_ids": "--xai-preprocess-until",
    CITY: "--xai-preprocess-until",
    TF1_TABLE: "--xai-preprocess-until",
}


def read(folder):
    message = saved_model_pb2.SavedModel()
    message.ParseFromString((pathlib.Path(folder) / BINARY).read_bytes())
    return message.meta_graphs[0]


def value(json_value):
    if isinstance(json_value, dict):
        return base64.b64decode(json_value["b64"])
    if isinstance(json_value, list):
        return [value(one) for one in json_value]
    return json_value


def inputs_of(name, signature):
    """The rows of request.json as the arguments of a loaded signature."""
    instances = json.loads(pathlib.Path(request(name)).read_text())["instances"]
    specs = signature.structured_input_signature[1]
    columns = {}
    for key, spec in specs.items():
        rows = [value(one[key] if isinstance(one, dict) and key in one else one)
                for one in instances]
        columns[key] = tf.constant(rows, spec.dtype)
    return columns


def files_below(folder):
    folder = pathlib.Path(folder)
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def load(folder):
    return tf.saved_model.load(folder)


class SignatureTest(CommandLineTest):
    def changed(self, source, *options):
        """The folder of the model after `whylight signature` with these options."""
        target = str(self.folder / "changed")
        shutil.rmtree(target, ignore_errors=True)
        outcome = whylight("signature", source, "-o", target, *options)
        self.expect(outcome, 0)
        self.assertIn("Next: whylight check " + target, outcome.out)
        return target

    def split_command(self, source, *options):
        """The options of the command that inspect --split proposes."""
        outcome = whylight("inspect", source, "--split", "--json", *options)
        self.expect(outcome, 0)
        words = shlex.split(json.loads(outcome.out)["split"]["command"])
        self.assertEqual(words[:5], ["whylight", "signature", source, "-o", source + "_xai"])
        return words[5:]

    def same_answers(self, expected, found, tolerance=0.0):
        self.assertEqual(set(expected), set(found))
        for key in expected:
            want, got = expected[key].numpy(), found[key].numpy()
            if want.dtype == object or tolerance == 0:
                self.assertEqual(want.tobytes() if want.dtype != object else want.tolist(),
                                 got.tobytes() if got.dtype != object else got.tolist())
            else:
                np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)

    def nothing_else_changed(self, source, target):
        """All that was there is there, as it was; but for signatures and the fingerprint."""
        old_files, new_files = files_below(source), files_below(target)
        old_files.pop("fingerprint.pb", None)
        old_files.pop(BINARY)
        new_files.pop(BINARY)
        self.assertEqual(old_files, new_files)

        old, new = read(source), read(target)
        self.assertEqual(list(new.graph_def.node)[:len(old.graph_def.node)],
                         list(old.graph_def.node))
        functions = old.graph_def.library.function
        self.assertEqual(list(new.graph_def.library.function)[:len(functions)], list(functions))
        nodes = old.object_graph_def.nodes
        for i, node in enumerate(nodes):
            if node.user_object.identifier != "signature_map":
                self.assertEqual(node, new.object_graph_def.nodes[i])
        for name, function in old.object_graph_def.concrete_functions.items():
            self.assertEqual(function, new.object_graph_def.concrete_functions[name])
        for name in ("graph_def", "signature_def", "object_graph_def"):
            old.ClearField(name)
            new.ClearField(name)
        self.assertEqual(old, new)

    def answers_as_before(self, name, target, key="serving_default"):
        """serving_default bit for bit; returns its inputs and answers."""
        old, new = load(model(name)), load(target)
        arguments = inputs_of(name, old.signatures[key])
        expected = old.signatures[key](**arguments)
        self.same_answers(expected, new.signatures[key](**arguments))
        return arguments, expected

    def parts_answer_as_the_whole(self, name, target, tolerance=1e-6):
        """xai_preprocess, then xai_model, is what serving_default computes."""
        arguments, expected = self.answers_as_before(name, target)
        loaded = load(target).signatures
        prepared = loaded["xai_preprocess"](**arguments)
        self.assertEqual(set(prepared), set(loaded["xai_model"].structured_input_signature[1]))
        found = loaded["xai_model"](**prepared)
        expected = {key: expected[key] for key in found}
        self.assertTrue(expected)
        self.same_answers(expected, found, tolerance)

    def explains(self, name, target):
        self.expect(whylight("check", target), 0)
        first = json.loads(pathlib.Path(request(name)).read_text())["instances"][0]
        outcome = whylight("explain", target, "-i", "-", "--method", "integrated-gradients",
                           "--steps", "5", stdin=json.dumps(first) + "\n")
        self.assertEqual(outcome.code, 0, outcome.err)
        line, = outcome.lines()
        self.assertEqual(line["whylight"]["signature"], "xai_model")

    # ------------------------------------------------------------------- the same signature again

    def test_alias_in_tf2_is_the_same_function(self):
        target = self.changed(model(SEVERAL), "--xai-model", "serving_default")
        self.nothing_else_changed(model(SEVERAL), target)
        arguments, expected = self.answers_as_before(SEVERAL, target)
        self.same_answers(expected, load(target).signatures["xai_model"](**arguments))
        self.explains(SEVERAL, target)

    def test_alias_in_tf1(self):
        target = self.changed(model(TF1_TABLE), "--xai-model", "serving_default")
        self.nothing_else_changed(model(TF1_TABLE), target)
        arguments, expected = self.answers_as_before(TF1_TABLE, target)
        self.same_answers(expected, load(target).signatures["xai_model"](**arguments))

    def test_rename_and_drop(self):
        target = self.changed(model(SEVERAL), "--drop", "logs", "--rename",
                              "serving_default=xai_model")
        self.assertEqual(set(load(target).signatures), {"xai_model"})
        self.assertEqual(set(read(target).signature_def) - {"__saved_model_init_op"},
                         {"xai_model"})
        self.nothing_else_changed(model(SEVERAL), target)

    def test_rename_of_an_output_makes_parts_match(self):
        name = "tf2_preprocess_mismatch_name"
        target = self.changed(model(name), "--rename", "xai_preprocess:scaled=features")
        self.nothing_else_changed(model(name), target)
        self.parts_answer_as_the_whole(name, target)

    # -------------------------------------------------------------------------------------- splits

    def test_proposed_splits_compute_what_the_whole_does(self):
        for name in (TEXT, IMAGE, CITY, "tf2_image_uint8_input", "tf2_int_onehot",
                     "tf2_tf_example_preprocess", "keras2_bilstm_text_ids", TF1_TABLE, TF1_IMAGE):
            with self.subTest(name):
                options = self.split_command(model(name), "--signature", "serving_default")
                target = self.changed(model(name), *options)
                if about(name)["format"] == "tf2" or "--drop" not in options:
                    self.nothing_else_changed(model(name), target)
                self.parts_answer_as_the_whole(name, target)
                self.explains(name, target)

    def test_saved_model_cli_shows_the_new_signature(self):
        target = self.changed(model(CITY), *self.split_command(model(CITY)))
        shown = subprocess.run(
            [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "show", "--dir",
             target, "--tag_set", "serve", "--signature_def", "xai_model"],
            capture_output=True, text=True, timeout=cli_test.TIMEOUT_SECONDS)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("inputs['rooms']", shown.stdout)
        self.assertIn("outputs['rent']", shown.stdout)

    def test_the_loader_of_tensorflow_1_runs_the_new_signatures(self):
        """It goes by graph and SignatureDef alone, as TensorFlow Serving does."""
        class Words(tf.Module):
            def __init__(self):
                super().__init__()
                self.table = tf.Variable([[0.5, -1.0], [2.0, 0.25], [-0.75, 3.0]])
                self.weights = tf.Variable([[1.5], [-0.5]])

            @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="word")])
            def score(self, word):
                ids = tf.strings.to_hash_bucket_fast(word, 3)
                return {"y": tf.tanh(tf.gather(self.table, ids) @ self.weights)}

        source = str(self.folder / "words")
        words = Words()
        tf.saved_model.save(words, source, signatures=words.score)
        target = self.changed(source, *self.split_command(source))
        feeds = {"word": ["oslo", "rome", "lima", "bern"]}
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            meta = tf.compat.v1.saved_model.load(session, ["serve"], target)

            def run(key, values):
                signature = meta.signature_def[key]
                return session.run(
                    {output: info.name for output, info in signature.outputs.items()},
                    {signature.inputs[key].name: fed for key, fed in values.items()})

            whole = run("serving_default", feeds)
            parts = run("xai_model", run("xai_preprocess", feeds))
        np.testing.assert_allclose(parts["y"], whole["y"], rtol=1e-6)

    def test_saving_again_keeps_the_signatures(self):
        target = self.changed(model(CITY), *self.split_command(model(CITY)))
        again = str(self.folder / "again")
        loaded = load(target)
        tf.saved_model.save(loaded, again, signatures=dict(loaded.signatures))
        self.assertEqual(set(load(again).signatures), set(loaded.signatures))

    # --------------------------------------------------------------------------- what check prints

    def test_what_check_prints_mends_what_it_refuses(self):
        for name, piece in MENDED.items():
            with self.subTest(name):
                outcome = whylight("check", model(name), "--json")
                fixes = [problem["fix"].splitlines()[0]
                         for problem in json.loads(outcome.out)["problems"]
                         if problem["fix"].startswith("whylight signature ")]
                self.assertTrue(fixes, outcome.out)
                words = shlex.split(fixes[0])
                self.assertIn(piece, fixes[0])
                self.assertEqual(words[2], model(name))
                target = self.changed(model(name), *words[5:])
                report = json.loads(whylight("check", target, "--json").out)
                self.assertEqual(report["verdict"], "explain", report)
                self.assertIn("integrated-gradients", report["methods"])

    # ----------------------------------------------------------------------------- folder and files

    def test_in_place_replaces_the_file_and_drops_the_fingerprint(self):
        source = str(self.folder / "model")
        shutil.copytree(model(SEVERAL), source)
        outcome = whylight("signature", source, "--in-place", "--xai-model", "serving_default")
        self.expect(outcome, 0)
        self.assertIn("saved_model.pb was replaced", outcome.out)
        self.nothing_else_changed(model(SEVERAL), source)
        self.assertIn("xai_model", load(source).signatures)

    def test_files_are_linked_or_copied(self):
        source = str(self.folder / "model")
        shutil.copytree(model(CITY), source)
        variables = "variables/variables.index"
        linked = self.changed(source, "--xai-model", "serving_default")
        self.assertTrue(os.path.samefile(os.path.join(source, variables),
                                         os.path.join(linked, variables)))
        copied = self.changed(source, "--xai-model", "serving_default", "--copy")
        self.assertFalse(os.path.samefile(os.path.join(source, variables),
                                          os.path.join(copied, variables)))
        self.nothing_else_changed(source, copied)

    def test_refusals_say_what_to_do_and_leave_nothing(self):
        taken = str(self.folder / "taken")
        os.mkdir(taken)
        new = str(self.folder / "new")
        inside = os.path.join(self.folder, "model", "inside")
        source = str(self.folder / "model")
        shutil.copytree(model(CITY), source)
        dense = self.split_command(source)[-1]
        rows = [
            (source, ("-o", taken, "--xai-model", "serving_default"), "is there already"),
            (source, ("-o", inside, "--xai-model", "serving_default"), "lies inside"),
            (source, ("-o", new), "nothing to change"),
            (source, ("--xai-model", "serving_default"), "expected -o OUT"),
            (source, ("-o", new, "--in-place", "--xai-model", "serving_default"), "one of them"),
            (source, ("-o", new, "--xai-model", "serving_defualt"),
             "did you mean 'serving_default'"),
            (source, ("-o", new, "--drop", "serving_default"), "no signature would be left"),
            (model(TEXT), ("-o", new, "--xai-model", "serving_default"), "--drop xai_model"),
            (source, ("-o", new, "--xai-model-inputs", "rooms"),
             "output 'rent' still needs the input 'city'"),
            (source, ("-o", new, "--xai-model-inputs", "nowhere/to/be/found"),
             "there is no node"),
            (model("tf2_ragged_signature"), ("-o", new, "--xai-preprocess-until",
                                             "RaggedReduceSum/UnsortedSegmentSum"),
             "of which no row can be cut"),
            (source, ("-o", new, "--xai-model-outputs", "city"), "floating-point"),
            (source, ("-o", new, "--rename", "serving_default"), "KEY=NEW"),
            (source, ("-o", new, "--rename", "serving_default:room=r"), "did you mean 'rooms'"),
            (source, ("-o", new, "--rename", "serving_default:rooms=a-b"), "letters, digits"),
            (source, ("-o", new, "--signature", "serving_default"), "nothing to change"),
            (source, ("-o", new, "--xai-model", "serving_default", "--xai-preprocess-until",
                      dense), "takes a signature as it is"),
        ]
        for path, options, piece in rows:
            with self.subTest(options=options):
                self.expect_refused(whylight("signature", path, *options), 2, piece)
                self.assertFalse(os.path.exists(new))
        self.assertEqual(sorted(os.listdir(self.folder)), ["model", "taken"])
        self.assertEqual(files_below(source), files_below(model(CITY)))


if __name__ == "__main__":
    cli_test.PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()

"""The command line as people and scripts use it: the program as a process, on tests/models.

    cli_test.py PROGRAM [unittest's own arguments]

What it computes is held by models_test; here it is what is printed where, and with which exit code.
"""
import base64
import concurrent.futures
import contextlib
import gzip
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

MODELS = pathlib.Path(__file__).resolve().parents[1] / "models"
PROGRAM = ""
TIMEOUT_SECONDS = 120  # Of one call; sanitizers are slow.

FLOWER = "tf2_several_with_xai_model"  # flower [4] -> probabilities [3], explained as xai_model
FLOWER_BASELINE = "flower=[5.8, 3.0, 4.35, 1.3]"
FLOWER_INSTANCE = "[5.1, 3.5, 1.4, 0.2]"


def model(name):
    return str(MODELS / name / "model")


def request(name):
    return str(MODELS / name / "request.json")


def about(name):
    return json.loads((MODELS / name / "about.json").read_text())


class Outcome:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def lines(self):
        """Standard output as JSON Lines. Integers are kept apart from numbers with a point."""
        return [json.loads(line) for line in self.out.splitlines()]


def whylight(*arguments, stdin="", stdout=subprocess.PIPE, cwd=None):
    done = subprocess.run([PROGRAM, *arguments], input=stdin, stdout=stdout,
                          stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_SECONDS, cwd=cwd)
    return Outcome(done.returncode, done.stdout, done.stderr)


def in_parallel(calls):
    """The outcomes of a dict of argument tuples; on two cores a call seldom uses both."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        started = {name: pool.submit(whylight, *call) for name, call in calls.items()}
        return {name: one.result() for name, one in started.items()}


class CommandLineTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    # unittest has it from Python 3.11 on.
    def enterContext(self, context):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(context)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def expect(self, outcome, code, *pieces):
        """The exit code, and pieces of standard error (for a success: nothing there)."""
        self.assertEqual(outcome.code, code, outcome.err)
        for piece in pieces:
            self.assertIn(piece, outcome.err)
        if code == 0 and not pieces:
            self.assertEqual(outcome.err, "")

    def expect_refused(self, outcome, code, *pieces):
        """A refusal says why, on standard error alone."""
        self.expect(outcome, code, *pieces)
        self.assertEqual(outcome.out, "")
        self.assertTrue(outcome.err.startswith("whylight: "), outcome.err)


class Explain(CommandLineTest):
    def explain_flower(self, *arguments, **options):
        return whylight("explain", model(FLOWER), "-i", request(FLOWER), "--baseline",
                        FLOWER_BASELINE, *arguments, **options)

    def test_lines_have_the_keys_of_a_vertex_batch_explanation(self):
        outcome = self.explain_flower("--labels", "setosa,versicolor,virginica", "--top-k", "2")
        self.expect(outcome, 0)
        instances = json.loads(pathlib.Path(request(FLOWER)).read_text())["instances"]
        lines = outcome.lines()
        self.assertEqual([line["instance"] for line in lines], instances)
        for line in lines:
            self.assertEqual(list(line), ["instance", "prediction", "explanation", "whylight"])
            self.assertEqual(list(line["explanation"]), ["attributions"])
            attributions = line["explanation"]["attributions"]
            self.assertEqual(len(attributions), 2)
            for one in attributions:
                self.assertEqual(set(one), {
                    "baselineOutputValue", "instanceOutputValue", "featureAttributions",
                    "outputIndex", "outputDisplayName", "approximationError", "outputName"})
                self.assertEqual(one["outputName"], "probabilities")
                index = one["outputIndex"]
                # One is written as the float that the model gave, the other as a double.
                self.assertAlmostEqual(one["instanceOutputValue"], line["prediction"][index[0]],
                                       delta=1e-6)
                self.assertEqual(one["outputDisplayName"],
                                 ["setosa", "versicolor", "virginica"][index[0]])
                self.assertEqual(list(one["featureAttributions"]), ["flower"])
                shares = one["featureAttributions"]["flower"]
                difference = one["instanceOutputValue"] - one["baselineOutputValue"]
                # Points are added until the attributions are known to 1 %.
                self.assertAlmostEqual(sum(shares), difference, delta=0.01 * abs(difference))
            self.assertGreaterEqual(attributions[0]["instanceOutputValue"],
                                    attributions[1]["instanceOutputValue"])
            self.assertEqual(line["whylight"]["signature"], "xai_model")
            self.assertEqual(line["whylight"]["reason"], "key xai_model")

    def test_a_scalar_output_has_no_index_and_every_number_has_a_point(self):
        outcome = whylight("explain", model("tf2_linear_with_bias"), "-i", "-",
                           "--baseline", "x=[0,0,0]", stdin="[1, 1, 0]\n")
        self.expect(outcome, 0)
        integers = []
        line = json.loads(outcome.out, parse_int=lambda text: integers.append(text) or int(text))
        attribution = line["explanation"]["attributions"][0]
        self.assertEqual(set(attribution), {
            "baselineOutputValue", "instanceOutputValue", "featureAttributions",
            "approximationError", "outputName"})
        # The share of x[2] is zero, and a reader of Google's drops an integer there.
        self.assertEqual(attribution["featureAttributions"]["x"][2], 0)
        attributions = outcome.out[outcome.out.index('"explanation"'):
                                   outcome.out.index('"whylight"')]
        json.loads("{" + attributions.rstrip(",") + "}", parse_int=self.fail)
        self.assertEqual(integers[:3], ["1", "1", "0"])  # The instance as it was given.

    def test_the_same_seed_gives_the_same_bytes(self):
        arguments = ("--method", "sampled-shapley", "--paths", "3", "--seed")
        first, second = (self.explain_flower(*arguments, "7") for _ in range(2))
        self.expect(first, 0)
        self.assertEqual(first.out, second.out)

    def test_ways_to_sample(self):
        """four players from two baselines: exact, but for three paths"""
        shapley = ("--method", "sampled-shapley")
        calls = {
            "paths": (*shapley, "--paths", "25"),
            "exact": (*shapley, "--paths", "exact"),
            "kernel": ("--method", "kernel-shap"),
            "few": (*shapley, "--paths", "3", "--seed", "5"),
            "auto": (*shapley, "--paths", "auto", "--tolerance", "0.5"),
        }
        answers = {}
        for name, arguments in calls.items():
            outcome = self.explain_flower(*arguments, "--baseline", "flower=0")
            self.expect(outcome, 0)
            for line in outcome.lines():
                (sampling,) = line["whylight"]["sampling"]
                (attribution,) = line["explanation"]["attributions"]
                errors = sampling["standardErrors"]["flower"]
                self.assertEqual(len(errors), 4)
                self.assertEqual(sampling["exact"], name != "few", name)
                self.assertEqual(all(error == 0 for error in errors), sampling["exact"], name)
                self.assertNotIn("sampling", attribution)
                answers.setdefault(name, []).extend(attribution["featureAttributions"]["flower"])
        for name in ("exact", "kernel", "auto"):
            for got, want in zip(answers[name], answers["paths"], strict=True):
                self.assertAlmostEqual(got, want, 6)
        self.assertGreater(max(abs(few - exact) for few, exact in
                               zip(answers["few"], answers["paths"], strict=True)), 1e-4)

    def test_the_settings_of_a_sampling_method_are_in_the_answer(self):
        shapley = ("--method", "sampled-shapley")
        rows = {
            (*shapley, "--paths", "auto", "--tolerance", "0.25"):
                {"paths": "auto", "tolerance": 0.25, "seed": 0},
            (*shapley, "--num-paths", "7", "--seed", "3"): {"paths": 7, "seed": 3},
            (*shapley, "--paths", "exact"): {"paths": "exact"},
            ("--method", "kernel-shap", "--samples", "9"): {"samples": 9, "seed": 0},
        }
        for arguments, settings in rows.items():
            with self.subTest(arguments):
                outcome = self.explain_flower(*arguments)
                self.expect(outcome, 0)
                self.assertLessEqual(settings.items(), outcome.lines()[0]["whylight"].items())
        table = self.explain_flower(*shapley, "--paths", "3", "--baseline", "flower=0",
                                    "--format", "table")
        self.expect(table, 0)
        self.assertIn("method     sampled-shapley, 3 paths, seed 0\n", table.out)
        self.assertRegex(table.out, r"error [0-9.]+ %   3 paths, [0-9]+ coalitions\n")
        self.assertRegex(table.out, r"±[0-9.]+")

    def test_parameters_give_the_paths_unless_the_line_does(self):
        parameters = self.folder / "parameters.json"
        parameters.write_text('{"sampledShapleyAttribution": {"pathCount": 4}}')
        base = ("--parameters", str(parameters))
        outcome = self.explain_flower(*base)
        self.expect(outcome, 0)
        self.assertEqual(outcome.lines()[0]["whylight"]["paths"], 4)
        outcome = self.explain_flower(*base, "--paths", "exact")
        self.assertEqual(outcome.lines()[0]["whylight"]["paths"], "exact")

    def test_gcloud_spellings(self):
        short, long = (self.explain_flower(flag, "3") for flag in
                       ("--steps", "--num-integral-steps"))
        self.expect(long, 0)
        self.assertEqual(short.out, long.out)
        self.assertEqual(long.lines()[0]["whylight"]["steps"], 3)

    def test_regions_stand_beside_the_attributions(self):
        name = "tf2_image_preprocess"
        parameters = self.file("parameters.json", '{"xraiAttribution": {"stepCount": 2}}')
        outcome = whylight("explain", model(name), "-i", request(name), "--parameters", parameters)
        self.expect(outcome, 0)
        for line in outcome.lines():
            attribution, = line["explanation"]["attributions"]
            self.assertEqual(set(attribution), {
                "baselineOutputValue", "instanceOutputValue", "featureAttributions",
                "outputIndex", "approximationError", "outputName"})
            self.assertEqual(line["whylight"]["method"], "xrai")
            self.assertEqual(line["whylight"]["steps"], 2)
            values = attribution["featureAttributions"]["numpy_inputs"]
            flat = [value for row in values for (value,) in row]
            self.assertEqual((len(values), len(flat)), (224, 224 * 224))
            regions = line["whylight"]["regions"][0]["numpy_inputs"]
            self.assertEqual([region["rank"] for region in regions],
                             list(range(1, len(regions) + 1)))
            covered = [0] * len(flat)
            for region in regions:
                mask = region["mask"]
                pixels = [pixel for first, length in zip(mask[::2], mask[1::2])
                          for pixel in range(first, first + length)]
                self.assertEqual({flat[pixel] for pixel in pixels}, {region["attribution"]})
                self.assertAlmostEqual(region["area"], len(pixels) / len(flat))
                for pixel in pixels:
                    covered[pixel] += 1
            self.assertEqual(set(covered), {1})
            ranked = [region["attribution"] for region in regions if "rest" not in region]
            self.assertEqual(ranked, sorted(ranked, reverse=True))
        metadata = self.file("m.json", json.dumps({
            "inputs": {"numpy_inputs": {"input_tensor_name": "numpy_inputs", "modality": "image",
                                        "group_name": "view"}},
            "outputs": {"y": {"output_tensor_name": attribution["outputName"]}}}))
        grouped = whylight("explain", model(name), "-i", request(name), "--parameters", parameters,
                           "--metadata", metadata)
        self.expect(grouped, 0)
        for alone, line in zip(outcome.lines(), grouped.lines()):
            regions = line["whylight"]["regions"][0]["view"]
            self.assertEqual({region.pop("input") for region in regions}, {"numpy_inputs"})
            self.assertEqual(regions, alone["whylight"]["regions"][0]["numpy_inputs"])
            self.assertIsInstance(
                line["explanation"]["attributions"][0]["featureAttributions"]["view"], float)

    def test_methods_have_their_own_steps(self):
        name = "keras2_cnn_digits_saved_model_save"
        steps = {"xrai": 50, "blur-ig": 100, "guided-ig": 200,
                 "integrated-gradients": "auto"}
        outcomes = in_parallel({method: ("explain", model(name), "-i", request(name), "--method",
                                         method) for method in steps})
        for method, count in steps.items():
            with self.subTest(method):
                self.assertEqual(outcomes[method].code, 0, outcomes[method].err)
                self.assertEqual(outcomes[method].lines()[0]["whylight"]["steps"], count)

    def test_requests_in_serving_defaults_words(self):
        """production's key is taken where it stands for the preprocessing function's"""
        name = "tf2_tabular_preprocess_two_outputs"
        outcome = whylight("explain", model(name), "-i", request(name))
        self.assertEqual(outcome.code, 0, outcome.err)
        line = outcome.lines()[0]
        self.assertEqual(line["whylight"]["preprocess"], "xai_preprocess")
        self.assertEqual(set(line["explanation"]["attributions"][0]["featureAttributions"]),
                         {"colour_onehot", "scaled"})

    def test_pipe_gets_lines_and_a_table_comes_on_request(self):
        outcome = self.explain_flower("--format", "table")
        self.expect(outcome, 0)
        self.assertTrue(outcome.out.startswith("signature  xai_model: key xai_model\n"))
        self.assertIn("baseline   flower: 5.8, 3, 4.35, 1.3 (--baseline)", outcome.out)
        self.assertIn("F(baseline) ", outcome.out)
        self.assertNotIn("\033", outcome.out)

    def test_terminal_gets_a_table(self):
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [PROGRAM, "explain", model(FLOWER), "-i", request(FLOWER), "--baseline",
             FLOWER_BASELINE], stdout=slave, stderr=subprocess.DEVNULL)
        os.close(slave)
        output = b""
        with contextlib.suppress(OSError):  # Linux reports the end of a terminal as an error.
            while block := os.read(master, 4096):
                output += block
        os.close(master)
        self.assertEqual(process.wait(TIMEOUT_SECONDS), 0)
        self.assertTrue(output.startswith(b"signature  "), output)

    def test_summary_is_the_mean_of_the_lines(self):
        path = self.folder / "summary.json"
        outcome = self.explain_flower("--summary", str(path), "--labels", "a,b,c")
        self.expect(outcome, 0)
        lines = outcome.lines()
        summary = json.loads(path.read_text())
        of_label = {}
        for line in lines:
            one = line["explanation"]["attributions"][0]
            of_label.setdefault(one["outputIndex"][0], []).append(one)
        self.assertEqual([one["outputIndex"][0] for one in summary["meanAttributions"]],
                         sorted(of_label))
        self.assertEqual(summary["whylight"]["rows"], len(lines))
        mean = lambda values: sum(values) / len(values)
        for got, extra in zip(summary["meanAttributions"], summary["whylight"]["labels"]):
            rows = of_label[got["outputIndex"][0]]
            self.assertEqual(set(got), set(rows[0]))
            self.assertEqual(extra["count"], len(rows))
            for key in ("baselineOutputValue", "instanceOutputValue", "approximationError"):
                self.assertAlmostEqual(got[key], mean([row[key] for row in rows]), delta=1e-12)
            for i in range(4):
                shares = [row["featureAttributions"]["flower"][i] for row in rows]
                self.assertAlmostEqual(got["featureAttributions"]["flower"][i], mean(shares),
                                       delta=1e-12)
                self.assertAlmostEqual(extra["meanAbsoluteAttributions"]["flower"][i],
                                       mean([abs(share) for share in shares]), delta=1e-12)
        alone = self.explain_flower("--summary", "-", "--labels", "a,b,c")
        self.expect(alone, 0)
        self.assertEqual(json.loads(alone.out), summary)
        table = self.explain_flower("--summary", "-", "--format", "table")
        self.expect(table, 0)
        self.assertIn("all labels   3 attributions", table.out)
        self.assertNotIn("instances[0]", table.out)

    def test_a_summary_that_has_no_place_is_refused_before_the_work(self):
        self.expect_refused(self.explain_flower("--summary", str(self.folder / "no" / "s.json")),
                            2, "no/s.json")
        same = str(self.folder / "one.jsonl")
        self.expect_refused(self.explain_flower("--summary", same, "-o", same), 2, "same file")

    def test_features_are_named_by_option_header_and_metadata(self):
        def names(*arguments):
            outcome = whylight("explain", model(FLOWER), "--baseline", FLOWER_BASELINE,
                               "--format", "table", *arguments)
            self.assertEqual(outcome.code, 0, outcome.err)
            first = outcome.out.split("\n\n")[1].splitlines()[1:]
            return {line.split()[0] for line in first}

        table = self.file("table.csv", "sl,sw,pl,pw\n5.1,3.5,1.4,0.2\n")
        self.assertEqual(names("-i", table), {"sl", "sw", "pl", "pw"})
        self.assertEqual(names("-i", table, "--feature-names", "a,b,c,d"), {"a", "b", "c", "d"})
        # The metadata's names find their columns, in whatever order they stand.
        metadata = self.file("metadata.json", json.dumps({
            "framework": "tensorflow2",
            "inputs": {"flower": {"input_tensor_name": "flower", "encoding": "bag_of_features",
                                  "index_feature_mapping": ["pw", "pl", "sw", "sl"]}},
            "outputs": {"probabilities": {"output_tensor_name": "probabilities"}}}))
        self.assertEqual(names("-i", table, "--metadata", metadata), {"sl", "sw", "pl", "pw"})
        outcome = whylight("explain", model(FLOWER), "-i", table, "--metadata", metadata,
                           "--baseline", FLOWER_BASELINE)
        backwards = whylight("predict", model(FLOWER), "--signature", "xai_model", "-i", "-",
                             stdin="[0.2, 1.4, 3.5, 5.1]\n")
        self.assertEqual(outcome.lines()[0]["prediction"], backwards.lines()[0]["prediction"])

    def test_steps_are_as_many_as_the_tolerance_needs_or_as_told(self):
        def lines(*options):
            outcome = whylight("explain", model(FLOWER), "-i", request(FLOWER), *options)
            self.assertEqual(outcome.code, 0, outcome.err)
            return [json.loads(line)["whylight"] for line in outcome.out.splitlines()]
        for ours in lines():
            self.assertEqual((ours["steps"], ours["tolerance"], ours["maxSteps"]),
                             ("auto", 0.01, 255))
            effort = ours["effort"][0]
            self.assertTrue(effort["converged"])
            self.assertLessEqual(effort["estimatedError"], 0.01)
            self.assertIn(effort["steps"], range(7, 256))
        loose = sum(ours["effort"][0]["steps"] for ours in lines("--tolerance", "0.5"))
        tight = sum(ours["effort"][0]["steps"] for ours in lines("--tolerance", "0.0001"))
        self.assertLess(loose, tight)
        for ours in lines("--steps", "20"):
            self.assertEqual(ours["steps"], 20)
            self.assertNotIn("effort", ours)
        for ours in lines("--tolerance", "0.000001", "--max-steps", "7"):
            self.assertFalse(ours["effort"][0]["converged"])
            self.assertIn("not-converged", [warning["rule"] for warning in ours["warnings"]])

    def test_points_are_the_middles_of_parts_if_asked(self):
        def attributions(*options):
            outcome = whylight("explain", model(FLOWER), "-i", request(FLOWER), "--baseline",
                               FLOWER_BASELINE, *options)
            self.assertEqual(outcome.code, 0, outcome.err)
            return [(line["explanation"]["attributions"][0]["featureAttributions"]["flower"],
                     line["whylight"]) for line in outcome.lines()]
        exact = attributions("--steps", "200")
        for rule, name in (("midpoint", "midpoint"), ("gauss-legendre", None)):
            for (found, ours), (want, _) in zip(attributions("--steps", "30", "--rule", rule), exact):
                self.assertEqual(ours.get("rule"), name)
                self.assertLess(max(abs(f - w) for f, w in zip(found, want)), 0.05)
        self.assertNotEqual(attributions("--steps", "30", "--rule", "midpoint")[0][0],
                            attributions("--steps", "30")[0][0])

    def test_baselines_are_taken_of_data(self):
        train = self.file("train.csv", "5.1,3.5,1.4,0\n4.9,3.0,1.4,1\n6.3,3.3,6.0,1\n")
        flower = ("explain", model(FLOWER), "-i", request(FLOWER), "--steps", "5")
        data = ("--baseline-data", train)
        outcomes = in_parallel({
            "median": (*flower, "--baseline", "median", *data),
            "given": (*flower, "--baseline", "flower=[5.1, 3.3, 1.4, 1]"),
            "random": (*flower, "--baseline", "flower=random", *data, "--seed", "7"),
            "again": (*flower, "--baseline", "random", *data, "--seed", "7"),
            "zeros": (*flower, "--baseline", "zeros"),
        })
        for name, outcome in outcomes.items():
            self.expect(outcome, 0)
            self.assertEqual(len(outcome.lines()), 3, name)
        self.assertEqual([line["explanation"] for line in outcomes["median"].lines()],
                         [line["explanation"] for line in outcomes["given"].lines()])
        self.assertEqual(outcomes["random"].out, outcomes["again"].out)
        self.assertNotEqual(outcomes["random"].lines()[0]["explanation"],
                            outcomes["zeros"].lines()[0]["explanation"])
        baselines = outcomes["median"].lines()[0]["whylight"]["baselines"]["flower"]
        self.assertEqual(baselines, f"median of 3 rows: 5.1, 3.3, 1.4, 1 (--baseline-data {train})")

    def test_baselines_of_pictures(self):
        name = "keras2_cnn_digits_saved_model_save"
        digits = ("explain", model(name), "-i", request(name), "--steps", "4")
        parameters = self.file("p.json", json.dumps({"integratedGradientsAttribution": {
            "stepCount": 4, "blurBaselineConfig": {"maxBlurSigma": 3}}}))
        outcomes = in_parallel({
            "blurred": (*digits, "--baseline", "blurred", "--max-sigma", "3"),
            "parameters": ("explain", model(name), "-i", request(name), "--parameters", parameters),
            "black_white": (*digits, "--baseline", "black,white"),
        })
        for outcome in outcomes.values():
            self.expect(outcome, 0, "whylight: ") if outcome.err else self.expect(outcome, 0)
        blurred, parameters_too, both = (outcomes[one].lines()[0] for one in outcomes)
        self.assertEqual(blurred["explanation"], parameters_too["explanation"])
        said = [list(line["whylight"]["baselines"].values())[0]
                for line in (blurred, parameters_too, both)]
        self.assertEqual(said[0], "blurred with sigma 3 (--baseline)")
        self.assertEqual(said[1], f"blurred with sigma 3 ({parameters})")
        self.assertIn("black and white", said[2])

    def test_noise_and_methods_without_baselines(self):
        train = self.file("train.csv", "5.1,3.5,1.4,0.2\n4.9,3.0,1.4,0.2\n6.3,3.3,6.0,2.5\n")
        parameters = self.file("p.json", json.dumps({"integratedGradientsAttribution": {
            "stepCount": 5, "smoothGradConfig": {"noiseSigma": 0.3, "noisySampleCount": 4}}}))
        flower = ("explain", model(FLOWER), "-i", request(FLOWER))
        based = (*flower, "--baseline", FLOWER_BASELINE)
        outcomes = in_parallel({
            "noise": (*based, "--steps", "5", "--noise-sigma", "0.3", "--noisy-samples", "4"),
            "parameters": (*based, "--parameters", parameters),
            "auto": (*based, "--noise-sigma", "0.01"),
            "plain": (*based, "--steps", "5"),
            "smoothgrad": (*flower, "--method", "smoothgrad", "--noisy-samples", "5"),
            "gradient": (*flower, "--method", "gradient-x-input"),
            "expected": (*flower, "--method", "expected-gradients", "--baseline-data", train),
        })
        first = {}
        for name, outcome in outcomes.items():
            self.assertEqual(outcome.code, 0, outcome.err)
            first[name] = outcome.lines()[0]
        self.assertEqual(first["noise"]["explanation"], first["parameters"]["explanation"])
        self.assertNotEqual(first["noise"]["explanation"], first["plain"]["explanation"])
        self.assertEqual(first["noise"]["whylight"]["noisySamples"], 4)
        for name in ("smoothgrad", "gradient"):
            attribution = first[name]["explanation"]["attributions"][0]
            self.assertNotIn("baselineOutputValue", attribution)
            self.assertEqual(len(attribution["featureAttributions"]["flower"]), 4)
        expected = first["expected"]
        self.assertEqual(expected["whylight"]["baselines"]["flower"],
                         f"200 draws of 3 rows (--baseline-data {train})")
        attribution = expected["explanation"]["attributions"][0]
        gap = (sum(attribution["featureAttributions"]["flower"]) -
               attribution["instanceOutputValue"] + attribution["baselineOutputValue"])
        spread = attribution["approximationError"] * abs(
            attribution["instanceOutputValue"] - attribution["baselineOutputValue"])
        # The sum has at most sqrt(4) times the error of the elements; 5 of these.
        self.assertLess(abs(gap), 10 * spread)

    def test_a_request_overrides_what_is_explained_and_how(self):
        instance = {"instances": [json.loads(FLOWER_INSTANCE)]}
        override = self.file("override.json", json.dumps({**instance, "explanationSpecOverride": {
            "parameters": {"sampledShapleyAttribution": {"pathCount": 8}, "topK": 2},
            "metadata": {"inputs": {"flower": {"inputBaselines": [[5.8, 3.0, 4.35, 1.3]]}}}}}))
        unknown = self.file("unknown.json", json.dumps({**instance, "explanationSpecOverride": {
            "metadata": {"inputs": {"flowre": {"inputBaselines": [0]}}}}}))
        wrong = self.file("wrong.json", json.dumps({**instance, "explanationSpecOverride": {
            "parameters": {"topK": 0}, "metadata": {"outputs": {}}}}))
        beyond = self.file("beyond.json", json.dumps({**instance, "explanationSpecOverride": {
            "parameters": {"integratedGradientsAttribution": {"stepCount": 101}}}}))
        flower = ("explain", model(FLOWER), "-i")
        based = ("--baseline", FLOWER_BASELINE)
        outcomes = in_parallel({
            "beyond": (*flower, beyond, *based),
            "taken": (*flower, beyond, *based, "--beyond-service-limits"),
            "override": (*flower, override),
            "options": (*flower, self.file("plain.json", json.dumps(instance)), "--method",
                        "sampled-shapley", "--paths", "8", "--top-k", "2", "--baseline",
                        FLOWER_BASELINE),
            "both": (*flower, override, "--method", "integrated-gradients", "--top-k", "1",
                     "--baseline", "flower=0"),
            "unknown": (*flower, unknown),
            "wrong": (*flower, wrong),
            "predict": ("predict", model(FLOWER), "-i", override),
        })
        said = outcomes["override"]
        self.expect(said, 0, "explains by sampled-shapley instead of integrated-gradients")
        line, = said.lines()
        self.assertEqual(line["explanation"], outcomes["options"].lines()[0]["explanation"])
        self.assertIn("explanationSpecOverride", line["whylight"]["baselines"]["flower"])
        both, = outcomes["both"].lines()
        self.assertEqual(both["whylight"]["method"], "integrated-gradients")
        self.assertEqual(len(both["explanation"]["attributions"]), 1)
        self.assertIn("--baseline", both["whylight"]["baselines"]["flower"])
        self.expect_refused(outcomes["unknown"], 2, "explanationSpecOverride flowre",
                            "did you mean 'flower'?")
        self.expect_refused(outcomes["wrong"], 2, "explanationSpecOverride",
                            "parameters.topK: expected at least 1", "metadata.outputs")
        self.expect(outcomes["predict"], 0, "'explanationSpecOverride' of the request is ignored")
        steps = "parameters.integratedGradientsAttribution.stepCount"
        self.expect_refused(outcomes["beyond"], 2, "explanationSpecOverride", f"{steps}: expected 1 "
                            "to 100, the services' range, got 101", "--beyond-service-limits")
        self.expect(outcomes["taken"], 0, f"{steps}: the services take 1 to 100, got 101")
        self.assertEqual(outcomes["taken"].lines()[0]["whylight"]["steps"], 101)

    def test_methods_that_sample_say_how_far_they_can_be_trusted(self):
        train = self.file("train.csv", "5.1,3.5,1.4,0.2\n4.9,3.0,1.4,0.2\n6.3,3.3,6.0,2.5\n")
        flower = ("explain", model(FLOWER), "-i", request(FLOWER))
        outcomes = in_parallel({
            "smoothgrad": (*flower, "--method", "smoothgrad", "--noisy-samples", "5"),
            "expected": (*flower, "--method", "expected-gradients", "--baseline-data", train,
                         "--samples", "30"),
            "noise": (*flower, "--noise-sigma", "0.3", "--noisy-samples", "4", "--steps", "9"),
        })
        for name, samples in (("smoothgrad", 5), ("expected", 30), ("noise", 4)):
            with self.subTest(name):
                self.assertEqual(outcomes[name].code, 0, outcomes[name].err)
                sampling, = outcomes[name].lines()[0]["whylight"]["sampling"]
                self.assertEqual(sampling["samples"], samples)
                self.assertNotIn("coalitions", sampling)
                errors = sampling["standardErrors"]["flower"]
                self.assertEqual(len(errors), 4)
                self.assertTrue(all(error > 0 for error in errors))

    def test_occlusion_needs_no_gradient(self):
        digits, bytes_ = "keras2_cnn_digits_saved_model_save", "tf2_image_uint8_input"
        occlusion = ("--method", "occlusion", "--window", "4,4", "--stride", "3")
        outcomes = in_parallel({
            "flower": ("explain", model(FLOWER), "-i", request(FLOWER), "--baseline",
                       FLOWER_BASELINE, *occlusion),
            **{name: ("explain", model(name), "-i", request(name), *occlusion)
               for name in (digits, bytes_)}})
        shares = {}
        for name, outcome in outcomes.items():
            self.assertEqual(outcome.code, 0, outcome.err)
            attribution = outcome.lines()[0]["explanation"]["attributions"][0]
            self.assertEqual(attribution["approximationError"], 0)
            shares[name], = attribution["featureAttributions"].values()
        self.assertEqual(len(shares["flower"]), 4)
        for name in (digits, bytes_):
            # A number for each pixel.
            self.assertTrue(all(len(pixel) == 1 for row in shares[name] for pixel in row))
            self.assertTrue(any(pixel[0] != 0 for row in shares[name] for pixel in row))

    def test_occlusion_removes_words_one_by_one(self):
        name = "tf2_text_preprocess"
        words = ["dull ", "film ", "with ", "a ", "great ", "cast"]
        text = "".join(words)
        without = ["".join(words[:i] + words[i + 1:]) for i in range(len(words))]
        rows = self.file("rows.jsonl", "".join(json.dumps(one) + "\n" for one in [text, *without]))
        outcomes = in_parallel({
            "explain": ("explain", model(name), "-i", self.file("text.jsonl", json.dumps(text)),
                        "--method", "occlusion", "--pieces", "words"),
            "predict": ("predict", model(name), "-i", rows, "--signature", "serving_default")})
        for outcome in outcomes.values():
            self.assertEqual(outcome.code, 0, outcome.err)
        line, = outcomes["explain"].lines()
        pieces, = line["whylight"]["pieces"].values()
        self.assertEqual(pieces, words)
        shares, = line["explanation"]["attributions"][0]["featureAttributions"].values()
        first, *others = [one["prediction"] for one in outcomes["predict"].lines()]
        score = lambda prediction: float(next(iter(prediction.values()))[0] if isinstance(
            prediction, dict) else prediction[0])
        for share, other in zip(shares, others, strict=True):
            self.assertAlmostEqual(share, score(first) - score(other), places=5)

    def test_refusals(self):
        flower = ("explain", model(FLOWER), "-i", request(FLOWER))
        integers = "tf2_image_uint8_input"
        several = "tf2_several_without_xai_model"
        mixed = "tf2_dict_inputs_mixed"
        rows = {  # name: (arguments, exit code, pieces of the message)
            "no_instances": (("explain", model(FLOWER)), 2, "give -i FILE"),
            "no_such_file": (("explain", model(FLOWER), "-i", "nowhere.json"), 2, "nowhere.json"),
            "no_such_model": (("explain", "nowhere", "-i", request(FLOWER)), 2, "nowhere"),
            "no_such_option": ((*flower, "--step", "3"), 2, "--step", "did you mean '--steps'?"),
            "no_such_method": ((*flower, "--method", "magic"), 2, "--method magic"),
            "no_picture": ((*flower, "--method", "xrai"), 2, "xrai explains pictures",
                           "guided-ig"),
            "blur_of_a_baseline": ((*flower, "--method", "blur-ig", "--baseline", "flower=0"), 2,
                                   "starts from the blurred picture"),
            "sigma": ((*flower, "--method", "blur-ig", "--max-sigma", "wide"), 2, "--max-sigma",
                      'expected a number, got "wide"'),
            "sigma_range": ((*flower, "--method", "blur-ig", "--max-sigma", "0"), 2,
                            "--max-sigma 0", "above 0"),
            "fraction": ((*flower, "--method", "guided-ig", "--fraction", "2"), 2, "--fraction 2"),
            "rule_alone": ((*flower, "--rule", "midpoint"), 2, "needs a number of points"),
            "xrai_algorithm": ((*flower, "--xrai-algorithm", "fats"), 2, "did you mean 'fast'?"),
            "batch_size": ((*flower, "--batch-size", "-1"), 2, "--batch-size",
                           'expected an integer of 1 or more, got "-1"'),
            "threads": ((*flower, "--threads", "0"), 2, "--threads", "1 or more"),
            "seed": ((*flower, "--seed", "-1"), 2, "--seed", "0 or more"),
            "seed_too_large": ((*flower, "--seed", "18446744073709551616"), 2,
                               "18446744073709551615 or less"),
            "steps": ((*flower, "--steps", "0"), 2, "--steps 0", "1 to 10000, or auto"),
            "max_steps": ((*flower, "--max-steps", "6"), 2, "--max-steps 6", "7 to 10000"),
            "tolerance": ((*flower, "--tolerance", "1"), 2, "--tolerance 1", "between 0 and 1"),
            "tolerance_word": ((*flower, "--tolerance", "1%"), 2, "--tolerance", '"1%"'),
            "steps_no_number": ((*flower, "--steps", "5O"), 2, "--steps", '"5O"'),
            "top_k": ((*flower, "--top-k", "0"), 2, "--top-k 0"),
            "memory": ((*flower, "--memory", "much"), 2, "--memory", "4G"),
            "device": ((*flower, "--device", "tpu"), 2, "--device", "cpu, gpu or gpu:N"),
            "format": ((*flower, "--format", "tabel"), 2, "did you mean 'table'?"),
            "signature": ((*flower, "--signature", "xai_modle"), 2, "xai_modle",
                          "'serving_default', 'top', 'xai_model'"),
            "tags": ((*flower, "--tags", "train"), 2, "train", "serve"),
            "class_outside": ((*flower, "--class", "3"), 2, "--class 3", "classes 0 to 2"),
            "class_unknown": ((*flower, "--class", "rose", "--labels", "rosa,tulip,lily"), 2,
                              "--class rose", "did you mean 'rosa'?"),
            "index_outside": ((*flower, "--output-indices", "0,3"), 2, "--output-indices 3"),
            "index_no_number": ((*flower, "--output-indices", "a"), 2, "--output-indices"),
            "labels_missing_file": ((*flower, "--labels", "labels.txt"), 2, "labels.txt",
                                    "no such file"),
            "labels_missing_path": ((*flower, "--labels", "./labels"), 2, "./labels"),
            "labels_count": ((*flower, "--labels", "a,b"), 2, "2 names", "3 elements"),
            "names_missing_file": ((*flower, "--feature-names", "names.txt"), 2, "names.txt"),
            "names_count": ((*flower, "--feature-names", "a,b,c"), 2, "3 names", "4 elements"),
            "names_of_whole_inputs": ((*flower, "--feature-names", "a,b,c,d", "--method",
                                       "sampled-shapley", "--players", "inputs"), 2,
                                      "--feature-names"),
            "paths_word": ((*flower, "--method", "sampled-shapley", "--paths", "many"), 2,
                           "--paths", "exact or auto", "many"),
            "paths_none": ((*flower, "--method", "sampled-shapley", "--paths", "0"), 2,
                           "--paths 0", "1 to 10000"),
            "tolerance": ((*flower, "--method", "sampled-shapley", "--paths", "auto",
                           "--tolerance", "2"), 2, "--tolerance 2", "between 0 and 1"),
            "samples": ((*flower, "--method", "kernel-shap", "--samples", "2000000"), 2,
                        "--samples 2000000", "1048576"),
            "samples_of_another": ((*flower, "--samples", "100"), 2, "--samples: "
                                   "integrated-gradients does not have it",
                                   "--method kernel-shap, expected-gradients"),
            "paths_of_another": ((*flower, "--paths", "9"), 2, "--paths",
                                 "--method sampled-shapley"),
            "steps_of_another": ((*flower, "--method", "sampled-shapley", "--steps", "9"), 2,
                                 "--steps", "xrai"),
            "blur_of_another": ((*flower, "--max-sigma", "9"), 2, "--max-sigma", "blur-ig"),
            "pieces_of_gradients": ((*flower, "--pieces", "words"), 2, "--pieces", "kernel-shap"),
            "baseline_form": ((*flower, "--baseline", "flower"), 2, "NAME=JSON"),
            "baseline_name": ((*flower, "--baseline", "flowre=0"), 2, "did you mean 'flower'?"),
            "baseline_kind": ((*flower, "--baseline", "medain"), 2, "black,white", '"medain"'),
            "baseline_without_data": ((*flower, "--baseline", "median"), 2,
                                      "--baseline median needs rows", "--baseline-data"),
            "baseline_without_range": ((*flower, "--baseline", "random"), 2, "range of 'flower'"),
            "baseline_data_missing": ((*flower, "--baseline", "mean", "--baseline-data",
                                       "nowhere.csv"), 2, "--baseline-data nowhere.csv"),
            "expected_without_data": ((*flower, "--method", "expected-gradients"), 2,
                                      "--baseline-data train.csv"),
            "gradient_of_a_baseline": ((*flower, "--method", "gradient-x-input", "--baseline",
                                        "zeros"), 2, "compares with nothing"),
            "window": ((*flower, "--method", "occlusion", "--window", "4"), 2, "HEIGHT,WIDTH"),
            "window_range": ((*flower, "--method", "occlusion", "--window", "4,0"), 2,
                             "--window 4,0"),
            "noise": ((*flower, "--noise-sigma", "-1"), 2, "--noise-sigma -1", "0 or more"),
            "noisy_samples": ((*flower, "--noisy-samples", "0"), 2, "--noisy-samples"),
            "image_range": ((*flower, "--image-range", "0..7"), 2, "0..255"),
            "no_such_pass": ((*flower, "--disable-pass", "magic"), 2, "magic", "prune"),
            "no_such_output": ((*flower, "--output-name", "probs"), 2, "probs", "probabilities"),
            "output_of_several": (("explain", model(mixed), "-i", request(mixed)), 2,
                                  "--output-name", "income", "risk"),
            "no_gradients": (("explain", model(integers), "-i", request(integers)), 3,
                             "--method sampled-shapley"),
            "several_signatures": (("explain", model(several), "-i", request(several)), 3,
                                   "xai_model", "several-signatures"),
            "unwritable": ((*flower, "-o", "/nowhere/out.jsonl"), 2, "/nowhere/out.jsonl"),
            "onto_a_directory": ((*flower, "-o", "/"), 2, "Is a directory"),
            "not_the_wheel": ((*flower, "--tensorflow", "/nowhere"), 2, "/nowhere"),
        }
        outcomes = in_parallel({name: row[0] for name, row in rows.items()})
        for name, (_, code, *pieces) in rows.items():
            with self.subTest(name):
                self.expect_refused(outcomes[name], code, *pieces)

    def test_a_request_for_another_signature_is_refused(self):
        text = json.dumps({"signature_name": "top", "instances": [[5.1, 3.5, 1.4, 0.2]]})
        outcome = whylight("explain", model(FLOWER), "-i", "-", stdin=text)
        self.expect_refused(outcome, 2, "signature_name", "'top'", "'xai_model'")

    def test_keys_of_neither_signature(self):
        """both key sets and the instance's own"""
        outcome = whylight("explain", model("tf2_tabular_preprocess_two_outputs"), "-i", "-",
                           stdin='{"foo": 1, "raw": [1, 2, 3]}\n')
        self.expect(outcome, 1, "line 1: unknown key 'foo' (the signature takes colour, raw; so does "
                    "serving_default; the instance has foo, raw)")
        outcome = whylight("explain", model("tf2_image_preprocess"), "-i", "-",
                           stdin='{"foo": 1}\n')
        self.expect(outcome, 1, "the signature takes bytes_inputs; so does serving_default; the "
                    "instance has foo")

    def test_vocabularies_come_with_the_rows(self):
        """a wrong class that only the first row can tell: nothing is written"""
        name = "tf1_dnn_classifier_raw"
        base = ("explain", model(name), "-i", request(name), "--output-name", "probabilities")
        out = self.folder / "out.jsonl"
        outcome = whylight(*base, "--class", "rose", "-o", str(out))
        self.expect_refused(outcome, 2, "--class rose")
        self.assertEqual(os.listdir(self.folder), [])

    def test_dump_holds_what_is_called(self):
        outcome = self.explain_flower("--dump-pass", "inline_calls")
        self.assertEqual(outcome.code, 0)
        after = outcome.err[outcome.err.index("# after inline_calls"):]
        self.assertIn(" = MatMul", after)
        self.assertNotIn("function ", after)  # All is inlined; the saver's are not the model's.


class Outputs(CommandLineTest):
    def test_two_outputs_at_once_are_those_of_each_alone(self):
        name = "tf1_dnn_classifier_raw"

        def attributions(output):
            outcome = whylight("explain", model(name), "-i", request(name), "--output-name", output,
                               "--steps", "5", "--class", "1")
            self.assertEqual(outcome.code, 0, outcome.err)
            return [line["explanation"]["attributions"] for line in outcome.lines()]
        both = attributions("logits,probabilities")
        self.assertEqual([one["outputName"] for one in both[0]], ["logits", "probabilities"])
        for index, output in enumerate(("logits", "probabilities")):
            for joined, alone in zip(both, attributions(output), strict=True):
                for feature, share in alone[0]["featureAttributions"].items():
                    # Rows share runs of another size: float32's sums are ordered differently.
                    self.assertAlmostEqual(joined[index]["featureAttributions"][feature], share,
                                           delta=1e-5 * max(1, abs(share)))

    def test_an_unknown_one_of_several_is_refused(self):
        name = "tf1_dnn_classifier_raw"
        self.expect_refused(whylight("explain", model(name), "-i", request(name), "--output-name",
                                     "logits,probabilties"), 2,
                            "no output 'probabilties' (did you mean 'probabilities'?)")


class Rows(CommandLineTest):
    """Good and bad rows, files that appear whole."""

    BAD_SECOND_ROW = f"{FLOWER_INSTANCE}\n[1, 2, 3]\n{FLOWER_INSTANCE}\n"

    def test_a_bad_row_is_set_aside_with_its_reason(self):
        rows = self.file("rows.jsonl", self.BAD_SECOND_ROW)
        for verb in ("predict", "explain"):
            with self.subTest(verb):
                out = self.folder / f"{verb}.jsonl"
                outcome = whylight(verb, model(FLOWER), "-i", rows, "-o", str(out))
                self.expect(outcome, 1, "line 2", "expected 4 values, got 3", "1 row failed",
                            f"{verb}.errors.jsonl")
                self.assertEqual(len(out.read_text().splitlines()), 2)
                errors = [json.loads(line) for line in
                          (self.folder / f"{verb}.errors.jsonl").read_text().splitlines()]
                self.assertEqual(len(errors), 1)
                self.assertEqual(errors[0]["instance"], [1, 2, 3])
                self.assertEqual(set(errors[0]["error"]), {"code", "status", "place", "message"})
                self.assertEqual(errors[0]["error"]["status"], "INVALID_ARGUMENT")
                self.assertEqual(errors[0]["error"]["place"], "line 2")

    def test_bad_rows_in_a_pipe_leave_the_good_ones(self):
        outcome = whylight("predict", model(FLOWER), "-i", "-", stdin=self.BAD_SECOND_ROW)
        self.expect(outcome, 1, "line 2")
        self.assertEqual(len(outcome.lines()), 2)

    BAD = {  # name: (standard input, exit code, pieces)
        "nothing": ("", 2, "no instances"),
        "blank_lines": ("\n\n", 2, "no instances"),
        "no_rows": ('{"instances": []}', 2, "at least one"),
        "text": ('{"instances": [{"flower": ["old", 1, 1, 1]}]}', 1,
                 'instances[0].flower[0]: expected a number, got "old"'),
        "nan": ("[NaN, 1, 1, 1]\n", 1, "NaN is not a finite number"),
        "too_large": ("[1e39, 1, 1, 1]\n", 1, "out of range of float32"),
        "key": ('{"flowre": [1, 1, 1, 1]}\n', 1, "did you mean 'flower'?"),
        "truncated": ('{"instances": [[1, 1, 1, 1]', 2, "line 1"),
        "header": ("sl,sw,pl\n1,2,3\n", 2, "takes 4 values, got 3 columns"),
        "instances_and_inputs": ('{"instances": [[1, 1, 1, 1]], "inputs": [[1, 1, 1, 1]]}', 2,
                                 "both"),
    }

    def test_bad_input_says_its_place(self):
        for name, (text, code, *pieces) in self.BAD.items():
            with self.subTest(name):
                outcome = whylight("predict", model(FLOWER), "-i", "-", stdin=text)
                self.expect(outcome, code, *pieces)
                self.assertEqual(outcome.out, "")

    def test_columns_give_a_line_for_each_row(self):
        flowers = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.0, 1.7]]
        columns, rows = (whylight("predict", model(FLOWER), "-i", "-", stdin=json.dumps(body))
                         for body in ({"inputs": {"flower": flowers}}, {"instances": flowers}))
        self.expect(columns, 0)
        self.assertEqual([line["prediction"] for line in columns.lines()],
                         [line["prediction"] for line in rows.lines()])
        self.assertEqual(columns.lines()[1]["instance"], {"flower": flowers[1]})
        self.assertEqual(set(columns.lines()[0]["prediction"]), {"label", "probability"})

    def test_inputs_without_rows_give_a_line_for_each_output_row(self):
        name = "tf2_ragged_signature"
        outcome = whylight("predict", model(name), "-i", request(name))
        self.expect(outcome, 0)
        self.assertEqual([line["instance"] for line in outcome.lines()],
                         [{"request": 0, "row": row} for row in range(3)])
        self.assertTrue(all(isinstance(line["prediction"], float) for line in outcome.lines()))

    def test_a_request_names_its_signature(self):
        text = json.dumps({"signature_name": "top", "instances": [[5.1, 3.5, 1.4, 0.2]]})
        path = self.file("request.json", text)
        outcome = whylight("predict", model(FLOWER), "-i", path)
        self.expect(outcome, 0)
        self.assertIsInstance(outcome.lines()[0]["prediction"], int)  # top_class
        self.expect_refused(whylight("predict", model(FLOWER), "-i", "-", stdin=text), 2,
                            "signature_name", "--signature top")
        self.expect_refused(
            whylight("predict", model(FLOWER), "-i", path, "--signature", "serving_default"), 2,
            "'top'", "'serving_default'")
        unknown = self.file("unknown.json", text.replace("top", "tpo"))
        self.expect_refused(whylight("predict", model(FLOWER), "-i", unknown), 2,
                            "did you mean 'top'?")

    def test_notes_of_the_reader_are_said(self):
        table = self.file("table.csv", "a,b,c,d,kind\n5.1,3.5,1.4,0.2,7\n")
        for verb in ("predict", "explain"):
            with self.subTest(verb):
                outcome = whylight(verb, model(FLOWER), "-i", table)
                self.expect(outcome, 0, "column 'kind' is no input and is ignored")

    def test_compressed_rows_are_read(self):
        rows = self.folder / "rows.jsonl.gz"
        rows.write_bytes(gzip.compress(f"{FLOWER_INSTANCE}\n".encode() * 2))
        for source in (str(rows), "-"):
            with self.subTest(source), open(rows, "rb") as file:
                done = subprocess.run([PROGRAM, "predict", model(FLOWER), "-i", source], stdin=file,
                                      capture_output=True, timeout=TIMEOUT_SECONDS)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertEqual(len(done.stdout.splitlines()), 2)

    def test_named_pipes_are_read_once(self):
        pipe = self.folder / "rows.jsonl"
        os.mkfifo(pipe)
        writer = subprocess.Popen(["sh", "-c", f'printf "%s\\n" "{FLOWER_INSTANCE}" >"$0"', pipe])
        outcome = whylight("predict", model(FLOWER), "-i", str(pipe))
        self.assertEqual(writer.wait(TIMEOUT_SECONDS), 0)
        self.expect(outcome, 0)
        self.assertEqual(len(outcome.lines()), 1)

    def test_image_files_need_their_range_where_numbers_do(self):
        """a picture is never scaled by a guess"""
        name = "tf1_keras_to_estimator_cnn"
        picture = self.folder / "picture.png"
        shutil.copyfile(MODELS.parents[1] / "docs" / "images" / "demo.png", picture)
        outcome = whylight("predict", model(name), "-i", str(picture))
        self.expect(outcome, 1, "picture.png", "--image-range")
        outcome = whylight("predict", model(name), "-i", str(picture), "--image-range", "0..1")
        self.expect(outcome, 0)
        self.assertEqual(len(outcome.lines()), 1)

    def test_an_output_file_is_replaced_whole_or_not_at_all(self):
        out = self.folder / "out.jsonl"
        out.write_text("before\n")
        failed = whylight("predict", model(FLOWER), "-i", "-", "-o", str(out), stdin="")
        self.expect_refused(failed, 2, "no instances")
        self.assertEqual(out.read_text(), "before\n")
        self.assertEqual(os.listdir(self.folder), ["out.jsonl"])
        done = whylight("predict", model(FLOWER), "-i", request(FLOWER), "-o", str(out))
        self.expect(done, 0)
        self.assertEqual(done.out, "")
        self.assertEqual(len(out.read_text().splitlines()), 3)
        self.assertEqual(os.listdir(self.folder), ["out.jsonl"])


class Interruptions(CommandLineTest):
    def wait_for(self, what, process):
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not what():
            self.assertIsNone(process.poll(), "ended by itself")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def start(self, *arguments, stdin):
        process = subprocess.Popen([PROGRAM, *arguments], stdin=stdin, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_ctrl_c_leaves_no_output(self):
        """in the middle of the work, and while it waits for more rows"""
        rows = self.file("rows.jsonl", f"{FLOWER_INSTANCE}\n" * 2000)
        long_job = ("explain", model(FLOWER), "-i", rows, "--steps", "2000", "--top-k", "3")
        waiting = ("predict", model(FLOWER), "-i", "-")
        for arguments, number, name in (
                (long_job, signal.SIGINT, "out.jsonl"), (waiting, signal.SIGINT, "out.jsonl"),
                (long_job, signal.SIGTERM, "out.jsonl"), (long_job, signal.SIGINT, "out.tfrecord"),
                (long_job, signal.SIGINT, "out.parquet")):
            with self.subTest(verb=arguments[0], signal=number, out=name):
                out = self.folder / name
                process = self.start(*arguments, "-o", str(out), stdin=subprocess.PIPE)
                if arguments is waiting:
                    time.sleep(2)  # Until it reads: nothing shows that it does.
                else:
                    self.wait_for(lambda: list(self.folder.glob("out.*.tmp-*")), process)
                process.send_signal(number)
                self.assertEqual(process.wait(TIMEOUT_SECONDS), 128 + number)
                self.assertEqual(os.listdir(self.folder), ["rows.jsonl"])

    def test_a_reader_that_leaves_is_no_error(self):
        """| head -1"""
        rows = self.file("rows.jsonl", f"{FLOWER_INSTANCE}\n" * 2000)
        for arguments in (("predict", model(FLOWER), "-i", rows), ("help", "--markdown")):
            with self.subTest(arguments[0]):
                reader, writer = os.pipe()
                os.close(reader)
                outcome = whylight(*arguments, stdout=writer)
                os.close(writer)
                self.assertEqual((outcome.code, outcome.err), (128 + signal.SIGPIPE, ""))

    def test_a_full_disk_is_an_error_of_every_command(self):
        calls = {
            "inspect": ("inspect", model(FLOWER)),
            "inspect_json": ("inspect", model(FLOWER), "--json"),
            "check": ("check", model(FLOWER)),
            "check_json": ("check", model(FLOWER), "--json"),
            "example": ("predict", model(FLOWER), "--example"),
            "predict": ("predict", model(FLOWER), "-i", request(FLOWER)),
            "explain": ("explain", model(FLOWER), "-i", request(FLOWER)),
            "table": ("explain", model(FLOWER), "-i", request(FLOWER), "--format", "table"),
            "doctor": ("doctor",),
            "completion": ("completion", "bash"),
            "help": ("help",),
            "help_of_one": ("help", "explain"),
            "help_option": ("explain", "--help"),
            "version": ("--version",),
        }
        for name, arguments in calls.items():
            with self.subTest(name), open("/dev/full", "w") as full:
                outcome = whylight(*arguments, stdout=full)
                self.expect(outcome, 2, "standard output")
        outcome = whylight("predict", model(FLOWER), "-i", request(FLOWER), "-o", "/dev/full")
        self.expect_refused(outcome, 2, "/dev/full", "No space left on device")


class Check(CommandLineTest):
    EXIT_CODES = {"explain": 0, "refuse": 3, "predict_only": 3, "load_error": 2}

    def test_run_gives_the_makers_verdicts(self):
        names = sorted(path.parent.name for path in MODELS.glob("*/about.json"))
        self.assertGreater(len(names), 40)
        calls = {}
        for name in names:
            tags = ("--tags", ",".join(about(name)["tags"])) if "tags" in about(name) else ()
            calls[name] = ("check", model(name), "--run", "--json", "--threads", "1", *tags)
        for name, outcome in in_parallel(calls).items():
            with self.subTest(name):
                report = json.loads(outcome.out)
                self.assertEqual(report["verdict"], about(name)["verdict"], outcome.out)
                self.expect(outcome, self.EXIT_CODES[report["verdict"]])
                self.assertEqual(outcome.err, "")
                for problem in report["problems"]:
                    self.assertLessEqual({"rule", "place", "message", "fix"}, set(problem))
                if report["verdict"] != "explain":
                    self.assertTrue(report["problems"])
                    continue
                explain = about(name)["explain"]
                self.assertEqual(report["signature"], explain["signature"])
                self.assertEqual(report["preprocess"], explain.get("preprocess"))
                self.assertIn("sampled-shapley" if not explain["ig"] else "integrated-gradients",
                              report["methods"] + ["integrated-gradients"] * explain["ig"])

    def test_an_unknown_signature_is_a_verdict(self):
        outcome = whylight("check", model(FLOWER), "--signature", "tpo", "--json")
        self.expect(outcome, 3)
        report = json.loads(outcome.out)
        self.assertEqual(report["verdict"], "refuse")
        self.assertEqual(report["problems"][0]["rule"], "unknown-signature")

    def test_metadata_is_judged_with_every_error_and_its_path(self):
        path = self.file("metadata.json", json.dumps({
            "inputs": {"age": {"input_tensor_name": "flowr", "input_baselines": [[1, 2]]},
                       "flower": {"input_baselines": [[1, 2]], "encoding": "indicator",
                                  "index_feature_mapping": ["a", "b", "c"]}},
            "outputs": {"p": {"output_tensor_name": "probabilities",
                              "index_name_mapping": ["a", "b"]}}}))
        outcome = whylight("check", model(FLOWER), "--metadata", path, "--json")
        self.expect(outcome, 3)
        report = json.loads(outcome.out)
        self.assertEqual((report["verdict"], report["metadata"]), ("refuse", path))
        self.assertEqual([(one["rule"], one["place"]) for one in report["problems"]], [
            ("metadata-shape", "outputs.p.index_name_mapping"),
            ("metadata-name", "inputs.age.input_tensor_name"),
            ("metadata-shape", "inputs.flower.input_baselines[0]"),
            ("metadata-shape", "inputs.flower.index_feature_mapping")])
        text = whylight("check", model(FLOWER), "--metadata", path)
        self.expect(text, 3)
        self.assertIn("error [metadata-name] inputs.age.input_tensor_name\n"
                      "  signature 'xai_model' has no input 'flowr' (did you mean 'flower'?)",
                      text.out)

    def test_metadata_that_is_no_json_is_refused_and_a_missing_file_is_wrong_use(self):
        broken = whylight("check", model(FLOWER), "--metadata", self.file("m.json", "{"))
        self.expect(broken, 3)
        self.assertIn("error [metadata-form]", broken.out)
        self.expect_refused(whylight("check", model(FLOWER), "--metadata", "nowhere.json"), 2,
                            "nowhere.json")

    def test_metadata_beside_the_model_is_judged(self):
        folder = self.folder / "model"
        shutil.copytree(model(FLOWER), folder)
        good = {"inputs": {"flower": {"input_tensor_name": "flower"}},
                "outputs": {"probabilities": {"output_tensor_name": "probabilities"}}}
        beside = folder / "explanation_metadata.json"
        beside.write_text(json.dumps(good))
        self.expect(whylight("check", str(folder)), 0)
        good["inputs"]["flower"]["input_tensor_name"] = "x"
        beside.write_text(json.dumps(good))
        self.expect(whylight("check", str(folder)), 3)


class Metadata(CommandLineTest):
    CSV = ("sepal_length,sepal_width,petal_length,petal_width\n"
           "5.1,3.5,1.4,0.2\n6.7,3.0,5.0,1.7\n6.3,2.8,5.1,1.5\n")
    NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]

    def test_infer_writes_a_file_that_explains(self):
        data, path = self.file("train.csv", self.CSV), str(self.folder / "metadata.json")
        outcome = whylight("metadata", "infer", model(FLOWER), "--data", data, "-o", path)
        self.expect(outcome, 0, "inputs.flower.input_baselines", "the median of 3 rows of " + data,
                    "the header of " + data, "outputs.probabilities.output_tensor_name")
        self.assertEqual(outcome.out, "")
        metadata = json.loads(pathlib.Path(path).read_text())
        self.assertEqual(metadata, {
            "inputs": {"flower": {
                "input_tensor_name": "flower", "encoding": "bag_of_features",
                "modality": "numeric", "input_baselines": [[6.3, 3.0, 5.0, 1.5]],
                "index_feature_mapping": self.NAMES}},
            "outputs": {"probabilities": {"output_tensor_name": "probabilities"}},
            "framework": "tensorflow2"})
        self.expect(whylight("check", model(FLOWER), "--metadata", path), 0)
        explained = whylight("explain", model(FLOWER), "-i", data, "--metadata", path)
        self.assertEqual(explained.code, 0, explained.err)
        attribution = explained.lines()[0]["explanation"]["attributions"][0]
        self.assertEqual(list(attribution["featureAttributions"]), self.NAMES)

    def test_every_model_that_can_be_explained_has_metadata_that_is_good(self):
        names = [path.parent.name for path in sorted(MODELS.glob("*/about.json"))
                 if about(path.parent.name)["verdict"] == "explain"
                 and "tags" not in about(path.parent.name)]
        self.assertGreater(len(names), 30)
        calls = {name: ("metadata", "infer", model(name), "--to", "vertex") for name in names}
        for name, outcome in in_parallel(calls).items():
            with self.subTest(name):
                self.assertEqual(outcome.code, 0, outcome.err)
                path = self.file(name + ".json", outcome.out)
                checked = whylight("check", model(name), "--metadata", path, "--json")
                self.assertEqual(checked.code, 0, checked.out)

    def test_inferred_feature_columns_are_explained_by_both_methods(self):
        name = "tf1_dnn_classifier_parsing"
        path = str(self.folder / "metadata.json")
        outcome = whylight("metadata", "infer", model(name), "-o", path)
        self.expect(outcome, 0, "the values of the sparse column 'job' of the parsed tf.Example",
                    "of logistic, logits, probabilities the one that Google's builders take")
        for method in ("integrated-gradients", "sampled-shapley"):
            explained = whylight("explain", model(name), "-i", request(name), "--metadata", path,
                                 "--method", method)
            self.assertEqual(explained.code, 0, explained.err)
            for line in explained.lines():
                one = line["explanation"]["attributions"][0]
                shares = one["featureAttributions"]
                self.assertEqual(set(shares), {"age", "hours", "job", "work"})
                self.assertIsInstance(shares["job"], float)  # combined_embedding
                total = sum(value if isinstance(value, float) else sum(value)
                            for value in shares.values())
                difference = one["instanceOutputValue"] - one["baselineOutputValue"]
                # 50 points of a ReLU network; Shapley's sum is exact.
                self.assertAlmostEqual(total, difference, delta=0.02 * abs(difference) + 1e-3)

    def test_infer_runs_what_lies_before_the_inputs(self):
        """of xai_preprocess, rows are made inputs of xai_model first"""
        name = "tf2_tabular_preprocess_two_outputs"
        outcome = whylight("metadata", "infer", model(name), "--data", request(name))
        self.assertEqual(outcome.code, 0, outcome.err)
        inputs = json.loads(outcome.out)["inputs"]
        self.assertEqual(set(inputs), {"colour_onehot", "scaled"})
        for one in inputs.values():
            self.assertEqual(len(one["input_baselines"]), 1)

    def test_convert_goes_there_and_back(self):
        legacy = {
            "inputs": {"a": {"input_tensor_name": "a:0", "encoding": "combined_embedding",
                             "encoded_tensor_name": "e:0", "is_sequential": True,
                             "weight_values_name": "v", "weight_indices_name": "i",
                             "weight_dense_shape_name": "d"}},
            "outputs": {"y": {"output_tensor_name": "y:0", "index_name_mapping": ["n", "p"]}},
            "framework": "tensorflow", "tags": ["explainable_ai_sdk"]}
        source, there, back = (str(self.folder / name) for name in ("a.json", "b.json", "c.json"))
        pathlib.Path(source).write_text(json.dumps(legacy))
        outcome = whylight("metadata", "convert", source, "-o", there)
        self.expect(outcome, 0, "framework: the Vertex form has no field for it; kept",
                    "inputs.a.is_sequential: the Vertex form has no field", "--strict")
        vertex = json.loads(pathlib.Path(there).read_text())
        self.assertEqual(vertex["inputs"]["a"], {"inputTensorName": "a:0",
                                                 "encoding": "COMBINED_EMBEDDING",
                                                 "encodedTensorName": "e:0"})
        self.expect(whylight("metadata", "convert", there, "-o", back), 0)
        self.assertEqual(json.loads(pathlib.Path(back).read_text()), legacy)
        strict = whylight("metadata", "convert", source, "--strict")
        self.expect(strict, 0, "tags: the Vertex form has no field for it; left out")
        del vertex["whylight"]
        self.assertEqual(json.loads(strict.out), vertex)

    def test_refusals(self):
        bad = self.file("bad.json", '{"inputs": {"a": {"encodng": "identity"}}, "outputs": 3}')
        self.expect_refused(whylight("metadata", "convert", bad), 2,
                            "inputs.a.encodng: unknown key; did you mean 'encoding'?",
                            "outputs: expected an object, got a number")
        self.expect_refused(whylight("metadata", "infer", model(FLOWER), "--output-name", "probs"),
                            2, "no output 'probs'")
        empty = self.file("none.jsonl", '{"flowr": 1}\n')
        self.expect_refused(whylight("metadata", "infer", model(FLOWER), "--data", empty), 2,
                            "--data: no good row; the first: ")


class Compare(CommandLineTest):
    LINE = "tf2_linear_with_bias"  # x [3] -> one score, linear

    def compare(self, *arguments, name=LINE):
        return whylight("compare", model(name), "-i", request(name), *arguments)

    def test_methods_of_a_linear_model_agree_and_the_order_is_the_best(self):
        outcome = self.compare("--methods", "integrated-gradients,sampled-shapley", "--steps", "1",
                               "--baseline", "x=[0.5, 0, -1]", "--json")
        self.expect(outcome, 0)
        report = json.loads(outcome.out)
        self.assertEqual(report["rows"], 2)
        self.assertEqual(report["reference"], {"x": "0.5, 0, -1 (--baseline)"})
        first, second = report["methods"]
        self.assertEqual([first["method"], second["method"]],
                         ["integrated-gradients", "sampled-shapley"])
        for one in report["methods"]:
            # float32 scores; both are exact for a line.
            self.assertLess(one["completenessGap"], 1e-5)
            self.assertAlmostEqual(one["insertion"], first["insertion"], delta=1e-5)
            # What a line gains by insertion it loses by deletion.
            self.assertAlmostEqual(one["insertion"] + one["deletion"], 1, delta=1e-5)
            self.assertGreaterEqual(one["insertion"], report["randomOrder"]["insertion"] - 1e-5)
        self.assertEqual(second["gradientRows"], 0)
        self.assertGreater(first["gradientRows"], 0)
        (agreement,) = report["agreement"]
        self.assertAlmostEqual(agreement["ranks"], 1, delta=1e-12)
        self.assertEqual(agreement["top"], 1)
        # Equal scores: the choice is one of speed.
        self.assertEqual(len(report["verdict"]["level"]), 2)
        fastest = min(report["methods"], key=lambda one: one["secondsPerRow"])["method"]
        self.assertEqual(report["verdict"]["method"], fastest)

    def test_a_table_ends_in_a_verdict(self):
        outcome = self.compare("--methods", "integrated-gradients,sampled-shapley")
        self.expect(outcome, 0)
        for piece in ("insertion", "random order", "agreement", "\nverdict    "):
            self.assertIn(piece, outcome.out)

    def test_pictures_are_measured_by_pixels(self):
        outcome = self.compare("--methods", "integrated-gradients,xrai,blur-ig", "--steps", "10",
                               "--json", name="keras2_cnn_digits_saved_model_save")
        self.expect(outcome, 0)
        report = json.loads(outcome.out)
        self.assertEqual(list(report["reference"].values()), ["zeros (default)"])
        by_name = {one["method"]: one for one in report["methods"]}
        self.assertIsNone(by_name["xrai"]["completenessGap"])
        self.assertGreater(by_name["integrated-gradients"]["difference"],
                           report["randomOrder"]["difference"])
        for area in ("sic", "aic"):
            # What a person sees in a digit is all there is in it.
            self.assertGreater(by_name["xrai"][area], report["randomOrder"][area])
            self.assertLessEqual(by_name["xrai"][area], 1)

    def test_methods_that_cannot_are_left_out(self):
        outcome = self.compare("--methods", "xrai,integrated-gradients", "--json")
        self.expect(outcome, 1, "xrai is left out: ")
        report = json.loads(outcome.out)
        self.assertEqual([one["method"] for one in report["methods"]], ["integrated-gradients"])
        self.assertEqual([one["method"] for one in report["leftOut"]], ["xrai"])

    def test_refusals(self):
        self.expect_refused(self.compare("--methods", "lime"), 2, "no such method; there are ")
        self.expect_refused(self.compare("--methods", "xrai,xrai"), 2, "twice")
        self.expect_refused(self.compare("--methods", ","), 2, "--methods")
        none = self.compare("--methods", "xrai,blur-ig")
        self.expect_refused(none, 3, "xrai is left out: ", "blur-ig is left out: ")


class Inspect(CommandLineTest):
    def test_shows_signatures_and_the_choice(self):
        outcome = whylight("inspect", model(FLOWER), "--json")
        self.expect(outcome, 0)
        report = json.loads(outcome.out)
        self.assertEqual(set(report["signatures"]), {"serving_default", "top", "xai_model", "__saved_model_init_op"})
        self.assertEqual(report["explained"]["signature"], "xai_model")
        self.assertEqual(report["signatures"]["xai_model"]["inputs"]["flower"]["shape"], [-1, 4])
        self.assertEqual(whylight("show", model(FLOWER), "--json").out, outcome.out)
        self.assertIn("<- explained", whylight("inspect", model(FLOWER)).out)

    def test_takes_the_newest_version_of_an_export_base(self):
        for version in ("9", "10"):
            (self.folder / version).symlink_to(model(FLOWER))
        outcome = whylight("inspect", str(self.folder))
        self.expect(outcome, 0)
        self.assertIn(str(self.folder / "10"), outcome.out)


class GradCam(CommandLineTest):
    def explain(self, *arguments, name="tf2_grad_cam"):
        return whylight("explain", model(name), "-i", request(name), "--method", "grad-cam",
                        *arguments)

    def test_the_answer_is_a_map_and_says_its_layer(self):
        outcome = self.explain("--images", str(self.folder), "--picture-format", "png")
        self.expect(outcome, 0)
        for line in outcome.lines():
            self.assertTrue(line["whylight"]["layer"].endswith("/parts_1/Relu:0"))
            self.assertEqual(line["whylight"]["layerReason"], "the last with height and width")
            (attribution,) = line["explanation"]["attributions"]
            self.assertNotIn("baselineOutputValue", attribution)
            (values,) = attribution["featureAttributions"].values()
            self.assertEqual((len(values), len(values[0]), len(values[0][0])), (24, 20, 1))
            flat = [number for row in values for (number,) in row]
            self.assertGreaterEqual(min(flat), 0)
            self.assertGreater(max(flat), 0)
        self.assertEqual(len(list(self.folder.glob("*.png"))), 3)
        for path in self.folder.glob("*.json"):
            beside = json.loads(path.read_text())
            self.assertEqual(beside["method"], "grad-cam")
            self.assertNotIn("gap", beside)
            self.assertEqual(beside["visualization"]["color_map"], "viridis")

    def test_a_layer_is_called_by_its_tensor_or_as_keras_does(self):
        by_scope = self.explain("--layer", "edges")
        self.expect(by_scope, 0)
        tensor = by_scope.lines()[0]["whylight"]["layer"]
        by_tensor = self.explain("--layer", tensor)
        self.expect(by_tensor, 0)
        self.assertEqual(by_scope.lines()[0]["explanation"], by_tensor.lines()[0]["explanation"])
        table = self.explain("--layer", "edges", "--format", "table")
        self.expect(table, 0)
        self.assertIn(f"method     grad-cam, layer {tensor} [22,18,6] (--layer)\n", table.out)

    def test_pictures_of_integers_and_without_functions(self):
        for name in ("tf2_image_uint8_input", "keras2_cnn_digits_saved_model_save",
                     "tf2_image_preprocess", "tf1_keras_to_estimator_cnn",
                     "tf1_custom_jpeg_receiver"):
            with self.subTest(name):
                outcome = self.explain(name=name)
                self.assertEqual(outcome.code, 0, outcome.err)  # Notes may stand there.
                self.assertIn("layer", outcome.lines()[0]["whylight"])

    def test_refusals(self):
        self.expect_refused(self.explain("--layer", "egdes"), 2, "--layer egdes",
                            "did you mean 'edges", "from the last on, ", "/parts_1/Relu:0 [5,4,8]")
        self.expect_refused(self.explain("--layer", "features"), 2, "height, width and channels")
        self.expect_refused(self.explain("--steps", "5"), 2, "--steps: grad-cam does not have it")
        self.expect_refused(self.explain(name=FLOWER), 2, "grad-cam explains pictures")


class Pictures(CommandLineTest):
    """explain --images, render, --embed-images"""
    NAME = "tf2_image_preprocess"

    def explain(self, *arguments):
        return whylight("explain", model(self.NAME), "-i", request(self.NAME), *arguments)

    def test_render_draws_what_explain_drew(self):
        answers = self.folder / "answers.jsonl"
        for method in ("integrated-gradients", "xrai"):
            look = ("--picture-format", "png", "--polarity", "both", "--overlay", "original")
            drawn, again = self.folder / method / "explain", self.folder / method / "render"
            self.expect(self.explain("--method", method, "-o", str(answers), "--images",
                                     str(drawn), *look), 0)
            self.expect(whylight("render", str(answers), "--images", str(again), *look), 0)
            names = sorted(path.name for path in drawn.iterdir())
            self.assertEqual(names, sorted(path.name for path in again.iterdir()))
            self.assertTrue(names)
            for path in drawn.glob("*.json"):
                first, second = (json.loads((folder / path.name).read_text())
                                 for folder in (drawn, again))
                for key in ("positive", "negative", "visualization", "instanceOutputValue", "gap"):
                    self.assertEqual(first.get(key), second.get(key), key)

    def test_wrong_settings_are_refused(self):
        for arguments, message in (
                (("--clip-below", "99.95"), "the lower percentile must be below the upper one"),
                (("--clip-above", "101"), "clip_above_percentile: expected 0"),
                (("--type", "outlines", "--blur", "2"), "--blur is for --type pixels"),
                (("--method", "xrai", "--type", "pixels"), "xrai's regions"),
                (("--area", "0"), "--area: expected above 0 to 100 percent"),
                (("--overlay", "mask"), "expected none|original|grayscale|mask-black")):
            with self.subTest(arguments):
                outcome = self.explain("--images", str(self.folder), *arguments)
                self.expect_refused(outcome, 2, message)

    def test_pictures_stand_in_answers(self):
        beside = self.explain("--embed-images", "--format", "jsonl")
        self.expect(beside, 0)
        for line in beside.lines():
            (attribution,) = line["explanation"]["attributions"]
            ((name, values),) = attribution["featureAttributions"].items()
            self.assertIsInstance(values, list)
            ((key, picture),) = line["whylight"]["pictures"][0].items()
            self.assertEqual(key, name)
            for member in ("b64_jpeg", "transformed_b64_jpeg"):
                self.assertTrue(base64.b64decode(picture[member]).startswith(b"\xff\xd8\xff"), member)
            self.assertGreater(picture["hi"], picture["lo"])
        self.expect_refused(self.explain("--embed-images=service"), 2,
                            "no input has the modality image")
        self.expect_refused(self.explain("--embed-images=other"), 2, "expected beside|service")
        self.expect_refused(self.explain("--embed-images", "--format", "table"), 2,
                            "--embed-images is for JSON Lines")
        metadata = {"inputs": {name: {"input_tensor_name": name, "modality": "image",
                                      "visualization": {"type": "pixels"}}},
                    "outputs": {attribution["outputName"]:
                                {"output_tensor_name": attribution["outputName"]}},
                    "framework": "tensorflow2"}
        path = self.file("metadata.json", json.dumps(metadata))
        service = self.explain("--embed-images=service", "--metadata", path)
        self.expect(service, 0)
        for line in service.lines():
            (attribution,) = line["explanation"]["attributions"]
            picture = attribution["featureAttributions"][name]
            self.assertEqual(list(picture), ["b64_jpeg", "transformed_b64_jpeg"])
            self.assertNotIn("pictures", line["whylight"])
        answers = self.file("answers.jsonl", service.out)
        outcome = whylight("render", answers, "--images", str(self.folder / "out"))
        self.expect(outcome, 1, "with --embed-images=service an answer holds pictures alone")

    def test_render_tells_answers_without_pictures(self):
        answers = self.folder / "answers.jsonl"
        self.expect(whylight("explain", model(FLOWER), "-i", request(FLOWER), "--baseline",
                             FLOWER_BASELINE, "-o", str(answers)), 0)
        outcome = whylight("render", str(answers), "--images", str(self.folder))
        self.expect_refused(outcome, 2, "no feature is a picture")
        answers.write_text('{"instance": 1}\nnot json\n')
        outcome = whylight("render", str(answers), "--images", str(self.folder))
        self.expect(outcome, 1)
        self.assertIn('line 1: expected an answer of `whylight explain`', outcome.err)
        self.assertIn("line 2: column 1", outcome.err)


class Neighbors(CommandLineTest):
    ROWS = {"a17": [5.1, 3.5, 1.4, 0.2], "b": [6.7, 3.0, 5.0, 1.7], "42": [6.3, 2.8, 5.1, 1.5],
            "d": [5.0, 3.4, 1.5, 0.2]}

    def rows(self, name="rows.jsonl", **more):
        """The rows as examples, each with its id and what `more` has for it."""
        lines = [{"flower": row, "id": int(key) if key.isdigit() else key, **more.get(key, {})}
                 for key, row in self.ROWS.items()]
        return self.file(name, "".join(json.dumps(line) + "\n" for line in lines))

    def explain(self, *arguments, **options):
        return whylight("explain", model(FLOWER), "-i", request(FLOWER), "--method", "examples",
                        *arguments, **options)

    def ids(self, outcome, instance=0):
        self.expect(outcome, 0)
        return [one["neighborId"] for one in outcome.lines()[instance]["explanation"]["neighbors"]]

    def test_lines_have_the_keys_of_vertex(self):
        outcome = self.explain("--examples", self.rows(), "--id-key", "id", "--neighbors", "3")
        self.expect(outcome, 0)
        for line in outcome.lines():
            self.assertEqual(list(line), ["instance", "prediction", "explanation", "whylight"])
            self.assertEqual(list(line["explanation"]), ["attributions", "neighbors"])
            self.assertEqual(line["explanation"]["attributions"], [])
            neighbors = line["explanation"]["neighbors"]
            self.assertEqual(len(neighbors), 3)
            distances = [one["neighborDistance"] for one in neighbors]
            self.assertEqual(distances, sorted(distances))
            self.assertLess(distances[0], 1e-9)  # Each is one of the examples.
            self.assertEqual(line["whylight"]["examples"], 4)
            self.assertIn("final MatMul of 'probabilities'", line["whylight"]["layerReason"])
        self.assertEqual([self.ids(outcome, i)[0] for i in range(3)], ["a17", "b", "42"])
        self.assertEqual(self.ids(outcome)[1], "d")

    def test_distances_are_those_of_the_layer(self):
        """the layer is the input itself: distances by hand"""
        outcome = self.explain("--examples", self.rows(), "--id-key", "id", "--layer", "flower",
                               "--distance", "l1")
        self.expect(outcome, 0)
        x = json.loads(pathlib.Path(request(FLOWER)).read_text())["instances"][0]
        for one in outcome.lines()[0]["explanation"]["neighbors"]:
            want = sum(abs(a - b) for a, b in zip(x, self.ROWS[one["neighborId"]]))
            self.assertAlmostEqual(one["neighborDistance"], want, delta=1e-5)

    def test_ids_come_from_columns_and_places(self):
        table = self.file("rows.csv", "name,a,b,c,d\n" + "".join(
            f"{key},{','.join(map(str, row))}\n" for key, row in self.ROWS.items()))
        by_column = self.explain("--examples", table, "--id-key", "name")
        self.assertEqual(sorted(self.ids(by_column)), sorted(self.ROWS))
        plain = self.file("plain.jsonl", "".join(
            json.dumps(row) + "\n" for row in self.ROWS.values()))
        self.assertEqual(self.ids(self.explain("--examples", plain))[:2], ["line 1", "line 4"])

    def test_crowds_and_restrictions(self):
        rows = self.rows(a17={"crowding_tag": "setosa",
                              "restricts": [{"namespace": "kind", "allow": ["old"]}]},
                         d={"crowding_tag": "setosa",
                            "restricts": [{"namespace": "kind", "allow": ["new"]}]})
        base = ("--examples", rows, "--id-key", "id")
        crowded = self.ids(self.explain(*base, "--crowding-count", "1"))
        self.assertEqual(len(crowded), 3)
        self.assertNotIn("d", crowded)
        self.assertEqual(self.ids(self.explain(*base, "--restrict", "kind=new,old")), ["a17", "d"])
        self.assertEqual(self.ids(self.explain(*base, "--restrict", "kind=!old"))[0], "d")
        self.expect_refused(self.explain(*base, "--restrict", "kind=odd"), 2,
                            "the restrictions allow none of the 4 examples")

    def test_parameters_and_overrides_of_services(self):
        parameters = self.file("parameters.json", json.dumps({"examples": {
            "exampleGcsSource": {"dataFormat": "JSONL", "gcsSource": {"uris": [self.rows()]}},
            "neighborCount": 2, "nearestNeighborSearchConfig": {"config": {
                "dimensions": 4, "distanceMeasureType": "COSINE_DISTANCE"}}}}))
        base = ("--parameters", parameters, "--id-key", "id", "--layer", "flower")
        outcome = whylight("explain", model(FLOWER), "-i", request(FLOWER), *base)
        self.assertEqual(self.ids(outcome)[0], "a17")
        self.assertEqual(len(self.ids(outcome)), 2)
        self.assertEqual(outcome.lines()[0]["whylight"]["distance"], "cosine")
        body = json.loads(pathlib.Path(request(FLOWER)).read_text())
        body["explanationSpecOverride"] = {"examplesOverride": {"neighborCount": 1}}
        overridden = whylight("explain", model(FLOWER), "-i",
                              self.file("request.json", json.dumps(body)), *base)
        self.assertEqual(self.ids(overridden), ["a17"])

    def test_vectors_instead_of_neighbors(self):
        outcome = self.explain("--examples", self.rows(), "--id-key", "id", "--return-embeddings",
                               "--layer", "flower")
        self.expect(outcome, 0)
        line = outcome.lines()[0]
        self.assertEqual(list(line["explanation"]), ["attributions"])
        for got, want in zip(line["whylight"]["embedding"], line["instance"], strict=True):
            self.assertAlmostEqual(got, want, delta=1e-6)

    def test_a_table_shows_what_the_model_says_of_neighbors(self):
        outcome = self.explain("--examples", self.rows(), "--id-key", "id", "--neighbors", "2",
                               "--labels", "setosa,versicolor,virginica", "--format", "table")
        self.expect(outcome, 0)
        for piece in ("method     examples, 2 neighbours, squared L2 distance, layer ",
                      ", 4 examples\n", "instances[0]   2 neighbours\n", "  1  a17  ",
                      "setosa 0.99", "5.1, 3.5, 1.4, 0.2\n"):
            self.assertIn(piece, outcome.out)

    def test_refusals(self):
        rows = self.rows()
        empty = self.file("empty.jsonl", "")
        nameless = self.file("nameless.jsonl", '{"flower": [1, 2, 3, 4]}\n')
        broken = self.file("broken.jsonl", '{"flower": [1, 2, 3, 4]}\n{"flower": [1, 2]}\n')
        compare = ("compare", model(FLOWER), "-i", request(FLOWER), "--methods")
        for outcome, pieces in (
                (self.explain(), ("examples searches rows of data: --examples",)),
                (self.explain("--examples", "nowhere.csv"), ("nowhere.csv", "no such file")),
                (self.explain("--examples", empty), ("--examples", "found none")),
                (self.explain("--examples", broken), ("broken.jsonl: line 2", "expected 4 values")),
                (self.explain("--examples", rows), ("unknown key 'id'",)),
                (self.explain("--examples", nameless, "--id-key", "name"), ("line 1: no 'name'",)),
                (self.explain("--examples", rows, "--id-key", "id", "--neighbors", "0"),
                 ("--neighbors",)),
                (self.explain("--examples", rows, "--id-key", "id", "--summary", "-"),
                 ("--summary", "examples gives none")),
                (self.explain("--examples", rows, "--steps", "5"), ("--steps: examples does not",)),
                (whylight("explain", model(FLOWER), "-i", request(FLOWER), "--examples", rows),
                 ("--examples: integrated-gradients does not have it",)),
                (whylight(*compare, "examples,integrated-gradients", "--examples", rows),
                 ("--examples",)),
                (whylight(*compare, "examples,integrated-gradients"),
                 ("--methods examples: it finds neighbours",))):
            with self.subTest(pieces):
                self.expect_refused(outcome, 2, *pieces)


class Examples(CommandLineTest):
    def test_every_example_is_a_request_that_runs(self):
        # Not tf2_sparse_signature: no signature says how wide the dense shape must be.
        names = ["tf2_ragged_signature", "tf2_image_preprocess",
                 "tf2_dict_inputs_mixed", "tf2_fixed_batch_one", "tf1_dnn_classifier_raw",
                 "tf2_lookup_asset", "tf2_image_uint8_input", FLOWER]
        for name in names:
            with self.subTest(name):
                example = whylight("predict", model(name), "--example")
                self.expect(example, 0)
                path = self.file(f"{name}.json", example.out)
                outcome = whylight("predict", model(name), "-i", path)
                self.expect(outcome, 0)
                self.assertGreaterEqual(len(outcome.lines()), 1)

    def test_inputs_without_rows_are_sent_as_columns(self):
        example = whylight("predict", model("tf2_ragged_signature"), "--example")
        self.assertEqual(json.loads(example.out),
                         {"inputs": {"values": [0.0], "values_1": [0, 1]}})


class Program(CommandLineTest):
    def test_help(self):
        outcome = whylight("help", "explain")
        self.expect(outcome, 0)
        self.assertIn("Usage: whylight explain [OPTIONS] [MODEL]\n", outcome.out)
        self.assertIn("Examples:\n", outcome.out)
        self.assertNotIn("... ...", outcome.out)
        self.assertEqual(whylight("explain", "--help").out, outcome.out)
        for line in outcome.out.splitlines():
            self.assertEqual(line, line.rstrip())

    def test_wrong_commands(self):
        self.expect(whylight("explian", "x"), 2, "did you mean 'explain'?")
        self.expect(whylight("help", "explian"), 2, "did you mean 'explain'?")
        self.expect(whylight("inspect"), 2, "MODEL")
        self.expect(whylight("completion", "tcsh"), 2, "bash|zsh|fish")
        nothing = whylight()
        self.assertEqual(nothing.code, 2)
        self.assertIn("Subcommands:", nothing.out)

    def test_version_names_both_programs(self):
        outcome = whylight("--version")
        self.expect(outcome, 0)
        self.assertRegex(outcome.out, r"^whylight \d+\.\d+\.\d+\nTensorFlow 2\.\d+\.\d+ \(/")

    def test_doctor_says_what_was_found(self):
        outcome = whylight("doctor", "--json")
        self.expect(outcome, 0)
        report = json.loads(outcome.out)
        self.assertRegex(report["tensorflow"]["version"], r"^2\.")
        self.assertTrue(os.path.exists(report["tensorflow"]["library"]))
        self.assertGreaterEqual(report["cores"], 1)
        self.assertGreater(report["memoryBytes"], 0)
        text = whylight("doctor").out
        for word in ("cores", "memory", "TensorFlow", "library", "found by", "GPU"):
            self.assertIn(word, text)
        missing = whylight("doctor", "--tensorflow", str(self.folder))
        self.expect(missing, 2, str(self.folder))

    def test_runs_from_any_folder(self):
        self.expect(whylight("predict", model(FLOWER), "-i", request(FLOWER), cwd="/"), 0)

    def complete(self, *words):
        """What bash offers for the last word."""
        script = 'source <("$0" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' \
                 '_whylight; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", script, PROGRAM, *words], text=True,
                              capture_output=True, check=True, cwd=self.folder)
        self.assertEqual(done.stderr, "")
        return done.stdout.split("\n")[:-1]

    def test_bash_completes(self):
        self.file("a model.json", "")
        self.assertEqual(self.complete("whylight", "ex"), ["explain"])
        self.assertEqual(self.complete("whylight", "sh"), ["show"])
        self.assertEqual(self.complete("whylight", "explain", "--baseli"), ["--baseline", "--baseline-data"])
        self.assertEqual(self.complete("whylight", "explain", "a"), ["a model.json"])
        self.assertEqual(self.complete("whylight", "explain", "--format", ""),
                         ["jsonl", "table", "tfrecord", "parquet", "csv"])
        self.assertEqual(self.complete("whylight", "help", "insp"), ["inspect"])
        self.assertEqual(self.complete("whylight", "completion", "z"), ["zsh"])

    def test_other_shells_read_their_scripts(self):
        for shell, check in (("zsh", ("zsh", "-n")), ("fish", ("fish", "--no-execute"))):
            with self.subTest(shell):
                script = whylight("completion", shell)
                self.expect(script, 0)
                self.assertIn("whylight", script.out)
                if shutil.which(shell):
                    path = self.file(shell, script.out)
                    subprocess.run([*check, path], check=True)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()

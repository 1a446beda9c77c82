"""`--spec`: what a service holds of a model, as gcloud prints it, in place of the options.

    spec_test.py PROGRAM [unittest's own arguments]
"""
import json
import os
import pathlib
import sys
import unittest

import cli_test
from cli_test import CommandLineTest, FLOWER, model, request, whylight

METADATA = {
    "inputs": {"flower": {"inputTensorName": "flower", "inputBaselines": [[5.8, 3.0, 4.35, 1.3]]}},
    "outputs": {"risk": {"outputTensorName": "probabilities",
                         "indexDisplayNameMapping": ["setosa", "versicolor", "virginica"]}}}
PARAMETERS = {"integratedGradientsAttribution": {"stepCount": 30}, "topK": 2}
DESCRIBED = {"name": "projects/1/locations/us-central1/models/2", "displayName": "flowers",
             "artifactUri": model(FLOWER), "containerSpec": {"imageUri": "tf2-cpu.2-11"},
             "explanationSpec": {"metadata": METADATA, "parameters": PARAMETERS}}


class Spec(CommandLineTest):
    def described(self, **changes):
        return self.file("described.json", json.dumps({**DESCRIBED, **changes}))

    def explain(self, *arguments):
        return whylight("explain", *arguments, "-i", request(FLOWER), "--format", "jsonl")

    def test_a_description_is_all_that_explain_needs(self):
        spec = self.described()
        done = self.explain("--spec", spec)
        at = f"whylight: {spec}: "
        self.expect(done, 0, at + "artifactUri: translated to MODEL " + model(FLOWER),
                    at + "containerSpec: dropped: ",
                    at + "name, displayName: dropped: not about explanations",
                    at + "explanationSpec.metadata.inputs.flower.inputBaselines: used",
                    at + "explanationSpec.parameters.topK: translated to --top-k 2")
        for line in done.lines():
            self.assertEqual(len(line["explanation"]["attributions"]), 2)
            self.assertEqual(line["explanation"]["attributions"][0]["outputName"], "risk")
            self.assertEqual(line["whylight"]["steps"], 30)
            self.assertIn("5.8, 3, 4.35, 1.3", line["whylight"]["baselines"]["flower"])
        by_options = self.explain(
            model(FLOWER), "--metadata", self.file("m.json", json.dumps(METADATA)),
            "--parameters", self.file("p.json", json.dumps(PARAMETERS)))
        self.assertEqual([line["explanation"] for line in by_options.lines()],
                         [line["explanation"] for line in done.lines()])

    def test_options_win(self):
        spec = self.described(artifactUri="gs://nowhere/model")
        done = self.explain(model(FLOWER), "--spec", spec, "--top-k", "1", "--steps", "5")
        self.expect(done, 0, "artifactUri: dropped: MODEL is given",
                    "topK: dropped: --top-k is given", "stepCount: dropped: --steps is given")
        for line in done.lines():
            self.assertEqual(len(line["explanation"]["attributions"]), 1)
            self.assertEqual(line["whylight"]["steps"], 5)

    def test_of_an_endpoint_a_model_is_chosen(self):
        endpoint = self.file("endpoint.json", json.dumps({"deployedModels": [
            {"id": "7", "explanationSpec": {"parameters": {"topK": 1}}},
            {"id": "8", "explanationSpec": {"parameters": {"topK": 3}}}]}))
        self.expect_refused(self.explain(model(FLOWER), "--spec", endpoint), 2,
                            "--deployed-model chooses among 7, 8")
        done = self.explain(model(FLOWER), "--spec", endpoint, "--deployed-model", "8")
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(len(done.lines()[0]["explanation"]["attributions"]), 3)

    def test_check_judges_the_metadata_and_the_method(self):
        good = whylight("check", "--spec", self.described(), "--json")
        self.assertEqual(good.code, 0, good.out)
        self.assertTrue(json.loads(good.out)["metadata"].endswith("explanationSpec.metadata"))
        bad_specs = {
            "metadata-name": {"metadata": {**METADATA, "inputs": {"flowr": {}}}},
            "spec-method": {"metadata": METADATA, "parameters": {"xraiAttribution": {}}},
            "spec-parameters": {"parameters": {"sampledShapleyAttribution": {"pathCount": 500}}}}
        for rule, spec in bad_specs.items():
            with self.subTest(rule):
                bad = whylight("check", "--spec", self.described(explanationSpec=spec), "--json")
                self.assertEqual(bad.code, 3, bad.out)
                self.assertIn(rule, [one["rule"] for one in json.loads(bad.out)["problems"]
                                     if one["severity"] == "error"])
                if rule == "spec-method":
                    self.assertIn("integrated-gradients", bad.out)

    def test_metadata_comes_out_of_it_and_goes_into_one(self):
        spec = self.described()
        legacy = whylight("metadata", "convert", "--spec", spec)
        self.expect(legacy, 0, "explanationSpec.metadata: used",
                    "explanationSpec.parameters: dropped: metadata has no place for them")
        self.assertEqual(json.loads(legacy.out)["inputs"]["flower"]["input_tensor_name"], "flower")
        again = whylight("metadata", "convert", "--spec", spec, "--to", "spec")
        self.expect(again, 0, "explanationSpec.parameters: used")
        written = json.loads(again.out)
        self.assertEqual(written["parameters"], PARAMETERS)
        self.assertEqual(written["metadata"]["outputs"], METADATA["outputs"])
        legacy_config = self.file("p.json", json.dumps(
            {"sampled_shapley_attribution": {"num_paths": 10}}))
        inferred = whylight("metadata", "infer", "--spec", spec, "--to", "spec", "--parameters",
                            legacy_config)
        self.assertEqual(inferred.code, 0, inferred.err)
        written = json.loads(inferred.out)
        self.assertEqual(written["parameters"], {"sampledShapleyAttribution": {"pathCount": 10}})
        self.assertEqual(list(written["metadata"]["inputs"]), ["flower"])
        path = self.file("again.json", inferred.out)
        self.assertEqual(whylight("check", model(FLOWER), "--spec", path).code, 0)

    def test_refusals(self):
        metadata = self.file("m.json", json.dumps(METADATA))
        self.expect_refused(self.explain(), 2, "MODEL is required")
        self.expect_refused(self.explain("--spec", metadata), 2, "which --metadata takes")
        self.expect_refused(self.explain(model(FLOWER), "--deployed-model", "7"), 2,
                            "--deployed-model goes with --spec")
        only = self.file("s.json", json.dumps({"parameters": PARAMETERS}))
        self.expect(whylight("check", "--spec", only), 2,
                    f"MODEL is required: {only} does not say where the model is")
        self.expect(self.explain(model(FLOWER), "--spec", self.file("bad.json", json.dumps(
            {"parameters": {"topK": 0}}))), 2, "parameters: topK: expected at least 1")
        self.expect(whylight("metadata", "convert", "--spec", only), 2, "it has no metadata")
        self.expect(whylight("metadata", "convert"), 2, "PATH is required")


if __name__ == "__main__":
    cli_test.PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()

"""`whylight diff` on answers that the program wrote, and on the same in services' forms.

    diff_test.py PROGRAM [unittest's own arguments]

The arithmetic is held by unit tests; here it is what two real runs differ by, and what is printed.
"""
import gzip
import json
import os
import pathlib
import sys
import unittest

import cli_test
from cli_test import CommandLineTest, FLOWER, FLOWER_BASELINE, model, request, whylight

LEGACY = {"featureAttributions": "attributions", "baselineOutputValue": "baseline_score",
          "instanceOutputValue": "example_score", "outputName": "output_name",
          "outputDisplayName": "label_name", "approximationError": "approx_error"}


def legacy_label(attribution):
    """As AI Platform's :explain answered it."""
    label = {LEGACY[key]: value for key, value in attribution.items() if key in LEGACY}
    return {**label, "label_index": attribution["outputIndex"][0]}


class Diff(CommandLineTest):
    def answers(self, name, *options):
        path = str(self.folder / name)
        done = whylight("explain", model(FLOWER), "-i", request(FLOWER), "-o", path, "--baseline",
                        FLOWER_BASELINE, *options)
        self.assertEqual(done.code, 0, done.err)
        return path

    def rows(self, path):
        return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]

    def test_an_answer_agrees_with_itself_in_every_form(self):
        ours = self.answers("ours.jsonl")
        rows = self.rows(ours)
        explanations = [row["explanation"] for row in rows]
        labels = [{"attributions_by_label": [legacy_label(one) for one in row["attributions"]]}
                  for row in explanations]
        forms = {
            "itself": ours,
            "response": self.file("r.json", json.dumps({"explanations": explanations}, indent=2)),
            "legacy": self.file("l.json", json.dumps({"explanations": labels})),
            "batch": self.file("explanation.results-00000-of-00001", "".join(
                json.dumps({key: row[key] for key in ("instance", "prediction", "explanation")})
                + "\n" for row in rows)),
            "compressed": str(self.folder / "ours.jsonl.gz"),
        }
        pathlib.Path(forms["compressed"]).write_bytes(
            gzip.compress(pathlib.Path(ours).read_bytes()))
        for name, theirs in forms.items():
            with self.subTest(name):
                done = whylight("diff", ours, theirs, "--tolerance", "0")
                self.expect(done, 0)
                self.assertIn("compared     3 rows, 3 attributions", done.out)
                self.assertIn("difference   mean 0 %, max 0 %; tolerance 0 %", done.out)

    def test_few_points_differ_from_many(self):
        few, many = self.answers("few.jsonl", "--steps", "2"), self.answers("many.jsonl")
        done = whylight("diff", few, many, "--json")
        self.assertEqual(done.code, 1, done.err)
        report = json.loads(done.out)
        self.assertEqual(report["agrees"], False)
        self.assertEqual(report["rows"], 3)
        for a, b in zip(self.rows(few), self.rows(many)):
            a, b = (row["explanation"]["attributions"][0]["featureAttributions"]["flower"]
                    for row in (a, b))
            size = max(sum(map(abs, a)), sum(map(abs, b)))
            relative = sum(abs(x - y) for x, y in zip(a, b)) / size
            if relative > 0.05:
                self.assertIn(round(relative, 9), [round(one["relativeDifference"], 9)
                                                   for one in report["outliers"]])
        self.assertEqual(report["instanceOutputDifference"]["max"], 0)
        self.assertGreater(report["approximationError"]["ours"]["max"],
                           report["approximationError"]["theirs"]["max"])
        text = whylight("diff", few, many)
        self.assertEqual(text.code, 1)
        self.assertIn("above the tolerance, worst first: ", text.out)
        self.assertEqual(whylight("diff", few, many, "--tolerance", "2").code, 0)

    def test_shards_are_paired_by_key(self):
        ours = self.answers("ours.jsonl")
        rows = self.rows(ours)
        for i, row in enumerate(rows):
            row["instance"] = {"id": i, "flower": row["instance"]}
        ours = self.file("keyed.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        batch = self.folder / "batch"
        batch.mkdir()
        for shard, part in enumerate((rows[2:], rows[:2])):
            (batch / f"explanation.results-0000{shard}-of-00002").write_text(
                "".join(json.dumps(row) + "\n" for row in part))
        self.expect(whylight("diff", ours, str(batch), "--key", "id", "--tolerance", "0"), 0)
        unpaired = whylight("diff", ours, str(batch))
        self.assertEqual(unpaired.code, 1)
        self.assertIn("! 3 pairs of rows with different instances", unpaired.out)

    def test_refusals(self):
        ours = self.answers("ours.jsonl")
        picture = self.file("p.jsonl", json.dumps({"explanation": {"attributions": [
            {"featureAttributions": {"flower": {"b64_jpeg": "/9j/"}}}]}}))
        self.expect_refused(whylight("diff", ours, picture), 2, "nothing could be compared",
                            "theirs line 1", "an answer holds pictures alone")
        self.expect_refused(whylight("diff", ours, str(self.folder / "none.jsonl")), 2,
                            "none.jsonl")
        self.expect_refused(whylight("diff", ours, ours, "--tolerance", "-1"), 2, "--tolerance")


if __name__ == "__main__":
    cli_test.PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()

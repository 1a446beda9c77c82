"""Reports of real answers: a table, a text, a picture, a sequence; as a process, and in a browser.

    report_test.py PROGRAM [unittest's own arguments]

With WHYLIGHT_BROWSER_TESTS=web/ and NODE the tests that hold for any report (web/tests/real.spec.ts)
run on each of them in Chromium.
"""
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import cli_test
from cli_test import CommandLineTest, FLOWER, FLOWER_BASELINE, model, request, whylight

# What is explained, and how: a kind of features each.
REPORTS = {
    "table": ("tf2_several_with_xai_model", "--baseline", FLOWER_BASELINE, "--top-k", "3", "--labels",
              "setosa,versicolor,virginica", "--feature-names", "sl,sw,pl,pw"),
    "mixed": ("tf2_dict_inputs_mixed", "--output-name", "risk", "--method", "sampled-shapley"),
    "sequence": ("tf2_lstm_keras3",),
    "picture": ("tf2_image_preprocess",),
    "regions": ("tf2_image_preprocess", "--method", "xrai", "--steps", "10"),
}


def blocks(page):
    """The two blocks of data in a page: an object, and a list of objects by row."""
    def block(name):
        return re.search(rf'<script[^>]* id="whylight-{name}">([^<]*)</script>', page).group(1)
    return json.loads(block("report")), [json.loads(line) for line in block("details").splitlines()]


class Report(CommandLineTest):
    def answers(self, name="answers.jsonl", of="table"):
        path = str(self.folder / name)
        fixture, *options = REPORTS[of]
        done = whylight("explain", model(fixture), "-i", request(fixture), "-o", path, *options)
        self.assertEqual(done.code, 0, done.err)
        return path

    def test_writes_a_page_beside_the_answers(self):
        path = self.answers()
        done = whylight("report", path)
        self.expect(done, 0, "answers.html: 3 of 3 rows")
        self.assertEqual(done.out, "")
        report, details = blocks((self.folder / "answers.html").read_text())
        self.assertEqual(report["title"], "answers.jsonl")
        self.assertEqual(report["rows"]["count"], 3)
        self.assertEqual(len(details), 3)
        self.assertEqual([target["label"] for target in report["targets"]],
                         ["setosa", "versicolor", "virginica"])
        self.assertEqual([feature["name"] for feature in report["features"]], ["flower"])
        answers = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
        of_first = answers[0]["explanation"]["attributions"][0]
        self.assertEqual(details[0]["explanations"][0]["elements"]["flower"]["attributions"],
                         of_first["featureAttributions"]["flower"])
        self.assertEqual(report["runs"][0]["method"], "integrated-gradients")
        self.assertNotIn("effort", report["runs"][0])

    def test_asks_for_nothing_from_elsewhere(self):
        self.assertEqual(whylight("report", self.answers()).code, 0)
        page = (self.folder / "answers.html").read_text()
        self.assertIn("default-src 'none'", page)
        self.assertIsNone(re.search(r"(src|href)=[\"']?(https?:)?//", page))

    def test_to_standard_output(self):
        done = whylight("report", self.answers(), "-o", "-")
        self.assertEqual(done.code, 0, done.err)
        self.assertTrue(done.out.startswith("<!doctype html>"), done.out[:40])

    def test_several_files_and_a_title(self):
        page = str(self.folder / "week.html")
        done = whylight("report", self.answers("a.jsonl"), self.answers("b.jsonl"), "-o", page,
                        "--title", "This </script> week")
        self.assertEqual(done.code, 0, done.err)
        report, _ = blocks(pathlib.Path(page).read_text())
        self.assertEqual(report["title"], "This </script> week")
        self.assertEqual(report["sources"], [{"name": "a.jsonl", "rows": 3},
                                             {"name": "b.jsonl", "rows": 3}])

    def test_compressed_answers(self):
        path = self.answers()
        packed = self.folder / "packed.jsonl.gz"
        packed.write_bytes(gzip.compress(pathlib.Path(path).read_bytes()))
        self.expect(whylight("report", str(packed)), 0, "packed.html: 3 of 3 rows")

    def test_more_rows_than_fit_are_sampled(self):
        path = self.file("many.jsonl", 50 * pathlib.Path(self.answers()).read_text())
        self.expect(whylight("report", path, "--max-rows", "10"), 0, "many.html: 10 of 150 rows")
        report, _ = blocks((self.folder / "many.html").read_text())
        self.assertEqual((report["rows"]["count"], report["rows"]["total"]), (10, 150))

    def test_a_file_that_is_cut_off(self):
        text = pathlib.Path(self.answers()).read_text()
        path = self.file("cut.jsonl", text[:-200])
        self.expect(whylight("report", path), 1, "cut.html: 2 of 3 rows", "1 line is no answer",
                    "line 3: column ")

    def test_what_is_no_file_of_answers(self):
        predicted = whylight("predict", model(FLOWER), "-i", request(FLOWER)).out
        for name, path, piece in (
                ("predictions", self.file("p.jsonl", predicted), 'line 1: expected an answer of `whylight explain`'),
                ("nothing", self.file("e.jsonl", ""), "no answers to report of"),
                ("absent", str(self.folder / "none.jsonl"), "none.jsonl")):
            with self.subTest(name):
                page = self.folder / "page.html"
                self.expect_refused(whylight("report", path, "-o", str(page)), 2, piece)
                self.assertFalse(page.exists())

    def test_a_full_disk_leaves_nothing(self):
        done = whylight("report", self.answers(), "-o", "/dev/full")
        self.expect_refused(done, 2, "/dev/full", "No space left on device")


# `./dev test` always sets it; sanitized builds do not, since they make the same page.
@unittest.skipUnless("WHYLIGHT_BROWSER_TESTS" in os.environ, "no browser")
class InABrowser(CommandLineTest):
    def test_each_kind_of_feature(self):
        for name, (fixture, *options) in REPORTS.items():
            with self.subTest(name):
                answers = str(self.folder / f"{name}.jsonl")
                done = whylight("explain", model(fixture), "-i", request(fixture), "-o", answers,
                                *options)
                self.assertEqual(done.code, 0, done.err)
                self.assertEqual(whylight("report", answers).code, 0)
                web = pathlib.Path(os.environ["WHYLIGHT_BROWSER_TESTS"])
                shown = subprocess.run(
                    [os.environ["NODE"], "node_modules/@playwright/test/cli.js", "test",
                     "tests/real.spec.ts", "--output", str(self.folder / "results")],
                    cwd=web, capture_output=True, text=True, timeout=300,
                    env={**os.environ, "WHYLIGHT_REPORT": str(self.folder / f"{name}.html")})
                self.assertEqual(shown.returncode, 0, shown.stdout + shown.stderr)


if __name__ == "__main__":
    cli_test.PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()

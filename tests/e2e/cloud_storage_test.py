"""Paths in buckets, through the program: gs:// from fake-gcs-server, and from networks that fail.

    cloud_storage_test.py PROGRAM FAKE_GCS_SERVER [unittest's own arguments]
"""
from __future__ import annotations

import base64
import contextlib
import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import pyarrow
import pyarrow.parquet

from fault_proxy import Fault, FaultProxy
from gcs_server import free_port, gcs_server

MODELS = pathlib.Path(__file__).resolve().parents[1] / "models"
PROGRAM = SERVER = ""
TIMEOUT_SECONDS = 120  # Of one call; sanitizers are slow.
RETRY_SECONDS = "1"  # Instead of a minute. The first pause is about as long.
LONG_ENOUGH = {"WHYLIGHT_RETRY_SECONDS": "20"}  # For what goes well when it is tried again.

FLOWER = "tf2_several_with_xai_model"  # flower [4] -> probabilities [3]
IMAGE = "tf2_image_preprocess"
BASELINE = ("--baseline", "flower=[5.8, 3.0, 4.35, 1.3]")
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.1, 4.4, 1.4]]
LINES = "".join(json.dumps({"flower": row}) + "\n" for row in ROWS)


class Outcome:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def rows(self):
        return [json.loads(line) for line in self.out.splitlines()]


class CloudStorageTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.data = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        shutil.copytree(MODELS / FLOWER / "model", cls.data / "models" / "flowers")
        for version, name in (("7", IMAGE), ("12", FLOWER)):
            shutil.copytree(MODELS / name / "model", cls.data / "models" / "base" / version)
        rows = cls.data / "rows"
        rows.mkdir()
        (rows / "rows.jsonl").write_text(LINES)
        (rows / "a name with spaces, #1 & 100%.jsonl").write_text(LINES)
        (rows / "rows.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
        (rows / "rows.csv").write_text("a,b,c,d\n" + "".join(
            ",".join(map(str, row)) + "\n" for row in ROWS))
        pyarrow.parquet.write_table(pyarrow.table({"flower": pyarrow.array(
            ROWS, pyarrow.list_(pyarrow.float32()))}), rows / "rows.parquet")
        (rows / "many").mkdir()
        for i, row in enumerate(ROWS):
            (rows / "many" / f"{i}.jsonl").write_text(json.dumps({"flower": row}) + "\n")
        cls.address = cls.enterClassContext(gcs_server(SERVER, cls.data))

    # unittest has it from Python 3.11 on.
    @classmethod
    def enterClassContext(cls, context):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        return stack.enter_context(context)

    @classmethod
    def get(cls, path):
        """What the server itself answers; None if there is no such thing."""
        try:
            with urllib.request.urlopen(f"http://{cls.address[0]}:{cls.address[1]}{path}") as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return None

    @classmethod
    def stored(cls, bucket, name):
        return cls.get(f"/storage/v1/b/{bucket}/o/{urllib.parse.quote(name, safe='')}?alt=media")

    def store(self, bucket, name, data):
        request = urllib.request.Request(
            f"http://{self.address[0]}:{self.address[1]}/upload/storage/v1/b/{bucket}/o"
            f"?uploadType=media&name={urllib.parse.quote(name, safe='')}", data=data,
            headers={"Content-Type": "application/octet-stream"})
        urllib.request.urlopen(request).close()

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.cache = self.folder / "cache"
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        self.proxy = stack.enter_context(FaultProxy(self.address))

    def environment(self, **more):
        plain = {name: value for name, value in os.environ.items()
                 if not name.startswith(("GOOGLE_", "AWS_", "WHYLIGHT_CACHE", "STORAGE_"))}
        return plain | {"STORAGE_EMULATOR_HOST": "http://" + self.proxy.address,
                        "WHYLIGHT_CACHE_DIR": str(self.cache), "TMPDIR": str(self.temporary),
                        "WHYLIGHT_RETRY_SECONDS": RETRY_SECONDS,
                        "HOME": str(self.folder)} | more

    def start(self, *arguments, **more):
        return subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment(**more))

    def whylight(self, *arguments, **more):
        process = self.start(*arguments, **more)
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
        return Outcome(process.returncode, out, err)

    def predict(self, instances, model=str(MODELS / FLOWER / "model"), **more):
        return self.whylight("predict", model, "-i", instances, **more)

    def expect(self, outcome, code, *pieces):
        self.assertEqual(outcome.code, code, outcome.err)
        for piece in pieces:
            self.assertIn(piece, outcome.err)

    def expect_predictions(self, outcome):
        self.expect(outcome, 0)
        self.assertEqual(len(outcome.rows()), len(ROWS))

    def nothing_is_left(self):
        self.assertEqual(list(self.temporary.iterdir()), [])


class Signatures(CloudStorageTest):
    def test_a_signed_model_goes_from_bucket_to_bucket(self):
        outcome = self.whylight("signature", "gs://models/flowers", "-o", "gs://models/signed/1",
                                "--rename", "xai_model=scores")
        self.expect(outcome, 0)
        self.assertIn("gs://models/signed/1", outcome.out)
        self.assertIsNotNone(self.stored("models", "signed/1/saved_model.pb"))
        self.expect_predictions(self.predict("gs://rows/rows.jsonl", "gs://models/signed"))
        again = self.whylight("signature", "gs://models/flowers", "-o", "gs://models/signed/1",
                              "--rename", "xai_model=scores")
        self.expect(again, 2, "gs://models/signed/1", "is there already")
        self.nothing_is_left()

    def test_a_model_in_a_bucket_is_not_changed_in_place(self):
        outcome = self.whylight("signature", "gs://models/flowers", "--in-place", "--rename",
                                "xai_model=scores")
        self.expect(outcome, 2, "--in-place", "is in a bucket")

    def test_an_upload_that_cannot_be_finished_leaves_no_model(self):
        outcome = self.whylight("signature", "gs://models/flowers", "-o", "gs://absent/model",
                                "--rename", "xai_model=scores")
        self.expect(outcome, 2, "there is no bucket 'absent'")
        self.nothing_is_left()


class Reading(CloudStorageTest):
    def test_instances_of_every_form(self):
        local = self.predict(str(self.data / "rows/rows.jsonl"))
        for name in ("rows.jsonl", "rows.jsonl.gz", "rows.csv", "rows.parquet", "many",
                     "a name with spaces, #1 & 100%.jsonl"):
            with self.subTest(name):
                outcome = self.predict("gs://rows/" + name)
                self.expect_predictions(outcome)
                self.assertEqual([row["prediction"] for row in outcome.rows()],
                                 [row["prediction"] for row in local.rows()])
        self.nothing_is_left()

    def test_an_endpoint_may_stand_in_the_path(self):
        host, port = self.address
        path = (f"gs://anonymous@rows/rows.jsonl"
                f"?endpoint_override={host}:{port}&scheme=http&retry_limit_seconds=1")
        self.expect_predictions(self.predict(path, STORAGE_EMULATOR_HOST=""))

    def test_metadata_baselines_and_examples(self):
        self.store("rows", "train.csv", b"5.8,3.0,4.35,1.3\n5.0,3.2,1.2,0.3\n")
        outcome = self.whylight("explain", str(MODELS / FLOWER / "model"), "-i",
                                "gs://rows/rows.jsonl", "--baseline", "median", "--baseline-data",
                                "gs://rows/rows.csv", "--format", "jsonl")
        self.expect_predictions(outcome)
        self.assertIn("median", json.dumps(outcome.rows()[0]["whylight"]))

    def test_absent_things_are_told_apart(self):
        self.expect(self.predict("gs://no-such-bucket/rows.jsonl"), 2,
                    "there is no bucket 'no-such-bucket'", "no credentials")
        self.expect(self.predict("gs://rows/rosw.jsonl"), 2,
                    "cannot read gs://rows/rosw.jsonl", "no such object in the bucket 'rows'",
                    "did you mean 'rows.jsonl'?")
        self.expect(self.predict("gs://rows/other"), 2, "beside it: ")

    def test_paths_that_name_nothing_readable(self):
        self.expect(self.predict("gs://"), 2, "found no bucket in 'gs://'")
        self.expect(self.predict("gs://key:secret@rows/rows.jsonl"), 2, "keys in a path")
        self.assertNotIn("secret", self.predict("gs://key:secret@rows/rows.jsonl").err.replace(
            "gs://key:secret@rows/rows.jsonl", ""))

    def test_a_limit_of_retries_that_is_no_number(self):
        self.expect(self.predict("gs://rows/rows.jsonl", WHYLIGHT_RETRY_SECONDS="soon"), 2,
                    "WHYLIGHT_RETRY_SECONDS: expected a number of seconds above 0, found 'soon'")


class Models(CloudStorageTest):
    def test_a_model_is_copied_once(self):
        first = self.predict("gs://rows/rows.jsonl", "gs://models/flowers")
        self.expect_predictions(first)
        self.assertIn("copying gs://models/flowers", first.err)
        self.proxy.reset()
        second = self.predict("gs://rows/rows.jsonl", "gs://models/flowers")
        self.expect_predictions(second)
        self.assertEqual(second.err, "")
        self.assertEqual(second.out, first.out)
        self.assertEqual(self.proxy.count(r"GET .*saved_model\.pb.*alt=media"), 0)

    def test_the_newest_version_is_taken_and_no_other_is_copied(self):
        outcome = self.whylight("inspect", "gs://models/base", "--json")
        self.expect(outcome, 0)
        self.assertEqual(json.loads(outcome.out)["origin"], "gs://models/base/12")
        self.assertEqual(self.proxy.count(r"base%2F7.*alt=media"), 0)

    def test_a_model_that_changed_is_copied_anew(self):
        for file in (MODELS / FLOWER / "model").rglob("*"):
            if file.is_file():
                name = file.relative_to(MODELS / FLOWER / "model").as_posix()
                self.store("models", "changing/" + name, file.read_bytes())
        self.expect(self.whylight("inspect", "gs://models/changing"), 0)
        name = "variables/variables.data-00000-of-00001"
        self.store("models", "changing/" + name,
                   (MODELS / FLOWER / "model" / name).read_bytes())
        self.expect(self.whylight("inspect", "gs://models/changing"), 0, "copying gs://")

    def test_a_damaged_copy_is_made_again(self):
        self.expect(self.whylight("inspect", "gs://models/flowers"), 0)
        (weights,) = self.cache.glob("*/files/variables/variables.data*")
        data = bytearray(weights.read_bytes())
        data[100] ^= 1
        weights.write_bytes(data)
        self.expect(self.whylight("inspect", "gs://models/flowers"), 0, "damaged", "copying gs://")
        self.assertEqual(self.whylight("inspect", "gs://models/flowers").err, "")

    def test_two_processes_copy_once(self):
        slow = Fault(r"GET .*variables\.data.*alt=media", delay=1)
        self.proxy.reset(slow)
        processes = [self.start("inspect", "gs://models/flowers") for _ in range(2)]
        for process in processes:
            _, err = process.communicate(timeout=TIMEOUT_SECONDS)
            self.assertEqual(process.returncode, 0, err)
        self.assertEqual(self.proxy.count(r"GET .*variables\.data.*alt=media"), 1)

    def test_the_cache_keeps_to_its_size(self):
        self.expect(self.whylight("inspect", "gs://models/flowers"), 0)
        outcome = self.whylight("inspect", "gs://models/base/7", "--cache-size", "150K")
        self.expect(outcome, 0)
        origins = [json.loads(p.read_text())["uri"] for p in self.cache.glob("*/manifest.json")]
        self.assertEqual(origins, ["gs://models/base/7"])

    def test_the_cache_is_listed_and_cleared(self):
        self.expect(self.whylight("inspect", "gs://models/flowers"), 0)
        (entry,) = json.loads(self.whylight("cache", "list", "--json").out)
        self.assertEqual((entry["uri"], entry["inUse"]), ("gs://models/flowers", False))
        files = [p for p in (MODELS / FLOWER / "model").rglob("*") if p.is_file()]
        self.assertEqual(entry["bytes"], sum(p.stat().st_size for p in files))
        self.assertIn("gs://models/flowers", self.whylight("cache", "list").out)
        self.assertIn("removed 0.1 MB", self.whylight("cache", "clear").out)
        self.assertEqual(list(self.cache.iterdir()), [])
        self.expect(self.whylight("cache", "list", WHYLIGHT_CACHE_SIZE="much"), 2,
                    "WHYLIGHT_CACHE_SIZE: expected a size")

    def test_a_copy_that_breaks_off_leaves_nothing(self):
        self.proxy.reset(Fault(r"GET .*variables\.data.*alt=media", cut_after=1000))
        self.expect(self.whylight("inspect", "gs://models/flowers"), 2, "cannot read gs://models/")
        self.assertEqual([p for p in self.cache.iterdir() if p.is_dir()], [])

    def test_what_is_no_model(self):
        self.expect(self.whylight("inspect", "gs://rows"), 2, "expected a SavedModel", "rows.csv")
        self.expect(self.whylight("inspect", "gs://rows/rows.csv"), 2,
                    "expected the folder of a SavedModel, found an object")
        self.expect(self.whylight("inspect", "gs://models/flowerz"), 2,
                    "did you mean 'flowers'?")
        self.expect(self.whylight("inspect", "gs://absent/model"), 2, "no bucket 'absent'")


class Networks(CloudStorageTest):
    OBJECT = r"GET /storage/v1/b/rows/o/rows\.jsonl\?alt=media"

    def predict_through(self, *faults, **more):
        self.proxy.reset(*faults)
        return self.predict("gs://rows/rows.jsonl", **more)

    def test_a_connection_that_breaks_once_is_tried_again(self):
        self.expect_predictions(self.predict_through(Fault(self.OBJECT, cut_after=20, times=1),
                                                     **LONG_ENOUGH))
        self.assertEqual(self.proxy.count(self.OBJECT), 2)

    def test_a_connection_that_always_breaks(self):
        outcome = self.predict_through(Fault(self.OBJECT, cut_after=20))
        self.expect(outcome, 2, "cannot read gs://rows/rows.jsonl", "tried again for 1 s")

    def test_an_object_that_is_cut_off(self):
        self.expect(self.predict_through(Fault(self.OBJECT, shorten_to=30)), 2,
                    "cannot read gs://rows/rows.jsonl", "its checksum is wrong")
        outcome = self.predict_through(Fault(self.OBJECT, shorten_to=30, keeps_hash=False))
        self.expect(outcome, 2, f"expected {len(LINES)} bytes, found 30")

    def test_a_byte_that_is_another(self):
        self.expect(self.predict_through(Fault(self.OBJECT, flip_byte=5)), 2,
                    "its checksum is wrong")

    def test_an_error_that_passes_by(self):
        self.expect_predictions(self.predict_through(Fault("GET", status=503, times=1),
                                                     **LONG_ENOUGH))

    def test_an_error_that_stays(self):
        self.expect(self.predict_through(Fault("GET", status=503)), 2,
                    "no good answer, tried again for 1 s: Backend Error",
                    "WHYLIGHT_RETRY_SECONDS")

    def test_slow_answers_are_waited_for(self):
        self.expect_predictions(self.predict_through(Fault(self.OBJECT, delay=1.5, times=1)))

    def test_no_answer_at_all(self):
        began = time.monotonic()
        outcome = self.predict_through(Fault("GET", delay=30))
        self.expect(outcome, 2, "cannot read gs://rows/rows.jsonl: no answer within 3 s")
        self.assertLess(time.monotonic() - began, 20)

    def test_a_server_that_is_not_there(self):
        outcome = self.predict("gs://rows/rows.jsonl",
                               STORAGE_EMULATOR_HOST=f"127.0.0.1:{free_port()}")
        self.expect(outcome, 2, "tried again for 1 s", "Is the network up?")

    def test_no_permission(self):
        outcome = self.predict_through(Fault("GET", status=403))
        self.expect(outcome, 2, "permission denied (403): caller does not have",
                    "Used: no credentials", "needed: storage.objects.get",
                    "GOOGLE_APPLICATION_CREDENTIALS")

    def test_credentials_that_are_not_accepted(self):
        outcome = self.predict_through(Fault("GET", status=401))
        self.expect(outcome, 2, "the credentials were not accepted (401", "Invalid Credentials")

    def test_ctrl_c_does_not_wait_for_the_network(self):
        self.proxy.reset(Fault("GET", delay=20))
        process = self.start("predict", str(MODELS / FLOWER / "model"), "-i",
                             "gs://rows/rows.jsonl", WHYLIGHT_RETRY_SECONDS="60")
        self.wait_for(lambda: self.proxy.requests)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT_SECONDS)
        self.assertEqual(process.returncode, 130, err)
        self.assertLess(time.monotonic() - began, 10)

    def wait_for(self, condition):
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)


class Writing(CloudStorageTest):
    UPLOAD = r"(PUT|POST) /upload/"

    def explain(self, output, *arguments, rows="gs://rows/rows.jsonl", **more):
        return self.whylight("explain", str(MODELS / FLOWER / "model"), "-i", rows, *BASELINE,
                             "-o", output, *arguments, **more)

    def test_answers_summary_failed_rows_and_a_report(self):
        self.store("rows", "bad.jsonl", LINES.encode() + b'{"flower": "no"}\n')
        outcome = self.explain("gs://rows/out/a.jsonl", "--summary", "gs://rows/out/a.summary.json",
                               rows="gs://rows/bad.jsonl")
        self.expect(outcome, 1, "in gs://rows/out/a.errors.jsonl")
        self.assertEqual(len(self.stored("rows", "out/a.jsonl").splitlines()), len(ROWS))
        self.assertEqual(len(self.stored("rows", "out/a.errors.jsonl").splitlines()), 1)
        summary = json.loads(self.stored("rows", "out/a.summary.json"))["whylight"]
        self.assertEqual((summary["rows"], summary["failed"]), (len(ROWS), 1))
        self.expect(self.whylight("report", "gs://rows/out/a.jsonl"), 0, "2 of 2 rows")
        page = self.stored("rows", "out/a.html")
        self.assertIn(b"a.jsonl", page)
        self.nothing_is_left()

    def test_tables(self):
        self.expect(self.explain("gs://rows/out/a.parquet"), 0)
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(
            self.stored("rows", "out/a.parquet")))
        self.assertEqual(table.num_rows, len(ROWS))

    def test_pictures(self):
        self.expect(self.whylight("explain", str(MODELS / IMAGE / "model"), "-i",
                                  str(MODELS / IMAGE / "request.json"), "--format", "jsonl",
                                  "--images", "gs://rows/out/pictures", "--steps", "2"), 0)
        listing = json.loads(self.get("/storage/v1/b/rows/o?prefix=out/pictures/"))
        names = [item["name"] for item in listing["items"]]
        self.assertTrue(any(name.startswith("out/pictures/0.") and name.endswith(".jpg")
                            for name in names), names)
        self.nothing_is_left()

    def test_metadata(self):
        self.expect(self.whylight("metadata", "infer", "gs://models/flowers", "-o",
                                  "gs://rows/out/metadata.json"), 0)
        self.assertIn("inputs", json.loads(self.stored("rows", "out/metadata.json")))

    def test_nothing_is_seen_before_the_end(self):
        held = Fault(self.UPLOAD, delay=0.3)
        held.on_request = lambda _: self.assertIsNone(self.stored("rows", "out/held.jsonl"))
        self.proxy.reset(held)
        self.expect(self.explain("gs://rows/out/held.jsonl"), 0)
        self.assertIsNotNone(self.stored("rows", "out/held.jsonl"))

    def test_an_upload_that_fails_keeps_what_was_written(self):
        self.proxy.reset(Fault(self.UPLOAD, status=503))
        outcome = self.explain("gs://rows/out/failed.jsonl")
        self.expect(outcome, 2, "cannot write gs://rows/out/failed.jsonl", "tried again for 1 s")
        self.assertIsNone(self.stored("rows", "out/failed.jsonl"))
        kept = pathlib.Path(re.search(r"is kept in (\S+)", outcome.err)[1])
        self.assertEqual(len(kept.read_text().splitlines()), len(ROWS))

    def test_an_upload_that_is_stopped(self):
        self.store("rows", "out/old.jsonl", b"old\n")
        process = None

        def stop(_):
            process.send_signal(signal.SIGINT)

        self.proxy.reset(Fault("PUT ", delay=3, on_request=stop))
        process = self.start("explain", str(MODELS / FLOWER / "model"), "-i",
                             "gs://rows/rows.jsonl", *BASELINE, "-o", "gs://rows/out/old.jsonl")
        _, err = process.communicate(timeout=TIMEOUT_SECONDS)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn("is kept in", err)
        self.assertEqual(self.stored("rows", "out/old.jsonl"), b"old\n")

    def test_a_process_that_is_killed(self):
        process = None
        self.proxy.reset(Fault("PUT ", delay=1, on_request=lambda _: process.kill()))
        process = self.start("explain", str(MODELS / FLOWER / "model"), "-i",
                             "gs://rows/rows.jsonl", *BASELINE, "-o", "gs://rows/out/killed.jsonl")
        process.communicate(timeout=TIMEOUT_SECONDS)
        self.assertIsNone(self.stored("rows", "out/killed.jsonl"))

    def test_what_cannot_be_written_is_told_before_the_work(self):
        outcome = self.explain("gs://no-such-bucket/a.jsonl")
        self.expect(outcome, 2, "cannot write gs://no-such-bucket/a.jsonl",
                    "there is no bucket 'no-such-bucket'")
        self.expect(self.explain("gs://rows"), 2, "expected an object, found a bucket")
        self.proxy.reset(Fault(r"GET /storage/v1/b/rows\?|GET /storage/v1/b/rows$", status=403))
        self.expect(self.explain("gs://rows/out/only-writes.jsonl"), 0)

    def test_no_permission_to_write(self):
        self.proxy.reset(Fault(self.UPLOAD, status=403))
        self.expect(self.explain("gs://rows/out/forbidden.jsonl"), 2,
                    "permission denied (403)", "storage.objects.create", "is kept in")


class Credentials(CloudStorageTest):
    @unittest.skipUnless(shutil.which("openssl"), "a key is made by openssl")
    def test_a_service_account_signs_what_it_asks(self):
        key = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, text=True,
                             check=True).stdout
        file = self.folder / "key.json"
        file.write_text(json.dumps({
            "type": "service_account", "project_id": "p", "private_key_id": "1",
            "private_key": key, "client_email": "a@p.iam.gserviceaccount.com", "client_id": "1",
            "token_uri": "https://oauth2.googleapis.com/token"}))
        account = {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}
        self.expect_predictions(self.predict("gs://rows/rows.jsonl", **account))
        for request in self.proxy.requests:
            self.assertEqual(self.issuer(request), "a@p.iam.gserviceaccount.com")
        self.proxy.reset(Fault("GET", status=403))
        self.expect(self.predict("gs://rows/rows.jsonl", **account), 2,
                    f"Used: the file {file} (GOOGLE_APPLICATION_CREDENTIALS)", "anonymous@")
        self.proxy.reset()
        self.expect_predictions(self.predict("gs://anonymous@rows/rows.jsonl", **account))
        self.assertNotIn("Authorization", self.proxy.requests[0].headers)

    @staticmethod
    def issuer(request):
        """Of the token that a request carries, which the account's key signed."""
        claims = request.headers["Authorization"].removeprefix("Bearer ").split(".")[1]
        return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["iss"]

    def test_a_key_file_that_is_not_there(self):
        outcome = self.predict("gs://rows/rows.jsonl", GOOGLE_APPLICATION_CREDENTIALS="/no/such")
        self.expect(outcome, 2, "/no/such")


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    SERVER = os.path.abspath(sys.argv.pop(1))
    if not os.path.exists(SERVER):
        sys.exit(f"there is no {SERVER}: ./dev setup builds it")
    unittest.main()

#!/usr/bin/env python3
"""Tests of the tools here that the build and CI rely on."""
import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

sys.dont_write_bytecode = True
TOOLS = pathlib.Path(__file__).resolve().parent


def run(tool, *arguments):
    """The tool's exit code and what it prints; in this process, as there are many rows."""
    path = str(TOOLS / tool)
    loader = importlib.machinery.SourceFileLoader(tool, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(tool, loader))
    loader.exec_module(module)
    output = io.StringIO()
    with unittest.mock.patch.object(sys, "argv", [path, *map(str, arguments)]), \
            contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        code = module.main()
    return code, output.getvalue()


class CheckIncludes(unittest.TestCase):
    def check(self, path, text):
        """check_includes on a tree of one file under test beside some headers to include."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for header in ("include/whylight/status.h", "include/whylight/runtime.h",
                           "src/util/strings.h", "src/graph/graph.h", "src/io/json.h",
                           "src/image/png.h", "src/testing/npz.h", "src/other/new.h",
                           "src/runtime/tensorflow/c_api.h", "src/attribution/list.h",
                           "src/util/wire.h"):
                (root / header).parent.mkdir(parents=True, exist_ok=True)
                (root / header).write_text("#pragma once\n")
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
            return run("check_includes", root)

    ALLOWED = [
        ("below", "src/autodiff/a.cc", '#include "graph/graph.h"\n'),
        ("itself", "src/graph/passes/a.cc", '#include "graph/graph.h"\n'),
        ("public", "src/graph/a.cc", '#include "whylight/status.h"\n'),
        ("protozero", "src/graph/a.cc", "#include <protozero/pbf_reader.hpp>\n"),
        ("protozero_of_an_example", "src/io/tf_example.cc", '#include "util/wire.h"\n'),
        ("library", "src/util/a.cc", "#include <vector>\n"),
        ("test", "src/graph/a_test.cc", '#include "testing/npz.h"\n'),
        ("main", "src/cli/main.cc", '#include "runtime/tensorflow/c_api.h"\n'),
        ("symbol_in_comment", "src/graph/a.cc", "// as TF_SessionRun does\n"),
        ("symbol_in_string", "src/graph/a.cc", 'const char* kName = "TF_ENABLE_ONEDNN_OPTS";\n'),
    ]
    REFUSED = [
        ("above", "src/graph/a.cc", '#include "attribution/list.h"\n', "src/graph/a.cc:1:"),
        ("second_line", "src/graph/a.cc", '\n#include "attribution/list.h"\n', "a.cc:2:"),
        ("neighbour", "src/io/a.cc", '#include "image/png.h"\n', "io may include"),
        ("public_above", "src/graph/a.cc", '#include "whylight/runtime.h"\n', "runtime"),
        ("missing", "src/graph/a.cc", '#include "graph/gone.h"\n', "no such file"),
        ("not_a_test", "src/graph/a.cc", '#include "testing/npz.h"\n', "testing"),
        ("unknown_target", "src/graph/a.cc", '#include "other/new.h"\n', "not in the table"),
        ("unknown_source", "src/other/a.cc", '#include "graph/graph.h"\n', "not in the table"),
        ("protozero_in_header", "src/graph/a.h",
         "#pragma once\n#include <protozero/pbf_reader.hpp>\n", "protozero stays"),
        ("wrapper_in_header", "src/graph/a.h",
         '#pragma once\n#include "util/wire.h"\n', "protozero stays"),
        ("protozero_elsewhere", "src/image/a.cc", "#include <protozero/pbf_reader.hpp>\n",
         "protozero stays"),
        ("wrapper_elsewhere", "src/io/json.cc", '#include "util/wire.h"\n', "protozero stays"),
        ("arrow_elsewhere", "src/io/a.cc", "#include <arrow/api.h>\n", "Arrow's headers stay"),
        ("tensorflow_folder", "src/cli/run.cc", '#include "runtime/tensorflow/c_api.h"\n',
         "only src/runtime/tensorflow/"),
        ("tensorflow_header", "src/cli/main.cc", "#include <tensorflow/c/c_api.h>\n",
         "TensorFlow's headers stay"),
        ("symbol", "src/graph/a.cc", "/* two\nlines */ int x = TF_OK;\n", "a.cc:2: TF_OK"),
        ("no_pragma", "src/graph/a.h", "int x;\n", "no #pragma once"),
    ]

    def test_allows(self):
        for name, path, text in self.ALLOWED:
            with self.subTest(name):
                self.assertEqual(self.check(path, text), (0, ""))

    def test_refuses(self):
        for name, path, text, message in self.REFUSED:
            with self.subTest(name):
                code, output = self.check(path, text)
                self.assertEqual(code, 1)
                self.assertIn(message, output)


class CountTests(unittest.TestCase):
    def count(self, cases):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "tests.xml"
            file.write_text("<testsuite>%s</testsuite>" % cases)
            return run("count_tests", file)

    GTEST = ('<testcase name="a" status="%s"><system-out>[==========] Running.\n'
             "%s</system-out></testcase>")
    ROWS = [
        ("program", GTEST % ("run", "[  PASSED  ] 7 tests.\n"), 0, "7 passed, 0 failed\n"),
        ("one", GTEST % ("run", "[  PASSED  ] 1 test.\n"), 0, "1 passed, 0 failed\n"),
        ("failures", GTEST % ("fail", "[  PASSED  ] 7 tests.\n[  FAILED  ] 2 tests, listed "
                              "below:\n[  FAILED  ] A.B\n[  FAILED  ] A.C\n"), 1,
         "7 passed, 2 failed\n"),
        ("crash", GTEST % ("fail", "[ RUN      ] A.B\nSegmentation fault\n"), 1,
         "0 passed, 1 failed\n"),
        ("report_after_the_end", GTEST % ("fail", "[  PASSED  ] 7 tests.\nERROR: leak\n"), 1,
         "7 passed, 1 failed\n"),
        ("script", '<testcase name="s" status="run"/>', 0, "1 passed, 0 failed\n"),
        ("failed_script", '<testcase name="s" status="fail"/>', 1, "0 passed, 1 failed\n"),
        ("not_built", '<testcase name="s" status="notrun"><skipped message="Unable to find '
         'executable: s"/></testcase>', 1, "0 passed, 1 failed\n"),
        ("disabled", '<testcase name="s" status="disabled"/>' +
         GTEST % ("run", "[  PASSED  ] 1 test.\n"), 0, "1 skipped: s\n1 passed, 0 failed\n"),
        ("skip_code", '<testcase name="s" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>'
         "</testcase>" + GTEST % ("run", "[  PASSED  ] 1 test.\n"), 0,
         "1 skipped: s\n1 passed, 0 failed\n"),
        ("skipped", GTEST % ("run", "[  PASSED  ] 1 test.\n[  SKIPPED ] 1 test, listed below:\n"
                             "[  SKIPPED ] A.B/c\n"), 0, "1 skipped: A.B/c\n1 passed, 0 failed\n"),
        ("sum", GTEST % ("run", "[  PASSED  ] 7 tests.\n") + '<testcase name="s" status="run"/>',
         0, "8 passed, 0 failed\n"),
        ("pytest", GTEST % ("fail", "SKIPPED [1] test_a.py:3: no Estimators\n"
                            "1 failed, 47 passed, 1 skipped in 26.92s\n"), 1,
         "1 skipped: test_a.py:3: no Estimators\n47 passed, 1 failed\n"),
        ("pytest_error", GTEST % ("fail", "===== 2 passed, 1 error in 0.10s =====\n"), 1,
         "2 passed, 1 failed\n"),
        ("nothing", "", 1, "0 passed, 0 failed\n"),
    ]

    def test_counts(self):
        for name, cases, code, output in self.ROWS:
            with self.subTest(name):
                self.assertEqual(self.count(cases), (code, output))

    def test_no_file_is_a_failure(self):
        self.assertEqual(run("count_tests", "/nowhere/tests.xml"), (1, "0 passed, 1 failed\n"))


if __name__ == "__main__":
    unittest.main()

"""docs/explainable-ai-sdk.md: its program, and what it prints."""

import contextlib
import io
import re

import pytest
from cases import MODELS

import whylight.explainable_ai_sdk as explainable_ai_sdk

ROOT = MODELS.parents[1]
PAGE = (ROOT / "docs" / "explainable-ai-sdk.md").read_text()
BLOCK = re.compile(r"<!-- run: package -->\n```python\n(.*?)```\n```text\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("program, want", BLOCK.findall(PAGE))
def test_the_program_prints_what_the_page_says(program, want, monkeypatch):
    monkeypatch.chdir(ROOT)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(program, {})
    assert printed.getvalue() == want


def test_every_name_of_the_page_is_there():
    assert BLOCK.search(PAGE)
    (table,) = re.findall(r"## Names\n(.*?)\n## ", PAGE, re.DOTALL)
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| `")]
    assert len(rows) > 8
    for theirs, here, *_ in rows:
        module = ""
        for name in re.findall(r"`([\w.]+)", theirs):
            if "." in name:
                module = name.rsplit(".", 1)[0]
            found = resolve(name) or resolve(f"{module}.{name}") or resolve(f"model.model.{name}")
            assert (found is None) == here.startswith("not there"), name


def resolve(path):
    found = explainable_ai_sdk
    for name in path.split("."):
        found = getattr(found, name, None)
    return found

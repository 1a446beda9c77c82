"""Every block of docs/saving.md, run in its order, and what the blocks leave behind."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
from typing import NamedTuple

import pytest
import tensorflow as tf
from program import program, run

PAGES = pathlib.Path(__file__).resolve().parents[3] / "docs"
FENCE = re.compile(
    r"(?:<!-- run: (?P<marks>[\w ]+) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)```", re.S
)

HERE = {"tf2", "keras", "shell"}
HERE |= {"estimator", "keras2"} if hasattr(tf, "estimator") else {"keras3"}

# The only block that cannot run here: there is no bucket.
NEEDS_A_BUCKET = 'whylight.saving.save(model, "gs://'


class Block(NamedTuple):
    marks: set[str]
    language: str
    code: str


def blocks(page: str) -> list[Block]:
    text = (PAGES / page).read_text()
    return [
        Block(set((match["marks"] or "").split()), match["language"], match["code"])
        for match in FENCE.finditer(text)
    ]


def run_block(block: Block) -> None:
    if block.language == "python":
        exec(compile(block.code, "docs/saving.md", "exec"), {"__name__": "__main__"})
        return
    folder = os.path.dirname(program())
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euc", block.code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{block.code}\n{done.stdout}{done.stderr}"


def test_every_block_of_code_is_run_somewhere():
    for block in blocks("saving.md"):
        if block.language in ("python", "sh") and not block.code.startswith(NEEDS_A_BUCKET):
            assert block.marks and block.marks <= HERE | {"estimator", "keras2", "keras3"}


def test_the_blocks_run_in_order_and_their_models_can_be_explained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = [block for block in blocks("saving.md") if block.marks and block.marks <= HERE]
    for block in ran:
        run_block(block)
    saved = {path.parent for path in tmp_path.rglob("saved_model.pb")}
    assert len(saved) >= (13 if "estimator" in HERE else 9)
    for path in saved:
        run("check", path)


def test_the_page_in_japanese_has_the_same_code():
    english, japanese = (
        [block for block in blocks(page) if block.language in ("python", "sh")]
        for page in ("saving.md", "ja/saving.md")
    )
    assert japanese == english


@pytest.mark.parametrize("page", ["saving.md", "ja/saving.md"])
def test_the_tests_that_the_page_names_are_there(page):
    tests = "".join(
        path.read_text() for path in pathlib.Path(__file__).parents[1].glob("*/test_*.py")
    )
    names = re.findall(r"`(test_\w+)`", (PAGES / page).read_text())
    assert len(names) >= 10
    assert [name for name in names if f"def {name}(" not in tests] == []

"""docs/python.md: its blocks run in their order, in one program."""

import re

from conftest import ROOT

PAGE = (ROOT / "docs" / "python.md").read_text()
BLOCKS = re.findall(r"<!-- run: package -->\n```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_is_a_program(tmp_path, monkeypatch, capsys):
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in BLOCKS:
        exec(compile(block, "docs/python.md", "exec"), names)
    printed = capsys.readouterr().out
    for text in ("xai_model\nexplain\n", "setosa", "(2, 4)", "instances[0]: expected 4 values, got 3"):
        assert text in printed
    assert (tmp_path / "why.html").exists() and len(BLOCKS) >= 3

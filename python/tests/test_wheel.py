"""The wheel as a person installs it: no compiler, no source tree, numpy alone beside it."""

import os
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest
from conftest import ROOT

DOWNLOADED = ROOT / ".cache" / "wheels"  # numpy, by ./dev setup.


@pytest.fixture(scope="module")
def wheel():
    folder = pathlib.Path(os.environ["WHYLIGHT_WHEELS"])
    return max(folder.glob("whylight-*.whl"), key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """A fresh virtual environment with the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    install = [folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-index"]
    install += ["--find-links", DOWNLOADED, wheel]
    subprocess.run(install, check=True, timeout=300)
    return folder


def run(environment, *arguments, cwd):
    clean = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(cwd),
        "WHYLIGHT_TENSORFLOW": os.environ["WHYLIGHT_TENSORFLOW"],
    }
    return subprocess.run(
        [environment / "bin" / arguments[0], *arguments[1:]],
        cwd=cwd, env=clean, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Where the README's example runs: the models of this tree, nothing else of it."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "models").symlink_to(ROOT / "tests" / "models")
    return tmp_path


def test_its_tag_promises_what_is_in_it(wheel):
    # Debian 12 has glibc 2.36, Ubuntu 22.04 glibc 2.35.
    match = re.search(r"manylinux_2_(\d+)_", wheel.name)
    assert match and int(match.group(1)) <= 35, wheel.name
    archive = zipfile.ZipFile(wheel)
    names = archive.namelist()
    for name in names:  # Nothing of the machine that made it.
        assert str(ROOT).encode() not in archive.read(name), name
    for name in ("whylight/__init__.py", "whylight/py.typed", "whylight/_core.pyi", "whylight/bin/whylight"):
        assert name in names
    assert not [name for name in names if "test" in name.lower()]


def test_the_example_of_the_readme(environment, folder):
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    example = block.group(1)
    assert len(example.strip().splitlines()) <= 12
    done = run(environment, "python", "-c", example, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "0.9976" in done.stdout and "petal_length" in done.stdout
    assert "whylight-details" in (folder / "why.html").read_text()


def test_the_program(environment, folder):
    model = "tests/models/tf2_several_with_xai_model"
    done = run(environment, "whylight", "explain", f"{model}/model", "-i", f"{model}/request.json",
               "--format", "jsonl", cwd=folder)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("featureAttributions") == 3


def test_what_is_not_installed_is_said(environment, folder):
    code = (
        "import whylight\n"
        "model = whylight.load('tests/models/tf2_several_with_xai_model/model')\n"
        "open('rows.parquet', 'w').write('PAR1')\n"
        "model.explain('rows.parquet')\n"
    )
    done = run(environment, "python", "-c", code, cwd=folder)
    assert done.returncode == 1 and "pyarrow" in done.stderr

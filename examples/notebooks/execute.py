"""Runs notebooks, each in a fresh kernel and an empty folder.

    python execute.py tabular image    # writes their outputs back, in a form that is good to commit

Names are files of this folder without .ipynb. The kernel is this Python; `whylight` must be
importable (PYTHONPATH reaches the kernel too).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbclient
import nbformat

FOLDER = Path(__file__).resolve().parent
# TensorFlow tells of the processor, bars of the seconds that something takes.
_ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "TQDM_DISABLE": "1"}
_SECONDS_PER_CELL = 600

# TensorFlow's log, with the names of temporary folders.
_LOG_LINE = re.compile(r"^INFO:tensorflow:.*\n", re.MULTILINE)
# An Estimator's export is named after the time in seconds.
_VERSION, _NEUTRAL_VERSION = re.compile(r"(?<=/)\d{10}\b"), "1700000000"


def read(name: str) -> Any:
    """The notebook as it is committed."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def execute(
    name: str,
    folder: str | os.PathLike[str],
    *,
    values: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[Any, dict[str, Any]]:
    """Runs a notebook.

    Args:
        name: Its file's name without .ipynb.
        folder: Where the kernel stands, and the files that the notebook writes.
        values: Expressions to evaluate in the kernel at the end; their values must fit JSON.
        environment: Of the kernel; None: this process's.

    Returns:
        The notebook with its outputs, and the values by expression.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed; shows the cell and the traceback.
    """
    notebook = read(name)
    last = nbformat.v4.new_code_cell(_code_of(values))
    notebook.cells.append(last)
    client = nbclient.NotebookClient(
        notebook,
        timeout=_SECONDS_PER_CELL,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": os.fspath(folder)}},
    )
    client.execute(env={**(os.environ if environment is None else environment), **_ENVIRONMENT})
    notebook.cells.pop()
    return notebook, json.loads("".join(output.text for output in last.outputs))


def _code_of(values: Sequence[str]) -> str:
    entries = ", ".join(f"{value!r}: {value}" for value in values)
    return f"import json\nprint(json.dumps({{{entries}}}))"


def normalised(notebook: Any) -> Any:
    """The notebook without what differs from run to run and from machine to machine."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
            for output in cell.outputs:
                if output.output_type == "stream":
                    output.text = _VERSION.sub(_NEUTRAL_VERSION, _LOG_LINE.sub("", output.text))
            cell.outputs = [output for output in cell.outputs if output.get("text") != ""]
    return notebook


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="+", help="a notebook of this folder, without .ipynb")
    for name in parser.parse_args().name:
        with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
            notebook, _ = execute(name, folder)
        nbformat.write(normalised(notebook), FOLDER / f"{name}.ipynb")
        print(f"{name}.ipynb: executed")


if __name__ == "__main__":
    main()

"""Python environments of the peers: made at first use, each with exactly its pinned packages."""
import hashlib
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SIZES = {"tf": "0.6 GB to download, 2 GB of disk", "alibi": "0.5 GB and 2 GB",
         "torch": "2.5 GB and 4.5 GB"}


class Unavailable(Exception):
    """A peer that cannot be installed here; says why."""


def requirements_of(name):
    if name == "main":
        return HERE.parent / "tools" / "requirements-2.21.txt"
    return HERE / "peers" / ("requirements-%s.txt" % name)


def version_of(name, package):
    """As the requirements pin it."""
    want = package.replace("-", "_") + "=="
    return next(line.split("==")[1] for line in requirements_of(name).read_text().splitlines()
                if line.replace("-", "_").startswith(want))


def python_of(name, cache):
    """-> the Python of the environment CACHE/env/NAME."""
    if name == "main":
        return sys.executable
    requirements = requirements_of(name)
    folder = cache.resolve() / "env" / name
    stamp, want = folder / ".stamp", hashlib.sha256(requirements.read_bytes()).hexdigest()
    python = folder / "bin" / "python"
    if stamp.is_file() and stamp.read_text() == want:
        return python
    print("== environment '%s' of the peers: %s" % (name, SIZES[name]), file=sys.stderr,
          flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    for command in ([sys.executable, "-m", "venv", folder],
                    [python, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                     "--no-deps", "-r", requirements]):
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise Unavailable("%s: %s" % (requirements.name, done.stderr.strip()[-300:]))
    stamp.write_text(want)
    return python

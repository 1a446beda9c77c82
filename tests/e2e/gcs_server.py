"""fake-gcs-server as tests start it."""
from __future__ import annotations

import contextlib
import socket
import subprocess
import time
import urllib.request


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def gcs_server(program, data):
    """Serves the folders of `data` as buckets, each with a file in it; yields (host, port)."""
    address = ("127.0.0.1", free_port())
    process = subprocess.Popen(
        [program, "-scheme", "http", "-host", address[0], "-port", str(address[1]), "-backend",
         "memory", "-data", str(data), "-log-level", "error"])
    try:
        deadline = time.monotonic() + 30
        while not answers(address):
            if time.monotonic() > deadline:
                raise RuntimeError("fake-gcs-server does not answer")
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait()


def answers(address):
    try:
        with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/storage/v1/b"):
            return True
    except OSError:
        return False

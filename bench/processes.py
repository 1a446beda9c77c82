"""Runs programs and tells how long they took, and the most memory that they held."""
import subprocess
import tempfile
import time

SAMPLE_S = 0.01


class Failed(Exception):
    """A program that did not end well; says how."""


def peak_mb_of(process):
    """High-water mark of a running program's resident memory. (What wait4 tells is no use here: it
    is never below what this very process held when it started the program.)"""
    try:
        with open("/proc/%d/status" % process.pid, encoding="ascii", errors="replace") as status:
            return max((int(line.split()[1]) / 1024 for line in status
                        if line.startswith("VmHWM:")), default=0)
    except OSError:
        return 0


def run(command, timeout_s):
    """-> seconds, peak resident MB, standard output."""
    command = list(map(str, command))
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start, peak_mb = time.perf_counter(), 0
        process = subprocess.Popen(command, stdout=out, stderr=errors)
        try:
            while process.poll() is None:
                peak_mb = max(peak_mb, peak_mb_of(process))
                if time.perf_counter() - start > timeout_s:
                    raise Failed("%s\ndid not end within %d s" % (" ".join(command), timeout_s))
                time.sleep(SAMPLE_S)
        finally:
            process.kill()
            process.wait()
        seconds = time.perf_counter() - start
        errors.seek(0)
        if process.returncode:
            raise Failed("%s\nended with %d: %s" % (
                " ".join(command), process.returncode,
                errors.read().decode(errors="replace").strip()[-4000:]))
        out.seek(0)
        return seconds, peak_mb, out.read().decode()

"""Runs whole processes and says what each took."""

import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time


class Failed(Exception):
    pass


class Took:
    """What one process took, in seconds."""

    def __init__(self, wall, cpu):
        self.wall, self.cpu = wall, cpu


def run(command, place):
    """One process from start to end, as the operating system accounts for it."""
    with tempfile.TemporaryFile() as stderr:
        began = time.perf_counter()
        child = subprocess.Popen(
            command,
            env=place.env,
            cwd=place.work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            stderr.seek(0)
            raise Failed(f"{' '.join(command)}: exit code {child.returncode}\n{stderr.read().decode()}")
    return Took(wall, usage.ru_utime + usage.ru_stime)


def times(command, place, runs):
    run(command, place)
    return [run(command, place) for _ in range(runs)]


def pairs(ours, theirs, place, runs):
    """The two in turn, so that a machine that changes its pace changes it for both. The first pair warms up."""
    taken = [(run(ours, place), run(theirs, place)) for _ in range(runs + 1)]
    return taken[1:]


def median(values):
    return statistics.median(values)


def spread(values):
    """The middle half: what a quarter of the runs lie below, and a quarter above."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4)
    return low, high


def output(command, place, code=0):
    done = subprocess.run(command, env=place.env, cwd=place.work, capture_output=True, text=True)
    if done.returncode != code:
        raise Failed(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return done


def instructions(command, place, code=0):
    """The instructions that a process executes in user space."""
    counting = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}", "--"]
    done = output([*counting, *command], place, code)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def resident(command, place):
    """The most memory that was resident, in bytes.

    GNU time starts the process: what a process started here is said to take is never less than this one takes.
    """
    with tempfile.NamedTemporaryFile() as report:
        output([shutil.which("time"), "--format=%M", f"--output={report.name}", *command], place)
        return int(report.read()) * 1024


def syncs(command, place):
    """How often a process asks for data to be on the disk."""
    with tempfile.NamedTemporaryFile() as report:
        calls = "fsync,fdatasync,sync,syncfs,sync_file_range,msync"
        output(["strace", "-f", "-qq", "-o", report.name, "-e", f"trace={calls}", *command], place)
        return len(pathlib.Path(report.name).read_bytes().splitlines())


def has(tool):
    return shutil.which(tool) is not None

"""Faults from outside, at the n-th system call: strace kills a process there, or lets the call fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CALLS = ["openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2"]
CALLS += ["unlink", "unlinkat", "ftruncate", "mkdir", "mkdirat"]
"""What changes files. Of those that one processor lacks, another has."""
NAMELESS = {"write", "pwrite64"}
"""What stands between quotation marks is what is written, not a name."""


@dataclass(frozen=True)
class Point:
    """The `number`-th time (from 1) that a thread makes a system call; it has not been carried out then."""

    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


def why_not(pid: int) -> str | None:
    """Why processes cannot be traced here, by trying it on one; None where they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with traced(pid, Path(folder) / "log", _only(CALLS)):
                return None
        except AssertionError as error:
            return f"strace cannot attach here: {error}"


@contextmanager
def traced(pid: int, log: Path, options: Sequence[str]) -> Generator[None, None, None]:
    """Trace a process and its threads while the block runs, into `log`. It is let go, or has ended, after that."""
    command = ["strace", "-f", "-p", str(pid), "-o", str(log), *options]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    assert tracer.stderr is not None
    try:
        said = tracer.stderr.readline()
        assert "attached" in said, said
        yield
    finally:
        tracer.terminate()  # it detaches; where the process has ended it has too
        tracer.communicate()


def kills(point: Point) -> list[str]:
    return [*_only([point.call]), "-e", f"inject={point.call}:signal=KILL:when={point.number}"]


def fails(point: Point) -> list[str]:
    return [*_only([point.call]), "-e", f"inject={point.call}:error=EIO:when={point.number}"]


def counts() -> list[str]:
    return _only(CALLS)


def points(log: Path, folder: Path) -> list[Point]:
    """Every point of a run that was traced with `counts`, but for calls that name files outside `folder`."""
    made: dict[tuple[str, str], int] = {}
    inside: dict[str, set[int]] = {}
    for line in log.read_text(errors="replace").splitlines():
        match = re.match(r"(\d+) +(\w+)\((.*)", line)
        if match:
            thread, call, arguments = match.groups()
            made[thread, call] = made.get((thread, call), 0) + 1  # each thread counts for itself
            if '"' not in arguments or str(folder) in arguments or call in NAMELESS:
                inside.setdefault(call, set()).add(made[thread, call])
    return [Point(call, number) for call, numbers in inside.items() for number in sorted(numbers)]


def _only(calls: Sequence[str]) -> list[str]:
    return ["-e", "trace=" + ",".join(f"?{call}" for call in calls)]

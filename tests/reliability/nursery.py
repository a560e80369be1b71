"""A process that has everything imported and forks a child for each job, so that a thousand kills take minutes.

The tests cannot fork themselves (a test run has threads). Protocol, a line of JSON each: a job in; the child's pid out;
how it ended out. A child that is prepared waits for SIGUSR1 before it begins, so that a tracer can be attached first;
its pid is told when it waits.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PR_SET_PTRACER = 0x59616D61

Job = Callable[..., None]


@dataclass
class Child:
    """A job under way, or waiting for `go`."""

    pid: int
    _nursery: Nursery

    def go(self) -> None:
        os.kill(self.pid, signal.SIGUSR1)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """The exit code; minus the signal's number where it was killed."""
        return int(self._nursery.answer())


class Nursery:
    """`close()` when done. One child at a time."""

    def __init__(self, log: Path) -> None:
        """`log`: a file for what the children complain of."""
        self.log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.reliability.nursery"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                env={**os.environ, "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": str(ROOT)},
            )

    def start(self, job: str, **arguments: object) -> Child:
        """Fork a child for a job of `tests.reliability.jobs`, by name. It begins at `go`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"job": job, "arguments": arguments}).encode() + b"\n")
        self._process.stdin.flush()
        return Child(int(self.answer()), self)

    def run(self, job: str, **arguments: object) -> int:
        child = self.start(job, **arguments)
        child.go()
        return child.wait()

    def answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        assert line, self.log.read_text()
        return line

    def close(self) -> None:
        self._process.communicate()


Wait = Callable[[], None]
"""Given to each job: to be called when it is prepared; returns at the word `go`."""


def _child(job: Job, arguments: Mapping[str, Any], ready: int) -> None:
    def wait_for_go() -> None:
        os.close(ready)
        signal.sigwait([signal.SIGUSR1])

    _allow_tracing()
    try:
        job(wait_for_go, **arguments)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _allow_tracing() -> None:
    """Some systems let only a parent trace a process: ours may be traced by any of the same user."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)


def main() -> None:
    from tests.reliability import jobs

    # What a fault makes the desk log is no operation of the desk's own.
    logging.getLogger().addHandler(logging.NullHandler())
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    for line in sys.stdin.buffer:
        order = json.loads(line)
        prepared, ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(prepared)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            _child(getattr(jobs, order["job"]), order["arguments"], ready)
        os.close(ready)
        os.read(prepared, 1)  # ends where the child waits, or has died
        os.close(prepared)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()

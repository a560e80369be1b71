"""The engine in a process of its own: starts `templora.worker`, talks to it over pipes, and starts it again if it dies.

Imports no torch: the page starts and the text is safe whatever happens over there.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

from templora.dispatch import Dispatcher, Emit, is_reply
from templora.engine import Cancel, Event, Failed, ModelStatus, Reply, Request, pack, unpack
from templora.errors import EngineStopped, ModelError, ModelNotReady

log = logging.getLogger("templora.worker")

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
HEALTHY_S = 180.0
"""A process that has run for this long was no failed start: the next wait is short again."""
CLOSE_S = 5.0
_STARTING = "The model is loading."
_CHANGED = "The desk changes to another model. Your text is safe; try again in a moment."
_RESTARTING = "The model process ended unexpectedly and is being started again. Your text is safe."
_RAN_OUT = (
    "The model process ended, probably because the machine ran out of memory, and is being started again. Your text is "
    "safe. If this happens again, close other programs, or choose a smaller model with --model."
)


class WorkerEngine(Dispatcher):
    """Starts the process at once and returns; it is ready when its status says so. `close()` when done."""

    def __init__(self, model_id: str, models_dir: Path, recipe_name: str = "default", lean: bool = False) -> None:
        super().__init__(ModelStatus("loading", _STARTING, id=model_id))
        self._choice = (0, model_id)
        """(how many models were chosen before it, its name)"""
        self._options = ["--models", str(models_dir), "--recipe", recipe_name, *(["--lean"] if lean else [])]
        self._lock = threading.Lock()
        # Writing has a lock of its own: it may wait for the process to read, while its answers must go on being taken.
        self._writing = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pending: dict[int, Emit] = {}
        self._number = 0
        self._closed = threading.Event()
        self._again = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="model process", daemon=True)
        self._keeper.start()

    def submit(self, request: Request, emit: Emit) -> Callable[[], None]:
        state, message = self._status.state, self._status.message
        if self._closed.is_set():
            raise EngineStopped("The model has been shut down.")
        if state == "failed":
            raise ModelError(message)
        if state in ("fetching", "loading"):
            raise ModelNotReady(f"{message.rstrip('.')}. Your text is safe; try again in a moment.")
        with self._lock:
            self._number += 1
            number = self._number
            self._pending[number] = emit
        try:
            self._write(number, request)
        except EngineStopped:
            with self._lock:
                if self._pending.pop(number, None) is None:
                    return lambda: None  # the end of the process was noticed meanwhile, and `emit` told
            raise
        return lambda: self._cancel(number)

    def restart(self) -> None:
        """Try a model that has failed once more (the network is back, a file was replaced)."""
        if self._status.state == "failed":
            self._again.set()

    def use(self, model: str) -> None:
        """Work with another model from now on: the process is ended, and one with that model started.

        What it is asked at this moment fails with `EngineStopped`.
        """
        with self._lock:
            self._choice = (self._choice[0] + 1, model)
            process = self._process
        self._report(ModelStatus("loading", _STARTING, id=model))
        self._again.set()
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Close the pipe, at which the process ends; kill it if it does not."""
        self._closed.set()
        self._again.set()
        process = self._process
        if process is not None:
            # A process that has stopped reading can hold a writer for ever.
            if self._writing.acquire(timeout=CLOSE_S):
                _close(process.stdin)
                self._writing.release()
            try:
                process.wait(CLOSE_S)
            except subprocess.TimeoutExpired:
                process.kill()
        self._keeper.join(2 * CLOSE_S)

    def _cancel(self, number: int) -> None:
        with self._lock:
            if number not in self._pending:
                return
        try:
            self._write(number, Cancel(number))
        except EngineStopped:
            log.debug("cancelled after the model process had ended")

    def _write(self, number: int, message: Any) -> None:
        process = self._process
        try:
            if process is None or process.stdin is None:
                raise BrokenPipeError
            with self._writing:
                process.stdin.write(pack(number, message))
                process.stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: the pipe was closed by `close`
            raise EngineStopped(_RESTARTING) from error

    # --- the thread that keeps the process ---

    def _keep(self) -> None:
        wait = FIRST_WAIT_S
        while not self._closed.is_set():
            started, choice = time.monotonic(), self._choice
            self._run_once(choice)
            if self._closed.is_set():
                return
            if self._choice != choice:
                self._again.clear()
                wait = FIRST_WAIT_S
                continue
            if self._status.state == "failed":
                # The model's own answer, and another try would get the same: wait until somebody asks for it.
                self._again.wait()
                self._again.clear()
                wait = FIRST_WAIT_S
                self._report(replace(self._status, state="loading", message=_STARTING, progress=None))
                continue
            if time.monotonic() - started >= HEALTHY_S:
                wait = FIRST_WAIT_S
            self._again.wait(wait)
            self._again.clear()
            wait = min(2 * wait, LONGEST_WAIT_S)

    def _run_once(self, choice: tuple[int, str]) -> None:
        """Start the process and pass on what it says until it ends."""
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "templora.worker", "--model", choice[1], *self._options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(),
            )
        except OSError:
            log.exception("the model process could not be started")
            return
        self._process = process
        if self._closed.is_set():
            _close(process.stdin)
        if self._choice != choice:
            process.kill()
        tail = deque[str](maxlen=30)
        errors = threading.Thread(target=_drain, args=(process.stderr, tail), name="model process log", daemon=True)
        errors.start()
        for line in cast(IO[bytes], process.stdout):
            self._take(line)
        code = process.wait()
        errors.join(CLOSE_S)
        self._process = None
        for stream in (process.stdin, process.stdout, process.stderr):
            _close(stream)
        failed, why = self._status.state == "failed", _why(code, tail)
        if self._choice != choice:
            failed, why = True, _CHANGED
        if not self._closed.is_set() and not failed:
            log.warning("the model process ended with code %s\n%s", code, "\n".join(tail))
            # The status first: who asks again at once is told to wait.
            self._report(replace(self._status, state="loading", message=why, progress=None))
        with self._lock:
            left, self._pending = self._pending, {}
        for emit in left.values():
            emit(Failed(EngineStopped.code, why))

    def _take(self, line: bytes) -> None:
        try:
            number, message = cast(tuple[int, Event | Reply | ModelStatus], unpack(line))
        except ValueError:  # a process that is killed can leave half a line
            log.debug("an answer of the model process could not be read")
            return
        if isinstance(message, ModelStatus):
            if message.id == self._choice[1]:  # else the last words of one that has been replaced
                self._report(message)
            return
        with self._lock:
            emit = self._pending.pop(number, None) if is_reply(message) else self._pending.get(number)
        if emit is not None:
            emit(message)


def _why(code: int, tail: Iterable[str]) -> str:
    """What the writer is told of a process that has died. A system out of memory kills it, or its libraries give up."""
    killed = sys.platform != "win32" and code == -signal.SIGKILL
    ran_out = any(word in line for line in tail for word in ("bad_alloc", "MemoryError", "llocate memory"))
    return _RAN_OUT if killed or ran_out else _RESTARTING


def environment() -> dict[str, str]:
    """Of a process of ours: it finds this package whatever the working directory is."""
    root = str(Path(__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TOKENIZERS_PARALLELISM": "false"}


def _drain(stream: IO[bytes], tail: deque[str]) -> None:
    for line in stream:
        tail.append(line.decode(errors="replace").rstrip())
        log.debug("%s", tail[-1])


def _close(stream: IO[bytes] | None) -> None:
    try:
        if stream is not None:
            stream.close()
    except OSError:
        log.debug("a pipe to the model process broke while it was closed")

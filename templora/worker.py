"""The process that holds the model: `python -m templora.worker --model ID --models DIR --recipe NAME`.

It reads requests from stdin and writes answers to stdout, one JSON object a line (`templora.engine.pack`), and ends at
once when stdin ends, whatever it is doing: a parent that was killed leaves no orphan. A model that cannot be used is
reported as a 'failed' status, and ends it too.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from templora.config import RECIPES
from templora.cores import share_cores
from templora.dispatch import is_reply
from templora.engine import Cancel, Event, Failed, ModelStatus, Reply, Request, pack, unpack
from templora.errors import ModelNotReady, TemploraError

if TYPE_CHECKING:
    from templora.embedded import EmbeddedEngine

EXIT_FAILED = 3


class Worker:
    """Serves one engine over two pipes."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        self._requests = requests
        self._answers = answers
        self._lock = threading.Lock()
        self._cancels: dict[int, Callable[[], None]] = {}
        self._engine: EmbeddedEngine | None = None

    def serve(self, model: str, models_dir: Path, recipe: str, lean: bool) -> None:
        """Answer requests until they end, which ends the process."""
        # The pipe is watched from the first moment: importing torch and loading a model take their time.
        reader = threading.Thread(target=self._read, name="requests", daemon=True)
        reader.start()
        share_cores()
        from templora.embedded import EmbeddedEngine

        engine = EmbeddedEngine(model, models_dir, RECIPES[recipe], lean)
        engine.on_status(self._status)
        self._status(engine.status())
        self._engine = engine
        reader.join()

    def _read(self) -> None:
        for line in self._requests:
            number, request = unpack(line)
            if isinstance(request, Cancel):
                self._cancels.get(request.target, _nothing)()
            else:
                self._submit(number, request)
        leave(0)

    def _submit(self, number: int, request: Request) -> None:
        self._cancels[number] = _nothing
        try:
            if self._engine is None:
                raise ModelNotReady("The model is still loading. Your text is safe; try again in a moment.")
            cancel = self._engine.submit(request, lambda answer: self._answer(number, answer))
        except TemploraError as error:
            self._answer(number, Failed(error.code, error.message))
        else:
            with self._lock:
                if number in self._cancels:  # else it has been answered meanwhile
                    self._cancels[number] = cancel

    def _answer(self, number: int, answer: Event | Reply) -> None:
        if is_reply(answer):
            with self._lock:
                self._cancels.pop(number, None)
        self._write(number, answer)

    def _status(self, status: ModelStatus) -> None:
        self._write(0, status)
        if status.state == "failed":
            leave(EXIT_FAILED)

    def _write(self, number: int, message: Any) -> None:
        try:
            with self._lock:
                self._answers.write(pack(number, message))
                self._answers.flush()
        except OSError:
            leave(0)  # nobody reads any more


def _nothing() -> None:
    pass


def leave(code: int) -> None:
    """End now: threads inside the model's libraries cannot be asked to stop."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _step_back() -> None:
    """Let the page and the text go first on a busy machine."""
    if sys.platform == "win32":
        import psutil

        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(10)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m templora.worker", description=__doc__)
    parser.add_argument("--model", required=True, help="the base model, as app.py takes it")
    parser.add_argument("--models", required=True, type=Path, metavar="DIR", help="where base models are kept")
    parser.add_argument("--recipe", required=True, choices=sorted(RECIPES))
    parser.add_argument("--lean", action="store_true", help="write without a second copy of the weights")
    arguments = parser.parse_args()
    # The pipes are ours: what libraries print goes to stderr, and nothing below reads stdin.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches us too; the parent ends us in order
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # Must be set before the graphics library starts: learning is repeatable only with it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    _step_back()
    Worker(requests, answers).serve(arguments.model, arguments.models, arguments.recipe, arguments.lean)


if __name__ == "__main__":
    main()

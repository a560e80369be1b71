"""What the engines share: `call` and `stream` on top of one `submit`. No torch, no processes."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from queue import SimpleQueue

from templora.engine import (
    Event,
    Failed,
    Generation,
    ModelStatus,
    Reply,
    Request,
    Stream,
    TakeDone,
    Token,
)
from templora.errors import from_code

log = logging.getLogger(__name__)

Emit = Callable[[Event | Reply], None]
"""Takes the answers to one request: any number of events, then exactly one reply."""


class Dispatcher(ABC):
    """An engine whose requests are answered through a callback, from another thread."""

    def __init__(self, status: ModelStatus) -> None:
        self._status = status
        self._listeners: list[Callable[[ModelStatus], None]] = []
        self._status_lock = threading.Lock()

    @abstractmethod
    def submit(self, request: Request, emit: Emit) -> Callable[[], None]:
        """Take a request and return at once; `emit` gets its answers. The function returned cancels it.

        Raises `ModelNotReady`, `EngineStopped`, or a `ModelError` where the model cannot be used at all.
        """

    def status(self) -> ModelStatus:
        return self._status

    def on_status(self, listener: Callable[[ModelStatus], None]) -> None:
        """Listeners are called from the engine's own thread: they must be quick and ask the engine nothing."""
        self._listeners.append(listener)

    def call(self, request: Request) -> Reply:
        answers = SimpleQueue[Event | Reply]()
        self.submit(request, answers.put)
        reply = answers.get()
        while isinstance(reply, Token | TakeDone):
            reply = answers.get()
        if isinstance(reply, Failed):
            raise from_code(reply.code, reply.message)
        return reply

    def stream(self, request: Generation) -> Stream:
        answers = SimpleQueue[Event | Reply]()
        return _Answers(answers, self.submit(request, answers.put))

    def _report(self, status: ModelStatus) -> None:
        with self._status_lock:
            if status == self._status:
                return
            self._status = status
            for listener in self._listeners:
                try:
                    listener(status)
                except Exception:  # a listener's bug must not stop the engine
                    log.exception("a status listener failed")


class _Answers:
    """The `Stream` of one generation."""

    def __init__(self, answers: SimpleQueue[Event | Reply], cancel: Callable[[], None]) -> None:
        self._answers = answers
        self.cancel = cancel

    def __iter__(self) -> Iterator[Event]:
        while isinstance(answer := self._answers.get(), Token | TakeDone):
            yield answer
        if isinstance(answer, Failed):
            raise from_code(answer.code, answer.message)


def is_reply(answer: Event | Reply) -> bool:
    """Whether this answer is a request's last."""
    return not isinstance(answer, Token | TakeDone)

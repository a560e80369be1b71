"""Fakes shaped like the real thing: an engine without a model, a clock that is set by hand."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from templora.engine import (
    STRONGEST,
    Drop,
    Event,
    GaveWay,
    Generation,
    Learn,
    Learnt,
    ModelInfo,
    ModelStatus,
    Ok,
    Open,
    Opened,
    Reply,
    Request,
    Resident,
    ResidentMemories,
    Save,
    Saved,
    Score,
    Scored,
    TakeDone,
    Token,
)
from templora.errors import BadInput, EngineStopped, MemoryNotResident, TemploraError


class Clock:
    """Time in Unix seconds, moved by hand."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


class FakeStream:
    def __init__(self, texts: list[str], gate: threading.Event | None, error: TemploraError | None) -> None:
        self._texts, self._gate, self._error = texts, gate, error
        self._cancelled = threading.Event()

    def __iter__(self) -> Iterator[Event]:
        for take, text in enumerate(self._texts):
            pieces = [piece + " " for piece in text.split(" ")]
            for count, piece in enumerate(pieces):
                if self._gate and count:
                    while not self._gate.wait(0.01) and not self._cancelled.is_set():
                        pass
                if self._cancelled.is_set():
                    yield TakeDone(take, count, "cancelled")
                    break
                if self._error and count == 2:
                    raise self._error
                yield Token(take, piece)
            else:
                yield TakeDone(take, len(pieces), "length")

    def cancel(self) -> None:
        self._cancelled.set()


class FakeEngine:
    """Holds memories as the list of chunks they learnt; saves and opens them as JSON.

    Learning helps a little more with each chunk. `requests` is all that was asked, with its fields. `replies` are the
    texts of the next takes; `gate`, where set, holds a stream after its first word. `losses`: what tokens cost that are
    scored, where not 3.5; `score_gate`, where set, holds the scoring that is patient, until something else is asked.
    """

    def __init__(self, info: ModelInfo) -> None:
        self.info = info
        self.memories: dict[str, list[list[int]]] = {}
        self.requests: list[Request] = []
        self.replies: list[str] = []
        self.gate: threading.Event | None = None
        self.stream_error: TemploraError | None = None
        self.learn_error: TemploraError | None = None
        self.give_way = 0
        self.losses: dict[int, float] = {}
        self.score_gate: threading.Event | None = None
        self.dead = False
        self.id = "fake"
        self.state = "ready"
        self.answers: bool | None = True
        self._listeners: list[Callable[[ModelStatus], None]] = []

    def status(self) -> ModelStatus:
        return ModelStatus(self.state, "ready.", id=self.id, device="cpu", info=self.info, answers=self.answers)  # type: ignore[arg-type]

    def on_status(self, listener: Callable[[ModelStatus], None]) -> None:
        self._listeners.append(listener)

    def use(self, model: str) -> None:
        """Another model, which knows no memory of the one before."""
        self.memories.clear()
        self.info = replace(self.info, id=model, fingerprint=hashlib.sha256(model.encode()).hexdigest())
        self.id = model
        for listener in self._listeners:
            listener(self.status())

    def restart(self) -> None:
        """As after a crash: nothing is resident any more."""
        self.memories.clear()
        self.dead = False
        for listener in self._listeners:
            listener(self.status())

    def call(self, request: Request) -> Reply:
        if self.dead:
            raise EngineStopped("The model process stopped; it is being restarted.")
        self.requests.append(request)
        match request:
            case Open(memory, n_chunks, path, sha256):
                held: list[list[int]] = []
                if path is not None:
                    data = Path(path).read_bytes()
                    assert hashlib.sha256(data).hexdigest() == sha256
                    held = json.loads(data)
                assert len(held) == n_chunks
                self.memories[memory] = held
                return Opened({"torch": "fake"})
            case Learn(memory, becomes, _, chunk, keep):
                if self.learn_error is not None:
                    raise self.learn_error
                if self.give_way:
                    self.give_way -= 1
                    return GaveWay()
                held = self._held(memory)
                self.memories[becomes] = [*held, chunk]
                if not keep:
                    del self.memories[memory]
                gain = 0.1 * min(len(held), 3)
                return Learnt([3.5] * len(chunk), [3.5 - gain] * len(chunk), 0.01, 0.02)
            case Score(memory, _, ids, patient):
                while patient and self.score_gate and not self.score_gate.wait(0.01):
                    if isinstance(self.requests[-1], Resident):
                        return GaveWay()
                if memory is not None:
                    self._held(memory)
                return Scored([self.losses.get(id, 3.5) for id in ids])
            case Save(memory, path):
                data = json.dumps(self._held(memory)).encode()
                Path(path).write_bytes(data)
                return Saved(hashlib.sha256(data).hexdigest(), len(data), {"torch": "fake"})
            case Drop(memories):
                for memory in memories or list(self.memories):
                    self.memories.pop(memory, None)
                return Ok()
            case Resident():
                return ResidentMemories(sorted(self.memories))
            case _:
                raise AssertionError(f"{request} is streamed")

    def _held(self, memory: str) -> list[list[int]]:
        if memory not in self.memories:
            raise MemoryNotResident("This memory is not loaded.")
        return self.memories[memory]

    def stream(self, request: Generation) -> FakeStream:
        if self.dead:
            raise EngineStopped("The model process stopped; it is being restarted.")
        self.requests.append(request)
        if not 0 <= request.strength <= STRONGEST:
            raise BadInput(f"The strength of the memory must be 0 to {STRONGEST}, not {request.strength}.")
        if request.memory is not None and request.strength:
            self._held(request.memory)
        count = int(request.sampling["takes"])
        texts = [self.replies.pop(0) if self.replies else f"take number {i} of the fake" for i in range(count)]
        return FakeStream(texts, self.gate, self.stream_error)

    def close(self) -> None:
        self.dead = True


def word_tokenizer(path: Path) -> Path:
    """A real `tokenizer.json` with a token a word, made here; unknown words share one id."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    words = [f"{space}{letter}{i}" for letter in "wvz" for i in range(500) for space in ("", " ")]
    vocabulary = {word: id for id, word in enumerate(["?", "\n", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\n| ?[^\s]+"), "isolated")  # type: ignore[assignment]
    tokenizer.save(str(path))
    return path


def fake_info(folder: Path) -> ModelInfo:
    path = word_tokenizer(folder / "tokenizer.json")
    return ModelInfo("fake", "0" * 64, str(folder), str(path), 2048, 1, 1000)

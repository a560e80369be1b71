"""The engine: what the Studio may ask of a model, as small typed messages, and nothing of how it is done.

An engine holds one base model and the adapters ('memories') of the projects that are being written. A memory is
addressed by its **chain** (the hash of everything it has learnt, see `templora.chunks`), never by 'the current one', so
two memories of one book (the serving and the building one) live side by side and a distributed engine can route by it.

Every request is answered by zero or more stream events and exactly one reply: a result or a `Failed`. Messages are
plain dataclasses of JSON values; `pack` and `unpack` are the wire format (one JSON object a line).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

ModelState = Literal["fetching", "loading", "ready", "learning", "generating", "failed"]

STRONGEST = 1.5
"""How far a memory can be turned up; 1 is as it was learnt, 0 the base model."""


# --- what is known of a base model, without loading it ---------------------------------------------------------------


@dataclass(frozen=True)
class ModelInfo:
    """A base model found on disk.

    `fingerprint` is a SHA-256 over its weights and configuration; `tokenizer` the path of its `tokenizer.json`.
    """

    id: str
    fingerprint: str
    folder: str
    tokenizer: str
    context_tokens: int
    bos_id: int | None
    parameters: int


@dataclass(frozen=True)
class ModelStatus:
    """What the model is doing now. Sent unasked whenever it changes; `progress` is 0 to 1 or None when unknown."""

    state: ModelState
    message: str
    progress: float | None = None
    id: str = ""
    device: str = ""
    info: ModelInfo | None = None
    tokens_per_second: float | None = None
    answers: bool | None = None
    """Has the model been taught to do what it is told? If not it only writes on. None until it is loaded."""
    card_bytes: int = 0
    """Memory of all graphics cards, once the model is loaded."""


# --- requests --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Open:
    """Make a memory resident: empty (`path` None, `n_chunks` 0) or from a snapshot whose SHA-256 must match."""

    memory: str
    n_chunks: int = 0
    path: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Learn:
    """Score `chunk` after `prefix` (token ids, without BOS) with base and memory, then learn it.

    `memory` is the chain before, `becomes` the chain after. With `keep` the memory before stays resident too.
    Answered by `Learnt`, or by `GaveWay` when something more urgent was waiting: then nothing has changed.
    """

    memory: str
    becomes: str
    prefix: list[int]
    chunk: list[int]
    keep: bool = False


@dataclass(frozen=True)
class Score:
    """Per-token losses of `ids` after `prefix`, by the base model (`memory` None) or by a memory.

    Answered by `Scored`; with `patient` by `GaveWay` when something more urgent was waiting: then ask again.
    """

    memory: str | None
    prefix: list[int]
    ids: list[int]
    patient: bool = False


@dataclass(frozen=True)
class Continue:
    """Stream `sampling["takes"]` continuations of `prompt` (token ids, without BOS), with a memory or without.

    `after_space`: the writer has typed the space already, so a leading space of the take is dropped.
    `sampling` holds the fields of `templora.config.Sampling`, its seed set. `strength` (0 to `STRONGEST`) scales what
    the memory adds; at 0 the memory need not be resident. Fails with `BadInput` outside.
    """

    memory: str | None
    prompt: list[int]
    sampling: dict[str, Any]
    after_space: bool = False
    strength: float = 1.0
    habit: dict[str, str | None] | None = None
    """The marks of the book (`templora.marks.Habit`), which the take gets; None: as the model has them."""
    copies: str = ""
    """What the take may not copy (`templora.bookwide`); "": anything."""


@dataclass(frozen=True)
class Rewrite:
    """Stream rewrites of `passage`, which stands between `before` and `after` (text).

    The engine writes the prompt: the chat template where the tokenizer has one, a completion prompt otherwise.
    `strength` as in `Continue`.
    """

    memory: str | None
    before: str
    passage: str
    after: str
    instruction: str
    sampling: dict[str, Any]
    strength: float = 1.0
    verb: str = "rewrite"
    """One of `templora.verbs`; `instruction`, where there is one, says more than it."""
    habit: dict[str, str | None] | None = None
    copies: str = ""


@dataclass(frozen=True)
class Compose:
    """Stream takes that go on from `before` and tell what `beat` says, or that lead from there to `after`.

    `before` and `after` are the text around the place; `after` is empty unless a gap is to be filled, and `beat` may
    be empty then. `notes`: what is to be known of the book beside its text. The engine writes the prompt, as for
    `Rewrite`. `strength` as in `Continue`.
    """

    memory: str | None
    before: str
    after: str
    beat: str
    sampling: dict[str, Any]
    strength: float = 1.0
    notes: str = ""
    habit: dict[str, str | None] | None = None
    copies: str = ""


@dataclass(frozen=True)
class Save:
    """Write a memory (adapter and optimizer state) to `path` as safetensors, flushed to disk."""

    memory: str
    path: str


@dataclass(frozen=True)
class Drop:
    """Forget resident memories, so that no copy of them stays in the process. Empty: all of them.

    Comes before everything that waits. A learning step in hand is abandoned at its next layer; what it has just made of
    one of these memories goes with them. A take that is being written is written to its end first.
    """

    memories: list[str]


@dataclass(frozen=True)
class Resident:
    """Which memories leave any trace in the process? Answered by `ResidentMemories`."""


@dataclass(frozen=True)
class Cancel:
    """Stop the generation with request number `target` at its next token. Has no reply of its own."""

    target: int


Generation = Continue | Compose | Rewrite
"""What streams takes."""

Request = Open | Learn | Score | Generation | Save | Drop | Resident


# --- replies and stream events ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ok:
    pass


@dataclass(frozen=True)
class Opened:
    """`numerics`: torch version, device, instruction set, threads; within one, equal chains mean equal bytes."""

    numerics: dict[str, Any]


@dataclass(frozen=True)
class Learnt:
    """Losses in nats a token, one for each token of the chunk, before it was learnt. Times in seconds."""

    base_losses: list[float]
    memory_losses: list[float]
    score_s: float
    learn_s: float


@dataclass(frozen=True)
class GaveWay:
    """Learning or scoring was abandoned for something more urgent. Nothing has changed; ask again."""


@dataclass(frozen=True)
class Scored:
    losses: list[float]


@dataclass(frozen=True)
class Saved:
    """SHA-256 (hex) and size in bytes of the file as written; `numerics` as in `Opened`."""

    sha256: str
    bytes: int
    numerics: dict[str, Any]


@dataclass(frozen=True)
class ResidentMemories:
    """The chains of all memories that are held as tensors, or whose reading of a prompt is; sorted."""

    chains: list[str]


@dataclass(frozen=True)
class Token:
    """Stream event: more text of one take."""

    take: int
    text: str


@dataclass(frozen=True)
class TakeDone:
    """Stream event: a take is complete. `tokens` is how many were drawn."""

    take: int
    tokens: int
    finish_reason: Literal["length", "stop", "cancelled"]


@dataclass(frozen=True)
class Failed:
    """`code` is one of `templora.errors`."""

    code: str
    message: str


Event = Token | TakeDone
Reply = Ok | Opened | Learnt | GaveWay | Scored | Saved | ResidentMemories | Failed


class Stream(Protocol):
    """A generation under way. Iterating yields `Token` and `TakeDone`; raises the error of a `Failed`."""

    def __iter__(self) -> Iterator[Event]: ...
    def cancel(self) -> None:
        """Stop at the next token. The takes so far end with finish_reason 'cancelled'."""
        ...


class Engine(Protocol):
    """What the Studio talks to. All methods may be called from any thread."""

    def status(self) -> ModelStatus: ...
    def on_status(self, listener: Callable[[ModelStatus], None]) -> None: ...
    def call(self, request: Request) -> Reply:
        """Ask and wait for the reply. A `Failed` is raised as its error from `templora.errors`."""
        ...

    def stream(self, request: Generation) -> Stream: ...
    def close(self) -> None: ...


# --- wire format -----------------------------------------------------------------------------------------------------

_TYPES: dict[str, type[Any]] = {
    cls.__name__: cls
    for cls in (
        *(Open, Learn, Score, Continue, Compose, Rewrite, Save, Drop, Resident, Cancel),
        *(Ok, Opened, Learnt, GaveWay, Scored, Saved, ResidentMemories, Failed, Token, TakeDone, ModelStatus),
    )
}


def pack(number: int, message: Any) -> bytes:
    """One line: `{"n": request number, "type": …, fields…}`. Number 0 belongs to no request (`ModelStatus`)."""
    return json.dumps({"n": number, "type": type(message).__name__, **asdict(message)}).encode() + b"\n"


def unpack(line: bytes) -> tuple[int, Any]:
    """The inverse of `pack`. Raises ValueError on anything else."""
    fields = json.loads(line)
    number, kind = int(fields.pop("n")), fields.pop("type")
    if kind not in _TYPES:
        raise ValueError(f"unknown message {kind!r}")
    if kind == "ModelStatus" and fields.get("info"):
        fields["info"] = ModelInfo(**fields["info"])
    return number, _TYPES[kind](**fields)

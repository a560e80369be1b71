"""The rows of the database as frozen dataclasses. Times are Unix seconds; ids are 12 lowercase letters and digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RevisionKind = Literal["typed", "accepted", "imported", "restored", "replaced"]
TakeKind = Literal["continue", "beat", "fill", "rewrite"]
"""What a take was asked for; a beat says in the writer's words what happens next."""
ChapterStatus = Literal["", "outline", "draft", "revised", "done"]
"""How far a chapter has come, as the writer says; '' where nothing was said."""
LearningState = Literal["on", "paused", "off"]
EntryKind = Literal["character", "place", "thing", "rule"]
BackupReason = Literal["migration", "daily", "export", "asked"]
Span = tuple[int, int]
"""[start, end) in a text, code points."""


@dataclass(frozen=True)
class Project:
    """One book. `finished_at`: exported and its memory discarded. `learning`: does new text get learnt by itself.

    `strength`: how much of the memory takes are written with, 0 (none) to 1.5; 1 is as it was learnt. `disk_bytes`:
    what the snapshots of the memory may take on the disk, beside the newest one. `language`: by which the browser
    checks spelling, as a tag (`en-GB`); '' leaves it to the browser. `sampling`: how takes are
    drawn, as JSON (`templora.presets`).
    """

    id: str
    title: str
    created_at: float
    updated_at: float
    deleted_at: float | None = None
    finished_at: float | None = None
    learning: LearningState = "on"
    strength: float = 1.0
    disk_bytes: int = 4 * 1024**3
    language: str = ""
    sampling: str = "{}"


@dataclass(frozen=True)
class ChapterHead:
    """A chapter without its text. `revision` is its newest revision's number, counted from 1 in each chapter.

    `learned`: may the memory learn from it. `excluded`: the passages that it may not learn even so, in code points of
    the newest revision, in order and apart. `status` and `synopsis`: what the writer notes of the chapter; no part of
    the book, so neither learnt nor exported.
    """

    id: str
    project: str
    title: str
    position: int
    words: int
    revision: int
    updated_at: float
    learned: bool = True
    excluded: tuple[Span, ...] = ()
    status: ChapterStatus = ""
    synopsis: str = ""


@dataclass(frozen=True)
class Chapter:
    """A chapter with its text; the rest as in `ChapterHead`."""

    id: str
    project: str
    title: str
    position: int
    text: str
    revision: int
    updated_at: float
    learned: bool = True
    excluded: tuple[Span, ...] = ()
    status: ChapterStatus = ""
    synopsis: str = ""


@dataclass(frozen=True)
class Run:
    """A stretch of a chapter's text by one author: `take` is the take that wrote it, None for the writer.

    A revision's runs cover its text exactly. Lengths are code points.
    """

    length: int
    take: str | None


@dataclass(frozen=True)
class Accepted:
    """`length` code points at `start` of the new text were taken over from take `take`."""

    take: str
    start: int
    length: int


@dataclass(frozen=True)
class RevisionHead:
    """A revision without its text. `name`: what the writer calls it, None for most."""

    chapter: str
    number: int
    kind: RevisionKind
    name: str | None
    words: int
    created_at: float


@dataclass(frozen=True)
class Take:
    """One candidate the model wrote for `[start, end)` of revision `revision`, where start == end before the caret.

    `verb` says how a rewrite was to change the passage; `beat` what should happen. Neither is part of the book.

    Revision 0: an older text of a chapter that has been merged into this one, where the take has no place.
    `finish_reason` is None while it streams. `memory` is the chain it was written with.
    `accepted_words`: how many of its words were taken over, counted each time; None where nobody counted.
    `copied_words`: the longest run of words that it had in common with the book when it was written, 0 where that is
    short (`templora.bookwide`); None where nobody looked.
    """

    id: str
    project: str
    chapter: str
    kind: TakeKind
    revision: int
    start: int
    end: int
    text: str
    instruction: str | None
    model: str
    memory: str | None
    sampling: str
    tokens: int
    finish_reason: str | None
    created_at: float
    accepted_revision: int | None = None
    accepted_words: int | None = None
    verb: str | None = None
    beat: str | None = None
    copied_words: int | None = None


@dataclass(frozen=True)
class ModelShare:
    """What one model gave to a book: the words that were taken over from it, as it had written them; those of them that
    stand in the book now; and the others, which were edited or deleted since."""

    model: str
    accepted_words: int
    kept_words: int
    edited_words: int


@dataclass(frozen=True)
class ProvenanceReport:
    """Who wrote the words of a book. `typed_words`: typed, pasted or imported by the writer. `words`: all of them."""

    typed_words: int
    models: list[ModelShare]
    words: int


@dataclass(frozen=True)
class PurgedHistory:
    """How many revisions, deleted chapters and takes were deleted for good."""

    revisions: int
    chapters: int
    takes: int


@dataclass(frozen=True)
class Backup:
    """One file in `backups/`: every book as it stood at `created_at`. `bytes`: its size."""

    name: str
    reason: BackupReason
    created_at: float
    bytes: int


@dataclass(frozen=True)
class BackupBook:
    """A book in a backup. `id`: the project's; `words` and `chapters`: without deleted ones."""

    id: str
    title: str
    words: int
    chapters: int


@dataclass(frozen=True)
class Lesson:
    """One learnt chunk: the memory with chain `parent` became `chain`. Losses are summed, nats.

    `base_losses` and `memory_losses` are the per-token losses before learning, little-endian float32. `digest` is the
    SHA-256 (hex) of the chunk's text, '' where it was not kept.
    """

    project: str
    chain: str
    parent: str
    tokens: int
    base_loss: float
    memory_loss: float
    base_losses: bytes
    memory_losses: bytes
    seconds: float
    created_at: float
    digest: str = ""


@dataclass(frozen=True)
class Snapshot:
    """A stored adapter with its optimizer state, and its claim: `n_chunks` chunks learnt, ending in `chain`."""

    id: int
    project: str
    chain: str
    n_chunks: int
    sha256: str
    bytes: int
    numerics: str
    created_at: float


@dataclass(frozen=True)
class Discarded:
    """What a discard deleted, verified gone: files on the disk, rows of the database, and the memories (states of the
    adapter) that the model process was made to forget and holds no more.
    """

    files: int
    bytes: int
    snapshots: int
    lessons: int
    resident: int = 0


@dataclass(frozen=True)
class ChapterNote:
    """What holds of an entry of the story bible from a chapter on. `position`: the chapter's place in the book, from 0;
    of a `deleted` one the place that it had."""

    chapter: str
    position: int
    deleted: bool
    text: str


@dataclass(frozen=True)
class BibleEntry:
    """An entry of the story bible. `notes`: in the order of the book."""

    id: str
    project: str
    kind: EntryKind
    name: str
    aliases: tuple[str, ...]
    description: str
    notes: tuple[ChapterNote, ...]
    updated_at: float
    deleted_at: float | None = None

"""Checks of a book that the writer asks for: does a sentence sound like the book, which phrases does the book repeat.

The voice check runs in the background, gives way to writing at every layer of the model, and can be cancelled.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal

from storage.manuscripts import Manuscripts
from storage.records import Chapter
from storage.snapshots import Snapshots
from templora import memory
from templora.books import Books
from templora.chunks import Chunk, Tokenizer
from templora.echoes import Echo, echoes
from templora.engine import Engine, GaveWay, Resident, Score, Scored
from templora.errors import (
    BadInput,
    Conflict,
    EngineError,
    MemoryNotResident,
    ModelError,
    ModelNotReady,
    NotFound,
    TemploraError,
)
from templora.learning import Learning
from templora.memory import Knowledge, Plan
from templora.voice import FEWEST, Reading, Sample, Yardstick, heard

log = logging.getLogger(__name__)

KEPT = 16
"""Results of so many chapters are kept."""

Measured = Literal["before", "now", "seen"]
"""When a sentence was measured: before its passage was learnt; now, not learnt; now, in a passage of which the memory
has learnt an older version, so that what has not changed in it sounds more like the book than it should."""


@dataclass(frozen=True)
class Voice:
    """A sentence at `[start, end)` (code points). `loss`: mean, nats a token; `stands_out`: see `Yardstick`."""

    start: int
    end: int
    loss: float
    stands_out: float
    measured: Measured


@dataclass(frozen=True)
class VoiceReport:
    """How far the check of a chapter has come, and what it found in `revision`, in the order of the text.

    `done` of `total` passages have been read. `compared_with`: so many sentences of the book.
    """

    state: Literal["none", "running", "done", "cancelled", "failed"]
    revision: int = 0
    done: int = 0
    total: int = 0
    sentences: list[Voice] = field(default_factory=list[Voice])
    compared_with: int = 0
    message: str = ""


class _Cancelled(Exception):
    pass


class _Check:
    """One check under way, or ended."""

    def __init__(self, chapter: Chapter) -> None:
        self.chapter = chapter
        self.report = VoiceReport("running", chapter.revision)
        self.cancelled = threading.Event()
        self.thread: threading.Thread | None = None


class Checks:
    """All methods may be called from any thread."""

    def __init__(
        self, manuscripts: Manuscripts, snapshots: Snapshots, engine: Engine, books: Books, learning: Learning
    ) -> None:
        self._manuscripts = manuscripts
        self._snapshots = snapshots
        self._engine = engine
        self._books = books
        self._learning = learning
        self._lock = threading.Lock()
        self._voices: dict[str, _Check] = {}
        self._samples: dict[str, dict[str, list[Sample]]] = {}
        """Of each book, by the chain that ends in a passage: the sentences of the passage."""

    # --- voice ---

    def start_voice(self, chapter_id: str, base_revision: int) -> VoiceReport:
        """Begin to check a chapter; one that is being checked already is begun anew.

        Raises `Conflict` where the page is behind, `ModelNotReady`, and `BadInput` while the memory is empty.
        """
        chapter = self._manuscripts.chapter(chapter_id)
        if chapter.revision != base_revision:
            raise Conflict("The chapter has changed since this page read it.", chapter.revision, chapter.text)
        status = self._engine.status()
        if status.state in ("fetching", "loading", "failed") or self._books.tokenizer is None:
            raise ModelNotReady.because(status.message)
        if self._learning.serving(chapter.project) is None:
            raise BadInput("The memory has learnt nothing yet, so it knows no voice. Use ‘Learn now’ first.")
        self.cancel_voice(chapter_id)
        check = _Check(chapter)
        check.thread = threading.Thread(target=self._run, args=(check,), name="voice check", daemon=True)
        with self._lock:
            self._voices.pop(chapter_id, None)
            self._voices[chapter_id] = check
            ended = [id for id, each in self._voices.items() if each.report.state != "running"]
            for id in ended[: max(0, len(self._voices) - KEPT)]:
                del self._voices[id]
            check.thread.start()
        return check.report

    def voice(self, chapter: str) -> VoiceReport:
        with self._lock:
            check = self._voices.get(chapter)
        return check.report if check else VoiceReport("none")

    def cancel_voice(self, chapter: str) -> VoiceReport:
        """Give up at the next layer of the model."""
        with self._lock:
            check = self._voices.get(chapter)
        if check is not None:
            check.cancelled.set()
            self._interrupt(check)
        return self.voice(chapter)

    def stop(self, project: str | None = None) -> None:
        """End the checks of one book, or all, and forget what they found."""
        with self._lock:
            ended = [check for check in self._voices.values() if project in (None, check.chapter.project)]
            for check in ended:
                check.cancelled.set()
                self._voices.pop(check.chapter.id, None)
            for each in list(self._samples) if project is None else [project]:
                self._samples.pop(each, None)
        for check in ended:
            self._interrupt(check)
            if check.thread is not None:
                check.thread.join(timeout=5)

    def _interrupt(self, check: _Check) -> None:
        """A passage that is being read gives way to whatever else is asked. While a take is written none is read, and
        the answer is long in coming: nobody waits for it."""

        def ask() -> None:
            with suppress(EngineError, ModelError):
                self._engine.call(Resident())

        if check.report.state == "running":
            threading.Thread(target=ask, name="voice check interrupted", daemon=True).start()

    def _run(self, check: _Check) -> None:
        try:
            check.report = self._hear(check)
        except _Cancelled:
            check.report = replace(check.report, state="cancelled", message="The check was cancelled.")
        except TemploraError as error:
            check.report = replace(check.report, state="failed", message=error.message)
        except Exception:
            log.exception("a voice check broke off")
            message = "The check stopped at an error of its own. Your text is safe; try again."
            check.report = replace(check.report, state="failed", message=message)

    def _hear(self, check: _Check) -> VoiceReport:
        chapter = check.chapter
        plan, tokenizer = self._books.plan(chapter.project), self._books.tokenizer
        if plan is None or tokenizer is None:
            raise ModelNotReady("The model is still loading. Try again in a moment.")
        own = [index for index, chunk in enumerate(plan.chunks) if chunk.chapter == chapter.id]
        if any(not _stands(plan.chunks[index], chapter.text) for index in own):
            raise BadInput("The chapter was changed while the check began. Check it again.")
        if not own:
            raise BadInput("The memory does not learn this chapter, or it has no words yet: nothing can be compared.")
        check.report = replace(check.report, total=len(own))
        readings: list[Reading] = []
        kinds: list[tuple[int, Measured]] = []
        for done, index in enumerate(own, 1):
            reading, kind = self._read(check, plan, index, tokenizer)
            readings.append(reading)
            kinds.append((plan.chunks[index].end, kind))
            check.report = replace(check.report, done=done)
        found = heard(chapter.text, readings)
        when: list[Measured] = [next(kind for end, kind in kinds if sentence.end <= end) for sentence in found]
        before = self._book_samples(check, plan, tokenizer)
        now = [sentence for sentence, kind in zip(found, when, strict=True) if kind != "before"]
        yardstick = Yardstick([*before, *now])
        if len(yardstick) < FEWEST:
            raise BadInput("The memory has read too few sentences to compare with. Let it learn more of the book.")
        voices = [
            Voice(each.start, each.end, round(each.loss, 3), round(yardstick.stands_out(each), 2), kind)
            for each, kind in zip(found, when, strict=True)
        ]
        return replace(check.report, state="done", sentences=voices, compared_with=len(yardstick))

    def _read(self, check: _Check, plan: Plan, index: int, tokenizer: Tokenizer) -> tuple[Reading, Measured]:
        """One passage: as the memory read it before it learnt it, else as it reads it now."""
        chunk = plan.chunks[index]
        chain = self._learnt(check.chapter.project).get(plan.links[index].digest)
        losses = self._lesson(check.chapter.project, chain, len(chunk.ids)) if chain else None
        kind: Measured = "before"
        if losses is None:
            knows = self._knowledge(check.chapter.project, plan)[index]
            kind = "now" if knows == "pending" else "seen"
            losses = self._score(check, plan, index)
        return Reading.of(chunk.text, _begin(chunk, lead=True), tokenizer.offsets(chunk.text), losses), kind

    def _knowledge(self, project: str, plan: Plan) -> tuple[Knowledge, ...]:
        return memory.standing(plan, self._learning.memory(project).serving).chunks

    def _learnt(self, project: str) -> dict[str, str]:
        """Of each text that the memory in use has learnt: the chain that ends in it, by the text's digest."""
        return {link.digest: link.chain for link in self._learning.memory(project).serving}

    def _lesson(self, project: str, chain: str, tokens: int) -> list[float] | None:
        """What each token of a passage cost before it was learnt; None where that was not kept."""
        try:
            _, losses = self._snapshots.token_losses(project, chain)
        except NotFound:
            return None
        return losses if len(losses) == tokens else None

    def _score(self, check: _Check, plan: Plan, index: int) -> list[float]:
        """The passage as the memory in use reads it now."""
        project = check.chapter.project
        chain = self._learning.serving(project)
        while not check.cancelled.is_set():
            try:
                ids = list(plan.chunks[index].ids)
                reply = self._engine.call(Score(chain, plan.prefix(index), ids, patient=True))
            except MemoryNotResident:
                chain = self._learning.reopen(project, chain)
                continue
            if isinstance(reply, GaveWay):
                time.sleep(0.05)  # what it gave way to is about to start
                continue
            assert isinstance(reply, Scored)
            return reply.losses
        raise _Cancelled

    def _book_samples(self, check: _Check, plan: Plan, tokenizer: Tokenizer) -> list[Sample]:
        """The sentences of all that the memory has learnt of the book as it stands, each as it was before that."""
        project, samples = check.chapter.project, list[Sample]()
        learnt, before = self._learnt(project), self._samples.get(project, {})
        found: dict[str, list[Sample]] = {}
        for chunk, link in zip(plan.chunks, plan.links, strict=True):
            if check.cancelled.is_set():
                raise _Cancelled
            if (chain := learnt.get(link.digest)) is not None:
                found[chain] = before.get(chain) or self._chunk_samples(project, chain, chunk, tokenizer)
                samples += found[chain]
        self._samples[project] = found
        return samples

    def _chunk_samples(self, project: str, chain: str, chunk: Chunk, tokenizer: Tokenizer) -> list[Sample]:
        losses = self._lesson(project, chain, len(chunk.ids))
        if losses is None:
            return []
        reading = Reading.of(chunk.text, 0, tokenizer.offsets(chunk.text), losses)
        return [Sample(each.tokens, each.loss) for each in heard(chunk.text, [reading])]

    # --- echoes ---

    def echoes(self, project: str) -> list[Echo]:
        """The phrases that the book repeats, the most striking first."""
        self._manuscripts.project(project)  # raises NotFound
        heads = self._manuscripts.chapters(project)
        return echoes([(head.id, self._manuscripts.chapter(head.id).text) for head in heads])


def _stands(chunk: Chunk, text: str) -> bool:
    return text.startswith(chunk.text.lstrip(), _begin(chunk))


def _begin(chunk: Chunk, lead: bool = False) -> int:
    """Where a chunk's text begins in its chapter: after the space before it, or with it (`lead`; then perhaps below 0,
    where a separator was put before)."""
    return chunk.end - (len(chunk.text) if lead else len(chunk.text.lstrip()))


__all__ = ["Checks", "Echo", "Voice", "VoiceReport"]

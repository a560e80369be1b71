"""Takes: ask the engine for a continuation or a rewrite, and store every word of it while it streams."""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from queue import SimpleQueue
from typing import Any

from storage.manuscripts import Manuscripts
from storage.records import Chapter, Take, TakeKind
from templora import chunks as chunking
from templora.books import Books
from templora.config import Recipe, Sampling
from templora.engine import STRONGEST, Continue, Engine, Rewrite, Stream, TakeDone, Token
from templora.errors import BadInput, Conflict, MemoryNotResident, ModelNotReady, TemploraError
from templora.learning import Learning

log = logging.getLogger(__name__)

STORE_EVERY_S = 0.5
"""A crash loses at most this much of a take that is streaming."""
CONTEXT_CHARACTERS = 4_000
"""Text before a passage that a rewrite is shown."""
PASSAGE_CHARACTERS = 8_000
INSTRUCTION_CHARACTERS = 500
STOP_S = 5.0
"""So long is waited for takes to end that have been cancelled."""


@dataclass(frozen=True)
class Wrote:
    """More text of take number `take` (0 …)."""

    take: int
    text: str


@dataclass(frozen=True)
class Finished:
    """A take is complete and stored under `id`."""

    take: int
    id: str
    tokens: int
    finish_reason: str


@dataclass(frozen=True)
class Broke:
    """The generation ended with an error. What was written until then is stored."""

    code: str
    message: str


TakeEvent = Wrote | Finished | Broke
Asker = Callable[[str | None], Continue | Rewrite]
"""Makes the request for a memory (its chain, or None)."""


class TakeStream:
    """Events of one generation. It runs, and is stored, whether or not anybody reads them."""

    def __init__(self) -> None:
        self._events: SimpleQueue[TakeEvent | None] = SimpleQueue()
        self._inner: Stream | None = None
        self._cancelled = False

    def __iter__(self) -> Iterator[TakeEvent]:
        while (event := self._events.get()) is not None:
            yield event

    def next(self) -> TakeEvent | None:
        """The next event; None at the end."""
        return self._events.get()

    def cancel(self) -> None:
        """Stop at the next token."""
        self._cancelled = True
        if self._inner is not None:
            self._inner.cancel()

    def attach(self, inner: Stream) -> None:
        self._inner = inner
        if self._cancelled:
            inner.cancel()

    def put(self, event: TakeEvent | None) -> None:
        self._events.put(event)


class Writing:
    """Continue and rewrite. Needs the text as saved: a page that is behind gets `Conflict` before anything starts."""

    def __init__(
        self, manuscripts: Manuscripts, engine: Engine, books: Books, learning: Learning, recipe: Recipe
    ) -> None:
        self._manuscripts = manuscripts
        self._engine = engine
        self._books = books
        self._learning = learning
        self._recipe = recipe
        self._lock = threading.Lock()
        self._writing: dict[TakeStream, tuple[str, threading.Thread]] = {}

    def stop(self, project: str | None = None) -> None:
        """End the takes that are being written, in one book or in all; what they have is then stored."""
        with self._lock:
            found = [(stream, pump) for stream, (of, pump) in self._writing.items() if project in (None, of)]
        for stream, _ in found:
            stream.cancel()
        end = time.monotonic() + STOP_S
        for _, pump in found:
            pump.join(max(0.0, end - time.monotonic()))

    def continue_(
        self, chapter_id: str, base_revision: int, cursor: int, sampling: Sampling, strength: float | None = None
    ) -> TakeStream:
        """Write on from `cursor` (code points). Raises `Conflict`, `BadInput`, `ModelNotReady`.

        `strength`: how much of the memory to write with, 0 to 1.5; None: as the book's setting says.
        """
        chapter = self._current(chapter_id, base_revision)
        if not 0 <= cursor <= len(chapter.text):
            raise BadInput(f"The cursor ({cursor}) lies outside the chapter.")
        sampling = _seeded(sampling)
        prompt, after_space = self._prompt(chapter, cursor)
        share = self._strength(chapter, strength)

        def ask(memory: str | None) -> Continue:
            return Continue(memory, prompt, asdict(sampling), after_space, share)

        return self._start("continue", chapter, (cursor, cursor), None, {**asdict(sampling), "strength": share}, ask)

    def rewrite(
        self,
        chapter_id: str,
        base_revision: int,
        span: tuple[int, int],
        instruction: str | None,
        sampling: Sampling,
        strength: float | None = None,
    ) -> TakeStream:
        """Write `[start, end)` of the chapter anew. Raises as `continue_` does."""
        chapter = self._current(chapter_id, base_revision)
        start, end = span
        if not 0 <= start < end <= len(chapter.text) or not chapter.text[start:end].strip():
            raise BadInput("Select the passage to rewrite first.")
        if end - start > PASSAGE_CHARACTERS:
            raise BadInput(f"The passage is too long to rewrite at once: at most {PASSAGE_CHARACTERS:,} characters.")
        instruction = (instruction or "").strip() or None
        if instruction and len(instruction) > INSTRUCTION_CHARACTERS:
            raise BadInput(f"The instruction is too long: at most {INSTRUCTION_CHARACTERS} characters.")
        # What is around the passage stays as it is: a selection often takes in the space or the line break after it.
        passage = chapter.text[start:end]
        start, end = start + len(passage) - len(passage.lstrip()), end - len(passage) + len(passage.rstrip())
        sampling = _seeded(sampling)
        before = chapter.text[max(0, start - CONTEXT_CHARACTERS) : start]
        after = chapter.text[end : end + CONTEXT_CHARACTERS // 4]
        share = self._strength(chapter, strength)

        def ask(memory: str | None) -> Rewrite:
            return Rewrite(memory, before, chapter.text[start:end], after, instruction or "", asdict(sampling), share)

        return self._start("rewrite", chapter, (start, end), instruction, {**asdict(sampling), "strength": share}, ask)

    # --- parts ---

    def _strength(self, chapter: Chapter, asked: float | None) -> float:
        if asked is not None and not 0 <= asked <= STRONGEST:
            raise BadInput(f"The strength of the memory goes from 0 (off) to {STRONGEST}.")
        return self._manuscripts.project(chapter.project).strength if asked is None else asked

    def _current(self, chapter_id: str, base_revision: int) -> Chapter:
        chapter = self._manuscripts.chapter(chapter_id)
        if chapter.revision != base_revision:
            raise Conflict("The chapter has changed since this page read it.", chapter.revision, chapter.text)
        status = self._engine.status()
        if status.state in ("fetching", "loading", "failed"):
            raise ModelNotReady(f"The model is not ready: {status.message} Your text is safe.")
        self._learning.touch(chapter.project)
        return chapter

    def _prompt(self, chapter: Chapter, cursor: int) -> tuple[list[int], bool]:
        """(ids, whether a typed space was left out): the window before the cursor, reaching into earlier chapters.

        A space at the end is left to the model, whose tokens begin with theirs. Where no prose lies before the cursor,
        the titles are what there is to go by.
        """
        tokenizer = self._books.tokenizer
        if tokenizer is None:
            raise ModelNotReady("The model is still loading; your text is safe. Try again in a moment.")
        before = chapter.text[:cursor]
        bare = before.rstrip(" \t")
        ids = chunking.prompt_ids(bare, tokenizer)
        length = self._recipe.prefix_tokens
        earlier = [head for head in self._manuscripts.chapters(chapter.project) if head.position < chapter.position]
        for head in reversed(earlier):
            if len(ids) >= 1.5 * length:
                break
            text = self._manuscripts.chapter(head.id).text.rstrip()
            ids = [*tokenizer.encode(chunking.SEPARATOR + text), *ids] if text else ids
        if not bare.strip() and len(ids) <= 2:
            book = self._manuscripts.project(chapter.project).title
            ids = chunking.prompt_ids(f"{book}\n\n{chapter.title}\n\n", tokenizer)
        return chunking.reading_window(ids, length), bare != before

    def _start(
        self,
        kind: TakeKind,
        chapter: Chapter,
        span: tuple[int, int],
        instruction: str | None,
        settings: dict[str, Any],
        ask: Asker,
    ) -> TakeStream:
        status = self._engine.status()
        memory = self._learning.serving(chapter.project)
        takes = self._manuscripts.start_takes(
            settings["takes"],
            project=chapter.project,
            chapter=chapter.id,
            kind=kind,
            revision=chapter.revision,
            start=span[0],
            end=span[1],
            instruction=instruction,
            model=status.id,
            memory=memory,
            sampling=json.dumps(settings),
        )
        stream = TakeStream()
        pump = threading.Thread(target=self._pump, args=(stream, takes, ask, memory), name="take", daemon=True)
        with self._lock:
            self._writing[stream] = (chapter.project, pump)
            pump.start()  # whoever stops the takes of a book finds threads that have begun
        return stream

    def _pump(self, stream: TakeStream, takes: list[Take], ask: Asker, memory: str | None) -> None:
        store = _Store(self._manuscripts, takes)
        try:
            try:
                self._copy(stream, self._engine.stream(ask(memory)), store)
            except MemoryNotResident:
                # The memory moved on or the process was restarted in between; nothing has been streamed yet.
                memory = self._learning.reopen(takes[0].project, memory)
                for take in takes:
                    self._manuscripts.set_take_memory(take.id, memory)
                self._copy(stream, self._engine.stream(ask(memory)), store)
        except TemploraError as error:
            stream.cancel()
            stream.put(Broke(error.code, error.message))
        except Exception:
            stream.cancel()
            log.exception("a take broke off")
            stream.put(Broke("error", "Something went wrong while the model was writing. The text so far is kept."))
        finally:
            try:
                store.close()
            except TemploraError as error:
                log.warning("the end of a take was not stored: %s", error.message)
            with self._lock:
                del self._writing[stream]
            stream.put(None)

    def _copy(self, stream: TakeStream, inner: Stream, store: _Store) -> None:
        stream.attach(inner)
        for event in inner:
            if isinstance(event, Token):
                store.write(event)
                stream.put(Wrote(event.take, event.text))
            else:
                id = store.finish(event)
                stream.put(Finished(event.take, id, event.tokens, event.finish_reason))


class _Store:
    """Takes on their way to the database: at most `STORE_EVERY_S` of text is in memory only."""

    def __init__(self, manuscripts: Manuscripts, takes: list[Take]) -> None:
        self._manuscripts = manuscripts
        self._ids = [take.id for take in takes]
        self._texts = ["" for _ in takes]
        self._tokens = [0 for _ in takes]
        self._open = set(range(len(takes)))
        self._stored_at = time.monotonic()

    def write(self, token: Token) -> None:
        self._texts[token.take] += token.text
        self._tokens[token.take] += 1
        if time.monotonic() - self._stored_at >= STORE_EVERY_S:
            for take in self._open:
                self._manuscripts.extend_take(self._ids[take], self._texts[take], self._tokens[take])
            self._stored_at = time.monotonic()

    def finish(self, done: TakeDone) -> str:
        self._open.discard(done.take)
        self._manuscripts.finish_take(self._ids[done.take], self._texts[done.take], done.tokens, done.finish_reason)
        return self._ids[done.take]

    def close(self) -> None:
        """Keep what an interrupted take has; a take without a word is not worth keeping."""
        for take in self._open:
            self._manuscripts.finish_take(self._ids[take], self._texts[take], self._tokens[take], "error")
        for id, text in zip(self._ids, self._texts, strict=True):
            if not text.strip():
                self._manuscripts.delete_take(id)


def rewrite_tokens(characters: int) -> int:
    """Room for a rewrite of so many characters, in tokens of about three: half as long again, never cramped."""
    return min(2048, max(64, characters // 2))


def _seeded(sampling: Sampling) -> Sampling:
    return sampling if sampling.seed is not None else replace(sampling, seed=secrets.randbelow(2**31))

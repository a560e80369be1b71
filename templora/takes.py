"""Takes on their way: copied from the engine to whoever reads them, and stored while they stream."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from storage.manuscripts import Manuscripts
from storage.records import Chapter, Take, TakeKind
from templora.bookwide import Bookwide
from templora.engine import Engine, Generation, Stream, TakeDone, Token
from templora.errors import MemoryNotResident, TemploraError
from templora.learning import Learning

log = logging.getLogger(__name__)

STORE_EVERY_S = 0.5
"""A crash loses at most this much of a take that is streaming."""
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
    copied_words: int = 0
    """The longest run of words that it has in common with the book; 0 up to `bookwide.COPIED_WORDS`."""


@dataclass(frozen=True)
class Broke:
    """The generation ended with an error. What was written until then is stored."""

    code: str
    message: str


TakeEvent = Wrote | Finished | Broke
Asker = Callable[[str | None], Generation]
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


class TakePump:
    """Starts takes, each in a thread of its own, and stops them. All methods may be called from any thread."""

    def __init__(self, manuscripts: Manuscripts, engine: Engine, learning: Learning) -> None:
        self._manuscripts = manuscripts
        self._bookwide = Bookwide(manuscripts)
        self._engine = engine
        self._learning = learning
        self._lock = threading.Lock()
        self._writing: dict[TakeStream, tuple[str, threading.Thread]] = {}

    def start(
        self,
        kind: TakeKind,
        chapter: Chapter,
        span: tuple[int, int],
        settings: dict[str, Any],
        ask: Asker,
        *,
        instruction: str | None = None,
        verb: str | None = None,
        beat: str | None = None,
    ) -> TakeStream:
        """Ask the engine, and store what comes as `settings["takes"]` takes for `span` of the chapter's revision."""
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
            verb=verb,
            beat=beat,
        )
        stream = TakeStream()

        def asking(memory: str | None) -> Generation:
            return self._bookwide.prepared(ask(memory), chapter)

        pump = threading.Thread(
            target=self._pump, args=(stream, takes, asking, memory, chapter), name="take", daemon=True
        )
        with self._lock:
            self._writing[stream] = (chapter.project, pump)
            pump.start()  # whoever stops the takes of a book finds threads that have begun
        return stream

    def _pump(self, stream: TakeStream, takes: list[Take], ask: Asker, memory: str | None, chapter: Chapter) -> None:
        store = _Store(self._manuscripts, self._bookwide, takes, chapter)
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
                id, copied = store.finish(event)
                stream.put(Finished(event.take, id, event.tokens, event.finish_reason, copied))

    def stop(self, project: str | None = None) -> None:
        """End the takes that are being written, in one book or in all; what they have is then stored."""
        with self._lock:
            found = [(stream, pump) for stream, (of, pump) in self._writing.items() if project in (None, of)]
        for stream, _ in found:
            stream.cancel()
        end = time.monotonic() + STOP_S
        for _, pump in found:
            pump.join(max(0.0, end - time.monotonic()))


class _Store:
    """Takes on their way to the database: at most `STORE_EVERY_S` of text is in memory only."""

    def __init__(self, manuscripts: Manuscripts, bookwide: Bookwide, takes: list[Take], chapter: Chapter) -> None:
        self._manuscripts = manuscripts
        self._bookwide = bookwide
        self._chapter = chapter
        self._span = (takes[0].start, takes[0].end)
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

    def finish(self, done: TakeDone) -> tuple[str, int]:
        """The take's id, and how many words in a row it copies."""
        self._open.discard(done.take)
        id, text = self._ids[done.take], self._texts[done.take]
        # At once: nothing of a take that is complete may be lost to looking at it.
        self._manuscripts.finish_take(id, text, done.tokens, done.finish_reason)
        copied = self._bookwide.copied(text, self._chapter, self._span)
        self._manuscripts.finish_take(id, text, done.tokens, done.finish_reason, copied)
        return id, copied

    def close(self) -> None:
        """Keep what an interrupted take has; a take without a word is not worth keeping."""
        for take in self._open:
            self._manuscripts.finish_take(self._ids[take], self._texts[take], self._tokens[take], "error")
        for id, text in zip(self._ids, self._texts, strict=True):
            if not text.strip():
                self._manuscripts.delete_take(id)

"""A process that works on a book with several threads at once, and tells its journal of all that was acknowledged.

Before a thread asks for something it notes what it will ask (`try`), and afterwards that it was done (`ok`) or refused
(`no`). Between the two a kill may or may not have let it happen.
"""

from __future__ import annotations

import json
import logging
import os
import random
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storage.records import Chapter
from templora.config import Sampling
from templora.engine import Generation, Learn, ModelInfo, Reply, Request, Save
from templora.errors import BadInput, Conflict, EngineError, ModelError, NotFound
from templora.studio import Studio
from templora.takes import Finished
from tests.fakes import FakeStream
from tests.reliability.bench import RECIPE, Journal, StrictEngine, model_in, words
from tests.reliability.nursery import Wait

SPEED = 100.0
"""How much faster than real time the writer's clock goes: in seconds texts settle, autosaves fold, books lie idle."""
LONG_CHAPTER = 2_000
CHAPTERS = 8
PAUSE_S = 0.01


class SlowEngine(StrictEngine):
    """Takes its time over what a kill should come in between of."""

    def __init__(self, info: ModelInfo, journal: Journal) -> None:
        super().__init__(info)
        self._journal = journal
        self._replies = 0

    def call(self, request: Request) -> Reply:
        if isinstance(request, Learn):
            time.sleep(0.002)
        if isinstance(request, Save) and request.memory in self.memories:
            data = json.dumps(self.memories[request.memory]).encode()
            with Path(request.path).open("wb") as file:
                file.write(data[: len(data) // 2])
                file.flush()
                time.sleep(0.002)
        reply = super().call(request)
        for wrong in self.wrong:
            self._journal.fact(bug=wrong)
        return reply

    def stream(self, request: Generation) -> FakeStream:
        self._replies += 1
        self.replies = [f" reply {words(self._replies)} of {os.getpid()}"]
        return super().stream(request)


class Complaints(logging.Handler):
    """What the desk logs as an error of its own."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.ERROR)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        self._journal.fact(bug=self.format(record))


@dataclass
class Writer:
    """One of the threads. `number` counts what it has asked for, over all rounds."""

    name: str
    studio: Studio
    project: str
    journal: Journal
    random: random.Random
    number: int
    pause_s: float = PAUSE_S

    def words(self) -> str:
        self.number += 1
        return f"{self.name} {words(self.number)}"

    def ask(self, act: Callable[[], object], **intent: object) -> None:
        """Do it, with a note before and after."""
        self.journal.fact(by=self.name, step="try", at=time.time(), **intent)
        try:
            answer = act()
        except (Conflict, NotFound, BadInput) as error:  # another thread was faster
            self.journal.fact(by=self.name, step="no", why=error.message, gone=isinstance(error, NotFound))
        else:
            made = answer.id if isinstance(answer, Chapter) else None
            self.journal.fact(by=self.name, step="ok", at=time.time(), made=made)

    def save(self, id: str, change: Callable[[str], str]) -> None:
        chapter = self.studio.chapter(id)
        text = change(chapter.text)
        intent = {"chapter": id, "number": chapter.revision + 1, "text": text, "revision": "typed"}
        self.ask(lambda: self.studio.save(id, chapter.revision, text), **intent)

    def chapters(self) -> list[str]:
        return [head.id for head in self.studio.project(self.project)[1]]


def types(writer: Writer) -> None:
    """Writes on at the end of the book, and begins another chapter when one is long."""
    *_, last = writer.chapters()
    if len(writer.studio.chapter(last).text) < LONG_CHAPTER:
        gap = writer.random.choice([" ", " ", " ", "\n\n"])
        writer.save(last, lambda text: f"{text}{gap}{writer.words()}")
    elif len(writer.chapters()) < CHAPTERS:
        title = writer.words()
        writer.ask(lambda: writer.studio.add_chapter(writer.project, title, title), new=title)
    else:
        writer.save(last, lambda _: writer.words())


def edits(writer: Writer) -> None:
    """Changes a word somewhere, or throws out much."""
    id = writer.random.choice(writer.chapters())

    def change(text: str) -> str:
        pieces = text.split(" ")
        if writer.random.random() < 0.1:
            pieces = pieces[: max(1, len(pieces) - 60)]
        pieces.insert(writer.random.randrange(len(pieces) + 1), writer.words())
        return " ".join(pieces)

    writer.save(id, change)


def accepts(writer: Writer) -> None:
    """Asks the model to write on, and takes over what it wrote, or throws it away."""
    chapter = writer.studio.chapter(writer.random.choice(writer.chapters()))
    cursor = len(chapter.text)
    try:
        stream = writer.studio.continue_(chapter.id, chapter.revision, cursor, Sampling(seed=1, max_tokens=16))
    except Conflict:
        return
    # One that was stopped before its first word is not kept.
    finished = [event.id for event in stream if isinstance(event, Finished) and event.tokens]
    if not finished:
        return
    take = next(take for take in writer.studio.takes(chapter.id) if take.id == finished[0])
    writer.journal.fact(by=writer.name, step="take", id=take.id, chapter=chapter.id, text=take.text)
    if writer.random.random() < 0.7:
        text = chapter.text + take.text
        intent = {"chapter": chapter.id, "number": chapter.revision + 1, "text": text, "revision": "accepted"}
        writer.ask(lambda: writer.studio.accept_take(take.id, chapter.revision), **intent)
    else:
        writer.ask(lambda: writer.studio.delete_take(take.id), gone=take.id)


def arranges(writer: Writer) -> None:
    """Deletes chapters, puts them back, moves, renames and splits them, and goes back to what they said before."""
    chapters, deleted = writer.chapters(), writer.studio.deleted_chapters(writer.project)
    id = writer.random.choice(chapters)
    match writer.random.randrange(6):
        case 4:
            _goes_back(writer, id)
        case 5:
            _splits(writer, id)
        case 0 if len(chapters) > 3:
            writer.ask(lambda: writer.studio.delete_chapter(id), chapter=id, deleted=True)
        case 1 if deleted:
            back = deleted[0].id
            writer.ask(lambda: writer.studio.restore_chapter(back), chapter=back, deleted=False)
        case 2:
            title = writer.words()
            writer.ask(lambda: writer.studio.change_chapter(id, title=title), chapter=id, title=title)
        case _:
            position = writer.random.randrange(len(chapters))
            writer.ask(lambda: writer.studio.change_chapter(id, position=position))
    time.sleep(5 * PAUSE_S)


def _goes_back(writer: Writer, id: str) -> None:
    studio, chapter = writer.studio, writer.studio.chapter(id)
    # One that came meanwhile may be the newest: going back to that makes no revision.
    older = [head.number for head in studio.revisions(id) if head.number <= chapter.revision]
    if not older:
        return
    number = writer.random.choice(older)
    text = studio.revision_text(id, number)
    intent = {"chapter": id, "number": chapter.revision + 1, "text": text, "revision": "restored"}
    if text != chapter.text:
        writer.ask(lambda: studio.restore_revision(id, chapter.revision, number), **intent)


def _splits(writer: Writer, id: str) -> None:
    chapter = writer.studio.chapter(id)
    at = chapter.text.find(" ", len(chapter.text) // 2)
    if at < 0 or len(writer.chapters()) >= CHAPTERS:
        return
    first, second = chapter.text[:at].rstrip(), chapter.text[at:].lstrip()
    intent = {"chapter": id, "number": chapter.revision + 1, "text": first, "revision": "typed", "new": second}
    writer.ask(lambda: writer.studio.split_chapter(id, chapter.revision, at, writer.words()), **intent)


def minds(writer: Writer) -> None:
    """Asks things of the memory."""
    studio, project = writer.studio, writer.project
    match writer.random.randrange(16):
        case 0:
            studio.discard_memory(project)
        case 1:
            studio.forget(project)
        case 2:
            studio.memory_do(project, "pause")
        case 3:
            studio.copy(project, "markdown")
        case 4:
            studio.back_up()
        case 5:
            studio.finish(project, "text")
        case number if number % 2:
            studio.memory_do(project, "learn")
        case _:
            with suppress(BadInput):  # the book is finished
                studio.memory_do(project, "resume")
    studio.memory(project)
    time.sleep(5 * PAUSE_S)


Habit = Callable[[Writer], None]
HABITS: tuple[Habit, ...] = (types, edits, accepts, arranges, minds)


def torture(wait_for_go: Wait, folder: str, model: str, seed: int, epoch: float) -> None:
    """Works until it is killed. `epoch`: the real time at which the writer's fast clock began."""
    root = Path(folder)
    journal = Journal(root / f"journal-{seed}")
    logging.getLogger().addHandler(Complaints(journal))
    engine = SlowEngine(model_in(Path(model)), journal)
    wait_for_go()
    studio = Studio(root / "data", engine, engine.info, RECIPE, lambda: epoch + SPEED * (time.time() - epoch))
    studio.start()
    set_to_work(studio, journal, seed, HABITS, threading.Event())
    time.sleep(60)


def set_to_work(
    studio: Studio,
    journal: Journal,
    seed: int,
    habits: Sequence[Habit],
    stop: threading.Event,
    pause_s: float = PAUSE_S,
) -> list[threading.Thread]:
    """Start a thread for each habit, over the one book of the desk, made where it is missing."""
    if not studio.projects():
        studio.create_project("A book")
    project = studio.projects()[0].id
    if not studio.project(project)[1]:
        studio.add_chapter(project, "Chapter 1", "The beginning")
    threads: list[threading.Thread] = []
    for habit in habits:
        writer = Writer(
            habit.__name__, studio, project, journal, random.Random(f"{seed} {habit.__name__}"), 100_000 * seed
        )
        writer.pause_s = pause_s
        threads.append(threading.Thread(target=_go_on, args=(habit, writer, stop), daemon=True))
        threads[-1].start()
    return threads


def _go_on(habit: Habit, writer: Writer, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            habit(writer)
        except (NotFound, EngineError, ModelError):
            pass  # another thread has just deleted the chapter, or the model is on its way
        except BaseException:
            writer.journal.fact(bug=traceback.format_exc())
            return
        time.sleep(writer.random.random() * writer.pause_s)

"""What history costs: bytes by the hour of writing, and the time of a save."""

from __future__ import annotations

import json
import random
import statistics
import time
from typing import Any

import pytest

from storage.database import Store
from storage.manuscripts import Manuscripts
from storage.records import Accepted, Project

MB = 1_000_000
WORDS = 150_000
AUTOSAVE_S = 30
"""The page saves a second after the last keystroke, so more often; what is folded costs nothing."""


class Writer:
    """Writes like a novelist, reproducibly: words as frequent as they are in prose, and one name."""

    def __init__(self) -> None:
        self._random = random.Random(7)
        letters = random.Random(8)
        self._words = ["".join(letters.choices("etaoinshrdlucmfw", k=letters.randint(2, 9))) for _ in range(8000)]
        self._weights = [1 / rank for rank in range(1, len(self._words) + 1)]

    def prose(self, words: int) -> str:
        chosen = self._random.choices(self._words, self._weights, k=words)
        marked = ["Anna" if self._random.random() < 1 / 150 else word for word in chosen]
        return " ".join(marked) + "."

    def chapter(self, words: int) -> str:
        return "\n\n".join(self.prose(75) for _ in range(words // 75))

    def somewhere(self, text: str) -> int:
        return text.index(" ", self._random.randrange(len(text) // 4, len(text) // 2)) + 1


def history(store: Store) -> int:
    """Bytes of all revisions, without the text of the newest ones."""
    with store.read() as rows:
        [row] = rows.all(
            """SELECT sum(length(CAST(text AS BLOB)) + coalesce(length(packed), 0) + length(runs) + length(excluded)
                  - CASE WHEN packed IS NULL THEN length(CAST(text AS BLOB)) ELSE 0 END) AS bytes FROM revisions"""
        )
    return row["bytes"]


def long_written(store: Store, chapter: str, text: str) -> None:
    """Make it look as if every other paragraph had been accepted from a take of its own."""
    runs: list[list[object]] = []
    for i, paragraph in enumerate(text.split("\n\n")):
        runs += [[len(paragraph), f"take{i:08}" if i % 2 else None], [2, None]]
    with store.transaction() as sql:
        sql.run("UPDATE revisions SET runs = ? WHERE chapter = ?", json.dumps(runs[:-1]), chapter)


@pytest.mark.parametrize("chapters", [1, 40])
def test_an_hour_of_writing_costs_less_than_a_megabyte(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any, chapters: int
) -> None:
    writer = Writer()
    ids: list[str] = []
    for number in range(chapters):
        text = writer.chapter(WORDS // chapters)
        ids.append(manuscripts.add_chapter(book.id, f"Chapter {number}", text, kind="imported").id)
        long_written(store, ids[-1], text)
    assert sum(head.words for head in manuscripts.chapters(book.id)) >= WORDS * 0.99
    before, began = history(store), clock.now

    def edit(chapter: str, text: str, *accepted: Accepted) -> None:
        manuscripts.save(chapter, manuscripts.chapter(chapter).revision, text, accepted)

    takes = 0
    while clock.now < began + 3600:
        clock.now += AUTOSAVE_S
        second = int(clock.now - began)
        current = manuscripts.chapter(ids[-1])
        if second % 120 == 0:
            take = manuscripts.start_takes(
                1, book.id, current.id, "continue", current.revision, 0, 0, None, "starter", None, "{}"
            )[0]
            written = " " + writer.prose(40)
            edit(current.id, current.text + written, Accepted(take.id, len(current.text), len(written)))
            takes += 1
        elif second % 300 == 30:  # a passage in the middle is written anew
            at = writer.somewhere(current.text)
            edit(current.id, current.text[:at] + writer.prose(30) + current.text[at + 200 :])
        elif second == 1890:  # a character is renamed
            for id in ids:
                edit(id, manuscripts.chapter(id).text.replace("Anna", "Maria"))
        else:
            edit(current.id, current.text + " " + writer.prose(8))
    assert takes == 30
    heads = [head for id in ids for head in manuscripts.revisions(id)]
    assert len(heads) - len(ids) >= 60
    cost = history(store) - before
    assert 5_000 < cost < MB
    for id in ids:  # all of it can be read
        assert manuscripts.revision_text(id, 1).count("Anna") > 10


def test_saving_a_chapter_of_a_very_long_book_takes_less_than_fifty_milliseconds(
    manuscripts: Manuscripts, book: Project, clock: Any
) -> None:
    writer = Writer()
    for number in range(999):
        manuscripts.add_chapter(book.id, f"Chapter {number}", "Some words.")
    text = writer.chapter(5000)
    chapter = manuscripts.add_chapter(book.id, "Last", text, kind="imported")
    seconds: list[float] = []
    revision = chapter.revision
    for i in range(20):
        clock.now += 1 if i % 4 else 400  # some fold, some do not
        at = writer.somewhere(text)
        text = text[:at] + writer.prose(5) + " " + text[at:]
        started = time.perf_counter()
        revision = manuscripts.save(chapter.id, revision, text)
        seconds.append(time.perf_counter() - started)
    assert statistics.median(seconds) < 0.05

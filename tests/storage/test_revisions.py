"""Every revision reads as it was saved, however it is stored: folded over, packed, dropped around, copied, damaged."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import revisions
from storage.database import FILE_NAME, Store, open_database
from storage.manuscripts import Manuscripts
from storage.records import Accepted, Chapter, Project, Run
from templora.errors import NotFound, RevisionDamaged

LONG = "".join(f"Anna crossed street {i} with {i + 1} others, and she looked back once.\n\n" for i in range(300))
TEXTS = st.lists(st.sampled_from(["Anna crossed the street, and looked back once.\n\n", "a", "b ", "\n\n"]), max_size=8)

Seen = tuple[str, list[Run]]


class Model:
    """A chapter, and what each of its revisions must read as: as it was when it was saved."""

    def __init__(self, manuscripts: Manuscripts, book: Project, clock: Any, text: str = "") -> None:
        self.manuscripts = manuscripts
        self.clock = clock
        self.id = manuscripts.add_chapter(book.id, "One", text).id
        self.saved: dict[int, Seen] = {}
        self.look()

    @property
    def now(self) -> Chapter:
        return self.manuscripts.chapter(self.id)

    def look(self) -> None:
        self.saved[self.now.revision] = (self.now.text, self.manuscripts.runs(self.id))

    def save(self, text: str, accepted: Sequence[Accepted] = ()) -> None:
        self.manuscripts.save(self.id, self.now.revision, text, accepted)
        self.look()

    def take(self) -> str:
        now = self.now
        return self.manuscripts.start_takes(
            1, now.project, self.id, "continue", now.revision, 0, 0, None, "starter", None, "{}"
        )[0].id

    def numbers(self) -> list[int]:
        return [head.number for head in self.manuscripts.revisions(self.id)]

    def check(self) -> None:
        for number in self.numbers():
            assert (self.manuscripts.revision_text(self.id, number), self.manuscripts.runs(self.id, number)) == (
                self.saved[number]
            )


def packed(store: Store, chapter: str) -> dict[int, int | None]:
    """Bytes of each revision's delta; None where its text is whole."""
    with store.read() as rows:
        found = rows.all(
            "SELECT number, length(packed) AS size, length(text) AS whole FROM revisions WHERE chapter = ?", chapter
        )
    assert all(row["whole"] == 0 for row in found if row["size"] is not None)
    return {row["number"]: row["size"] for row in found}


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_every_revision_that_is_listed_reads_as_it_was_saved(
    data: st.DataObject, manuscripts: Manuscripts, store: Store, book: Project, clock: Any
) -> None:
    model = Model(manuscripts, book, clock, "".join(data.draw(TEXTS)))
    for _ in range(data.draw(st.integers(1, 12))):
        match data.draw(st.sampled_from(["type", "type", "wait", "replace", "accept", "restore", "name", "drop"])):
            case "type":
                at = data.draw(st.integers(0, len(model.now.text)))
                model.save(model.now.text[:at] + "word " + model.now.text[at + data.draw(st.integers(0, 9)) :])
            case "wait":
                clock.now += 400
            case "replace":
                model.save("".join(data.draw(TEXTS)))
            case "accept":
                at = data.draw(st.integers(0, len(model.now.text)))
                span = Accepted(model.take(), at, 6)
                model.save(model.now.text[:at] + "taken " + model.now.text[at:], [span])
            case "restore":
                number = data.draw(st.sampled_from(model.numbers()))
                manuscripts.restore_revision(model.id, model.now.revision, number)
                model.look()
            case "name":
                manuscripts.name_revision(model.id, data.draw(st.sampled_from(model.numbers())), "A name")
            case _:
                numbers = data.draw(st.sets(st.sampled_from(model.numbers()))) - {model.now.revision}
                with store.transaction() as sql:
                    revisions.drop(sql, model.id, numbers)
                assert not numbers & set(model.numbers())
    model.check()
    sizes = packed(store, model.id)
    assert [number for number, size in sizes.items() if size is None] == [model.now.revision]
    copy = manuscripts.add_chapter(book.id, "Copy").id
    with store.transaction() as sql:
        sql.run("DELETE FROM revisions WHERE chapter = ?", copy)
        revisions.copy(sql, sql, model.id, copy, {})
    for head in manuscripts.revisions(model.id):
        assert manuscripts.revision_text(copy, head.number) == model.saved[head.number][0]
        assert manuscripts.runs(copy, head.number) == model.saved[head.number][1]


def test_takes_get_their_new_ids_in_every_copied_revision(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any
) -> None:
    model = Model(manuscripts, book, clock, LONG)
    takes = [model.take() for _ in range(3)]
    for take in takes:
        model.save(model.now.text + "taken ", [Accepted(take, len(model.now.text), 6)])
    ids = {take: f"{take[:6]}{i:06}" for i, take in enumerate(takes)}  # a beginning that both have is not kept as such
    copy = manuscripts.add_chapter(book.id, "Copy").id
    with store.transaction() as sql:
        sql.run("DELETE FROM revisions WHERE chapter = ?", copy)
        revisions.copy(sql, sql, model.id, copy, ids)
    for number, (text, runs) in model.saved.items():
        assert manuscripts.revision_text(copy, number) == text
        assert manuscripts.runs(copy, number) == [Run(run.length, ids.get(run.take or "")) for run in runs]
    assert sum(size or 0 for size in packed(store, copy).values()) < 400


def test_older_revisions_cost_what_was_changed(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any
) -> None:
    model = Model(manuscripts, book, clock, LONG)
    for edit in (LONG + "More.", LONG.replace("street 7 ", "the bridge "), LONG.replace("Anna", "Maria")):
        clock.now += 400
        model.save(edit)
    model.check()
    assert len(LONG) > 20_000
    appended, edited, renamed, newest = packed(store, model.id).values()
    assert newest is None
    assert appended and edited and renamed
    assert appended < 60 and edited < 100 and renamed < 1000


def test_a_rename_stays_small_while_autosaves_fold_above_it(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any
) -> None:
    model = Model(manuscripts, book, clock, LONG)
    model.save(LONG.replace("Anna", "Maria"))
    size = packed(store, model.id)[1]
    for i in range(10):
        model.save(model.now.text + f"More {i}. ")
    assert model.numbers() == [1, 12]
    now = packed(store, model.id)[1]
    assert now and size and now < size + 60
    model.check()


def test_what_is_cut_and_put_back_costs_nothing_more(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any
) -> None:
    words = random.Random(7).choices("abcdefghijklmnopqrstuvwxyz ", k=20_000)
    model = Model(manuscripts, book, clock, "".join(words))
    model.save("".join(words[:100]))
    assert (packed(store, model.id)[1] or 0) > 5_000
    model.save("".join(words))
    assert model.numbers() == [1, 3]
    assert (packed(store, model.id)[1] or 0) < 60
    model.check()


# --- damage ---


def damage(store: Store, chapter: str, number: int) -> None:
    with store.transaction() as sql:
        [row] = sql.all("SELECT packed FROM revisions WHERE chapter = ? AND number = ?", chapter, number)
        changed = row["packed"][:-1] + bytes([row["packed"][-1] ^ 1])
        sql.run("UPDATE revisions SET packed = ? WHERE chapter = ? AND number = ?", changed, chapter, number)


def test_a_damaged_revision_is_an_error_for_itself_and_what_is_older(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any
) -> None:
    model = Model(manuscripts, book, clock, "first")
    for text in ("first second", "first second third", "first second third fourth"):
        clock.now += 400
        model.save(text)
    damage(store, model.id, 2)
    for number in (1, 2):
        with pytest.raises(RevisionDamaged):
            manuscripts.revision_text(model.id, number)
        with pytest.raises(RevisionDamaged):
            manuscripts.restore_revision(model.id, 4, number)
    assert [manuscripts.revision_text(model.id, number) for number in (3, 4)] == [model.saved[3][0], model.saved[4][0]]
    with pytest.raises(RevisionDamaged), store.transaction() as sql:
        revisions.drop(sql, model.id, {3})
    copy = manuscripts.add_chapter(book.id, "Copy").id
    with store.transaction() as sql:
        sql.run("DELETE FROM revisions WHERE chapter = ?", copy)
        revisions.copy(sql, sql, model.id, copy, {})
    assert [head.number for head in manuscripts.revisions(copy)] == [3, 4]


def test_a_damaged_revision_keeps_no_text_from_being_saved(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any
) -> None:
    model = Model(manuscripts, book, clock, "first")
    clock.now += 400
    model.save("first second")
    damage(store, model.id, 1)
    model.save("first second third")
    model.save("first second third fourth")
    assert model.numbers() == [1, 2, 4]  # the second is not folded, so the damaged one stays as it is
    assert manuscripts.revision_text(model.id, 2) == "first second"
    assert model.now.text == "first second third fourth"


# --- databases from before there were deltas ---


def test_revisions_that_are_stored_whole_read_fold_and_are_dropped_as_ever(tmp_path: Path, clock: Any) -> None:
    store = open_database(tmp_path)
    manuscripts = Manuscripts(store, clock)
    book = manuscripts.create_project("The Book")
    model = Model(manuscripts, book, clock, "text 1")
    store.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as old:
        for number in range(2, 6):
            old.execute(
                """INSERT INTO revisions (chapter, number, kind, words, began_at, created_at, runs, text)
                   VALUES (?, ?, 'typed', 2, ?, ?, '[[6, null]]', ?)""",
                (model.id, number, clock.now, clock.now, f"text {number}"),
            )
            model.saved[number] = (f"text {number}", [Run(6, None)])
    old.close()
    store = open_database(tmp_path)
    model.manuscripts = Manuscripts(store, clock)
    model.check()
    model.save("text 5 and more")  # folds
    model.save("text 5 and more and more")
    assert model.numbers() == [1, 2, 3, 4, 7]
    clock.now += 400
    model.save("text 5 again")
    model.check()
    with store.transaction() as sql:
        revisions.drop(sql, model.id, {2, 4})
    assert model.numbers() == [1, 3, 7, 8]
    model.check()
    with store.transaction() as sql:
        revisions.drop(sql, model.id, {1, 7})
    model.check()
    with pytest.raises(NotFound):
        model.manuscripts.revision_text(model.id, 1)
    store.close()

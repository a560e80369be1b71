"""What must be true of a data folder, whatever has happened to it. Each raises AssertionError where it is not."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage import deltas, revisions
from storage.copies import complaint
from storage.records import ChapterHead, Snapshot
from storage.snapshots import Snapshots
from templora import memory
from templora.studio import Studio
from tests.reliability.bench import Decoder

History = tuple[tuple[int, str, str], ...]
"""(number, kind, text) of each revision, oldest first."""


@dataclass(frozen=True)
class ChapterState:
    title: str
    history: History
    names: tuple[str | None, ...]
    """Of the revisions."""
    learned: bool
    excluded: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class BookState:
    """A book without its ids: titles are unique in these tests. Chapters are in order, deleted ones by title."""

    title: str
    deleted: bool
    learning: str
    strength: float
    finished: bool
    chapters: tuple[ChapterState, ...]
    deleted_chapters: tuple[ChapterState, ...]
    takes: tuple[tuple[str, bool], ...]
    """(text, accepted?)"""


Books = tuple[BookState, ...]


def history(studio: Studio, chapter: str) -> History:
    """What the chapter can go back to. All of it in one pass: asking for each would read the newer ones each time."""
    found: list[tuple[int, str, str]] = []
    with studio._store.read() as rows:  # pyright: ignore[reportPrivateUsage]
        everything = "SELECT * FROM revisions WHERE chapter = ? ORDER BY number DESC"
        for row, body in revisions._unpacked(rows.all(everything, chapter)):  # pyright: ignore[reportPrivateUsage]
            if row["packed"] is not None:
                deltas.check(body, row["packed"])
            found.append((row["number"], row["kind"], body[body.index("\n") + 1 :]))
    oldest, text = found[-1][0], found[-1][2]
    assert studio.revision_text(chapter, oldest) == text
    return tuple(reversed(found))


def books(studio: Studio) -> Books:
    """All that a writer could miss."""
    found: list[BookState] = []
    for deleted in (False, True):
        for project in sorted(studio.projects(deleted=deleted), key=lambda project: project.title):
            heads = studio.peek(project.id)[1]
            gone = sorted(studio.deleted_chapters(project.id), key=lambda head: head.title)
            takes = [take for head in [*heads, *gone] for take in studio.takes(head.id)]
            found.append(
                BookState(
                    title=project.title,
                    deleted=deleted,
                    learning=project.learning,
                    strength=project.strength,
                    finished=project.finished_at is not None,
                    chapters=tuple(_chapter(studio, head) for head in heads),
                    deleted_chapters=tuple(_chapter(studio, head) for head in gone),
                    takes=tuple((take.text, take.accepted_revision is not None) for take in takes),
                )
            )
    return tuple(found)


def _chapter(studio: Studio, head: ChapterHead) -> ChapterState:
    names = tuple(revision.name for revision in studio.revisions(head.id))
    return ChapterState(head.title, history(studio, head.id), names, head.learned, head.excluded)


def takes_are_kept(found: Books, possible: Sequence[Books]) -> None:
    """The takes are those of one of the possible states, or the last one was on its way: a beginning is kept."""
    takes = all_takes(found)
    if takes in [all_takes(books) for books in possible]:
        return
    *before, (text, accepted) = takes
    whole, _ = all_takes(possible[-1])[-1]
    assert before == all_takes(possible[0])
    assert text.strip() and whole.startswith(text) and not accepted


def all_takes(books: Books) -> list[tuple[str, bool]]:
    return [take for book in books for take in book.takes]


def chapters_are_in_order(studio: Studio) -> None:
    for project in studio.projects():
        heads = studio.peek(project.id)[1]
        assert [head.position for head in heads] == list(range(len(heads)))
        for head in heads:
            chapter = studio.chapter(head.id)
            assert chapter.revision == studio.revisions(head.id)[-1].number
            assert chapter.text == studio.revision_text(head.id, chapter.revision)
            runs = studio._manuscripts.runs(head.id)  # pyright: ignore[reportPrivateUsage]
            assert sum(run.length for run in runs) == len(chapter.text)


def mirrors_say_what_the_books_say(studio: Studio, data: Path) -> None:
    """Starts the Studio and closes it, which is all that the mirror needs, whatever was left behind."""
    expected: dict[str, list[str]] = {}
    for project in studio.projects():
        chapters = [studio.chapter(head.id) for head in studio.peek(project.id)[1]]
        expected[project.id] = [f"# {chapter.title}\n\n{chapter.text.rstrip()}\n" for chapter in chapters]
    studio.start()
    studio.close()
    assert {project: mirrored(data, project) for project in expected} == expected


def mirrored(data: Path, project: str) -> list[str]:
    """The readable copies of a book's chapters, in order. No other files lie beside them."""
    folder = data / "projects" / project / "book"
    paths = sorted(folder.iterdir()) if folder.exists() else []
    assert all(unicodedata.normalize("NFC", path.name).endswith(".md") for path in paths), paths
    return [path.read_text(encoding="utf-8") for path in paths]


def snapshots_are_true(studio: Studio, data: Path, decoder: Decoder) -> None:
    """Each snapshot's file is whole and holds what its chain claims; the way there is known; no file is an orphan."""
    snapshots = studio._snapshots  # pyright: ignore[reportPrivateUsage]
    projects = [*studio.projects(), *studio.projects(deleted=True)]
    for project in projects:
        lessons = snapshots.parents(project.id)
        for snapshot in snapshots.all(project.id):
            held = learnt(snapshots, snapshot)
            assert (decoder.chain(held), len(held)) == (snapshot.chain, snapshot.n_chunks)
            lineage = memory.lineage(snapshot.chain, lessons, decoder.origin)
            assert lineage is not None and len(lineage) == snapshot.n_chunks
        named = {f"{snapshot.sha256}.safetensors" for snapshot in snapshots.all(project.id)}
        assert files(data / "projects" / project.id / "objects") == named
        assert files(data / "projects" / project.id / "staging") == set()
    folders = {path.name for path in (data / "projects").glob("*")}
    assert folders <= {project.id for project in projects}, "a folder of no book"


def learnt(snapshots: Snapshots, snapshot: Snapshot) -> list[list[int]]:
    """What a snapshot of the fake engine has learnt. Reads its file through, and checks its SHA-256."""
    return json.loads(snapshots.path(snapshot).read_bytes())


def nothing_is_left_half_done(data: Path) -> None:
    """After a start and a close: no file on its way is left, and the backups that are listed can be read."""
    assert list(data.rglob("*.part*")) == []
    for path in (data / "backups").glob("*"):
        assert complaint(path) is None


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

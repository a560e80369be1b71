"""The sample book: a short story of our own, unfinished, to look around in before one has written anything."""

from __future__ import annotations

from pathlib import Path

from storage.formats import read_book
from storage.manuscripts import Manuscripts
from storage.records import ChapterStatus, EntryKind, Project
from templora.bible import Bible

FILE = Path(__file__).with_name("sample_book.md")

NOTES: tuple[tuple[ChapterStatus, str], ...] = (
    ("done", "Marit comes to Ostra to keep the bell, and finds that it is late, and that somebody means it to be."),
    ("revised", "The ledger, and what Tobias tells her of the fourteenth of January. He does not say who the boy was."),
    ("draft", "The district wants the bell put right. Marit takes off the weight, ten minutes before seven …"),
)
"""What is noted of its chapters."""


AUTHOR_NOTE = "Dry and quiet. Short paragraphs. Nobody explains what they feel."

ENTRIES: tuple[tuple[EntryKind, str, tuple[str, ...], str], ...] = (
    (
        "character",
        "Marit Sohl",
        ("Marit",),
        "The new keeper of the bell. She carries her father’s railway watch, and it is right.",
    ),
    (
        "character",
        "Tobias Renn",
        ("Tobias",),
        "The sacristan; past seventy, long, careful, never on time. He was the boy who fell asleep at the rope, and "
        "nobody says so.",
    ),
    (
        "place",
        "Ostra",
        (),
        "A village under the Karn, with a clock tower of ninety-four uneven steps. Sixty-one years ago, on the "
        "fourteenth of January, the snow took the bridge, the mill and the lower church.",
    ),
    (
        "thing",
        "The brass weight",
        ("weight",),
        "Hangs under the pendulum and keeps the bell nine minutes late. Marked: Wait.",
    ),
)
"""The story bible: kind, name, other names, description."""

LATER = ("The brass weight", "Marit has taken it off.")
"""What holds of an entry from the last chapter on."""


def sample_book(manuscripts: Manuscripts, bible: Bible) -> tuple[Project, bool]:
    """The sample among the books, and whether it was put there now. It is a book like any other: one that was deleted,
    or has been given another title, is put there anew."""
    book = read_book(FILE.read_bytes(), FILE.name)
    for project in manuscripts.projects():
        if project.title == book.title:
            return project, False
    project = manuscripts.add_book(book.title, [(chapter.title, chapter.text) for chapter in book.chapters])
    for head, (status, synopsis) in zip(manuscripts.chapters(project.id), NOTES, strict=True):
        manuscripts.set_status(head.id, status)
        manuscripts.set_synopsis(head.id, synopsis)
    for kind, name, aliases, description in ENTRIES:
        entry = bible.add(project.id, kind, name, aliases, description)
        if name == LATER[0]:
            bible.set_note(entry.id, manuscripts.chapters(project.id)[-1].id, LATER[1])
    bible.set_author_note(project.id, AUTHOR_NOTE)
    return project, True

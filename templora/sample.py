"""The sample book: a short story of our own, unfinished, to look around in before one has written anything."""

from __future__ import annotations

from pathlib import Path

from storage.formats import read_book
from storage.manuscripts import Manuscripts
from storage.records import ChapterStatus, Project

FILE = Path(__file__).with_name("sample_book.md")

NOTES: tuple[tuple[ChapterStatus, str], ...] = (
    ("done", "Marit comes to Ostra to keep the bell, and finds that it is late, and that somebody means it to be."),
    ("revised", "The ledger, and what Tobias tells her of the fourteenth of January. He does not say who the boy was."),
    ("draft", "The district wants the bell put right. Marit takes off the weight, ten minutes before seven …"),
)
"""What is noted of its chapters."""


def sample_book(manuscripts: Manuscripts) -> tuple[Project, bool]:
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
    return project, True

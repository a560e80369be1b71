"""HTTP routes of the story bible, and of what the model reads."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from storage.records import BibleEntry
from templora.errors import NotFound
from templora.studio import Studio


class NewEntry(BaseModel):
    kind: str
    name: str
    aliases: list[str] = []
    description: str = ""


class EntryChange(BaseModel):
    kind: str | None = None
    name: str | None = None
    aliases: list[str] | None = None
    description: str | None = None


class NoteText(BaseModel):
    text: str


class Name(BaseModel):
    name: str


class ReadingBody(BaseModel):
    base_revision: int
    cursor: int
    max_tokens: int = 120


def bible_routes(router: APIRouter, studio: Studio) -> None:
    bible = studio.bible

    @router.get("/projects/{id}/bible", tags=["bible"])
    def get_bible(id: str, deleted: bool = False) -> dict[str, Any]:
        """Its entries, the author's note, and names that the book uses and the bible lacks."""
        studio.peek(id)  # raises NotFound
        return {
            "entries": [asdict(entry) for entry in bible.entries(id, deleted)],
            "author_note": bible.author_note(id),
            "suggestions": [asdict(each) for each in bible.suggestions(id)],
        }

    @router.post("/projects/{id}/bible", status_code=201, tags=["bible"])
    def add_entry(id: str, body: NewEntry) -> dict[str, Any]:
        """`kind`: character, place, thing or rule."""
        return asdict(bible.add(id, body.kind, body.name, body.aliases, body.description))

    @router.get("/projects/{id}/bible/mentions", tags=["bible"])
    def get_mentions(id: str) -> dict[str, list[dict[str, Any]]]:
        """Where the book mentions each entry, by its id; `spans` in code points."""
        studio.peek(id)
        return {entry: [asdict(each) for each in found] for entry, found in bible.mentions(id).items()}

    @router.get("/projects/{id}/bible/{entry}", tags=["bible"])
    def get_entry(id: str, entry: str) -> dict[str, Any]:
        return asdict(_of(id, entry))

    @router.patch("/projects/{id}/bible/{entry}", tags=["bible"])
    def change_entry(id: str, entry: str, body: EntryChange) -> dict[str, Any]:
        return asdict(bible.change(_of(id, entry).id, body.kind, body.name, body.aliases, body.description))

    @router.put("/projects/{id}/bible/{entry}/notes/{chapter}", tags=["bible"])
    def set_note(id: str, entry: str, chapter: str, body: NoteText) -> dict[str, Any]:
        """What holds from this chapter on, until a later note; an empty text takes it away."""
        return asdict(bible.set_note(_of(id, entry).id, chapter, body.text))

    @router.delete("/projects/{id}/bible/{entry}", status_code=204, tags=["bible"])
    def delete_entry(id: str, entry: str) -> None:
        """Recoverable for 30 days by `…/restore`."""
        bible.delete(_of(id, entry).id)

    @router.post("/projects/{id}/bible/{entry}/restore", tags=["bible"])
    def restore_entry(id: str, entry: str) -> dict[str, Any]:
        return asdict(bible.restore(_of(id, entry).id))

    @router.post("/projects/{id}/dismissed-names", status_code=204, tags=["bible"])
    def dismiss(id: str, body: Name) -> None:
        """Do not suggest this name again."""
        bible.dismiss(id, body.name)

    @router.delete("/projects/{id}/dismissed-names/{name}", status_code=204, tags=["bible"])
    def bring_back(id: str, name: str) -> None:
        bible.bring_back(id, name)

    @router.put("/projects/{id}/author-note", tags=["bible"])
    def set_author_note(id: str, body: NoteText) -> dict[str, str]:
        """Style, tense, mood: read with every continuation, near its end."""
        bible.set_author_note(id, body.text)
        return {"author_note": bible.author_note(id)}

    @router.post("/chapters/{id}/reading", tags=["takes"])
    def reading(id: str, body: ReadingBody) -> dict[str, Any]:
        """What `continue` would read there, section by section, with its token ids (without BOS)."""
        return asdict(studio.reading(id, body.base_revision, body.cursor, body.max_tokens))

    def _of(id: str, entry: str) -> BibleEntry:
        found = bible.entry(entry)
        if found.project != id:
            raise NotFound("There is no such entry in this book’s story bible.")
        return found

"""The verbs of the story bible: entries, where the book mentions them, names it may lack, the author's note."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from storage.bible import BibleStore
from storage.checks import new_id
from storage.manuscripts import Manuscripts
from storage.records import BibleEntry, Chapter, ChapterHead, Span
from templora.errors import NotFound
from templora.names import Capitals, Finder, Suggestion, suggestions
from templora.reading import Entry, Extras

__all__ = ["Bible", "ChapterMentions", "as_of", "new_id"]

_Names = tuple[tuple[str, tuple[str, ...]], ...]
"""Each entry with the names that it goes by."""


@dataclass(frozen=True)
class ChapterMentions:
    """Where a chapter mentions an entry, in code points of its newest text."""

    chapter: str
    position: int
    title: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class _Seen:
    """What was found in a revision of a chapter. `names`: what was looked for."""

    revision: int
    capitals: Capitals
    names: _Names
    spans: dict[str, list[Span]]


class Bible:
    """Part of the Studio. `changed` hears of a book whose bible has changed. All methods may be called from any thread.

    The first look at a long book takes a second or two; after that only chapters that have changed are read again. What
    was found in the book that was looked at last is kept.
    """

    def __init__(self, rows: BibleStore, manuscripts: Manuscripts, changed: Callable[[str], None]) -> None:
        self._rows = rows
        self._manuscripts = manuscripts
        self._changed = changed
        self._project = ""
        self._seen: dict[str, _Seen] = {}
        self._lock = threading.Lock()

    # --- entries ---

    def entries(self, project: str, deleted: bool = False) -> list[BibleEntry]:
        """By kind and name; with `deleted` those that can be brought back, the last deleted first."""
        return self._rows.entries(project, deleted)

    def entry(self, id: str) -> BibleEntry:
        return self._rows.entry(id)

    def add(
        self,
        project: str,
        kind: str,
        name: str,
        aliases: Sequence[str] = (),
        description: str = "",
        id: str | None = None,
    ) -> BibleEntry:
        """`id`: one that was drawn for it before."""
        return self._told(self._rows.add(project, kind, name, aliases, description, id))

    def change(
        self,
        id: str,
        kind: str | None = None,
        name: str | None = None,
        aliases: Sequence[str] | None = None,
        description: str | None = None,
    ) -> BibleEntry:
        """What is None stays."""
        return self._told(self._rows.change(id, kind, name, aliases, description))

    def set_note(self, id: str, chapter: str, text: str) -> BibleEntry:
        """What holds of the entry from a chapter on, until a later note; '' takes it away."""
        return self._told(self._rows.set_note(id, chapter, text))

    def delete(self, id: str) -> None:
        """Recoverable for 30 days by `restore`."""
        self._rows.delete(id)
        self._told(self._rows.entry(id))

    def restore(self, id: str) -> BibleEntry:
        return self._told(self._rows.restore(id))

    def _told(self, entry: BibleEntry) -> BibleEntry:
        self._changed(entry.project)
        return entry

    # --- the author's note ---

    def author_note(self, project: str) -> str:
        return self._rows.author_note(project)

    def set_author_note(self, project: str, text: str) -> None:
        self._rows.set_author_note(project, text)
        self._changed(project)

    # --- in the text ---

    def mentions(self, project: str) -> dict[str, list[ChapterMentions]]:
        """Where the book mentions each entry: by its id, chapters in order; without those that do not."""
        found: dict[str, list[ChapterMentions]] = {}
        for head, seen in self._looked(project, self._names(project)):
            for id, spans in seen.spans.items():
                mentioned = ChapterMentions(head.id, head.position, head.title, tuple(spans))
                found.setdefault(id, []).append(mentioned)
        return found

    def suggestions(self, project: str) -> list[Suggestion]:
        """Names that the book uses and the bible lacks, the most frequent first; without those that were dismissed."""
        names = self._names(project)
        capitals = Capitals()
        for _, seen in self._looked(project, names):
            capitals.inside.update(seen.capitals.inside)
            capitals.first.update(seen.capitals.first)
            capitals.lower.update(seen.capitals.lower)
        return suggestions(capitals, [of for _, of in names], self._rows.dismissed(project))

    def dismiss(self, project: str, name: str) -> None:
        """Do not suggest this name again."""
        self._rows.dismiss(project, name)

    def bring_back(self, project: str, name: str) -> None:
        self._rows.bring_back(project, name)

    def _names(self, project: str) -> _Names:
        return tuple((entry.id, (entry.name, *entry.aliases)) for entry in self.entries(project))

    def _looked(self, project: str, names: _Names) -> list[tuple[ChapterHead, _Seen]]:
        finder = Finder(names)
        found: list[tuple[ChapterHead, _Seen]] = []
        with self._lock:
            before = self._seen if self._project == project else {}
            for head in self._manuscripts.chapters(project):
                seen = before.get(head.id)
                if seen is None or seen.revision != head.revision or seen.names != names:
                    try:
                        chapter = self._manuscripts.chapter(head.id)
                    except NotFound:  # deleted in this moment
                        continue
                    seen = _look(chapter, finder, names, seen)
                found.append((head, seen))
            self._project, self._seen = project, {head.id: seen for head, seen in found}
        return found

    # --- for the model ---

    def extras(self, chapter: Chapter) -> Extras:
        """What may be read beside the text of a chapter: every entry as it applies there, and the author's note."""
        entries = [
            Entry(e.id, e.kind, e.name, e.aliases, as_of(e, chapter.position)) for e in self.entries(chapter.project)
        ]
        return Extras(entries, synopsis=chapter.synopsis, note=self.author_note(chapter.project))


def _look(chapter: Chapter, finder: Finder, names: _Names, before: _Seen | None) -> _Seen:
    capitals = before.capitals if before and before.revision == chapter.revision else Capitals.of(chapter.text)
    spans: dict[str, list[Span]] = {}
    for mention in finder.find(chapter.text):
        spans.setdefault(mention.owner, []).append((mention.start, mention.end))
    return _Seen(chapter.revision, capitals, names, spans)


def as_of(entry: BibleEntry, position: int) -> str:
    """What is known of an entry in the chapter at `position`: its description, and the newest note that applies."""
    applying = [note.text for note in entry.notes if note.position <= position]
    return "\n".join(part for part in (entry.description, *applying[-1:]) if part)

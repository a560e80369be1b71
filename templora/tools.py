"""The verbs of the writer's tools: search, find and replace, comments, words written. Part of the Studio.

Each commits first; then the desk hears of a changed text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from storage.comments import Comment, Comments
from storage.database import Store
from storage.fulltext import Found, FullText
from storage.goals import Goals, Progress, Writing
from storage.manuscripts import Manuscripts
from storage.replacing import ChapterEdits, Replacement, Replacing
from storage.snippets import Snippet, snippet
from templora.find import Query, find

__all__ = ["ChapterPlaces", "Comment", "Found", "Goals", "Place", "Progress", "Query", "Replacement", "Tools"]


@dataclass(frozen=True)
class Place:
    """A hit to be looked at: where it is, `instead`, and its words in what stands around it."""

    start: int
    end: int
    instead: str
    shown: Snippet


@dataclass(frozen=True)
class ChapterPlaces:
    """All hits in revision `revision` of one chapter."""

    chapter: str
    title: str
    revision: int
    places: tuple[Place, ...]


class Tools:
    """`comments`: all there is to do with them. `changed` hears of a book whose text has changed.

    All methods may be called from any thread.
    """

    def __init__(
        self, store: Store, manuscripts: Manuscripts, changed: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self._manuscripts = manuscripts
        self._changed = changed
        self._fulltext = FullText(store)
        self._replacing = Replacing(store, clock)
        self.comments = Comments(store, clock)
        self._writing = Writing(store, clock)

    def forget(self) -> None:
        """The search index holds no word any more that is in no chapter."""
        self._fulltext.scrub()

    # --- search, find and replace ---

    def search(self, project: str, query: str, deleted: bool = False) -> list[Found]:
        """Where the book says it: see `FullText.search`."""
        return self._fulltext.search(project, query, deleted)

    def find(
        self, project: str, query: Query, replacement: str = "", chapter: str | None = None
    ) -> list[ChapterPlaces]:
        """Every place where a book, or one chapter of it, has what is looked for, and what would stand there instead.

        Raises `NotFound`, and `BadInput` for a pattern that is none or takes too long.
        """
        self._manuscripts.project(project)  # raises NotFound
        chapters = {part.id: part for part in self._manuscripts.texts(project) if chapter in (None, part.id)}
        found = find({id: part.text for id, part in chapters.items()}, query, replacement)
        listed: list[ChapterPlaces] = []
        for id, hits in found.items():
            part = chapters[id]
            places = [
                Place(hit.start, hit.end, hit.instead, snippet(part.text, [(hit.start, hit.end)])) for hit in hits
            ]
            listed.append(ChapterPlaces(id, part.title, part.revision, tuple(places)))
        return listed

    def replace(
        self,
        project: str,
        query: Query,
        replacement: str,
        revisions: dict[str, int],
        only: Collection[tuple[str, int]] | None = None,
    ) -> Replacement:
        """Replace what `find` listed in these revisions of chapters, as one step; with `only` the places that it names,
        (chapter, start) each.

        Raises `Conflict` where one of the chapters has moved on; nothing is replaced then. `NotFound`, `BadInput`.
        """
        self._manuscripts.project(project)  # raises NotFound
        concerned = revisions.keys() if only is None else {id for id, _ in only}
        parts = [part for part in self._manuscripts.texts(project) if part.id in concerned]
        # One that has moved on has no place here, whatever it says now: storing sees that, and refuses all.
        found = find(
            {part.id: part.text for part in parts if part.revision == revisions.get(part.id)}, query, replacement
        )
        edits: dict[str, ChapterEdits] = {}
        for id in concerned:
            places = [(hit.start, hit.end, hit.instead) for hit in found.get(id, [])]
            chosen = [place for place in places if only is None or (id, place[0]) in only]
            edits[id] = ChapterEdits(revisions.get(id, 0), chosen)
        done = self._replacing.replace(project, edits)
        self._changed(project)
        return done

    def last_replacement(self, project: str) -> Replacement | None:
        """The one that `undo_replacement` would take back."""
        return self._replacing.latest(project)

    def undo_replacement(self, project: str, id: int) -> list[str]:
        """All chapters are again as they were before it: see `Replacing.undo`. Returns the chapters that changed."""
        back = self._replacing.undo(project, id)
        self._changed(project)
        return back

    # --- words written ---

    def progress(self, project: str) -> Progress:
        """Words written in this session and by day, and the goals."""
        return self._writing.progress(project)

    def set_goals(self, project: str, goals: Goals) -> None:
        self._writing.set_goals(project, goals)

    def language(self, project: str) -> str:
        return self._manuscripts.project(project).language

    def set_language(self, project: str, language: str) -> None:
        """By which the browser checks the spelling of a book; '' leaves it to the browser."""
        self._manuscripts.set_language(project, language)

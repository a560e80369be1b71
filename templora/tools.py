"""The verbs of the writer's tools: search. Part of the Studio."""

from __future__ import annotations

from collections.abc import Callable

from storage.database import Store
from storage.fulltext import Found, FullText
from storage.manuscripts import Manuscripts


class Tools:
    """`changed` hears of a book whose text has changed. All methods may be called from any thread."""

    def __init__(
        self, store: Store, manuscripts: Manuscripts, changed: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self._manuscripts = manuscripts
        self._changed = changed
        self._fulltext = FullText(store)

    def forget(self) -> None:
        """The search index holds no word any more that is in no chapter."""
        self._fulltext.scrub()

    def search(self, project: str, query: str, deleted: bool = False) -> list[Found]:
        """Where the book says it: see `FullText.search`."""
        return self._fulltext.search(project, query, deleted)

"""What a chapter can go back to: its revisions, their names and texts; and who wrote the book as it stands."""

from __future__ import annotations

from storage import authorship, fulltext, purging, revisions, thinning
from storage.authorship import AcceptedTake
from storage.chapters import Chapters, order, project_of
from storage.checks import clean_title
from storage.database import Rows
from storage.records import ProvenanceReport, PurgedHistory, RevisionHead, Run
from storage.revisions import NO_CHAPTER
from templora.errors import NotFound, RevisionDamaged

_HEAD = "chapter, number, kind, name, words, created_at"


class History(Chapters):
    def revisions(self, chapter: str) -> list[RevisionHead]:
        """What the chapter can go back to, the newest last. Raises `NotFound`."""
        with self._store.read() as rows:
            found = _heads(rows, chapter)
        if not found:
            raise NotFound(NO_CHAPTER)
        return found

    def revision_text(self, chapter: str, number: int) -> str:
        """Raises `NotFound` for a revision that never was, or that has been folded into a later one or thinned out."""
        with self._store.read() as rows:
            return revisions.read(rows, chapter, number).text

    def revision(self, chapter: str, number: int) -> tuple[RevisionHead, str]:
        """What is known of a revision, and its text. Raises as `revision_text` does."""
        with self._store.read() as rows:
            text = revisions.read(rows, chapter, number).text
            (head,) = (head for head in _heads(rows, chapter) if head.number == number)
        return head, text

    def runs(self, chapter: str, number: int | None = None) -> list[Run]:
        """Who wrote what in a revision, the newest unless it is named. Raises `NotFound`."""
        with self._store.read() as rows:
            if number is None:
                return list(revisions.newest(rows, chapter).state.runs)
            return list(revisions.read(rows, chapter, number).runs)

    def name_revision(self, chapter: str, number: int, name: str | None) -> None:
        """What the writer calls a revision; None takes the name away. A named one is kept: it is neither folded into a
        later one nor thinned out. Raises `NotFound`, `BadInput`."""
        name = None if name is None else clean_title(name, what="name")
        with self._store.transaction() as sql:
            project_of(sql, chapter)
            if not sql.run("UPDATE revisions SET name = ? WHERE chapter = ? AND number = ?", name, chapter, number):
                raise revisions.missing(number)

    def thin_revisions(self) -> int:
        """Delete the revisions that have had their time (see `storage.thinning`); returns how many.

        A chapter of which one is damaged keeps all of them; `RevisionDamaged` is raised once the others are done.
        """
        now, gone = self._clock(), 0
        damaged: RevisionDamaged | None = None
        for chapter in self._aged(now - thinning.ALL_S):
            try:
                with self._store.transaction() as sql:
                    # Looked at only now: the writer may have named one of them meanwhile.
                    numbers = thinning.outlived(_heads(sql, chapter), now)
                    if numbers:
                        revisions.drop(sql, chapter, numbers)
                gone += len(numbers)
            except RevisionDamaged as error:
                damaged = error
        if damaged is not None:
            raise damaged
        return gone

    def purge_history(self, project: str) -> PurgedHistory:
        """Delete for good what a book was: all revisions but each chapter's newest, deleted chapters, takes that were
        never accepted, the texts of the others, and their traces in the log.

        Raises `NotFound`; `StorageError` where the log could not be emptied: the rows are gone then.
        """
        with self._store.transaction() as sql:
            self.project(project)
            gone = purging.purge_history(sql, project, self._clock())
            fulltext.empty(sql)
        self._store.scrub()
        return gone

    def _aged(self, before: float) -> list[str]:
        """The chapters that have more than one revision from before a time (Unix seconds)."""
        with self._store.read() as rows:
            found = rows.all(
                "SELECT chapter FROM revisions WHERE created_at < ? GROUP BY chapter HAVING count(*) > 1", before
            )
        return [row["chapter"] for row in found]

    def provenance(self, project: str) -> ProvenanceReport:
        """How many words of the book the writer typed, and how many each model gave. Raises `NotFound`."""
        with self._store.read() as rows:
            self.project(project)
            takes = rows.all(
                "SELECT id, model, accepted_words, text FROM takes WHERE project = ? AND accepted_revision NOT NULL",
                project,
            )
            states = [revisions.newest(rows, chapter).state for chapter in order(rows, project)]
        return authorship.report(
            [(state.text, state.runs) for state in states],
            {
                row["id"]: AcceptedTake(row["model"], row["accepted_words"], len(row["text"].split()) or None)
                for row in takes
            },
        )


def _heads(rows: Rows, chapter: str) -> list[RevisionHead]:
    """The newest last; empty for an unknown chapter."""
    found = rows.all(f"SELECT {_HEAD} FROM revisions WHERE chapter = ? ORDER BY number", chapter)
    return [RevisionHead(**row) for row in found]

"""What the model wrote: stored while it streams, kept when it is rejected, part of the book only when accepted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from storage import revisions
from storage.authorship import words_within
from storage.checks import new_id
from storage.database import Sql
from storage.projects import Projects, live_project
from storage.records import Accepted, Span, Take, TakeKind
from templora.errors import BadInput, Conflict, NotFound

_TAKE = """SELECT id, project, chapter, kind, revision, start, "end", text, instruction, model, memory, sampling,
    tokens, finish_reason, created_at, accepted_revision, accepted_words, verb, beat,
    copied_words FROM takes"""
_LIVE = "SELECT 1 FROM chapters WHERE id = ? AND project = ? AND deleted_at IS NULL"


class Takes(Projects):
    def start_takes(
        self,
        count: int,
        project: str,
        chapter: str,
        kind: TakeKind,
        revision: int,
        start: int,
        end: int,
        instruction: str | None,
        model: str,
        memory: str | None,
        sampling: str,
        verb: str | None = None,
        beat: str | None = None,
    ) -> list[Take]:
        """Store empty takes for `[start, end)` (code points) of a revision, which is not folded from then on.

        Raises `NotFound` where project or chapter is unknown or deleted, `Conflict` where the revision has been folded
        into a later one, `BadInput` where the span lies outside its text.
        """
        take = Take(
            id="",
            project=project,
            chapter=chapter,
            kind=kind,
            revision=revision,
            start=start,
            end=end,
            text="",
            instruction=instruction,
            model=model,
            memory=memory,
            sampling=sampling,
            tokens=0,
            finish_reason=None,
            created_at=self._clock(),
            verb=verb,
            beat=beat,
        )
        takes = [replace(take, id=new_id()) for _ in range(count)]
        with self._store.transaction() as sql:
            live_project(sql, project)
            if sql.first(_LIVE, chapter, project) is None:
                raise NotFound(revisions.NO_CHAPTER)
            length = revisions.length(sql, chapter, revision)
            if length is None:
                current = revisions.newest(sql, chapter)
                raise Conflict(
                    "The text has changed while this take was asked for. Ask for it again.",
                    current.number,
                    current.state.text,
                )
            if not 0 <= start <= end <= length:
                raise BadInput(f"The passage {start} to {end} lies outside the chapter.")
            for row in takes:
                sql.insert("takes", vars(row))
        return takes

    def extend_take(self, id: str, text: str, tokens: int) -> None:
        """`text`: all of the take until now. Raises `NotFound`."""
        self._write(id, text=text, tokens=tokens)

    def finish_take(self, id: str, text: str, tokens: int, reason: str, copied: int | None = None) -> None:
        """The take is complete. `reason`: why it ended; `copied`: see `Take.copied_words`. Raises `NotFound`."""
        self._write(id, text=text, tokens=tokens, finish_reason=reason, copied_words=copied)

    def set_take_memory(self, id: str, memory: str | None) -> None:
        """Record with which memory the take is written after all (its chain). Raises `NotFound`."""
        self._write(id, memory=memory)

    def take(self, id: str) -> Take:
        """Raises `NotFound`, for a deleted take too."""
        with self._store.read() as rows:
            row = rows.first(f"{_TAKE} WHERE id = ? AND deleted_at IS NULL", id)
        if row is None:
            raise NotFound("There is no such take; it may have been deleted.")
        return Take(**row)

    def takes(self, chapter: str) -> list[Take]:
        """The takes of a chapter, newest last. Empty for an unknown chapter."""
        with self._store.read() as rows:
            found = rows.all(f"{_TAKE} WHERE chapter = ? AND deleted_at IS NULL ORDER BY created_at, rowid", chapter)
        return [Take(**row) for row in found]

    def delete_take(self, id: str) -> None:
        """Hide a take; what was accepted of it stays in the text. Deleting it again changes nothing."""
        self._write(id, deleted_at=self._clock())

    def settle_takes(self) -> None:
        """At the start: what a crash left of a take is kept, but a take without a word is not. None is written now."""
        with self._store.transaction() as sql:
            empty = "finish_reason IS NULL AND trim(text) = '' AND deleted_at IS NULL"
            sql.run(f"UPDATE takes SET deleted_at = ? WHERE {empty}", self._clock())
            sql.run("UPDATE takes SET finish_reason = 'error' WHERE finish_reason IS NULL")

    def _write(self, id: str, **values: object) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        with self._store.transaction() as sql:
            if not sql.run(f"UPDATE takes SET {columns} WHERE id = ?", *values.values(), id):
                raise NotFound("There is no such take; it may have been deleted.")


def paragraph_breaks(text: str, at: int) -> tuple[str, str]:
    """What parts a paragraph that is put on the blank line at `at` from the text before and after it."""
    before, after = text[:at], text[at:]
    above = before[len(before.rstrip()) :].count("\n")
    below = after[: len(after) - len(after.lstrip())].count("\n")
    if not above or not below:  # no line of its own
        return "", ""
    return "\n" * max(0, 2 - above), "\n" * max(0, 2 - below)


def mark_accepted(sql: Sql, project: str, spans: Iterable[Accepted], text: str, revision: int) -> None:
    """`spans` of `text` were taken over into a revision of a chapter of the project.

    The chapter may not be the one that a take was written for, which may have been split or merged since. A take that
    has been purged meanwhile is passed over: nothing may keep a text from being saved.
    """
    for span in spans:
        sql.run(
            """UPDATE takes SET accepted_revision = ?, accepted_words = coalesce(accepted_words, 0) + ?
               WHERE id = ? AND project = ?""",
            revision,
            words_within(text, span.start, span.start + span.length),
            span.take,
            project,
        )


def move_takes(sql: Sql, chapter: str, into: str, revision: int, moved: int, by: int, within: Span) -> None:
    """All takes of a chapter go to another one, whose revision `moved` holds the text of `revision`, `by` code points
    further on and `within` a stretch. Those that were written for an older text keep no place."""
    low, high = within
    sql.run(
        """UPDATE takes SET chapter = ?, revision = CASE revision WHEN ? THEN ? ELSE 0 END,
               start = max(?, min(start + ?, ?)), "end" = max(?, min("end" + ?, ?)),
               accepted_revision = iif(accepted_revision IS NULL, NULL, ?)
           WHERE chapter = ?""",
        *(into, revision, moved),
        *(low, by, high),
        *(low, by, high),
        moved,
        chapter,
    )

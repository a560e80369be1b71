"""The manuscript. `Manuscripts` is the one way to the text; books, chapters, history and takes included.

A chapter's text is that of its newest revision; nothing else stores it. Saving is compare-and-set.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress

from storage import exclusions, followers, provenance, revisions
from storage.bible_rows import move_notes
from storage.chapters import order, project_of
from storage.checks import SYNOPSIS_LENGTH, clean_spans, clean_text, clean_title, passage
from storage.database import Rows, Sql
from storage.history import History
from storage.projects import touch_project
from storage.provenance import Match
from storage.records import Accepted, Chapter, RevisionKind, Run, Span
from storage.revisions import Revision, State
from storage.takes import mark_accepted, move_takes, paragraph_breaks
from templora.errors import BadInput, Conflict, NotFound, StorageError

FOLD_S = 300.0
"""Autosaves within this long of the first one fold into one revision."""
FOLD_LOSES = 200
"""Code points. An autosave that takes away more than this does not fold: it may be a mistake to be gone back on."""
BLANK_LINE = "\n\n"


class Manuscripts(History):
    """Projects, chapters, revisions and takes of one data folder. All methods may be called from any thread."""

    def save(
        self,
        chapter_id: str,
        base_revision: int,
        text: str,
        accepted: Sequence[Accepted] = (),
        kind: RevisionKind = "typed",
        anchors: Mapping[str, Span] | None = None,
    ) -> int:
        """Store a text that was made from revision `base_revision`; returns its revision number.

        `accepted`: what of it was taken over from takes, in code points of `text`; the kind is then "accepted".
        `anchors`: where comments stand in it, by their ids, as far as the editor knows better than a comparison. A text
        that is stored already keeps its number, so a save may be sent again. Raises `Conflict` with the current text
        where the chapter has moved on, `NotFound`, and `BadInput` for spans that do not fit or text that is none.
        """
        accepted, text = clean_spans(text, accepted), clean_text(text)
        with self._disputed(chapter_id), self._store.transaction() as sql:
            project = project_of(sql, chapter_id)
            last = revisions.newest(sql, chapter_id)
            if base_revision != last.number:
                if text != last.state.text:
                    raise _conflict(last)
                return last.number
            return self._save(sql, project, last, text, accepted, kind, anchors)

    def accept_take(self, id: str, base_revision: int, length: int | None = None) -> Chapter:
        """Put a take (its first `length` code points) where it was written for, as one revision.

        Raises `Conflict` where `base_revision` is behind, `BadInput` where the text around the take is no longer there.
        """
        with self._store.transaction() as sql:
            take = self.take(id)
            project = project_of(sql, take.chapter)
            last = revisions.newest(sql, take.chapter)
            if base_revision != last.number:
                raise _conflict(last)
            text = last.state.text
            try:
                was = revisions.read(sql, take.chapter, take.revision).text
            except NotFound:  # thinned out: nothing tells where in the present text the take belongs
                was = None
            if was is None or was[: take.end] != text[: take.end]:
                raise BadInput("The text before this take has changed since it was written. Insert it by hand instead.")
            if length is not None and not 0 < length <= len(take.text):
                raise BadInput(f"length must be 1 to {len(take.text)}.")
            part = take.text[:length]
            lead, tail = (
                paragraph_breaks(text, take.start) if take.kind == "fill" and take.start == take.end else ("", "")
            )
            text = text[: take.start] + lead + part + tail + text[take.end :]
            accepted = clean_spans(text, [Accepted(id, take.start + len(lead), len(part))])
            self._save(sql, project, last, clean_text(text), accepted, "accepted")
            return self.chapter(take.chapter)

    def _save(
        self,
        sql: Sql,
        project: str,
        last: Revision,
        text: str,
        accepted: Sequence[Accepted],
        kind: RevisionKind,
        anchors: Mapping[str, Span] | None = None,
    ) -> int:
        kept = provenance.kept(last.state.text, text, accepted)
        state = State(
            text,
            provenance.carry(last.state.runs, kept, len(text), accepted),
            exclusions.carry(last.state.excluded, kept, len(last.state.text), len(text)),
        )
        if text == last.state.text and state.runs == last.state.runs:
            return last.number
        number = self._store_state(sql, project, last, "accepted" if accepted else kind, state, kept)
        followers.edited(sql, project, last, text, kept, number, self._clock(), anchors)
        mark_accepted(sql, project, accepted, text, number)
        return number

    @contextmanager
    def _disputed(self, chapter_id: str) -> Generator[None]:
        """Where two pages disagree, the version that is stored is kept: the save that ends it does not fold."""
        try:
            yield
        except Conflict as conflict:
            with suppress(StorageError), self._store.transaction() as sql:
                revisions.close(sql, chapter_id, conflict.revision)
            raise

    def restore_revision(self, chapter_id: str, base_revision: int, number: int) -> Chapter:
        """Go back to what revision `number` said, as a new revision: what was there until now can be gone back to.

        Each word is again whose it was then. What was left out of the memory then is so again, unless it stands in the
        present text too: there the present counts. Raises `Conflict` where `base_revision` is behind, `NotFound`.
        """
        with self._store.transaction() as sql:
            project = project_of(sql, chapter_id)
            last = revisions.newest(sql, chapter_id)
            old = revisions.read(sql, chapter_id, number)
            if base_revision != last.number and old.text != last.state.text:
                raise _conflict(last)
            if (old.text, old.runs) != (last.state.text, last.state.runs):
                state, kept = restored(last.state, old)
                number = self._store_state(sql, project, last, "restored", state, kept)
                followers.rewritten(sql, project, last, state.text, kept, number, self._clock())
            return self.chapter(chapter_id)

    def exclude(self, chapter_id: str, base_revision: int, start: int, end: int, excluded: bool) -> Chapter:
        """Leave a passage `[start, end)` (code points) out of the memory, or let its paragraphs be learnt again.

        That is no change of the text, so the revision keeps its number. Raises `Conflict` where `base_revision` is
        behind, `NotFound`, `BadInput` for a passage without text.
        """
        with self._store.transaction() as sql:
            project_of(sql, chapter_id)
            last = revisions.newest(sql, chapter_id)
            if base_revision != last.number:
                raise _conflict(last)
            span = passage(last.state.text, (start, end), "Select a passage with text first.")
            if excluded:
                spans = exclusions.joined([*last.state.excluded, span])
            else:
                # The memory leaves out whole paragraphs, so what is let in again is whole paragraphs too.
                paragraphs = exclusions.whole_paragraphs(last.state.text, span)
                spans = exclusions.without(last.state.excluded, [paragraphs])
            revisions.set_excluded(sql, last, spans)
            return self.chapter(chapter_id)

    def split_chapter(self, chapter_id: str, base_revision: int, at: int, title: str) -> Chapter:
        """Make the text from `at` (code points) on a chapter of its own, after this one; returns the new one.

        The space around `at` is dropped; inside a word it is split before that word. Both parts keep their authors and
        what is left out of them. Raises `Conflict`, `NotFound`, `BadInput` where one part would have no text.
        """
        title = clean_title(title)
        with self._store.transaction() as sql:
            project = project_of(sql, chapter_id)
            last = revisions.newest(sql, chapter_id)
            if base_revision != last.number:
                raise _conflict(last)
            chapter, state = self.chapter(chapter_id), last.state
            end, start = _seam(state.text, at)
            number = revisions.push(sql, last, "typed", _cut(state, 0, end), [(0, 0, end)], self._clock())
            rest = _cut(state, start, len(state.text))
            place = chapter.position + 1
            into = self._insert_chapter(sql, project, title, place, "typed", rest, chapter.learned)
            followers.split(sql, last, into, end, start, number)
            return self.chapter(into)

    def merge_chapter(self, chapter_id: str, base_revision: int) -> Chapter:
        """Take in the text, the takes and the synopsis of the chapter after this one; that one is deleted.

        Authors stay, and what is left out of either: where only one of them is learnt, the other becomes a passage that
        is left out. Raises `Conflict`, `NotFound`, `BadInput` for the last chapter.
        """
        with self._store.transaction() as sql:
            project = project_of(sql, chapter_id)
            last = revisions.newest(sql, chapter_id)
            if base_revision != last.number:
                raise _conflict(last)
            chapter = self.chapter(chapter_id)
            following = order(sql, project)[chapter.position + 1 :]
            if not following:
                raise BadInput("There is no chapter after this one to merge it with.")
            other = self.chapter(following[0])
            learned = chapter.learned or other.learned
            theirs = revisions.newest(sql, other.id)
            parts = [
                _stripped(last.state, chapter.learned or not learned),
                _stripped(theirs.state, other.learned or not learned),
            ]
            merged = _joined([part for part in parts if part.text])
            kept = revisions.ends(last.state.text, merged.text)
            now = self._clock()
            number = revisions.push(sql, last, "typed", merged, kept, now)
            length = len(merged.text)
            by = length - len(other.text.rstrip())
            followers.merged(sql, last, theirs, merged.text, kept, by, number, now)
            within = (length - len(parts[1].text), length)
            move_takes(sql, other.id, chapter_id, other.revision, number, by, within)
            self.set_learned(chapter_id, learned)
            both = "\n".join(filter(None, (chapter.synopsis, other.synopsis)))
            self.set_synopsis(chapter_id, both[:SYNOPSIS_LENGTH])
            move_notes(sql, other.id, chapter_id)
            self.delete_chapter(other.id)
            return self.chapter(chapter_id)

    def _store_state(
        self, sql: Sql, project: str, last: Revision, kind: RevisionKind, state: State, kept: Sequence[Match]
    ) -> int:
        """`kept`: what the new text has of the last one."""
        now = self._clock()
        if kind == "typed" and _folds(sql, last, state.text, now):
            number = revisions.fold(sql, last, state, kept, now)
        else:
            number = revisions.push(sql, last, kind, state, kept, now)
        touch_project(sql, project, now)
        return number


def restored(present: State, old: State) -> tuple[State, list[Match]]:
    """What brings an older state back, and what it has of the present text."""
    kept = provenance.kept(present.text, old.text)
    carried = exclusions.carry(present.excluded, kept, len(present.text), len(old.text))
    back = exclusions.without(old.excluded, [(start, start + length) for _, start, length in kept])
    return State(old.text, old.runs, exclusions.joined([*carried, *back])), kept


def _conflict(last: Revision) -> Conflict:
    return Conflict(
        "This chapter has been changed in another place since this page read it. Both versions are kept: "
        "compare them and choose.",
        last.number,
        last.state.text,
    )


def _seam(text: str, at: int) -> Span:
    """Where a text is split: the end of the first part and the start of the second, with nothing but space between."""
    if not 0 <= at <= len(text):
        raise BadInput(f"The place to split at ({at}) lies outside the chapter.")
    if text[at : at + 1].strip():
        while at and not text[at - 1].isspace():
            at -= 1
    before, after = text[:at].rstrip(), text[at:].lstrip()
    if not before or not after:
        raise BadInput("There is no text on one side of this place. Put the cursor between two paragraphs to split.")
    return len(before), len(text) - len(after)


def _cut(state: State, start: int, end: int) -> State:
    runs = provenance.cut(state.runs, start, end)
    return State(state.text[start:end], runs, exclusions.cut(state.excluded, start, end))


def _stripped(state: State, learned: bool) -> State:
    """A text without the space at its ends; left out of the memory as a whole where it is not `learned`."""
    length = len(state.text.rstrip())
    part = _cut(state, length - len(state.text[:length].lstrip()), length)
    return part if learned else State(part.text, part.runs, exclusions.joined([(0, len(part.text))]))


def _joined(parts: Sequence[State]) -> State:
    """Texts with a blank line between them."""
    text, runs, excluded = "", list[Run](), list[Span]()
    for part in parts:
        between = BLANK_LINE if text else ""
        text += between
        excluded += exclusions.shift(part.excluded, len(text))
        runs = provenance.concat(runs, [Run(len(between), None)], part.runs)
        text += part.text
    return State(text, runs, tuple(excluded))


def _folds(rows: Rows, last: Revision, text: str, now: float) -> bool:
    """May an autosave take the place of the last revision? Not where a take was asked for it, or much would be lost."""
    if last.kind != "typed" or last.name is not None or not 0 <= now - last.began_at <= FOLD_S:
        return False
    head, tail = provenance.common_ends(last.state.text, text)
    if len(last.state.text) - head - tail > FOLD_LOSES:
        return False
    asked = "SELECT 1 FROM takes WHERE chapter = ? AND revision = ? LIMIT 1"
    return rows.first(asked, last.chapter, last.number) is None

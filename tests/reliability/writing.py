"""What a writer can do to the text of a book, as rules of a state machine: against a plain model of the book."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from storage.records import Take
from templora.engine import ModelInfo
from templora.errors import BadInput
from tests.reliability import checks
from tests.reliability.bench import Bench
from tests.reliability.book_model import BookModel, ChapterModel
from tests.studio_desk import prose

some = st.integers(0, 1_000)
"""Which of what there is."""
paragraphs = st.builds(prose, st.integers(1, 6), st.sampled_from("wvz"))
snippets = st.one_of(
    st.text(alphabet="ab é漢😀*\n", min_size=1, max_size=30),
    st.integers(0, 499).map(lambda number: f" w{number}"),
)


@dataclass(frozen=True)
class TakeRow:
    id: str
    revision: int


class Writing(RuleBasedStateMachine):
    """One book; `model` is what must be true of it."""

    info: ModelInfo
    root: Path

    def __init__(self) -> None:
        super().__init__()
        self.folders = Path(tempfile.mkdtemp(dir=self.root))
        self.bench = Bench(self.folders / "0", self.info)
        self.bench.open()
        self.model = BookModel()
        self.project = ""
        self.crashes = self.titles = 0
        self.damaged: set[str] = set()
        self.forgotten = False
        self.backups: dict[str, list[tuple[str, str]]] = {}

    def teardown(self) -> None:
        self.bench.close()
        shutil.rmtree(self.folders)

    @property
    def now(self) -> float:
        return self.bench.clock.now

    def new_title(self) -> str:
        self.titles += 1
        return f"Chapter {self.titles}"

    def chapter(self, which: int) -> tuple[str, ChapterModel]:
        id = self.model.order[which % len(self.model.order)]
        return id, self.model.chapters[id]

    # --- the text ---

    @initialize(first=paragraphs, second=paragraphs)
    def begins(self, first: str, second: str) -> None:
        self.project = self.bench.studio.create_project("A book").id
        self.adds(first)
        self.adds(second)

    @rule(text=paragraphs)
    def adds(self, text: str) -> None:
        title = self.new_title()
        chapter = self.bench.studio.add_chapter(self.project, title, text)
        self.model.add(chapter.id, title, text, self.now)

    @precondition(lambda self: self.model.order)
    @rule(which=some, text=snippets)
    def types(self, which: int, text: str) -> None:
        id, chapter = self.chapter(which)
        self.saves(id, chapter, chapter.text + text)

    @precondition(lambda self: self.model.order)
    @rule(which=some, place=some, length=st.integers(0, 400), text=snippets)
    def edits(self, which: int, place: int, length: int, text: str) -> None:
        id, chapter = self.chapter(which)
        at = place % (len(chapter.text) + 1)
        self.saves(id, chapter, chapter.text[:at] + text + chapter.text[at + length :])

    def saves(self, id: str, chapter: ChapterModel, text: str) -> None:
        number = self.bench.studio.save(id, chapter.last.number, text)
        chapter.type(text, self.now)
        assert number == chapter.last.number

    @precondition(lambda self: len(self.model.order) > 1)
    @rule(which=some)
    def deletes(self, which: int) -> None:
        id, _ = self.chapter(which)
        self.bench.studio.delete_chapter(id)
        self.model.delete(id)

    @precondition(lambda self: self.model.deleted)
    @rule(which=some)
    def puts_back(self, which: int) -> None:
        id = self.model.deleted[which % len(self.model.deleted)]
        self.bench.studio.restore_chapter(id)
        self.model.restore(id)

    @precondition(lambda self: len(self.model.order) > 1)
    @rule(which=some, place=some)
    def moves(self, which: int, place: int) -> None:
        id, _ = self.chapter(which)
        position = place % len(self.model.order)
        self.bench.studio.change_chapter(id, position=position)
        self.model.move(id, position)

    @precondition(lambda self: self.model.order)
    @rule(which=some, place=some)
    def splits(self, which: int, place: int) -> None:
        id, chapter = self.chapter(which)
        gaps = [at for at, letter in enumerate(chapter.text) if letter.isspace()]
        if not gaps:
            return
        at = gaps[place % len(gaps)]
        first, second = chapter.text[:at].rstrip(), chapter.text[at:].lstrip()
        title = self.new_title()
        if not first or not second:
            with pytest.raises(BadInput):
                self.bench.studio.split_chapter(id, chapter.last.number, at, title)
            return
        added = self.bench.studio.split_chapter(id, chapter.last.number, at, title)
        chapter.push("typed", first, self.now)
        self.model.add(added.id, title, second, self.now, self.model.order.index(id) + 1)
        self.model.chapters[added.id].whole = chapter.whole

    @precondition(lambda self: len(self.model.order) > 1)
    @rule(which=some)
    def merges(self, which: int) -> None:
        place = which % (len(self.model.order) - 1)
        (id, chapter), (other_id, other) = self.chapter(place), self.chapter(place + 1)
        self.bench.studio.merge_chapter(id, chapter.last.number)
        chapter.push("typed", "\n\n".join(filter(None, [chapter.text.strip(), other.text.strip()])), self.now)
        # Its takes come along, those for the newest text with their places in it.
        chapter.last.asked = any(take.revision == chapter.last.number for take in self.all_takes(id))
        assert not self.all_takes(other_id)
        other.last.asked = False
        chapter.whole = chapter.whole and other.whole
        self.model.delete(other_id)

    # --- history ---

    @precondition(lambda self: self.model.order)
    @rule(which=some, version=some)
    def goes_back(self, which: int, version: int) -> None:
        id, chapter = self.chapter(which)
        old = chapter.revisions[version % len(chapter.revisions)]
        now = self.bench.studio.restore_revision(id, chapter.last.number, old.number)
        if old.text != chapter.text or now.revision != chapter.last.number:  # who wrote it may differ
            chapter.push("restored", old.text, self.now)

    @precondition(lambda self: self.model.order)
    @rule(which=some, version=some, name=st.sampled_from(["First draft", None]))
    def names(self, which: int, version: int, name: str | None) -> None:
        id, chapter = self.chapter(which)
        revision = chapter.revisions[version % len(chapter.revisions)]
        self.bench.studio.name_revision(id, revision.number, name)
        revision.name = name

    @rule(backups=st.booleans())
    def purges(self, backups: bool) -> None:
        self.bench.studio.purge_history(self.project, backups)
        for id in self.model.deleted:
            del self.model.chapters[id]
        for id, chapter in self.model.chapters.items():
            del chapter.revisions[:-1]
            # Accepted takes stay, without their words; one may have come here from a chapter that is gone.
            chapter.last.asked = any(take.revision == chapter.last.number for take in self.all_takes(id))
        if backups:
            (left,) = self.bench.studio.backups()
            self.backups = {left.name: self.model.texts()}

    # --- takes ---

    @precondition(lambda self: self.model.order)
    @rule(which=some, reply=snippets)
    def asks(self, which: int, reply: str) -> None:
        id, chapter = self.chapter(which)
        self.bench.take(id, f"take {reply}")
        chapter.last.asked = True

    @precondition(lambda self: self.model.order)
    @rule(which=some, take=some, part=some)
    def accepts(self, which: int, take: int, part: int) -> None:
        id, chapter = self.chapter(which)
        takes = [take for take in self.bench.studio.takes(id) if take.text]
        if not takes:
            return
        accepted: Take = takes[take % len(takes)]
        length = part % len(accepted.text) + 1
        # Only a purge takes a revision away that a take was written for.
        written_for = {revision.number: revision.text for revision in chapter.revisions}.get(accepted.revision)
        if written_for is None or written_for[: accepted.end] != chapter.text[: accepted.end]:
            with pytest.raises(BadInput):
                self.bench.studio.accept_take(accepted.id, chapter.last.number, length)
            return
        self.bench.studio.accept_take(accepted.id, chapter.last.number, length)
        text = chapter.text
        chapter.push("accepted", text[: accepted.start] + accepted.text[:length] + text[accepted.end :], self.now)

    # --- what must always be true ---

    @invariant()
    def the_text_is_as_it_was_acknowledged(self) -> None:
        if not self.project:
            return
        studio = self.bench.studio
        assert self.texts(self.project) == self.model.texts()
        assert [head.id for head in studio.peek(self.project)[1]] == self.model.order
        assert {head.id for head in studio.deleted_chapters(self.project)} == {*self.model.deleted}
        for id, chapter in self.model.chapters.items():
            assert checks.history(studio, id) == chapter.history()
            assert [head.name for head in studio.revisions(id)] == [revision.name for revision in chapter.revisions]
        checks.chapters_are_in_order(studio)

    # --- looking ---

    def texts(self, project: str) -> list[tuple[str, str]]:
        studio = self.bench.studio
        return [(head.title, studio.chapter(head.id).text) for head in studio.peek(project)[1]]

    def all_takes(self, chapter: str) -> list[TakeRow]:
        """The hidden ones too."""
        with self.bench.studio._store.read() as rows:  # pyright: ignore[reportPrivateUsage]
            return [TakeRow(**row) for row in rows.all("SELECT id, revision FROM takes WHERE chapter = ?", chapter)]

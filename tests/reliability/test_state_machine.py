"""Everything that a writer, a machine and bad luck can do to a book, in any order, against a plain model of it."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from storage.records import Snapshot, Take
from templora.engine import ModelInfo
from templora.errors import BadInput, SnapshotDamaged
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


class Desk(RuleBasedStateMachine):
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

    # --- the memory ---

    @rule(seconds=st.sampled_from([1, 130, 400, 700, 4_000]))
    def time_passes(self, seconds: int) -> None:
        self.bench.clock.pass_(seconds)

    @rule(steps=st.integers(1, 6))
    def learns_a_little(self, steps: int) -> None:
        for _ in range(steps):
            self.bench.step()

    @precondition(lambda self: self.model.order)
    @rule(which=some, place=some, text=snippets, steps=st.integers(1, 4))
    def edits_a_learnt_book_and_leaves_it(self, which: int, place: int, text: str, steps: int) -> None:
        """Often enough for a rebuild to be caught up with by the next edit."""
        self.edits(which, place, 5, text)
        self.bench.clock.pass_(700)
        self.learns_a_little(steps)

    @rule()
    def asks_to_learn(self) -> None:
        self.bench.studio.memory_do(self.project, "learn")

    @rule()
    def learns_all(self) -> None:
        # The first memory that is asked for may turn out to be lost: it is learnt again then.
        self.bench.resident(self.project)
        assert self.bench.knows_the_book(self.project)
        held = [self.bench.engine.decoder.text(ids) for ids in self.bench.resident(self.project)]
        if all(self.model.chapters[id].whole for id in self.model.order):
            texts = [text.rstrip() for _, text in self.model.texts()]
            assert "".join(held) == "".join(f"\n\n{text}" for text in texts if text)
        report = self.bench.studio.memory(self.project)
        assert report.state in ("current", "empty") and (report.pending_chunks, report.stale_chunks) == (0, 0)

    @rule()
    def pauses(self) -> None:
        self.bench.studio.memory_do(self.project, "pause")
        before = self.bench.engine.memories.copy()
        self.bench.work()
        assert self.bench.engine.memories == before

    @rule()
    def resumes(self) -> None:
        if self.bench.studio.project(self.project)[0].finished_at is None:
            self.bench.studio.memory_do(self.project, "resume")

    @precondition(lambda self: self.model.order)
    @rule(which=some, start=some, end=some, yes=st.booleans())
    def leaves_out(self, which: int, start: int, end: int, yes: bool) -> None:
        id, chapter = self.chapter(which)
        length = len(chapter.text) + 1
        span = sorted((start % length, end % length))
        if chapter.text[span[0] : span[1]].strip():
            self.bench.studio.exclude(id, chapter.last.number, span[0], span[1], yes)
            chapter.whole = chapter.whole and not yes

    @precondition(lambda self: self.model.order)
    @rule(which=some, yes=st.booleans())
    def leaves_a_chapter_out(self, which: int, yes: bool) -> None:
        id, chapter = self.chapter(which)
        self.bench.studio.set_learned(id, yes)
        chapter.whole = False

    @rule()
    def discards(self) -> None:
        self.bench.studio.discard_memory(self.project)
        self.nothing_is_left()

    def nothing_is_left(self) -> None:
        assert not any(self.bench.engine.memories.values()), "one that has learnt nothing may stay"
        assert self.snapshots() == [] and self.parents() == {}
        folder = self.bench.data / "projects" / self.project
        assert checks.files(folder / "objects") | checks.files(folder / "staging") == set()
        self.bench.work()
        assert not any(self.bench.engine.memories.values()), "nothing is learnt until the writer asks"

    @rule()
    def forgets(self) -> None:
        self.bench.studio.forget(self.project)
        # A memory whose chapters were only moved has seen no text but what is in the book: it stays.
        planned = self.bench.planned(self.project)
        for held in self.bench.engine.memories.values():
            assert all(chunk in planned for chunk in held)
        for snapshot in self.snapshots():
            assert snapshot.sha256 in self.damaged or all(chunk in planned for chunk in self.learnt(snapshot))
        plan = self.bench.studio._books.plan(self.project)  # pyright: ignore[reportPrivateUsage]
        assert plan is not None
        assert {digest for _, digest in self.parents().values()} <= plan.places.keys()

    @rule(room=st.sampled_from([0, 5_000, 4 * 1024**3]))
    def gives_room(self, room: int) -> None:
        self.bench.studio.set_disk_bytes(self.project, room)
        snapshots = self.snapshots()
        assert len(snapshots) <= 1 or sum({s.sha256: s.bytes for s in snapshots}.values()) <= room

    # --- books in and out ---

    @rule()
    def takes_a_draft(self) -> None:
        before = self.bench.engine.memories.copy()
        draft = self.bench.studio.copy(self.project, "markdown").data.decode()
        assert all(title in draft for title, _ in self.model.texts())
        assert self.bench.engine.memories == before

    @rule()
    def finishes(self) -> None:
        path = self.bench.studio.finish(self.project, "text").path
        assert path.read_bytes()
        self.nothing_is_left()
        with pytest.raises(BadInput):
            self.bench.studio.memory_do(self.project, "resume")

    @precondition(lambda self: len(self.backups) < 3)
    @rule()
    def backs_up(self) -> None:
        self.backups[self.bench.studio.back_up().name] = self.model.texts()

    @precondition(lambda self: self.backups)
    @rule(which=some)
    def looks_into_a_backup(self, which: int) -> None:
        name = sorted(self.backups)[which % len(self.backups)]
        restored = self.bench.studio.restore_book(name, self.project).id
        assert self.texts(restored) == self.backups[name]
        self.bench.studio.delete_project(restored)

    # --- bad luck ---

    @rule()
    def is_killed(self) -> None:
        """The folder is copied as it lies on the disk: that is all that a kill leaves."""
        self.crashes += 1
        old, new = self.bench, Bench(self.folders / str(self.crashes), self.info)
        shutil.copytree(old.data, new.data)
        new.clock.now = old.clock.now
        new.open()
        old.close()
        assert not old.engine.wrong
        shutil.rmtree(old.folder)
        self.bench = new
        self.bench.studio.project(self.project)

    @rule()
    def closes_and_opens(self) -> None:
        self.bench.close()
        self.bench.engine.restart()
        self.bench.open()
        self.bench.studio.project(self.project)

    @rule()
    def loses_the_model_process(self) -> None:
        self.bench.engine.restart()

    @precondition(lambda self: self.snapshots())
    @rule(which=some, missing=st.booleans())
    def loses_a_snapshot(self, which: int, missing: bool) -> None:
        snapshots = self.snapshots()
        snapshot = snapshots[which % len(snapshots)]
        path = self.bench.data / "projects" / self.project / "objects" / f"{snapshot.sha256}.safetensors"
        self.damaged.add(snapshot.sha256)
        if missing:
            path.unlink(missing_ok=True)
        elif path.exists():
            data = bytearray(path.read_bytes())
            data[-1] ^= 1
            path.write_bytes(data)

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

    @invariant()
    def no_memory_claims_what_it_has_not_learnt(self) -> None:
        engine = self.bench.engine
        assert not engine.wrong
        for name, held in engine.memories.items():
            assert engine.decoder.chain(held) == name
            assert name in self.tips() or not held, "a memory that nobody goes on with"
        for snapshot in self.snapshots():
            if snapshot.sha256 not in self.damaged:
                held = self.learnt(snapshot)
                assert (engine.decoder.chain(held), len(held)) == (snapshot.chain, snapshot.n_chunks)
            chain = snapshot.chain
            for _ in range(snapshot.n_chunks):
                chain = self.parents()[chain][0]
            assert chain == engine.decoder.origin

    # --- looking ---

    def texts(self, project: str) -> list[tuple[str, str]]:
        studio = self.bench.studio
        return [(head.title, studio.chapter(head.id).text) for head in studio.peek(project)[1]]

    def all_takes(self, chapter: str) -> list[TakeRow]:
        """The hidden ones too."""
        with self.bench.studio._store.read() as rows:  # pyright: ignore[reportPrivateUsage]
            return [TakeRow(**row) for row in rows.all("SELECT id, revision FROM takes WHERE chapter = ?", chapter)]

    def snapshots(self) -> list[Snapshot]:
        return self.bench.studio._snapshots.all(self.project)  # pyright: ignore[reportPrivateUsage]

    def parents(self) -> dict[str, tuple[str, str]]:
        return self.bench.studio._snapshots.parents(self.project)  # pyright: ignore[reportPrivateUsage]

    def tips(self) -> set[str]:
        state = self.bench.studio._learning.memory(self.project)  # pyright: ignore[reportPrivateUsage]
        return {lineage[-1].chain for lineage in (state.serving, state.building) if lineage}

    def chain(self) -> tuple[str, ...]:
        plan = self.bench.studio._books.plan(self.project)  # pyright: ignore[reportPrivateUsage]
        assert plan is not None
        return plan.chain

    def learnt(self, snapshot: Snapshot) -> list[list[int]]:
        try:
            path = self.bench.studio._snapshots.path(snapshot)  # pyright: ignore[reportPrivateUsage]
        except SnapshotDamaged:
            assert snapshot.sha256 in self.damaged
            raise
        return json.loads(path.read_bytes())


def run(info: ModelInfo, root: Path, examples: int, steps: int, derandomize: bool) -> int:
    """Raises what went wrong in a life; the number of lives that were lived to their end."""
    lived = 0

    def teardown(desk: Desk) -> None:
        nonlocal lived
        Desk.teardown(desk)
        lived += 1

    machine = type("Desk", (Desk,), {"info": info, "root": root, "teardown": teardown})
    checks_off = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=derandomize,
        database=None,
        suppress_health_check=checks_off,
        print_blob=True,
    )
    run_state_machine_as_test(machine, settings=profile)
    return lived


def test_twenty_lives_of_a_book(info: ModelInfo, folder: Path) -> None:
    assert run(info, folder, examples=20, steps=40, derandomize=True) >= 20


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_three_hundred_lives_of_a_book(info: ModelInfo, folder: Path) -> None:
    assert run(info, folder, examples=300, steps=60, derandomize=False) >= 300

"""Everything that a writer, a machine and bad luck can do to a book, in any order, against a plain model of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from storage.records import Snapshot
from templora.engine import ModelInfo
from templora.errors import BadInput, SnapshotDamaged
from tests.reliability import checks
from tests.reliability.bench import Bench
from tests.reliability.writing import Writing, snippets, some


class Desk(Writing):
    """… and what the machine and bad luck can do to it and its memory."""

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

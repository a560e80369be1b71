"""The desk over the real model process and the starter model, killed while it learns and while it writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from templora import learning, models
from templora.client import WorkerEngine
from templora.config import DEFAULT, Sampling
from templora.engine import Drop, Learn, ModelInfo, Open, Reply, Request
from templora.errors import EngineStopped
from templora.studio import Studio
from templora.takes import Broke, Finished, Wrote
from tests.engine.story import Pupil, prose
from tests.engine.tiny import wait_until

RECIPE = replace(DEFAULT, chunk_tokens=160, prefix_tokens=160)


class Watched(WorkerEngine):
    """Notes what was asked and whether the process died over it."""

    def __init__(self, model: str, models_dir: Path) -> None:
        self.asked: list[tuple[Request, bool]] = []
        super().__init__(model, models_dir)

    def call(self, request: Request) -> Reply:
        try:
            reply = super().call(request)
        except EngineStopped:
            self.asked.append((request, False))
            raise
        self.asked.append((request, True))
        return reply


class Desk:
    def __init__(self, folder: Path, info: ModelInfo) -> None:
        self.engine = Watched(models.STARTER, Path(info.folder).parent)
        self.studio = Studio(folder / "data", self.engine, info, RECIPE)
        self.studio.start()
        self.ready()

    def ready(self) -> None:
        wait_until(lambda: self.studio.model().state in ("ready", "learning"))

    def kill(self) -> None:
        (process,) = (child for child in psutil.Process().children() if "templora.worker" in child.cmdline())
        process.kill()
        wait_until(lambda: self.studio.model().state == "loading")
        assert "being started again" in self.studio.model().message

    def snapshots(self, project: str) -> list[tuple[int, str]]:
        found = self.studio._snapshots.all(project)  # pyright: ignore[reportPrivateUsage]
        return [(snapshot.n_chunks, snapshot.sha256) for snapshot in found]


@pytest.fixture
def desk(tmp_path: Path, starter: ModelInfo, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(learning, "COMMIT_EVERY", 1)
    desk = Desk(tmp_path, starter)
    yield desk
    desk.studio.close()


def test_the_model_process_dies_twice_and_the_writer_loses_nothing(desk: Desk, tmp_path: Path) -> None:
    studio, engine = desk.studio, desk.engine
    project = studio.create_project("A book").id
    chapter = studio.add_chapter(project, "One", prose(21, 9))
    studio.memory_do(project, "learn")

    # In the middle of a learning step.
    wait_until(lambda: len(desk.snapshots(project)) == 1 and studio.model().state == "learning")
    desk.kill()
    wait_until(lambda: not all(lived for _, lived in list(engine.asked)))  # the status is told first
    died = next(index for index, (request, lived) in enumerate(engine.asked) if not lived)
    assert isinstance(engine.asked[died][0], Learn)
    chunks = len(studio.memory(project).chunks)
    wait_until(lambda: studio.model().state == "ready" and desk.snapshots(project)[-1][0] == chunks, 120)
    reopened = next(request for request, _ in engine.asked[died:] if isinstance(request, Open))
    assert reopened.n_chunks == 1 and reopened.path, "it goes on from the snapshot, and not from the beginning"
    lessons = [request.becomes for request, lived in engine.asked if isinstance(request, Learn) and lived]
    assert len(lessons) == len(set(lessons)) == chunks >= 3

    # In the middle of a take.
    sampling = Sampling(max_tokens=400, seed=7)
    stream = studio.continue_(chapter.id, chapter.revision, len(chapter.text), sampling)
    wrote = ""
    while len(wrote) < 40:
        event = stream.next()
        assert isinstance(event, Wrote)
        wrote += event.text
    desk.kill()
    *rest, broke = list(stream)
    wrote += "".join(event.text for event in rest if isinstance(event, Wrote))
    assert isinstance(broke, Broke) and broke.code == EngineStopped.code and "being started again" in broke.message
    (take,) = studio.takes(chapter.id)
    assert take.text == wrote and take.finish_reason == "error"
    assert take.memory == lessons[-1]
    desk.ready()
    again = list(studio.continue_(chapter.id, chapter.revision, len(chapter.text), replace(sampling, max_tokens=4)))
    assert isinstance(again[-1], Finished)
    assert studio.takes(chapter.id)[0].memory == lessons[-1], "the memory is loaded again for it"

    # Learnt once more from scratch, in a process that nobody kills, it is the same memory.
    engine.call(Drop([]))
    plan = studio._books.plan(project)  # pyright: ignore[reportPrivateUsage]
    assert plan is not None
    pupil = Pupil(engine, plan, tmp_path / "again")
    pupil.open()
    pupil.learn_all()
    assert desk.snapshots(project)[-1] == (len(plan.chunks), pupil.sha256())

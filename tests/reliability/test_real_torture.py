"""The torture with the starter model in its own process: the desk is killed, and the model process alone."""

from __future__ import annotations

import hashlib
import json
import random
import time
from pathlib import Path

import psutil
import pytest

from storage.records import Snapshot
from templora import memory
from templora.engine import ModelInfo
from templora.studio import Studio
from tests.engine.tiny import wait_until
from tests.fakes import FakeEngine
from tests.reliability import checks
from tests.reliability.bench import facts
from tests.reliability.ledger import Ledger
from tests.reliability.nursery import Child, Nursery
from tests.reliability.real_desk import REAL_RECIPE, STOP
from tests.studio_desk import prose

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]

KILLS = 6


def look(folder: Path, info: ModelInfo) -> Studio:
    """The desk over the folder that was left, without a model process: only to read."""
    return Studio(folder / "data", FakeEngine(info), info, REAL_RECIPE)


def claims_are_true(studio: Studio, folder: Path) -> list[Snapshot]:
    """As far as can be told without the model: files whole, their own claims those of the rows, the chains right."""
    snapshots = studio._snapshots  # pyright: ignore[reportPrivateUsage]
    project = studio.projects()[0].id
    plan = studio._books.plan(project)  # pyright: ignore[reportPrivateUsage]
    assert plan is not None
    found = snapshots.all(project)
    for snapshot in found:
        data = snapshots.path(snapshot).read_bytes()
        length = int.from_bytes(data[:8], "little")
        about = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["templora"])
        assert (about["chain"], about["n_chunks"]) == (snapshot.chain, snapshot.n_chunks)
        lineage = memory.lineage(snapshot.chain, snapshots.parents(project), plan.origin)
        assert lineage is not None and len(lineage) == snapshot.n_chunks
        chain = plan.origin
        for link in lineage:
            chain = hashlib.sha256(bytes.fromhex(chain) + bytes.fromhex(link.digest)).hexdigest()
            assert chain == link.chain
    objects = folder / "data" / "projects" / project / "objects"
    assert checks.files(objects) == {f"{snapshot.sha256}.safetensors" for snapshot in found}
    return found


def begin(nursery: Nursery, folder: Path, info: ModelInfo) -> Ledger:
    """A book that is learnt already."""
    folder.mkdir()
    models_dir = str(Path(info.folder).parent)
    texts = [prose(4, word) for word in "wvz"]
    assert nursery.run("learn_anew", folder=str(folder), models_dir=models_dir, texts=texts) == 0, (
        nursery.log.read_text()
    )
    ledger, studio = Ledger(1.0), look(folder, info)
    ledger.begin(studio)
    studio.close()
    return ledger


def worker_of(child: Child) -> psutil.Process | None:
    try:
        started = psutil.Process(child.pid).children()
        return next((process for process in started if "templora.worker" in process.cmdline()), None)
    except psutil.NoSuchProcess:
        return None


def head_of(folder: Path, info: ModelInfo) -> tuple[Snapshot, list[str]]:
    """The newest snapshot of a book that was learnt to its end, and the book's texts."""
    studio = look(folder, info)
    try:
        project = studio.projects()[0].id
        texts = [studio.chapter(head.id).text for head in studio.peek(project)[1]]
        plan = studio._books.plan(project)  # pyright: ignore[reportPrivateUsage]
        assert plan is not None
        (head,) = [snapshot for snapshot in claims_are_true(studio, folder) if snapshot.chain == plan.chain[-1]]
        return head, texts
    finally:
        studio.close()


def is_what_the_book_makes(nursery: Nursery, folder: Path, anew: Path, info: ModelInfo) -> None:
    """However often it was broken off, the memory is the one that the book makes when it is learnt in one go."""
    head, texts = head_of(folder, info)
    anew.mkdir()
    models_dir = str(Path(info.folder).parent)
    assert nursery.run("learn_anew", folder=str(anew), models_dir=models_dir, texts=texts) == 0, nursery.log.read_text()
    undisturbed, _ = head_of(anew, info)
    assert (undisturbed.chain, undisturbed.sha256) == (head.chain, head.sha256)


def test_the_desk_is_killed(nursery: Nursery, starter: ModelInfo, tmp_path: Path) -> None:
    folder, models_dir = tmp_path / "tortured", str(Path(starter.folder).parent)
    chance, ledger = random.Random(7), begin(nursery, folder, starter)
    seen = {head_of(folder, starter)[0].chain}
    for kill in range(KILLS):
        child = nursery.start("real_torture", folder=str(folder), models_dir=models_dir, seed=kill)
        child.go()
        wait_until(lambda child=child: worker_of(child) is not None)
        worker = worker_of(child)
        assert worker is not None
        time.sleep(chance.uniform(5, 30))
        child.kill()
        assert child.wait() < 0, nursery.log.read_text()
        wait_until(lambda worker=worker: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
        studio = look(folder, starter)
        try:
            ledger.check(studio, facts(folder / f"journal-{kill}"))
            checks.chapters_are_in_order(studio)
            seen |= {snapshot.chain for snapshot in claims_are_true(studio, folder)}
        finally:
            checks.mirrors_say_what_the_books_say(studio, folder / "data")
    assert len(seen) > 4 and ledger.acknowledged > 20
    (folder / STOP).touch()
    job = {"folder": str(folder), "models_dir": models_dir, "seed": KILLS}
    assert nursery.run("real_torture", **job) == 0, nursery.log.read_text()
    is_what_the_book_makes(nursery, folder, tmp_path / "anew", starter)


def test_the_model_process_is_killed(nursery: Nursery, starter: ModelInfo, tmp_path: Path) -> None:
    folder, models_dir = tmp_path / "tortured", str(Path(starter.folder).parent)
    chance, ledger = random.Random(8), begin(nursery, folder, starter)
    child = nursery.start("real_torture", folder=str(folder), models_dir=models_dir, seed=0)
    child.go()
    killed: set[int] = set()
    while len(killed) < KILLS:
        wait_until(lambda: (worker := worker_of(child)) is not None and worker.pid not in killed)
        worker = worker_of(child)
        assert worker is not None
        time.sleep(chance.uniform(1, 20))
        worker.kill()
        killed.add(worker.pid)
    (folder / STOP).touch()
    assert child.wait() == 0, nursery.log.read_text()
    studio = look(folder, starter)
    ledger.check(studio, facts(folder / "journal-0"))
    checks.mirrors_say_what_the_books_say(studio, folder / "data")
    assert ledger.acknowledged > 20
    is_what_the_book_makes(nursery, folder, tmp_path / "anew", starter)

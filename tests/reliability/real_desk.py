"""The torture over the real model: a desk with its model process, worked on until it is killed or told to finish."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

from templora import models
from templora.client import WorkerEngine
from templora.config import DEFAULT
from templora.studio import Studio
from tests.reliability.bench import Journal
from tests.reliability.nursery import Wait
from tests.reliability.torturing import Writer, accepts, arranges, edits, set_to_work, types

STOP = "stop"
"""A file of this name ends the work: what is left is learnt, and the desk closed in order."""
PAUSE_S = 1.0
REAL_RECIPE = replace(DEFAULT, chunk_tokens=96, prefix_tokens=96)
PATIENCE_S = 600.0


def open_real(data: Path, models_dir: Path) -> Studio:
    """As `open_studio`, with small chunks: there is more to be broken off."""
    engine = WorkerEngine(models.STARTER, models_dir)
    return Studio(data, engine, models.locate(models.STARTER, models_dir), REAL_RECIPE)


def bursts(writer: Writer) -> None:
    """Types as people do: with pauses, in which the memory can catch up."""
    for _ in range(5):
        types(writer)
        time.sleep(0.1)
    time.sleep(10 * writer.random.random())


def seldom(writer: Writer) -> None:
    """Edits in mid-book make the memory learn again from there on: not so often that it never gets anywhere."""
    if writer.random.random() < 0.05:
        writer.random.choice([accepts, arranges, edits])(writer)


def wants(writer: Writer) -> None:
    """Asks for the memory again and again, so that there is always something to learn."""
    writer.studio.memory_do(writer.project, "learn")
    time.sleep(writer.random.random())


def real_torture(wait_for_go: Wait, folder: str, models_dir: str, seed: int) -> None:
    root = Path(folder)
    journal, stop = Journal(root / f"journal-{seed}"), threading.Event()
    wait_for_go()
    studio = open_real(root / "data", Path(models_dir))
    studio.start()
    habits = (bursts, seldom, wants)
    threads = set_to_work(studio, journal, seed, habits, stop, PAUSE_S)
    while not (root / STOP).exists():
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    _learn_to_the_end(studio)
    studio.close()


def learn_anew(wait_for_go: Wait, folder: str, models_dir: str, texts: list[str]) -> None:
    """Learn a book from nothing, undisturbed."""
    wait_for_go()
    studio = open_real(Path(folder) / "data", Path(models_dir))
    project = studio.create_project("Learnt anew")
    for number, text in enumerate(texts):
        studio.add_chapter(project.id, f"Chapter {number}", text)
    studio.start()
    _learn_to_the_end(studio)
    studio.close()


def _learn_to_the_end(studio: Studio) -> None:
    project = studio.projects()[0].id
    until = time.monotonic() + PATIENCE_S
    asked_at = 0.0
    while time.monotonic() < until:
        report = studio.memory(project)
        if report.state == "current" and not report.pending_chunks and not report.stale_chunks:
            return
        if time.monotonic() - asked_at > 5:
            studio.memory_do(project, "learn")
            asked_at = time.monotonic()
        time.sleep(0.2)
    raise AssertionError(f"the book was not learnt: {studio.memory(project)}")

"""A long working life of one desk: edits and lessons, with what the process and the folder hold measured on the way."""

from __future__ import annotations

import gc
import random
from pathlib import Path

import psutil

from tests.reliability.bench import Bench, Journal, model_in, words
from tests.reliability.nursery import Wait
from tests.studio_desk import prose

CHAPTERS = 8
PARAGRAPHS = 6
EDITS_A_SAMPLE = 50
BUDGET_BYTES = 60_000
"""Room for about ten of the fake's snapshots."""


def soak(wait_for_go: Wait, folder: str, model: str, edits: int) -> None:
    """Edit a book so often, with learning in between; a line in the journal for every `EDITS_A_SAMPLE` edits."""
    root = Path(folder)
    journal, chance = Journal(root / "journal"), random.Random(0)
    bench = Bench(root, model_in(Path(model)))
    wait_for_go()
    bench.open()
    project = bench.book(*[prose(PARAGRAPHS, "wvz"[number % 3]) for number in range(CHAPTERS)])
    bench.studio.set_disk_bytes(project, BUDGET_BYTES)
    for number in range(1, edits + 1):
        _edit(bench, project, chance, number)
        bench.clock.pass_(chance.choice([2, 30, 150, 700]))
        for _ in range(chance.randrange(6)):
            bench.step()
        if number % 40 == 0:
            assert bench.knows_the_book(project)
        if number % EDITS_A_SAMPLE == 0:
            bench.studio._keeper.write_mirrors()  # pyright: ignore[reportPrivateUsage]
            journal.fact(**_sample(bench, project, number))
    assert bench.knows_the_book(project)
    assert not bench.engine.wrong
    bench.close()


def _edit(bench: Bench, project: str, chance: random.Random, number: int) -> None:
    """The book stays about as long as it is."""
    id = chance.choice(bench.chapters(project))
    chapter = bench.studio.chapter(id)
    paragraphs = chapter.text.split("\n\n")
    kind = chance.randrange(10)
    if kind == 0:
        bench.studio.change_chapter(id, position=chance.randrange(CHAPTERS))
    elif kind == 1:
        bench.studio.delete_chapter(id)
        bench.studio.add_chapter(project, f"Chapter {number}", prose(PARAGRAPHS, "v"))
    elif kind == 2:
        bench.take(id, f" {words(number)}")
        bench.studio.accept_take(bench.studio.takes(id)[-1].id, chapter.revision)
    elif kind == 3:
        bench.studio.forget(project)
    else:
        paragraphs = paragraphs[-PARAGRAPHS:]
        paragraphs[chance.randrange(len(paragraphs))] = f"{prose(1, chance.choice('wvz'))} {words(number)}"
        bench.studio.save(id, chapter.revision, "\n\n".join(paragraphs))


def _sample(bench: Bench, project: str, edits: int) -> dict[str, int]:
    studio = bench.studio
    with studio._store.read() as rows:  # pyright: ignore[reportPrivateUsage]
        snapshots = rows.all("SELECT sha256, bytes FROM snapshots")
        lessons = rows.all("SELECT count(*) AS count FROM lessons")[0]["count"]
    objects = bench.data / "projects" / project / "objects"
    gc.collect()
    return {
        "edits": edits,
        "rss": psutil.Process().memory_info().rss,
        "objects": len(gc.get_objects()),
        "resident": len(bench.engine.memories),
        "snapshots": len(snapshots),
        "lessons": lessons,
        "disk": sum(path.stat().st_size for path in objects.iterdir()),
        "largest": max((row["bytes"] for row in snapshots), default=0),
        "splits": len(studio._books._splits),  # pyright: ignore[reportPrivateUsage]
        "plan": len(bench.planned(project)),
    }

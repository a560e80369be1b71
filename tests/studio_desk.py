"""A Studio over real storage and a fake engine, stepped by the test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from templora.config import DEFAULT
from templora.studio import Studio
from tests.fakes import Clock, FakeEngine, fake_info

RECIPE = replace(DEFAULT, chunk_tokens=64, prefix_tokens=32)


def prose(paragraphs: int, word: str = "w") -> str:
    return "\n\n".join(" ".join(f"{word}{(30 * i + j) % 500}" for j in range(30)) for i in range(paragraphs))


class Desk:
    """A Studio whose background thread is not started: the test does the steps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.engine = FakeEngine(fake_info(folder))
        self.open()

    def open(self) -> None:
        self.studio = Studio(self.folder / "data", self.engine, self.engine.info, RECIPE, self.clock)

    def reopen(self) -> None:
        self.studio.close()
        self.engine.restart()
        self.open()

    def step(self) -> bool:
        """One piece of the background work."""
        return self.studio._learning.step()  # pyright: ignore[reportPrivateUsage]

    def work(self) -> None:
        """All of it that is due now."""
        steps = 0
        while self.step():
            steps += 1
            assert steps < 500

    def book(self, *texts: str) -> str:
        project = self.studio.create_project("A book")
        for number, text in enumerate(texts, 1):
            self.studio.add_chapter(project.id, f"Chapter {number}", text)
        return project.id

    def chapters(self, project: str) -> list[str]:
        return [head.id for head in self.studio.project(project)[1]]

    def rewrite(self, chapter: str, change: Callable[[str], str]) -> None:
        current = self.studio.chapter(chapter)
        self.studio.save(chapter, current.revision, change(current.text))

    def resident(self, project: str) -> list[list[int]]:
        """What the serving memory has learnt; loaded from its snapshot, as a take would, where it has to be."""
        learning = self.studio._learning  # pyright: ignore[reportPrivateUsage]
        chain = learning.serving(project)
        if chain is not None and chain not in self.engine.memories:
            chain = learning.reopen(project, chain)
        return self.engine.memories[chain] if chain else []

    def planned(self, project: str) -> list[list[int]]:
        plan = self.studio._books.plan(project)  # pyright: ignore[reportPrivateUsage]
        assert plan is not None
        return [list(chunk.ids) for chunk in plan.chunks]

"""What the page's tests do: make a book, open it, look at what the page shows."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page

from templora.studio import Studio


def prose(paragraphs: int, seed: int = 0) -> str:
    """Paragraphs of 30 words each that the fake tokenizer knows; other seeds make other ones."""
    draw = random.Random(seed)
    return "\n\n".join(" ".join(f"w{draw.randrange(500)}" for _ in range(30)) for _ in range(paragraphs))


def made(studio: Studio, title: str, *texts: str) -> str:
    """A book with these chapters, called 'Part 1', …; its id."""
    project = studio.create_project(title)
    for number, text in enumerate(texts, 1):
        studio.add_chapter(project.id, f"Part {number}", text)
    return project.id


def opened(page: Page, url: str, project: str, chapter: str = "") -> None:
    page.goto(f"{url}/?book={project}" + (f"&chapter={chapter}" if chapter else ""))
    page.wait_for_function("() => window.templora?.state()?.chapter", timeout=30_000)


def line(page: Page, id: str) -> Locator:
    """A line of text that the page shows."""
    return page.locator(f"#{id} input, #{id} textarea")


def chapters(studio: Studio, project: str) -> list[str]:
    return [head.id for head in studio.peek(project)[1]]


def titles(studio: Studio, project: str) -> list[str]:
    return [head.title for head in studio.peek(project)[1]]


def until(holds: Callable[[], Any], seconds: float = 15) -> Any:
    """Waits for what the server does in its own time."""
    end = time.monotonic() + seconds
    while not (seen := holds()):
        assert time.monotonic() < end, f"did not come true within {seconds} s"
        time.sleep(0.02)
    return seen


def learnt(studio: Studio, project: str) -> None:
    """All of the book is learnt, and the memory at rest."""
    studio.memory_do(project, "learn")
    until(lambda: studio.memory(project).pending_chunks == 0 and studio.memory(project).state == "current")
    # What was asked for is not done before its snapshot is stored: an edit until then would be learnt at once.
    until(lambda: not studio._learning.memory(project).learn_now)  # pyright: ignore[reportPrivateUsage]


def saved(page: Page) -> None:
    assert page.evaluate("() => window.templora.flush()") is True


def at_end(page: Page) -> None:
    """The caret stands at the end of the text, and the editor has the focus."""
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")

"""What the editor's tests do on a page: type, look at the prose, wait for the state the page hears."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Locator, Page, Route

GHOST = ".t-ghost"


class EditorPage:
    """The fake desk's page with the editor on it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, chapter: str = "c", theme: str = "") -> EditorPage:
        self.page.goto(f"{self.url}/bare?chapter={chapter}&theme={theme}")
        return self.ready()

    def ready(self) -> EditorPage:
        self.page.wait_for_function("async () => { await window.mounted; return window.templora.state().chapter }")
        self.prose.click()
        self.page.keyboard.press("Control+End")
        return self

    @property
    def prose(self) -> Locator:
        return self.page.locator(".cm-content")

    @property
    def ghost(self) -> Locator:
        return self.page.locator(GHOST)

    @property
    def strip(self) -> Locator:
        return self.page.locator(".t-strip")

    @property
    def live(self) -> Locator:
        return self.page.locator(".t-live")

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def call(self, verb: str, *given: Any) -> Any:
        return self.page.evaluate("([verb, given]) => window.templora[verb](...given)", [verb, list(given)])

    def state(self) -> dict[str, Any]:
        return self.page.evaluate("() => window.templora.state()")

    def until(self, **wanted: Any) -> dict[str, Any]:
        """Waits until the state has these values."""
        self.page.wait_for_function(
            "(wanted) => Object.entries(wanted).every(([name, value]) => window.templora.state()[name] === value)",
            arg=wanted,
        )
        return self.state()

    def eventually(self, holds: Callable[[], bool], seconds: float = 5) -> None:
        """Waits for what the server does in its own time."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "it did not come about"
            self.page.wait_for_timeout(20)

    def saved(self) -> None:
        """Saves now and waits for it."""
        assert self.call("flush") is True

    def text(self) -> str:
        """The document as it stands on the page (short texts only), without what is merely shown in it."""
        return self.page.evaluate(
            """() => Array.from(document.querySelectorAll('.cm-line'), (line) => {
                const copy = line.cloneNode(true);
                const shown = copy.querySelectorAll('.t-ghost, .t-inserted, .t-choose, .cm-placeholder');
                shown.forEach((each) => each.remove());
                return copy.textContent;
            }).join('\\n')"""
        )

    def select(self, words: str) -> None:
        """Selects the first place where these words stand (all on one line) by mouse-free means."""
        start = self.text().index(words)
        self.press("Control+Home", *["ArrowRight"] * start, *["Shift+ArrowRight"] * len(words))

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """The server does not answer the routes."""

        def refuse(route: Route) -> None:
            route.abort("connectionrefused")

        self.page.route("**/api/**", refuse)
        # On a busy machine the browser begins to intercept a little later than it says.
        self.page.wait_for_function("() => fetch('/api/probe').then(() => false, () => true)")
        yield
        self.page.unroute("**/api/**", refuse)

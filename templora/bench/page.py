"""What a writer feels of the page: how long a key takes, how soon something is painted, whether anything moves.

The real `app.py` on a made-up book, in real Chromium: one very long chapter is typed into, first while the memory
learns, then while a take streams (its own words are typed, so that it goes on). A take streams without a key, too, and
what moves then is counted. Reported are times in the browser, in milliseconds: what a key costs the page (its own
work, and styling, laying out and painting the frame that shows it), how long after the key that frame was there (with
the wait for it, up to 17 at 60 frames a second), and from the address to the first paint on a warm start.
Needs `playwright` and a Chromium (requirements-dev.txt).
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from templora.bench.desk import Desk, book, running

KEYS = 300
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

MEASURE = """() => {
    window.keys = [];
    window.shifted = 0;
    const after = (go) => { // the task that is running is over
        const channel = new MessageChannel();
        channel.port1.onmessage = go;
        channel.port2.postMessage(null);
    };
    let current = null;
    window.addEventListener('keydown', () => {
        const key = { at: performance.now(), worked: 0 };
        current = key;
        requestAnimationFrame(() => {
            const frame = performance.now();
            after(() => { // styled, laid out and painted
                const now = performance.now();
                window.keys.push([key.worked + now - frame, now - key.at]);
            });
        });
    }, { capture: true });
    // The page hears of a key in several events, one after the other; what it does then ends with their microtasks.
    for (const event of ['keydown', 'keypress', 'beforeinput', 'input'])
        window.addEventListener(event, () => queueMicrotask(() => {
            if (current) current.worked = performance.now() - current.at;
        }));
    new PerformanceObserver((list) => {
        for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shifted += value;
    }).observe({ type: 'layout-shift' });
}"""


OVER = "over"
AHEAD = f"""() => {{ // the next letter of the take, once it is there
    const ghost = document.querySelector('.t-ghost:not(.t-waiting)')?.textContent;
    return ghost ? ghost[0] : window.templora.state().mode !== 'streaming' && '{OVER}';
}}"""


def percentile(times: list[float], share: float) -> float:
    """The value that a `share` (0 to 1) of `times` lies at or below."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


class Browser:
    """A page of the desk in Chromium."""

    def __init__(self, playwright: Any, url: str) -> None:
        path = os.environ.get("TEMPLORA_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        self._browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        self.page = self._browser.new_page(viewport={"width": 1400, "height": 900})
        self._url = url

    def open(self, query: str) -> float:
        """Opens a chapter; milliseconds to the first paint."""
        self.page.goto(f"{self._url}/?{query}")
        self.page.wait_for_function("() => window.templora?.state()?.chapter", timeout=120_000)
        return float(
            self.page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN")
        )

    def typed(self, rows: dict[str, list[float]], name: str, text: str | None) -> None:
        """Types `text`, or with None what the take that streams says next; adds two rows to `rows`."""
        self.page.evaluate("() => { window.keys = [] }")
        if text is not None:
            self.page.keyboard.type(text, delay=30)
        else:
            for _ in range(KEYS):
                ghost = self.page.wait_for_function(AHEAD, timeout=120_000).json_value()
                if ghost == OVER:
                    break
                self.page.keyboard.type(ghost, delay=30)
        self.page.wait_for_timeout(200)
        keys: list[tuple[float, float]] = self.page.evaluate("() => window.keys")
        rows[f"a key {name}: work"] = [work for work, _ in keys]
        rows[f"a key {name}: until shown"] = [shown for _, shown in keys]

    def streamed(self) -> float:
        """Asks for a take and lets it stream to its end; the layout shift meanwhile."""
        self.page.evaluate("() => window.templora.settings({ max_tokens: 60 })")
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_timeout(600)  # what comes within half a second of a key is no shift
        self.page.evaluate("() => { window.shifted = 0 }")
        self.page.wait_for_function("() => window.templora.state().mode === 'ghost'", timeout=120_000)
        shifted = float(self.page.evaluate("() => window.shifted"))
        self.page.keyboard.press("Escape")
        return shifted

    def close(self) -> None:
        self._browser.close()


def run(options: Namespace) -> int:
    """Print the table; the exit status."""
    from playwright.sync_api import sync_playwright

    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), options) as desk:
        project = desk.import_(book(1, options.words))
        chapter = desk.ask("GET", f"/api/projects/{project}")["chapters"][0]
        _ready(desk)
        with sync_playwright() as playwright:
            browser = Browser(playwright, desk.url)
            page = browser.page
            query = f"book={project}&chapter={chapter['id']}"
            browser.open(query)
            for _ in range(options.starts):
                rows.setdefault("first paint, warm", []).append(browser.open(query))
            page.evaluate(MEASURE)
            desk.ask("POST", f"/api/projects/{project}/memory/learn")
            page.locator(".cm-content").click()
            page.keyboard.press("Control+End")
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))  # pyright: ignore
            words = "and then the water came back over the mud "
            browser.typed(rows, "while the memory learns", (words * KEYS)[:KEYS])
            sent = [url for url in asked if "/api/" in url]
            page.keyboard.press("Control+Home")
            page.keyboard.press("Control+ArrowRight")
            browser.typed(rows, "in the first line", (words * KEYS)[:KEYS])
            page.keyboard.press("Control+End")
            shifted = browser.streamed()
            page.evaluate("() => window.templora.settings({ max_tokens: 400 })")
            page.keyboard.press("Control+Enter")
            page.wait_for_function("() => window.templora.state().mode === 'streaming'")
            browser.typed(rows, "while a take streams", None)
            browser.close()
    print(
        f"{chapter['words']:,} words in one chapter\n\n{'milliseconds':42}{'n':>6}{'median':>9}{'p95':>9}{'worst':>9}"
    )
    for name, times in rows.items():
        print(
            f"{name:42}{len(times):6}{statistics.median(times):9.1f}{percentile(times, 0.95):9.1f}{max(times):9.1f}"
            if times
            else f"{name:42}{0:6}"
        )
    print(f"\nrequests of ours during {KEYS} keys: {len(sent)}; layout shift while a take streams: {shifted}")
    return 0


def _ready(desk: Desk) -> None:
    while desk.ask("GET", "/api/status")["model"]["state"] != "ready":
        time.sleep(0.5)

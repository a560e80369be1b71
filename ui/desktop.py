"""A window of its own for the desk: a browser of the Chromium family, with a profile that has nothing else in it.

When the window is closed the desk ends, and when the desk ends the window is closed. Words that were not saved by then
are kept in the profile, as in any browser, and are saved at the next start.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

SOON_S = 3.0
"""A browser that ends sooner has not shown a window of ours."""
GRACE_S = 1.0
"""Until the desk ends after its window: the last save is on its way."""

ON_PATH = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "brave-browser", "brave"),
    *("microsoft-edge", "microsoft-edge-stable", "vivaldi", "vivaldi-stable", "chrome", "msedge"),
)
ON_A_MAC = ("Google Chrome", "Chromium", "Microsoft Edge", "Brave Browser", "Vivaldi")
ON_WINDOWS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Chromium\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
    r"BraveSoftware\Brave-Browser\Application\brave.exe",
    r"Vivaldi\Application\vivaldi.exe",
)


def browsers(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> list[Path]:
    """The Chromium-family browsers on this machine, the best known first; each program once."""
    found: dict[Path, Path] = {}
    for path in _places(platform, environment):
        if path.is_file() and os.access(path, os.X_OK):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _places(platform: str, environment: Mapping[str, str]) -> Iterator[Path]:
    for name in ON_PATH:
        program = shutil.which(name, path=environment.get("PATH"))
        if program:
            yield Path(program)
    if platform == "darwin":
        for folder in ("/Applications", str(Path(environment.get("HOME", "/")) / "Applications")):
            for name in ON_A_MAC:
                yield Path(folder) / f"{name}.app" / "Contents" / "MacOS" / name
    if platform == "win32":
        for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
            if folder := environment.get(variable):
                for name in ON_WINDOWS:
                    yield Path(folder) / name


def command(browser: Path, url: str, profile: Path) -> list[str]:
    """How a browser is asked for a window of its own that shows the desk and nothing else."""
    return [
        str(browser), f"--app={url}", f"--user-data-dir={profile_for(browser, profile)}", "--window-size=1400,900",
        "--no-first-run", "--no-default-browser-check",
    ]  # fmt: skip


def profile_for(browser: Path, profile: Path) -> Path:
    """A browser from a snap may not write to hidden folders: its profile lies where it may."""
    if "snap" not in browser.resolve().parts and "snap" not in browser.parts:
        return profile
    return Path.home() / "snap" / browser.name / "common" / "templora-window"


class Window(threading.Thread):
    """Opens the desk's window, and waits for its end."""

    def __init__(self, url: str, profile: Path, closed: Callable[[], None], say: Callable[[str], None] = print) -> None:
        """`profile`: the folder of the browser's profile. `closed` hears when the window has been closed."""
        super().__init__(name="window", daemon=True)
        self._url = url
        self._profile = profile
        self._closed = closed
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()

    def run(self) -> None:
        for browser in browsers():
            if self._ending.is_set() or self._stood(browser):
                return
        self._say(
            "No browser was found that can give the desk a window of its own (Chromium, Chrome, Edge, Brave or "
            "Vivaldi): it opens in your ordinary browser. Ctrl+C ends it."
        )
        webbrowser.open(self._url)

    def _stood(self, browser: Path) -> bool:
        """Shows the window in a browser, and waits for its end; False where that browser would not."""
        begin = time.monotonic()
        try:
            self._process = subprocess.Popen(
                command(browser, self._url, self._profile), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            return False
        status = self._process.wait()
        if self._ending.is_set():
            return True
        if time.monotonic() - begin >= SOON_S:
            self._say("The window was closed: the desk ends. All is kept; the next start goes on from here.")
            self._ending.wait(GRACE_S)
            self._closed()
            return True
        if status == 0:  # it has handed the window to one of its own that is running
            self._say("The desk stands in a browser that was open already. Ctrl+C ends it.")
            return True
        return False

    def close(self) -> None:
        """The desk ends: so does its window."""
        self._ending.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

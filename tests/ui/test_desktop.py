"""The desk's own window: which browsers there are, what becomes of the desk when it is closed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ui import desktop


def program(path: Path, script: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def told() -> list[str]:
    return []


def window(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch, *scripts: str) -> desktop.Window:
    """A window over stand-ins for browsers, tried in this order; `told` hears 'closed' too."""
    found = [program(tmp_path / f"browser{number}", script) for number, script in enumerate(scripts)]
    monkeypatch.setattr(desktop, "browsers", lambda: found)
    monkeypatch.setattr(desktop, "SOON_S", 0.3)
    monkeypatch.setattr(desktop, "GRACE_S", 0.0)
    monkeypatch.setattr(desktop.webbrowser, "open", lambda url: told.append(f"ordinary {url}"))
    return desktop.Window("http://127.0.0.1:7860/", tmp_path / "window", lambda: told.append("closed"), told.append)


def test_browsers_are_found_where_each_system_keeps_them(tmp_path: Path) -> None:
    on_path = program(tmp_path / "bin" / "google-chrome")
    (tmp_path / "bin" / "chromium").write_text("not a program")
    (tmp_path / "bin" / "brave").symlink_to(on_path)  # the same one by another name
    path = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    assert desktop.browsers("linux", path) == [on_path]
    on_a_mac = program(tmp_path / "Applications" / "Chromium.app" / "Contents" / "MacOS" / "Chromium")
    assert desktop.browsers("darwin", {"PATH": "", "HOME": str(tmp_path)})[-1] == on_a_mac
    assert desktop.browsers("win32", {"PATH": "", "LOCALAPPDATA": str(tmp_path)}) == []


def test_a_browser_is_asked_for_a_window_of_the_desk_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = desktop.command(Path("/usr/bin/chromium"), "http://127.0.0.1:7860/", tmp_path)
    assert words[:3] == ["/usr/bin/chromium", "--app=http://127.0.0.1:7860/", f"--user-data-dir={tmp_path}"]
    monkeypatch.setenv("HOME", "/home/ines")
    snap = desktop.profile_for(Path("/snap/bin/chromium"), tmp_path)
    assert snap == Path("/home/ines/snap/chromium/common/templora-window"), "it may not write elsewhere"


def test_the_desk_ends_with_its_window(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    window(tmp_path, told, monkeypatch, "sleep 0.5").run()
    assert told[-1] == "closed" and "The window was closed" in told[0]


def test_a_browser_that_does_not_start_gives_way_to_the_next(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    window(tmp_path, told, monkeypatch, "exit 1", "sleep 0.5").run()
    assert told[-1] == "closed"


def test_without_a_browser_for_it_the_desk_opens_in_the_ordinary_one(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    window(tmp_path, told, monkeypatch, "exit 1").run()
    assert told[-1] == "ordinary http://127.0.0.1:7860/" and "ordinary browser" in told[0]
    assert "closed" not in told


def test_a_browser_that_was_open_already_does_not_end_the_desk(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    window(tmp_path, told, monkeypatch, "exit 0").run()
    assert len(told) == 1 and "open already" in told[0]


def test_the_window_ends_with_the_desk(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shown = window(tmp_path, told, monkeypatch, "exec sleep 60")
    shown.start()
    end = time.monotonic() + 10
    while not (process := shown._process) and time.monotonic() < end:  # pyright: ignore[reportPrivateUsage]
        time.sleep(0.01)
    shown.close()
    shown.join(10)
    assert process is not None and process.poll() is not None and not shown.is_alive()
    assert told == []

"""The two commands at the terminal: what they answer at once, what they refuse, what a second start does."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import app
from storage.backups import Backups
from storage.database import FILE_NAME, FolderLock, open_database
from storage.manuscripts import Manuscripts
from templora import __version__
from templora.bootstrap import Terminal
from templora.engine import ModelInfo
from templora.errors import SetupError
from tests.storage.damage import flip_page_of

ROOT = Path(__file__).parents[1]
OPENING = "The desk is being laid"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def terminal() -> Terminal:
    return Terminal(sys.stdout)


# --- answered before anything is set up ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout that nothing has been set up in."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "app.py", folder)
    shutil.copytree(ROOT / "templora", folder / "templora", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [(["--version"], __version__), (["--help"], "--no-browser"), (["test", "--help"], "--long")],
)
def test_help_and_version_need_no_setup(arguments: list[str], answer: str, bare: Path) -> None:
    # -I -S: the standard library and the checkout, and nothing that was installed.
    code = f"import sys; sys.path.insert(0, {str(bare)!r}); import app; sys.exit(app.main(sys.argv[1:]))"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *arguments], check=True, capture_output=True, text=True, cwd=bare
    )
    assert answer in ran.stdout
    assert not (bare / ".venv").exists()


def test_an_older_python_is_told_in_one_line() -> None:
    ast.parse((ROOT / "app.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    code = f"import sys, runpy; sys.version_info = (3, 10, 9); runpy.run_path({str(ROOT / 'app.py')!r})"
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ran.returncode == 2
    assert ran.stderr == "Templora needs Python 3.11 or newer; this is Python 3.10.\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--port", "99999"], "1 to 65535"),
        (["--port", "0"], "1 to 65535"),
        (["--port", "http"], "1 to 65535"),
        (["--data", __file__], "is a file, not a folder"),
        (["--models", f"{__file__}/below"], "is a file, not a folder"),
        (["--model", "no-such-model"], "There is no model no-such-model"),
        (["--model", "/no/such/folder"], "There is no model /no/such/folder"),
        (["--model", str(ROOT / "tests")], "holds no weights"),
        (["--model", str(ROOT / "app.py")], "is not a model"),
        (["--prot", "80"], "unrecognized arguments"),
        (["serve"], "unrecognized arguments"),
        (["--desktop", "--no-browser"], "not allowed with argument"),
    ],
)
def test_a_bad_argument_gets_one_line_and_status_2(arguments: list[str], reason: str) -> None:
    ran = run(*arguments)
    assert ran.returncode == 2
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert line.startswith("app.py: ")
    assert reason in line


# --- the desk --------------------------------------------------------------------------------------------------------


def test_a_port_in_use_gets_one_line_and_status_2(starter: ModelInfo, tmp_path: Path) -> None:
    models_dir = str(Path(starter.folder).parent)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ran = run("--port", str(port), "--data", str(tmp_path), "--models", models_dir, "--no-browser")
    assert ran.returncode == 2
    (line,) = ran.stderr.splitlines()
    assert f"Port {port} on 127.0.0.1 cannot be used" in line


def test_a_data_folder_in_use_gets_one_line_and_status_2(starter: ModelInfo, tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    models_dir = str(Path(starter.folder).parent)
    ran = run("--port", str(free_port()), "--data", str(tmp_path), "--models", models_dir, "--no-browser")
    lock.release()
    assert ran.returncode == 2
    (line,) = ran.stderr.splitlines()
    assert f"Another Templora is open on the books in {tmp_path}" in line


def test_a_second_start_answers_soon_and_ends_cleanly(starter: ModelInfo, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, str(ROOT / "app.py"), "--no-browser", "--port", str(port), "--data", str(tmp_path)]
    command += ["--models", str(Path(starter.folder).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as desk:
        try:
            # Soon: the routes do not wait for the page, which takes a few seconds more to be built.
            early = answered(f"http://127.0.0.1:{port}/")
            status = answered(f"http://127.0.0.1:{port}/api/status")
            page = answered(f"http://127.0.0.1:{port}/", lambda page: OPENING not in page)
        finally:
            desk.send_signal(signal.SIGINT)
        output = desk.communicate(timeout=60)[0]
    assert OPENING in early
    assert f'"version":"{__version__}"' in status.replace(" ", "")
    assert "gradio" in page.lower()
    assert f"http://127.0.0.1:{port}/" in output
    assert "Traceback" not in output
    assert not any(word in output for word in ("Making", "Installing", "Building", "Fetching", "Converting"))


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for a browser is a shell script")
def test_the_desk_in_its_own_window_ends_when_that_is_closed(starter: ModelInfo, tmp_path: Path) -> None:
    port, data, asked = free_port(), tmp_path / "data", tmp_path / "asked"
    browser = tmp_path / "bin" / "chromium"
    browser.parent.mkdir()
    browser.write_text(f'#!/bin/sh\necho "$@" > {asked}\nsleep 3.2\n')
    browser.chmod(0o755)
    models_dir = str(Path(starter.folder).parent)
    ran = run(
        *("--desktop", "--port", str(port), "--data", str(data), "--models", models_dir),
        PATH=f"{browser.parent}{os.pathsep}{os.environ['PATH']}",
    )
    assert ran.returncode == 0 and "Traceback" not in ran.stderr
    assert "The window was closed: the desk ends." in ran.stdout
    assert asked.read_text().startswith(f"--app=http://127.0.0.1:{port}/ --user-data-dir={data / 'window'} ")
    FolderLock(data).release()  # nobody holds the books any more


def answered(url: str, enough: Callable[[str], bool] = lambda _: True) -> str:
    """What a desk that is starting answers, once that is enough; the machine may be busy."""
    deadline, found = time.monotonic() + 120, ""
    while not (found and enough(found)):
        assert time.monotonic() < deadline, f"{url} did not answer; last: {found[:200]}"
        with suppress(OSError), urllib.request.urlopen(url, timeout=60) as response:
            found = response.read().decode()
        time.sleep(0.02)
    return found


# --- a damaged database -----------------------------------------------------------------------------------------------


def test_a_damaged_database_is_reported_and_gives_way_to_a_backup(starter: ModelInfo, tmp_path: Path) -> None:
    store = open_database(tmp_path)
    manuscripts = Manuscripts(store)
    book = manuscripts.create_project("The Salt Road")
    manuscripts.add_chapter(book.id, "Low Water", "The tide came in.")
    backup = Backups(store).make("daily")
    store.close()
    flip_page_of(tmp_path / FILE_NAME, "projects")
    port = free_port()
    common = ["--data", str(tmp_path), "--models", str(Path(starter.folder).parent), "--no-browser"]

    ran = run("--port", str(port), *common)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    said = ran.stderr.splitlines()[-1]
    assert said.startswith("app.py: The database with your books is damaged.")
    assert f"python3 app.py --data {tmp_path} --restore-backup newest" in said

    ran = run("--restore-backup", "newest", *common)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"The backup {backup.name} is now the database with your books" in ran.stdout

    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), *common]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as desk:
        try:
            projects = answered(f"http://127.0.0.1:{port}/api/projects")
        finally:
            desk.send_signal(signal.SIGINT)
    assert '"title":"The Salt Road"' in projects


def test_without_a_backup_one_line_says_so(tmp_path: Path) -> None:
    copy = tmp_path / "projects" / "abc" / "book" / "01-low-water.md"
    copy.parent.mkdir(parents=True)
    copy.write_text("# Low Water\n")
    ran = run("--restore-backup", "newest", "--data", str(tmp_path))
    assert ran.returncode == 2
    (line,) = ran.stderr.splitlines()
    assert line.startswith(f"app.py: There is no backup in {tmp_path / 'backups'}.")
    assert str(copy.parent) in line


# --- the browser for the tests ---------------------------------------------------------------------------------------


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_chromium_that_runs_is_found(tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEMPLORA_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path / "chromium", "echo 'install me first'; exit 1")  # a placeholder
    real = program(tmp_path / "google-chrome", "echo Google Chrome 150")
    assert app.find_chromium(terminal) == str(real)
    monkeypatch.setenv("TEMPLORA_CHROMIUM", "/somewhere/else")
    with pytest.raises(SetupError, match="/somewhere/else, which does not run"):
        app.find_chromium(terminal)
    own = program(tmp_path / "own", "exit 0")
    monkeypatch.setenv("TEMPLORA_CHROMIUM", str(own))
    assert app.find_chromium(terminal) == str(own)


def test_without_any_chromium_the_tests_do_not_start(
    tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEMPLORA_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "/no/such/folder")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")
    with pytest.raises(SetupError, match="none was found, and Playwright could not fetch one"):
        app.find_chromium(terminal)

"""Setting up: what is missing is found, made, explained; an interruption anywhere leaves what the next start mends.

No test here needs a network: pip is given an index that does not answer, or packages that lie beside the test.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from templora import bootstrap
from templora.bootstrap import PipProgress, Terminal, explain_failure
from templora.errors import SetupError
from tests.terminals import Screen

ROOT = Path(__file__).parents[1]


def test_pip_is_shown_a_line_a_package_with_sizes(terminal: Terminal, screen: Screen) -> None:
    progress = PipProgress(terminal)
    for line in """
Collecting torch==2.13.0 (from -r requirements.txt (line 2))
  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (29 kB)
  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (888.1 MB)
     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 888.1/888.1 MB 368.9 MB/s eta 0:00:00
Requirement already satisfied: packaging in ./lib (26.3)
  Using cached python_multipart-0.0.34-py3-none-any.whl (32 kB)
Downloading https://files.example/packages/something-1.2.tar.gz (1.5 MB)
Installing collected packages: torch, python-multipart, something
Successfully installed torch-2.13.0
""".splitlines():
        progress.follow(line)
    assert screen.getvalue().splitlines() == [
        "  torch 2.13.0 (888.1 MB)",
        "  python_multipart 0.0.34 (32 kB)",
        "  something 1.2 (1.5 MB)",
        "  putting 3 packages in place",
    ]


def test_a_terminal_shows_how_far_a_package_has_come() -> None:
    screen = Screen()
    progress = PipProgress(Terminal(screen))
    for line in ("Downloading torch-2.13.0-x.whl (888.1 MB)", "Progress 444000000 of 888000000", "Progress 9 of 9"):
        progress.follow(line)
    assert screen.getvalue() == "  torch 2.13.0 (888.1 MB)\n  torch 2.13.0: 444 MB of 888 MB"
    progress.follow("Installing collected packages: torch")
    assert screen.getvalue().endswith("\r\x1b[2K  putting 1 packages in place\n")


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("WARNING: Retrying … NewConnectionError …\nERROR: No matching distribution found for x", "connect to the int"),
        (
            "ERROR: Could not find a version …\nERROR: No matching distribution found for torch==2.13.0",
            "Python 3.11 to",
        ),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full"),
        ("npm error code ENOTFOUND", "connect to the internet"),
        ("PermissionError: [Errno 13] Permission denied: '/x'", "cannot be written"),
        ("/usr/bin/python3: No module named pip", "has no pip"),
        ("something else broke", "Start again"),
    ],
)
def test_a_failure_is_explained_with_its_last_lines(output: str, advice: str) -> None:
    explained = explain_failure(output)
    assert advice in explained.splitlines()[0]
    assert explained.endswith(output.splitlines()[-1])


def test_raw_progress_is_asked_of_a_pip_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for version, shows in (("23.2.1", False), ("24.0", False), ("24.1", True), ("26.1.2", True), ("25", True)):
        monkeypatch.setattr(metadata, "version", lambda name, version=version: version)
        assert bootstrap.pip_shows_raw_progress() is shows


# --- the environment -------------------------------------------------------------------------------------------------


def test_a_missing_venv_module_names_the_package(
    tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name))
    with pytest.raises(SetupError, match=r"sudo apt install python3\.\d+-venv"):
        bootstrap.make_venv(tmp_path / ".venv", tmp_path / ".venv" / "unfinished", terminal)
    assert not (tmp_path / ".venv").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, terminal: Terminal) -> None:
    (tmp_path / ".venv").touch()  # in the way, as a folder of another user would be
    with pytest.raises(SetupError, match=r"\.venv cannot be written"):
        bootstrap.make_venv(tmp_path / ".venv", tmp_path / ".venv" / "unfinished", terminal)


def test_room_is_checked_before_anything_is_installed(
    tmp_path: Path, terminal: Terminal, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 2_000_000_000
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**11, 10**11 - free, free))  # pyright: ignore
    with pytest.raises(SetupError, match=r"at least 2\.5 GB on the disk .* 2\.0 GB are free"):
        bootstrap.check_room(tmp_path, terminal)
    free = 5_000_000_000
    monkeypatch.setattr(sys, "platform", "linux")
    bootstrap.check_room(tmp_path, terminal)
    assert "up to 8.0 GB of the disk, and 5.0 GB are free: trying" in screen.getvalue()


def write_wheel(folder: Path, name: str, version: str) -> None:
    """A package of one module, as pip installs it."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"version = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


PROGRAM = """
import sys
from pathlib import Path
from templora.bootstrap import Terminal, prepare
from templora.errors import SetupError
root = Path(__file__).resolve().parent
try:
    prepare(root, root / "requirements.txt", Terminal(sys.stdout))
except SetupError as error:
    print(f"refused: {error.message}")
    sys.exit(2)
import templora_test_part
print("ready", templora_test_part.version, Path(sys.prefix).name, sys.argv[1:])
"""


class Desk:
    """A program with one requirement in a folder of its own, started as app.py is; packages come from `wheels`."""

    def __init__(self, root: Path) -> None:
        self.root = root / "a folder with spaces"
        self.wheels = root / "wheels"
        self.root.mkdir()
        self.wheels.mkdir()
        (self.root / "app.py").write_text(PROGRAM)
        self.require("1.0")
        write_wheel(self.wheels, "templora_test_part", "1.0")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
            "PYTHONPATH": str(ROOT),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
        }

    def require(self, version: str) -> None:
        (self.root / "requirements.txt").write_text(f"templora-test-part=={version}\n")

    def start(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "app.py", "--flag"],
            check=False,
            cwd=self.root,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"))


def test_a_start_makes_the_environment_and_goes_on_in_it(desk: Desk) -> None:
    first = desk.start()
    assert first.stderr == ""
    *shown, last = first.stdout.splitlines()
    assert last == "ready 1.0 .venv ['--flag']"
    assert shown[0].startswith("Making a virtual environment in ")
    assert "  putting 1 packages in place" in shown
    before = {path: path.stat().st_mtime_ns for path in (desk.root / ".venv").rglob("*")}
    assert desk.start().stdout.splitlines() == ["ready 1.0 .venv ['--flag']"]
    after = {path: path.stat().st_mtime_ns for path in (desk.root / ".venv").rglob("*")}
    assert after == before, "nothing is made again"


def test_a_changed_pin_is_installed_into_the_environment_that_is_there(desk: Desk) -> None:
    desk.start()
    (desk.root / ".venv" / "kept").touch()
    desk.require("2.0")
    refused = desk.start()
    assert refused.returncode == 2
    assert "none that fits this machine" in refused.stdout
    write_wheel(desk.wheels, "templora_test_part", "2.0")
    assert desk.start().stdout.splitlines()[-1].startswith("ready 2.0 .venv")
    assert (desk.root / ".venv" / "kept").exists()


@pytest.mark.parametrize(
    ("last_line", "half_made"), [("Downloading a-1.0-x.whl (1 kB)", False), ("Installing collected packages: a", True)]
)
def test_only_an_installation_cut_short_leaves_a_mark(
    last_line: str, half_made: bool, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_short(command: list[str], follow: Callable[[str], None]) -> tuple[int, str]:
        follow(last_line)
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "run_following", cut_short)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.install(tmp_path / "requirements.txt", tmp_path / "unfinished", terminal)
    assert (tmp_path / "unfinished").exists() is half_made


def test_an_interruption_ends_the_command(tmp_path: Path) -> None:
    pid: list[int] = []

    def interrupt(line: str) -> None:
        pid.append(int(line))
        raise KeyboardInterrupt

    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        bootstrap.run_following([sys.executable, "-c", code], interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(pid[0], 0)


def test_an_environment_whose_making_was_killed_is_made_anew(desk: Desk) -> None:
    shutil.rmtree(desk.root / ".venv", ignore_errors=True)
    with subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=desk.root,
        env=desk.environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        while not (desk.root / ".venv" / "pyvenv.cfg").exists():
            time.sleep(0.005)
        os.killpg(run.pid, signal.SIGKILL)
    assert (desk.root / ".venv" / "unfinished").exists()
    assert desk.start().stdout.splitlines()[-1].startswith("ready")


def test_an_environment_that_satisfies_is_used_as_it_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (desk.root / "requirements.txt").write_text("pytest\n")
    (desk.root / "templora_test_part.py").write_text("version = 'own'\n")
    ran = desk.start()
    assert ran.stdout.splitlines() == [f"ready own {Path(sys.prefix).name} ['--flag']"]
    assert not (desk.root / ".venv").exists()

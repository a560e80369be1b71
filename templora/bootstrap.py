"""Setting up what is missing, with nothing but the standard library: the virtual environment and the requirements.

`prepare` returns in an interpreter that satisfies the requirements: this one if it does already, else the one of
`.venv/` beside app.py, which it makes, fills and changes into. What may be half-made carries a mark until it is whole,
and a start that finds the mark makes it anew, so setting up can be interrupted anywhere.

The other half of the setup, the editor, is in `templora.bundle`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NoReturn, TextIO

from templora import requirements
from templora.errors import SetupError
from templora.progress import megabytes

_LEAST_BYTES = 2_500_000_000
"""What the packages take where PyTorch comes without graphics card libraries."""
_MOST_BYTES = 8_000_000_000
"""What they take on Linux, where the package index's PyTorch brings those of NVIDIA along."""


class Terminal:
    """Lines about the setup. On a terminal the last line can be a percentage that is overwritten."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._passing = False

    def line(self, text: str) -> None:
        self._clear()
        print(text, file=self._stream, flush=True)

    def passing(self, text: str) -> None:
        """A line that the next one replaces; not shown where the output goes to a file."""
        if self._stream.isatty():
            self._clear()
            width = shutil.get_terminal_size().columns - 1
            print(text[:width], end="", file=self._stream, flush=True)
            self._passing = True

    def _clear(self) -> None:
        if self._passing:
            print("\r\x1b[2K", end="", file=self._stream)
            self._passing = False


def prepare(root: Path, wanted: Path, terminal: Terminal) -> None:
    """Return in an interpreter with the packages of the requirements file `wanted`; `root` is app.py's folder.

    Raises SetupError with what to do: no venv module, no network, no room, no package for this machine.
    """
    venv = root / ".venv"
    mark = venv / "unfinished"
    inside = Path(sys.prefix).resolve() == venv.resolve()
    if not requirements.unmet(wanted) and not (inside and mark.exists()):
        return
    if inside and mark.exists():
        change_into(Path(getattr(sys, "_base_executable", sys.executable)))  # it is made anew from outside
    if not inside:
        python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if mark.exists() or not python.exists():
            make_venv(venv, mark, terminal)
        change_into(python)
    check_room(venv, terminal)
    install(wanted, mark, terminal)
    importlib.invalidate_caches()


def change_into(python: Path) -> NoReturn:
    """Go on as the same command in another interpreter."""
    command = [str(python), *sys.argv]
    if os.name == "nt":  # there, exec returns to the shell while the new process runs on
        sys.exit(subprocess.run(command, check=False).returncode)
    sys.stdout.flush()
    os.execv(command[0], command)


def make_venv(venv: Path, mark: Path, terminal: Terminal) -> None:
    """Make the virtual environment, in place of a half-made one."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(
            "This Python cannot make virtual environments: its venv module is missing. On Debian or Ubuntu: "
            f"sudo apt install python{version}-venv; then start again."
        )
    terminal.line(f"Making a virtual environment in {venv}")
    try:
        venv.mkdir(exist_ok=True)
        mark.touch()
        for path in venv.iterdir():
            if path != mark:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    except OSError as error:
        raise SetupError(
            f"{error.filename or venv} cannot be written ({error.strerror}): Templora's own folder must be yours "
            "to write in, on a disk with room. Move it to such a place and start again."
        ) from error
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(venv)], check=False, capture_output=True, text=True, errors="replace"
    )
    if made.returncode:
        raise SetupError(f"The virtual environment could not be made. {explain_failure(made.stdout + made.stderr)}")
    mark.unlink()


def check_room(folder: Path, terminal: Terminal) -> None:
    """Refuse to begin where the packages cannot fit; warn where they may not."""
    free = shutil.disk_usage(folder).free
    if free < _LEAST_BYTES:
        raise SetupError(
            f"Setting up needs at least {megabytes(_LEAST_BYTES)} on the disk of {folder}, and {megabytes(free)} are "
            "free. Make room there and start again."
        )
    if sys.platform == "linux" and free < _MOST_BYTES:
        terminal.line(
            f"The packages may take up to {megabytes(_MOST_BYTES)} of the disk, and {megabytes(free)} are free: trying."
        )


def install(wanted: Path, mark: Path, terminal: Terminal) -> None:
    """Run pip on a requirements file in the running environment, one line a package."""
    if importlib.util.find_spec("pip") is None:  # this environment's Python has been replaced by a newer one
        subprocess.run([sys.executable, "-m", "ensurepip"], check=False, capture_output=True)
    terminal.line(f"Installing what {wanted.name} lists (this takes a few minutes the first time)")
    command = [sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "raw" if pip_shows_raw_progress() else "off", "-r", str(wanted)]
    progress = PipProgress(terminal)

    def follow(line: str) -> None:
        if line.startswith("Installing collected packages"):
            mark.touch()  # from here on an interruption leaves a mixture
        progress.follow(line)

    status, tail = run_following(command, follow)
    if status:
        raise SetupError(f"The packages could not be installed. {explain_failure(tail)}")
    mark.unlink(missing_ok=True)


def pip_shows_raw_progress() -> bool:
    """`--progress-bar raw` came with pip 24.1."""
    major, minor = (int(part) for part in re.findall(r"\d+", metadata.version("pip") + ".0")[:2])
    return (major, minor) >= (24, 1)


class PipProgress:
    """pip's lines, made few and tidy: what is downloaded with its size, how far, and that installing has begun."""

    _download = re.compile(r"(?:Downloading|Using cached) (?:\S*/)?([^/\s]+) \(([\d.]+ ?[kMG]?B)\)")
    _raw = re.compile(r"Progress (\d+) of (\d+)")

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._package = ""

    def follow(self, line: str) -> None:
        line = line.strip()
        if found := self._download.match(line):
            if not found[1].endswith(".metadata"):
                self._package = "  " + re.sub(r"^(.+?)-(\d[^-]*?)(-.*|\.tar\.gz|\.zip)$", r"\1 \2", found[1])
                self._terminal.line(f"{self._package} ({found[2]})")
        elif found := self._raw.match(line):
            done, total = int(found[1]), int(found[2])
            if done < total:
                self._terminal.passing(f"{self._package}: {megabytes(done)} of {megabytes(total)}")
        elif line.startswith("Collecting "):
            self._terminal.passing(f"  looking for {line.split()[1]}")
        elif line.startswith("Installing collected packages: "):
            self._terminal.line(f"  putting {line.count(',') + 1} packages in place")


def run_following(
    command: list[str], follow: Callable[[str], None], folder: Path | None = None, path: str | None = None
) -> tuple[int, str]:
    """Run a command (in `folder`, with the search path `path`) and hand each line of its output to `follow`.

    Returns its exit status and its last lines. An interruption ends the command too.
    """
    tail: deque[str] = deque(maxlen=60)
    environment = os.environ if path is None else {**os.environ, "PATH": path}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                tail.append(line)
                follow(line)
        except BaseException:
            process.kill()
            raise
    return process.returncode, "".join(tail)


_CAUSES = (
    (
        r"No space left on device|Errno 28\b|ENOSPC|not enough space",
        "The disk is full: make room and start again.",
    ),
    (
        r"NewConnectionError|NameResolutionError|Temporary failure in name resolution|Failed to establish|"
        r"ConnectTimeout|ReadTimeout|Read timed out|ConnectionReset|Connection refused|Network is unreachable|"
        r"ProxyError|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|SSLError|CERTIFICATE_VERIFY_FAILED",
        "The package index cannot be reached: connect to the internet (or set up the proxy) and start again.",
    ),
    (
        r"No matching distribution found|requires a different Python",
        "The package index has none that fits this machine and this Python. Python 3.11 to 3.13 in 64 bits will do; "
        "if this is one, check the connection to the internet.",
    ),
    (r"Permission denied|EACCES", "The folder cannot be written: check who owns it and start again."),
    (
        r"No module named pip\b",
        "This Python environment has no pip: install it (python3 -m ensurepip), or start outside it.",
    ),
)


def advice_on(output: str) -> str:
    """What a failed pip or npm run means and what to do; empty where that is not known."""
    return next((text for pattern, text in _CAUSES if re.search(pattern, output)), "")


def explain_failure(output: str) -> str:
    """The advice, followed by the last lines of the output."""
    advice = advice_on(output) or "Start again; its last lines were:"
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    return "\n  | ".join([advice, *lines[-6:]])

"""Templora's two commands: `python3 app.py` opens the writing desk, `python3 app.py test` checks the program.

Both first set up what is missing: a virtual environment, the requirements, the editor, the starter model. Until that is
done only the standard library is imported, and nothing slow is imported before the desk answers.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the lines that an older Python must be able to read
    sys.stderr.write("Templora needs Python 3.11 or newer; this is Python {}.{}.\n".format(*sys.version_info))
    sys.exit(2)

import argparse
import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

from templora import __version__, models, shelf, weights
from templora.bootstrap import Terminal, prepare
from templora.bundle import ensure_bundle, find_node
from templora.errors import SetupError, TemploraError
from templora.progress import Report

ROOT = Path(__file__).resolve().parent


class Parser(argparse.ArgumentParser):
    """A bad argument gets one line, not the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: list[str]) -> int:
    """Run one of the two commands; returns the exit status: 2 for what the message tells how to mend."""
    terminal = Terminal(sys.stdout)
    try:
        if arguments[:1] == ["test"]:
            return test(arguments[1:], terminal)
        return serve(arguments, terminal)
    except TemploraError as error:
        terminal.line("")
        print(f"app.py: {error.message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        terminal.line("")
        print("Interrupted. The next start goes on from here.", file=sys.stderr)
        return 130


def serve(arguments: list[str], terminal: Terminal) -> int:
    """Set up and open the desk."""
    parser = Parser(
        prog="app.py",
        description="A writing desk whose language model remembers the book.",
        epilog="app.py test [--long] [pytest arguments]   check the program: lint, types, tests",
    )
    parser.add_argument("--data", type=folder, metavar="DIR", help="where the books are kept (default: per user)")
    parser.add_argument("--models", type=folder, metavar="DIR", help="where base models are kept (default: per user)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=port, default=7860, help="port to listen on (default: 7860)")
    parser.add_argument(
        "--model",
        type=model,
        metavar="ID_OR_PATH",
        help="owner/name on the hub, a folder, or a .gguf file (default: the one chosen in the desk, at first "
        f"{models.STARTER})",
    )
    parser.add_argument(
        "--lean", action="store_true", help="write with one set of weights: more slowly, in less memory"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    where.add_argument(
        "--desktop",
        action="store_true",
        help="open the desk in a window of its own, by Chromium, Chrome, Edge, Brave or Vivaldi; closing the window "
        "ends the desk, and nothing is lost",
    )
    parser.add_argument(
        "--restore-backup",
        metavar="NAME",
        help="put a backup in the place of a damaged database, and end: the name of its file, or 'newest'",
    )
    parser.add_argument("--version", action="version", version=f"Templora {__version__}")
    options = parser.parse_args(arguments)

    prepare(ROOT, ROOT / "requirements.txt", terminal)
    import platformdirs

    data: Path = options.data or platformdirs.user_data_path("templora", appauthor=False)
    if options.restore_backup is not None:
        from storage.rescue import put_back

        for line in put_back(data, options.restore_backup):
            terminal.line(line)
        return 0
    ensure_bundle(ROOT, terminal)
    models_dir: Path = options.models or models.default_folder()
    chosen: str = options.model or shelf.chosen(models_dir)
    if chosen == models.STARTER and models.locate(models.STARTER, models_dir) is None:
        try:
            models.fetch_starter(models_dir, reporting(terminal))
        except TemploraError as error:  # writing does not need the model, and its process will try again
            terminal.line(f"{error.message}\nThe desk opens without a model.")
    from ui.server import run

    show = "window" if options.desktop else "nowhere" if options.no_browser else "browser"
    return run(data, models_dir, options.host, options.port, chosen, options.lean, show)


def test(arguments: list[str], terminal: Terminal) -> int:
    """Set up and check everything: lint, format, types, tests. What is left of the arguments goes to pytest."""
    parser = Parser(prog="app.py test", description="Check the program: lint, types, tests.")
    parser.add_argument("--long", action="store_true", help="also the tests that take minutes")
    options, rest = parser.parse_known_args(arguments)

    prepare(ROOT, ROOT / "requirements-dev.txt", terminal)
    ensure_bundle(ROOT, terminal)
    models_dir = Path(os.environ.get("TEMPLORA_MODELS") or models.default_folder())
    if models.locate(models.STARTER, models_dir) is None:
        models.fetch_starter(models_dir, reporting(terminal))
        terminal.line("Converting the starter model")
        subprocess.run([sys.executable, "-c", _CONVERT, str(models_dir)], check=True, cwd=ROOT)
    chromium = find_chromium(terminal)
    terminal.line(f"Browser tests use {chromium}")
    environment = {
        **os.environ,
        "TEMPLORA_MODELS": str(models_dir),
        "TEMPLORA_CHROMIUM": chromium,
        "PATH": find_node(ROOT, terminal).path(),
    }
    python = [sys.executable, "-m"]
    for check in (
        [*python, "ruff", "check", "."],
        [*python, "ruff", "format", "--check", "."],
        [*python, "pyright", "--pythonpath", sys.executable],
        [*python, "pytest", *(["--long"] if options.long else []), *rest],
    ):
        terminal.line(f"\n$ {' '.join(check[2:])}")
        status = subprocess.run(check, check=False, cwd=ROOT, env=environment).returncode
        if status:
            return status
    return 0


_CONVERT = """
import sys
from pathlib import Path
from templora import models
models.ensure(models.STARTER, Path(sys.argv[1]), lambda state, message, progress: None)
"""


def reporting(terminal: Terminal) -> Report:
    """Shows a model's download on the terminal: a line when it begins, a percentage while it lasts."""
    begun = False

    def report(state: str, message: str, progress: float | None) -> None:
        nonlocal begun
        if not begun:
            terminal.line(message)
            begun = True
        terminal.passing(f"  {message}" + ("" if progress is None else f" ({progress:.0%})"))

    return report


def find_chromium(terminal: Terminal) -> str:
    """The browser for the tests: $TEMPLORA_CHROMIUM, else one on the PATH, else one that Playwright fetches."""
    given = os.environ.get("TEMPLORA_CHROMIUM")
    if given:
        if not runs(given):
            raise SetupError(f"TEMPLORA_CHROMIUM names {given}, which does not run.")
        return given
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found and runs(found):
            return found
    terminal.line("No Chromium on this system: Playwright fetches one")
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    query = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    fetched = subprocess.run([sys.executable, "-c", query], check=False, capture_output=True, text=True).stdout.strip()
    if fetched and runs(fetched):
        return fetched
    raise SetupError(
        "The browser tests need Chromium: none was found, and Playwright could not fetch one that runs. Install it "
        "(Debian: sudo apt install chromium), or name its program in TEMPLORA_CHROMIUM."
    )


def runs(program: str) -> bool:
    """Whether a browser starts: some systems have a placeholder of its name."""
    try:
        return subprocess.run([program, "--version"], check=False, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def folder(value: str) -> Path:
    """An argument that names a folder, which may have to be made."""
    path = Path(value).expanduser().absolute()
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    if not there.is_dir():
        raise argparse.ArgumentTypeError(f"{there} is a file, not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"the folder {there} cannot be written")
    return path


def port(value: str) -> int:
    """An argument that names a port."""
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise argparse.ArgumentTypeError(f"{value} is no port: give a number from 1 to 65535")
    return int(value)


def model(value: str) -> str:
    """An argument that names a model; what can be known without looking far is checked at once."""
    try:
        kind, name = models.kind_of(value)
        if kind == "folder":
            weights.weights_in(Path(name))
    except TemploraError as error:
        raise argparse.ArgumentTypeError(error.message) from error
    return name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

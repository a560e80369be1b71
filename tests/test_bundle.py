"""The editor is built where it has to be, by a Node.js that is found or fetched."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from templora import bundle
from templora.bootstrap import Terminal
from templora.errors import SetupError
from tests.terminals import Screen


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """A tiny editor whose build copies its source, with an npm that needs no network (no dependencies)."""
    folder = tmp_path / "ui" / "editor"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.js").write_text("console.log('one')\n")
    copy = "require('fs').cpSync('src/main.js', 'dist/editor.js', {recursive: true})"
    package = {"name": "tiny", "version": "1.0.0", "scripts": {"build": f'node -e "{copy}"'}}
    (folder / "package.json").write_text(json.dumps(package))
    lock = {"name": "tiny", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": package | {"scripts": {}}}}
    (folder / "package-lock.json").write_text(json.dumps(lock))
    return folder


def test_the_editor_is_built_once_and_again_when_its_sources_change(
    editor: Path, tmp_path: Path, terminal: Terminal, screen: Screen
) -> None:
    bundle.ensure_bundle(tmp_path, terminal)
    assert (editor / "dist" / "editor.js").read_text() == "console.log('one')\n"
    shown = screen.getvalue()
    assert "Building the editor" in shown
    os.utime(editor / "src" / "main.js")  # a newer time alone is no change
    bundle.ensure_bundle(tmp_path, terminal)
    assert screen.getvalue() == shown
    (editor / "src" / "main.js").write_text("console.log('two')\n")
    bundle.ensure_bundle(tmp_path, terminal)
    assert (editor / "dist" / "editor.js").read_text() == "console.log('two')\n"


def test_a_build_that_fails_says_so_and_is_tried_again(editor: Path, tmp_path: Path, terminal: Terminal) -> None:
    (editor / "src" / "main.js").rename(editor / "src" / "away.js")
    for _ in range(2):
        with pytest.raises(SetupError, match="The editor could not be built"):
            bundle.ensure_bundle(tmp_path, terminal)


def test_without_node_one_is_fetched_and_the_failure_explained(
    editor: Path, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(SetupError, match=r"Node\.js, which builds the editor, could not be fetched"):
        bundle.ensure_bundle(tmp_path, terminal)


def test_an_old_node_is_not_used(tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("node", "#!/bin/sh\necho v16.20.0\n"), ("npm", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "build" / "node").mkdir(parents=True)  # as if fetched before
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert bundle.find_node(tmp_path, terminal).folder.is_relative_to(tmp_path / "build" / "node")
    (tmp_path / "node").write_text("#!/bin/sh\necho v18.0.0\n")
    assert bundle.find_node(tmp_path, terminal).folder == tmp_path

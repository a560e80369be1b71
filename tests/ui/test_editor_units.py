"""The editor's pure parts are tested in their own language; this runs those tests with the others."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.ui.conftest import EDITOR, node_tool


def test_the_editors_own_tests_pass(node_modules: Path) -> None:
    done = subprocess.run([node_tool("npm"), "test"], cwd=EDITOR, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"pass [1-9]", done.stdout), "no test was found"


def test_the_lock_file_names_no_registry(node_modules: Path) -> None:
    assert '"resolved"' not in (EDITOR / "package-lock.json").read_text()

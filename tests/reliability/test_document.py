"""docs/reliability.md promises nothing that no test shows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_test_that_it_names_exists() -> None:
    assert len(NAMED) > 40
    missing = [f"{path}::{name}" for path, name in NAMED if name and name not in functions_of(ROOT / path)]
    assert missing == []
    assert all((ROOT / path).is_file() for path, _ in NAMED)


def test_each_promise_names_a_test() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "|---" not in line]
    promises = [row for row in rows if not row.startswith("| what happens |")]
    assert len(promises) > 30
    without = [row for row in promises if "tests/" not in row and "| the same |" not in row]
    assert without == []


def test_every_test_of_reliability_stands_for_a_promise() -> None:
    """But for those of this document."""
    here = {
        (f"tests/reliability/{path.name}", name)
        for path in Path(__file__).parent.glob("test_*.py")
        if path != Path(__file__)
        for name in functions_of(path)
        if name.startswith("test_")
    }
    assert here - set(NAMED) == set()

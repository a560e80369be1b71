"""Who may import whom: ui → templora.studio and the rooms beside it → {storage, templora.engine}; never back."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MODEL_LIBRARIES = {"torch", "transformers", "peft", "accelerate", "gguf", "safetensors"}
MODEL_ROOMS = {
    "adapter",
    "merged",
    "datastore",
    "int8",
    "learner",
    "states",
    "samplers",
    "drawing",
    "generator",
    "embedded",
    "worker",
    "models",
    "convert",
}
SQL = {"sqlite3", "sqlite_utils", "pysqlite3"}
STUDIO_ROOMS = {
    "studio",
    "learning",
    "writing",
    *("gathering", "bible"),
    "takes",
    "library",
    "books",
    "meter",
    "keeping",
    "schedule",
    *("safety", "texts", "keeper"),
    *("leaving", "memories"),
    "reports",
    "sample",
    *("tools", "find"),
    "bookwide",
    *("checking", "shelf", "presets"),
}
"""The verbs and their helpers: where text, memory and engine meet."""
SETUP_ROOMS = {"bootstrap", "bundle", "requirements", "progress", "errors", "engine", "__init__"}
"""What runs before anything is installed."""


def sources(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts)


def names_of(path: Path) -> set[str]:
    """Every module that a file imports anywhere in it, in full: `from a import b` gives `a` and `a.b`."""
    package = path.relative_to(ROOT).parent.parts
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def imports_at_top(path: Path) -> Iterator[ast.stmt]:
    """The imports that run when the module is imported: those outside functions and `if TYPE_CHECKING`."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def rooms(imported: set[str], package: str) -> set[str]:
    """The modules of one of our packages among imported names: {'errors', 'studio'}."""
    there = {path.stem for path in (ROOT / package).glob("*.py")} | {
        path.parent.name for path in (ROOT / package).glob("*/__init__.py")
    }
    parts = [name.split(".") for name in imported]
    return {part[1] for part in parts if part[0] == package and len(part) > 1 and part[1] in there}


def tops(imported: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in imported}


def identity(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", sources("storage"), ids=identity)
def test_storage_knows_no_engine_and_no_page(path: Path) -> None:
    imported = names_of(path)
    assert not tops(imported) & (MODEL_LIBRARIES | {"gradio", "fastapi", "ui"})
    assert rooms(imported, "templora") <= {"errors"}


@pytest.mark.parametrize("path", sources("templora"), ids=identity)
def test_the_engine_knows_no_sql_and_no_page(path: Path) -> None:
    imported = names_of(path)
    room = path.relative_to(ROOT / "templora").parts[0].removesuffix(".py")
    assert not tops(imported) & ({"gradio", "fastapi", "ui"} | SQL)
    if room == "bench":
        assert rooms(imported, "storage") <= {"formats"}  # joins hard-wrapped lines as an import does
    elif room not in STUDIO_ROOMS:
        assert "storage" not in tops(imported)
        assert not rooms(imported, "templora") & STUDIO_ROOMS
    if room not in MODEL_ROOMS | {"bench"}:
        assert not tops(imported) & MODEL_LIBRARIES


@pytest.mark.parametrize("path", sources("ui"), ids=identity)
def test_the_page_knows_neither_sql_nor_torch(path: Path) -> None:
    imported = names_of(path)
    assert not tops(imported) & (SQL | MODEL_LIBRARIES)
    assert rooms(imported, "templora") <= STUDIO_ROOMS | {"errors", "config", "engine", "names", "reading", "verbs"}
    assert rooms(imported, "storage") <= {"records"}  # the plain rows that the Studio hands out


@pytest.mark.parametrize("room", sorted(SETUP_ROOMS))
def test_what_runs_before_the_setup_needs_the_standard_library_only(room: str) -> None:
    allowed = sys.stdlib_module_names | {"templora"}
    imported = names_of(ROOT / "templora" / f"{room}.py")
    assert tops(imported) <= allowed
    assert rooms(imported, "templora") <= SETUP_ROOMS


@pytest.mark.parametrize(
    "path",
    [ROOT / "app.py", *(ROOT / "templora" / f"{m}.py" for m in ("models", "hub", "starter", "weights", "convert"))],
    ids=identity,
)
def test_the_two_commands_start_with_the_standard_library_only(path: Path) -> None:
    for node in imports_at_top(path):
        named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]  # pyright: ignore
        assert tops(set(named)) <= sys.stdlib_module_names | {"templora"}


def test_the_studio_and_the_routes_start_without_torch_and_gradio() -> None:
    code = (
        "import sys, templora.studio, templora.client, ui.server;"
        "print({'torch', 'transformers', 'gradio'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert ran.stdout == "set()\n"

"""Which requirements are met, read without any library."""

from __future__ import annotations

from pathlib import Path

import pytest

from templora import requirements

ROOT = Path(__file__).parents[1]
VARIABLES = {
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "python_version": "3.11",
    "python_full_version": "3.11.7",
}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_this_environment_satisfies_our_own_files(name: str) -> None:
    assert len(list(requirements.read(ROOT / name))) > 15
    assert requirements.unmet(ROOT / name) == []


def test_missing_and_other_versions_are_named(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("pytest>=1.0\nno-such-package-here==1.0  # a comment\n")
    (tmp_path / "dev.txt").write_text("# all of it\n-r base.txt\npytest==0.0.1\nnot-here; python_version < '3'\n\n")
    assert requirements.unmet(tmp_path / "dev.txt") == ["no-such-package-here", "pytest"]


def test_a_line_that_is_not_understood_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "odd.txt").write_text("pytest~=9.0\n")
    with pytest.raises(ValueError, match=r"pytest~=9\.0"):
        list(requirements.read(tmp_path / "odd.txt"))


@pytest.mark.parametrize(
    ("pin", "installed", "met"),
    [
        ("==2.13.0", "2.13.0", True),
        ("==2.13.0", "2.13.0+cpu", True),
        ("==2.13.0+cu128", "2.13.0+cpu", False),
        ("==2.13.0", "2.13.1", False),
        ("==2.13.0", None, False),
        (">=1.10", "1.9.9", False),
        (">=1.10", "1.10.0", True),
        (">=1.10.0", "1.10", True),
        (">=1.10", "2.0rc1", True),
        ("", "0.1", True),
        ("", None, False),
    ],
)
def test_versions_are_compared_as_versions(pin: str, installed: str | None, met: bool, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(f"thing{pin}\n")
    (requirement,) = requirements.read(tmp_path / "one.txt")
    assert requirement.met_by(installed) is met


@pytest.mark.parametrize(
    ("marker", "truth"),
    [
        ('platform_system == "Linux" and platform_machine == "x86_64"', True),
        ("platform_system == 'Windows' or platform_machine == 'x86_64'", True),
        ("platform_system == 'Windows' and platform_machine == 'x86_64'", False),
        ("python_version >= '3.9'", True),  # as versions: as text, '3.11' < '3.9'
        ("python_version<'3.9'", False),
        ("'3.11.2' <= python_full_version", True),
        ("sys_platform != 'win32' and (os_name == 'nt' or python_version > '3.10')", True),
        ("(os_name == 'nt' or os_name == 'posix') and sys_platform == 'darwin'", False),
        ("platform_machine in 'x86_64 aarch64'", True),
        ("platform_machine not in 'x86_64 aarch64'", False),
        ("os_name == 'nt' and os_name == 'nt' or sys_platform == 'linux'", True),
    ],
)
def test_markers_are_evaluated(marker: str, truth: bool) -> None:
    assert requirements.evaluate(marker, VARIABLES) is truth


@pytest.mark.parametrize("marker", ["os_name ==", "no_such == 'x'", "os_name == 'posix' junk", "(os_name == 'x'", "@"])
def test_a_marker_that_is_not_understood_is_an_error(marker: str) -> None:
    with pytest.raises(ValueError, match="not understood"):
        requirements.evaluate(marker, VARIABLES)

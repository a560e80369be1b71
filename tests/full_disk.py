"""Disks that are really full: a small file system in memory, and, which needs no rights, a limit on file sizes."""

from __future__ import annotations

import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = 1024 * 1024


def mount(folder: Path) -> bool:
    try:
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], check=True)


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        if mount(Path(folder)):
            unmount(Path(folder))
            return True
        return False


def limit_file_size(size: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def file_size_limit() -> Iterator[None]:
    soft, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit_file_size(SIZE)
    try:
        yield
    finally:
        limit_file_size(soft)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    assert mount(folder)
    try:
        yield
    finally:
        unmount(folder)


def fill(disk: str, folder: Path) -> None:
    if disk == "file size limit":
        limit_file_size(0)
    else:
        with pytest.raises(OSError), (folder / "ballast").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024))


def make_room(disk: str, folder: Path) -> None:
    if disk == "file size limit":
        limit_file_size(resource.RLIM_INFINITY)
    else:
        subprocess.run(["mount", "-o", f"remount,size={16 * SIZE}", str(folder)], check=True)


WAYS = ["file size limit", "small disk"] if can_mount() else ["file size limit"]


@contextmanager
def disk_of(way: str, folder: Path) -> Iterator[None]:
    """One of `WAYS`, for the data folder `folder`."""
    with file_size_limit() if way == "file size limit" else small_disk(folder):
        yield

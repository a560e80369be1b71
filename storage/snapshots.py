"""Adapter files and their lineage. A file counts from the transaction that names it: a crash leaves orphans only.

projects/<id>/staging/    what the model process is writing
projects/<id>/objects/    <sha256>.safetensors, never changed; equal bytes are one file
"""

from __future__ import annotations

import json
import math
import secrets
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storage.database import Store, disk_errors
from storage.files import digest, make_folder, sync_file, sync_folder
from storage.records import Discarded, Lesson, Snapshot
from templora.errors import NotFound, SnapshotDamaged, StorageError

PACE_LESSONS = 20

_SNAPSHOT = "SELECT id, project, chain, n_chunks, sha256, bytes, numerics, created_at FROM snapshots"
_LESSON = """SELECT project, chain, parent, tokens, base_loss, memory_loss, x'' AS base_losses, x'' AS memory_losses,
    seconds, created_at, digest FROM lessons"""


class Snapshots:
    """Snapshots and lessons of all projects. All methods may be called from any thread."""

    def __init__(self, store: Store, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._projects = folder / "projects"
        self._clock = clock
        # Between a file's arrival and the row that names it nobody may clean up.
        self._lock = threading.RLock()

    # --- in ---

    def stage_path(self, project: str) -> Path:
        """A new name for a file to write and then `commit`. What never gets there is swept at the next start."""
        staging = self._projects / project / "staging"
        with disk_errors(staging):
            make_folder(staging)
        return staging / f"{secrets.token_hex(8)}.safetensors"

    def commit(
        self, project: str, staged: Path, chain: str, n_chunks: int, sha256: str, numerics: Mapping[str, object]
    ) -> Snapshot:
        """Take in a staged file whose SHA-256 (hex) was said to be `sha256`; it is the project's head from then on.

        It takes the place of an earlier snapshot with the same chain. Raises `SnapshotDamaged` where the file is not
        what was said, `NotFound` without the project, `DiskFull`, `StorageError`; then nothing has changed.
        """
        objects = self._projects / project / "objects"
        with self._lock:
            try:
                size = _verify(staged, sha256)
                with disk_errors(objects):
                    make_folder(objects)
                    sync_file(staged)
                    staged.replace(self._object(project, sha256))
                    sync_folder(objects)
                snapshot = self._insert(project, chain, n_chunks, sha256, size, json.dumps(numerics, sort_keys=True))
            except (StorageError, NotFound):
                _remove(staged)
                self._clean(project)
                raise
            self._clean(project)
            return snapshot

    def _insert(self, project: str, chain: str, n_chunks: int, sha256: str, size: int, numerics: str) -> Snapshot:
        with self._store.transaction() as sql:
            if sql.first("SELECT 1 FROM projects WHERE id = ?", project) is None:
                raise NotFound("The book of this memory has been deleted.")
            last = sql.all("SELECT coalesce(max(number), -1) AS number FROM snapshots WHERE project = ?", project)[0]
            sql.run("DELETE FROM snapshots WHERE project = ? AND chain = ?", project, chain)
            row = {
                "project": project,
                "chain": chain,
                "n_chunks": n_chunks,
                "sha256": sha256,
                "bytes": size,
                "numerics": numerics,
                "created_at": self._clock(),
            }
            id = sql.insert("snapshots", {**row, "number": last["number"] + 1})
            return Snapshot(**sql.all(f"{_SNAPSHOT} WHERE id = ?", id)[0])

    def record_lesson(self, lesson: Lesson) -> None:
        """Store what was learnt, in place of an earlier lesson with the same chain."""
        with self._store.transaction() as sql:
            sql.run("DELETE FROM lessons WHERE project = ? AND chain = ?", lesson.project, lesson.chain)
            sql.insert("lessons", vars(lesson))

    # --- out ---

    def all(self, project: str) -> list[Snapshot]:
        """The project's snapshots in the order of their commits: the last one is the head."""
        with self._store.read() as rows:
            return [Snapshot(**row) for row in rows.all(f"{_SNAPSHOT} WHERE project = ? ORDER BY number", project)]

    def path(self, snapshot: Snapshot) -> Path:
        """Where the snapshot's file lies, after reading it through. Raises `SnapshotDamaged` where it has changed or is
        gone, `StorageError` where it cannot be read just now."""
        path = self._object(snapshot.project, snapshot.sha256)
        _verify(path, snapshot.sha256, snapshot.bytes)
        return path

    def lessons(self, project: str) -> dict[str, Lesson]:
        """By the chain that each led to, in the order in which they were learnt; their losses by token are left out."""
        with self._store.read() as rows:
            found = rows.all(f"{_LESSON} WHERE project = ? ORDER BY created_at, rowid", project)
        return {row["chain"]: Lesson(**row) for row in found}

    def parents(self, project: str) -> dict[str, tuple[str, str]]:
        """For the chain that each lesson led to: (the chain before it, the digest of the chunk that was learnt)."""
        with self._store.read() as rows:
            found = rows.all("SELECT chain, parent, digest FROM lessons WHERE project = ?", project)
        return {row["chain"]: (row["parent"], row["digest"]) for row in found}

    def token_losses(self, project: str, chain: str) -> tuple[list[float], list[float]]:
        """(base, memory): losses in nats of each token of a chunk, before it was learnt. Raises `NotFound`."""
        with self._store.read() as rows:
            row = rows.first(
                "SELECT base_losses, memory_losses FROM lessons WHERE project = ? AND chain = ?", project, chain
            )
        if row is None:
            raise NotFound("This passage has not been learnt.")
        return _floats(row["base_losses"]), _floats(row["memory_losses"])

    def pace(self) -> float | None:
        """Seconds of learning a token, by the latest lessons of all projects; None before the first."""
        with self._store.read() as rows:
            row = rows.all(
                """SELECT sum(seconds) / sum(tokens) AS pace FROM
                   (SELECT seconds, tokens FROM lessons ORDER BY created_at DESC LIMIT ?)""",
                PACE_LESSONS,
            )[0]
        return row["pace"]

    # --- away ---

    def thin(self, project: str, tips: set[str], chapter_starts: set[str]) -> None:
        """Delete the snapshots that `keep` does not name, with the project's `disk_bytes` as the budget."""
        with self._lock:
            with self._store.transaction() as sql:
                rows = sql.all("SELECT id, number, chain, sha256, bytes FROM snapshots WHERE project = ?", project)
                budget = sql.all("SELECT disk_bytes FROM projects WHERE id = ?", project)
                budget_bytes = budget[0]["disk_bytes"] if budget else 0
                kept = keep([Commit(**row) for row in rows], budget_bytes, tips, chapter_starts)
                for row in rows:
                    if row["id"] not in kept:
                        sql.run("DELETE FROM snapshots WHERE id = ?", row["id"])
            self._clean(project)

    def remove(self, snapshot: Snapshot) -> None:
        """Let go of one that is of no use."""
        with self._lock:
            with self._store.transaction() as sql:
                sql.run("DELETE FROM snapshots WHERE id = ?", snapshot.id)
            self._clean(snapshot.project)

    def prune(self, project: str, held: set[str]) -> None:
        """Delete the lessons that no snapshot and no memory in the process (`held`, chains) goes back to."""
        with self._lock, self._store.transaction() as sql:
            rows = sql.all("SELECT chain, parent FROM lessons WHERE project = ?", project)
            parents = {row["chain"]: row["parent"] for row in rows}
            heads = [row["chain"] for row in sql.all("SELECT chain FROM snapshots WHERE project = ?", project)]
            for chain in set(parents) - _reachable([*heads, *held], parents):
                sql.run("DELETE FROM lessons WHERE project = ? AND chain = ?", project, chain)

    def keep_only(self, project: str, chains: set[str]) -> Discarded:
        """Delete every snapshot and lesson whose chain is not among `chains`, with their files, what was half written,
        and their traces in the database's log. Raises `StorageError` where something is left.
        """
        with self._lock:
            before = self._sizes(project)
            counts: dict[str, int] = {}
            # Rows first: after a crash nothing refers to a file that is gone, and the files left are swept.
            with self._store.transaction() as sql:
                for table in ("snapshots", "lessons"):
                    found = {row["chain"] for row in sql.all(f"SELECT chain FROM {table} WHERE project = ?", project)}
                    counts[table] = len(found - chains)
                    for chain in found - chains:
                        sql.run(f"DELETE FROM {table} WHERE project = ? AND chain = ?", project, chain)
                named = {row["sha256"] for row in sql.all("SELECT sha256 FROM snapshots WHERE project = ?", project)}
            kept = {self._object(project, sha256) for sha256 in named}
            for path in before.keys() - kept:
                _remove(path)
            for folder in {path.parent for path in before}:
                with disk_errors(folder):
                    sync_folder(folder)
            self._store.scrub()
            left = self._sizes(project).keys()
            if left - kept:
                raise StorageError(
                    f"Not all of the memory could be deleted; {min(left - kept)} is still there. Try again."
                )
        gone = before.keys() - left
        return Discarded(len(gone), sum(before[path] for path in gone), counts["snapshots"], counts["lessons"])

    def _sizes(self, project: str) -> dict[Path, int]:
        """Every file of the project's memory, with its bytes. Raises `StorageError`."""
        folder = self._projects / project
        with disk_errors(folder):
            return {path: path.stat().st_size for name in ("objects", "staging") for path in _files(folder / name)}

    def sweep(self) -> None:
        """At the start, before anything is staged: delete the files that a crash left behind. Raises `StorageError`."""
        with self._lock:
            with disk_errors(self._projects):
                projects = [path.name for path in self._projects.iterdir()] if self._projects.is_dir() else []
            for project in projects:
                for path in _files(self._projects / project / "staging"):
                    _remove(path)
                self._clean(project)

    def _clean(self, project: str) -> None:
        """Delete the objects that no row names."""
        with self._store.read() as rows:
            named = {row["sha256"] for row in rows.all("SELECT sha256 FROM snapshots WHERE project = ?", project)}
        with suppress(StorageError):  # as for `_remove`
            for path in _files(self._projects / project / "objects"):
                if path.stem not in named:
                    _remove(path)

    def _object(self, project: str, sha256: str) -> Path:
        return self._projects / project / "objects" / f"{sha256}.safetensors"


@dataclass(frozen=True)
class Commit:
    """What `keep` goes by. `number` counts the commits of a project from 0, those that were thinned out too."""

    id: int
    number: int
    chain: str
    sha256: str
    bytes: int


def keep(commits: Sequence[Commit], budget_bytes: int, tips: set[str], chapter_starts: set[str]) -> set[int]:
    """Ids of the snapshots to keep: always the head, and inside the budget (which counts equal files once)

    - those whose chain is in `tips`: the newest of each memory in use, and the one a rebuild would go on from;
    - one for each doubling of the distance to the head: 1 commit back, 2 to 3, 4 to 7, 8 to 15 …; the nearest first;
    - those whose chain is in `chapter_starts`, the newest first.

    Which one of 2^k to 2^(k+1)-1 back must not change from commit to commit, or none would live to be 2^(k+1) back: it
    is the one whose number is a multiple of 2^k. There is exactly one, and it was kept in every nearer range too.
    """
    newest_first = sorted(commits, key=lambda commit: commit.number, reverse=True)
    head = newest_first[:1]
    ranges: dict[int, list[Commit]] = {}
    for commit in newest_first[1:]:
        ranges.setdefault((head[0].number - commit.number).bit_length(), []).append(commit)
    doublings = [max(commits, key=_roundness) for commits in ranges.values()]
    firm = [commit for commit in newest_first if commit.chain in tips]
    starts = [commit for commit in newest_first if commit.chain in chapter_starts]
    kept: set[int] = set()
    files: dict[str, int] = {}
    for commit in [*head, *firm, *doublings, *starts]:
        with_it = files | {commit.sha256: commit.bytes}
        if commit in head or sum(with_it.values()) <= budget_bytes:
            kept.add(commit.id)
            files = with_it
    return kept


def _roundness(commit: Commit) -> float:
    """The largest power of two that divides the commit's number."""
    return commit.number & -commit.number or math.inf


def _reachable(heads: Iterable[str], parents: Mapping[str, str]) -> set[str]:
    """The chains that lead to `heads`, and these."""
    found: set[str] = set()
    for head in heads:
        chain = head
        while chain in parents and chain not in found:
            found.add(chain)
            chain = parents[chain]
    return found


def _files(folder: Path) -> list[Path]:
    """Raises `StorageError`."""
    with disk_errors(folder):
        return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _remove(path: Path) -> None:
    # A file that cannot be deleted now takes room but is of no harm: it is tried again at the next start.
    with suppress(OSError):
        path.unlink()


def _verify(path: Path, sha256: str, size: int | None = None) -> int:
    """The size of a file, in bytes, once its SHA-256 is found to be as said.

    Raises `SnapshotDamaged` where it is not, or the file is gone; `StorageError` where it cannot be read just now.
    """
    try:
        actual = path.stat().st_size
        sound = size in {None, actual} and digest(path) == sha256
    except FileNotFoundError as error:
        raise SnapshotDamaged(f"A file of the memory is gone ({path}); what it held will be learnt again.") from error
    except OSError as error:
        raise StorageError(
            f"A file of the memory cannot be read ({path}: {error.strerror}). It is kept; try again. If that does not "
            "help, check the disk, or discard the memory: it can be learnt again from the book."
        ) from error
    if not sound:
        raise SnapshotDamaged(f"A file of the memory is not what was stored ({path}); it will not be used.")
    return actual


def _floats(blob: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(blob) // 4}f", blob))

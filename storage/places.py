"""Where the books lie: a folder that a program keeps in sync, or a disk of another computer, can spoil a database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

import psutil

_SYNCED_NAMES = (
    ("Dropbox", r"Dropbox(-.+| \(.+\))?"),
    ("OneDrive", r"OneDrive(-.+| - .+)?"),
    ("iCloud Drive", r"Mobile Documents|iCloud ?Drive|com~apple~CloudDocs"),
    ("Google Drive", r"Google ?Drive(-.+| \(.+\))?|My Drive"),
    ("Nextcloud", r"Nextcloud\d*"),
    ("ownCloud", r"ownCloud\d*"),
    ("pCloud", r"pCloud ?(Drive|Sync)"),
    ("MEGA", r"MEGA(sync)?( Sync| Downloads)?"),
    ("Box", r"Box( Sync|-Box)?"),
    ("Proton Drive", r"Proton ?Drive(-.+)?"),
    ("Seafile", r"Seafile"),
    ("Synology Drive", r"Synology ?Drive"),
    ("Yandex Disk", r"Yandex\.Disk"),
    ("a cloud drive", r"CloudStorage"),
)
"""What the programs name their folders, by default: parts of a path, in their own spelling."""
_MARKS = (
    ("Dropbox", ".dropbox.cache"),
    ("Google Drive", ".tmp.drivedownload"),
    ("Google Drive", ".tmp.driveupload"),
    ("Nextcloud or ownCloud", ".nextcloudsync.log"),
    ("Nextcloud or ownCloud", ".owncloudsync.log"),
    ("Nextcloud or ownCloud", ".sync_*.db"),
    ("Nextcloud or ownCloud", "._sync_*.db"),
    ("Syncthing", ".stfolder"),
    ("MEGA", ".megaignore"),
    ("Seafile", ".seafile-data"),
    ("Synology Drive", ".SynologyWorkingDirectory"),
    ("Resilio Sync", ".sync/ID"),
)
"""What the programs put into a folder that they keep in sync, whatever its name."""
_NETWORK = re.compile(
    r"nfs\d*|cifs|smb.*|afpfs|afs|ncpfs|coda|9p|ceph|glusterfs|lustre|gpfs|beegfs|webdav|davfs\d*|sshfs|virtiofs|vboxsf"
    r"|prl_fs|fuse\.(sshfs|davfs\d*|rclone|s3fs|gcsfuse|gvfsd-fuse|kio-fuse|ceph|ceph-fuse|glusterfs|smbnetfs|curlftpfs"
    r"|vmhgfs-fuse|google-drive-ocamlfuse)"
)
"""File systems that another computer, or the host of a virtual machine, serves. Disks over USB are none of them."""

_REMEDY = (
    "Better: open the desk with --data and a folder on this computer's own disk, and copy the books there first. The "
    "folders backups and projects/*/book may be synced."
)


@dataclass(frozen=True)
class Mount:
    """Where a file system begins; `kind` as the system names it; `options` as it lists them."""

    point: str
    kind: str
    options: str


def warnings(data: Path, mounts: Sequence[Mount] | None = None) -> list[str]:
    """What the writer should know of the place of a data folder. `mounts`: the system's own by default."""
    found: list[str] = []
    program = synced_by(data)
    if program is not None:
        found.append(
            f"Your books lie in a folder that {program} keeps in sync ({data}). It copies files while the desk writes "
            "them, so a half-copied database can come back, and what two computers write can be lost in one of them. "
            f"{_REMEDY}"
        )
    kind = network_kind(data, system_mounts() if mounts is None else mounts)
    if kind is not None:
        found.append(
            f"Your books lie on a disk that another computer serves ({data}, by {kind}). Its locks do not always hold: "
            "when two computers write, or the connection breaks meanwhile, the database can be damaged. "
            f"{_REMEDY}"
        )
    return found


def synced_by(data: Path) -> str | None:
    """The program that keeps a folder, or one around it, in sync with other computers; None where none is known to."""
    for path in dict.fromkeys((data.absolute(), _resolved(data))):
        program = _by_name(path.parts) or _by_mark([path, *path.parents])
        if program is not None:
            return program
    return None


def _by_name(parts: Sequence[str]) -> str | None:
    for program, pattern in _SYNCED_NAMES:
        if any(re.fullmatch(pattern, part) for part in parts):
            return program
    return None


def _by_mark(folders: Iterable[Path]) -> str | None:
    for folder in folders:
        for program, mark in _MARKS:
            with suppress(OSError):
                if any(True for _ in folder.glob(mark)):
                    return program
    return None


def network_kind(data: Path, mounts: Sequence[Mount]) -> str | None:
    """The kind of file system that a folder lies on, where another computer serves it; else None."""
    path = _resolved(data)
    if path.drive.startswith("\\\\"):
        return "a Windows share"
    around = [mount for mount in mounts if path.is_relative_to(mount.point)]
    if not around:
        return None
    # Of those that begin at the same place, the last one mounted hides the others.
    nearest = max(reversed(around), key=lambda mount: len(PurePath(mount.point).parts))
    if _NETWORK.fullmatch(nearest.kind.lower()) or "remote" in nearest.options.split(","):
        return nearest.kind or "a network drive"
    return None


def system_mounts() -> list[Mount]:
    """Every file system that is mounted, in the order in which they were; none where the system does not tell."""
    try:
        return [Mount(part.mountpoint, part.fstype, part.opts) for part in psutil.disk_partitions(all=True)]
    except (OSError, psutil.Error, NotImplementedError):  # psutil raises that where it does not know the system
        return []


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return path.absolute()

"""The writer is warned where the books lie in a synced folder or on another computer, and nowhere else."""

from __future__ import annotations

import subprocess
from pathlib import Path, PureWindowsPath
from typing import Any, cast

import psutil
import pytest

from storage import places
from storage.places import Mount, network_kind, synced_by, system_mounts, warnings

HOME = Path("/home/anna")


@pytest.mark.parametrize(
    ("path", "program"),
    [
        ("/home/anna/Dropbox/books", "Dropbox"),
        ("/home/anna/Dropbox (Personal)/books", "Dropbox"),
        ("/Users/anna/Library/CloudStorage/Dropbox/books", "Dropbox"),
        ("/mnt/c/Users/anna/OneDrive - University/books", "OneDrive"),
        ("/Users/anna/Library/Mobile Documents/com~apple~CloudDocs/books", "iCloud Drive"),
        ("/Users/anna/Library/CloudStorage/GoogleDrive-anna@example.org/My Drive/books", "Google Drive"),
        ("/Users/anna/Library/CloudStorage/Whatever/books", "a cloud drive"),
        ("/home/anna/Google Drive/books", "Google Drive"),
        ("/home/anna/Nextcloud/books", "Nextcloud"),
        ("/home/anna/Nextcloud2/books", "Nextcloud"),
        ("/home/anna/pCloudDrive/books", "pCloud"),
        ("/home/anna/MEGA/books", "MEGA"),
        ("/home/anna/Seafile/library/books", "Seafile"),
        ("/home/anna/books", None),
        ("/home/anna/My Dropbox memories/books", None),
        ("/home/anna/megastore/boxes", None),
        ("/home/anna/box/books", None),
        ("/home/anna/.local/share/templora", None),
    ],
)
def test_synced_folders_are_known_by_their_names(path: str, program: str | None) -> None:
    assert synced_by(Path(path)) == program


@pytest.mark.parametrize(
    ("mark", "program"),
    [
        (".stfolder/", "Syncthing"),
        (".dropbox.cache/", "Dropbox"),
        (".sync_8f3a.db", "Nextcloud or ownCloud"),
        (".nextcloudsync.log", "Nextcloud or ownCloud"),
        (".tmp.driveupload/", "Google Drive"),
        (".megaignore", "MEGA"),
        (".sync/ID", "Resilio Sync"),
    ],
)
def test_synced_folders_are_known_by_what_the_programs_put_there(tmp_path: Path, mark: str, program: str) -> None:
    data = tmp_path / "shared" / "deep" / "books"
    data.mkdir(parents=True)
    assert synced_by(data) is None
    path = tmp_path / "shared" / mark
    path.parent.mkdir(exist_ok=True)
    if mark.endswith("/"):
        path.mkdir()
    else:
        path.touch()
    assert synced_by(data) == program
    assert synced_by(tmp_path / "shared") == program
    assert synced_by(tmp_path / "beside") is None


def test_a_link_into_a_synced_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "Dropbox" / "books").mkdir(parents=True)
    (tmp_path / "books").symlink_to(tmp_path / "Dropbox" / "books")
    assert synced_by(tmp_path / "books") == "Dropbox"
    # … and a folder whose own name says so, wherever it really is.
    (tmp_path / "real").mkdir()
    (tmp_path / "OneDrive").symlink_to(tmp_path / "real")
    assert synced_by(tmp_path / "OneDrive" / "books") == "OneDrive"


def test_a_loop_of_links_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert warnings(tmp_path / "a", []) == []


LOCAL = Mount("/", "ext4", "rw")


SERVED = "nfs nfs4 cifs smb2 smb3 smbfs fuse.sshfs 9p afs webdav davfs2 fuse.rclone afpfs virtiofs vboxsf ceph CIFS"
OWN = "ext4 btrfs xfs zfs apfs hfs ntfs fuseblk exfat vfat tmpfs overlay fuse.ntfs-3g"


@pytest.mark.parametrize("kind", SERVED.split())
def test_a_file_system_of_another_computer_is_known(kind: str) -> None:
    mounts = [LOCAL, Mount("/mnt/there", kind, "rw,relatime")]
    assert network_kind(Path("/mnt/there/books"), mounts) == kind
    assert network_kind(Path("/mnt/there"), mounts) == kind
    assert network_kind(Path("/mnt/thereabouts"), mounts) is None
    assert network_kind(Path("/mnt"), mounts) is None


@pytest.mark.parametrize("kind", OWN.split())
def test_a_file_system_of_this_computer_is_no_reason_to_warn(kind: str) -> None:
    assert network_kind(Path("/mnt/here/books"), [LOCAL, Mount("/mnt/here", kind, "rw")]) is None


def test_the_nearest_mount_counts_and_of_two_at_one_place_the_later(tmp_path: Path) -> None:
    inner = [Mount("/", "nfs4", "rw"), Mount("/home", "ext4", "rw")]
    assert network_kind(HOME / "books", inner) is None
    assert network_kind(Path("/srv/books"), inner) == "nfs4"
    over = [LOCAL, Mount("/home", "ext4", "rw"), Mount("/home", "cifs", "rw")]
    assert network_kind(HOME, over) == "cifs"
    assert network_kind(HOME, [*over, Mount("/home", "ext4", "rw")]) is None
    assert network_kind(HOME, []) is None


def test_a_network_drive_of_windows_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_it_is(path: Path) -> Path:
        return path

    monkeypatch.setattr(places, "_resolved", as_it_is)
    drives = [Mount("C:\\", "NTFS", "rw,fixed"), Mount("Z:\\", "NTFS", "rw,remote")]
    assert network_kind(cast(Path, PureWindowsPath("Z:\\books")), drives) == "NTFS"
    assert network_kind(cast(Path, PureWindowsPath("C:\\books")), drives) is None
    assert network_kind(cast(Path, PureWindowsPath("\\\\server\\share\\books")), drives) == "a Windows share"


def test_the_warning_says_what_can_happen_and_what_to_do() -> None:
    data = Path("/mnt/there/Dropbox/books")
    synced, network = warnings(data, [LOCAL, Mount("/mnt/there", "nfs4", "rw")])
    for text in (synced, network):
        assert str(data) in text and "--data" in text and "backups and projects/*/book may be synced" in text
    assert "Dropbox" in synced and "two computers" in synced
    assert "nfs4" in network and "two computers" in network
    assert warnings(Path("/mnt/here/books"), [LOCAL]) == []


def test_the_mounts_of_this_system_are_known() -> None:
    assert "/" in {mount.point for mount in system_mounts()}


def test_a_system_that_does_not_tell_its_mounts_is_no_reason_to_warn(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(all: bool) -> Any:
        raise PermissionError("not for you")

    monkeypatch.setattr(psutil, "disk_partitions", refuse)
    assert system_mounts() == []
    assert warnings(Path("/mnt/here/books")) == []


def test_a_real_mount_is_found(tmp_path: Path) -> None:
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no right to mount")
    try:
        assert Mount(str(tmp_path), "tmpfs", "") in [Mount(mount.point, mount.kind, "") for mount in system_mounts()]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)

"""Faults from inside Python, for machines where no process may be traced: at the n-th file or database operation.

Coarser than strace: a statement or a commit of SQLite is one operation, however often it writes.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from storage import database

FILE_EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.scandir", "os.listdir"}
KILL, EIO, COUNT = "kill", "EIO", "count"


class Hooks:
    """Installed for good: only ever in a child that is thrown away. `armed` from the moment the job begins."""

    def __init__(self, folder: Path, fault: str, at: int = 0) -> None:
        self._folder = str(folder)
        self._fault = fault
        self._at = at
        self._lock = threading.RLock()
        self.armed = False
        self.count = 0
        sys.addaudithook(self._audit)
        self._wrap_fsync()
        self._wrap_sqlite()

    def operation(self, error: Exception) -> None:
        """One is about to happen."""
        if not self.armed:
            return
        with self._lock:
            self.count += 1
            if self.count != self._at:
                return
        if self._fault == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        raise error

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if self.armed and event in FILE_EVENTS and str(args[0]).startswith(self._folder):
            self.operation(OSError(errno.EIO, os.strerror(errno.EIO), str(args[0])))

    def _wrap_fsync(self) -> None:
        fsync = os.fsync

        def counted(descriptor: int) -> None:
            self.operation(OSError(errno.EIO, os.strerror(errno.EIO)))
            fsync(descriptor)

        os.fsync = counted

    def _wrap_sqlite(self) -> None:
        sqlite: Any = database.sqlite3
        hooks, connect = self, sqlite.connect

        class Connection(sqlite.Connection):
            def execute(self, *args: Any) -> Any:
                hooks.operation(_sqlite_error(sqlite))
                return super().execute(*args)

            def commit(self) -> None:
                hooks.operation(_sqlite_error(sqlite))
                super().commit()

        def connected(*args: Any, **options: Any) -> Any:
            return connect(*args, **options, factory=Connection)

        sqlite.connect = connected


def _sqlite_error(sqlite: Any) -> Exception:
    error = sqlite.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite.SQLITE_IOERR
    return error

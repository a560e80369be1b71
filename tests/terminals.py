"""A terminal that a test reads."""

from __future__ import annotations

import io


class Screen(io.StringIO):
    """A terminal, or a file with `tty` False."""

    def __init__(self, tty: bool = True) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty

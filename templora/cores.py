"""Sharing the processor's cores with whatever else runs on this computer."""

from __future__ import annotations

import os


def share_cores() -> None:
    """Make torch's threads sleep, not spin, while they wait for each other. Call before torch is imported.

    Two threads work in lockstep. When a browser takes one core for a moment, a spinning partner burns the other core
    until the scheduler comes round: beside one busy process matrix products then took nine times as long, and take
    twice as long with waiting threads asleep; on an idle machine both are equal (docs/measurements.md).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

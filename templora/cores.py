"""Sharing the processor's cores with whatever else runs on this computer."""

from __future__ import annotations

import os

SPINS = 2000
"""How often a waiting thread looks before it sleeps: a tenth of a millisecond or so, longer than most waits between the
many small products of a pass, far shorter than a turn of the scheduler. For GNU's OpenMP, which torch has on Linux."""


def share_cores() -> None:
    """Make torch's threads spin for a moment and then sleep while they wait for each other. Call before torch is
    imported.

    Two threads work in lockstep. When a browser takes one core for a while, a spinning partner burns the other core
    until the scheduler comes round: beside one busy process matrix products then took nine times as long, and take
    twice as long with waiting threads asleep. On an idle machine falling asleep at once, and being woken, costs a third
    of the time of a pass (docs/measurements.md).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))

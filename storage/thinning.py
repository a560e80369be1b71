"""Which revisions have had their time. Pure.

All of the last two days are kept; of those before, one an hour; of those before 30 days, one a day. One that was
accepted from a take is kept until then; what was named, imported or restored is kept for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from storage.records import RevisionHead

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
ALL_S = 2 * DAY_S
HOURLY_S = 30 * DAY_S


def outlived(revisions: Sequence[RevisionHead], now: float) -> set[int]:
    """Numbers of the revisions of one chapter, oldest first, that may go. Never the last one.

    Of an hour, and of a day, the last one stays: as the text was when writing stopped. So it does not matter how often
    and when this is asked. Hours and days are those of UTC.
    """
    slots = [(_slot(revision, now), revision.number) for revision in revisions[:-1]]
    dated = [(slot, number) for slot, number in slots if slot is not None]
    return {number for (slot, number), (after, _) in pairwise(dated) if slot == after}


def _slot(revision: RevisionHead, now: float) -> tuple[float, int] | None:
    """The hour or day of which one revision is kept; None where the revision is kept anyway."""
    age = now - revision.created_at
    always = revision.name is not None or revision.kind not in {"typed", "accepted"}
    if always or age <= ALL_S or (age <= HOURLY_S and revision.kind == "accepted"):
        return None
    size = HOUR_S if age <= HOURLY_S else DAY_S
    return size, int(revision.created_at // size)

"""What the memory has learnt, as words and numbers. Pure, as `ui.view` is."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from storage.records import ChapterHead, Discarded
from templora.leaving import Forgotten
from templora.meter import ChunkReport, MemoryReport
from templora.studio import Purged
from ui import view

FEW_POINTS = 9
"""A number axis puts marks between so few passages: 1.2, 1.4."""
CHART_POINTS = 100
"""Chunks drawn at most; a longer book is shown in bins, pooled by tokens."""


def change_percent(chunks: Sequence[ChunkReport]) -> float | None:
    """100·(memory/base − 1) of perplexity, tokens pooled over all chunks that were scored; None before the first."""
    scored = [chunk for chunk in chunks if chunk.base_loss is not None and chunk.memory_loss is not None]
    tokens = sum(chunk.tokens for chunk in scored)
    if not tokens:
        return None
    base = sum((chunk.base_loss or 0.0) * chunk.tokens for chunk in scored) / tokens
    own = sum((chunk.memory_loss or 0.0) * chunk.tokens for chunk in scored) / tokens
    return 100 * (math.exp(own - base) - 1)


@dataclass(frozen=True)
class Point:
    """One point of the chart: perplexity of a reader ('base model', 'with memory') at a chunk counted from 1.

    Where there are few, that number is a name on the axis.
    """

    chunk: float | str
    perplexity: float
    reader: str


def chart(chunks: Sequence[ChunkReport]) -> list[Point]:
    """The prequential perplexity, chunk by chunk, base model against memory."""
    scored = [chunk for chunk in chunks if chunk.base_loss is not None and chunk.memory_loss is not None]
    size = max(1, math.ceil(len(scored) / CHART_POINTS))
    points: list[Point] = []
    for start in range(0, len(scored), size):
        part = scored[start : start + size]
        tokens = sum(chunk.tokens for chunk in part)
        middle = sum(chunk.index + 1 for chunk in part) / len(part)
        place = f"{middle:.0f}" if len(scored) <= FEW_POINTS else middle
        base = math.exp(sum((chunk.base_loss or 0.0) * chunk.tokens for chunk in part) / tokens)
        own = math.exp(sum((chunk.memory_loss or 0.0) * chunk.tokens for chunk in part) / tokens)
        points.append(Point(place, round(base, 2), "base model"))
        points.append(Point(place, round(own, 2), "with memory"))
    return points


def headline(report: MemoryReport) -> tuple[str, str]:
    """(number, explanation) at the head of the Memory panel. Holds numbers only, never prose of the book."""
    change = change_percent(report.chunks)
    if report.known_chunks == 0 and report.stale:
        return "–", "You edited the beginning of what was learnt. The memory is kept, and brought up to date by itself."
    if report.known_chunks == 1:
        return "–", "The first passage is learnt. From the next one on it is measured what that is worth."
    if change is None:
        return "–", "Nothing learnt yet. The memory learns text once writing has moved on from it, or on ‘Learn now’."
    number = f"{change:+.1f} %".replace("-", "−")
    if change < 0:
        return number, (
            "perplexity, measured on each passage before it was learnt: with the book’s memory the next page "
            "surprises the model that much less. About three fifths of it is the book itself, the rest its style and "
            "period."
        )
    return number, "perplexity, measured on each passage before it was learnt. So far the memory has not helped."


def by_chapter(report: MemoryReport, heads: Sequence[ChapterHead]) -> list[list[str]]:
    """For the table: each chapter with its number, what the memory is worth in it, how many passages it knows.

    'Worth' is measured as in the headline, over the chapter's passages that were scored; '–' before the first.
    """
    rows: list[list[str]] = []
    for number, head in enumerate(heads, 1):
        chunks = [chunk for chunk in report.chunks if chunk.chapter == head.id]
        change = change_percent(chunks)
        known = sum(chunk.state == "known" for chunk in chunks)
        stale = sum(chunk.state == "stale" for chunk in chunks)
        state = f"{known} of {len(chunks)}" + (f", {stale} older" if stale else "") if chunks else "–"
        if not head.learned:
            state = "left out"
        worth = "–" if change is None else f"{change:+.1f}\u00a0%".replace("-", "−")
        rows.append([f"{number} · {head.title}", worth, state])
    return rows


def relearn_question(seconds: float) -> str:
    """What *Relearn all* does and costs."""
    return (
        f"Learn the whole book again, from its first page? It takes {view.duration(seconds)}; until then takes are "
        "written with what has been learnt so far. The memory follows your edits by itself: this is for when something "
        "seems wrong with it. The text stays."
    )


TALLY = {
    "known": "Learnt",
    "stale": "An older version is learnt",
    "pending": "Not learnt yet",
    "excluded": "Left out",
}
"""The states of passages as the Memory panel counts them; the margin band has one more, for what is in learning."""


def tally(report: MemoryReport) -> list[tuple[str, str, int]]:
    """(state, its name, words of the book), without states that only some books have where there are none."""
    counts = {
        "known": report.known_words,
        "stale": report.stale_words,
        "pending": report.pending_words,
        "excluded": report.excluded_words,
    }
    return [(state, TALLY[state], n) for state, n in counts.items() if n or state in ("known", "pending")]


def memory_line(report: MemoryReport) -> str:
    """What the memory is doing, in a sentence."""
    left = view.duration(report.seconds_left)
    step = min(report.done + 1, report.total)
    match report.state:
        case "learning":
            return f"Learning passage {step} of {report.total} · {left} left"
        case "rebuilding":
            return f"Relearning what you edited: passage {step} of {report.total} · {left} left"
        case "paused":
            return "Learning is paused."
        case "failed":
            return report.failure or "Learning failed."
        case "discarded":
            return "The memory was discarded. ‘Learn now’ would learn the book again."
        case "reading":
            return "Reading the book, to see what there is to learn …"
        case "empty":
            return "The memory is empty."
        case "current":
            if report.stale:
                cost = view.duration(report.rebuild_s)
                return f"You edited learnt text. Relearning takes {cost}: by itself while you pause, or on ‘Learn now’."
            if report.pending_words:
                return "The rest is learnt when writing has moved on from it, or on ‘Learn now’."
            return "All that is due has been learnt."


def forget_question(report: MemoryReport) -> str:
    """What *Forget now* would drop, and what it does not touch."""
    gone = report.gone_chunks
    what = (
        f"The memory still knows {passages(gone)} that the book no longer holds. "
        if gone
        else "The memory in use knows nothing that the book does not hold; older snapshots of it may. "
    )
    cost = f" Learning the rest again takes {view.duration(report.rebuild_s)}." if report.stale else ""
    return (
        f"{what}Forget now drops every state of the memory that has seen deleted text, from the model’s process and "
        f"from the disk.{cost}\n\nIt does not touch earlier versions of the chapters, deleted chapters, takes "
        "and backups: they still hold the words."
    )


def forgotten(gone: Forgotten) -> str:
    """What *Forget now* has dropped."""
    dropped = gone.discarded
    megabytes = f" ({dropped.bytes / 1e6:.0f} MB)" if dropped.bytes >= 1e6 else ""
    again = (
        f" {passages(gone.relearn_chunks).capitalize()} of the book are learnt again: {view.duration(gone.relearn_s)}."
        if gone.relearn_chunks
        else ""
    )
    snapshots = view.count(dropped.snapshots, "snapshot")
    return (
        f"Forgotten: {passages(gone.passages)} no longer in the book, {snapshots}{megabytes}."
        f"{again} Earlier versions, deleted chapters, takes and backups still hold the words."
    )


PURGE_QUESTION = (
    "Purging deletes for good what this book was: all earlier versions of its chapters, the named ones too, its "
    "deleted chapters, and the words of its takes (how much of which was accepted stays on record). The text as it "
    "stands and the memory stay; ‘Forget now’ is for the memory.\n\nIt cannot be undone. It does not touch exported "
    "files, copies that you made elsewhere, and backups, unless you have them replaced too."
)


def purged(gone: Purged) -> str:
    """What *Purge history* has deleted."""
    was = gone.history
    parts = [
        view.count(was.revisions, "earlier version"),
        view.count(was.chapters, "deleted chapter"),
        view.count(was.takes, "take"),
    ]
    backups = f"; {view.count(gone.backups, 'backup')} gave way to a new one" if gone.backups else ""
    rest = "exported files and copies made elsewhere" if gone.backups else "backups, exported files and copies"
    return (
        f"Purged: {', '.join(parts)}{backups}. What this page can undo goes when it is closed; {rest} still hold the "
        "words, and a solid-state disk may keep remnants."
    )


def compare_line(report: MemoryReport, percent: int) -> str:
    """What stands above the two continuations."""
    if report.known_chunks + report.stale_chunks == 0:
        return "The memory is empty so far: both sides are written by the base model, and will be the same."
    if percent == 0:
        return "The strength is set to 0 %: both sides are written without the memory, and will be the same."
    return "The same place, the same settings, the same seed. Both are kept among the takes."


def discarded(gone: Discarded) -> str:
    """What a discard deleted, and what it cannot promise."""
    files, states = view.count(gone.files, "file"), view.count(gone.resident, "state")
    rows = f"{view.count(gone.snapshots, 'snapshot')} and {view.count(gone.lessons, 'lesson')}"
    return (
        f"The memory is gone, and that was checked: {files} ({view.size(gone.bytes)}) from the disk, {rows} from the "
        f"database, {states} from the model’s process. The database overwrites what it deletes; a solid-state disk may "
        "keep remnants where no program can reach, until it uses that place again."
    )


def finished(outcome: str) -> str:
    """The report of finishing a book. `outcome` is what the page got, as JSON: `{problem}`, or the numbers."""
    got = json.loads(outcome)
    if "problem" in got:
        return f"That did not work: {got['problem']}"
    name, minutes = got.pop("name"), got.pop("relearn_minutes")
    return (
        f"{name} was written, read back and downloaded. {discarded(Discarded(**got))} "
        f"Relearning the book would take {view.duration(60 * minutes)}."
    )


def passages(number: int) -> str:
    return view.count(number, "passage")


def progress(report: MemoryReport) -> float:
    """0 to 1: how much of what is due has been learnt."""
    return report.done / report.total if report.total else 0.0

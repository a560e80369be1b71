"""Studio's data → what is shown. Pure: no Gradio, no Studio, so every line of it is tested without a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from storage.records import ChapterHead, Project, Take
from templora.engine import ModelStatus
from templora.learning import Forgotten
from templora.meter import ChunkReport, MemoryReport

CHART_POINTS = 100
"""Chunks drawn at most; a longer book is shown in bins, pooled by tokens."""
PREVIEW_CHARACTERS = 110


def words(count: int) -> str:
    return "1 word" if count == 1 else f"{count:,} words"


def chapter_choices(heads: Sequence[ChapterHead]) -> list[tuple[str, str]]:
    """(label, id) for the binder. The tab sets the count apart; CSS lays it out."""
    return [(f"{number} · {head.title}\t{head.words:,}", head.id) for number, head in enumerate(heads, 1)]


def project_choices(projects: Sequence[tuple[Project, int]]) -> list[tuple[str, str]]:
    """(label, id), most recently written first. `projects` are (project, words)."""
    ordered = sorted(projects, key=lambda pair: -pair[0].updated_at)
    return [
        (f"{project.title}\t{words(count)}{' · finished' if project.finished_at else ''}", project.id)
        for project, count in ordered
    ]


def take_choices(takes: Sequence[Take]) -> list[tuple[str, str]]:
    """(label, id), newest first; rewrites and accepted ones say so."""
    rows: list[tuple[str, str]] = []
    for take in reversed(takes):
        if not take.text.strip():
            continue
        text = " ".join(take.text.split())
        short = text if len(text) <= PREVIEW_CHARACTERS else text[:PREVIEW_CHARACTERS].rsplit(" ", 1)[0] + " …"
        kind = "Rewrite: " if take.kind == "rewrite" else ""
        rows.append((("✓ " if take.accepted_revision else "") + kind + short, take.id))
    return rows


def duration(seconds: float) -> str:
    if seconds < 60:
        return "under a minute"
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min"
    return f"about {minutes // 60} h {minutes % 60:02d} min"


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
    """One point of the chart: perplexity of a reader ('base model', 'with memory') at a chunk counted from 1."""

    chunk: float
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
        base = math.exp(sum((chunk.base_loss or 0.0) * chunk.tokens for chunk in part) / tokens)
        own = math.exp(sum((chunk.memory_loss or 0.0) * chunk.tokens for chunk in part) / tokens)
        points.append(Point(middle, round(base, 2), "base model"))
        points.append(Point(middle, round(own, 2), "with memory"))
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
            "surprises the model that much less. About half of it is the book itself, half its style and period."
        )
    return number, "perplexity, measured on each passage before it was learnt. So far the memory has not helped."


TALLY = {
    "known": "Learnt",
    "stale": "An older version is learnt",
    "pending": "Not learnt yet",
    "excluded": "Left out of the memory",
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
    left = duration(report.seconds_left)
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
                cost = duration(report.rebuild_s)
                return f"You edited learnt text. Relearning takes {cost}, after ten quiet minutes or on ‘Learn now’."
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
    cost = f" Learning the rest again takes {duration(report.rebuild_s)}." if report.stale else ""
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
        f" {passages(gone.relearn_chunks).capitalize()} of the book are learnt again: {duration(gone.relearn_s)}."
        if gone.relearn_chunks
        else ""
    )
    snapshots = count(dropped.snapshots, "snapshot")
    return (
        f"Forgotten: {passages(gone.passages)} no longer in the book, {snapshots}{megabytes}."
        f"{again} Earlier versions, deleted chapters, takes and backups still hold the words."
    )


def compare_line(report: MemoryReport, percent: int) -> str:
    """What stands above the two continuations."""
    if report.known_chunks + report.stale_chunks == 0:
        return "The memory is empty so far: both sides are written by the base model, and will be the same."
    if percent == 0:
        return "The strength is set to 0 %: both sides are written without the memory, and will be the same."
    return "The same place, the same settings, the same seed. Both are kept among the takes."


def split_question(title: str, before: str, after: str) -> tuple[str, str]:
    """What *Split here* asks, and a title for the new chapter."""
    begins = " ".join(after.split()[:9])
    dots = " …" if len(after.split()) > 9 else ""
    moves, stays = words(len(after.split())), words(len(before.split()))
    question = f"Split ‘{title}’ at the caret? The new chapter begins with “{begins}{dots}” ({moves}); {stays} stay."
    return question, f"{title} (2)"


def merge_question(chapter: ChapterHead, following: ChapterHead) -> str:
    return (
        f"Put ‘{following.title}’ ({words(following.words)}) at the end of ‘{chapter.title}’? Its title goes; as it is "
        "now it stays among the deleted chapters for 30 days."
    )


def history_line(title: str, versions: int) -> str:
    """What stands above a chapter's history."""
    if versions == 1:
        return f"‘{title}’ has one version so far: nothing to go back to yet. Versions come by themselves as you write."
    return f"‘{title}’: {count(versions, 'version')}. They come by themselves as you write, and are thinned out by age."


def count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def passages(number: int) -> str:
    return count(number, "passage")


def progress(report: MemoryReport) -> float:
    """0 to 1: how much of what is due has been learnt."""
    return report.done / report.total if report.total else 0.0


MODEL_WORDS = {
    "fetching": "Fetching the model",
    "loading": "Loading the model",
    "ready": "Ready",
    "learning": "Learning",
    "generating": "Writing",
    "failed": "The model is not available",
}


def model_line(status: ModelStatus) -> str:
    """The status line's word on the model."""
    line = MODEL_WORDS[status.state]
    if status.state == "failed":
        return f"{line}: {status.message}"
    if status.progress is not None and status.state in ("fetching", "loading"):
        line += f" · {100 * status.progress:.0f} %"
    if status.state in ("ready", "generating", "learning") and status.tokens_per_second:
        line += f" · {status.tokens_per_second:.0f} tokens/s"
    return line


def model_name(id: str, device: str) -> str:
    """The model's short name and where it runs."""
    name = id.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return f"{name} · {'this computer' if device in ('', 'cpu') else device}"

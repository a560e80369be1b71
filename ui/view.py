"""Studio's data → what is shown. Pure: no Gradio, no Studio, so every line of it is tested without a page."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from storage.records import Backup, BackupBook, ChapterHead, Project, ProvenanceReport, Take
from templora.engine import ModelStatus

PREVIEW_CHARACTERS = 110


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def words(count: int) -> str:
    return "1 word" if count == 1 else f"{count:,} words"


def chapters(count: int) -> str:
    return "1 chapter" if count == 1 else f"{count:,} chapters"


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


TAKE_VERBS = {"expand": "Expanded", "shorten": "Shortened", "describe": "Described", "past": "Past tense",
    "present": "Present tense", "first": "First person", "third": "Third person"}  # fmt: skip


def made_by(take: Take) -> str:
    """What a take was asked for: '' for a plain continuation."""
    if take.beat:
        return f"{'Beat' if take.kind == 'beat' else 'Filled in'} ‘{take.beat}’"
    if take.kind == "rewrite":
        return f"Rewrite ‘{take.instruction}’" if take.instruction else TAKE_VERBS.get(take.verb or "", "Rewrite")
    return "Filled in" if take.kind == "fill" else ""


def take_choices(takes: Sequence[Take]) -> list[tuple[str, str]]:
    """(label, id), newest first; what they were asked for, that they were accepted or copy the book is said."""
    rows: list[tuple[str, str]] = []
    for take in reversed(takes):
        if not take.text.strip():
            continue
        text = " ".join(take.text.split())
        short = text if len(text) <= PREVIEW_CHARACTERS else text[:PREVIEW_CHARACTERS].rsplit(" ", 1)[0] + " …"
        verb = made_by(take)
        copied = f" · copies {take.copied_words} words of the book" if take.copied_words else ""
        rows.append((f"{'✓ ' if take.accepted_revision else ''}{f'{verb}: ' if verb else ''}{short}{copied}", take.id))
    return rows


def when(at: float, now: float) -> str:
    """A time as one says it, in this computer's time zone: 'Today 14:32', 'Yesterday 09:10', '3 Nov 18:20'."""
    then, today = time.localtime(at), time.localtime(now)
    clock = f"{then.tm_hour:02}:{then.tm_min:02}"
    yesterday = time.localtime(now - 24 * 3600)
    if then[:3] == today[:3]:
        return f"Today {clock}"
    if then[:3] == yesterday[:3]:
        return f"Yesterday {clock}"
    year = "" if then.tm_year == today.tm_year else f" {then.tm_year}"
    return f"{then.tm_mday} {_MONTHS[then.tm_mon - 1]}{year} {clock}"


def duration(seconds: float) -> str:
    if seconds < 60:
        return "under a minute"
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min"
    return f"about {minutes // 60} h {minutes % 60:02d} min"


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


# --- backups, export -------------------------------------------------------------------------------------------------

REASONS = {"migration": "before an update", "daily": "daily", "export": "at the finish of a book", "asked": "asked for"}


def backup_choices(backups: Sequence[Backup], now: float) -> list[tuple[str, str]]:
    """(label, name), newest first."""
    return [
        (f"{when(backup.created_at, now)} · {REASONS[backup.reason]}\t{size(backup.bytes)}", backup.name)
        for backup in backups
    ]


def backup_line(backups: Sequence[Backup], now: float) -> str:
    """How well the books are backed up."""
    if not backups:
        return "No backup yet. One is made by itself each day."
    newest = when(backups[0].created_at, now)
    return f"{count(len(backups), 'backup')}, the newest of {newest[0].lower()}{newest[1:]}. One is made each day."


def backup_book_choices(books: Sequence[BackupBook]) -> list[tuple[str, str]]:
    """(label, id), the one worked on last first."""
    return [(f"{book.title}\t{words(book.words)}", book.id) for book in books]


def share_rows(report: ProvenanceReport) -> list[list[str]]:
    """For the table of who wrote a book: who, words accepted, words in the book, percent of it, words edited since."""

    def row(who: str, accepted: int | None, stand: int, edited: int | None) -> list[str]:
        cells = ["–" if n is None else f"{n:,}" for n in (accepted, stand, edited)]
        return [who, cells[0], cells[1], percent(stand, report.words), cells[2]]

    models = [row(short(m.model), m.accepted_words, m.kept_words, m.edited_words) for m in report.models]
    return [row("You", None, report.typed_words, None), *models]


def provenance(report: ProvenanceReport) -> str:
    """The same in sentences, to be handed on."""
    if not report.words:
        return "The book has no words yet."
    typed = "typed, pasted or imported by the writer"
    if not report.models:
        return f"All {words(report.words)} of the book were {typed}."
    own = f"Of {words(report.words)} in the book, {report.typed_words:,} ({percent(report.typed_words, report.words)}) "
    parts = [
        f"{short(share.model)} wrote {share.kept_words:,} ({percent(share.kept_words, report.words)}); "
        f"{words(share.accepted_words)} of it were accepted, {share.edited_words:,} of them edited or deleted since."
        for share in report.models
    ]
    return " ".join([f"{own}were {typed}.", *parts])


def percent(part: int, whole: int) -> str:
    if not whole:
        return "–"
    share = 100 * part / whole
    return "under 1 %" if 0 < share < 1 else f"{share:.0f} %"


def size(bytes: int) -> str:
    return f"{bytes / 1e6:,.0f} MB" if bytes >= 1e7 else f"{bytes / 1e6:.1f} MB"


def count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


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
    if status.state in ("fetching", "loading"):
        # The engine knows more: what it fetches, or that the process has died and is being started again.
        line = status.message or line
        return line if status.progress is None else f"{line.rstrip('.')} · {100 * status.progress:.0f} %"
    if status.state in ("ready", "generating", "learning") and status.tokens_per_second:
        line += f" · {status.tokens_per_second:.0f} tokens/s"
    return line


def model_name(id: str, device: str) -> str:
    """The model's short name and where it runs."""
    return f"{short(id)} · {'this computer' if device in ('', 'cpu') else device}"


def short(id: str) -> str:
    """A model's name without its owner or its folders."""
    return id.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]

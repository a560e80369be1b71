"""What is shown of what was found. Pure. Places are marked by signs that are not seen; the page colours them."""

from __future__ import annotations

from collections.abc import Sequence

from storage.records import Span
from templora.tools import ChapterPlaces, Found
from ui.view import chapters, count

OPENING, CLOSING = "\u2068", "\u2069"
"""Around what was found in the label of a list: `paint` in tools.js looks for them."""
AT_ONCE = 200
"""Places listed for a replacement; more on demand."""


def marked(words: str, marks: Sequence[Span]) -> str:
    """A line of text with its marks."""
    shown = ""
    at = 0
    for start, end in marks:
        shown += _plain(words[at:start]) + OPENING + _plain(words[start:end]) + CLOSING
        at = end
    return shown + _plain(words[at:])


def found_choices(found: Sequence[Found]) -> list[tuple[str, str]]:
    """(label, 'chapter:start:end') for the list of what was found; -1 where only the title fits."""
    rows: list[tuple[str, str]] = []
    for chapter in found:
        title = marked(chapter.title, chapter.title_marks)
        where = f"{title} (deleted)" if chapter.deleted else f"{chapter.position + 1} · {title}"
        if not chapter.passages:
            rows.append((where, f"{chapter.chapter}:-1:-1"))
        rows += [
            (f"{where}\n{marked(passage.words, passage.marks)}", f"{chapter.chapter}:{passage.start}:{passage.end}")
            for passage in chapter.passages
        ]
    return rows


def found_line(query: str, found: Sequence[Found]) -> str:
    if not query.strip():
        return ""
    if not found:
        return "Nothing in the book says that. Fewer words, or the beginning of one, find more."
    places = sum(chapter.count for chapter in found)
    where = chapters(len(found))
    return f"{count(places, 'place')} in {where}." if places else f"In the title of {where}."


def place_choices(found: Sequence[ChapterPlaces], most: int) -> list[tuple[str, str]]:
    """(label, 'chapter:start') for the first `most` places of a replacement, each with what it would become."""
    rows: list[tuple[str, str]] = []
    for chapter in found:
        for place in chapter.places[: max(0, most - len(rows))]:
            shown = place.shown
            (start, end) = shown.marks[0]
            words = f"{marked(shown.words[:end], [(start, end)])}{marked(place.instead, [(0, len(place.instead))])}"
            line = " ".join((words + _plain(shown.words[end:])).split())
            rows.append((f"{chapter.title}\n{line}", f"{chapter.chapter}:{place.start}"))
    return rows


def places_line(found: Sequence[ChapterPlaces], listed: int) -> str:
    places = sum(len(chapter.places) for chapter in found)
    if not places:
        return "The book does not say that."
    line = f"{count(places, 'place')} in {chapters(len(found))}."
    if listed < places:
        line += f" The first {listed:,} are listed; the others are replaced too while all are ticked."
    return line


def _plain(words: str) -> str:
    """Without the signs that mark."""
    return words.replace(OPENING, "").replace(CLOSING, "")

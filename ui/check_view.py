"""What the voice check and the echo check found, as words and numbers. Pure, as `ui.view` is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from storage.records import ChapterHead
from templora.checking import Echo, VoiceReport
from ui import view

LISTED = 8
"""Sentences in the list."""
STANDS_OUT = 1.0
"""From so many robust standard deviations a sentence is tinted (`STEPS` in the editor's voice.js) and listed."""
SENTENCE_CHARACTERS = 140
AROUND_CHARACTERS = 36


def short(text: str, characters: int) -> str:
    """In one line, cut at a word."""
    text = " ".join(text.split())
    return text if len(text) <= characters else text[:characters].rsplit(" ", 1)[0] + " …"


def voice_choices(report: VoiceReport, text: str) -> list[tuple[str, str]]:
    """(how far a sentence stands out and its words, its key in the editor), the farthest first."""
    found = [(each.stands_out, index) for index, each in enumerate(report.sentences) if each.stands_out >= STANDS_OUT]
    rows: list[tuple[str, str]] = []
    for by, index in sorted(found, key=lambda pair: (-pair[0], pair[1]))[:LISTED]:
        sentence = report.sentences[index]
        words = short(text[sentence.start : sentence.end], SENTENCE_CHARACTERS)
        rows.append((f"{by:.1f}\t{words}", f"{report.revision}:{index}"))
    return rows


def voice_line(report: VoiceReport) -> str:
    """What a check has compared, and what to make of it."""
    if report.state != "done":
        return report.message
    if not any(each.stands_out >= STANDS_OUT for each in report.sentences):
        found = "Nothing stands out: every sentence surprises as the book’s sentences do."
    else:
        found = "The number is how many times the book’s usual spread a sentence lies above its usual surprise."
    line = f"{found} Compared with {view.count(report.compared_with, 'sentence')} of the book"
    seen = sum(each.measured == "seen" for each in report.sentences)
    if not seen:
        return f"{line}, each measured before the memory had learnt it."
    return (
        f"{line}, measured before the memory had learnt them. {view.count(seen, 'sentence')} here could not be: the "
        "memory knows an older version of their passage, so there what is new stands out more than it should."
    )


def echo_line(found: Sequence[Echo]) -> str:
    if not found:
        return "No phrase comes often enough to be an echo."
    return f"{view.count(len(found), 'phrase')}, the most striking first. Choose one to see where it stands."


def echo_choices(found: Sequence[Echo]) -> list[tuple[str, str]]:
    """(the phrase and how often it comes, its number in the list)."""
    return [(f"{short(echo.text, 90)}\t{len(echo.places)}×", str(number)) for number, echo in enumerate(found)]


def place_choices(echo: Echo, heads: Sequence[ChapterHead], texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """(chapter and the words around, the place as JSON for the editor), in the book's order.

    `texts` are the chapters' texts by id; places that are no longer in them are left out.
    """
    numbers = {head.id: number for number, head in enumerate(heads, 1)}
    rows: list[tuple[str, str]] = []
    for place in echo.places:
        text = texts.get(place.chapter, "")
        words = text[place.start : place.end]
        if place.chapter not in numbers or " ".join(words.split()).casefold() != echo.text.casefold():
            continue
        around = f"{_before(text, place.start)}{words}{_after(text, place.end)}"
        at = {"chapter": place.chapter, "start": place.start, "end": place.end, "words": words}
        rows.append((f"{numbers[place.chapter]} · {' '.join(around.split())}", json.dumps(at)))
    return rows


def _before(text: str, start: int) -> str:
    """The words of the paragraph before a place, as many as are shown."""
    line = text[:start].rsplit("\n", 1)[-1]
    return line if len(line) <= AROUND_CHARACTERS else f"… {line[-AROUND_CHARACTERS:].split(' ', 1)[-1]}"


def _after(text: str, end: int) -> str:
    line = text[end:].split("\n", 1)[0]
    return line if len(line) <= AROUND_CHARACTERS else f"{line[:AROUND_CHARACTERS].rsplit(' ', 1)[0]} …"

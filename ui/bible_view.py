"""What the Notes tab and ‘What the model reads’ show, from the Studio's data. Pure, as `ui.view` is."""

from __future__ import annotations

import json
from collections.abc import Sequence

from storage.records import BibleEntry, ChapterHead, Span
from templora.bible import ChapterMentions
from templora.names import Suggestion
from templora.reading import Fired, Reading, SectionKind

KINDS = [("Character", "character"), ("Place", "place"), ("Thing", "thing"), ("Rule", "rule")]
SECTIONS: dict[SectionKind, str] = {
    "bible": "Story bible",
    "synopsis": "Synopsis of the chapter",
    "titles": "Titles, as there is no text yet",
    "text": "The text before the caret",
    "note": "Author’s note",
}
SLOTS = 6
"""As many sections can be shown; `templora.reading` makes at most five that differ."""
_SHORT = 60


def entry_choices(
    entries: Sequence[BibleEntry], counts: dict[str, int], wanted: str = "", open_one: str = ""
) -> list[tuple[str, str]]:
    """(label, id) of the entries in whose name, other names, description or kind all words of `wanted` occur, and of
    the open one. The tab sets the number of mentions apart."""
    words = wanted.casefold().split()

    def fits(entry: BibleEntry) -> bool:
        everything = " ".join((entry.kind, entry.name, *entry.aliases, entry.description)).casefold()
        return entry.id == open_one or all(word in everything for word in words)

    return [(f"{entry.name}\t{counts.get(entry.id, 0):,}", entry.id) for entry in entries if fits(entry)]


def counts(mentions: dict[str, list[ChapterMentions]]) -> dict[str, int]:
    """How often each entry is mentioned in the book."""
    return {id: sum(len(chapter.spans) for chapter in chapters) for id, chapters in mentions.items()}


def mention_choices(mentions: Sequence[ChapterMentions]) -> list[tuple[str, str]]:
    """(label, chapter) for the list of an entry's mentions."""
    return [(f"{each.position + 1} · {each.title}\t{len(each.spans):,}", each.chapter) for each in mentions]


def places(chapter: str, spans: Sequence[Span]) -> str:
    """Where to go, as JSON for the page's script."""
    return json.dumps({"chapter": chapter, "spans": spans})


def aliases(text: str) -> list[str]:
    """'Ines, the inspector' → its names."""
    return [name.strip() for name in text.replace("\n", ",").split(",") if name.strip()]


def since_choices(heads: Sequence[ChapterHead], entry: BibleEntry | None) -> list[tuple[str, str]]:
    """(label, chapter): from where on something may hold. Those with a note are marked."""
    noted = {note.chapter for note in entry.notes} if entry else set[str]()
    return [(f"{n} · {head.title}{' ✎' if head.id in noted else ''}", head.id) for n, head in enumerate(heads, 1)]


def changes(entry: BibleEntry, position: int) -> str:
    """What changes of an entry in the course of the book, a line each; '→' marks what holds in the open chapter."""
    applying = [note for note in entry.notes if note.position <= position]
    lines: list[str] = []
    for note in entry.notes:
        mark = "→ " if applying and note is applying[-1] else ""
        gone = " (its chapter is deleted)" if note.deleted else ""
        lines.append(f"{mark}From chapter {note.position + 1}{gone}: {_short(note.text)}")
    return "\n".join(lines)


def note_from(entry: BibleEntry | None, chapter: str) -> str:
    """The note that begins with this chapter, '' where there is none."""
    return next((note.text for note in entry.notes if note.chapter == chapter), "") if entry else ""


def suggestion_choices(found: Sequence[Suggestion]) -> list[tuple[str, str]]:
    return [(f"{each.name}\t{each.count:,}", each.name) for each in found]


def suggested(count: int) -> str:
    return "1 name the book uses" if count == 1 else f"{count} names the book uses"


# --- what the model reads ---


def merged(reading: Reading) -> list[tuple[SectionKind, str, int]]:
    """(kind, text, tokens) of what is read, in order; what is of one kind and follows on is one section."""
    found: list[tuple[SectionKind, str, int]] = []
    for section in reading.sections:
        kind, text, tokens = section.kind, section.text, len(section.ids)
        if found and found[-1][0] == kind:
            _, before, so_far = found.pop()
            text, tokens = before + text, so_far + tokens
        found.append((kind, text, tokens))
    return found


def section_label(kind: SectionKind, count: int) -> str:
    return f"{SECTIONS[kind]} · {tokens(count)}"


def tokens(count: int) -> str:
    return "1 token" if count == 1 else f"{count:,} tokens"


def summary(reading: Reading) -> str:
    """How much is read, of how much could be."""
    begin = " and the mark of a beginning" if reading.bos else ""
    return (
        f"At the caret, Continue reads {tokens(len(reading.ids))}{begin}, in this order. "
        f"At most {tokens(reading.room)} fit before a take of this length."
    )


def why(fired: Fired) -> str:
    """Why an entry applies."""
    if fired.where == "synopsis":
        return f"‘{fired.form}’ in the synopsis"
    if fired.where == "beat":
        return f"‘{fired.form}’ in what happens next"
    if fired.where == "rule":
        return "a rule always applies"
    if fired.words_back == 0:
        return f"‘{fired.form}’ at the caret"
    back = "1 word" if fired.words_back == 1 else f"{fired.words_back:,} words"
    return f"‘{fired.form}’ {back} before the caret"


def read_entries(reading: Reading) -> str:
    """The entries that are read, and why, a line each."""
    cut = {"cut": ", its end left out"}
    lines = [
        f"{each.entry.name}: {why(each)} · {tokens(each.tokens)}{cut.get(each.outcome, '')}"
        for each in reading.fired
        if each.outcome != "left out"
    ]
    return "\n".join(lines) or "None: nothing near the caret mentions one."


def left_out(reading: Reading) -> str:
    """What is not read, and why, a line each."""
    lines = [f"{each.entry.name}: {why(each)}, but no room" for each in reading.fired if each.outcome == "left out"]
    lines += [f"{SECTIONS[kind]}: no room beside the text" for kind in reading.left_out]
    lines += [f"{SECTIONS[kind]}: too long, its end is not read" for kind in reading.shortened]
    if reading.quiet_entries:
        many = "1 other entry" if reading.quiet_entries == 1 else f"{reading.quiet_entries:,} other entries"
        lines.append(f"{many} of the story bible: not mentioned in the text that is read")
    if reading.unread_words:
        words = "1 word" if reading.unread_words == 1 else f"{reading.unread_words:,} words"
        lines.append(f"{words} before this text: the window ends there; what the memory has learnt of them, it carries")
    return "\n".join(lines) or "Nothing."


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHORT else text[:_SHORT].rsplit(" ", 1)[0] + " …"

"""What the model reads before it writes on: one function builds it, for the engine and for the writer's eyes. Pure.

In this order, each part only where there is something:

    [Notes on the story: …]    entries of the story bible that the text near the caret mentions
    [In this chapter: …]       the synopsis
    the text before the caret  the anchored window; nothing of what follows makes it shorter
      [Author's note: …]       between two of its paragraphs, a little before the caret

What changes least comes first and is chosen by the anchored window, and the author's note moves in steps too, so that
a KV cache of the beginning holds while the writer goes on. Without any of it the ids are those of the window alone.
Base models and chat models read the same: brackets are how editors' remarks stand in prose, and no template is used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from templora.chunks import SEPARATOR, Tokenizer
from templora.names import Finder, Mention
from templora.sentences import whole_sentences
from templora.window import Piece, Section, SectionKind, Window, front_block

BIBLE_TOKENS = 400
"""The entries that are read take at most this much, together."""
ENTRY_TOKENS = 120
"""A longer entry is cut: one must not push the others out."""
SYNOPSIS_TOKENS = 120
NOTE_TOKENS = 120
LEAST_TOKENS = 12
"""Less than this of a text is not worth reading."""
_BLANK = re.compile(r"\n\s*\n")

Where = Literal["text", "beat", "synopsis", "rule"]
Outcome = Literal["read", "cut", "left out"]


@dataclass(frozen=True)
class Entry:
    """An entry of the story bible as it applies to the chapter: `text` is its description and the note that counts."""

    id: str
    kind: str
    name: str
    aliases: tuple[str, ...] = ()
    text: str = ""

    def line(self) -> str:
        also = f", also {', '.join(self.aliases)}" if self.aliases else ""
        return f"{self.name} ({self.kind}{also})" + (f": {_one_line(self.text)}" if self.text.strip() else ".")


@dataclass(frozen=True)
class Extras:
    """What may be read beside the text. `beat`: what the writer wants to happen, where that is asked for; it is not
    among what is built here, but the entries that it names apply."""

    entries: Sequence[Entry] = ()
    synopsis: str = ""
    note: str = ""
    beat: str = ""


@dataclass(frozen=True)
class Fired:
    """An entry that applies. `form`: the name as it was mentioned; `words_back`: how many words before the caret.

    `where`: in the text that is read, in the beat, in the synopsis, or nowhere: a rule always applies.
    """

    entry: Entry
    where: Where
    form: str = ""
    words_back: int = 0
    tokens: int = 0
    outcome: Outcome = "read"


@dataclass(frozen=True)
class Reading:
    """What is read before a continuation, in order, without BOS. `unread_words`: of the text before the caret."""

    sections: tuple[Section, ...]
    fired: tuple[Fired, ...] = ()
    """Those that apply, the most urgent first: read, cut, or left out because there was no room."""
    shortened: tuple[SectionKind, ...] = ()
    """Parts whose end is not read."""
    left_out: tuple[SectionKind, ...] = ()
    """Parts that found no room."""
    quiet_entries: int = 0
    """Entries that nothing mentions."""
    unread_words: int = 0
    after_space: bool = False
    """The writer has typed the space already."""
    room: int = 0
    """Tokens that could be read at most."""
    bos: bool = False
    """A token that marks the beginning comes first; it is not among `ids`."""

    @property
    def ids(self) -> list[int]:
        return [id for section in self.sections for id in section.ids]

    @property
    def notes(self) -> str:
        """What is read beside the text, as text: for prompts that are built in another way."""
        return "\n\n".join(section.text.strip() for section in self.sections if section.kind not in ("text", "titles"))


def room_for(context_tokens: int, max_tokens: int) -> int:
    """Tokens of prompt that a model's context holds beside a take of `max_tokens`: never less than half."""
    return max(context_tokens - max_tokens, context_tokens // 2)


def assemble(
    before: Sequence[Piece],
    extras: Extras,
    tokenizer: Tokenizer,
    length: int,
    room: int,
    after_space: bool = False,
    earlier_words: int = 0,
) -> Reading:
    """Build it. `before`: the chapters up to the caret, the open one last; those before them, which are too far away,
    have `earlier_words` words. `length`: L, the prefix of the recipe. `room`: tokens that may be read, BOS not counted.

    The window of text is L to 1.5 L tokens whatever the extras are; they get what the room leaves beside 1.5 L. What
    finds no place is left out in this order: entries, the one mentioned longest ago first; the synopsis; the author's
    note.
    """
    before = [piece for piece in before if piece.ids]
    window = Window(before, tokenizer, length, room)
    budget = _Budget(tokenizer, max(0, room - length - length // 2))
    note = budget.block("note", "Author's note", extras.note, NOTE_TOKENS)
    synopsis = budget.block("synopsis", "In this chapter", extras.synopsis, SYNOPSIS_TOKENS)
    applying = _applying(extras, window.text())
    bible, fired = _bible(applying, extras.entries, min(BIBLE_TOKENS, budget.left), tokenizer)
    heads: tuple[tuple[SectionKind, str], ...] = (("bible", bible), ("synopsis", synopsis))
    front = [front_block(kind, text, tokenizer) for kind, text in heads if text]
    inside: list[tuple[int, SectionKind, str]] = [(window.note_place(), "note", note)] if note else []
    return Reading(
        (*front, *window.sections(inside, parted=bool(front))),
        tuple(fired),
        tuple(budget.shortened),
        tuple(budget.left_out),
        len(extras.entries) - len(applying),
        earlier_words + window.unread_words,
        after_space,
        room,
    )


@dataclass
class _Budget:
    """What the extras may take; says what was cut and what found no room."""

    tokenizer: Tokenizer
    left: int
    shortened: list[SectionKind] = field(default_factory=list[SectionKind])
    left_out: list[SectionKind] = field(default_factory=list[SectionKind])

    def block(self, kind: SectionKind, label: str, text: str, most: int) -> str:
        """'[label: text]' in at most `most` tokens, and of what is left; '' where there is nothing or no room."""
        text = _BLANK.sub("\n", text.strip())
        if not text:
            return ""
        around = len(self.tokenizer.encode(f"{SEPARATOR}[{label}: ]{SEPARATOR}")) + 1
        fitting = min(most, self.left - around)
        kept = clip(text, max(0, fitting), self.tokenizer)
        if kept != text and fitting < LEAST_TOKENS:
            kept = ""
        if not kept:
            self.left_out.append(kind)
            return ""
        if kept != text:
            self.shortened.append(kind)
        self.left -= around + len(self.tokenizer.encode(kept))
        return f"[{label}: {kept}]"


def clip(text: str, tokens: int, tokenizer: Tokenizer) -> str:
    """The beginning of a text in at most `tokens` tokens: whole sentences where that keeps half of it, else words."""
    spans = tokenizer.offsets(text)
    if len(spans) <= tokens:
        return text
    kept = text[: spans[max(0, tokens - 2)][0]]  # two for the mark that it goes on
    whole = whole_sentences(kept)
    if whole and len(whole) * 2 >= len(kept):
        return whole + " …"
    words = kept.rsplit(None, 1)[0] if re.search(r"\s", kept) else kept
    return words.rstrip() + " …" if words.strip() else ""


# --- the story bible ---


def _applying(extras: Extras, text: str) -> list[Fired]:
    """The entries that apply, the most urgent first: named in the beat, mentioned last, in the synopsis, rules."""
    finder = Finder((entry.id, (entry.name, *entry.aliases)) for entry in extras.entries)
    last: dict[str, Mention] = {mention.owner: mention for mention in finder.find(text)}
    found: list[tuple[tuple[int, int], Fired]] = []
    places: tuple[tuple[int, Where, str], ...] = ((0, "beat", extras.beat), (2, "synopsis", extras.synopsis))
    for rank, where, elsewhere in places:
        named = {mention.owner: mention for mention in finder.find(elsewhere)} if elsewhere else {}
        for entry in extras.entries:
            if entry.id in named and (where == "beat" or entry.id not in last):
                found.append(((rank, 0), Fired(entry, where, named[entry.id].form)))
    seen = {fired.entry.id for _, fired in found}
    for entry in extras.entries:
        if entry.id in seen:
            continue
        if entry.id in last:
            mention = last[entry.id]
            back = len(text[mention.end :].split())
            found.append(((1, -mention.start), Fired(entry, "text", mention.form, back)))
        elif entry.kind == "rule":
            found.append(((3, 0), Fired(entry, "rule")))
    return [fired for _, fired in sorted(found, key=lambda pair: pair[0])]


def _bible(
    applying: Sequence[Fired], entries: Sequence[Entry], budget: int, tokenizer: Tokenizer
) -> tuple[str, list[Fired]]:
    """The block, and what became of each entry. They stand in the order of the bible, whichever was mentioned last: so
    the block stays the same while the writer goes on."""
    fired: list[Fired] = []
    lines: dict[str, str] = {}
    left = budget - len(tokenizer.encode(f"{SEPARATOR}[Notes on the story:]"))
    for each in applying:
        whole = each.entry.line()
        fitting = min(ENTRY_TOKENS, left - 1)
        line = clip(whole, max(0, fitting), tokenizer)
        # An entry of which little more than the name is left says nothing.
        if not line or (line != whole and len(line) < len(each.entry.name) + 40):
            fired.append(replace(each, outcome="left out"))
            continue
        cost = len(tokenizer.encode("\n" + line))
        if cost > left:
            fired.append(replace(each, outcome="left out"))
            continue
        left -= cost
        lines[each.entry.id] = line
        fired.append(replace(each, tokens=cost, outcome="read" if line == whole else "cut"))
    ordered = [f"\n{lines[entry.id]}" for entry in entries if entry.id in lines]
    return ("[Notes on the story:" + "".join(ordered) + "]" if ordered else ""), fired


def _one_line(text: str) -> str:
    return " ".join(text.split())

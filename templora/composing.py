"""The prompt of a beat ('what happens next') or of a gap between two passages, and what is taken off the answer. Pure.

A model that has been taught to answer is told what is wanted in its chat format, and its answer is begun with the last
words before the place: it then goes on in the voice of the book instead of introducing itself. One that only writes on
gets the beat as a bracketed line before the last paragraph, and the text after a gap as what comes later; where its
tokenizer knows how a gap is written, that way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from templora.engine import Compose
from templora.errors import BadInput
from templora.prompts import Commentary, Preamble, Trimmed, chat_ids, from_a_start, text_ids
from templora.sentences import whole_sentences
from templora.stops import Whole
from templora.streaming import Filter

BEFORE_CHARACTERS = 3000
AFTER_CHARACTERS = 1200
LEAD_CHARACTERS = 400
"""So much of the text before the place stands at the very end of the prompt."""
OPENING_WORDS = 5
_SENTENCE_END = re.compile(r"(^|[.!?…:][”\"’')]*|\n)\s*$")
_HEADINGS = (
    *("[Later:", "[What happens next:", "[In between:"),
    *("The story so far:", "How it goes on after the gap", "Write the next passage", "Write the passage that"),
)
"""What a small model may say after us."""
_GAPS = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    ("▁<PRE>", "▁<SUF>", "▁<MID>"),
)


def compose_prompt(
    tokenizer: Any, request: Compose, bos: int | None, room: int, answers: bool
) -> tuple[list[int], Callable[[], list[Filter]]]:
    """(ids with BOS, at most `room` of them; the filters of one take). Context is left out where it does not fit.

    Raises `BadInput` where there is nothing to go by, or where the beat alone is too long for the model.
    """
    if not request.before.strip() and not request.beat.strip():
        raise BadInput("There is no text to go on from. Write a few words first.")
    for share in (1.0, 0.5, 0.2, 0.05):
        parts = _Parts(request, share)
        if answers:
            ids = chat_ids(tokenizer, _wish(parts), parts.lead)
        elif parts.after and (gap := _gap_tokens(tokenizer)):
            ids = _gap_ids(tokenizer, parts, gap, bos)
        else:
            ids = [*([] if bos is None else [bos]), *text_ids(tokenizer, _completion(parts))]
        if len(ids) <= room:
            return ids, lambda: _filters(request, answers and not request.before.strip())
    raise BadInput("This does not fit into the model's context. Write it in fewer words.")


class _Parts:
    """What goes into the prompt. `lead` is the end of the text before the place, with the breaks that follow it."""

    def __init__(self, request: Compose, share: float) -> None:
        text = request.before.rstrip(" \t")
        body = text.rstrip()
        self.breaks = "\n\n" if "\n" in text[len(body) :] else ""
        lead = from_a_start(body.rsplit("\n\n", 1)[-1], LEAD_CHARACTERS)
        self.before = from_a_start(body[: len(body) - len(lead)], int(BEFORE_CHARACTERS * share))
        self.lead = lead + self.breaks if lead else ""
        self.after = _until_an_end(request.after, int(AFTER_CHARACTERS * share))
        self.beat = " ".join(request.beat.split())
        self.notes = request.notes.strip()


def _until_an_end(text: str, characters: int) -> str:
    """The beginning of a text, up to the end of a sentence where there is one."""
    text = text.strip()
    if len(text) > characters:
        text = whole_sentences(text[:characters]) or text[:characters]
    return text


def _wish(parts: _Parts) -> str:
    about = [parts.notes] if parts.notes else []
    told = f"{parts.before}\n\n{parts.lead}".strip()
    about += [f"The story so far:\n{told}"] if told else []
    if parts.after:
        about += [f"How it goes on after the gap:\n{parts.after}"]
        between = f" In between, this happens: {parts.beat}" if parts.beat else ""
        task = f"Write the passage that is missing between the two.{between} Lead up to what follows; do not repeat it."
    else:
        task = f"Write the next passage. This is what happens in it: {parts.beat}"
    voice = "Keep the voice, the tense and the point of view. Reply with the prose of the story only."
    return "\n\n".join([*about, f"{task}\n{voice}"])


def _completion(parts: _Parts) -> str:
    later = f"[Later: {_flat(parts.after)}]" if parts.after else ""
    beat = f"[{'In between' if parts.after else 'What happens next'}: {parts.beat}]" if parts.beat else ""
    return "\n\n".join(part for part in (parts.notes, later, parts.before, beat) if part) + f"\n\n{parts.lead}"


def _flat(text: str) -> str:
    return " ".join(text.split())


def _gap_tokens(tokenizer: Any) -> tuple[int, int, int] | None:
    """How this tokenizer writes a gap, where it can: ids before the text before, before the text after, last."""
    for names in _GAPS:
        begin, follows, middle = tokenizer.convert_tokens_to_ids(list(names))
        if not {begin, follows, middle} & {None, tokenizer.unk_token_id}:
            return begin, follows, middle
    return None


def _gap_ids(tokenizer: Any, parts: _Parts, gap: tuple[int, int, int], bos: int | None) -> list[int]:
    beat = f"[In between: {parts.beat}]" if parts.beat else ""
    before = "\n\n".join(part for part in (parts.notes, parts.before, beat) if part)
    before = f"{before}\n\n{parts.lead}".lstrip()
    begin, follows, middle = gap
    after = tokenizer.encode(("\n\n" if parts.breaks else " ") + parts.after, add_special_tokens=False)
    return [*([] if bos is None else [bos]), begin, *text_ids(tokenizer, before), follows, *after, middle]


def _filters(request: Compose, introduces: bool) -> list[Filter]:
    filters: list[Filter] = [Preamble()] if introduces else []
    filters += [Commentary(), Until("\n[", *_HEADINGS)]
    if request.after:
        return [*filters, Before(request.after), Whole(), Trimmed()]
    return filters if request.before[-1:].strip() else [*filters, Trimmed()]


# --- what is taken off an answer -------------------------------------------------------------------------------------


class Until:
    """Ends a take before the first of these strings."""

    def __init__(self, *stops: str) -> None:
        self.done = False
        self._stops = stops
        self._held = ""

    def push(self, text: str) -> str:
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        self.done = bool(found)
        sure = min(found) if found else len(self._held) - max(map(self._begun, self._stops))
        text, self._held = self._held[:sure], "" if found else self._held[sure:]
        return text

    def _begun(self, stop: str) -> int:
        """How many characters at the end may be the beginning of `stop`."""
        return next((n for n in range(len(stop) - 1, 0, -1) if self._held.endswith(stop[:n])), 0)

    def finish(self) -> str:
        text, self._held = self._held, ""
        return text


class Before:
    """Ends a take where one of its sentences begins as `following` does: that text is there already.

    Where it begins with fewer than three words, they say too little and nothing is taken off.
    """

    def __init__(self, following: str) -> None:
        self.done = False
        self._opening = _words(following[:200])[:OPENING_WORDS]
        self._held = ""
        self._at_start = True

    def push(self, text: str) -> str:
        self._held += text
        return self._give(self._sure()) if len(self._opening) >= 3 else self._give(len(self._held))

    def _sure(self) -> int:
        """How much of what is held does not belong to the following text; sets `done` where the rest does."""
        for found in re.finditer(r"\S+", self._held):
            begins = (
                self._at_start
                if not self._held[: found.start()].strip()
                else bool(_SENTENCE_END.search(self._held[: found.start()]))
            )
            words = _words(self._held[found.start() :])
            if not begins or not words:
                continue
            # The last word may still grow.
            whole = words[:-1] == self._opening[: len(words) - 1]
            if len(words) > len(self._opening):
                self.done = words[: len(self._opening)] == self._opening
            if self.done or (len(words) <= len(self._opening) and whole and self._grows_into(words)):
                return found.start()
        return len(self._held)

    def _grows_into(self, words: list[str]) -> bool:
        return self._opening[len(words) - 1].startswith(words[-1])

    def _give(self, sure: int) -> str:
        text, self._held = self._held[:sure], "" if self.done else self._held[sure:]
        if text.strip():
            self._at_start = bool(_SENTENCE_END.search(text))
        return text

    def finish(self) -> str:
        whole = _words(self._held)
        self.done = self.done or (len(whole) >= 3 and whole == self._opening[: len(whole)])
        return self._give(0 if self.done else len(self._held))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())

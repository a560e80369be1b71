"""The prompt of a rewrite, and what is taken off its answer. Pure: needs a tokenizer, no model.

Small models like to talk about their work ("Here is …:", "I made some changes …"). Their answer is begun for them, and
what is talk all the same is held back while it streams.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from templora.engine import Rewrite
from templora.errors import BadInput
from templora.streaming import Filter, Paragraphs
from templora.verbs import VERBS

BEFORE_CHARACTERS = 1200
AFTER_CHARACTERS = 400

_BLANK_LINE = re.compile(r"\s*\n[^\S\n]*\n\s*")
_OPENER = re.compile(
    r"""[\s*_#"“]*(sure|certainly|of\ course|absolutely|okay|here\s?(’s|'s|\ is|\ are)|here\ it
    |(the\ )?(rewritten|revised|expanded|shortened)|rewrite)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PREAMBLE = re.compile(_OPENER.pattern + r"[^\n]*:[\s*_\"”]*", re.IGNORECASE | re.VERBOSE)
_COMMENT = re.compile(
    r"""[\s(\[*_]*(Note\b.{0,20}:|(And\ )?(H|h)ere(['’]s|\ is)\b.*?\bpassage
    |(I|I['’]ve|I\ have|In\ this|This|The|These|By|To|As)\b.*?
    \b(version|rewr[io]te?|rewriting|rewritten|revised?|revision|rephras\w+|passage|changes|adjustments|edits|clarity
    |readability|text\ (I|you)\ provided|previously\ mentioned))""",
    re.VERBOSE,
)
_BASE = re.compile(r"(^|[-_/ ])(base|pt|pretrain(ed)?)($|[-_/. ])", re.IGNORECASE)
_OPENER_CHARACTERS = 20
_PREAMBLE_CHARACTERS = 160
_COMMENT_CHARACTERS = 80
_QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“"}


def rewrite_prompt(
    tokenizer: Any, request: Rewrite, bos: int | None, room: int, answers: bool
) -> tuple[list[int], Callable[[], list[Filter]]]:
    """(ids with BOS, at most `room` of them; the filters of one take). Context is left out where it does not fit.

    `answers`: has the model been taught to do what it is told? Raises `BadInput` where the verb is not known, or the
    passage alone is too long for the model.
    """
    if request.verb not in VERBS:
        raise BadInput(f"A passage cannot be changed by ‘{request.verb}’.")
    before = from_a_start(request.before, BEFORE_CHARACTERS)
    after = request.after[:AFTER_CHARACTERS].strip()
    for context in ((before, after), (before, ""), ("", "")):
        if answers:
            ids = _chat(tokenizer, request, *context)
        else:
            ids = [*([] if bos is None else [bos]), *text_ids(tokenizer, _completion(request, context[0]))]
        if len(ids) <= room:
            return ids, (_answer_filters if answers else _completion_filters)(request)
    raise BadInput("The passage is too long for this model. Select a shorter one.")


def answers(tokenizer: Any, name: str) -> bool:
    """Has this model been taught to do what it is told? Some base models carry a chat format all the same."""
    return bool(getattr(tokenizer, "chat_template", None)) and not _BASE.search(name)


def from_a_start(text: str, characters: int) -> str:
    """The end of a text, from the beginning of a paragraph or sentence where there is one."""
    if len(text) > characters:
        text = text[-characters:]
        found = re.search(r"\n\s*\n|(?<=[.!?…”\"])\s", text)
        text = text[found.end() :] if found else text
    return text.strip()


def _chat(tokenizer: Any, request: Rewrite, before: str, after: str) -> list[int]:
    verb = VERBS[request.verb]
    parts = [f"{request.instruction or verb.wish} Reply with the rewritten passage only."]
    parts += [f"Text before the passage, for context:\n{before}"] if before else []
    parts += [f"Text after it, for context:\n{after}"] if after else []
    parts += [f"Passage:\n{request.passage.strip()}"]
    result = "rewritten" if request.instruction else verb.result
    return chat_ids(tokenizer, "\n\n".join(parts), f"Here is the passage, {result}:\n\n")


def chat_ids(tokenizer: Any, message: str, answer: str) -> list[int]:
    """A user's message in the model's chat format, and the beginning of the answer to it."""
    # Only a user's message: some templates refuse a system message. Reasoning would be shown as part of the answer.
    ids: list[int] = tokenizer.apply_chat_template(
        [{"role": "user", "content": message}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=False,
        enable_thinking=False,
    )
    return [*ids, *text_ids(tokenizer, answer)]


def _completion(request: Rewrite, before: str) -> str:
    """For models that were never taught to answer: an example of the same kind, then the passage.

    What comes after it is of no use to them: they write on from the end. A wish of the writer's own has no example.
    """
    before = f"{before}\n\n" if before else ""
    passage = request.passage.strip()
    if request.instruction:
        return f"{before}{passage}\n\n(The same passage again. {request.instruction})\n\n"
    verb = VERBS[request.verb]
    given, made = verb.example
    example = f"Passage:\n{given}\n\nThe same passage, {verb.result}:\n{made}"
    return f"{before}***\n\n{example}\n\n***\n\nPassage:\n{passage}\n\nThe same passage, {verb.result}:\n"


def text_ids(tokenizer: Any, text: str) -> list[int]:
    """Ids of a text that goes on. Newlines at its end tokenise as they do before a letter."""
    if not text.endswith("\n"):
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False) if text else []
        return ids
    return tokenizer.encode(text + "A", add_special_tokens=False)[:-1]


def _answer_filters(request: Rewrite) -> Callable[[], list[Filter]]:
    passage = request.passage
    kept = VERBS[request.verb].kept and not request.instruction
    whole = [Preamble, Commentary, *([lambda: Paragraphs(_paragraphs(passage))] if kept else []), Trimmed]
    return lambda: [*(part() for part in whole), Unquoted(passage)]


def _completion_filters(request: Rewrite) -> Callable[[], list[Filter]]:
    return lambda: [Paragraphs(_paragraphs(request.passage)), Trimmed(), Unquoted(request.passage)]


def _paragraphs(passage: str) -> int:
    return len(_BLANK_LINE.split(passage.strip()))


# --- what is taken off an answer -------------------------------------------------------------------------------------


class Preamble:
    """Drops a first line that announces the passage. Held back only while it may still be one."""

    done = False

    def __init__(self) -> None:
        self._held: str | None = ""

    def push(self, text: str) -> str:
        if self._held is None:
            return text
        self._held += text
        head, newline, rest = self._held.lstrip().partition("\n")
        if newline and _PREAMBLE.fullmatch(head):
            text, self._held = rest, None
            return text
        undecided = len(head) < _OPENER_CHARACTERS or (_OPENER.match(head) and len(head) < _PREAMBLE_CHARACTERS)
        return "" if undecided and not newline else self.finish()

    def finish(self) -> str:
        text, self._held = self._held or "", None
        return text


class Commentary:
    """Ends an answer where a later paragraph talks about the rewriting instead of being part of it."""

    def __init__(self) -> None:
        self.done = False
        self._held = ""
        self._judging = False

    def push(self, text: str) -> str:
        self._held += text
        out = ""
        while not self.done:
            if self._judging:
                head, newline, _ = self._held.lstrip().partition("\n")
                if not newline and len(head) < _COMMENT_CHARACTERS:
                    break
                out += self._judge(head)
            elif blank := _BLANK_LINE.search(self._held):
                out += self._held[: blank.start()]
                self._held, self._judging = self._held[blank.start() :], True
            else:
                whole = len(self._held.rstrip())
                out += self._held[:whole]
                self._held = self._held[whole:]
                break
        return out

    def _judge(self, head: str) -> str:
        """Returns the blank line before a paragraph that belongs to the text; ends the answer before another."""
        self._judging = False
        self.done = bool(_COMMENT.match(head[:_COMMENT_CHARACTERS]))
        blank = "" if self.done else self._held[: len(self._held) - len(self._held.lstrip())]
        self._held = "" if self.done else self._held.lstrip()
        return blank

    def finish(self) -> str:
        blank = self._judge(self._held.strip()) if self._judging else ""
        text, self._held = blank + self._held, ""
        return text


class Trimmed:
    """No whitespace before the text and none after it."""

    done = False

    def __init__(self) -> None:
        self._begun = False
        self._held: str = ""

    def push(self, text: str) -> str:
        text = self._held + text if self._begun else text.lstrip()
        whole = text.rstrip()
        self._begun = self._begun or bool(whole)
        self._held = text[len(whole) :]
        return whole

    def finish(self) -> str:
        return ""


class Unquoted:
    """Takes off quotation marks around the whole text, unless the passage begins with one itself.

    An answer that opens with a mark is held until it is closed: text after that shows it to be speech, not a wrapping.
    """

    done = False

    def __init__(self, passage: str) -> None:
        self._held: str | None = None if passage.lstrip()[:1] in _QUOTES else ""

    def push(self, text: str) -> str:
        if self._held is None:
            return text
        self._held += text
        if not self._held:
            return ""
        closing = _QUOTES.get(self._held[0])
        end = self._held.find(closing, 1) if closing else -1
        if closing and (end < 0 or end == len(self._held) - 1):
            return ""
        text, self._held = self._held, None
        return text

    def finish(self) -> str:
        text, self._held = self._held or "", None
        wrapped = len(text) > 2 and text[-1] == _QUOTES.get(text[0])
        return text[1:-1] if wrapped else text

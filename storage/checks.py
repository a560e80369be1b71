"""What may be stored as a title or a text, and the form in which it is."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Sequence

from storage.records import Accepted, Span
from templora.errors import BadInput

TITLE_LENGTH = 200
SYNOPSIS_LENGTH = 2000

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BREAKS = re.compile("[\x01-\x1f\x7f\x85\u2028\u2029]+")


def new_id() -> str:
    """12 lowercase letters and digits, drawn at random: 62 bits."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(12))


def clean_title(title: str, what: str = "title") -> str:
    """One line without space around it. Raises `BadInput` where nothing is left, or more than `TITLE_LENGTH`.

    `what`: what it is to the writer, for the message.
    """
    _storable(title, what)
    title = _BREAKS.sub(" ", title).strip()
    if not title:
        raise BadInput(f"A {what} is needed: at least one letter.")
    if len(title) > TITLE_LENGTH:
        raise BadInput(f"This {what} has {len(title)} characters; at most {TITLE_LENGTH} fit. Shorten it.")
    return title


def clean_text(text: str) -> str:
    """Lines end in LF alone. Raises `BadInput` for what is no text: NUL, halves of surrogate pairs."""
    _storable(text, "text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def clean_note(text: str, most: int, what: str) -> str:
    """What the writer notes beside the book, without space around it. Raises `BadInput` for what is no text, and for
    more than `most` code points."""
    text = clean_text(text).strip()
    if len(text) > most:
        raise BadInput(f"This {what} has {len(text):,} characters; at most {most:,} fit. Shorten it.")
    return text


def passage(text: str, span: Span, otherwise: str) -> Span:
    """A selection without the space at its ends. Raises `BadInput`, which says `otherwise`, where nothing else is left
    of it."""
    start, end = span
    words = text[start:end] if 0 <= start < end <= len(text) else ""
    if not words.strip():
        raise BadInput(otherwise)
    return end - len(words.lstrip()), start + len(words.rstrip())


def clean_spans(text: str, accepted: Sequence[Accepted]) -> list[Accepted]:
    """Spans of `text` as it was sent, as spans of `clean_text(text)`."""
    spans: list[Accepted] = []
    for span in accepted:
        # A span outside the text stays outside: it is refused where it is used.
        dropped = text.count("\r\n", 0, max(0, span.start))
        inside = text.count("\r\n", max(0, span.start), max(0, span.start + span.length))
        spans.append(Accepted(span.take, span.start - dropped, span.length - inside))
    return spans


def _storable(text: str, what: str) -> None:
    found = _UNSTORABLE.search(text)
    if found:
        raise BadInput(
            f"The {what} holds a character that is no text (U+{ord(found[0]):04X}, at {found.start()}). "
            "Remove it, then save again."
        )

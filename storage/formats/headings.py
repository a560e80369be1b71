"""Which lines of a manuscript are headings, by their words alone: `CHAPTER IV. The Title`, `Prologue`, `7`, `II`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

Kind = Literal["part", "chapter", "named", "number", "capitals"]
"""part: holds chapters. chapter: a word and a number. named: a word (Prologue). number: no word, perhaps a title.
capitals: set apart in capital letters.
"""

_PARTS = "part|book|volume|teil|buch|band|partie|livre|tome|parte|libro|livro|deel|boek"
_CHAPTERS = (
    "chapter|chap\\.?|act|canto|stave|letter|episode|kapitel|chapitre|acte|cap[ií]tulo|capitolo|hoofdstuk|kapittel|"
    "bedrijf"
)
_NAMED = (
    "prologue|prolog|epilogue|epilog|preface|foreword|introduction|afterword|interlude|intermezzo|postscript|coda|"
    "dedication|acknowledge?ments?|author['’]s note|appendix|proloog|epiloog|voorwoord|nawoord|inleiding|vorwort|"
    "nachwort|prologue|épilogue|préface|avant-propos|prólogo|epílogo|prefacio|prologo|epilogo|prefazione"
)
_CONTENTS = "(?:table of )?contents|inhoud(?:sopgave)?|inhalt(?:sverzeichnis)?|table des matières|[íi]ndice|sommaire"

_UNITS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


@dataclass(frozen=True)
class Heading:
    """A line read as a heading. `number` is 0 where it has none; `title` is what follows the number, often nothing."""

    kind: Kind
    word: str
    number: int
    title: str

    @property
    def key(self) -> tuple[str, int]:
        """Equal for a heading and its entry in a table of contents."""
        return self.word, self.number


def recognise(line: str) -> Heading | None:
    """A heading that needs no context: a part, a chapter or a named section. None for anything else."""
    line = line.strip()
    if not line or len(line) > 120 or _is_contents_entry(line):
        return None
    if named := _named_pattern().match(line):
        rest = line[named.end() :]
        title = _title_after(rest) if re.match(r"\s*[.:—–-]|$", rest) else None
        return Heading("named", named["word"].lower(), 0, title) if title is not None and line[0].isupper() else None
    for pattern in (_numbered_pattern(), _ordinal_pattern()):
        if match := pattern.match(line):
            number, used = _number(match["number"])
            title = _title_after(match["number"][used:] + line[match.end() :])
            # In lower case (`chapter one`) only where nothing else stands on the line.
            if number and title is not None and (line[0].isupper() or not title):
                word = match["word"].lower().rstrip(".")
                return Heading("part" if re.fullmatch(_PARTS, word) else "chapter", word, number, title)
    return None


def recognise_number(line: str) -> Heading | None:
    """`7`, `II.`, `Seven`, `I. The Beginning`: a heading only in company, see `storage.formats.structure`."""
    line = line.strip()
    if not line or len(line) > 90 or _is_contents_entry(line):
        return None
    number, used = _number(line)
    rest = line[used:]
    if not number or not line[0].isalnum() or line[0].islower():
        return None
    if not rest.strip(" .)"):
        return Heading("number", "", number, "")
    sign = re.match(r"\s*[.:)—–-]\s*", rest)
    title = rest[sign.end() :].strip() if sign else ""
    return Heading("number", "", number, title) if is_title(title) else None


def is_contents(line: str) -> bool:
    """Is this the heading of a table of contents?"""
    return re.fullmatch(_CONTENTS, line.strip(" .:").lower()) is not None


def is_capitals(line: str) -> bool:
    """A short line wholly in capitals, as many books set their chapter titles. Not all scripts have any."""
    letters = sum(char.isalpha() for char in line)
    return 2 <= letters <= 70 and line.isupper() and not line.startswith(("(", "["))


def is_title(line: str) -> bool:
    """Could a short line be a title? In capitals, or with its long words capitalised and no full stop."""
    if not line or len(line) > 90 or "\n" in line:
        return False
    if is_capitals(line):
        return True
    words = re.findall(r"[^\W\d_][\w'’]*", line)
    long = [word for word in words if len(word) > 3] or words
    if not words or line[-1] in ".,;:!—-" or line[0] in "\"“‘'«»([" or not words[0][0].isupper():
        return False
    return len(line) <= 70 and sum(word[0].isupper() for word in long) * 5 >= len(long) * 3


def is_prose(text: str) -> bool:
    """Is there a sentence of some length in it, as no title page and no table of contents has?"""
    for line in text.split("\n"):
        words = re.findall(r"[^\W\d_]+", line)
        small = sum(word[0].islower() for word in words)
        if len(words) >= 12 and small * 2 >= len(words) and re.search(r"[.!?…][\"'”’»)*_]*\s*$", line):
            return True
    return False


def _is_contents_entry(line: str) -> bool:
    return re.search(r"(?:\.{3,}|\s{2,}|\t|…)\s*(?:\d+|[ivxl]+)\.?$", line) is not None


@cache
def _named_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?:the\s+)?(?P<word>{_NAMED})\b", re.IGNORECASE)


@cache
def _numbered_pattern() -> re.Pattern[str]:
    number = r"(?:the\s+)?(?P<number>\w[\w-]*(?:\s\w+)?)"
    return re.compile(rf"(?P<word>{_CHAPTERS}|{_PARTS})\s+{number}", re.IGNORECASE)


@cache
def _ordinal_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?:the\s+)?(?P<number>\w+(?:[- ]\w+)?)\s+(?P<word>{_CHAPTERS}|{_PARTS})\b\.?", re.IGNORECASE)


def _title_after(rest: str) -> str | None:
    """What follows a heading's word or number, as its title; None where the line goes on as a sentence."""
    sign = re.match(r"\s*[.:;—–|-]+\s*|,?\s+", rest)
    if not rest.strip(" .:"):
        return ""
    if not sign:
        return None
    title = rest[sign.end() :].strip()
    if sign[0].strip(" ,"):
        return title if not title[:1].islower() else None
    return title if is_title(title) else None


def _number(text: str) -> tuple[int, int]:
    """The number that a text begins with, in digits, Roman numerals or words, and its length; (0, 0) for none."""
    match = re.match(r"[^\W_]+(?:[- ][A-Za-z]+)?", text)
    if not match:
        return 0, 0
    word = match[0]
    first = re.split(r"[- ]", word)[0]
    if first.isdecimal():
        return (int(first), len(first)) if len(first) <= 3 else (0, 0)
    if first and _ROMAN.fullmatch(first.upper()) and first in (first.upper(), first.lower()):
        return _roman(first.upper()), len(first)
    parts = word.lower().replace("-", " ").split()
    if len(parts) == 2 and parts[0] in _TENS and 1 <= _unit(parts[1]) <= 9:
        return 20 + 10 * _TENS.index(parts[0]) + _unit(parts[1]), len(word)
    for names in (_TENS, tuple(ten[:-1] + "ieth" for ten in _TENS)):
        if parts[0] in names:
            return 20 + 10 * names.index(parts[0]), len(first)
    return (_unit(parts[0]), len(first)) if _unit(parts[0]) else (0, 0)


def _unit(word: str) -> int:
    for names in (_UNITS, _ORDINALS):
        if word in names:
            return names.index(word) + 1
    return 0


def _roman(text: str) -> int:
    values = [_ROMAN_VALUES[char] for char in text]
    return sum(-value if value < max(values[i:]) else value for i, value in enumerate(values))

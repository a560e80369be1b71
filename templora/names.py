"""Names in a text: where those that the story bible knows are mentioned, and which it may lack. Pure.

A name is found as a word of its own, with its case: 'Will' is not in 'will'. A possessive ('Ines’s'), capitals
throughout ('INES'), another apostrophe, a line break inside it and the two ways that Unicode writes 'é' make no
difference. The longest name wins: 'Ines Corvalho' is no mention of a 'Corvalho'.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

WORD = re.compile("[^\\W_](?:[^\\W_]|[\u0300-\u036f])*")
"""Letters and digits, with the accents that stand on their own."""
_HYPHENS = "-\u2010\u2011"
_ARTICLES = frozenset({"the", "a", "an", "de", "het", "een", "der", "die", "das", "le", "la", "les", "el", "los", "il"})
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts that put no space between words: there a name is found anywhere."""


@dataclass(frozen=True)
class Mention:
    """A name of `owner` stands at `[start, end)` (code points) of the text; `form` is how it reads there."""

    owner: str
    start: int
    end: int
    form: str


@dataclass
class _Form:
    """One way that a name may be written: its words, and what may stand between each two of them.

    `shouted`: all capitals; of a single word that holds only where the text does not use it as a common word.
    """

    words: tuple[str, ...]
    gaps: tuple[frozenset[str], ...]
    shouted: bool
    owners: list[str] = field(default_factory=list[str])


class Finder:
    """Finds the names of many owners in one pass."""

    def __init__(self, names: Iterable[tuple[str, Iterable[str]]]) -> None:
        """`names`: each owner with the names that it goes by. A name may have several owners."""
        self._forms: dict[str, list[_Form]] = {}
        self._anywhere: dict[str, list[str]] = {}
        known: dict[tuple[tuple[str, ...], tuple[frozenset[str], ...]], _Form] = {}
        for owner, of in names:
            for name in (unicodedata.normalize("NFC", name) for name in of):
                if UNSPACED.search(name):
                    self._anywhere.setdefault(name.strip(), []).append(owner)
                    continue
                for form in _forms(name):
                    kept = known.setdefault((form.words, form.gaps), form)
                    kept.shouted &= form.shouted
                    if owner not in kept.owners:
                        kept.owners.append(owner)
        for form in known.values():
            self._forms.setdefault(form.words[0], []).append(form)
        for forms in self._forms.values():
            forms.sort(key=lambda form: -len(form.words))

    def find(self, text: str) -> list[Mention]:
        """Every mention, in order; none lies inside another."""
        found: list[Mention] = []
        if self._forms:
            words = list(WORD.finditer(text))
            # Most texts are NFC as they are: asked once, not word by word.
            same = unicodedata.is_normalized("NFC", text)
            plain = [word[0] if same else unicodedata.normalize("NFC", word[0]) for word in words]
            place = 0
            while place < len(words):
                form = self._form_at(text, words, plain, place)
                if form is None:
                    place += 1
                    continue
                start, end = words[place].start(), words[place + len(form.words) - 1].end()
                found += [Mention(owner, start, end, text[start:end]) for owner in form.owners]
                place += len(form.words)
        for name, owners in self._anywhere.items():
            for match in re.finditer(re.escape(name), text):
                found += [Mention(owner, match.start(), match.end(), match[0]) for owner in owners]
        return sorted(found, key=lambda mention: mention.start) if self._anywhere else found

    def _form_at(self, text: str, words: list[re.Match[str]], plain: list[str], place: int) -> _Form | None:
        for form in self._forms.get(plain[place], ()):
            count = len(form.words)
            if tuple(plain[place : place + count]) != form.words:
                continue
            part = words[place : place + count]
            between = (_gap(text[a.end() : b.start()]) for a, b in pairwise(part))
            if not all(gap in wanted for gap, wanted in zip(between, form.gaps, strict=True)):
                continue
            if _compound(text, part[0].start(), part[-1].end()):
                continue
            if form.shouted and count == 1 and form.words[0].lower() in plain:
                continue  # 'I WILL NOT' is not about Will
            return form
        return None


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in NFC: ('O', 'Brien') for 'O’Brien'."""
    return tuple(match[0] for match in WORD.finditer(unicodedata.normalize("NFC", name)))


def _forms(name: str) -> Iterator[_Form]:
    found = list(WORD.finditer(name))
    if not found:
        return
    words = tuple(match[0] for match in found)
    gaps = tuple(_gaps(name[a.end() : b.start()]) for a, b in pairwise(found))
    yield _Form(words, gaps, False)
    first = words[0]
    if first.islower():  # a name that begins in lower case ('the pilot') may begin a sentence
        yield _Form((first[0].upper() + first[1:], *words[1:]), gaps, False)
    elif len(words) > 1 and first.lower() in _ARTICLES:  # 'The Customs House' in the middle of one
        yield _Form((first.lower(), *words[1:]), gaps, False)
    shouted = tuple(word.upper() for word in words)
    if shouted != words and len("".join(words)) > 1:
        yield _Form(shouted, gaps, True)


def _gap(text: str) -> str:
    """What stands between two words, with one spelling for each kind of space, apostrophe and hyphen."""
    if text in (" ", "-", "'"):
        return text
    text = re.sub("[’ʼ‘`]", "'", text)
    text = re.sub(f"[{_HYPHENS}]", "-", text)
    return re.sub(r"[^\S\n]+|[^\S\n]*\n[^\S\n]*(?!\n)", " ", text)


def _gaps(text: str) -> frozenset[str]:
    gap = _gap(text)
    return frozenset({gap, gap.replace(".", "")})  # 'Mr. Smith' and 'Mr Smith'


def _compound(text: str, start: int, end: int) -> bool:
    """Does it belong to a name with hyphens: 'Anne' to 'Anne-Marie'?"""
    before = start > 1 and text[start - 1] in _HYPHENS and text[start - 2].isalnum()
    after = text[end : end + 1] in tuple(_HYPHENS) and text[end + 1 : end + 2].isupper()
    return before or after


# --- names that the bible may lack ---

SUGGESTED = 12
FEWEST = 4
"""A name that occurs less often is none yet that needs an entry."""
_SENTENCE_START = re.compile(r"(?:^|[.!?…:;\n—–]|[\"“‘«„])[\s\"'“‘«„*_(\[]*$")
_CONNECTORS = frozenset({"of", "de", "da", "do", "dos", "du", "la", "le", "van", "von", "der", "den", "ten", "di"})
_DAYS = frozenset({"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"})
_MONTHS = frozenset(
    {"January", "February", "March", "April", "May", "June", "July"}
    | {"August", "September", "October", "November", "December"}
)
_NO_NAMES = _DAYS | _MONTHS | {"I", "O", "Mr", "Mrs", "Ms", "Miss", "Dr", "Sir", "Madam", "God", "Chapter"}


@dataclass(frozen=True)
class Suggestion:
    """A name that the book uses: how often, and the shorter names that are part of it."""

    name: str
    count: int
    aliases: tuple[str, ...] = ()


@dataclass
class Capitals:
    """Capitalised words of a text: names inside sentences, single ones at their beginning, and words in lower case."""

    inside: Counter[str] = field(default_factory=Counter[str])
    first: Counter[str] = field(default_factory=Counter[str])
    lower: Counter[str] = field(default_factory=Counter[str])

    @staticmethod
    def of(text: str) -> Capitals:
        found = Capitals()
        words = list(WORD.finditer(text))
        place = 0
        while place < len(words):
            if not _capital(words[place][0]):
                found.lower[words[place][0]] += 1
                place += 1
                continue
            end = _phrase_end(text, words, place)
            start = words[place].start()
            if _SENTENCE_START.search(text[max(0, start - 8) : start] if start >= 8 else "\n" + text[:start]):
                found.first[words[place][0]] += 1
                place += 1  # what stands first may be any word; what follows it may be a name
            if place < end:
                found.inside[" ".join(text[words[place].start() : words[end - 1].end()].split())] += 1
            place = max(place, end)
        return found


def suggestions(capitals: Capitals, known: Iterable[Iterable[str]], dismissed: Collection[str]) -> list[Suggestion]:
    """Names that are frequent, not only at the beginning of sentences, and not among the words of an entry's names
    (`known`: the names of each entry), the most frequent first."""
    words = [{word for name in names for word in words_of(name)} for names in known]
    counts: dict[str, int] = {}
    for name, inside in capitals.inside.items():
        parts = words_of(name)
        common = len(parts) == 1 and capitals.lower[name.lower()] > inside // 4
        total = inside + (capitals.first[name] if len(parts) == 1 else 0)
        if inside < 2 or total < FEWEST or common or name in _NO_NAMES or name in dismissed:
            continue
        if not any(set(parts) <= of for of in words):
            counts[name] = total
    found: list[Suggestion] = []
    taken: set[str] = set()
    for name in sorted(counts, key=lambda name: (-len(words_of(name)), -counts[name], name)):
        if name in taken:
            continue
        shorter = [part for part in words_of(name) if part != name and part in counts and part not in taken]
        taken.update(shorter)
        found.append(Suggestion(name, counts[name] + sum(counts[part] for part in shorter), tuple(shorter)))
    return sorted(found, key=lambda each: (-each.count, each.name))[:SUGGESTED]


def _capital(word: str) -> bool:
    return word[0].isupper() and (len(word) == 1 or not word.isupper())


def _phrase_end(text: str, words: list[re.Match[str]], place: int) -> int:
    """The word after the last one of a name that begins at `place`: 'Port of Lisbon', 'O’Brien', 'Jean-Luc'."""
    end = place + 1
    while end < len(words):
        gap = _gap(text[words[end - 1].end() : words[end].start()])
        if gap not in (" ", "-", "'"):
            break
        if _capital(words[end][0]):
            end += 1
            continue
        after = end + 1 < len(words) and text[words[end].end() : words[end + 1].start()] == " "
        if gap == " " and words[end][0] in _CONNECTORS and after and _capital(words[end + 1][0]):
            end += 2
            continue
        break
    return end

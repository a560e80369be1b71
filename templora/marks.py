"""The marks that a book is written with, and a filter that makes a take's the same. Pure.

Quotation marks curly or straight, speech in double or single ones, apostrophes, dashes long or short, spaced or not,
three dots or an ellipsis: what a text has often, and mostly, is its habit. A mark of which a text has no habit is left
as it is, and so is everything that is not such a mark.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

OFTEN = 3
"""So often a mark must be there at least to be a habit."""
MOSTLY = 0.6
"""And so large a share of its kind it must be."""

_KINDS: dict[str, dict[str, str]] = {
    "speech": {
        "“": "“",
        '"': r'(?<![^\s([{—–-])"(?=\S)',
        "‘": r"(?<![^\s([{—–-])‘(?=\S)",
        "'": r"(?<![^\s([{—–-])'(?=[^\W\d_])",
        "other": "[„«»「『]",
    },
    "apostrophe": {"’": r"[^\W_]’[^\W_]", "'": r"[^\W_]'[^\W_]"},
    "dash": {
        "—": r"(?<=[^\s—])—(?=[^\s—])",
        " — ": r"(?<=\S) — (?=\S)",
        "–": r"(?<=[^\W\d_])–(?=[^\W\d_])",
        " – ": r"(?<=\S) – (?=\S)",
        "--": r"(?<=[^\s-])--(?=[^\s-])",
        " -- ": r"(?<=\S) -- (?=\S)",
    },
    "ellipsis": {"…": "…", "...": r"(?<!\.)\.\.\.(?!\.)"},
}
_PATTERNS = {kind: {mark: re.compile(how) for mark, how in marks.items()} for kind, marks in _KINDS.items()}


@dataclass(frozen=True)
class Habit:
    """`speech`: the mark that opens it, “ " ‘ or '. `dash`: with the spaces around it. None: no habit."""

    speech: str | None = None
    apostrophe: str | None = None
    dash: str | None = None
    ellipsis: str | None = None


def tally(text: str) -> Counter[tuple[str, str]]:
    """How often a text has each mark: (kind, mark) → times. Tallies of several texts can be added."""
    return Counter(
        {
            (kind, mark): sum(1 for _ in pattern.finditer(text))
            for kind, patterns in _PATTERNS.items()
            for mark, pattern in patterns.items()
        }
    )


def habit(tallies: Iterable[Counter[tuple[str, str]]]) -> Habit:
    """The habit of the first of these that has one, mark by mark: the book's, then the chapter's."""
    found: dict[str, str | None] = dict.fromkeys(_KINDS)
    for each in tallies:
        for kind, marks in _KINDS.items():
            rivals = list(marks)
            if kind == "speech":
                # In which marks speech is: in those that there are most of. Speech within speech has the others.
                rivals = max((list('“"'), list("‘'"), ["other"]), key=lambda group: sum(each[kind, m] for m in group))
            best = max(rivals, key=lambda mark: each[kind, mark])
            times, all_of_them = each[kind, best], sum(each[kind, mark] for mark in rivals)
            if found[kind] is None and times >= OFTEN and times >= MOSTLY * all_of_them:
                found[kind] = best
    return Habit(**{kind: None if mark == "other" else mark for kind, mark in found.items()})


_SPACES = " \t\u00a0\u2009\u200a\u202f"
_DASH = re.compile(rf"[{_SPACES}]*([—–-]+)[{_SPACES}]*")
_DOTS = re.compile(r"\.+")
_ELISION = re.compile(
    r"(?:tis|twas|twere|twill|twould|til|till|em|im|er|cause|bout|cos|cuz|round|neath|n|nother|fore|un|ow|ave|ere|alf)"
    r"(?![^\W_])|\d",
    re.IGNORECASE,
)
_ELISION_LETTERS = 8
_LAST = 8
_OPENING = "([{—–-“‘\"'*_"
_CLOSING = "”’\"')]}»"
_ELIDED = re.compile(r"(?:s|in|(?:^|[^\w])(?:an|o|th|wi|ol|mo|po|yo))$", re.IGNORECASE)
_PAIRS = {"“": ("“", "”"), '"': ('"', '"'), "‘": ("‘", "’"), "'": ("'", "'")}
_INNER = {"“": "‘", '"': "'", "‘": "“", "'": '"'}
_KINDS_OF_QUOTES = {"“": "double", "”": "double", '"': "double", "‘": "single", "’": "single", "'": "single"}


class Marks:
    """A filter that makes the marks of a take those of the book. `before`: the text that the take goes on from.

    A mark is held until what comes next shows what it is.
    """

    done = False

    def __init__(self, habit: Habit, before: str = "") -> None:
        self._habit = habit
        self._held = ""
        self._last = ""
        """The end of what is before what is held, as it came."""
        self._words_inside = 0
        """Spaces since the quotation mark that was opened last."""
        self._open: list[str] = []
        """The quotation marks that are open, by kind, the outermost first."""
        paragraph = before[before.rfind("\n\n") + 1 :]
        self._scan(paragraph, final=False)
        self._last = before[-_LAST:]

    def push(self, text: str) -> str:
        self._held += text
        out, used = self._scan(self._held, final=False)
        self._held = self._held[used:]
        return out

    def finish(self) -> str:
        out, _ = self._scan(self._held, final=True)
        self._held = ""
        return out

    def _scan(self, text: str, final: bool) -> tuple[str, int]:
        """(the text in the book's marks, how much of it was certain)."""
        out: list[str] = []
        at = 0
        while at < len(text):
            made = self._one(text, at, final)
            if made is None:
                break
            piece, end = made
            out.append(piece)
            self._last = (self._last + text[at:end])[-_LAST:]
            self._words_inside += text[at] in _SPACES
            if self._last.endswith("\n\n"):
                self._open = []  # speech that goes on over paragraphs is opened anew in each
            at = end
        return "".join(out), at

    def _one(self, text: str, at: int, final: bool) -> tuple[str, int] | None:
        """(what stands for the next piece of the text, its end); None: more of the text is needed."""
        character = text[at]
        if character in _SPACES or character in "—–-":
            return self._dash(text, at, final)
        if character in ".…":
            return self._ellipsis(text, at, final)
        if character in _KINDS_OF_QUOTES:
            return self._quote(text, at, final)
        return character, at + 1

    def _dash(self, text: str, at: int, final: bool) -> tuple[str, int] | None:
        match = _DASH.match(text, at)
        if match is None:
            space = re.compile(rf"[{_SPACES}]+").match(text, at)
            assert space is not None
            return None if space.end() == len(text) and not final else (space[0], space.end())
        if match.end() == len(text) and not final:
            return None
        whole, end = match[0], match.end()
        dash, wish = match[1], self._habit.dash
        before, after = self._last[-1:], text[end : end + 1]
        spaced = (whole[0] in _SPACES or before.isspace()) and whole[-1] in _SPACES
        if (
            wish is None
            or dash not in ("—", "–", "--", "-")
            or (dash == "-" and not spaced)
            or before in ("", "\n")
            or (before.isdigit() and after.isdigit())
            or whole == "–"  # as in Paris–London
        ):
            return whole, end
        inner = after not in ("", "\n") and before not in _OPENING and not before.isspace() and after not in _CLOSING
        return (wish if inner else whole.replace(dash, wish.strip())), end

    def _ellipsis(self, text: str, at: int, final: bool) -> tuple[str, int] | None:
        wish = self._habit.ellipsis
        if text[at] == "…":
            if at + 1 == len(text) and not final:
                return None
            alone = text[at + 1 : at + 2] not in (".", "…") and self._last[-1:] not in (".", "…")
            return (wish if wish and alone else "…"), at + 1
        match = _DOTS.match(text, at)
        assert match is not None
        if match.end() == len(text) and not final:
            return None
        alone = text[match.end() : match.end() + 1] != "…" and self._last[-1:] != "…"
        return (wish if wish and match[0] == "..." and alone else match[0]), match.end()

    # --- quotation marks ---

    def _quote(self, text: str, at: int, final: bool) -> tuple[str, int] | None:
        mark, following = text[at], text[at + 1 : at + 1 + _ELISION_LETTERS]
        kind = _KINDS_OF_QUOTES[mark]
        last = self._last[-1:]
        at_start = not last or last.isspace() or last in _OPENING
        if not final and mark not in "“”‘":
            elision = kind == "single" and at_start and following.isalnum() and len(following) < _ELISION_LETTERS
            if not following or elision or (following == " " and kind == "single"):
                return None
        if kind == "single" and self._is_apostrophe(mark, following, at_start):
            return self._habit.apostrophe or mark, at + 1
        before_word = following[:1].isalnum() or (
            following[:1] != "" and not last.strip() and not following[0].isspace()
        )
        if mark in "“‘" or (mark in "\"'" and at_start and before_word):
            self._open.append(kind)
            self._words_inside = 0
            return self._mark(mark, len(self._open) - 1, closing=False), at + 1
        if kind in self._open:
            while self._open.pop() != kind:
                pass
            return self._mark(mark, len(self._open), closing=True), at + 1
        if kind == "single":
            return self._habit.apostrophe or mark, at + 1  # the boys’ room
        return self._mark(mark, 0, closing=True), at + 1

    def _is_apostrophe(self, mark: str, following: str, at_start: bool) -> bool:
        if mark == "‘":
            return False
        if at_start:
            return bool(_ELISION.match(following))
        if not self._last[-1:].isalnum():
            return False
        if following[:1].isalnum():
            return True
        # Within speech in single marks: ‘The boys’ room,’ ‘Goin’ home,’
        goes_on = following[:1] == " " and following[1:2].islower() and self._words_inside > 0
        return goes_on and bool(_ELIDED.search(self._last))

    def _mark(self, mark: str, depth: int, closing: bool) -> str:
        """What stands at a depth of quotation: the book's mark there, or as it came."""
        if self._habit.speech is None:
            return mark
        return _PAIRS[self._habit.speech if depth % 2 == 0 else _INNER[self._habit.speech]][closing]

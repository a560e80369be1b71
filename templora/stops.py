"""Where a take ends by itself: after its first sentence or a late one, with a whole one, before the next scene. Filters
(`templora.streaming`). Pure."""

from __future__ import annotations

import re

from templora.sentences import LOOKED_AT, shortened, whole_sentences

_UNSPACED = "。！？．｡।॥؟۔።፧៕၊။"
"""Ends of sentences after which the next one may follow without a space."""
_CLOSING = "\"'”’“‘»«›‹)\\]}*_」』）】〉》"
_END = re.compile(rf"[.!?…։{_UNSPACED}]+[{_CLOSING}]*(?:[ \u00a0\u202f]»(?![^\W_]))?")
_QUOTED = tuple("”’」』）】〉》\"'")
_PASSED_OVER = "*_—–-"
"""What may stand between a sentence that goes on and its next word."""


class Sentences:
    """Ends a take with its first sentence: the closing quotation marks belong to it.

    A stop that a small letter follows ends nothing (“Stop!” he said), nor one that belongs to a shortened word (Mr.
    Hale, J. R. Hale, e.g.). To tell, what comes after is waited for, and left out.
    """

    def __init__(self) -> None:
        self.done = False
        self._text = ""
        self._given = 0
        self._from = 0

    def push(self, text: str) -> str:
        if self.done:
            return ""
        self._text += text
        end = len(self._text)
        while (match := _END.search(self._text, self._from)) is not None:
            ends = self._ends(match)
            end = match.end() if ends is not False else len(self._text)
            self._from = match.start() if ends is None else match.end()
            self.done = ends is True
            if ends is not False:
                break
        else:
            self._from = len(self._text)
        out, self._given = self._text[self._given : end], max(self._given, end)
        cut = max(0, self._from - LOOKED_AT)
        self._text, self._given, self._from = self._text[cut:], self._given - cut, self._from - cut
        return out

    def finish(self) -> str:
        return "" if self.done else self._text[self._given :]

    def _ends(self, match: re.Match[str]) -> bool | None:
        """Is this the end of the sentence? None: what comes next must be seen first."""
        before, mark, after = self._text[: match.start()], match[0], self._text[match.end() :]
        if not any(map(str.isalnum, before)):
            return False  # the end of the sentence that the take goes on from, or nothing yet
        if not after:
            return None
        if any(end in mark for end in _UNSPACED):
            return not mark.endswith(_QUOTED) or after[0].isspace() or after[0] in "「『（“‘"
        if not after[0].isspace():
            return False
        following = after.lstrip()
        if "\n" in after[: len(after) - len(following)]:
            return True
        following = following.lstrip(_PASSED_OVER).lstrip(" ")
        if not following:
            return None
        if following[0].islower():
            return False
        return not (mark == "." and shortened(before, following))


class LastSentence(Sentences):
    """Ends a take with the first sentence that ends once `closing` is true: what is left of its length is little."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = False

    def push(self, text: str) -> str:
        if self.closing:
            return super().push(text)
        self._text = (self._text + text)[-LOOKED_AT:]
        self._given = self._from = len(self._text)
        return text


class Whole:
    """Gives whole sentences, each when the next one begins. One that the take leaves unfinished is left out, unless
    there is no other: for what leads over to a text that stands there already."""

    done = False

    def __init__(self) -> None:
        self._text = ""
        self._given = 0

    def push(self, text: str) -> str:
        self._text += text
        return self._give(self._given + len(whole_sentences(self._text[self._given :])))

    def finish(self) -> str:
        rest = self._text[self._given :]
        ends = [match.end() for match in _END.finditer(rest)]
        ended = bool(ends) and ends[-1] == len(rest.rstrip())
        return self._give(len(self._text)) if ended or not self._given else ""

    def _give(self, end: int) -> str:
        out, self._given = self._text[self._given : end], max(self._given, end)
        return out


_BREAK = re.compile(r"[ \t]*(?:(?:[*#~_–—-][ \t]*){3,}|[*#⁂][ \t]*|#{1,6} .*)")
_MAY_BREAK = re.compile(r"[ \t]*(?:[*#~_–—⁂-][ \t]*)*")


class Scene:
    """Ends a take before the next scene: a line of three asterisks or such, or a heading. It is left out."""

    def __init__(self) -> None:
        self.done = False
        self._prose = False
        self._space = ""
        """What stands between the prose and the line."""
        self._line = ""
        """A line from its start, as long as it may be a break."""
        self._within = False
        """The line is prose."""

    def push(self, text: str) -> str:
        out = ""
        for piece in re.findall(r"\n|[^\n]+", text):
            if self.done:
                break
            out += self._end_line() if piece == "\n" else self._more(piece)
        return out

    def finish(self) -> str:
        return "" if self.done or (self._prose and _BREAK.fullmatch(self._line)) else self._space + self._line

    def _more(self, piece: str) -> str:
        if not self._within:
            self._line += piece
            if _MAY_BREAK.fullmatch(self._line) or re.match(r"[ \t]*#{1,6} ", self._line):
                return ""
            piece, self._line, self._within = self._line, "", True
        out, self._space = self._space + piece, ""
        self._prose = self._prose or any(map(str.isalnum, piece))
        # Spaces at the end may stand before a break.
        whole = out.rstrip(" \t")
        self._space = out[len(whole) :]
        return whole

    def _end_line(self) -> str:
        if self._prose and _BREAK.fullmatch(self._line):
            self.done = True
            return ""
        self._space += self._line + "\n"
        self._line, self._within = "", False
        if self._space.strip():  # a break before the first prose
            out, self._space = self._space, ""
            return out
        return ""

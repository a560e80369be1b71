"""DRY: which words would make a sequence that has been there stand there once more, and how long it is. Pure.

After p-e-w (text-generation-webui #5677), as llama.cpp and KoboldCpp have it: sequences do not reach across breakers.
Theirs counts tokens; here words are counted, and only the first token of a word is spoken against: a name of many
tokens would otherwise be spelt another way each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Repeats:
    """Follows a row of tokens. `breaks`: is this token a sequence breaker? `begins`: after this token (None: nothing),
    does that one begin a word?

    Of every earlier place it keeps how many words up to there agree with the newest ones: a step costs as much as the
    newest token has been there.
    """

    def __init__(
        self, breaks: Callable[[int], bool], begins: Callable[[int | None, int], bool], ids: Iterable[int] = ()
    ) -> None:
        self._breaks = breaks
        self._begins = begins
        self._ids: list[int] = []
        self._places: dict[int, list[int]] = {}
        self._lengths: dict[int, int] = {}
        for id in ids:
            self.push(id)

    def push(self, id: int) -> None:
        if self._breaks(id):
            self._lengths = {}
        else:
            places = self._places.setdefault(id, [])
            words = int(self._begins(self._last, id))
            self._lengths = {place: self._lengths.get(place - 1, 0) + words for place in places}
            places.append(len(self._ids))
        self._ids.append(id)

    def crop(self, length: int) -> None:
        """Go back to the first `length` tokens."""
        ids = self._ids[:length]
        self._ids, self._places, self._lengths = [], {}, {}
        for id in ids:
            self.push(id)

    def continuations(self) -> dict[int, int]:
        """Token that begins a word → how many words before it repeat what stood before that token earlier on; the
        most for each."""
        found: dict[int, int] = {}
        for place, length in self._lengths.items():
            id = self._ids[place + 1]
            if length > found.get(id, 0) and not self._breaks(id) and self._begins(self._last, id):
                found[id] = length
        return found

    @property
    def _last(self) -> int | None:
        return self._ids[-1] if self._ids else None

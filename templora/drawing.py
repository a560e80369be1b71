"""One take while it is drawn: its tokens, its way from token to text, and the way back where something may not stand.

What must be taken back is never shown: text is held while it may still become that. The take then goes on from the
token before, with the token that led there barred at that place.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from templora.engine import Event, TakeDone, Token
from templora.phrases import Watch
from templora.stops import LastSentence
from templora.streaming import Characters, Decode, Detokenizer, Filter, finish_through, push_through

if TYPE_CHECKING:
    from torch import Tensor

    from templora.samplers import Sampler

RETURNS_PER_TOKEN = 4
"""A take goes back so often for each token that it may have, then it ends: many phrases could keep it for long."""
CLOSING_TOKENS = 48
"""A take that is to end with a whole sentence may end when so many tokens are left, or a third of them all: two
sentences or so. One that is longer is cut off."""
_CONTEXT_TOKENS = 96
"""So many tokens of the prompt are looked at for the beginning of what may not stand in a take."""


@dataclass
class _Step:
    """A token of the take: how long its text is with it, and the detokenizer before it."""

    end: int
    before: Detokenizer


class Take:
    """`prompt`: ids that it goes on from. `most`: tokens that it may have. `ends`: tokens that end a text."""

    def __init__(
        self,
        number: int,
        prompt: Sequence[int],
        sampler: Sampler,
        decode: Decode,
        ends: frozenset[int],
        filters: list[Filter],
        watches: Sequence[Watch] = (),
        most: int = 2048,
    ) -> None:
        self.number = number
        self.ids = list(prompt)
        """Of the prompt and the take so far."""
        self.finish_reason: Literal["length", "stop", "cancelled"] | None = None
        self._prompt_tokens = len(self.ids)
        self._sampler = sampler
        self._detokenizer = Detokenizer(decode, self.ids)
        self._ends = ends
        self._filters = [*filters, Characters()]
        self._watches = watches
        self._most = most
        self._closing = most - min(most // 3, CLOSING_TOKENS)
        reach = max((watch.reach for watch in watches), default=0)
        self._text = decode(self.ids[-_CONTEXT_TOKENS:])[-reach - 1 :] if reach else ""
        self._start = self._shown = len(self._text)
        self._steps: list[_Step] = []
        self._barred: dict[int, set[int]] = {}
        self._returns = RETURNS_PER_TOKEN * most
        self._events: list[Event] = []

    @property
    def drawn(self) -> int:
        """Tokens that it has."""
        return len(self.ids) - self._prompt_tokens

    def flush(self) -> list[Event]:
        """What has become certain since."""
        events, self._events = self._events, []
        return events

    def draw(self, logits: Tensor) -> None:
        """Draw a token from `logits` (vocabulary, float32, on the CPU), which stand after `ids`.

        Then `ids` is one longer, or it has gone back: then it ends with the token after which the next is to be drawn.
        """
        place = len(self.ids)
        while self.finish_reason is None and len(self.ids) == place:
            id = self._sampler.draw(self.ids, logits, self._barred.get(place, ()))
            ends = id is None or id in self._ends
            if id is not None and not ends:
                self._add(id)
            last = ends or self.drawn >= self._most
            wrong, held = self._look(final=last)
            if wrong is not None:
                self._go_back(wrong)
            elif ends:
                self.end("stop")
            else:
                self._show(held)
                if any(part.done for part in self._filters):
                    self.end("stop")
                elif last:
                    self.end("length")

    def end(self, reason: Literal["length", "stop", "cancelled"]) -> None:
        """Show what was held, up to what may not stand there."""
        while (wrong := self._look(final=True)[0]) is not None:
            self._crop(self._step_at(wrong))  # what is before it may be wrong now that it ends there
        self._show(len(self._text))
        self._put(finish_through(self._filters))
        self.finish_reason = reason
        self._events.append(TakeDone(self.number, self.drawn, reason))

    # --- parts ---

    def _add(self, id: int) -> None:
        before = copy.copy(self._detokenizer) if self._watches else self._detokenizer
        self.ids.append(id)
        self._sampler.push(id)
        self._text += self._detokenizer.push(id)
        if self.drawn > self._closing:
            for part in self._filters:
                if isinstance(part, LastSentence):
                    part.closing = True
        self._steps.append(_Step(len(self._text), before))

    def _look(self, final: bool) -> tuple[int | None, int]:
        """(where the first thing begins that may not stand here, or None; from where on the text must be held)."""
        places: list[int] = []
        held = len(self._text)
        for watch in self._watches:
            place, hold = watch.look(self._text, self._start, self._shown, final)
            held = held if final else min(held, hold)
            if place is not None:
                places.append(place)
        return min(places, default=None), held

    def _held(self, end: int) -> int:
        """From where on the text would have to be held if it ended there."""
        text = self._text[:end]
        return min(watch.look(text, self._start, self._shown, final=False)[1] for watch in self._watches)

    def _show(self, end: int) -> None:
        """Show the text up to there, in whole tokens, as only such are taken back; and only what stays right then."""
        while end < len(self._text):
            end = max((step.end for step in self._steps if step.end <= end), default=self._shown)
            if end <= self._shown or (held := self._held(end)) == end:
                break
            end = held
        if end > self._shown:
            text, self._shown = self._text[self._shown : end], end
            self._put(push_through(self._filters, text))

    def _put(self, text: str) -> None:
        if text:
            self._events.append(Token(self.number, text))

    def _go_back(self, place: int) -> None:
        """To before the token that wrote the character there, which is barred. A take that did so too often ends."""
        self._returns -= 1
        first = self._step_at(place)
        barred = self.ids[self._prompt_tokens + first]
        self._crop(first)
        self._bar(len(self.ids), barred)
        if self._returns <= 0:
            self.end("stop")

    def _step_at(self, place: int) -> int:
        """The number of the token that wrote the character there, or of the first that can be taken back."""
        return next(number for number, step in enumerate(self._steps) if step.end > max(place, self._shown))

    def _crop(self, drawn: int) -> None:
        step = self._steps[drawn]
        self._detokenizer = step.before
        self._steps = self._steps[:drawn]
        self._text = self._text[: self._steps[-1].end if self._steps else self._start]
        self.ids = self.ids[: self._prompt_tokens + drawn]
        self._sampler.crop(drawn)

    def _bar(self, place: int, id: int) -> None:
        """Bar a token at a place. What was barred further on was barred after other words."""
        self._barred = {where: ids for where, ids in self._barred.items() if where <= place}
        self._barred.setdefault(place, set()).add(id)

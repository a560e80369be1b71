"""A book as it must be, in plain Python: chapters in order, revisions and how they fold, what can be put back."""

from __future__ import annotations

from dataclasses import dataclass, field

from storage.manuscripts import FOLD_LOSES, FOLD_S


@dataclass
class RevisionModel:
    number: int
    kind: str
    text: str
    began_at: float
    name: str | None = None
    asked: bool = False
    """A take was written for it."""


@dataclass
class ChapterModel:
    title: str
    revisions: list[RevisionModel]
    position: int = 0
    """Where it stood when it was deleted."""
    whole: bool = True
    """Nothing has ever been left out of the memory."""

    @property
    def last(self) -> RevisionModel:
        return self.revisions[-1]

    @property
    def text(self) -> str:
        return self.last.text

    def push(self, kind: str, text: str, now: float) -> None:
        self.revisions.append(RevisionModel(self.last.number + 1, kind, text, now))

    def type(self, text: str, now: float) -> None:
        """An autosave."""
        if text == self.text:
            return
        last = self.last
        foldable = last.kind == "typed" and last.name is None and not last.asked
        self.push("typed", text, now)
        if foldable and 0 <= now - last.began_at <= FOLD_S and lost(last.text, text) <= FOLD_LOSES:
            self.last.began_at = last.began_at
            del self.revisions[-2]

    def history(self) -> tuple[tuple[int, str, str], ...]:
        return tuple((revision.number, revision.kind, revision.text) for revision in self.revisions)


@dataclass
class BookModel:
    order: list[str] = field(default_factory=list[str])
    chapters: dict[str, ChapterModel] = field(default_factory=dict[str, ChapterModel])
    """By id, the deleted ones too."""

    @property
    def deleted(self) -> list[str]:
        return [id for id in self.chapters if id not in self.order]

    def add(self, id: str, title: str, text: str, now: float, position: int | None = None) -> None:
        self.chapters[id] = ChapterModel(title, [RevisionModel(1, "typed", text, now)])
        self.order.insert(len(self.order) if position is None else position, id)

    def delete(self, id: str) -> None:
        self.chapters[id].position = self.order.index(id)
        self.order.remove(id)

    def restore(self, id: str) -> None:
        self.order.insert(self.chapters[id].position, id)

    def move(self, id: str, position: int) -> None:
        self.order.remove(id)
        self.order.insert(position, id)

    def texts(self) -> list[tuple[str, str]]:
        """(title, text) of the chapters, in order."""
        return [(self.chapters[id].title, self.chapters[id].text) for id in self.order]


def lost(old: str, new: str) -> int:
    """How many code points of a text lie between what it shares with a newer one at its start and at its end."""
    shorter = min(len(old), len(new))
    head = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - head) if old[-1 - i] != new[-1 - i]), shorter - head)
    return len(old) - head - tail

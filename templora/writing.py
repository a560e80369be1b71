"""Takes: ask the engine to continue, to write from a beat, to fill a gap, to rewrite a passage."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, replace

from storage.manuscripts import Manuscripts
from storage.records import Chapter
from templora import chunks as chunking
from templora.config import Sampling
from templora.engine import STRONGEST, Compose, Continue, Engine, Rewrite
from templora.errors import BadInput, Conflict, ModelNotReady
from templora.gathering import Gathering
from templora.learning import Learning
from templora.reading import Reading
from templora.takes import TakePump, TakeStream
from templora.verbs import VERBS

CONTEXT_CHARACTERS = 4_000
"""Text before a passage that a rewrite, a beat or a gap is shown."""
PASSAGE_CHARACTERS = 8_000
PLACEHOLDER_CHARACTERS = 400
INSTRUCTION_CHARACTERS = 500


class Writing:
    """What a model is asked for, of the text as saved: a page that is behind gets `Conflict` before anything starts."""

    def __init__(self, manuscripts: Manuscripts, engine: Engine, gathering: Gathering, learning: Learning) -> None:
        self._manuscripts = manuscripts
        self._engine = engine
        self._gathering = gathering
        self._learning = learning
        self._pump = TakePump(manuscripts, engine, learning)

    def stop(self, project: str | None = None) -> None:
        """End the takes that are being written, in one book or in all; what they have is then stored."""
        self._pump.stop(project)

    def continue_(
        self,
        chapter_id: str,
        base_revision: int,
        cursor: int,
        sampling: Sampling,
        strength: float | None = None,
        beat: str | None = None,
    ) -> TakeStream:
        """Write on from `cursor` (code points). Raises `Conflict`, `BadInput`, `ModelNotReady`.

        `strength`: how much of the memory to write with, 0 to 1.5; None: as the book's setting says. `beat`: what
        happens next, in the writer's words.
        """
        chapter = self._current(chapter_id, base_revision)
        if not 0 <= cursor <= len(chapter.text):
            raise BadInput(f"The cursor ({cursor}) lies outside the chapter.")
        beat = _wish(beat, "What happens next")
        sampling = _seeded(sampling)
        share = self._strength(chapter, strength)
        settings = {**asdict(sampling), "strength": share}
        if beat:
            before, notes = self._text_before(chapter, cursor), self._notes(chapter, cursor, beat)
            ask = _composing(before, "", beat, notes, sampling, share)
            return self._pump.start("beat", chapter, (cursor, cursor), settings, ask, beat=beat)
        reading = self._gathering.reading(chapter, cursor, sampling.max_tokens)

        def continuing(memory: str | None) -> Continue:
            return Continue(memory, reading.ids, asdict(sampling), reading.after_space, share)

        return self._pump.start("continue", chapter, (cursor, cursor), settings, continuing)

    def fill(
        self,
        chapter_id: str,
        base_revision: int,
        span: tuple[int, int],
        beat: str | None,
        sampling: Sampling,
        strength: float | None = None,
    ) -> TakeStream:
        """Write what is missing between the text before `[start, end)` and the text after it; raises as `continue_`.

        The span is empty, or a placeholder that the take stands for; words in square brackets there are the beat.
        """
        chapter = self._current(chapter_id, base_revision)
        start, end = span
        if not 0 <= start <= end <= len(chapter.text):
            raise BadInput(f"The gap {start} to {end} lies outside the chapter.")
        if end - start > PLACEHOLDER_CHARACTERS:
            raise BadInput("That is a passage, not a gap: select what stands for the missing text, or rewrite it.")
        if not chapter.text[:start].strip() or not chapter.text[end:].strip():
            raise BadInput("Filling in needs text before and after the gap. At the end of the text, use Continue.")
        placeholder = re.fullmatch(r"\s*\[(.*)\]\s*", chapter.text[start:end], re.DOTALL)
        asked = beat or (placeholder[1] if placeholder and re.search(r"\w", placeholder[1]) else None)
        beat = _wish(asked, "What happens in between")
        sampling = _seeded(sampling)
        share = self._strength(chapter, strength)
        before = self._text_before(chapter, start)
        after = chapter.text[end : end + CONTEXT_CHARACTERS]
        notes = self._notes(chapter, start, beat or "")
        ask = _composing(before, after, beat or "", notes, sampling, share)
        return self._pump.start("fill", chapter, span, {**asdict(sampling), "strength": share}, ask, beat=beat)

    def rewrite(
        self,
        chapter_id: str,
        base_revision: int,
        span: tuple[int, int],
        instruction: str | None,
        sampling: Sampling,
        strength: float | None = None,
        verb: str = "rewrite",
    ) -> TakeStream:
        """Write `[start, end)` of the chapter anew: as `verb` of `templora.verbs` does, or as `instruction` says.

        Raises as `continue_` does.
        """
        chapter = self._current(chapter_id, base_revision)
        start, end = span
        if verb not in VERBS:
            raise BadInput(f"A passage cannot be changed by ‘{verb}’. There are: {', '.join(VERBS)}.")
        if not 0 <= start < end <= len(chapter.text) or not chapter.text[start:end].strip():
            raise BadInput("Select the passage to rewrite first.")
        if end - start > PASSAGE_CHARACTERS:
            raise BadInput(f"The passage is too long to rewrite at once: at most {PASSAGE_CHARACTERS:,} characters.")
        instruction = _wish(instruction, "The instruction")
        # What is around the passage stays as it is: a selection often takes in the space or the line break after it.
        passage = chapter.text[start:end]
        start, end = start + len(passage) - len(passage.lstrip()), end - len(passage) + len(passage.rstrip())
        sampling = _seeded(sampling)
        before = chapter.text[max(0, start - CONTEXT_CHARACTERS) : start]
        after = chapter.text[end : end + CONTEXT_CHARACTERS // 4]
        share = self._strength(chapter, strength)

        def ask(memory: str | None) -> Rewrite:
            passage = chapter.text[start:end]
            return Rewrite(memory, before, passage, after, instruction or "", asdict(sampling), share, verb)

        settings = {**asdict(sampling), "strength": share}
        return self._pump.start(
            "rewrite", chapter, (start, end), settings, ask, instruction=instruction, verb=verb
        )  # fmt: skip

    # --- parts ---

    def _strength(self, chapter: Chapter, asked: float | None) -> float:
        if asked is not None and not 0 <= asked <= STRONGEST:
            raise BadInput(f"The strength of the memory goes from 0 (off) to {STRONGEST}.")
        return self._manuscripts.project(chapter.project).strength if asked is None else asked

    def _current(self, chapter_id: str, base_revision: int) -> Chapter:
        chapter = self._manuscripts.chapter(chapter_id)
        if chapter.revision != base_revision:
            raise Conflict("The chapter has changed since this page read it.", chapter.revision, chapter.text)
        status = self._engine.status()
        if status.state in ("fetching", "loading", "failed"):
            raise ModelNotReady.because(status.message)
        self._learning.touch(chapter.project)
        return chapter

    def _notes(self, chapter: Chapter, at: int, beat: str) -> str:
        """What a model that is told what happens is told of the book: what `Continue` reads beside the text."""
        return self._gathering.reading(chapter, at, Sampling.max_tokens, beat).notes

    def reading(self, chapter_id: str, base_revision: int, cursor: int, max_tokens: int) -> Reading:
        """What `continue_` would read there, exactly. Raises `Conflict`, `BadInput`, `ModelNotReady` where the model's
        tokenizer is not known yet."""
        chapter = self._manuscripts.chapter(chapter_id)
        if chapter.revision != base_revision:
            raise Conflict("The chapter has changed since this page read it.", chapter.revision, chapter.text)
        if not 0 <= cursor <= len(chapter.text):
            raise BadInput(f"The cursor ({cursor}) lies outside the chapter.")
        return self._gathering.reading(chapter, cursor, max_tokens)

    def _text_before(self, chapter: Chapter, at: int) -> str:
        """At most `CONTEXT_CHARACTERS` before a place, reaching into earlier chapters where the chapter has fewer."""
        text = chapter.text[max(0, at - CONTEXT_CHARACTERS) : at]
        earlier = [head for head in self._manuscripts.chapters(chapter.project) if head.position < chapter.position]
        for head in reversed(earlier):
            if len(text) >= CONTEXT_CHARACTERS:
                break
            before = self._manuscripts.chapter(head.id).text.rstrip()
            text = f"{before[-CONTEXT_CHARACTERS:]}{chunking.SEPARATOR}{text}" if before else text
        return text[-CONTEXT_CHARACTERS:]


def _composing(
    before: str, after: str, beat: str, notes: str, sampling: Sampling, share: float
) -> Callable[[str | None], Compose]:
    return lambda memory: Compose(memory, before, after, beat, asdict(sampling), share, notes)


def _wish(text: str | None, what: str) -> str | None:
    text = (text or "").strip() or None
    if text and len(text) > INSTRUCTION_CHARACTERS:
        raise BadInput(f"{what} is too long: at most {INSTRUCTION_CHARACTERS} characters.")
    return text


def _seeded(sampling: Sampling) -> Sampling:
    return sampling if sampling.seed is not None else replace(sampling, seed=secrets.randbelow(2**31))

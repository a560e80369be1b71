"""What the routes are sent. Positions are Unicode code points."""

from __future__ import annotations

from pydantic import BaseModel, Field

from storage.records import ChapterStatus
from templora.config import Sampling, StopAt


class Title(BaseModel):
    title: str


class NewChapter(BaseModel):
    title: str
    text: str = ""


class ProjectChange(BaseModel):
    title: str | None = None
    strength: float | None = None
    disk_bytes: int | None = None
    language: str | None = None


class ChapterChange(BaseModel):
    title: str | None = None
    position: int | None = None
    learned: bool | None = None
    status: ChapterStatus | None = None
    synopsis: str | None = None
    synopsis_seen: list[str] | None = None
    """What the page knows that it may be: what it showed, and what it sent without hearing an answer."""


class RevisionName(BaseModel):
    name: str | None


class Based(BaseModel):
    base_revision: int


class Split(Based):
    at: int
    title: str


class Exclude(Based):
    start: int
    end: int
    excluded: bool


class AcceptedSpan(BaseModel):
    take: str
    start: int = Field(ge=0)
    length: int = Field(gt=0)


class Anchor(BaseModel):
    """Where a comment stands in the text."""

    id: str
    start: int
    end: int


class Save(BaseModel):
    base_revision: int
    text: str
    accepted: list[AcceptedSpan] = []
    anchors: list[Anchor] = []


class SamplingBody(BaseModel):
    """The fields of `templora.config.Sampling`; what is left out has its default there."""

    max_tokens: int | None = None
    takes: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    xtc_threshold: float | None = None
    xtc_probability: float | None = None
    repetition_penalty: float | None = None
    dry_multiplier: float | None = None
    dry_base: float | None = None
    dry_allowed_length: int | None = None
    dry_breakers: list[str] | None = None
    banned: list[str] | None = None
    banned_any_case: bool | None = None
    word_bias: dict[str, float] | None = None
    copied_words: int | None = None
    follow_marks: bool | None = None
    stop_at: StopAt | None = None
    seed: int | None = None
    strength: float | None = None
    """Of the memory, for this request; else as the book says."""

    def sampling(self, max_tokens: int = Sampling.max_tokens) -> Sampling:
        """`max_tokens` is what holds where the request names none."""
        given = {name: getattr(self, name) for name in SamplingBody.model_fields if name != "strength"}
        return Sampling(**{"max_tokens": max_tokens, **{name: v for name, v in given.items() if v is not None}})


class ContinueBody(SamplingBody):
    base_revision: int
    cursor: int
    beat: str | None = None


class FillBody(SamplingBody):
    base_revision: int
    start: int
    end: int
    beat: str | None = None


class RewriteBody(SamplingBody):
    base_revision: int
    start: int
    end: int
    instruction: str | None = None
    verb: str = "rewrite"


class AcceptBody(BaseModel):
    base_revision: int
    length: int | None = None


class PurgeBody(BaseModel):
    backups: bool = False


class ExportBody(BaseModel):
    format: str


class RestoreBody(BaseModel):
    """`project`: the id that the book has in the backup."""

    project: str

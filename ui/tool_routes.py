"""HTTP routes of the writer's tools: search, find and replace, comments, words written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from templora.studio import Studio
from templora.tools import Goals, Query


class FindBody(BaseModel):
    """`find` as it stands, or with `regex` as a pattern. `word`: whole words only; `case`: capitals count."""

    find: str
    replacement: str = ""
    case: bool = False
    word: bool = False
    regex: bool = False
    chapter: str | None = None
    """Only in this one."""

    @property
    def query(self) -> Query:
        return Query(self.find, self.case, self.word, self.regex)


class ReplaceBody(FindBody):
    """`revisions`: of the chapters that places were listed in. `only`: the places to replace, (chapter, start) each."""

    revisions: dict[str, int]
    only: list[tuple[str, int]] | None = None


class NewComment(BaseModel):
    base_revision: int
    start: int
    end: int
    body: str
    kind: Literal["comment", "todo"] = "comment"


class CommentChange(BaseModel):
    body: str | None = None
    kind: Literal["comment", "todo"] | None = None
    resolved: bool | None = None


class GoalsBody(BaseModel):
    """Words; 0: no such goal."""

    session: int = 0
    day: int = 0
    book: int = 0


def tool_routes(router: APIRouter, studio: Studio) -> None:
    _search_routes(router, studio)
    _comment_routes(router, studio)
    _goal_routes(router, studio)


def _search_routes(router: APIRouter, studio: Studio) -> None:
    tools = studio.tools

    @router.get("/projects/{id}/search", tags=["search"])
    def search(id: str, q: str, deleted: bool = False) -> list[dict[str, Any]]:
        """All words of `q`, phrases in quotes, `lamp*` for words that begin so; the last word may be incomplete. The
        best chapters first. `marks` are in code points of a passage's `words`, `start` and `end` of the chapter."""
        return [asdict(found) for found in tools.search(id, q, deleted)]

    @router.post("/projects/{id}/find", tags=["search"])
    def find(id: str, body: FindBody) -> list[dict[str, Any]]:
        """Every place in the book, and what would stand there `instead`. Changes nothing. A pattern that takes longer
        than two seconds is refused."""
        return [asdict(found) for found in tools.find(id, body.query, body.replacement, body.chapter)]

    @router.post("/projects/{id}/replace", tags=["search"])
    def replace(id: str, body: ReplaceBody) -> dict[str, Any]:
        """Compare-and-set for all chapters together: 409, and nothing is replaced, where one of them has moved on."""
        only = None if body.only is None else set(body.only)
        return asdict(tools.replace(id, body.query, body.replacement, body.revisions, only))

    @router.get("/projects/{id}/replacement", tags=["search"])
    def last_replacement(id: str) -> dict[str, Any] | None:
        """The last one, where it has not been undone; else null."""
        done = tools.last_replacement(id)
        return None if done is None else asdict(done)

    @router.post("/projects/{id}/replacements/{number}/undo", tags=["search"])
    def undo_replacement(id: str, number: int) -> list[str]:
        """All chapters are again as they were before it; returns those that changed. Refused where one was edited."""
        return tools.undo_replacement(id, number)


def _comment_routes(router: APIRouter, studio: Studio) -> None:
    tools = studio.tools

    @router.get("/chapters/{id}/comments", tags=["comments"])
    def of_chapter(id: str) -> list[dict[str, Any]]:
        """In the order of the text; `start` and `end` are null where the passage is no longer in the text."""
        return [asdict(comment) for comment in tools.comments.of_chapter(id)]

    @router.get("/projects/{id}/comments", tags=["comments"])
    def of_book(id: str) -> list[dict[str, Any]]:
        return [asdict(comment) for comment in tools.comments.of_book(id)]

    @router.post("/chapters/{id}/comments", status_code=201, tags=["comments"])
    def add_comment(id: str, body: NewComment) -> dict[str, Any]:
        """Compare-and-set: 409 where `base_revision` is behind."""
        span = (body.start, body.end)
        return asdict(tools.comments.add(id, body.base_revision, span, body.body, body.kind))

    @router.patch("/comments/{id}", tags=["comments"])
    def change_comment(id: str, body: CommentChange) -> dict[str, Any]:
        return asdict(tools.comments.change(id, body.body, body.kind, body.resolved))

    @router.delete("/comments/{id}", status_code=204, tags=["comments"])
    def delete_comment(id: str) -> None:
        """Recoverable by `…/restore` until it is purged."""
        tools.comments.delete(id)

    @router.post("/comments/{id}/restore", tags=["comments"])
    def restore_comment(id: str) -> dict[str, Any]:
        return asdict(tools.comments.restore(id))


def _goal_routes(router: APIRouter, studio: Studio) -> None:
    @router.get("/projects/{id}/progress", tags=["goals"])
    def progress(id: str) -> dict[str, Any]:
        """Words written in this session and today, and by day; days are those of this computer's time zone."""
        return asdict(studio.tools.progress(id))

    @router.put("/projects/{id}/goals", tags=["goals"])
    def set_goals(id: str, body: GoalsBody) -> dict[str, Any]:
        studio.tools.set_goals(id, Goals(body.session, body.day, body.book))
        return asdict(studio.tools.progress(id))

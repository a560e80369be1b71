"""Wiring of the Memory panel, and of everything that changes by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gradio as gr
import pandas as pd

from templora.studio import Studio
from ui import view
from ui.show import FLUSH_FIRST, Handler, Show, dim, told

if TYPE_CHECKING:
    from ui.desk import Desk


def wire_memory(desk: Desk, studio: Studio) -> None:
    panel = desk.memory

    def ask(verb: Any) -> Handler:
        @told
        def asked(project: str) -> str:
            if project:
                studio.memory_do(project, verb)
            return ""  # what was seen is out of date: the next tick shows all

        return asked

    panel.learn.click(ask("learn"), desk.project, desk.seen, js=FLUSH_FIRST, show_progress="hidden")
    for button, verb in ((panel.pause, "pause"), (panel.resume, "resume"), (panel.cancel, "cancel")):
        button.click(ask(verb), desk.project, desk.seen, show_progress="hidden")

    desk.page.relearn.click(ask("learn"), desk.project, desk.seen, show_progress="hidden").then(
        lambda: [gr.update(visible=False), gr.update(selected="memory")], None, [desk.page.finished, desk.side],
        show_progress="hidden",
    )  # fmt: skip

    @told
    def ask_discard(project: str) -> list[Any]:
        cost = view.duration(studio.relearn_seconds(project)) if project else ""
        question = f"Discard what the memory has learnt? The text stays; learning it again takes {cost}."
        return [gr.update(visible=True), question]

    panel.discard.click(ask_discard, desk.project, [panel.confirm, panel.confirm_text], show_progress="hidden")
    panel.confirm_no.click(lambda: gr.update(visible=False), None, panel.confirm, show_progress="hidden")

    @told
    def discard(project: str) -> list[Any]:
        if project:
            gone = studio.discard_memory(project)
            gr.Info(f"{gone.files} file(s), {gone.bytes / 1e6:.0f} MB. The text stays.", title="Memory discarded")
        return [gr.update(visible=False), ""]

    panel.confirm_yes.click(discard, desk.project, [panel.confirm, desk.seen])


def wire_tick(desk: Desk, studio: Studio, show: Show) -> None:
    panel, foot = desk.memory, desk.footer
    outputs = [
        desk.seen, foot.model, foot.where, foot.memory, desk.top.words, desk.binder.chapters, desk.takes.earlier,
        panel.number, panel.explanation, panel.counts, panel.bar, panel.line, panel.pause, panel.resume, panel.cancel,
        panel.chart, desk.page.finished,
    ]  # fmt: skip

    def tick(project_id: str, chapter_id: str, seen: str) -> list[Any]:
        model = studio.model()
        lines = [view.model_line(model), view.model_name(model.id, model.device)]
        project, heads, chapter_id = show.book(project_id, chapter_id)
        if project is None:
            now = json.dumps(lines)
            return [gr.skip()] * len(outputs) if seen == now else [now, *lines, *[gr.skip()] * (len(outputs) - 3)]
        report = studio.memory(project.id)
        takes = view.take_choices(studio.takes(chapter_id)) if chapter_id else []
        chapters = view.chapter_choices(heads)
        number, explanation = view.headline(report)
        line = view.memory_line(report)
        points = view.chart(report.chunks)
        counts = f"{report.known_words:,} {report.pending_words:,}"
        drawn = [[point.chunk, point.perplexity] for point in points]
        now = json.dumps(
            [[*lines, project.finished_at], line, number, counts, hash(str(chapters)), hash(str(takes)), len(drawn)]
        )
        if seen == now:
            return [gr.skip()] * len(outputs)
        before = json.loads(seen) if seen.startswith("[[") else [None] * 7
        after = json.loads(now)
        working = report.state in ("learning", "rebuilding")
        return [
            now,
            *lines,
            line,
            dim(view.words(sum(head.words for head in heads))),
            gr.update(choices=chapters, value=chapter_id or None) if before[4] != after[4] else gr.skip(),
            gr.update(choices=takes) if before[5] != after[5] else gr.skip(),
            f"<p class='big'>{number}</p>",
            f"<p class='dim'>{explanation}</p>",
            _counts(report.known_words, report.pending_words),
            f"<div class='bar'><i style='width:{100 * view.progress(report):.0f}%'></i></div>",
            line,
            gr.update(visible=report.learning == "on"),
            gr.update(visible=report.state == "paused"),
            gr.update(visible=working),
            _plot(points) if before[2] != after[2] or before[6] != after[6] else gr.skip(),
            gr.update(visible=project.finished_at is not None),
        ]

    desk.timer.tick(
        tick, [desk.project, desk.chapter, desk.seen], outputs, queue=False, show_progress="hidden"
    )  # fmt: skip


def _counts(known: int, pending: int) -> str:
    row = "<div class='tally'><span class='dot{}'></span>{}<span class='sp'></span><b>{:,}</b>&nbsp;<span class='dim'>words</span></div>"  # noqa: E501
    return row.format("", "Learned", known) + row.format(" p", "Pending", pending)


def _plot(points: list[view.Point]) -> Any:
    frame = pd.DataFrame([(p.chunk, p.perplexity, p.reader) for p in points], columns=["chunk", "perplexity", "reader"])
    return gr.update(value=frame, visible=len(points) >= 4)

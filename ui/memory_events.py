"""Wiring of the Memory panel, and of everything that changes by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gradio as gr
import pandas as pd

from templora.studio import Studio
from ui import binder_view, memory_view, view
from ui.show import FLUSH_FIRST, ON_LEAVING, Handler, Show, dim, told

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

    @told
    def ask_relearn(project: str) -> list[Any]:
        seconds = studio.relearn_seconds(project) if project else 0.0
        return [gr.update(visible=bool(project)), memory_view.relearn_question(seconds)]

    relearning = panel.relearning
    panel.relearn.click(
        ask_relearn, desk.project, [relearning, panel.relearn_text], js=FLUSH_FIRST, show_progress="hidden"
    )
    panel.relearn_no.click(lambda: gr.update(visible=False), None, relearning, show_progress="hidden")
    panel.relearn_yes.click(ask("relearn"), desk.project, desk.seen, show_progress="hidden").then(
        lambda: gr.update(visible=False), None, relearning, show_progress="hidden"
    )

    def by_chapter(project: str) -> Any:
        if not project:
            return gr.skip()
        rows = memory_view.by_chapter(studio.memory(project), studio.peek(project)[1])
        return gr.update(value=rows)

    desk.seen.change(by_chapter, desk.project, panel.chapters, show_progress="hidden", trigger_mode="always_last")

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
        report = memory_view.discarded(studio.discard_memory(project))
        return [gr.update(visible=False), gr.update(value=report, visible=True), ""]

    panel.confirm_yes.click(discard, desk.project, [panel.confirm, panel.told, desk.seen])
    _wire_forgetting(desk, studio)
    _wire_strength(desk, studio)
    _wire_leaving_out(desk, studio)


def _wire_forgetting(desk: Desk, studio: Studio) -> None:
    panel = desk.memory

    @told
    def ask(project: str) -> list[Any]:
        return [
            gr.update(visible=bool(project)),
            memory_view.forget_question(studio.memory(project)) if project else "",
        ]

    panel.forget.click(
        ask, desk.project, [panel.forget_sure, panel.forget_text], js=FLUSH_FIRST, show_progress="hidden"
    )  # fmt: skip
    panel.forget_no.click(lambda: gr.update(visible=False), None, panel.forget_sure, show_progress="hidden")

    @told
    def forget(project: str) -> list[Any]:
        gone = studio.forget(project)
        return [gr.update(visible=False), gr.update(value=memory_view.forgotten(gone), visible=True), ""]

    panel.forget_yes.click(forget, desk.project, [panel.forget_sure, panel.told, desk.seen], js=FLUSH_FIRST)

    panel.purge.click(
        lambda: [gr.update(visible=True), memory_view.PURGE_QUESTION, False], None,
        [panel.purge_sure, panel.purge_text, panel.purge_backups], show_progress="hidden",
    )  # fmt: skip
    panel.purge_no.click(lambda: gr.update(visible=False), None, panel.purge_sure, show_progress="hidden")

    @told
    def purge(project: str, backups: bool) -> list[Any]:
        gone = studio.purge_history(project, backups)
        return [gr.update(visible=False), gr.update(value=memory_view.purged(gone), visible=True), ""]

    panel.purge_yes.click(
        purge, [desk.project, panel.purge_backups], [panel.purge_sure, panel.told, desk.seen], js=FLUSH_FIRST
    )  # fmt: skip


def _wire_strength(desk: Desk, studio: Studio) -> None:
    panel, dialog = desk.memory, desk.compare

    @told
    def set_strength(percent: float, project: str) -> None:
        if project:
            studio.set_strength(project, percent / 100)

    # While it is dragged, one at a time is saved, and always the last.
    gr.on(
        [panel.strength.input, panel.strength.release], set_strength, [panel.strength, desk.project], None,
        trigger_mode="always_last", show_progress="hidden",
    )  # fmt: skip

    @told
    def set_room(gigabytes: float | None, project: str) -> None:
        if project and gigabytes is not None:
            studio.set_disk_bytes(project, round(gigabytes * 1024**3))

    gr.on([panel.room.submit, panel.room.blur], set_room, [panel.room, desk.project], None, **ON_LEAVING)

    @told
    def open_dialog(project: str) -> list[Any]:
        percent = round(100 * studio.peek(project)[0].strength)
        heading = f"<h2>With the memory{'' if percent == 100 else f' · {percent} %'}</h2>"
        return [gr.update(visible=True), dim(memory_view.compare_line(studio.memory(project), percent)), heading]

    panel.compare.click(
        open_dialog, desk.project, [dialog.box, dialog.about, dialog.strength], show_progress="hidden"
    ).then(None, js="() => { window.desk.compare() }")  # fmt: skip
    shut = gr.update(visible=False)
    dialog.close.click(lambda: shut, None, dialog.box, js="() => { window.desk.stopCompare() }", show_progress="hidden")
    for side, button in enumerate((dialog.use_with, dialog.use_without)):
        button.click(lambda: shut, None, dialog.box, show_progress="hidden").then(
            None, js=f"() => {{ window.desk.useCompared({side}) }}"
        )


def _wire_leaving_out(desk: Desk, studio: Studio) -> None:
    panel = desk.memory

    @told
    def set_learned(learned: bool, chapter: str) -> str:
        if chapter:
            studio.set_learned(chapter, learned)
        return ""  # what was seen is out of date: the next tick shows all

    panel.learned.input(
        set_learned, [panel.learned, desk.chapter], desk.seen, js=FLUSH_FIRST, show_progress="hidden"
    )  # fmt: skip

    def said(outcome: str) -> list[Any]:
        return [gr.update(value=outcome, visible=True), ""]

    for button, excluded in ((panel.leave_out, "true"), (panel.let_in, "false")):
        button.click(
            said, panel.told, [panel.told, desk.seen], js=f"async () => [await window.desk.exclude({excluded})]",
            show_progress="hidden",
        )  # fmt: skip


def wire_tick(desk: Desk, studio: Studio, show: Show) -> None:
    panel, foot = desk.memory, desk.footer
    outputs = [
        desk.seen, foot.model, foot.where, desk.page.warnings, foot.memory, desk.binder.outline, desk.binder.chapters,
        desk.takes.earlier, panel.number, panel.explanation, panel.counts, panel.bar, panel.line, panel.pause,
        panel.resume, panel.cancel, panel.chart, desk.page.finished, desk.binder.dots,
    ]  # fmt: skip
    warnings = desk.page.warnings
    warnings.change(None, warnings, None, js="(words) => { window.desk.warned(words) }")
    desk.page.put_away.click(None, warnings, None, js="(words) => { window.desk.putAway(words) }")
    desk.seen.change(None, js="() => { window.desk.memoryMoved() }")

    def tick(project_id: str, chapter_id: str, seen: str) -> list[Any]:
        model = studio.model()
        lines = [view.model_line(model), view.model_name(model.id, model.device), "\n\n".join(studio.warnings())]
        project, heads, chapter_id = show.book(project_id, chapter_id)
        if project is None:
            now = json.dumps(lines)
            return (
                [gr.skip()] * len(outputs)
                if seen == now
                else [now, *lines, *[gr.skip()] * (len(outputs) - 1 - len(lines))]
            )
        report = studio.memory(project.id)
        takes = view.take_choices(studio.takes(chapter_id)) if chapter_id else []
        chapters, outline = binder_view.choices(heads), binder_view.outline(heads)
        dots = binder_view.dots(report, heads)
        number, explanation = memory_view.headline(report)
        line = memory_view.memory_line(report)
        points = memory_view.chart(report.chunks)
        counts = memory_view.tally(report)
        drawn = [[point.chunk, point.perplexity] for point in points]
        drawings = [hash(str(chapters)), hash(str(takes)), len(drawn), hash(outline + dots)]
        now = json.dumps([[*lines, project.finished_at], line, number, counts, *drawings])
        if seen == now:
            return [gr.skip()] * len(outputs)
        before = json.loads(seen) if seen.startswith("[[") else [None] * 8
        after = json.loads(now)
        working = report.state in ("learning", "rebuilding")
        return [
            now,
            *lines,
            line,
            outline,
            # Not which one is open: this answer may be older than the chapter that was opened meanwhile.
            gr.update(choices=chapters) if before[4] != after[4] else gr.skip(),
            gr.update(choices=takes) if before[5] != after[5] else gr.skip(),
            f"<p class='big'>{number}</p>",
            f"<p class='dim'>{explanation}</p>",
            _tally(counts),
            f"<div class='bar'><i style='width:{100 * memory_view.progress(report):.0f}%'></i></div>",
            line,
            gr.update(visible=report.learning == "on"),
            gr.update(visible=report.state == "paused"),
            gr.update(visible=working),
            _plot(points) if before[2] != after[2] or before[6] != after[6] else gr.skip(),
            gr.update(visible=project.finished_at is not None),
            dots,
        ]

    desk.timer.tick(
        tick, [desk.project, desk.chapter, desk.seen], outputs, queue=False, show_progress="hidden"
    )  # fmt: skip


def _tally(counts: list[tuple[str, str, int]]) -> str:
    """The legend of the margin band, with how many words of the book are of each kind. The classes are the editor's."""
    row = (
        "<div class='tally'><span class='swatch'><span class='t-band t-band-{}'></span></span>{}"
        "<span class='sp'></span><b>{:,}</b>&nbsp;<span class='dim'>words</span></div>"
    )
    return "".join(row.format(*count) for count in counts)


def _plot(points: list[memory_view.Point]) -> Any:
    frame = pd.DataFrame([(p.chunk, p.perplexity, p.reader) for p in points], columns=["chunk", "perplexity", "reader"])
    return gr.update(value=frame, visible=len(points) >= 4)

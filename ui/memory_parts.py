"""The Memory tab, and the dialog that compares a continuation with and without the memory. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui.check_parts import ChecksPanel, checks
from ui.parts import confirm, quiet


@dataclass(frozen=True)
class MemoryPanel:
    number: gr.HTML
    explanation: gr.HTML
    chart: gr.LinePlot
    counts: gr.HTML
    bar: gr.HTML
    line: gr.Textbox
    learn: gr.Button
    pause: gr.Button
    resume: gr.Button
    cancel: gr.Button
    chapters: gr.Dataframe
    relearn: gr.Button
    relearning: gr.Column
    relearn_text: gr.Textbox
    relearn_yes: gr.Button
    relearn_no: gr.Button
    strength: gr.Slider
    compare: gr.Button
    room: gr.Number
    learned: gr.Checkbox
    leave_out: gr.Button
    let_in: gr.Button
    told: gr.Textbox
    forget: gr.Button
    forget_sure: gr.Column
    forget_text: gr.Textbox
    forget_yes: gr.Button
    forget_no: gr.Button
    purge: gr.Button
    purge_sure: gr.Column
    purge_text: gr.Textbox
    purge_backups: gr.Checkbox
    purge_yes: gr.Button
    purge_no: gr.Button
    discard: gr.Button
    confirm: gr.Column
    confirm_text: gr.Textbox
    confirm_yes: gr.Button
    confirm_no: gr.Button
    checks: ChecksPanel


@dataclass(frozen=True)
class CompareDialog:
    box: gr.Column
    about: gr.HTML
    strength: gr.HTML
    use_with: gr.Button
    use_without: gr.Button
    close: gr.Button


def memory() -> MemoryPanel:
    with gr.Tab("Memory", id="memory"):
        number = gr.HTML("<p class='big'>–</p>", elem_id="memory-number")
        explanation = gr.HTML(elem_id="memory-explanation")
        chart = gr.LinePlot(
            x="chunk",
            y="perplexity",
            color="reader",
            x_title="passage",
            y_title="perplexity",
            color_title=" ",
            color_map={"base model": "#8a8378", "with memory": "#b57a10"},
            height=220,
            visible=False,
            buttons=[],
            elem_id="memory-chart",
        )
        with gr.Accordion("Chapter by chapter", open=False, elem_id="memory-by-chapter"):
            chapters = gr.Dataframe(
                headers=["Chapter", "worth", "learnt"], datatype="str", interactive=False, wrap=True, show_label=False,
                label="Chapter by chapter", buttons=[], column_widths=["42%", "28%", "30%"], elem_id="memory-chapters",
            )  # fmt: skip
        with gr.Column(elem_classes="card"):
            counts = gr.HTML(elem_id="memory-counts")
            gr.HTML("<p class='dim'>At the caret: <span id='passage-state'>–</span></p>", elem_id="passage-line")
            bar = gr.HTML(elem_id="memory-bar")
            line = quiet("memory-line", label="What the memory is doing", lines=2)
            with gr.Row(elem_id="memory-learning"):
                learn = gr.Button("Learn now", variant="primary", elem_id="learn-now", size="sm", min_width=0)
                pause = gr.Button("Pause", elem_id="learn-pause", size="sm", min_width=0)
                resume = gr.Button("Resume", elem_id="learn-resume", size="sm", min_width=0, visible=False)
                cancel = gr.Button("Cancel", elem_id="learn-cancel", size="sm", min_width=0, visible=False)
                relearn = gr.Button("Relearn all …", elem_id="relearn-all", elem_classes="bare", size="sm", min_width=0)
            relearning = confirm("relearn-memory", "Relearn all", "Not now")
        with gr.Column(elem_classes="card"):
            strength = gr.Slider(0, 150, 100, step=5, label="Strength, %", elem_id="strength")
            compare = gr.Button("Compare with and without", elem_id="compare", size="sm")
            room = gr.Number(
                4, minimum=0, step=0.5, label="Room on the disk, GB", elem_id="memory-room",
                info="For earlier states of it: with them, going back on an edit is quick.",
            )  # fmt: skip
        with gr.Column(elem_classes="card", elem_id="leaving-out"):
            learned = gr.Checkbox(True, label="The memory learns this chapter", elem_id="chapter-learned")
            with gr.Row():
                leave_out = gr.Button("Leave the selection out", elem_id="leave-out", size="sm", min_width=0)
                let_in = gr.Button("Learn it again", elem_id="let-in", size="sm", min_width=0)
        checking = checks()
        told = quiet("memory-told", label="What was done", visible=False, max_lines=8)
        with gr.Row(elem_id="forgetting"):
            forget = gr.Button("Forget now …", elem_id="forget-now", elem_classes="bare", size="sm", min_width=0)
            purge = gr.Button("Purge history …", elem_id="purge", elem_classes="bare", size="sm", min_width=0)
            discard = gr.Button(
                "Discard memory …", elem_id="memory-discard", elem_classes=["bare", "danger"], size="sm", min_width=0
            )
        forgetting = confirm("forget", "Forget now", "Not now")
        with gr.Column(visible=False, elem_id="purge-history", elem_classes="confirm") as purging:
            purge_text = quiet("purge-text", label="Question", max_lines=20)
            purge_backups = gr.Checkbox(
                False, label="Also replace all backups by a new one", info="Those of your other books too.",
                elem_id="purge-backups",
            )  # fmt: skip
            with gr.Row():
                purge_no = gr.Button("Not now", elem_id="purge-no", size="sm", min_width=0)
                purge_yes = gr.Button(
                    "Purge for good", elem_id="purge-yes", elem_classes="danger", size="sm", min_width=0
                )
        discarding = confirm("discard-memory", "Discard memory", "Keep it")
    state = (counts, bar, line, learn, pause, resume, cancel, chapters, relearn, *relearning)
    card = (*state, strength, compare, room, learned, leave_out, let_in, told)
    purged = (purge, purging, purge_text, purge_backups, purge_yes, purge_no)
    return MemoryPanel(number, explanation, chart, *card, forget, *forgetting, *purged, discard, *discarding, checking)


def compare() -> CompareDialog:
    with gr.Column(visible=False, elem_id="compare-dialog", elem_classes=["dialog", "wide"]) as box:
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>With and without the memory</h2>")
            close = gr.Button("✕", elem_id="compare-close", elem_classes=["bare", "close"], size="sm", min_width=0)
        about = gr.HTML(elem_id="compare-about")
        gr.HTML("<p id='compare-before'></p>", elem_id="compare-before-box")
        with gr.Row(elem_id="compare-sides"):
            with gr.Column(elem_classes="card"):
                strength = gr.HTML("<h2>With the memory</h2>", elem_id="compare-strength")
                gr.HTML("<div id='compare-with' class='take' aria-live='off'></div>")
                use_with = gr.Button("Use it", elem_id="compare-use-with", size="sm", min_width=0)
            with gr.Column(elem_classes="card"):
                gr.HTML("<h2>Without</h2>")
                gr.HTML("<div id='compare-without' class='take' aria-live='off'></div>")
                use_without = gr.Button("Use it", elem_id="compare-use-without", size="sm", min_width=0)
    return CompareDialog(box, about, strength, use_with, use_without, close)

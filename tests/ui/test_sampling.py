"""The settings of a take: from the controls over the page's script and the route to `Sampling`."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from pathlib import Path

import gradio as gr
import pytest
from playwright.sync_api import Page

from templora.config import Sampling
from templora.studio import Studio
from tests.ui.desk_page import made, opened
from ui import parts
from ui.bodies import SamplingBody
from ui.sampling_parts import STOPS


@pytest.fixture(scope="module")
def takes() -> parts.Takes:
    with gr.Blocks(), gr.Tabs():
        return parts.takes()


def names() -> list[str]:
    script = (Path(parts.__file__).parent / "desk.js").read_text(encoding="utf-8")
    (listed,) = re.findall(r"const NAMES = \[(.*?)\];", script, re.DOTALL)
    return re.findall(r'"(\w+)"', listed)


def test_the_script_takes_the_controls_in_their_order(takes: parts.Takes) -> None:
    ids = ["takes-at-once" if name == "takes" else f"set-{name}" for name in names()]
    assert [control.elem_id for control in takes.sampling] == ids


def test_a_route_takes_every_setting_and_the_controls_begin_with_the_defaults(takes: parts.Takes) -> None:
    usual = Sampling()
    assert {field.name for field in fields(Sampling)} == set(SamplingBody.model_fields) - {"strength"}
    for name, control in zip(names(), takes.sampling, strict=True):
        if name not in ("takes", "banned", "word_bias"):
            assert control.value == getattr(usual, name), name
    assert list(STOPS) == ["whole", "none", "sentence", "paragraph", "scene"]


def test_what_is_left_out_has_its_default() -> None:
    body = SamplingBody(banned=["a shiver"], word_bias={"sea": 2}, stop_at="scene", max_tokens=40)
    expected = Sampling(banned=("a shiver",), word_bias={"sea": 2.0}, stop_at="scene", max_tokens=40)
    assert asdict(body.sampling()) == asdict(expected)


SETTINGS = """(values) => {
  let given = null;
  const editor = window.templora;
  window.templora = { settings: (settings) => { given = settings; } };
  window.desk.sampling(values);
  window.templora = editor;
  return given;
}"""


def test_phrases_and_words_are_read_line_by_line(page: Page, url: str, studio: Studio, takes: parts.Takes) -> None:
    opened(page, url, made(studio, "Settings", "one"))
    values = [control.value for control in takes.sampling]
    order = names()
    values[order.index("banned")] = " a shiver ran \n\ncouldn’t help\n"
    values[order.index("word_bias")] = "harbour +2\nsuddenly −5\nthe old man 1.5\nno number"
    values[order.index("seed")] = ""
    given = page.evaluate(SETTINGS, values)
    assert given["banned"] == ["a shiver ran", "couldn’t help"]
    assert given["word_bias"] == {"harbour": 2, "suddenly": -5, "the old man": 1.5}
    assert given["seed"] is None and given["stop_at"] == "whole"
    assert given["min_p"] == Sampling.min_p

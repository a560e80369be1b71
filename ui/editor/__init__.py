"""The prose editor as a Gradio component: CodeMirror 6, bundled to `dist/editor.js`, mounted by a `gr.HTML`.

Text never passes through Gradio: the editor loads, saves and streams over the HTTP routes. The page's buttons call
`window.templora` (see `src/main.js`) and follow its `templora:state` events (see `Editor.state` in `src/editor.js`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

BUNDLE = Path(__file__).parent / "dist" / "editor.js"
"""What `npm run build` makes; to be served at `SCRIPT`."""

SCRIPT = "/desk/editor.js"

_MOUNT = """
window.templora.mount(element.querySelector('.templora-mount'), {chapter: props.value || null});
watch('value', () => window.templora.open(props.value));
"""


class ProseEditor(gr.HTML):
    """The editor. Its value is the id of the chapter to write in, or None: as an output it opens a chapter.

    The template is static on purpose: Gradio's templates execute `${…}` and `{{…}}`, so prose must not go through one.
    """

    def __init__(self, value: str | None = None, *, elem_id: str = "prose", **options: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="templora-mount"></div>',
            js_on_load=_MOUNT,
            head=f'<script src="{SCRIPT}"></script>',
            apply_default_css=False,
            elem_id=elem_id,
            **options,
        )

    def api_info(self) -> dict[str, Any]:
        return {"type": "string", "description": "id of the chapter to write in"}

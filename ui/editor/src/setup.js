/**
 * A CodeMirror state for one chapter: plain prose, wrapped, spell-checked, with undo, ghost text, rewrites and
 * authorship.
 */

import { history } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, placeholder } from "@codemirror/view";
import { band } from "./band.js";
import { comments } from "./comments.js";
import { focus } from "./focus.js";
import { ghostField } from "./ghost.js";
import { hitsField } from "./hits.js";
import { prose } from "./prose.js";
import { provenance } from "./provenance.js";
import { rewriteField } from "./rewrite.js";
import { scenesField } from "./scenes.js";
import { theme } from "./theme.js";
import { voiceField } from "./voice.js";
import { wordCount } from "./words.js";

const modifier = /Mac|iP(hone|ad)/.test(globalThis.navigator?.platform ?? "") ? "⌘" : "Ctrl ";

const BEGIN = `Begin the chapter here. Write a sentence or two; ${modifier}↵ lets the model write on from the caret. A line of three asterisks begins a new scene.`;

/**
 * `keys` is the keymap extension, `listener` hears of each update. `caret` is clamped to the text; `language()` is a tag,
 * or empty.
 */
export function chapterState({ text, title, caret, language = () => "", keys, listener }) {
  return EditorState.create({
    doc: text,
    selection: { anchor: Math.min(caret, text.length) },
    extensions: [
      keys,
      history(),
      drawSelection(),
      EditorView.lineWrapping,
      EditorView.scrollMargins.of(() => ({ top: 40, bottom: 110 })), // the page's toolbar floats over the last lines
      EditorView.contentAttributes.of(() => ({
        "aria-label": `${title}: the chapter's text`,
        spellcheck: "true",
        autocorrect: "on",
        autocapitalize: "sentences",
        ...(language() ? { lang: language() } : {}), // the browser's spelling goes by it
      })),
      placeholder(BEGIN),
      prose,
      provenance,
      ghostField,
      rewriteField,
      band,
      voiceField,
      comments,
      hitsField,
      wordCount,
      scenesField,
      focus,
      theme,
      EditorView.updateListener.of(listener),
    ],
  });
}

/** Before a chapter is open: nothing to type into. */
export function closedState() {
  return EditorState.create({
    extensions: [EditorView.editable.of(false), placeholder("Choose a chapter to write in."), theme],
  });
}

/**
 * Focus mode marks the paragraph or the sentence at the caret (the page's rules dim the rest); typewriter mode keeps the
 * caret's line in the middle. Both are chosen on the page (`ui/look.js`), which says so on the document's element.
 */

import { StateEffect } from "@codemirror/state";
import { Decoration, ViewPlugin } from "@codemirror/view";

/** The page's look has changed. */
const looked = StateEffect.define();

const chosen = () => globalThis.document?.documentElement?.dataset ?? {};

const sentences = new Intl.Segmenter(undefined, { granularity: "sentence" });

/** The paragraph around `pos`: `{from, to}` of lines that no blank line parts. A blank line is one of its own. */
export function paragraphAt(doc, pos) {
  const blank = (number) => !doc.line(number).text.trim();
  const { number } = doc.lineAt(pos);
  let [first, last] = [number, number];
  if (!blank(number)) {
    while (first > 1 && !blank(first - 1)) first--;
    while (last < doc.lines && !blank(last + 1)) last++;
  }
  return { from: doc.line(first).from, to: doc.line(last).to };
}

/**
 * The sentence around `pos`, without the space after it; between two, the one that has just been written. What goes on
 * in small letters is no new one: “Two?” asked Ines.
 */
export function sentenceAt(doc, pos) {
  const { from, to } = paragraphAt(doc, pos);
  const text = doc.sliceString(from, to);
  let found = { from: pos, to: pos };
  for (const { index, segment } of sentences.segment(text)) {
    const goesOn = index > 0 && /^\p{Ll}/u.test(segment);
    if (index > 0 && index >= pos - from && !goesOn) break;
    found = { from: goesOn ? found.from : from + index, to: from + index + segment.trimEnd().length };
  }
  return found;
}

const line = Decoration.line({ class: "t-here" });
const span = Decoration.mark({ class: "t-here-sentence" });

function decorate({ state }) {
  const { focus } = chosen();
  const pos = state.selection.main.head;
  if (focus === "sentence") {
    const { from, to } = sentenceAt(state.doc, pos);
    return from < to ? Decoration.set(span.range(from, to)) : Decoration.none;
  }
  if (focus !== "paragraph") return Decoration.none;
  const { from, to } = paragraphAt(state.doc, pos);
  const lines = [];
  for (let at = from; at <= to; at = state.doc.lineAt(at).to + 1) lines.push(line.range(at));
  return Decoration.set(lines);
}

/** The element that scrolls the text: the page around the editor, or the editor itself. */
function scroller(view) {
  const page = view.dom.closest("#page");
  return page ?? view.scrollDOM;
}

class Here {
  constructor(view) {
    this.view = view;
    this.decorations = decorate(view);
    this.heard = () => view.dispatch({ effects: looked.of(null) });
    globalThis.addEventListener?.("templora:look", this.heard);
  }

  update(update) {
    const look = update.transactions.some((tr) => tr.effects.some((effect) => effect.is(looked)));
    if (!update.docChanged && !update.selectionSet && !look) return;
    this.decorations = decorate(update.view);
    // What was chosen with the pointer does not move away under it.
    if (update.transactions.some((tr) => tr.isUserEvent("select.pointer"))) return;
    if (chosen().typewriter === "on") this.centre();
  }

  centre() {
    this.view.requestMeasure({
      key: this,
      read: (view) => {
        const caret = view.coordsAtPos(view.state.selection.main.head);
        const box = scroller(view).getBoundingClientRect();
        return caret && (caret.top + caret.bottom) / 2 - (box.top + box.height / 2);
      },
      write: (distance, view) => {
        if (Math.abs(distance ?? 0) >= 1) scroller(view).scrollTop += distance;
      },
    });
  }

  destroy() {
    globalThis.removeEventListener?.("templora:look", this.heard);
  }
}

export const focus = ViewPlugin.fromClass(Here, { decorations: (plugin) => plugin.decorations });

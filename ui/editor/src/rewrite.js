/** A rewrite shown in place: first the model's text as it comes, then word by word what it would change. */

import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, WidgetType } from "@codemirror/view";
import { renderProse } from "./prose.js";
import { tookOver } from "./provenance.js";
import { wordDiff } from "./worddiff.js";

/** Shows a rewrite (`{from, to, take, text, done}`, UTF-16 span of the passage) or, with null, none. */
export const showRewrite = StateEffect.define();

/** `{take, text, done}`: the rewrite has grown to `text`. Ignored unless this take is the one shown. */
export const growRewrite = StateEffect.define();

/** The rewrite after `changes`: it moves with edits elsewhere and ends when the passage itself is edited. */
export function moveSpan(shown, changes) {
  if (changes.touchesRange(shown.from, shown.to)) return null;
  return { ...shown, from: changes.mapPos(shown.from, 1), to: changes.mapPos(shown.to, -1) };
}

class TextWidget extends WidgetType {
  constructor(tag, className, text) {
    super();
    Object.assign(this, { tag, className, text });
  }

  eq(other) {
    return other.tag === this.tag && other.className === this.className && other.text === this.text;
  }

  toDOM() {
    const dom = document.createElement(this.tag);
    this.updateDOM(dom);
    return dom;
  }

  updateDOM(dom) {
    if (dom.localName !== this.tag) return false;
    dom.className = this.className;
    renderProse(dom, this.text);
    return true;
  }
}

const asked = Decoration.mark({ class: "t-asked" });
const deleted = Decoration.mark({ class: "t-deleted", tagName: "del" });
const widget = (tag, className, text) => Decoration.widget({ widget: new TextWidget(tag, className, text), side: 1 });

/** The rewrite's changes as `[{from, to, insert}]` (UTF-16 in `doc`). */
export function rewriteChanges(doc, { from, to, text }) {
  let at = from;
  const changes = [];
  for (const { old, new: now } of wordDiff(doc.sliceString(from, to), text)) {
    if (old !== now) changes.push({ from: at, to: at + old.length, insert: now });
    at += old.length;
  }
  return changes;
}

function decorate(doc, shown) {
  if (!shown) return Decoration.none;
  if (!shown.done) {
    const className = shown.text ? "t-ghost t-beside" : "t-ghost t-waiting";
    return Decoration.set([asked.range(shown.from, shown.to), widget("span", className, shown.text).range(shown.to)]);
  }
  const marks = rewriteChanges(doc, shown).flatMap(({ from, to, insert }) => [
    ...(from < to ? [deleted.range(from, to)] : []),
    ...(insert ? [widget("ins", "t-inserted", insert).range(to)] : []),
  ]);
  return Decoration.set(marks, true);
}

/**
 * The transaction that takes a finished rewrite over: only the words that differ change, and only they are the
 * model's.
 */
export function acceptance(state, shown) {
  const changes = state.changes(rewriteChanges(state.doc, shown));
  const effects = [showRewrite.of(null)];
  changes.iterChanges((_fromA, _toA, from, to) => {
    if (from < to) effects.push(tookOver.of({ take: shown.take, from, to }));
  }, true);
  return { changes, effects, selection: { anchor: changes.mapPos(shown.to, 1) } };
}

/** `null` or the rewrite shown. */
export const rewriteField = StateField.define({
  create: () => null,
  update(shown, tr) {
    if (shown && tr.docChanged) shown = moveSpan(shown, tr.changes);
    for (const effect of tr.effects) {
      if (effect.is(showRewrite)) shown = effect.value;
      if (effect.is(growRewrite) && shown?.take === effect.value.take) shown = { ...shown, ...effect.value };
    }
    return shown;
  },
  provide: (field) => [
    EditorView.decorations.compute([field], (state) => decorate(state.doc, state.field(field))),
    // The selection that was asked about would hide what is struck through and what is new.
    EditorView.editorAttributes.from(field, (shown) => (shown ? { class: "t-has-rewrite" } : {})),
  ],
});

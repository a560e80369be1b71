/** Ghost text: a take shown after the caret. It is a widget, not part of the document, until it is accepted. */

import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, WidgetType } from "@codemirror/view";
import { renderProse } from "./prose.js";

/**
 * Shows a ghost (`{from, pos, take, text, used, done, lead, tail}`) or, with null, none. `used` is how much of `text` is
 * in the book; what stands from `from` to `pos` makes way for it; `lead` and `tail` part it from the text around it.
 */
export const showGhost = StateEffect.define();

/** `{take, text, done}`: the take has grown to `text`. Ignored unless this take is the one shown. */
export const growGhost = StateEffect.define();

/** What is left of the ghost's text. */
export function rest(ghost) {
  return ghost.text.slice(ghost.used);
}

/**
 * The ghost after `changes`: if exactly its next characters were typed at its place, the rest of it; otherwise null.
 * Composition (input methods) always ends it, so that nothing moves beside a word that is being composed.
 */
export function typeThrough(ghost, changes, composing) {
  let kept = null;
  let count = 0;
  changes.iterChanges((fromA, toA, _fromB, toB, inserted) => {
    count++;
    const text = inserted.toString();
    if (fromA !== ghost.from || fromA !== ghost.pos || toA !== ghost.pos || !rest(ghost).startsWith(text)) return;
    kept = { ...ghost, from: toB, pos: toB, used: ghost.used + text.length, lead: "", tail: "" };
  }, true);
  if (count !== 1 || composing || (kept?.done && !rest(kept))) return null;
  return kept;
}

class GhostWidget extends WidgetType {
  constructor(text, waiting) {
    super();
    this.text = text;
    this.waiting = waiting;
  }

  eq(other) {
    return other.text === this.text && other.waiting === this.waiting;
  }

  toDOM() {
    const dom = document.createElement("span");
    this.updateDOM(dom);
    return dom;
  }

  updateDOM(dom) {
    dom.className = this.waiting ? "t-ghost t-waiting" : "t-ghost";
    renderProse(dom, this.text);
    return true;
  }
}

const deleted = Decoration.mark({ class: "t-deleted", tagName: "del" });

export const ghostField = StateField.define({
  create: () => null,
  update(ghost, tr) {
    if (ghost && tr.docChanged) ghost = typeThrough(ghost, tr.changes, tr.isUserEvent("input.type.compose"));
    for (const effect of tr.effects) {
      if (effect.is(showGhost)) ghost = effect.value;
      if (effect.is(growGhost) && ghost?.take === effect.value.take) ghost = { ...ghost, ...effect.value };
    }
    return ghost;
  },
  provide: (field) => [
    EditorView.decorations.from(field, (ghost) => {
      if (!ghost) return Decoration.none;
      const widget = new GhostWidget(rest(ghost), !ghost.done && !ghost.text);
      const shown = Decoration.widget({ widget, side: 1 }).range(ghost.pos);
      return Decoration.set(ghost.from < ghost.pos ? [deleted.range(ghost.from, ghost.pos), shown] : shown);
    }),
    // An empty chapter's placeholder makes way for the ghost.
    EditorView.editorAttributes.from(field, (ghost) => (ghost ? { class: "t-has-ghost" } : {})),
  ],
});

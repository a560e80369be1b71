/**
 * A rewrite shown in place, word by word: what it strikes and what it puts in its place, while it is written and then
 * to be taken hunk by hunk. Nothing of it is in the document until it is accepted.
 */

import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, WidgetType } from "@codemirror/view";
import { hunksOf, hunksSoFar } from "./hunks.js";
import { button } from "./notices.js";
import { renderProse } from "./prose.js";
import { tookOver } from "./provenance.js";

/** Shows a rewrite (`{from, to, take, text, done}`, UTF-16 span of the passage) or, with null, none. */
export const showRewrite = StateEffect.define();

/** `{take, text, done}`: the rewrite has grown to `text`. Ignored unless this take is the one shown. */
export const growRewrite = StateEffect.define();

/** `{index, taken}`: the writer takes a hunk (true), leaves it (false) or has not decided (null). */
export const chooseHunk = StateEffect.define();

/** The hunk with this index is the one that the keys are about. */
export const lookAtHunk = StateEffect.define();

/** The rewrite after `changes`: it moves with edits elsewhere and ends when the passage itself is edited. */
export function moveSpan(shown, changes) {
  if (changes.touchesRange(shown.from, shown.to)) return null;
  return { ...shown, from: changes.mapPos(shown.from, 1), to: changes.mapPos(shown.to, -1) };
}

// With its hunks: `hunks` (offsets in the passage), `choices` (one a hunk), `at` (the one the keys are about), and
// `reached`, how far in the passage the writing has come.
function compared(doc, shown) {
  const passage = doc.sliceString(shown.from, shown.to);
  const { hunks, reached } = shown.done
    ? { hunks: hunksOf(passage, shown.text), reached: passage.length }
    : hunksSoFar(passage, shown.text);
  return { ...shown, hunks, reached, choices: hunks.map(() => null), at: 0 };
}

/** The hunk after `at` (or before, `step` -1) that is not decided yet, round the end; -1 when all are. */
export function nextOpen({ choices, at }, step = 1) {
  for (let n = 1; n <= choices.length; n++) {
    const index = (at + step * n + choices.length * n) % choices.length;
    if (choices[index] === null) return index;
  }
  return -1;
}

class HunkText extends WidgetType {
  constructor(className, text, index) {
    super();
    Object.assign(this, { className, text, index });
  }

  eq(other) {
    return other.className === this.className && other.text === this.text && other.index === this.index;
  }

  toDOM() {
    const dom = document.createElement("ins");
    this.updateDOM(dom);
    return dom;
  }

  updateDOM(dom) {
    dom.className = this.className;
    if (this.index >= 0) dom.dataset.hunk = this.index;
    renderProse(dom, this.text);
    return true;
  }

  ignoreEvent(event) {
    return event.type !== "click"; // which looks at the hunk
  }
}

/** ✓ and ✕ beside the hunk that the keys are about. */
class HunkButtons extends WidgetType {
  constructor(index, taken) {
    super();
    Object.assign(this, { index, taken });
  }

  eq(other) {
    return other.index === this.index && other.taken === this.taken;
  }

  toDOM(view) {
    const dom = document.createElement("span");
    dom.className = "t-choose";
    for (const [sign, label, taken] of [
      ["✓", "Take this change", true],
      ["✕", "Leave it as it was", false],
    ]) {
      const choose = button(sign, () => choosing(view, this.index, taken));
      choose.setAttribute("aria-label", label);
      choose.setAttribute("aria-pressed", String(this.taken === taken));
      choose.title = `${label} (Alt ${taken ? "→" : "←"})`;
      choose.addEventListener("mousedown", (event) => event.preventDefault()); // the caret stays
      dom.append(choose);
    }
    return dom;
  }

  ignoreEvent() {
    return true;
  }
}

/** The writer decides on a hunk; the next one that is open is then looked at. */
export function choosing(view, index, taken) {
  const shown = view.state.field(rewriteField);
  if (!shown?.hunks[index]) return;
  const choices = shown.choices.map((choice, each) => (each === index ? taken : choice));
  const next = nextOpen({ choices, at: index });
  const effects = [chooseHunk.of({ index, taken }), lookAtHunk.of(next < 0 ? index : next)];
  if (next >= 0) effects.push(EditorView.scrollIntoView(shown.from + shown.hunks[next].from, { y: "nearest", yMargin: 90 }));
  view.dispatch({ effects });
}

const asked = Decoration.mark({ class: "t-asked" });
const text = (className, words, index) => Decoration.widget({ widget: new HunkText(className, words, index), side: 1 });

// Struck while it is open, gone when it is taken, plain when it is left.
function oldWords(choice, current, index) {
  const attributes = { "data-hunk": String(index) };
  if (choice === true) return Decoration.replace({});
  const className = `${choice === null ? "t-deleted" : "t-left"}${current ? " t-current" : ""}`;
  return Decoration.mark({ class: className, tagName: choice === null ? "del" : "span", attributes });
}

function decorate(shown) {
  if (!shown) return Decoration.none;
  const marks = [];
  const at = (offset) => shown.from + offset;
  shown.hunks.forEach(({ from, to, insert }, index) => {
    const choice = shown.choices[index];
    const current = shown.done && index === shown.at;
    if (from < to) marks.push(oldWords(choice, current, index).range(at(from), at(to)));
    if (insert && choice !== false) {
      const className = `t-inserted${choice ? " t-taken" : ""}${current ? " t-current" : ""}`;
      marks.push(text(className, insert, index).range(at(to)));
    }
    const buttons = new HunkButtons(index, choice);
    if (current) marks.push(Decoration.widget({ widget: buttons, side: 2 }).range(at(to)));
  });
  if (!shown.done) {
    if (at(shown.reached) < shown.to) marks.push(asked.range(at(shown.reached), shown.to));
    if (!shown.hunks.length && !shown.text) marks.push(text("t-ghost t-waiting", "", -1).range(shown.to));
  }
  return Decoration.set(marks, true);
}

/**
 * The transaction that takes a finished rewrite over, but for the hunks that were left: only the words that differ
 * change, and only they are the model's.
 */
export function acceptance(state, shown) {
  const { from: start, hunks, choices } = state.field(rewriteField);
  const taken = hunks.filter((_, index) => choices[index] !== false);
  const changes = state.changes(taken.map(({ from, to, insert }) => ({ from: start + from, to: start + to, insert })));
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
      if (effect.is(showRewrite)) shown = effect.value && compared(tr.newDoc, effect.value);
      if (effect.is(growRewrite) && shown?.take === effect.value.take) {
        const { text: words, done } = effect.value;
        if (words !== shown.text || done !== shown.done) shown = compared(tr.newDoc, { ...shown, text: words, done });
      }
      if (!shown?.done) continue;
      if (effect.is(chooseHunk)) {
        const { index, taken } = effect.value;
        shown = { ...shown, choices: shown.choices.map((choice, each) => (each === index ? taken : choice)) };
      }
      if (effect.is(lookAtHunk)) shown = { ...shown, at: effect.value };
    }
    return shown;
  },
  provide: (field) => [
    EditorView.decorations.from(field, decorate),
    // The selection that was asked about would hide what is struck through and what is new.
    EditorView.editorAttributes.from(field, (shown) => (shown ? { class: "t-has-rewrite" } : {})),
    EditorView.domEventHandlers({
      click(event, view) {
        const index = Number(event.target.closest?.("[data-hunk]")?.dataset.hunk ?? -1);
        if (index >= 0 && view.state.field(field)?.done) view.dispatch({ effects: lookAtHunk.of(index) });
        return false;
      },
    }),
  ],
});

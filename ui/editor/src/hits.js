/** What was found in the open chapter: marked in the text, carried through edits, gone through, replaced. */

import { isolateHistory } from "@codemirror/commands";
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView } from "@codemirror/view";
import { utf16Spans } from "./positions.js";

/** Shows `{spans: [{start, end, instead}], at}` (UTF-16, in order; `at` is the one in hand) or, with null, none. */
export const setHits = StateEffect.define();

const NONE = { spans: [], at: -1 };
const plain = Decoration.mark({ class: "t-hit" });
const inHand = Decoration.mark({ class: "t-hit t-hit-now" });

/** The spans after `changes`: those that an edit touched are no hits any more. */
export function mapHits({ spans, at }, changes) {
  const kept = spans.map((span) => ({
    ...span,
    touched: changes.touchesRange(span.start, span.end),
    start: changes.mapPos(span.start, 1),
    end: changes.mapPos(span.end, -1),
  }));
  const left = kept.filter(({ touched }) => !touched);
  const before = kept.slice(0, Math.max(at, 0)).filter(({ touched }) => !touched).length;
  return { spans: left.map(({ touched, ...span }) => span), at: left.length ? Math.min(before, left.length - 1) : -1 };
}

export const hitsField = StateField.define({
  create: () => NONE,
  update(hits, tr) {
    if (tr.docChanged && hits.spans.length) hits = mapHits(hits, tr.changes);
    for (const effect of tr.effects) if (effect.is(setHits)) hits = effect.value ?? NONE;
    return hits;
  },
  provide: (field) =>
    EditorView.decorations.from(field, ({ spans, at }) =>
      Decoration.set(spans.map(({ start, end }, index) => (index === at ? inHand : plain).range(start, end))),
    ),
});

/** Index of the first span that ends after `from`; the first of all where none does. */
export function nearest(spans, from) {
  const index = spans.findIndex(({ end }) => end > from);
  return index < 0 ? Math.min(0, spans.length - 1) : index;
}

const said = (hits, problem = "") => ({ problem, count: hits.spans.length, at: hits.at });

export class Finder {
  #view;
  #api;
  #document;
  #turn = 0;

  constructor({ view, api, document }) {
    this.#view = view;
    this.#api = api;
    this.#document = document;
  }

  get #hits() {
    return this.#view.state.field(hitsField);
  }

  /**
   * Looks for `query` (`{find, case, word, regex, replacement}`) in the chapter as it is saved. Resolves to
   * `{problem, count, at}`; null where it was asked again meanwhile.
   */
  async find(query, project) {
    const turn = ++this.#turn;
    const from = this.#hits.spans[this.#hits.at]?.start ?? this.#view.state.selection.main.from;
    if (!query.find) return this.#show(NONE, false);
    try {
      if (!(await this.#document.flush())) return said(NONE, "Your last words are not saved yet.");
      const { doc } = this.#view.state;
      const [found] = await this.#api.find(project, { ...query, chapter: this.#document.id });
      if (turn !== this.#turn || this.#view.state.doc !== doc) return null;
      const spans = found ? utf16Spans(doc.toString(), found.places) : [];
      return this.#show({ spans, at: nearest(spans, from) });
    } catch (error) {
      if (turn !== this.#turn) return null;
      this.#show(NONE, false);
      return said(NONE, error.message);
    }
  }

  #show(hits, scroll = true) {
    this.#view.dispatch({ effects: setHits.of(hits) });
    if (scroll) this.#look();
    return said(hits);
  }

  // The one in hand is selected and in view.
  #look() {
    const hit = this.#hits.spans[this.#hits.at];
    if (!hit) return;
    const selection = { anchor: hit.start, head: hit.end };
    const effects = EditorView.scrollIntoView(hit.start, { y: "center" });
    this.#view.dispatch({ selection, effects, userEvent: "select" });
  }

  /** The next (`step` 1) or the one before (-1). */
  step(step) {
    const { spans, at } = this.#hits;
    if (!spans.length) return said(NONE);
    return this.#show({ spans, at: (at + step + spans.length) % spans.length });
  }

  /** What stands in hand is replaced, as one step that can be undone; then the next is in hand. */
  replace() {
    const { spans, at } = this.#hits;
    const hit = spans[at];
    if (!hit) return said(NONE);
    this.#view.dispatch({
      changes: { from: hit.start, to: hit.end, insert: hit.instead },
      annotations: isolateHistory.of("full"),
      userEvent: "input.replace",
    });
    this.#look();
    return said(this.#hits);
  }

  close() {
    this.#turn++;
    if (this.#hits.spans.length) this.#view.dispatch({ effects: setHits.of(null) });
  }
}

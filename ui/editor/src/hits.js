/** What was found in the open chapter: marked in the text, carried through edits, gone through, replaced. */

import { isolateHistory } from "@codemirror/commands";
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView } from "@codemirror/view";
import { carried } from "./marks.js";
import { goTo } from "./places.js";
import { utf16Spans } from "./positions.js";

/** Shows the hits `[{start, end, instead}]` (UTF-16, in order), the one with number `at` in hand; null shows none. */
export const setHits = StateEffect.define();

/** The hit in hand, `{from, to, instead}`, becomes this one. */
export const holdHit = StateEffect.define();

const NONE = { marks: Decoration.none, hand: null };
const inHand = Decoration.mark({ class: "t-hit-now" });

// What a cursor over the marks points at; null behind the last.
const hitAt = ({ from, to, value }) => value && { from, to, instead: value.spec.instead };

/** All hits, in order: `[{from, to, instead}]`. */
export function listed(marks) {
  const list = [];
  for (const cursor = marks.iter(); cursor.value; cursor.next()) list.push(hitAt(cursor));
  return list;
}

function shown({ spans, at }) {
  const marks = Decoration.set(
    spans.map(({ start, end, instead }) => Decoration.mark({ class: "t-hit", instead }).range(start, end)),
  );
  return { marks, hand: listed(marks)[at] ?? null };
}

// Those that an edit touched are no hits any more; where that was the one in hand, it is the next now, or the last.
function edited({ marks, hand }, changes) {
  const left = carried(marks, changes);
  if (!hand) return { marks: left, hand };
  const place = changes.mapPos(hand.from, 1);
  const cursor = left.iter(place);
  while (cursor.value && cursor.from < place) cursor.next();
  return { marks: left, hand: hitAt(cursor) ?? listed(left).at(-1) ?? null };
}

export const hitsField = StateField.define({
  create: () => NONE,
  update(hits, tr) {
    if (tr.docChanged && hits.marks.size) hits = edited(hits, tr.changes);
    for (const effect of tr.effects) {
      if (effect.is(setHits)) hits = effect.value ? shown(effect.value) : NONE;
      if (effect.is(holdHit)) hits = { ...hits, hand: effect.value };
    }
    return hits;
  },
  provide: (field) => [
    EditorView.decorations.from(field, ({ marks }) => marks),
    EditorView.decorations.from(field, ({ hand }) => (hand ? Decoration.set(inHand.range(hand.from, hand.to)) : Decoration.none)),
  ],
});

/** Index of the first span that ends after `from`; the first of all where none does. */
export function nearest(spans, from) {
  const index = spans.findIndex(({ end }) => end > from);
  return index < 0 ? Math.min(0, spans.length - 1) : index;
}

const NOTHING = { problem: "", count: 0, at: -1 };
const problem = (message) => ({ ...NOTHING, problem: message });

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
    const from = this.#hits.hand?.from ?? this.#view.state.selection.main.from;
    if (!query.find) return this.#none();
    try {
      if (!(await this.#document.flush())) return problem("Your last words are not saved yet.");
      const { doc } = this.#view.state;
      const [found] = await this.#api.find(project, { ...query, chapter: this.#document.id });
      if (turn !== this.#turn || this.#view.state.doc !== doc) return null;
      const spans = found ? utf16Spans(doc.toString(), found.places) : [];
      this.#view.dispatch({ effects: setHits.of({ spans, at: nearest(spans, from) }) });
      return this.#look();
    } catch (error) {
      if (turn !== this.#turn) return null;
      this.#none();
      return problem(error.message);
    }
  }

  #none() {
    if (this.#hits.marks.size) this.#view.dispatch({ effects: setHits.of(null) });
    return NOTHING;
  }

  // The one in hand is selected and in view; says which it is.
  #look() {
    const { marks, hand } = this.#hits;
    if (!hand) return NOTHING;
    goTo(this.#view, hand);
    return { problem: "", count: marks.size, at: listed(marks).findIndex(({ from }) => from === hand.from) };
  }

  /** The next (`step` 1) or the one before (-1). */
  step(step) {
    const { marks, hand } = this.#hits;
    if (!hand) return NOTHING;
    const list = listed(marks);
    const at = list.findIndex(({ from }) => from === hand.from);
    this.#view.dispatch({ effects: holdHit.of(list[(at + step + list.length) % list.length]) });
    return this.#look();
  }

  /** What stands in hand is replaced, as one step that can be undone; then the next is in hand. */
  replace() {
    const { hand } = this.#hits;
    if (!hand) return NOTHING;
    this.#view.dispatch({
      changes: { from: hand.from, to: hand.to, insert: hand.instead },
      annotations: isolateHistory.of("full"),
      userEvent: "input.replace",
    });
    return this.#look();
  }

  close() {
    this.#turn++;
    this.#none();
  }
}

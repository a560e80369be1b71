/**
 * The margin band: beside each passage, what the memory knows of it. A gutter that lies over the page's margin, so the
 * text stays where it is. It is read from the server after saves and when the memory moves on, and carried through
 * edits in between: nothing is asked for while one types.
 */

import { RangeSet, RangeValue, StateEffect, StateField } from "@codemirror/state";
import { EditorView, GutterMarker, gutter, gutters } from "@codemirror/view";
import { Follow } from "./follow.js";
import { utf16Spans } from "./positions.js";

/** What each state is called where it is shown. */
export const STATES = {
  known: "Learnt",
  stale: "An older version is learnt",
  pending: "Not learnt yet",
  learning: "Being learnt",
  excluded: "Left out of the memory",
};

/** The passages of the chapter as it stands, `[{start, end, state}]` (UTF-16), in order. */
export const setPassages = StateEffect.define();

/** One passage; what is typed at its edges belongs to it until the server says otherwise. */
class Passage extends RangeValue {
  startSide = -1;
  endSide = 1;

  constructor(state) {
    super();
    this.state = state;
  }

  eq(other) {
    return other.state === this.state;
  }
}

const passagesField = StateField.define({
  create: () => RangeSet.empty,
  update(passages, tr) {
    if (tr.docChanged) passages = passages.map(tr.changes);
    for (const effect of tr.effects) if (effect.is(setPassages)) passages = ranges(effect.value, tr.newDoc.length);
    return passages;
  },
});

function ranges(passages, length) {
  const inside = passages.filter(({ start, end, state }) => start < end && end <= length && state in STATES);
  return RangeSet.of(
    inside.map(({ start, end, state }) => new Passage(state).range(start, end)),
    true,
  );
}

/** The state of the passage that most of `from` to `to` belongs to; null where there is none. */
export function passageAt(state, from, to = from) {
  let [found, most] = [null, -1];
  state.field(passagesField, false)?.between(from, to, (start, end, { state: kind }) => {
    const shared = Math.min(end, to) - Math.max(start, from);
    // An empty line between two passages touches neither; one inside a passage belongs to it.
    if (from === to && (start === from || end === to) && start !== end && !state.doc.lineAt(from).length) return;
    if (shared > most) [found, most] = [kind, shared];
  });
  return found;
}

class BandMarker extends GutterMarker {
  constructor(state) {
    super();
    this.state = state;
  }

  eq(other) {
    return other.state === this.state;
  }

  toDOM() {
    const dom = document.createElement("div");
    dom.className = `t-band t-band-${this.state}`;
    dom.title = STATES[this.state];
    return dom;
  }
}

const markers = Object.fromEntries(Object.keys(STATES).map((state) => [state, new BandMarker(state)]));

const look = EditorView.theme({
  // The page's margin is there already: the gutter must not make room for itself.
  "& .cm-gutters.cm-gutters-before": {
    position: "absolute",
    insetInlineStart: "max(0px, calc(50% - var(--measure, 66ch) / 2))",
    background: "none",
    border: "0",
  },
  // Wider than what is seen of it, so that a pointer finds its name.
  ".t-band-gutter": { width: "20px" },
  ".t-band-gutter .cm-gutterElement": { padding: "0 7px 0 10px" },
  "@media (max-width: 760px)": {
    ".t-band-gutter": { width: "16px" },
    ".t-band-gutter .cm-gutterElement": { padding: "0 6px 0 7px" },
  },
});

export const band = [
  passagesField,
  gutters({ fixed: false }),
  gutter({
    class: "t-band-gutter",
    lineMarker: ({ state }, { from, to }) => markers[passageAt(state, from, to)] ?? null,
    lineMarkerChange: ({ startState, state }) => startState.field(passagesField) !== state.field(passagesField),
  }),
  look,
];

/** Keeps the band of one open chapter up to date. */
export function followPassages({ view, api, document }) {
  const ask = () => api.passages(document.id);
  const show = (found, text) => view.dispatch({ effects: setPassages.of(utf16Spans(text, found)) });
  return new Follow({ view, document, ask, show });
}

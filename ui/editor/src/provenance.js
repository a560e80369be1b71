/**
 * Which spans of the text a take wrote. The spans move with every edit, are cut where the writer deletes or types
 * inside them, and come back with undo and redo, so that what is saved as 'accepted' is exactly what the model wrote.
 */

import { invertedEffects } from "@codemirror/commands";
import { StateEffect, StateField } from "@codemirror/state";

/** `{take, from, to}` (UTF-16, in the document after the transaction): take `take` wrote this span. */
export const tookOver = StateEffect.define({
  map(span, mapping) {
    const from = mapping.mapPos(span.from, 1);
    const to = mapping.mapPos(span.to, -1);
    return from < to ? { ...span, from, to } : undefined;
  },
});

/** A function from a span to the span that replaces it: how saving marks what it has sent. */
export const revise = StateEffect.define();

/** The spans of `spans` that survive `changes`, at their new places. Text typed inside a span splits it. */
export function mapSpans(spans, changes) {
  const kept = [];
  for (const span of spans) {
    let at = span.from;
    const keep = (from, to) => {
      if (from < to) kept.push({ ...span, from: changes.mapPos(from, 1), to: changes.mapPos(to, -1) });
    };
    changes.iterChangedRanges((fromA, toA) => {
      if (toA < span.from || fromA > span.to) return;
      keep(at, Math.min(fromA, span.to));
      at = Math.max(at, Math.min(toA, span.to));
    }, true);
    keep(at, span.to);
  }
  return kept;
}

/** The parts of `spans` that `changes` delete, at their places before the change. */
export function deletedSpans(spans, changes) {
  const gone = [];
  changes.iterChangedRanges((fromA, toA) => {
    for (const span of spans) {
      const from = Math.max(fromA, span.from);
      const to = Math.min(toA, span.to);
      if (from < to) gone.push({ take: span.take, from, to });
    }
  }, true);
  return gone;
}

/** All spans of this session: `{take, from, to, status}`, status 'new' (to be sent), 'sent' (in flight) or 'saved'. */
export const spansField = StateField.define({
  create: () => [],
  update(spans, tr) {
    if (tr.docChanged) spans = mapSpans(spans, tr.changes);
    for (const effect of tr.effects) {
      if (effect.is(tookOver)) spans = [...spans, { ...effect.value, status: "new" }];
      if (effect.is(revise)) spans = spans.map(effect.value);
    }
    return spans;
  },
});

// Undoing a deletion brings the words back; this brings back who wrote them. (Redo of an accept is the same case.)
const remembersAuthors = invertedEffects.of((tr) =>
  tr.docChanged ? deletedSpans(tr.startState.field(spansField), tr.changes).map((span) => tookOver.of(span)) : [],
);

export const provenance = [spansField, remembersAuthors];

/** Words: how many there are (kept up to date change by change) and which one comes next in a take. */

import { StateField } from "@codemirror/state";

/** Whitespace-separated words, as the server counts them. */
export function countWords(text) {
  const words = text.match(/\S+/g);
  return words ? words.length : 0;
}

/** The change in words: only the lines that `changes` touch are counted, so a keystroke costs one paragraph. */
export function wordsChanged(changes, before, after) {
  const touched = [];
  changes.iterChangedRanges((fromA, toA) => {
    const from = before.lineAt(fromA).from;
    const to = before.lineAt(toA).to;
    const last = touched.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else touched.push({ from, to });
  });
  return touched.reduce((delta, { from, to }) => {
    const now = after.sliceString(changes.mapPos(from, -1), changes.mapPos(to, 1));
    return delta + countWords(now) - countWords(before.sliceString(from, to));
  }, 0);
}

/** A state field holding the number of words in the chapter. */
export const wordCount = StateField.define({
  create: (state) => countWords(state.doc.toString()),
  update: (words, tr) => (tr.docChanged ? words + wordsChanged(tr.changes, tr.startState.doc, tr.newDoc) : words),
});

/** The next word of `text` with the space before and the punctuation after it; all of `text` if no word is left. */
export function nextWord(text) {
  let taken = "";
  let seen = false;
  for (const { segment, isWordLike } of new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)) {
    if (seen && (isWordLike || /\s/.test(segment))) return taken;
    taken += segment;
    seen ||= isWordLike;
  }
  return taken;
}

const ABBREVIATED = /(^|[\s("“‘'])((Mr|Mrs|Ms|Dr|St|Prof|Capt|Col|Gen|Lt|Sgt|Rev|Hon|Jr|Sr|vs|etc|No)|\p{Lu})\.\s*$/u;

/** The next sentence of `text`, or what is left of its paragraph, with the space before it; all of it if no other follows. */
export function nextSentence(text) {
  const begin = text.search(/\S/);
  if (begin < 0) return text;
  const paragraph = text.slice(begin).search(/\n\s*\n/);
  const end = paragraph < 0 ? text.length : begin + paragraph;
  let taken = "";
  const sentences = new Intl.Segmenter(undefined, { granularity: "sentence" }).segment(text.slice(begin, end));
  for (const { segment } of sentences) {
    // “Stop!” she said: what goes on in small letters is the same sentence.
    if (taken && !ABBREVIATED.test(taken) && !/^\p{Ll}/u.test(segment)) break;
    taken += segment;
  }
  return text.slice(0, begin) + taken.trimEnd();
}

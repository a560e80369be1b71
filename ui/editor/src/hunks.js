/** What a rewrite would change, hunk by hunk: found word by word, also while it is still being written. Pure. */

import { wordDiff } from "./worddiff.js";

/** Of a passage's words, this share must have stayed for the rest to be read word by word. */
const LEAST_KEPT = 0.3;

/** So much further than the rewrite has come may the passage be read: what lies behind may still be to come. */
const AHEAD = { share: 1.25, words: 6 };

const count = (text) => text.match(/\S+/g)?.length ?? 0;

/** `[{old, new}]` → `[{from, to, insert}]`, offsets in the passage. */
function placed(parts) {
  let at = 0;
  const hunks = [];
  for (const { old, new: now } of parts) {
    if (old !== now) hunks.push({ from: at, to: at + old.length, insert: now });
    at += old.length;
  }
  return hunks;
}

/** The hunks that make `text` of `passage`: `[{from, to, insert}]`. Where little stayed they are one. */
export function hunksOf(passage, text) {
  const parts = wordDiff(passage, text);
  const kept = parts.reduce((sum, { old, new: now }) => sum + (old === now ? count(old) : 0), 0);
  if (kept >= LEAST_KEPT * Math.min(count(passage), count(text))) return placed(parts);
  return passage === text ? [] : [{ from: 0, to: passage.length, insert: text }];
}

function firstWords(text, words) {
  const found = Array.from(text.matchAll(/\S+/g)).slice(0, words);
  return found.length < words ? text : text.slice(0, found.at(-1).index + found.at(-1)[0].length);
}

/**
 * The same for a `text` that is still growing: `{hunks, reached}`. What stands behind `reached` in the passage has not
 * been come to yet. A last word that may still grow is left out.
 */
export function hunksSoFar(passage, text) {
  const whole = text.slice(0, text.search(/\S*$/)).trimEnd();
  const near = firstWords(passage, Math.ceil(count(whole) * AHEAD.share) + AHEAD.words);
  const parts = wordDiff(near, whole);
  const last = parts.at(-1);
  let reached = near.length;
  if (last && last.old !== last.new) {
    reached -= last.old.length;
    parts[parts.length - 1] = { old: "", new: last.new };
  }
  return { hunks: placed(parts), reached };
}

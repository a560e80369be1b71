/** Differences that people can read: words inside a passage, paragraphs inside a chapter. Pure. */

import { diffArrays, diffWordsWithSpace } from "diff";

/**
 * Words and spaces that may differ. The time that comparing takes grows with their square, and where they are more the
 * texts have too little in common to be read side by side.
 */
const MOST_EDITS = 1000;

/**
 * Changes as `[{old, new}]` in order: where both are equal nothing changed. The olds join to `before`, the news to
 * `after`. Texts that differ nearly throughout are one change.
 */
export function wordDiff(before, after) {
  const parts = diffWordsWithSpace(before, after, { maxEditLength: MOST_EDITS });
  return parts ? grouped(parts, (values) => values.join(""), "") : [{ old: before, new: after }];
}

/** As `wordDiff`, on lists: `[{old: [...], new: [...]}]`. */
export function listDiff(before, after) {
  return grouped(diffArrays(before, after), (values) => values.flat(), []);
}

function grouped(parts, join, empty) {
  const groups = [];
  for (const { added, removed, value } of parts) {
    // A lone space kept between two changed words would chop a sentence into confetti: it joins the change.
    const changed = Boolean(added || removed);
    const last = groups.at(-1);
    const group = changed && last?.changed ? last : { changed, old: [], new: [] };
    if (group !== last) groups.push(group);
    if (!added) group.old.push(value);
    if (!removed) group.new.push(value);
  }
  const merged = [];
  groups.forEach((group, index) => {
    const [before, after] = [merged.at(-1), groups[index + 1]];
    const space = typeof empty === "string" && !group.changed && /^[^\S\n]+$/.test(group.old.join(""));
    const bridge = space && before?.changed && after?.changed;
    if (before?.changed && (bridge || group.changed)) {
      before.old.push(...group.old);
      before.new.push(...group.new);
    } else merged.push({ ...group });
  });
  return merged.map((group) => {
    const old = group.old.length ? join(group.old) : empty;
    return { old, new: group.changed ? (group.new.length ? join(group.new) : empty) : old };
  });
}

const paragraphs = (text) => text.split("\n\n");

/** Both versions in one text: what they share once, and where they differ theirs first, then mine. No word is lost. */
export function keepBoth(mine, theirs) {
  const differing = listDiff(paragraphs(theirs), paragraphs(mine));
  return differing.flatMap(({ old, new: now }) => (old === now ? old : [...old, ...now])).join("\n\n");
}

/** The paragraphs that differ, for reading: `[{old, new}]` as texts, without the paragraphs that both versions have. */
export function changedParagraphs(before, after) {
  return listDiff(paragraphs(before), paragraphs(after))
    .filter(({ old, new: now }) => old !== now)
    .map(({ old, new: now }) => ({ old: old.join("\n\n"), new: now.join("\n\n") }));
}

/** CodeMirror changes that turn `before` into `after`, paragraph by paragraph, so that carets elsewhere stay put. */
export function changesBetween(before, after) {
  const lines = (text) => text.split(/(?<=\n)/);
  let at = 0;
  const changes = [];
  for (const { old, new: now } of listDiff(lines(before), lines(after))) {
    const length = old.join("").length;
    if (old !== now) changes.push({ from: at, to: at + length, insert: now.join("") });
    at += length;
  }
  return changes;
}

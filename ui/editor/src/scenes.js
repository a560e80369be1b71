/**
 * The scenes of a chapter: one begins at its start, and after each line of three asterisks. They are found in the text,
 * kept up to date change by change, and stored nowhere.
 */

import { StateField } from "@codemirror/state";
import { isBreak } from "./prose.js";
import { countWords, wordsChanged } from "./words.js";

const NAME_WORDS = 7;
const NAME_LENGTH = 160;

/** Scenes of `doc`: `[{from, words}]`, `from` where the scene's first line begins. The breaks are no words of any. */
export function findScenes(doc) {
  const scenes = [{ from: 0, words: 0 }];
  let at = 0;
  for (const line of doc.iterLines()) {
    if (isBreak(line)) scenes.push({ from: Math.min(at + line.length + 1, doc.length), words: 0 });
    else scenes.at(-1).words += countWords(line);
    at += line.length + 1;
  }
  // A break that opens the chapter parts nothing.
  return scenes.length > 1 && !scenes[0].words ? scenes.slice(1) : scenes;
}

/** The scenes after `changes`, from those before; looks at the whole text only where a break may have come or gone. */
export function scenesChanged(scenes, changes, before, after) {
  const last = (position) => scenes.findLastIndex(({ from }) => from <= position);
  let only = null; // the scene that all of the changes lie in
  let broken = false;
  changes.iterChangedRanges((fromA, toA, fromB, toB) => {
    broken ||= hasBreak(before, fromA, toA) || hasBreak(after, fromB, toB);
    const [first, final] = [last(fromA), last(toA)];
    only ??= first;
    broken ||= first !== only || final !== only;
  });
  if (broken || only === null || only < 0) return findScenes(after);
  const words = wordsChanged(changes, before, after);
  if (only === 0 && !(scenes[0].words + words)) return findScenes(after);
  return scenes.map(({ from, words: had }, index) => ({
    from: index > only ? changes.mapPos(from, 1) : from,
    words: index === only ? had + words : had,
  }));
}

function hasBreak(doc, from, to) {
  for (let number = doc.lineAt(from).number; number <= doc.lineAt(to).number; number++) {
    if (isBreak(doc.line(number).text)) return true;
  }
  return false;
}

/** A state field holding the scenes of the chapter. */
export const scenesField = StateField.define({
  create: (state) => findScenes(state.doc),
  update: (scenes, tr) =>
    tr.docChanged ? scenesChanged(scenes, tr.changes, tr.startState.doc, tr.newDoc) : scenes,
});

/** How a scene begins: its first words, without marks; '' where it has none. */
export function sceneName(doc, from, to) {
  const text = doc.sliceString(from, Math.min(to, from + NAME_LENGTH + 40)).trimStart();
  const line = text.split("\n", 1)[0].replaceAll("*", "").slice(0, NAME_LENGTH);
  const words = line.split(/\s+/).filter(Boolean);
  return words.slice(0, NAME_WORDS).join(" ") + (words.length > NAME_WORDS ? " …" : "");
}

/** For the page: `{scenes: [{name, words, from}], scene}`, `scene` the index of the one that the caret is in. */
export function scenesOf(state) {
  const found = state.field(scenesField, false) ?? [];
  const caret = state.selection.main.head;
  return {
    scenes: found.map(({ from, words }, index) => {
      const to = found[index + 1]?.from ?? state.doc.length;
      return { name: sceneName(state.doc, from, to), words, from };
    }),
    scene: found.findLastIndex(({ from }) => from <= caret),
  };
}

/** Where the first words of the scene that begins at `from` stand. */
export function sceneStart(doc, from) {
  const blank = doc.sliceString(from, Math.min(doc.length, from + 200)).match(/^\s*/)[0].length;
  return Math.min(from + blank, doc.length);
}

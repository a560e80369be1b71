import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState } from "@codemirror/state";
import { countWords, nextSentence, nextWord, wordCount } from "../src/words.js";

test("words are what stands between white space", () => {
  assert.equal(countWords("  Ines — counted,\n\nthe hours. "), 5);
  assert.equal(countWords(""), 0);
});

test("the running count agrees with counting anew after random edits", () => {
  const pieces = ["a", " ", "\n", "two words", "\n\n", "x y\nz", ""];
  let random = 7;
  const below = (n) => (random = (random * 48271) % 2147483647) % n;
  let state = EditorState.create({ doc: "One two.\n\nThree four five.", extensions: wordCount });
  for (let step = 0; step < 500; step++) {
    const edits = Array.from({ length: 1 + below(3) }, () => below(state.doc.length + 1)).sort((a, b) => a - b);
    const changes = [];
    for (const from of edits) {
      if (changes.length && from <= changes.at(-1).to) continue;
      changes.push({ from, to: Math.min(state.doc.length, from + below(6)), insert: pieces[below(pieces.length)] });
    }
    state = state.update({ changes }).state;
    assert.equal(state.field(wordCount), countWords(state.doc.toString()));
  }
});

test("the next word brings the space before it and the punctuation after it", () => {
  assert.equal(nextWord(" she stopped, because"), " she");
  assert.equal(nextWord(" stopped, because"), " stopped,");
  assert.equal(nextWord("“Don’t,” he said"), "“Don’t,”");
  assert.equal(nextWord("\n\nThe boat"), "\n\nThe");
});

test("taking word after word gives the whole text, in any script", () => {
  for (const text of [" Not far; a hand’s width. ", "潮が引いた。船は", "…", "well-known 🦊!"]) {
    let taken = "";
    while (taken.length < text.length) taken += nextWord(text.slice(taken.length));
    assert.equal(taken, text);
  }
});

test("the next sentence brings the space before it, and speech stays with who says it", () => {
  const text = ' “Stop!” she said. Mr. Vane did not. He ran.\n\nIt rained.';
  const parts = [];
  for (let left = text; left; left = left.slice(parts.at(-1).length)) parts.push(nextSentence(left));
  assert.deepEqual(parts, [" “Stop!” she said.", " Mr. Vane did not.", " He ran.", "\n\nIt rained."]);
  assert.equal(nextSentence("no end yet"), "no end yet");
  assert.equal(nextSentence("  "), "  ");
});

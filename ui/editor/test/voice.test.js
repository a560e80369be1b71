import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState } from "@codemirror/state";
import { placeOf } from "../src/places.js";
import { setVoices, steps, voiceAt, voiceField } from "../src/voice.js";

const TEXT = "One is here. Two is here. Three is here.";
const VOICES = [
  { start: 0, end: 12, step: 1, key: "4:0" },
  { start: 13, end: 25, step: 3, key: "4:1" },
  { start: 26, end: 40, step: 2, key: "4:2" },
];

function shown() {
  const state = EditorState.create({ doc: TEXT, extensions: [voiceField] });
  return state.update({ effects: setVoices.of(VOICES) }).state;
}

const at = (state) => VOICES.map(({ key }) => voiceAt(state, key)?.from ?? null);

test("a sentence is found by its key, and all fall away when told so", () => {
  const state = shown();
  assert.deepEqual(voiceAt(state, "4:1"), { from: 13, to: 25 });
  assert.equal(voiceAt(state, "3:1"), null);
  assert.deepEqual(at(state.update({ effects: setVoices.of([]) }).state), [null, null, null]);
});

test("what is edited falls away, what stands beside it is carried along", () => {
  for (const changes of [
    { from: 17, insert: "x" },
    { from: 15, to: 16 },
    { from: 25, insert: " And" },
  ]) {
    const state = shown().update({ changes }).state;
    const moved = state.doc.length - TEXT.length;
    assert.deepEqual(at(state), [0, null, 26 + moved]);
  }
  const before = shown().update({ changes: { from: 0, insert: "Zero. " } }).state;
  assert.deepEqual(at(before), [null, 19, 32], "a sentence that begins otherwise is another one");
});

test("a stretch across several takes them all, and undoing the text brings none back", () => {
  const cut = shown().update({ changes: { from: 5, to: 30 } }).state;
  assert.deepEqual(at(cut), [null, null, null]);
});

test("steps are whole spreads above the usual", () => {
  const sentences = [0.99, 1, 2.5, 3, 9].map((by, i) => ({ start: i, end: i + 1, stands_out: by }));
  assert.deepEqual(
    steps({ revision: 7, sentences }).map(({ step, key }) => [step, key]),
    [0, 1, 2, 3, 3].map((step, i) => [step, `7:${i}`]),
  );
});

test("a place is found again though the text before it has changed", () => {
  const text = "🦊 So it was. She let\nout a breath. He Let Out a breath.";
  assert.deepEqual(placeOf(text, { start: 16, end: 29, words: "let out a breath" }), { from: 18, to: 34 });
  assert.deepEqual(placeOf(text, { start: 60, end: 76, words: "let out a breath" }), { from: 39, to: 55 });
  assert.equal(placeOf(text, { start: 0, end: 4, words: "gone (for good)" }), null);
  assert.deepEqual(placeOf("I can’t go", { start: 2, end: 7, words: "can't" }), { from: 2, to: 7 });
});

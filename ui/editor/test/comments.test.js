import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState } from "@codemirror/state";
import { anchorsOf, commentsField, placed, setComments } from "../src/comments.js";

const TEXT = "🦊 Ines counted the hours.";
const start = TEXT.indexOf("counted");
const comment = { id: "c", kind: "todo", body: "slow", start, end: start + 7 };
const state = EditorState.create({ doc: TEXT, extensions: [commentsField] });
const noted = state.update({ effects: setComments.of([comment]) }).state;
const words = (now) => placed(now.field(commentsField)).map(({ from, to }) => now.sliceDoc(from, to));

test("a comment follows its passage through edits", () => {
  assert.deepEqual(words(noted.update({ changes: { from: 3, insert: "Then " } }).state), ["counted"]);
  assert.deepEqual(words(noted.update({ changes: { from: start + 3, insert: "XX" } }).state), ["couXXnted"]);
});

test("a passage without a letter left is not there", () => {
  assert.deepEqual(words(noted.update({ changes: { from: start, to: start + 7 } }).state), []);
});

test("a save tells where comments stand, in code points", () => {
  assert.deepEqual(anchorsOf(noted, TEXT), [{ id: "c", start: start - 1, end: start + 6 }]);
  assert.deepEqual(anchorsOf(EditorState.create({ doc: "" }), ""), []);
});

test("a key draws no comment anew", () => {
  const [before] = placed(noted.field(commentsField));
  const after = noted.update({ changes: { from: 0, insert: "x" } }).state.field(commentsField);
  assert.equal(after.iter().value, noted.field(commentsField).iter().value, "the very same mark, moved");
  assert.equal(placed(after)[0].from, before.from + 1);
});

test("what lies outside the text is not shown", () => {
  const outside = [{ ...comment, end: 999 }, { ...comment, start: 5, end: 5 }];
  assert.deepEqual(words(state.update({ effects: setComments.of(outside) }).state), []);
});

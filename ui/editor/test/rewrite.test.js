import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState } from "@codemirror/state";
import { provenance, spansField } from "../src/provenance.js";
import { acceptance, chooseHunk, growRewrite, lookAtHunk, nextOpen, rewriteField, showRewrite } from "../src/rewrite.js";

const DOC = "She took off her shoes. The end 🦊.";
const SHOWN = { from: 0, to: 23, take: "t", text: "She kicked off both shoes.", done: true };

function showing(shown = SHOWN) {
  return EditorState.create({ doc: DOC, extensions: [rewriteField, provenance] }).update({
    effects: showRewrite.of(shown),
  }).state;
}

test("accepting changes the passage and nothing else", () => {
  const state = showing();
  const { state: after } = state.update(acceptance(state, SHOWN));
  assert.equal(after.doc.toString(), "She kicked off both shoes. The end 🦊.");
  assert.equal(after.field(rewriteField), null);
});

test("only the words that differ are the model's", () => {
  const state = showing();
  const { state: after } = state.update(acceptance(state, SHOWN));
  const words = after.field(spansField).map(({ from, to }) => after.sliceDoc(from, to));
  assert.deepEqual(words, ["kicked", "both"]);
});

test("the caret goes to the end of the passage", () => {
  const state = showing();
  const { state: after } = state.update(acceptance(state, SHOWN));
  assert.equal(after.selection.main.head, SHOWN.text.length);
});

test("it moves with edits elsewhere and ends when the passage is edited", () => {
  const moved = showing({ ...SHOWN, from: 4, to: 12 }).update({ changes: { from: 0, insert: "So " } }).state;
  assert.deepEqual([moved.field(rewriteField).from, moved.field(rewriteField).to], [7, 15]);
  assert.equal(
    showing()
      .update({ changes: { from: 5, insert: "x" } })
      .state.field(rewriteField),
    null,
  );
});

test("it grows only by its own take", () => {
  const state = showing({ ...SHOWN, text: "", done: false });
  const grow = (take) => state.update({ effects: growRewrite.of({ take, text: "She", done: false }) }).state;
  assert.equal(grow("t").field(rewriteField).text, "She");
  assert.equal(grow("other").field(rewriteField).text, "");
});

test("a hunk that is left stays as it was", () => {
  const state = showing().update({ effects: chooseHunk.of({ index: 0, taken: false }) }).state;
  const { state: after } = state.update(acceptance(state, state.field(rewriteField)));
  assert.equal(after.doc.toString(), "She took off both shoes. The end 🦊.");
});

test("the next hunk that is open is looked for round the end", () => {
  const shown = { choices: [null, true, null, false], at: 2 };
  assert.equal(nextOpen(shown), 0);
  assert.equal(nextOpen({ ...shown, at: 0 }), 2);
  assert.equal(nextOpen({ ...shown, at: 0 }, -1), 2);
  assert.equal(nextOpen({ choices: [true], at: 0 }), -1);
  assert.equal(nextOpen({ choices: [], at: 0 }), -1);
});

test("only a finished rewrite is decided on", () => {
  const effects = [chooseHunk.of({ index: 0, taken: true }), lookAtHunk.of(1)];
  const writing = showing({ ...SHOWN, done: false }).update({ effects }).state.field(rewriteField);
  assert.ok(!writing.choices.includes(true));
  const done = showing().update({ effects }).state.field(rewriteField);
  assert.deepEqual([done.choices, done.at], [[true, null], 1]);
});

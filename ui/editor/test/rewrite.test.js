import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState } from "@codemirror/state";
import { provenance, spansField } from "../src/provenance.js";
import { acceptance, growRewrite, rewriteField, showRewrite } from "../src/rewrite.js";

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

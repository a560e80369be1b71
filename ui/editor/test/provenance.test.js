import assert from "node:assert/strict";
import { test } from "node:test";
import { history, isolateHistory, redo, undo } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { mapSpans, provenance, spansField, tookOver } from "../src/provenance.js";

const start = (doc = "") => EditorState.create({ doc, extensions: [history(), provenance] });
const edit = (state, changes, more = {}) => state.update({ changes, ...more }).state;
const accept = (state, from, insert, take = "t") =>
  edit(
    state,
    { from, insert },
    {
      effects: tookOver.of({ take, from, to: from + insert.length }),
      annotations: isolateHistory.of("full"),
    },
  );
const words = (state) => state.field(spansField).map(({ from, to }) => state.sliceDoc(from, to));

function run(state, command) {
  let next = state;
  assert.ok(command({ state, dispatch: (tr) => (next = tr.state) }));
  return next;
}

test("an accepted span moves with edits before it", () => {
  const state = edit(accept(start("Once."), 5, " Twice."), { from: 0, insert: "So: " });
  assert.deepEqual(words(state), [" Twice."]);
});

test("text typed at its edges stays outside", () => {
  let state = accept(start("ab"), 1, "XYZ");
  state = edit(edit(state, { from: 1, insert: "1" }), { from: 5, insert: "2" });
  assert.equal(state.doc.toString(), "a1XYZ2b");
  assert.deepEqual(words(state), ["XYZ"]);
});

test("text typed inside splits it", () => {
  const state = edit(accept(start("ab"), 1, "XYZ"), { from: 2, insert: "!" });
  assert.deepEqual(words(state), ["X", "YZ"]);
});

test("what is deleted or replaced is no longer the model's", () => {
  const state = edit(accept(start("ab"), 1, "XYZW"), { from: 2, to: 4, insert: "mine" });
  assert.deepEqual(words(state), ["X", "W"]);
  assert.deepEqual(words(edit(state, { from: 0, to: state.doc.length })), []);
});

test("several changes at once cut one span several times", () => {
  const state = start("0123456789");
  const changes = state.changes([
    { from: 1, to: 2 },
    { from: 4, insert: "x" },
    { from: 6, to: 8, insert: "y" },
  ]);
  const spans = mapSpans([{ take: "t", from: 0, to: 10 }], changes);
  const after = changes.apply(state.doc);
  assert.deepEqual(
    spans.map(({ from, to }) => after.sliceString(from, to)),
    ["0", "23", "45", "89"],
  );
});

test("undo withdraws an accept and redo brings it back with its author", () => {
  const accepted = accept(start("Once."), 5, " Twice.");
  const undone = run(accepted, undo);
  assert.deepEqual(words(undone), []);
  const redone = run(undone, redo);
  assert.equal(redone.doc.toString(), "Once. Twice.");
  assert.deepEqual(words(redone), [" Twice."]);
  assert.equal(redone.field(spansField)[0].take, "t");
});

test("undoing a deletion brings back who wrote the words", () => {
  const accepted = accept(start("Once."), 5, " Twice.");
  const deleted = edit(accepted, { from: 3, to: 9 }, { annotations: isolateHistory.of("full") });
  assert.deepEqual(words(deleted), ["ce."]);
  assert.deepEqual(words(run(deleted, undo)).sort(), [" Twi", "ce."]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState } from "@codemirror/state";
import { ghostField, growGhost, rest, showGhost } from "../src/ghost.js";

const GHOST = { from: 4, pos: 4, take: "t", text: " fox 🦊", used: 0, done: true };

function shown(ghost = GHOST, doc = "The. End") {
  return EditorState.create({ doc, extensions: ghostField }).update({ effects: showGhost.of(ghost) }).state;
}

const type = (state, from, insert, userEvent = "input.type") =>
  state.update({ changes: { from, insert }, userEvent }).state;

test("typing the next characters keeps the rest of the ghost after them", () => {
  const state = type(type(shown(), 4, " "), 5, "fo");
  const ghost = state.field(ghostField);
  assert.equal(rest(ghost), "x 🦊");
  assert.equal(ghost.pos, 7);
});

test("typing anything else dismisses it", () => {
  assert.equal(type(shown(), 4, "x").field(ghostField), null);
});

test("typing the right character elsewhere dismisses it", () => {
  assert.equal(type(shown(), 0, " ").field(ghostField), null);
});

test("deleting dismisses it", () => {
  assert.equal(
    shown()
      .update({ changes: { from: 3, to: 4 } })
      .state.field(ghostField),
    null,
  );
});

test("typing to the end of a finished take uses it up", () => {
  assert.equal(type(shown(), 4, GHOST.text).field(ghostField), null);
});

test("typing to the end of a take that still streams waits for more of it", () => {
  const state = type(shown({ ...GHOST, done: false }), 4, GHOST.text);
  const grown = state.update({ effects: growGhost.of({ take: "t", text: `${GHOST.text} ran`, done: true }) }).state;
  assert.equal(rest(grown.field(ghostField)), " ran");
});

test("composition dismisses it, whatever is composed", () => {
  assert.equal(type(shown(), 4, " ", "input.type.compose").field(ghostField), null);
});

test("a take that is not shown cannot grow into view", () => {
  const state = shown().update({ effects: growGhost.of({ take: "other", text: "no", done: true }) }).state;
  assert.equal(state.field(ghostField), GHOST);
});

test("moving the caret keeps it", () => {
  assert.equal(
    shown()
      .update({ selection: { anchor: 0 } })
      .state.field(ghostField),
    GHOST,
  );
});

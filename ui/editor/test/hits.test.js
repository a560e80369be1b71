import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState } from "@codemirror/state";
import { hitsField, mapHits, nearest, setHits } from "../src/hits.js";

const TEXT = "a lamp, a lamp, a lamp";
const spans = [2, 10, 18].map((start) => ({ start, end: start + 4, instead: "lantern" }));
const state = EditorState.create({ doc: TEXT, extensions: [hitsField] });
const found = state.update({ effects: setHits.of({ spans, at: 1 }) }).state;

test("hits move with the text and stay in hand", () => {
  const { spans: moved, at } = found.update({ changes: { from: 0, insert: "Once " } }).state.field(hitsField);
  assert.deepEqual(moved.map(({ start }) => start), [7, 15, 23]);
  assert.equal(at, 1);
});

test("a hit that is replaced is none any more, and the next one is in hand", () => {
  const change = found.update({ changes: { from: 10, to: 14, insert: "lantern" } });
  const { spans: left, at } = mapHits({ spans, at: 1 }, change.changes);
  assert.deepEqual(left.map(({ start }) => start), [2, 21]);
  assert.equal(at, 1);
});

test("where none is left, none is in hand", () => {
  const { spans: left, at } = found.update({ changes: { from: 0, to: TEXT.length } }).state.field(hitsField);
  assert.deepEqual([left, at], [[], -1]);
  assert.equal(found.update({ effects: setHits.of(null) }).state.field(hitsField).at, -1);
});

test("the nearest hit ends after the caret; behind the last comes the first", () => {
  assert.equal(nearest(spans, 0), 0);
  assert.equal(nearest(spans, 6), 1);
  assert.equal(nearest(spans, 99), 0);
  assert.equal(nearest([], 0), -1);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState } from "@codemirror/state";
import { hitsField, holdHit, listed, nearest, setHits } from "../src/hits.js";

const TEXT = "a lamp, a lamp, a lamp";
const spans = [2, 10, 18].map((start) => ({ start, end: start + 4, instead: "lantern" }));
const state = EditorState.create({ doc: TEXT, extensions: [hitsField] });
const found = state.update({ effects: setHits.of({ spans, at: 1 }) }).state;
const starts = (now) => listed(now.field(hitsField).marks).map(({ from }) => from);
const hand = (now) => now.field(hitsField).hand?.from ?? null;

test("hits move with the text and stay in hand", () => {
  const now = found.update({ changes: { from: 0, insert: "Once " } }).state;
  assert.deepEqual(starts(now), [7, 15, 23]);
  assert.equal(hand(now), 15);
  assert.equal(now.field(hitsField).hand.instead, "lantern");
});

test("a hit that is replaced is none any more, and the next one is in hand, behind the last one the one before", () => {
  let now = found.update({ changes: { from: 10, to: 14, insert: "lantern" } }).state;
  assert.deepEqual(starts(now), [2, 21]);
  assert.equal(hand(now), 21);
  now = now.update({ changes: { from: 21, to: 25, insert: "lantern" } }).state;
  assert.deepEqual([starts(now), hand(now)], [[2], 2]);
});

test("another hit comes to hand", () => {
  const [first] = listed(found.field(hitsField).marks);
  assert.equal(hand(found.update({ effects: holdHit.of(first) }).state), 2);
});

test("where none is left, none is in hand", () => {
  const now = found.update({ changes: { from: 0, to: TEXT.length } }).state;
  assert.deepEqual([starts(now), hand(now)], [[], null]);
  assert.equal(hand(found.update({ effects: setHits.of(null) }).state), null);
});

test("a key costs no more where much was found", () => {
  const doc = "lamp ".repeat(30_000);
  const many = Array.from({ length: 30_000 }, (_, index) => ({ start: 5 * index, end: 5 * index + 4, instead: "x" }));
  const before = EditorState.create({ doc, extensions: [hitsField] }).update({
    effects: setHits.of({ spans: many, at: 0 }),
  }).state;
  const after = before.update({ changes: { from: doc.length, insert: "x" } }).state.field(hitsField).marks;
  // What stands far from the edit is the very same, not made anew.
  const kept = new Set(before.field(hitsField).marks.chunk);
  assert.ok(after.chunk.filter((chunk) => kept.has(chunk)).length >= after.chunk.length - 2);
  assert.equal(after.size, 30_000);
});

test("the nearest hit ends after the caret; behind the last comes the first", () => {
  assert.equal(nearest(spans, 0), 0);
  assert.equal(nearest(spans, 6), 1);
  assert.equal(nearest(spans, 99), 0);
  assert.equal(nearest([], 0), -1);
});

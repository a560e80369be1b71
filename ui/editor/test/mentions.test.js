import assert from "node:assert/strict";
import test from "node:test";
import { nextMention } from "../src/mentions.js";

test("a list of mentions is gone through, and begun again at its end", () => {
  const places = { chapter: "a", spans: [[0, 4], [9, 13]] };
  const shown = [];
  let last = null;
  for (let i = 0; i < 3; i++) {
    last = nextMention(last, places);
    shown.push(last.index);
  }
  assert.deepEqual(shown, [0, 1, 0]);
});

test("another list, or one that has changed, begins at its first", () => {
  const one = nextMention(null, { chapter: "a", spans: [[0, 4], [9, 13]] });
  assert.equal(nextMention(one, { chapter: "b", spans: [[0, 4], [9, 13]] }).index, 0);
  assert.equal(nextMention(one, { chapter: "a", spans: [[1, 5], [9, 13]] }).index, 0);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState, Text } from "@codemirror/state";
import { gapAt, parting } from "../src/gaps.js";

const at = (doc, from, to = from) => gapAt(EditorState.create({ doc, selection: { anchor: from, head: to } }));

test("an empty line between text before and after is a gap", () => {
  assert.deepEqual(at("One.\n\n\n\nTwo.", 6), { from: 6, to: 6 });
  assert.deepEqual(at("One.\n  \nTwo.", 6), { from: 6, to: 6 });
  assert.equal(at("One.\n\n\n\n", 6), null);
  assert.equal(at("\n\n\n\nTwo.", 2), null);
  assert.equal(at("One.\n\nTwo.", 4), null);
  assert.equal(at("", 0), null);
});

test("a placeholder that is selected is a gap, without the space around it", () => {
  const doc = "She took the [something heavy] and left.\n\nTK\n\nThe end.";
  assert.deepEqual(at(doc, 13, 30), { from: 13, to: 30 });
  assert.deepEqual(at(doc, 12, 31), { from: 13, to: 30 });
  assert.deepEqual(at(doc, 44, 42), { from: 42, to: 44 });
  assert.equal(at(doc, 4, 12), null);
  assert.equal(at("[all of it]", 0, 11), null);
  for (const sign of ["…", "...", "___", "???", "XXX"]) assert.ok(at(`One ${sign} two.`, 4, 4 + sign.length), sign);
  assert.equal(at(`One [${"x".repeat(500)}] two.`, 4, 506), null);
});

test("the brackets that the caret stands within are a gap", () => {
  const doc = "She took the [something heavy] and left.";
  for (const caret of [14, 20, 29]) assert.deepEqual(at(doc, caret), { from: 13, to: 30 });
  for (const caret of [0, 13, 30, 35]) assert.equal(at(doc, caret), null);
  assert.equal(at("One [two [three] four] five.", 6), null);
  assert.equal(at("[all of it]", 4), null);
});

test("what fills an empty line is parted from the text around it as paragraphs are", () => {
  const parts = (doc, pos) => parting(Text.of(doc.split("\n")), pos);
  assert.deepEqual(parts("One.\n\n\n\nTwo.", 6), { lead: "", tail: "" });
  assert.deepEqual(parts("One.\n\nTwo.", 5), { lead: "\n", tail: "\n" });
  assert.deepEqual(parts("One.\n\n\nTwo.", 6), { lead: "", tail: "\n" });
  assert.deepEqual(parts("One. Two.", 4), { lead: "", tail: "" });
  assert.deepEqual(parts("One.\n\n", 6), { lead: "", tail: "" });
});

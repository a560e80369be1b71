import assert from "node:assert/strict";
import { test } from "node:test";
import { askedFor, dealt, mixed } from "../src/cards.js";

const takes = (count, shown = -1) => Array.from({ length: count }, (_, n) => ({ n, shown: n === shown }));

test("five at a time have a slot: those around the one shown, else the newest", () => {
  const numbers = (all) => dealt(all).takes.map(({ n }) => n);
  assert.deepEqual(numbers(takes(3)), [0, 1, 2]);
  assert.deepEqual(numbers(takes(7, 1)), [0, 1]);
  assert.deepEqual(numbers(takes(7)), [2, 3, 4, 5, 6]);
  assert.equal(dealt(takes(7, 6)).first, 2);
  assert.deepEqual(dealt([]), { first: 0, takes: [] });
});

test("a take says what it was asked for", () => {
  assert.equal(askedFor({ kind: "continue" }), "Continued");
  assert.equal(askedFor({ kind: "beat", beat: "She wades." }), "From a beat: She wades.");
  assert.equal(askedFor({ kind: "fill", beat: null }), "Filled in");
  assert.equal(askedFor({ kind: "rewrite", verb: "past" }), "In the past tense");
  assert.equal(askedFor({ kind: "rewrite", verb: "rewrite", instruction: "angrier" }), "Rewritten: angrier");
  assert.equal(askedFor({ kind: "rewrite", verb: null }), "Rewritten");
});

test("takes that were not all asked for the same say so each", () => {
  assert.ok(!mixed([{ kind: "continue" }, { kind: "continue" }]));
  assert.ok(mixed([{ kind: "continue" }, { kind: "beat", beat: "She wades." }]));
  assert.ok(!mixed([]));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer } from "../src/announce.js";

test("a growing take is said sentence by sentence, each once, the rest at its end", () => {
  const said = [];
  const announcer = new Announcer((text) => said.push(text));
  const key = Symbol("take");
  for (const text of ["", "The b", "The boat mov", "The boat moved.", "The boat moved. Not", "The boat moved. Not far"])
    announcer.grown({ key, text, done: false });
  assert.deepEqual(said, ["The boat moved."]);
  announcer.grown({ key, text: "The boat moved. Not far; a hand. Per", done: false });
  announcer.grown({ key, text: "The boat moved. Not far; a hand. Perhaps", done: true });
  announcer.grown({ key, text: "The boat moved. Not far; a hand. Perhaps", done: true });
  assert.deepEqual(said, ["The boat moved.", "Not far; a hand.", "Perhaps Take ready."]);
});

test("another take begins anew", () => {
  const said = [];
  const announcer = new Announcer((text) => said.push(text));
  announcer.grown({ key: 1, text: "One. Two", done: false });
  announcer.grown({ key: 2, text: "Other. Two", done: true });
  assert.deepEqual(said, ["One.", "Other. Two Take ready."]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { fingerprint, reconcile } from "../src/drafts.js";

const draft = (more) => ({ text: "mine", base: 3, sent: [], spans: [], ...more });

test("a draft that the server has is not needed", () => {
  assert.equal(reconcile(draft({ text: "same" }), { revision: 9, text: "same" }), "same");
});

test("a draft based on the server's revision is restored", () => {
  assert.equal(reconcile(draft(), { revision: 3, text: "before" }), "restore");
});

test("a draft goes on from a save whose answer was lost", () => {
  const sent = [fingerprint("first try"), fingerprint("second try")];
  assert.equal(reconcile(draft({ sent }), { revision: 4, text: "second try" }), "restore");
});

test("a draft that the server has moved on from is a conflict", () => {
  assert.equal(reconcile(draft({ sent: [fingerprint("tried")] }), { revision: 4, text: "theirs" }), "conflict");
});

test("fingerprints tell texts apart that differ in one character or in order", () => {
  const texts = ["", "a", "b", "ab", "ba", "aa", "The boat had moved.", "The boat had moved,"];
  assert.equal(new Set(texts.map(fingerprint)).size, texts.length);
  assert.equal(fingerprint("the same"), fingerprint("the " + "same"));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Text } from "@codemirror/state";
import { paragraphAt, sentenceAt } from "../src/focus.js";

const doc = (text) => Text.of(text.split("\n"));
const words = (text, { from, to }) => text.slice(from, to);
const CHAPTER = "One goes. “Two?” asked Ines.\n\nThree comes.\nIt stays.\n\n\nFour";

test("a paragraph reaches from blank line to blank line", () => {
  const at = (pos) => words(CHAPTER, paragraphAt(doc(CHAPTER), pos));
  assert.equal(at(0), "One goes. “Two?” asked Ines.");
  assert.equal(at(CHAPTER.indexOf("stays")), "Three comes.\nIt stays.");
  assert.equal(at(CHAPTER.length), "Four");
  assert.equal(at(CHAPTER.indexOf("\n\n") + 1), "");
  assert.equal(words("", paragraphAt(doc(""), 0)), "");
});

test("the sentence is the one that the caret is in, or has just left", () => {
  const at = (pos) => words(CHAPTER, sentenceAt(doc(CHAPTER), pos));
  assert.equal(at(0), "One goes.");
  assert.equal(at(CHAPTER.indexOf("goes")), "One goes.");
  assert.equal(at(CHAPTER.indexOf(" “")), "One goes.");
  assert.equal(at(CHAPTER.indexOf("“Two") + 1), "“Two?” asked Ines.");
  assert.equal(at(CHAPTER.indexOf("Ines.") + 5), "“Two?” asked Ines.");
  assert.equal(at(CHAPTER.indexOf("It stays") + 2), "It stays.");
  assert.equal(at(CHAPTER.length), "Four");
  assert.equal(words("", sentenceAt(doc(""), 0)), "");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Text } from "@codemirror/state";
import { emphasis, isBreak, lineKind } from "../src/prose.js";

const kinds = (text) => {
  const doc = Text.of(text.split("\n"));
  return Array.from({ length: doc.lines }, (_, index) => lineKind(doc, index + 1));
};

test("the first paragraph of a chapter and of a scene has no indent, the others have", () => {
  assert.deepEqual(kinds("One.\n\nTwo.\n\n***\n\nThree.\n\nFour."), [
    ...["first", "blank", "paragraph", "blank", "break", "blank", "first", "blank", "paragraph"],
  ]);
});

test("a line after a line goes on with its paragraph", () => {
  assert.deepEqual(kinds("One\ntwo."), ["first", "inside"]);
});

test("an empty line where a paragraph is about to be written has its full height", () => {
  assert.deepEqual(kinds("One.\n\n"), ["first", "blank", "paragraph"]);
  assert.deepEqual(kinds("One.\n\n\n\nTwo."), ["first", "blank", "paragraph", "blank", "paragraph"]);
  assert.deepEqual(kinds(""), ["first"]);
});

test("emphasis is found with its marks", () => {
  const found = (line) => emphasis(line).map(({ from, to, style }) => [line.slice(from, to), style]);
  assert.deepEqual(found("She *ran*, he **stood**, ***both*** fell."), [
    ["*ran*", "italic"],
    ["**stood**", "bold"],
    ["***both***", "both"],
  ]);
  assert.deepEqual(found("*one* and *two words*"), [
    ["*one*", "italic"],
    ["*two words*", "italic"],
  ]);
});

test("lone asterisks, sums and scene breaks are not emphasis", () => {
  for (const line of ["2 * 3 * 4", "a*", "***", "* * *", "**", "*open"]) assert.deepEqual(emphasis(line), []);
});

test("scene breaks are three asterisks alone on a line", () => {
  assert.ok(isBreak("***") && isBreak(" * * * "));
  assert.ok(!isBreak("**") && !isBreak("*** x"));
});

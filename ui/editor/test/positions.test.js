import assert from "node:assert/strict";
import { test } from "node:test";
import { codePointOffset, codePointSpans, plainLines, utf16Offset, utf16Spans } from "../src/positions.js";

const TEXT = "a🦊b👩‍👩‍👧c𝒳é";

test("a UTF-16 offset becomes the number of code points before it", () => {
  for (let points = 0, offset = 0; offset <= TEXT.length; points++) {
    assert.equal(codePointOffset(TEXT, offset), points);
    if (offset === TEXT.length) break;
    offset += TEXT.codePointAt(offset) > 0xffff ? 2 : 1;
  }
});

test("converting to UTF-16 and back is the identity", () => {
  const points = [...TEXT].length;
  for (let count = 0; count <= points; count++) {
    assert.equal(codePointOffset(TEXT, utf16Offset(TEXT, count)), count);
  }
});

test("an offset beyond the end is clamped to it", () => {
  assert.equal(utf16Offset("a🦊", 99), 3);
});

test("spans are converted together, whatever their order, and clamped", () => {
  const spans = [
    { start: 3, end: 99, state: "pending" },
    { start: 0, end: 3, state: "known" },
  ];
  assert.deepEqual(utf16Spans("a🦊b𝒳", spans), [
    { start: 4, end: 6, state: "pending" },
    { start: 0, end: 4, state: "known" },
  ]);
  assert.deepEqual(utf16Spans("", []), []);
  assert.deepEqual(codePointSpans("a🦊b𝒳", utf16Spans("a🦊b𝒳", spans)), [{ ...spans[0], end: 4 }, spans[1]]);
});

test("a lone surrogate counts as one code point, as it does for the server", () => {
  assert.equal(codePointOffset("\ud83ea", 2), 2);
});

test("line ends become plain newlines", () => {
  assert.equal(plainLines("a\r\nb\rc\n"), "a\nb\nc\n");
});

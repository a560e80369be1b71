import assert from "node:assert/strict";
import { test } from "node:test";
import { changedParagraphs, changesBetween, keepBoth, listDiff, wordDiff } from "../src/worddiff.js";

const PAIRS = [
  ["She took off her shoes.", "She pulled off both shoes, slowly."],
  ["", "All new."],
  ["All gone.", ""],
  ["One.\n\nTwo 🦊.\n\nThree.", "One.\n\nTwo 🐺 and more.\n\nFour.\n\nThree."],
  ["a b c d", "w x y z"],
];

test("the olds join to the text before, the news to the text after", () => {
  for (const [before, after] of PAIRS) {
    const parts = wordDiff(before, after);
    assert.equal(parts.map((part) => part.old).join(""), before);
    assert.equal(parts.map((part) => part.new).join(""), after);
  }
});

test("words that stay are not part of a change", () => {
  const same = wordDiff(...PAIRS[0]).filter((part) => part.old === part.new);
  assert.deepEqual(
    same.map((part) => part.old),
    ["She ", " off ", " shoes", "."],
  );
});

test("neighbouring changed words are one change, not confetti", () => {
  assert.deepEqual(wordDiff("a b c d", "w x y z"), [{ old: "a b c d", new: "w x y z" }]);
});

test("texts that differ throughout are one change, however much they share", () => {
  const text = (word) => Array.from({ length: 1500 }, (_, index) => `${word}${index} and the`).join(" ");
  const [before, after] = [text("old"), text("new")];
  assert.deepEqual(wordDiff(before, after), [{ old: before, new: after }]);
});

test("equal texts have no change", () => {
  assert.deepEqual(wordDiff("Same.", "Same."), [{ old: "Same.", new: "Same." }]);
});

test("lists are compared as lists", () => {
  assert.deepEqual(listDiff(["a", "b"], ["a", "c"]), [
    { old: ["a"], new: ["a"] },
    { old: ["b"], new: ["c"] },
  ]);
});

test("keeping both keeps every paragraph of both and doubles none", () => {
  const both = keepBoth("One.\n\nMine.\n\nThree.\n\nLast mine.", "One.\n\nTheirs.\n\nThree.");
  assert.equal(both, "One.\n\nTheirs.\n\nMine.\n\nThree.\n\nLast mine.");
});

test("only paragraphs that differ are shown", () => {
  assert.deepEqual(changedParagraphs("One.\n\nTwo.\n\nThree.", "One.\n\n2.\n\nThree."), [{ old: "Two.", new: "2." }]);
});

test("the changes between two texts turn one into the other and leave the rest alone", () => {
  for (const [before, after] of PAIRS) {
    let shift = 0;
    let text = before;
    for (const { from, to, insert } of changesBetween(before, after)) {
      text = text.slice(0, from + shift) + insert + text.slice(to + shift);
      shift += insert.length - (to - from);
    }
    assert.equal(text, after);
  }
  assert.deepEqual(changesBetween("a\nb\nc", "a\nB\nc"), [{ from: 2, to: 4, insert: "B\n" }]);
});

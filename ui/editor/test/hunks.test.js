import assert from "node:assert/strict";
import { test } from "node:test";
import { hunksOf, hunksSoFar } from "../src/hunks.js";

const applied = (passage, hunks) =>
  hunks.reduceRight((text, { from, to, insert }) => text.slice(0, from) + insert + text.slice(to), passage);

const PAIRS = [
  ["She took off her shoes.", "She kicked off both shoes."],
  ["One 🦊.\n\nTwo.", "One 🐺.\n\nTwo and more."],
  ["All of it goes.", "Nothing like that at the end, ever."],
  ["The same.", "The same."],
];

test("the hunks make the one text of the other", () => {
  for (const [before, after] of PAIRS) assert.equal(applied(before, hunksOf(before, after)), after);
});

test("words that stayed are between the hunks; where little stayed they are one", () => {
  assert.deepEqual(hunksOf(...PAIRS[0]), [
    { from: 4, to: 8, insert: "kicked" },
    { from: 13, to: 16, insert: "both" },
  ]);
  assert.deepEqual(hunksOf(...PAIRS[2]), [{ from: 0, to: 15, insert: PAIRS[2][1] }]);
  assert.deepEqual(hunksOf("The same.", "The same."), []);
});

test("a rewrite that is being written strikes only what it has come to", () => {
  const passage = "She took off her shoes. The mud was warm, and the boats lay on their sides in it.";
  assert.deepEqual(hunksSoFar(passage, "She kick"), { hunks: [], reached: 3 });
  const { hunks, reached } = hunksSoFar(passage, "She kicked off both sho");
  assert.deepEqual(hunks[0], { from: 4, to: 8, insert: "kicked" });
  assert.equal(hunks.at(-1).insert, "both");
  assert.ok(reached < passage.indexOf("shoes"));
  assert.deepEqual(hunksSoFar(passage, ""), { hunks: [], reached: 0 });
});

test("at each word of a rewrite what is behind it has not changed", () => {
  const passage = "It was late and the rain had stopped. Nobody came down the road that night, or the next.";
  const text = "It was early and the rain had begun. Nobody walked down that road, not then.";
  for (let end = 1; end <= text.length; end++) {
    const { hunks, reached } = hunksSoFar(passage, text.slice(0, end));
    for (const { to } of hunks) assert.ok(to <= reached);
    const whole = text.slice(0, end).replace(/\s*\S*$/, "");
    assert.equal(applied(passage, hunks).slice(0, whole.length), whole);
  }
});

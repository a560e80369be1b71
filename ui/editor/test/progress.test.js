import assert from "node:assert/strict";
import { test } from "node:test";
import { countText, progressLine } from "../src/progress.js";

test("what the bar says", () => {
  assert.equal(countText({ problem: "", count: 1200, at: 2 }), "3 of 1,200");
  assert.equal(countText({ problem: "", count: 0, at: -1 }), "Not found");
  assert.equal(countText({ problem: "No pattern.", count: 0, at: -1 }), "No pattern.");
});

test("what was written today stands in the foot, with a goal where there is one", () => {
  assert.equal(progressLine({ today: 742, goals: { day: 1000 } }), "742 of 1,000 words today");
  assert.equal(progressLine({ today: 1, goals: { day: 0 } }), "1 word today");
  assert.equal(progressLine({ today: 0, goals: { day: 0 } }), "");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Takes, findStored } from "../src/takes.js";

const row = (id, text, more = {}) => ({
  ...{ id, kind: "continue", instruction: null, revision: 3, start: 5, end: 5, text },
  ...{ finish_reason: "length", accepted_revision: null, ...more },
});
const place = { kind: "continue", instruction: null, revision: 3, start: 5, end: 5 };
const serving = (rows) => ({ takes: async () => rows });

test("a take that was cut off is found by its place and its text", () => {
  const take = { ...place, text: "Once upon" };
  assert.equal(findStored(take, [row("a", "Once upon a"), row("b", "Twice")], new Set()).id, "a");
  assert.equal(findStored(take, [row("a", "Once")], new Set()).id, "a");
});

test("another place, another text or another take's name is no match", () => {
  const take = { ...place, text: "Once upon" };
  assert.equal(findStored(take, [row("a", "Once upon", { start: 6, end: 6 })], new Set()), undefined);
  assert.equal(findStored(take, [row("a", "Twice")], new Set()), undefined);
  assert.equal(findStored(take, [row("a", "Once upon")], new Set(["a"])), undefined);
});

test("of several matches the newest is taken", () => {
  const take = { ...place, text: "Once" };
  assert.equal(findStored(take, [row("a", "Once"), row("b", "Once")], new Set()).id, "b");
});

test("looking up asks again until the server has stored the take", async () => {
  const answers = [[], [row("x", "Onc")], []];
  const takes = new Takes({ takes: async () => answers.shift() ?? [] }, "chapter");
  const take = Object.assign(takes.begin(place), { text: "Once" });
  await takes.lookUp([take]);
  assert.equal(take.id, "x");
  assert.equal(answers.length, 1);
});

test("loading keeps this page's takes, adds the stored ones, drops the deleted ones", async () => {
  const rows = [row("a", "A"), row("b", "B")];
  const takes = new Takes(serving(rows), "chapter");
  await takes.load();
  const streaming = takes.begin({ ...place, start: 9, end: 9 });
  rows.splice(0, 1, row("c", "C"));
  await takes.load();
  assert.deepEqual(takes.list.map(({ id }) => id).sort(), ["b", "c", null].sort());
  assert.ok(takes.list.includes(streaming));
});

test("a take that still streams here is not listed twice", async () => {
  const takes = new Takes(serving([row("a", "Onc", { finish_reason: null })]), "chapter");
  Object.assign(takes.begin(place), { text: "Once" });
  await takes.load();
  assert.equal(takes.list.length, 1);
});

test("rivals are the takes for one place; paging back starts from the newest that was not taken over", async () => {
  const rows = [
    row("a", "A"),
    row("b", "B"),
    row("c", "C", { start: 8, end: 8 }),
    row("d", "D", { accepted_revision: 4 }),
  ];
  const takes = new Takes(serving(rows), "chapter");
  await takes.load();
  assert.deepEqual(
    takes.rivals(takes.byId("a")).map(({ id }) => id),
    ["a", "b", "d"],
  );
  assert.equal(takes.newest().id, "c");
});

test("settled waits for names that are expected", async () => {
  const takes = new Takes(serving([]), "chapter");
  let named = false;
  takes.expect(new Promise((resolve) => setTimeout(resolve, 20)).then(() => (named = true)));
  await takes.settled();
  assert.ok(named);
});

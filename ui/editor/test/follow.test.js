import assert from "node:assert/strict";
import { test } from "node:test";
import { Comments } from "../src/comments.js";
import { Follow } from "../src/follow.js";

const soon = () => new Promise((done) => setTimeout(done, 5));
const text = (words) => ({ toString: () => words });

function followed(answers) {
  const document = { id: "c", unsaved: false };
  const view = { state: { doc: text("one") }, dispatch() {} };
  const shown = [];
  const ask = async () => answers.shift()?.();
  const follow = new Follow({ view, document, ask, show: (...what) => shown.push(what), every: 0 });
  return { follow, document, view, shown };
}

test("what the server knows is shown with the text that it is measured against", async () => {
  const { follow, shown } = followed([() => ["a"]]);
  follow.refresh();
  await soon();
  assert.deepEqual(shown, [[["a"], "one"]]);
  assert.equal(follow.behind, false);
});

test("while words are on their way, where nothing answers or the text has moved on, it stays behind", async () => {
  const away = () => {
    throw new Error("away");
  };
  const { follow, document, view, shown } = followed([away, () => ((view.state = { doc: text("two") }), ["a"]), () => ["b"]]);
  document.unsaved = true;
  follow.refresh();
  await soon();
  document.unsaved = false;
  for (let turn = 0; turn < 3; turn++) {
    assert.deepEqual([shown, follow.behind], [[], true]);
    follow.refresh();
    await soon();
  }
  assert.deepEqual([shown, follow.behind], [[[["b"], "two"]], false]);
});

test("a first comment that could not be shown while one typed is shown after the save", async () => {
  const document = { id: "c", unsaved: true };
  const seen = [];
  const view = { state: { doc: text("one two") }, dispatch: ({ effects }) => seen.push(...effects.value) };
  const comment = { id: "1", kind: "comment", body: "?", start: 0, end: 3, resolved_at: null };
  const comments = new Comments({ view, document, api: { comments: async () => [comment] } });
  comments.refresh();
  await soon();
  assert.deepEqual(seen, []);
  document.unsaved = false;
  comments.saved();
  await soon();
  assert.deepEqual(seen.map(({ id }) => id), ["1"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../src/api.js";
import { Compare } from "../src/compare.js";
import { Takes } from "../src/takes.js";

globalThis.window = new EventTarget();

/** A desk whose chapter is saved when `saving` resolves, and a server that answers each question with its number. */
function desk({ saving = Promise.resolve(), refuse = 0 } = {}) {
  const asked = [];
  const document = {
    id: "c",
    revision: 1,
    unsaved: false,
    flush: async () => (await saving, true),
    catchUp: async () => ((document.revision = 2), true),
  };
  const api = {
    takes: async () => [],
    stream: async (id, verb, body, { signal, onToken, onDone }) => {
      signal.throwIfAborted();
      asked.push(body);
      if (body.base_revision <= refuse) throw new ApiError(409, "conflict", "The chapter has moved on.");
      onToken({ take: 0, text: ` answer ${asked.length}` });
      onDone({ take: 0, id: `take${asked.length}` });
    },
  };
  const view = { state: { doc: { toString: () => "Before 🦊" }, selection: { main: { head: 9 } } } };
  const takes = new Takes(api, "c");
  return { asked, takes, compare: new Compare({ view, api, document, takes, settings: { takes: 3 } }) };
}

test("both sides are asked from one place with one seed, and either can be chosen", async () => {
  const { asked, compare } = desk();
  await compare.run();
  assert.deepEqual(
    asked.map(({ takes, cursor, base_revision, strength }) => [takes, cursor, base_revision, strength]),
    [
      [1, 8, 1, undefined],
      [1, 8, 1, 0],
    ],
  );
  assert.equal(asked[0].seed, asked[1].seed);
  assert.equal(await compare.choose(1), "take2");
});

test("stopped while the last words are being saved, it asks for nothing and keeps no empty take", async () => {
  const { promise, resolve } = later();
  const { asked, takes, compare } = desk({ saving: promise });
  const heard = [];
  window.addEventListener("templora:compare", ({ detail }) => heard.push(detail));
  const ended = compare.run();
  compare.stop();
  resolve();
  await ended;
  assert.deepEqual(asked, []);
  assert.deepEqual(takes.list, []);
  assert.deepEqual(
    heard.at(-1).sides.map(({ mode }) => mode),
    ["done", "done"],
  );
});

test("asked again before the first was saved, only the second is asked for", async () => {
  const { promise, resolve } = later();
  const { asked, compare } = desk({ saving: promise });
  const both = [compare.run(), compare.run()];
  resolve();
  await Promise.all(both);
  assert.equal(asked.length, 2);
});

test("where only the number of the revision has moved, it asks again", async () => {
  const { asked, compare } = desk({ refuse: 1 });
  await compare.run();
  assert.deepEqual(
    asked.map(({ base_revision }) => base_revision),
    [1, 1, 2, 2],
  );
  assert.equal(await compare.choose(0), "take3");
});

function later() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { shownScenes } from "../src/binder.js";
import { landing } from "../src/drag.js";
import { about, bookWords, chapterLine, inWords } from "../src/outline.js";
import { send, Synopsis } from "../src/synopsis.js";

const CHAPTERS = [{ id: "a", words: 1000 }, { id: "b", words: 200 }];

test("the book's words count the open chapter as it stands in the editor", () => {
  assert.equal(bookWords(CHAPTERS, { chapter: "b", words: 250 }), 1250);
  assert.equal(bookWords(CHAPTERS, { chapter: null, words: 0 }), 1200);
  assert.equal(inWords(1), "1 word");
  assert.equal(inWords(61240), "61,240 words");
});

test("the line under the title says which chapter it is, and what is selected", () => {
  assert.equal(chapterLine(CHAPTERS, { chapter: "b", words: 1284, selectionWords: 0 }), "Chapter 2 · 1,284 words");
  assert.equal(chapterLine(CHAPTERS, { chapter: "b", words: 3, selectionWords: 2 }), "Chapter 2 · 3 words · 2 selected");
  assert.equal(chapterLine(CHAPTERS, { chapter: "new", words: 0, selectionWords: 0 }), "0 words");
  assert.equal(chapterLine(CHAPTERS, { chapter: null, words: 0 }), "");
  assert.equal(chapterLine([{ id: "a", title: "Chapter 1" }], { chapter: "a", words: 3 }), "3 words", "it is the title");
  assert.equal(chapterLine(CHAPTERS, { chapter: "a", words: 1 }, "Not saved."), "Chapter 1 · 1 word · Not saved.");
});

test("under a title stands how far it has come, and what happens", () => {
  assert.equal(about({ status: "Draft", synopsis: "Ines\nwaits." }), "Draft · Ines waits.");
  assert.equal(about({ status: "", synopsis: "" }), "");
});

test("a chapter of one scene lists none", () => {
  const scene = (name) => ({ name, words: 1, from: 0 });
  assert.deepEqual(shownScenes({ chapter: "a", scenes: [scene("One")], scene: 0 }), { names: [], open: null });
  assert.deepEqual(shownScenes({ chapter: null, scenes: [], scene: -1 }), { names: [], open: null });
  const two = { chapter: "a", scenes: [scene("One"), scene("")], scene: 1 };
  assert.deepEqual(shownScenes(two), { names: ["One", "Scene 2"], open: "1" });
});

test("a chapter lands between those whose middles the pointer is between", () => {
  const rows = ["a", "b", "c"].map((id, at) => ({ id, top: at * 10, bottom: at * 10 + 10 }));
  assert.deepEqual(landing(rows, "a", 16), { before: "c", line: 20 });
  assert.deepEqual(landing(rows, "a", 99), { before: "", line: 30 });
  assert.deepEqual(landing(rows, "c", -5), { before: "a", line: 0 });
  assert.equal(landing(rows, "b", 12), null, "where it stands already");
  assert.equal(landing(rows, "c", 99), null, "last already");
  assert.equal(landing(rows.slice(0, 1), "a", 5), null, "alone");
});

function typing(send) {
  let open = "a";
  const typed = [];
  const said = [];
  const joined = [];
  const synopsis = new Synopsis({
    open: () => open,
    joined: (...what) => joined.push(what),
    typed: (...what) => typed.push(what),
    failed: (message) => said.push(message),
    send,
  });
  return { synopsis, typed, said, joined, turn: (id) => (open = id) };
}

test("a synopsis is saved for the chapter it was typed in, the newest words once", async () => {
  const sent = [];
  const { synopsis, typed, turn } = typing(async (...what) => {
    sent.push(what);
  });
  synopsis.input("I");
  synopsis.input("Ines waits.");
  turn("b");
  synopsis.input("Other.");
  assert.equal(await synopsis.flush(), true);
  assert.deepEqual(sent.map((each) => each.slice(0, 3)), [["a", "Ines waits.", false], ["b", "Other.", false]]);
  assert.deepEqual(typed.at(-1), ["b", "Other."]);
  assert.equal(await synopsis.flush(), true);
  assert.equal(sent.length, 2, "nothing is sent twice");
});

test("what is typed while a save is under way is saved after it", async () => {
  const sent = [];
  const { synopsis } = typing(async (id, words) => {
    sent.push(words);
    if (sent.length === 1) synopsis.input("two");
  });
  synopsis.input("one");
  await synopsis.flush();
  assert.deepEqual(sent, ["one", "two"]);
});

test("what could not be saved is kept, said, and tried again; what is refused is not", async () => {
  let error = new Error("away");
  const sent = [];
  const { synopsis, said } = typing(async (id, words, leaving) => {
    if (error) throw error;
    sent.push([words, leaving]);
  });
  synopsis.input("kept");
  assert.equal(await synopsis.flush(), false);
  assert.equal(said.at(-1), "away");
  error = null;
  assert.equal(await synopsis.flush(), true);
  assert.deepEqual([sent, said.at(-1)], [[["kept", false]], ""]);
  synopsis.input("going");
  synopsis.leave();
  assert.deepEqual(sent.at(-1), ["going", true]);
  error = Object.assign(new Error("gone"), { refused: true });
  assert.equal(await synopsis.flush(), true);
  assert.equal(said.at(-1), "gone");
});

test("what another page made of a synopsis stands beside the words typed here, and a lost answer is no other page", async () => {
  let store = "Ines waits.";
  let lost = false;
  const { synopsis, said, joined } = typing(async (id, words, leaving, seen) => {
    store = seen.includes(store) || store === words ? words : `${store}\n${words}`;
    if (lost) throw new Error("away");
    return store;
  });
  synopsis.entered("Ines waits.");
  lost = true;
  synopsis.input("Ines waits. Long.");
  await synopsis.flush();
  lost = false;
  synopsis.input("Ines waits. Long. In vain.");
  await synopsis.flush();
  assert.deepEqual([store, joined], ["Ines waits. Long. In vain.", []]);
  store = "Mateus comes.";
  synopsis.input("Ines goes.");
  await synopsis.flush();
  assert.deepEqual(joined, [["a", "Mateus comes.\nInes goes."]]);
  assert.match(said.at(-1), /both versions/);
  synopsis.input(store); // as the page shows it
  synopsis.input("Mateus comes. Ines goes.");
  await synopsis.flush();
  assert.equal(store, "Mateus comes. Ines goes.");
});

test("why a synopsis is not saved is said, and whether trying again would help", async (context) => {
  const answers = { "/api/chapters/ok": [200, {}], "/api/chapters/gone": [404, { error: { message: "Gone." } }] };
  context.mock.method(globalThis, "fetch", async ({ pathname }, { method, body, keepalive }) => {
    assert.deepEqual([method, JSON.parse(body), keepalive], ["PATCH", { synopsis: "Ines waits." }, true]);
    if (pathname.endsWith("away")) throw new TypeError("refused");
    const [status, said] = answers[pathname] ?? [500, null];
    return new Response(JSON.stringify(said), { status });
  });
  const trying = (id) => send("http://desk/", id, "Ines waits.", true);
  await trying("ok");
  await assert.rejects(trying("gone"), { message: "The synopsis is not saved. Gone.", refused: true });
  await assert.rejects(trying("broken"), { message: "The synopsis is not saved. The server answered 500.", refused: false });
  await assert.rejects(trying("away"), { message: /the desk cannot be reached. It is tried again/ });
});

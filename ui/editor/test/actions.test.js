import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTIONS, NEEDS, fits, listed, means, obstacle, shown } from "../src/actions.js";

const idle = { chapter: "c", mode: "idle", count: 0, selectionWords: 0 };
const now = (state = {}, more = {}) => ({ state: { ...idle, ...state }, book: true, tab: "Takes", ...more });
const page = (...ids) => (id) => (ids.includes(id) ? { disabled: false } : null);
const one = (more) => ({ id: "a.b", title: "Split the chapter", group: "Chapters", press: "split", ...more });

test("every action has a name of its own, a title, something to do, and needs that exist", () => {
  assert.equal(new Set(ACTIONS.map(({ id }) => id)).size, ACTIONS.length);
  for (const { id, title, group, press, run, at, keys, editor, needs } of ACTIONS) {
    assert.match(id, /^[a-z]+\.[a-z-]+$/);
    assert.ok(title && group, id);
    assert.ok(press || run || at || (keys && editor), id);
    assert.ok(needs === undefined || NEEDS[needs], id);
  }
});

test("no shortcut of the desk means two things", () => {
  const bound = ACTIONS.filter(({ keys, editor }) => keys && !editor).map(({ keys }) => keys);
  const editor = ACTIONS.filter(({ keys, editor }) => keys && editor).map(({ keys }) => keys);
  assert.equal(new Set(bound).size, bound.length);
  assert.deepEqual(bound.filter((keys) => editor.includes(keys)), []);
});

test("what an action needs and is not there is said", () => {
  assert.equal(obstacle(one(), now(), page("split")), "");
  assert.equal(obstacle(one({ needs: "selection" }), now(), page("split")), "Select a passage first.");
  assert.equal(obstacle(one({ needs: "selection" }), now({ selectionWords: 2 }), page("split")), "");
  assert.equal(obstacle(one({ needs: "book" }), now({}, { book: false }), page("split")), "Open a book first.");
  assert.equal(obstacle(one(), now(), () => ({ disabled: true })), "Not possible at the moment.");
});

test("an action whose button is not on the page is left out, unless a tab that is not chosen would bring it", () => {
  assert.equal(obstacle(one(), now(), page()), null);
  assert.equal(obstacle(one({ at: "Chapters" }), now(), page()), null);
  assert.equal(obstacle(one({ at: "Memory" }), now(), page()), "");
  assert.equal(obstacle(one({ at: "Memory" }), now({}, { tab: "Memory" }), page()), null);
});

test("each word typed must be found; the title counts more than the other words", () => {
  const action = one({ words: "part Érase" });
  assert.equal(fits(action, "sprocket"), 0);
  assert.equal(fits(action, "split sprocket"), 0);
  assert.ok(fits(action, "SPLIT") > fits(action, "chap"));
  assert.ok(fits(action, "chap") > fits(action, "part"));
  assert.ok(fits(action, "part") > fits(action, "hap"));
  assert.ok(fits(action, "hap") > 0 && fits(action, "erase") > 0);
});

test("possible actions come first, then the best fit, then what was used last", () => {
  const actions = [
    one({ id: "a.one", title: "Learn now" }),
    one({ id: "a.two", title: "Unlearn", needs: "selection" }),
    one({ id: "a.three", title: "Pause learning" }),
    one({ id: "a.four", title: "Hidden", hidden: true }),
  ];
  const ids = (typed, recent) => listed(actions, typed, recent, now(), page("split")).map(({ action }) => action.id);
  assert.deepEqual(ids("", []), ["a.one", "a.three", "a.two"]);
  assert.deepEqual(ids("", ["a.two", "a.three"]), ["a.three", "a.one", "a.two"]);
  assert.deepEqual(ids("learn", ["a.three"]), ["a.one", "a.three", "a.two"]);
  assert.deepEqual(ids("pause", []), ["a.three"]);
  assert.equal(listed(actions, "unlearn", [], now(), page("split"))[0].why, "Select a passage first.");
});

test("shortcuts are shown as the keyboard names them", () => {
  assert.equal(shown("Mod-Shift-h", false), "Ctrl ⇧ H");
  assert.equal(shown("Mod-Alt-r", true), "⌘ ⌥ R");
  assert.equal(shown("Alt-[", false), "Alt [");
  assert.equal(shown("Escape", false), "Esc");
  assert.equal(shown("?", false), "?");
});

test("a keydown means the shortcut with just its modifiers", () => {
  const key = (key, more = {}) => ({ key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
  assert.ok(means(key("k", { ctrlKey: true }), "Mod-k", false));
  assert.ok(!means(key("k", { ctrlKey: true }), "Mod-k", true));
  assert.ok(means(key("k", { metaKey: true }), "Mod-k", true));
  assert.ok(!means(key("k", { ctrlKey: true, shiftKey: true }), "Mod-k", false));
  assert.ok(means(key("H", { ctrlKey: true, shiftKey: true }), "Mod-Shift-h", false));
  assert.ok(means(key("?", { shiftKey: true }), "?", false));
  assert.ok(means(key("∫", { metaKey: true, altKey: true, code: "KeyB" }), "Mod-Alt-b", true));
  const altGraph = key("b", { ctrlKey: true, altKey: true, code: "KeyB", getModifierState: () => true });
  assert.ok(!means(altGraph, "Mod-Alt-b", false));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState, Text } from "@codemirror/state";
import { findScenes, sceneName, scenesChanged, scenesField, scenesOf, sceneStart } from "../src/scenes.js";

const doc = (text) => Text.of(text.split("\n"));
const TEXT = "One two.\n\n***\n\nThree four five.\n\n* * *\n\nSix.";

test("a scene begins at the start and after each break", () => {
  assert.deepEqual(findScenes(doc(TEXT)), [
    { from: 0, words: 2 },
    { from: TEXT.indexOf("***") + 4, words: 3 },
    { from: TEXT.indexOf("* * *") + 6, words: 1 },
  ]);
  assert.deepEqual(findScenes(doc("")), [{ from: 0, words: 0 }]);
});

test("a break that opens the chapter parts nothing; one that ends it begins a scene to be written", () => {
  assert.deepEqual(findScenes(doc("***\n\nOne.")), [{ from: 4, words: 1 }]);
  assert.deepEqual(findScenes(doc("One.\n\n***")), [{ from: 0, words: 1 }, { from: 9, words: 0 }]);
  assert.equal(findScenes(doc("Not a *** break.\n\n****")).length, 1);
});

test("a scene is called by its first words", () => {
  const text = doc("\n\nThe *mud* was warmer than the air that night, she said.");
  assert.equal(sceneName(text, 0, text.length), "The mud was warmer than the air …");
  assert.equal(sceneName(doc("Short.\n\nMore."), 0, 13), "Short.");
  assert.equal(sceneName(doc("\n\n"), 0, 2), "");
  assert.equal(sceneStart(text, 0), 2);
});

test("the page hears which scene the caret is in", () => {
  const state = EditorState.create({ doc: TEXT, selection: { anchor: TEXT.indexOf("four") }, extensions: [scenesField] });
  const { scenes, scene } = scenesOf(state);
  assert.equal(scene, 1);
  assert.deepEqual(scenes.map(({ name }) => name), ["One two.", "Three four five.", "Six."]);
  assert.deepEqual(scenesOf(EditorState.create({ doc: "" })), { scenes: [], scene: -1 });
});

test("carried through any edit they are what would be found anew", () => {
  let seed = 7;
  const draw = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const pieces = ["word ", "\n\n***\n\n", "*", "\n", " two words ", "***", "", "x", "\n\n"];
  for (let run = 0; run < 60; run++) {
    let state = EditorState.create({ doc: TEXT, extensions: [scenesField] });
    for (let edit = 0; edit < 30; edit++) {
      const changes = Array.from({ length: 1 + draw(2) }, () => {
        const from = draw(state.doc.length + 1);
        return { from, to: Math.min(state.doc.length, from + draw(4) * draw(6)), insert: pieces[draw(pieces.length)] };
      });
      changes.sort((a, b) => a.from - b.from);
      if (changes.length > 1 && changes[1].from < changes[0].to) changes.pop();
      state = state.update({ changes }).state;
      assert.deepEqual(state.field(scenesField), findScenes(state.doc), JSON.stringify(state.doc.toString()));
    }
  }
});

test("a keystroke inside a scene does not read the whole chapter", () => {
  const state = EditorState.create({ doc: TEXT });
  const { changes, newDoc } = state.update({ changes: { from: 3, insert: " and" } });
  newDoc.iterLines = () => assert.fail("it was read from the start");
  const scenes = scenesChanged(findScenes(state.doc), changes, state.doc, newDoc);
  assert.deepEqual(scenes.map(({ words }) => words), [3, 3, 1]);
});

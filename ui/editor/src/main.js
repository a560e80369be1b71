/**
 * The bundle's entry: `window.templora`, on which the page's buttons call. `mount(element, {chapter, base})` puts the editor
 * on the page; verbs that come before that do nothing, except that the last chapter asked for is then opened.
 */

import { Editor } from "./editor.js";

const VERBS = [
  ...["continue", "another", "accept", "acceptWord", "dismiss", "previousTake", "nextTake"],
  ...["rewrite", "acceptRewrite", "rejectRewrite", "insertTake"],
  ...["save", "flush", "focus", "settings", "state"],
];

let editor = null;
let wanted = null;

/** Opens a chapter; before the editor is there, as soon as it is. */
function open(chapter) {
  wanted = chapter;
  return editor && chapter ? editor.open(chapter) : Promise.resolve();
}

/** Mounts the editor into `element`, in place of an earlier one. Resolves when the chapter, if any, is open. */
async function mount(element, { chapter = wanted, base = document.baseURI } = {}) {
  if (editor?.mounted && element.contains(document.querySelector(".templora"))) return open(chapter);
  const before = editor;
  editor = null;
  await before?.destroy();
  editor = new Editor(element, base);
  return open(chapter ?? wanted);
}

window.templora = Object.fromEntries(VERBS.map((verb) => [verb, (...given) => editor?.[verb](...given)]));
Object.assign(window.templora, { open, mount });

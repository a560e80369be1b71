/**
 * The bundle's entry: `window.templora`, on which the page's buttons call. `mount(element, {chapter, base})` puts the
 * editor on the page; verbs that come before that do nothing, except that the last chapter asked for is then opened.
 */

import { ACTIONS } from "./actions.js";
import { startBinder } from "./binder.js";
import { startCards } from "./cards.js";
import { startChecks } from "./checks.js";
import { Editor } from "./editor.js";
import { startPage } from "./page.js";
import { openPalette } from "./palette.js";
import { startTools } from "./tools.js";

const VERBS = [
  ...["continue", "another", "accept", "acceptWord", "acceptSentence", "dismiss", "previousTake", "nextTake"],
  ...["beat", "fill", "rewrite", "decide", "lookOn", "acceptRewrite", "rejectRewrite", "insertTake", "showTake"],
  ...["restoreRevision", "exclude", "place", "selected", "setLanguage"],
  ...["find", "findStep", "replaceHit", "closeFind", "replaceInBook", "undoReplacement", "commentsChanged"],
  ...["compare", "stopCompare", "useCompared"],
  ...["voice", "cancelVoice", "showVoice", "goToWords"],
  ...["save", "flush", "focus", "goTo", "showPlace", "settings", "memoryMoved", "modelReady"],
];

/** The state while there is no editor. */
const NOTHING = {
  ...{ chapter: null, saving: false, unsaved: false, savedAt: null, mode: "idle", index: -1, count: 0 },
  ...{ scenes: [], scene: -1, words: 0, selectionWords: 0, conflict: false, error: null, passage: null, gap: false },
};

let editor = null;
let wanted = null;

/** Opens a chapter, or none (null); before the editor is there, as soon as it is. */
async function open(chapter) {
  wanted = chapter || null;
  await editor?.open(wanted);
}

/** Mounts the editor into `element`, in place of an earlier one. Resolves when the chapter, if any, is open. */
async function mount(element, { chapter = null, base = document.baseURI } = {}) {
  const before = editor;
  editor = null;
  await before?.destroy();
  editor = new Editor(element, base);
  await open(chapter ?? wanted);
}

// A page may name this script twice; the editor that is mounted stays the one that is called.
if (!window.templora) {
  window.templora = {
    ...Object.fromEntries(VERBS.map((verb) => [verb, (...given) => editor?.[verb](...given)])),
    state: () => editor?.state() ?? NOTHING,
    open,
    mount,
    palette: openPalette,
    actions: ACTIONS,
  };
  if (window.desk) {
    // On a page with an editor alone there is nothing around it.
    startPage();
    startBinder();
    startCards();
    startChecks();
    // Only where a browser holds the page for safe: this computer, or https.
    navigator.serviceWorker?.register("/sw.js").catch(() => {});
    startTools();
  }
}

/**
 * What is asked of the server about the open chapter as it is saved: each saves first, and resolves to `{problem}`, ''
 * where all went well. `open` has the parts of the open chapter (see `editor.js`).
 */

import { codePointOffset } from "./positions.js";

const UNSAVED = { problem: "Your last words are not saved yet. Look above the text for what to do." };

/** The saved text and the selection in it, `{revision, start, end}` in code points; null where it cannot be saved. */
async function saved({ view, document }) {
  if (!(await document.flush()) || document.unsaved) return null;
  const text = view.state.doc.toString();
  const { from, to } = view.state.selection.main;
  return { revision: document.revision, start: codePointOffset(text, from), end: codePointOffset(text, to) };
}

/**
 * Goes back to a revision of `chapter`, as one undoable step. `conflict`: the writer has to choose between two versions
 * first.
 */
export async function restoreRevision({ document }, api, number, chapter) {
  if (document.id !== chapter) return { problem: "Another chapter is open now. Open its history, and choose again." };
  try {
    if (await document.become((revision) => api.restore(document.id, number, revision))) return { problem: "" };
  } catch (error) {
    if (error.status !== 409) throw error;
    if (!document.conflict)
      return { problem: "The chapter was changed elsewhere meanwhile. The newer text is shown; choose again." };
  }
  return document.conflict ? { problem: "", conflict: true } : UNSAVED;
}

/** Leaves the selected passage out of the memory, or lets it learn those paragraphs again. */
export async function exclude(open, api, excluded) {
  const at = await saved(open);
  if (!at) return UNSAVED;
  await api.exclude(open.document.id, at, excluded);
  return { problem: "" };
}

/** Where the caret stands in the saved text: `{problem, revision, at}`. */
export async function place(open) {
  const at = await saved(open);
  return at ? { problem: "", revision: at.revision, at: at.start } : UNSAVED;
}

/** The selection in the saved text: `{problem, revision, start, end}`. */
export async function selected(open) {
  const at = await saved(open);
  return at ? { problem: "", ...at } : UNSAVED;
}

/**
 * `ask(revisions)` changes the saved text of chapters, all or none, and resolves to what it has done; the open chapter
 * takes its new text over, as one undoable step. `query`: what was asked for, with the `revisions` that were looked at.
 */
export async function replaceInBook({ document }, ask, query) {
  let done;
  const within = async (revision) => {
    const seen = query?.revisions ?? {};
    if (document.id in seen && seen[document.id] !== revision)
      throw new Error("This chapter has changed since its places were listed. Look again.");
    done = await ask(seen);
    return document.read();
  };
  const taken = await document.become(within);
  return taken || done ? { problem: "", done } : UNSAVED;
}

/** Where the caret was in each chapter, for this tab: after a reload one goes on where one was. */

const KEY = "templora-caret";

function carets() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // storage is blocked: the caret then starts at the end
  }
}

/** UTF-16 offset in the chapter's text, or undefined. */
export function rememberedCaret(chapter) {
  return carets()[chapter];
}

export function rememberCaret(chapter, offset) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...carets(), [chapter]: offset }));
  } catch {
    // storage is blocked or full: nothing of the writer's is lost
  }
}

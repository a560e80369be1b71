/** From the Notes tab into the text: the mentions of an entry, one after the other. */

const WAIT_MS = 50;
const TRIES = 200;

/** Which mention is shown next: the one after the one that was shown last, where it is the same list. */
export function nextMention(last, { chapter, spans }) {
  const list = JSON.stringify([chapter, spans]);
  return { list, index: last?.list === list ? (last.index + 1) % spans.length : 0 };
}

let last = null;

/** `places`: JSON `{chapter, spans}`, in code points. Waits until that chapter is open. */
export function goToMention(places, tries = TRIES) {
  if (!places) return;
  const { chapter, spans } = JSON.parse(places);
  if (window.templora.state().chapter !== chapter) {
    if (tries) setTimeout(() => goToMention(places, tries - 1), WAIT_MS);
    return;
  }
  last = nextMention(last, { chapter, spans });
  const [start, end] = spans[last.index];
  window.templora.showPlace(start, end);
  if (document.body.dataset.drawer) window.desk.toggle(null);
  window.templora.focus();
}

/** A field of Gradio's that has just been shown. */
export function focusField(id, tries = 40) {
  const field = document.querySelector(`#${id} :is(input, textarea)`);
  if (field?.offsetParent) field.focus();
  else if (tries) setTimeout(() => focusField(id, tries - 1), WAIT_MS);
}

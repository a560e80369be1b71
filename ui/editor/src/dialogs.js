/**
 * Dialogs: one stands before the desk at a time, has the focus, and gives it back. Gradio puts most beside the desk and
 * takes them away again; those of class 'standing' are always there, and opened and closed here.
 */

/** A dialog's controls come a moment after it. */
const COMING_MS = 100;

let dialog = null; // the one that is open
let opener = null; // what had the focus before it

const desk = () => document.getElementById("desk");
const title = (box) => box.querySelector(".dialog-title");

/** The dialog that is open, or null. */
export const openDialog = () => dialog;

function changed() {
  const now = document.querySelector(".dialog:not(.standing), .dialog.standing[data-open]");
  if (now === dialog) return;
  if (!dialog) opener = document.activeElement;
  dialog = now;
  desk().inert = Boolean(dialog);
  if (!dialog) {
    if (document.activeElement === document.body) opener?.focus({ preventScroll: true });
    return;
  }
  dialog.setAttribute("role", "dialog");
  dialog.setAttribute("aria-modal", "true");
  if (dialog.matches(".standing")) return enter(now);
  const look = () => {
    if (now !== dialog) return;
    if (!title(now)) return void setTimeout(look, 20);
    name(now);
    setTimeout(() => enter(now), COMING_MS);
  };
  look();
}

// What it is called, and the buttons that show a sign alone.
function name(box) {
  box.setAttribute("aria-label", title(box).textContent);
  box.querySelector("button[id$='-close']")?.setAttribute("aria-label", "Close");
}

function enter(box) {
  if (box !== dialog) return;
  name(box);
  const controls = ["input:checked", "button, input, textarea"].flatMap((kind) => [...box.querySelectorAll(kind)]);
  for (const control of controls) {
    if (box.contains(document.activeElement)) return;
    control.focus(); // which one that is hidden or disabled does not take
  }
}

/** Opens a dialog that always stands on the page, unless another is open. */
export function show(id) {
  if (dialog) return;
  document.getElementById(id).dataset.open = "yes";
  changed();
}

export function hide(id) {
  delete document.getElementById(id).dataset.open;
  if (document.getElementById(id).contains(document.activeElement)) document.activeElement.blur();
  changed();
}

/** Esc: what it closes, if anything: a question, a dialog. True where it did. */
export function escape() {
  const questions = (dialog ?? document).querySelectorAll(".confirm button[id$='-no']");
  const question = [...questions].find((button) => button.offsetParent);
  const close = document.body.dataset.book === "open" && dialog?.querySelector("button[id$='-close']");
  if (question) question.click();
  else if (dialog?.matches(".standing")) hide(dialog.id);
  else if (close) close.click();
  return Boolean(question || dialog);
}

/** Follows Gradio's coming and going dialogs. A click on what is dimmed around a standing one closes it. */
export function watchDialogs() {
  new MutationObserver(changed).observe(desk().parentNode, { childList: true });
  document.addEventListener("mousedown", ({ target }) => {
    if (dialog?.matches(".standing") && !dialog.contains(target)) hide(dialog.id);
  });
  changed();
}

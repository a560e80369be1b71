/**
 * The page's part of the voice check and the echo check: what the editor tells is shown, what is chosen in a list is
 * gone to. The verbs join those of the page, `window.desk`.
 */

const WAIT_MS = 50;
/** So long a chapter may take to open. */
const PATIENCE_MS = 10_000;

const $ = (id) => document.getElementById(id);
const editor = () => window.templora;
let last = { state: "off", message: "" };

function tell({ state, done, total, message }) {
  const changed = state !== last.state || message !== last.message;
  last = { state, message };
  document.body.dataset.voice = state;
  const reading = total ? `Reading passage ${Math.min(done + 1, total)} of ${total}` : "Reading …";
  const line = $("voice-progress");
  if (line) line.textContent = state === "running" ? reading : "";
  if ($("voice-bar")) $("voice-bar").style.width = `${total ? (100 * done) / total : 0}%`;
  if (changed && state !== "running") $("voice-refresh")?.click();
}

function shown(act) {
  window.desk.toggle(null);
  act();
  if (matchMedia("(pointer: fine)").matches) editor().focus(); // elsewhere the keyboard would come up
}

const verbs = {
  voice(on) {
    if (!on) tell({ state: "off", done: 0, total: 0, message: "" });
    editor().voice(on);
  },

  toggleVoice: () => document.querySelector("#voice-on input")?.click(),

  cancelVoice: () => editor().cancelVoice(),

  /** What the editor told last, as `state:message`. */
  heard: () => `${last.state}:${last.message}`,

  showVoice(key) {
    if (key) shown(() => editor().showVoice(key));
  },

  /** Saves, and says which chapter a place (JSON) is in; '' where that is open already. */
  async toChapter(place) {
    await editor().flush();
    const chapter = place ? JSON.parse(place).chapter : "";
    return chapter === editor().state().chapter ? "" : chapter;
  },

  /** Selects a place (JSON `{chapter, start, end, words}`) once its chapter is open. */
  goTo(place, left = PATIENCE_MS) {
    if (!place || left < 0) return;
    const at = JSON.parse(place);
    if (editor().state().chapter === at.chapter) shown(() => editor().goToWords(at));
    else setTimeout(() => verbs.goTo(place, left - WAIT_MS), WAIT_MS);
  },
};

/** To be called once. */
export function startChecks() {
  Object.assign(window.desk, verbs);
  window.addEventListener("templora:voice", (event) => tell(event.detail));
}

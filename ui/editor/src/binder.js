/**
 * The binder: thin layers over Gradio's lists of chapters and scenes. Which scenes there are is found in the text, so
 * their list is made in the page; what the chapters are and in which order, the server says.
 */

import { Drag } from "./drag.js";
import { createOutline, number } from "./outline.js";

const LOOK_MS = 120;

/** What the list of scenes shows, `{names, open}`: none where the chapter has only one. */
export function shownScenes({ chapter, scenes = [], scene = -1 }) {
  if (!chapter || scenes.length < 2) return { names: [], open: null };
  return { names: scenes.map(({ name }, index) => name || `Scene ${index + 1}`), open: String(scene) };
}

/** To be called once, on a page with a desk; adds to `window.desk` what its events call. */
export function startBinder() {
  const { outline, synopsis } = createOutline();
  let state = { chapter: null, scenes: [] };
  let shown = JSON.stringify(shownScenes(state));
  let timer = null;
  let pointed = false; // was a scene chosen with a pointer? Then one goes on writing there.

  const $ = (id) => document.getElementById(id);
  const drag = new Drag(() => $("chapter-drop").click());

  // Gradio makes the list of scenes when it is asked to: never while one types, unless there is something new.
  function look() {
    timer = null;
    const now = JSON.stringify(shownScenes(state));
    if (now === shown) return;
    if (!$("scenes-look")) return later();
    shown = now;
    $("scenes-look").click();
  }

  function later() {
    timer ??= setTimeout(look, LOOK_MS);
  }

  function count() {
    document.querySelectorAll("#scenes label").forEach((label, index) => {
      const words = number(state.scenes[index]?.words ?? 0);
      if (label.dataset.count !== words) label.dataset.count = words;
    });
  }

  function changed() {
    outline.dress();
    count();
  }

  window.addEventListener("templora:state", ({ detail }) => {
    state = detail;
    outline.write(detail);
    count();
    later();
  });

  function listen() {
    const bind = $("bind");
    // Gradio puts one after the other there.
    if (!bind || !$("chapters") || !$("scenes")) return setTimeout(listen, 50);
    new MutationObserver((seen) => {
      if (seen.some(({ type, target }) => type === "childList" || target.parentElement?.closest("#chapters"))) {
        drag.changed();
        changed();
      }
    }).observe($("chapter-list"), { childList: true, subtree: true, characterData: true });
    bind.addEventListener("pointerdown", ({ target }) => (pointed = Boolean(target.closest?.("#scenes"))));
    bind.addEventListener("click", ({ target }) => {
      if (target.matches?.("#scenes input")) goTo(Number(target.value));
    });
    bind.addEventListener("keydown", (event) => {
      pointed = false;
      const typing = event.target.closest?.("textarea, input:not([type=radio])");
      if (typing || event.code !== "KeyZ" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
      if (!$("order-undo")?.offsetParent) return;
      event.preventDefault();
      $("order-undo").click();
    });
    $("chapters").setAttribute("aria-label", "Chapters");
    $("scenes").setAttribute("aria-label", "Scenes of this chapter");
    const said = document.createElement("div");
    Object.assign(said, { id: "binder-said", className: "sr-only" });
    said.setAttribute("role", "status");
    bind.append(said);
    changed();
  }

  function goTo(index) {
    const scene = state.scenes[index];
    if (!scene) return;
    window.templora.goTo(scene.from);
    if (!pointed) return;
    window.desk.toggle(null);
    if (matchMedia("(pointer: fine)").matches) window.templora.focus();
  }

  const flush = window.desk.flush;
  Object.assign(window.desk, {
    outline: (json) => outline.chapters(json),
    dots: (json) => outline.dots(json),
    /** For Gradio's list of scenes. */
    scenes() {
      const { names, open } = JSON.parse(shown);
      return { __type__: "update", choices: names.map((name, index) => [name, String(index)]), value: open };
    },
    dropped: () => drag.take(),
    settle: () => drag.settle(),
    announce: (line) => $("binder-said") && ($("binder-said").textContent = line),
    /** The synopsis goes with the text: whatever asks for the last words to be saved means both. */
    flush: async () => {
      const [noted, saved] = await Promise.all([synopsis.flush(), flush()]);
      return noted && saved;
    },
  });
  listen();
}

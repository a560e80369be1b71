/** The chapters of the open book as the server last said, and the open one as the editor counts it. */

import { createSynopsis } from "./synopsis.js";

const MEMORY = {
  known: "The memory has learnt this chapter.",
  stale: "The memory knows an older version of this chapter.",
  pending: "Not all of this chapter is learnt yet.",
  learning: "The memory is learning this chapter.",
  excluded: "This chapter is left out of the memory.",
};

/** `1,284`, as the page writes numbers everywhere. */
export const number = (value) => value.toLocaleString("en");

/** `1,284 words`. */
export const inWords = (count) => `${number(count)} ${count === 1 ? "word" : "words"}`;

/** Words of the whole book: the open chapter as it stands in the editor, the others as the server has them. */
export function bookWords(chapters, open) {
  return chapters.reduce((sum, { id, words }) => sum + (id === open.chapter ? open.words : words), 0);
}

/** What stands under a chapter's title in the list: how far it has come, and what happens in it. */
export function about({ status, synopsis }) {
  return [status, synopsis.replace(/\s+/g, " ")].filter(Boolean).join(" · ");
}

/** The line under the title on the page: 'Chapter 5 · 1,284 words', what is selected, and what could not be saved. */
export function chapterLine(chapters, open, problem = "") {
  if (!open.chapter) return "";
  const place = chapters.findIndex(({ id }) => id === open.chapter) + 1;
  const name = place ? `Chapter ${number(place)}` : "";
  const parts = [chapters[place - 1]?.title === name ? "" : name, inWords(open.words)]; // said above already
  if (open.selectionWords) parts.push(`${number(open.selectionWords)} selected`);
  return [...parts, problem].filter(Boolean).join(" · ");
}

const put = (node, name, value) => {
  if (node && node.getAttribute(name) !== value) value ? node.setAttribute(name, value) : node.removeAttribute(name);
};

const text = (id, value) => {
  const node = document.getElementById(id);
  if (node && node.textContent !== value) node.textContent = value;
};

/** Sets what changes while one writes beside the titles, on Gradio's list. Only attributes: the texts are Gradio's. */
export class Outline {
  #chapters = [];
  #dots = {};
  #open = { chapter: null, words: 0, selectionWords: 0 };
  #problem = "";

  /** The list has been made anew, or something to be shown has changed. */
  dress() {
    const byId = new Map(this.#chapters.map((chapter) => [chapter.id, chapter]));
    for (const label of document.querySelectorAll("#chapters label")) {
      const input = label.querySelector("input");
      const chapter = byId.get(input?.value);
      if (!chapter) continue;
      const dot = this.#dots[chapter.id] ?? "";
      put(label, "data-count", number(chapter.id === this.#open.chapter ? this.#open.words : chapter.words));
      put(label, "data-memory", dot);
      put(label, "title", MEMORY[dot] ?? "");
      put(input, "aria-description", MEMORY[dot] ?? "");
      put(label.querySelector("span"), "data-about", about(chapter));
    }
    this.#lines();
  }

  #lines() {
    text("book-count", this.#chapters.length ? inWords(bookWords(this.#chapters, this.#open)) : "");
    text("chapter-state", chapterLine(this.#chapters, this.#open, this.#problem));
    put(document.body, "data-blank", this.#open.chapter && !this.#open.words ? "yes" : "");
  }

  /** The server has said what the chapters are, as JSON (see `ui/binder_view.py`). */
  chapters(json) {
    this.#chapters = json ? JSON.parse(json) : [];
    this.dress();
  }

  /** … and what the memory knows of each. */
  dots(json) {
    this.#dots = json ? JSON.parse(json) : {};
    this.dress();
  }

  /** The editor's state has changed: while one types, one row at most. */
  write(state) {
    const before = this.#open;
    this.#open = state;
    if (state.chapter !== before.chapter) return this.dress();
    if (state.words !== before.words && state.chapter) {
      const input = document.querySelector(`#chapters input[value="${state.chapter}"]`);
      put(input?.closest("label"), "data-count", number(state.words));
    }
    this.#lines();
  }

  /** The synopsis of a chapter has been typed on this page. */
  note(id, synopsis) {
    this.#chapters = this.#chapters.map((chapter) => (chapter.id === id ? { ...chapter, synopsis } : chapter));
    this.dress();
  }

  /** Why the synopsis is not saved; '' when it is. */
  failed(message) {
    this.#problem = message;
    this.#lines();
  }

  get open() {
    return this.#open.chapter;
  }
}

/** The outline with its synopsis field, which is saved as it is typed. `base`: what the routes are relative to. */
export function createOutline(base = document.baseURI) {
  const outline = new Outline();
  const synopsis = createSynopsis({
    base,
    open: () => outline.open,
    typed: (id, words) => outline.note(id, words),
    failed: (message) => outline.failed(message),
  });
  return { outline, synopsis };
}

/**
 * Which take is shown, as ghost text or as a rewrite, and paging through its rivals. Shows; asks for and accepts
 * nothing.
 */

import { EditorView } from "@codemirror/view";
import { Announcer } from "./announce.js";
import { ghostField, growGhost, showGhost } from "./ghost.js";
import { parting } from "./gaps.js";
import { utf16Offset } from "./positions.js";
import { growRewrite, rewriteField, showRewrite } from "./rewrite.js";

/** A word that is being composed (input methods) is never disturbed: painting waits until it is done. */
const COMPOSING_MS = 80;

/** Below the place where a take begins. */
const ROOM_PX = 190;

export class Stage {
  #view;
  #document;
  #takes;
  #notices;
  #announcer;
  #paintTimer;

  constructor({ view, document, takes, notices }) {
    this.#view = view;
    this.#document = document;
    this.#takes = takes;
    this.#notices = notices;
    this.#announcer = new Announcer((text) => notices.say(text));
  }

  get ghost() {
    return this.#view.state.field(ghostField);
  }

  get rewrite() {
    return this.#view.state.field(rewriteField);
  }

  get shown() {
    return this.ghost ?? this.rewrite;
  }

  /** 'idle', 'streaming', 'ghost', 'rewriting' or 'diff'. */
  get mode() {
    if (this.ghost) return this.ghost.done ? "ghost" : "streaming";
    if (this.rewrite) return this.rewrite.done ? "diff" : "rewriting";
    return "idle";
  }

  /** Which take is shown, `{index, count}`; index -1 when none is. */
  get page() {
    const pages = this.#pages();
    return { index: pages.findIndex(({ key }) => key === this.shown?.take), count: pages.length };
  }

  // What can be paged through. Once part of a take is in the book, its rivals no longer fit there.
  #pages() {
    const take = this.#takes.get(this.shown?.take);
    if (!take) return [];
    return this.shown.used ? [take] : this.#takes.rivals(take);
  }

  /** Shows `take` for the span `from` to `to` (UTF-16), in the place of what stands there. */
  show(take, from, to = from) {
    const { key, text, done } = take;
    const parts = from === to ? parting(this.#view.state.doc, from) : { lead: "", tail: "" };
    // What is to be written is not written behind the buttons at the foot of the page.
    const near = EditorView.scrollIntoView(to, { y: "nearest", yMargin: ROOM_PX });
    const effects =
      take.kind === "rewrite"
        ? [showGhost.of(null), showRewrite.of({ from, to, take: key, text, done })]
        : [showRewrite.of(null), showGhost.of({ from, pos: to, take: key, text, used: 0, done, ...parts }), near];
    this.#view.dispatch({ effects });
  }

  hide() {
    clearTimeout(this.#paintTimer);
    if (this.shown) this.#view.dispatch({ effects: [showGhost.of(null), showRewrite.of(null)] });
  }

  /** The take that is shown has grown. */
  paint() {
    clearTimeout(this.#paintTimer);
    const take = this.#takes.get(this.shown?.take);
    if (!take) return;
    if (this.#view.composing) {
      this.#paintTimer = setTimeout(() => this.paint(), COMPOSING_MS);
      return;
    }
    this.#announcer.grown(take);
    const grow = this.ghost ? growGhost : growRewrite;
    this.#view.dispatch({ effects: grow.of({ take: take.key, text: take.text, done: take.done }) });
  }

  /** Shows the next (1) or previous (-1) take for this place. False when there is none. */
  turn(step) {
    if (!this.shown) return step < 0 && this.#recall();
    const take = this.#pages()[this.page.index + step];
    if (!take) return false;
    this.show(take, this.shown.from, this.shown.to ?? this.shown.pos);
    this.#notices.say(`Take ${this.page.index + 1} of ${this.page.count}`);
    return true;
  }

  // Nothing is shown: back to the newest take that was not taken over, where it was written for, else at the caret.
  #recall() {
    const take = this.#takes.newest();
    if (take) this.show(take, ...this.place(take));
    else this.#notices.say("No takes here yet");
    return Boolean(take);
  }

  /** Where a take that is no rewrite can stand, `[from, to]`: where it was written for, else at the caret. */
  place(take) {
    const home = this.home(take);
    return home ? [home.from, home.to] : [this.#view.state.selection.main.head];
  }

  /** The takes to compare: `[{key, text, done, shown, …}]`, those for the place of the one shown, else the newest. */
  get cards() {
    const shown = this.shown?.take;
    return this.#takes.group(shown).map((take) => ({ ...take, shown: take.key === shown }));
  }

  /** The span that `take` was written for, `{from, to}`, if the text has not changed since; else null. */
  home(take) {
    if (take.revision !== this.#document.revision || this.#document.unsaved) return null;
    const text = this.#view.state.doc.toString();
    return { from: utf16Offset(text, take.start), to: utf16Offset(text, take.end) };
  }
}

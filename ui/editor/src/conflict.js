/**
 * Two versions of one chapter: what differs, word by word, and the three ways out. Nothing is chosen for the writer.
 */

import { button, element } from "./notices.js";
import { changedParagraphs, wordDiff } from "./worddiff.js";

/** While one types on, the difference is drawn again when the typing rests. */
const REST_MS = 1000;

function passage({ old, new: now }) {
  const parts = wordDiff(old, now).flatMap((part) => {
    if (part.old === part.new) return [part.old];
    return [
      ...(part.old ? [element("del", "t-deleted", part.old)] : []),
      ...(part.new ? [element("ins", "t-inserted", part.new)] : []),
    ];
  });
  return element("p", "t-passage", ...parts);
}

export class ConflictBanner {
  #list = element("div", "t-passages");
  #timer = null;

  /** `choose` is called with 'mine', 'theirs' or 'both'. */
  constructor(choose) {
    const heading = element("strong", "", "This chapter was changed elsewhere while you wrote.");
    const hint = element("span", "t-hint", "Struck through: only in the other version. Underlined: only in yours.");
    const choices = element(
      "div",
      "t-choices",
      button("Keep mine", () => choose("mine"), "t-main"),
      button("Take theirs", () => choose("theirs")),
      button("Keep both", () => choose("both")),
    );
    this.dom = element("div", "t-conflict", heading, hint, this.#list, choices);
    this.dom.setAttribute("role", "region");
    this.dom.setAttribute("aria-label", "Two versions of this chapter");
    this.dom.hidden = true;
    this.#list.tabIndex = 0;
    this.#list.setAttribute("aria-label", "Differences");
  }

  show(mine, theirs) {
    const draw = () => this.#list.replaceChildren(...changedParagraphs(theirs, mine).map(passage));
    clearTimeout(this.#timer);
    if (this.dom.hidden) draw();
    else this.#timer = setTimeout(draw, REST_MS);
    this.dom.hidden = false;
  }

  hide() {
    clearTimeout(this.#timer);
    this.dom.hidden = true;
  }
}

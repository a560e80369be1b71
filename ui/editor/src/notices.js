/** What the editor says: a calm strip for what went wrong and what to do, and a live region for screen readers. */

/** A DOM element with children; text only ever goes in as text. */
export function element(tag, className, ...children) {
  const dom = document.createElement(tag);
  dom.className = className;
  dom.append(...children);
  return dom;
}

export function button(label, onClick, className = "") {
  const dom = element("button", `t-button ${className}`, label);
  dom.type = "button";
  dom.addEventListener("click", onClick);
  return dom;
}

export class Notices {
  #text = element("span", "t-strip-text");
  #live = element("div", "t-live");
  #strip;
  #changed;

  /** `changed` is called when the message changes. */
  constructor(changed) {
    this.#changed = changed;
    this.#strip = element(
      "div",
      "t-strip",
      this.#text,
      button("Close", () => this.clear()),
    );
    this.#strip.hidden = true;
    this.#live.setAttribute("aria-live", "polite");
  }

  get dom() {
    return [this.#strip, this.#live];
  }

  /** The message shown, or null. */
  get message() {
    return this.#strip.hidden ? null : this.#text.textContent;
  }

  /** Shows `message` until it is closed or cleared, and reads it out. `source` says who may clear it again. */
  show(message, source = "") {
    if (this.message === message) return;
    this.#text.textContent = message;
    this.#strip.dataset.source = source;
    this.#strip.hidden = false;
    this.say(message);
    this.#changed();
  }

  /** Hides the message; with a `source`, only if it came from there. */
  clear(source) {
    if (this.#strip.hidden || (source !== undefined && this.#strip.dataset.source !== source)) return;
    this.#strip.hidden = true;
    this.#changed();
  }

  /** Read out by screen readers, not shown. */
  say(text) {
    this.#live.textContent = text;
  }
}

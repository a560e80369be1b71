/**
 * What the server knows of the open chapter's saved text, read again when that may have changed. Nothing is asked for
 * while words are on their way: it would be measured against a text that lacks them. Their save asks again.
 */

export class Follow {
  #view;
  #document;
  #ask;
  #show;
  #every;
  #timer = null;
  #askedAt = -Infinity;
  #closed = false;

  /** Has something changed that is not shown yet? */
  behind = false;

  /** `ask()` resolves to what the server knows, `show(found, text)` shows it; asked at most once in `every` ms. */
  constructor({ view, document, ask, show, every = 3000 }) {
    this.#view = view;
    this.#document = document;
    this.#ask = ask;
    this.#show = show;
    this.#every = every;
  }

  /** Something may have changed: asks soon (`now`: at once), or when the page is looked at again. */
  refresh({ now = false } = {}) {
    this.behind = true;
    const hidden = globalThis.document?.visibilityState === "hidden";
    if (this.#closed || hidden || (this.#timer !== null && !now)) return;
    clearTimeout(this.#timer);
    const wait = now ? 0 : Math.max(0, this.#askedAt + this.#every - Date.now());
    this.#timer = setTimeout(() => this.#read(), wait);
  }

  /** The page is looked at again. */
  seen() {
    if (this.behind) this.refresh();
  }

  async #read() {
    this.#timer = null;
    if (this.#closed || this.#document.unsaved) return;
    this.#askedAt = Date.now();
    const { doc } = this.#view.state;
    const found = await this.#ask().catch(() => null); // writing goes on without it
    if (found === null || this.#closed || this.#view.state.doc !== doc) return;
    this.behind = false;
    this.#show(found, doc.toString());
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}

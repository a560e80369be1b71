/**
 * The synopsis of the open chapter, saved while it is typed. The newest words win over what this page has seen; what it
 * has not seen, another tab's words, is kept beside them.
 */

import { type } from "./fields.js";

const AFTER_MS = 800;
const RETRY_MS = 4000;
const SEEN = 20;
const JOINED = "The synopsis was changed in another tab too: both versions stand in it.";

/**
 * Follows what is typed into `#chapter-synopsis`. `open()` is the id of the open chapter, `typed(id, words)` hears of
 * each change, `send(id, words, leaving, seen)` saves one and resolves to what is kept (it rejects where that fails,
 * with `refused` where trying again would not help), `failed(message)` says why, '' when all is well; `joined(id, words)`
 * hears of words that came together with another page's.
 */
export class Synopsis {
  #open;
  #typed;
  #send;
  #failed;
  #joined;
  #waiting = new Map(); // chapter → words that the server is not known to have
  #seen = new Map(); // chapter → what the server may have, as far as this page knows
  #timer = null;
  #running = null;

  constructor({ open, typed, send, failed = () => {}, joined = () => {} }) {
    this.#open = open;
    this.#typed = typed;
    this.#send = send;
    this.#failed = failed;
    this.#joined = joined;
  }

  /** The field shows `words`, and the writer goes into it. */
  entered(words) {
    const id = this.#open();
    if (id && !this.#waiting.has(id)) this.#seen.set(id, [words]);
  }

  /** Words were typed for the open chapter. */
  input(words) {
    const id = this.#open();
    if (!id || (!this.#waiting.has(id) && this.#seen.get(id)?.at(-1) === words)) return;
    this.#waiting.set(id, words);
    this.#typed(id, words);
    this.#later(AFTER_MS);
  }

  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), ms);
  }

  /** Saves now; true when nothing waits any more. What could not be saved is tried again. */
  flush() {
    clearTimeout(this.#timer);
    this.#running ??= this.#saveAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #saveAll() {
    let problem = "";
    while (this.#waiting.size) {
      const [id, words] = this.#waiting.entries().next().value;
      try {
        const kept = (await this.#sent(id, words, false)) ?? words;
        if (this.#waiting.get(id) !== words) continue;
        this.#waiting.delete(id);
        this.#seen.set(id, [words, kept]);
        if (plain(kept) === plain(words)) continue;
        this.#joined(id, kept);
        problem = JOINED;
      } catch (error) {
        problem = error.message;
        if (error.refused) this.#waiting.delete(id);
        else {
          this.#later(RETRY_MS);
          break;
        }
      }
    }
    this.#failed(problem);
    return this.#waiting.size === 0;
  }

  // Where no answer comes, the server may have the words all the same.
  #sent(id, words, leaving) {
    const seen = this.#seen.get(id);
    if (seen) this.#seen.set(id, [...new Set([...seen, words])].slice(-SEEN));
    return this.#send(id, words, leaving, seen);
  }

  /** The page goes away: one last try that may outlive it. */
  leave() {
    for (const [id, words] of this.#waiting) this.#sent(id, words, true).catch(() => {});
  }
}

const plain = (words) => words.replace(/\s+/g, " ").trim();

/** Saves one over the routes, and resolves to what is kept; throws an error that says why not, `refused` where trying again would not help. */
export async function send(base, id, synopsis, leaving, seen) {
  let answer;
  try {
    answer = await fetch(new URL(`api/chapters/${id}`, base), {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ synopsis, synopsis_seen: seen }),
      keepalive: leaving,
    });
  } catch {
    throw new Error("The synopsis is not saved: the desk cannot be reached. It is tried again.");
  }
  const said = await answer.json().catch(() => null);
  if (answer.ok) return said?.synopsis;
  const error = new Error(`The synopsis is not saved. ${said?.error?.message ?? `The server answered ${answer.status}.`}`);
  // A chapter that is gone, or words that are no synopsis: sending them again would not help.
  error.refused = answer.status === 404 || answer.status === 422;
  throw error;
}

/** `Synopsis` over the page's field and the routes below `base`. */
export function createSynopsis({ base, open, typed, failed }) {
  const told = (message) => {
    document.querySelector("#chapter-synopsis textarea")?.setAttribute("aria-invalid", String(Boolean(message)));
    failed(message);
  };
  const joined = (id, words) => {
    const field = document.querySelector("#chapter-synopsis textarea");
    if (field && open() === id) type(field, words);
    typed(id, words);
  };
  const synopsis = new Synopsis({ open, typed, failed: told, joined, send: (...given) => send(base, ...given) });
  document.addEventListener("focusin", ({ target }) => {
    if (target.closest?.("#chapter-synopsis")) synopsis.entered(target.value);
  });
  document.addEventListener("input", ({ target }) => {
    if (target.closest?.("#chapter-synopsis")) synopsis.input(target.value);
  });
  document.addEventListener("focusout", ({ target }) => {
    if (target.closest?.("#chapter-synopsis")) synopsis.flush();
  });
  window.addEventListener("pagehide", () => synopsis.leave());
  window.addEventListener("online", () => synopsis.flush());
  return synopsis;
}

/** The synopsis of the open chapter, saved while it is typed: it is short, and the newest words win. */

const AFTER_MS = 800;
const RETRY_MS = 4000;

/**
 * Follows what is typed into `#chapter-synopsis`. `open()` is the id of the open chapter, `typed(id, words)` hears of
 * each change, `send(id, words, leaving)` saves one (it rejects where that fails, with `refused` where trying again
 * would not help), `failed(message)` says why, '' when all is well.
 */
export class Synopsis {
  #open;
  #typed;
  #send;
  #failed;
  #waiting = new Map(); // chapter → words that the server is not known to have
  #timer = null;
  #running = null;

  constructor({ open, typed, send, failed = () => {} }) {
    this.#open = open;
    this.#typed = typed;
    this.#send = send;
    this.#failed = failed;
  }

  /** Words were typed for the open chapter. */
  input(words) {
    const id = this.#open();
    if (!id) return;
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
        await this.#send(id, words, false);
        if (this.#waiting.get(id) === words) this.#waiting.delete(id);
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

  /** The page goes away: one last try that may outlive it. */
  leave() {
    for (const [id, words] of this.#waiting) this.#send(id, words, true).catch(() => {});
  }
}

/** Saves one over the routes; throws an error that says why not, `refused` where trying again would not help. */
export async function send(base, id, synopsis, leaving) {
  let answer;
  try {
    answer = await fetch(new URL(`api/chapters/${id}`, base), {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ synopsis }),
      keepalive: leaving,
    });
  } catch {
    throw new Error("The synopsis is not saved: the desk cannot be reached. It is tried again.");
  }
  if (answer.ok) return;
  const said = await answer.json().catch(() => null);
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
  const synopsis = new Synopsis({ open, typed, failed: told, send: (...given) => send(base, ...given) });
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

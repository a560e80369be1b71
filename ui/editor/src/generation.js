/**
 * One stream of takes from the model: text arrives as it is written, is handed on at most 30 times a second, can be
 * stopped.
 */

import { plainLines } from "./positions.js";

const PAINT_MS = 33;

export class Generation {
  #abort = new AbortController();
  #paintTimer = null;
  #paint;
  #takes;
  #startedAt = performance.now();
  #tokens = 0;

  /** Tokens a second so far. */
  tokensPerSecond = null;

  /** `takes` (of `Takes`) in the order of their numbers; `paint()` is called when their text has grown. */
  constructor(takes, paint) {
    this.#takes = takes;
    this.#paint = paint;
  }

  get stopped() {
    return this.#abort.signal.aborted;
  }

  stop() {
    this.#abort.abort();
  }

  /** Runs to the end, or until stopped; throws what went wrong. In each case the takes are then done. */
  async run(api, chapter, verb, body) {
    const take = (number) => this.#takes[number];
    try {
      await api.stream(chapter, verb, body, {
        signal: this.#abort.signal,
        onToken: ({ take: number, text }) => {
          take(number).text += plainLines(text);
          this.#count();
          this.#paintTimer ??= setTimeout(() => this.#paintNow(), PAINT_MS);
        },
        onDone: ({ take: number, id }) => Object.assign(take(number), { id, done: true }),
      });
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    } finally {
      for (const each of this.#takes) each.done = true;
      clearTimeout(this.#paintTimer);
      this.#paint();
    }
  }

  // The pace is measured from the first token: what comes before it is reading, not writing.
  #count() {
    const now = performance.now();
    if (this.#tokens++ === 0) this.#startedAt = now;
    else this.tokensPerSecond = ((this.#tokens - 1) * 1000) / Math.max(1, now - this.#startedAt);
  }

  #paintNow() {
    this.#paintTimer = null;
    this.#paint();
  }
}

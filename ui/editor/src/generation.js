/**
 * One stream of takes from the model: text arrives as it is written, is handed on at most 30 times a second, can be
 * stopped. And what goes before and after it, whoever asks.
 */

import { plainLines } from "./positions.js";

const PAINT_MS = 33;

export class Generation {
  #abort = new AbortController();
  #paintTimer = null;
  #paint;
  #takes;

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
          this.#paintTimer ??= setTimeout(() => this.#paintNow(), PAINT_MS);
        },
        onDone: ({ take: number, id, copied_words: copied = 0 }) => Object.assign(take(number), { id, copied, done: true }),
      });
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    } finally {
      for (const each of this.#takes) each.done = true;
      clearTimeout(this.#paintTimer);
      this.#paint();
    }
  }

  #paintNow() {
    this.#paintTimer = null;
    this.#paint();
  }
}

/**
 * Everything is saved, so that what is asked for goes on from what is seen, and nobody has stopped `generation`
 * meanwhile. The document itself says why it cannot be saved.
 */
export async function ready(document, generation) {
  const saved = (await document.flush()) && (!document.unsaved || (await document.flush()));
  return saved && !generation.stopped;
}

/** `ask()`, once more where the page was behind and only the revision's number has moved; else the writer looks first. */
export async function askedAgain(document, generation, ask) {
  try {
    await ask();
  } catch (error) {
    if (error.status !== 409 || !(await document.catchUp()) || generation.stopped) throw error;
    await ask();
  }
}

/** All of `ended` is over: what never got a word is forgotten, the rest gets its name, if the server has one for it. */
export async function settle(takes, ended) {
  for (const take of ended) {
    take.done = true;
    if (!take.text) takes.drop(take);
  }
  const unnamed = ended.filter(({ text, id }) => text && id === null);
  if (unnamed.length) await takes.lookUp(unnamed);
}

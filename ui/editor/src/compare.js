/**
 * The same continuation with the memory and without it: same place, same seed, two takes. Shows nothing itself; the
 * page hears `templora:compare` with `{before, sides: [{text, mode}, …], error}`.
 */

import { Generation, askedAgain, ready, settle } from "./generation.js";
import { codePointOffset } from "./positions.js";

/** Each side by what it asks for beside the settings: as strong as the book says, and none. */
const SIDES = [{}, { strength: 0 }];
/** Shown of the text that both go on from, in characters. */
const BEFORE = 240;
const SEEDS = 2 ** 31;
/** Where a take stands until its place is known. */
const NOWHERE = { kind: "continue", instruction: null, revision: 0, start: 0, end: 0 };

function lastWords(text) {
  const paragraph = text.slice(text.lastIndexOf("\n") + 1);
  return paragraph.length > BEFORE ? paragraph.slice(-BEFORE).replace(/^\S*\s+/, "… ") : paragraph;
}

export class Compare {
  #view;
  #api;
  #document;
  #takes;
  #settings;
  #run = { takes: [], generations: [], ended: Promise.resolve(), before: "", error: null }; // the newest

  constructor({ view, api, document, takes, settings }) {
    this.#view = view;
    this.#api = api;
    this.#document = document;
    this.#takes = takes;
    this.#settings = settings;
  }

  /** Asks for both, from the caret. Resolves when both have ended; a run before is stopped. */
  run() {
    this.stop();
    const takes = SIDES.map(() => this.#takes.begin(NOWHERE));
    const run = { takes, before: "", error: null };
    run.generations = takes.map((take) => new Generation([take], () => this.#show(run)));
    this.#run = run;
    run.ended = this.#stream(run);
    return run.ended;
  }

  /** What is written so far is kept. */
  stop() {
    for (const generation of this.#run.generations) generation.stop();
  }

  /** Stops, and resolves to the id of the take of one side (0: with, 1: without); null where it never got a word. */
  async choose(side) {
    this.stop();
    const { takes, ended } = this.#run;
    await ended;
    return takes[side]?.id ?? null;
  }

  // Saves, asks for both, streams.
  async #stream(run) {
    const [first] = run.generations;
    this.#show(run);
    if (await ready(this.#document, first)) {
      const seed = this.#settings.seed ?? Math.floor(Math.random() * SEEDS);
      const { head } = this.#view.state.selection.main;
      const both = run.generations.map((generation, side) =>
        askedAgain(this.#document, generation, () => {
          const body = { ...this.#request(run, head), seed, ...SIDES[side] };
          return generation.run(this.#api, this.#document.id, "continue", body);
        }),
      );
      for (const { reason } of await Promise.allSettled(both)) if (reason) run.error ??= reason.message;
    } else if (!first.stopped) run.error = "Your last words are not saved yet. Look above the text.";
    await settle(this.#takes, run.takes);
    this.#show(run);
  }

  // The body of both requests, for the text as it was just saved; the takes learn their place from it.
  #request(run, head) {
    const text = this.#view.state.doc.toString();
    const cursor = codePointOffset(text, head);
    const { revision } = this.#document;
    for (const take of run.takes) Object.assign(take, { revision, start: cursor, end: cursor });
    run.before = text.slice(0, head);
    this.#show(run);
    return { ...this.#settings, takes: 1, base_revision: revision, cursor };
  }

  #show(run) {
    if (run !== this.#run) return;
    const sides = run.takes.map(({ text, done }) => {
      return { text, mode: done || run.error ? "done" : text ? "writing" : "waiting" };
    });
    const detail = { before: lastWords(run.before.trimEnd()), sides, error: run.error };
    window.dispatchEvent(new CustomEvent("templora:compare", { detail }));
  }
}

/**
 * The same continuation with the memory and without it: same place, same seed, two takes. Shows nothing itself; the
 * page hears `templora:compare` with `{before, sides: [{text, mode}, …], error}`.
 */

import { Generation } from "./generation.js";
import { codePointOffset } from "./positions.js";

/** Each side by what it asks for beside the settings: as strong as the book says, and none. */
const SIDES = [{}, { strength: 0 }];
/** Shown of the text that both go on from, in characters. */
const BEFORE = 240;
const SEEDS = 2 ** 31;

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
  #generations = [];
  #pair = [];
  #ended = Promise.resolve();
  #said = null;

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
    this.#said = null;
    this.#pair = [];
    this.#ended = this.#run();
    return this.#ended;
  }

  /** What is written so far is kept. */
  stop() {
    for (const generation of this.#generations) generation.stop();
  }

  /** Stops, and resolves to the id of the take of one side (0: with, 1: without); null where it never got a word. */
  async choose(side) {
    this.stop();
    await this.#ended;
    return this.#pair[side]?.id ?? null;
  }

  async #run() {
    this.#show();
    if (!(await this.#document.flush())) return this.#fail("Your last words are not saved yet. Look above the text.");
    const text = this.#view.state.doc.toString();
    const { head } = this.#view.state.selection.main;
    const cursor = codePointOffset(text, head);
    const revision = this.#document.revision;
    const place = { kind: "continue", instruction: null, revision, start: cursor, end: cursor };
    const seed = this.#settings.seed ?? Math.floor(Math.random() * SEEDS);
    const body = { ...this.#settings, takes: 1, seed, base_revision: revision, cursor };
    this.#pair = SIDES.map(() => this.#takes.begin(place));
    this.#generations = this.#pair.map((take) => new Generation([take], () => this.#show(text.slice(0, head))));
    this.#show(text.slice(0, head));
    const both = this.#generations.map((generation, side) =>
      generation.run(this.#api, this.#document.id, "continue", { ...body, ...SIDES[side] }),
    );
    for (const { reason } of await Promise.allSettled(both)) if (reason) this.#said ??= reason.message;
    for (const take of this.#pair.filter((each) => !each.text)) this.#takes.drop(take);
    const unnamed = this.#pair.filter((take) => take.text && take.id === null);
    if (unnamed.length) await this.#takes.lookUp(unnamed);
    this.#show(text.slice(0, head));
  }

  #fail(message) {
    this.#said = message;
    this.#show();
  }

  #show(before = "") {
    const sides = SIDES.map((_, side) => {
      const take = this.#pair[side];
      const mode = take?.done || this.#said ? "done" : take?.text ? "writing" : "waiting";
      return { text: take?.text ?? "", mode };
    });
    const detail = { before: lastWords(before.trimEnd()), sides, error: this.#said };
    window.dispatchEvent(new CustomEvent("templora:compare", { detail }));
  }
}

/**
 * The takes of the open chapter: what the model has written here, taken over or not. Text is kept as the server sends
 * it.
 */

import { plainLines } from "./positions.js";

/** How long a stopped take is looked for in the server's list, in ms after it was stopped. */
const LOOKUPS_MS = [60, 200, 500, 1000, 2000];

/** Takes that compete for one place: same revision, same span (code points), rewrites among themselves. */
function samePlace(a, b) {
  const alike = (a.kind === "rewrite") === (b.kind === "rewrite");
  return alike && a.revision === b.revision && a.start === b.start && a.end === b.end;
}

/**
 * The stored take that `take` (its stream was cut off before the server named it) has become: the newest one at the
 * same place whose text agrees, and which is no other take's. Either side may have a few tokens more than the other.
 */
export function findStored(take, stored, known) {
  const agrees = (text) => text.startsWith(take.text) || take.text.startsWith(text);
  return stored.findLast(
    (row) => row.text && samePlace(row, take) && !known.has(row.id) && agrees(plainLines(row.text)),
  );
}

export class Takes {
  #api;
  #chapter;
  #namings = new Set();

  /**
   * Oldest first: `{key, id, kind, instruction, verb, beat, revision, start, end, text, done, accepted}`; `id` null
   * until the server names it.
   */
  list = [];

  constructor(api, chapter) {
    this.#api = api;
    this.#chapter = chapter;
  }

  /** Brings in what the server has stored, and drops what was deleted there. */
  async load() {
    const stored = await this.#api.takes(this.#chapter);
    const ids = new Set(stored.map((row) => row.id));
    const mine = this.list.filter((take) => take.id === null || ids.has(take.id));
    const known = new Set(mine.map((take) => take.id));
    const unnamed = mine.filter((take) => take.id === null);
    const others = stored.filter((row) => !known.has(row.id) && !unnamed.some((take) => samePlace(take, row)));
    this.list = [...others.map(fromServer), ...mine];
  }

  /** A new, still empty take at `place` (`{kind, instruction, verb, beat, revision, start, end}`). */
  begin(place) {
    const take = { key: Symbol("take"), id: null, ...place, text: "", done: false, accepted: false };
    this.list.push(take);
    return take;
  }

  get(key) {
    return this.list.find((take) => take.key === key);
  }

  byId(id) {
    return this.list.find((take) => take.id === id);
  }

  /** The takes that compete with `take` for its place, oldest first: the pages of ‹ 2 of 3 ›. */
  rivals(take) {
    return this.list.filter((other) => samePlace(other, take) && (other.text || other === take));
  }

  /** The newest take, but for rewrites, that was not taken over: what paging back starts from when nothing is shown. */
  newest() {
    return this.list.findLast((take) => take.kind !== "rewrite" && take.text && !take.accepted);
  }

  /** What can be compared: those for the place of the take with this key, else of the newest one; also the awaited. */
  group(key) {
    const take = this.get(key) ?? this.list.findLast(({ text }) => text);
    return take ? this.list.filter((other) => samePlace(other, take) && (other.text || !other.done)) : [];
  }

  /** Forgets a take that never got a word. */
  drop(take) {
    this.list = this.list.filter((other) => other !== take);
  }

  /** `naming` will end with the names of takes being known: `settled` waits for it. */
  expect(naming) {
    const entry = naming.finally(() => this.#namings.delete(entry));
    this.#namings.add(entry);
  }

  /** Resolves when nothing is expected any more. */
  settled() {
    return Promise.all(this.#namings);
  }

  /** Asks the server what it calls `takes`, whose stream ended before it said so. */
  async lookUp(takes) {
    for (const wait of LOOKUPS_MS) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      const stored = await this.#api.takes(this.#chapter).catch(() => []);
      for (const take of takes.filter(({ id }) => id === null)) {
        const known = new Set(this.list.map(({ id }) => id));
        take.id = findStored(take, stored, known)?.id ?? null;
      }
      if (takes.every(({ id }) => id !== null)) return;
    }
  }
}

function fromServer(row) {
  const { id, kind, instruction, verb = null, beat = null, revision, start, end } = row;
  const accepted = row.accepted_revision !== null;
  const asked = { kind, instruction, verb, beat, revision, start, end };
  return { key: Symbol("take"), id, ...asked, text: plainLines(row.text), done: true, accepted };
}

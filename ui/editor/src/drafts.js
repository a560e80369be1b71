/**
 * The draft mirror: words that the server does not have yet, kept in the browser's IndexedDB. A page that goes away
 * takes its unfinished IndexedDB transactions with it, committed or not, so the last words of such a page go to
 * `localStorage` too: that is written before the call returns, and read before the database's entry.
 *
 * A draft is `{text, base, sent, spans, at}`: the whole chapter, the revision it was based on, fingerprints of the
 * saves whose answer has not come (the server may have them), the accepted spans not yet sent, and the time. Each page
 * keeps its own entry, `chapter/page`, so two tabs in one chapter do not overwrite each other's words.
 */

import { createStore, entries, promisifyRequest } from "idb-keyval";

/** A text's length and 53 bits of hash (cyrb53): enough to know one's own text again. */
export function fingerprint(text) {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return `${text.length}:${4294967296 * (2097151 & b) + (a >>> 0)}`;
}

/**
 * What a draft found on opening means for the server's chapter `{text, revision}`: 'same' (nothing is missing),
 * 'restore' (the draft simply goes on from what the server has) or 'conflict' (the chapter has moved on without it).
 */
export function reconcile(draft, server) {
  if (draft.text === server.text) return "same";
  return draft.base === server.revision || draft.sent.includes(fingerprint(server.text)) ? "restore" : "conflict";
}

/** `localStorage` is shared by every page of this address: ours are under this name. */
const PARTING = "templora-draft/";

const remember = (key, draft) => localStorage.setItem(PARTING + key, JSON.stringify(draft));
const forget = (key) => localStorage.removeItem(PARTING + key);

/** `[[key, draft]]` of what pages wrote as they went. */
function parted() {
  const keys = Object.keys(localStorage).filter((name) => name.startsWith(PARTING));
  return keys.map((name) => [name.slice(PARTING.length), JSON.parse(localStorage.getItem(name))]);
}

/** Runs what a private window or a full store may refuse. */
function quietly(work, otherwise) {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

export class Drafts {
  #store = createStore("templora-drafts", "drafts");
  #page = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(36)).join("");

  /** Did the last write succeed? Private windows and full disks refuse; then the page must say so. */
  kept = true;

  #key(chapter) {
    return `${chapter}/${this.#page}`;
  }

  async #write(change) {
    try {
      await this.#store("readwrite", (store) => {
        change(store);
        // Committed without waiting for the requests' events, which a page that is going away no longer gets.
        store.transaction.commit();
        return promisifyRequest(store.transaction);
      });
      this.kept = true;
    } catch {
      this.kept = false;
    }
  }

  put(chapter, draft) {
    return this.#write((store) => store.put({ ...draft, at: Date.now() }, this.#key(chapter)));
  }

  /** As `put`, but kept when this returns: for a page that is going away. */
  part(chapter, draft) {
    quietly(() => remember(this.#key(chapter), { ...draft, at: Date.now() }));
    return this.put(chapter, draft);
  }

  remove(chapter) {
    quietly(() => forget(this.#key(chapter)));
    return this.#write((store) => store.delete(this.#key(chapter)));
  }

  /**
   * Drafts of `chapter` that other pages left behind (this page's own past loads too): `[{key, draft}]`, newest first.
   */
  async left(chapter) {
    const stored = await entries(this.#store).catch(() => {
      this.kept = false;
      return [];
    });
    const newest = new Map(stored);
    for (const [key, draft] of quietly(parted, [])) if (!(newest.get(key)?.at > draft.at)) newest.set(key, draft);
    return [...newest]
      .filter(([key]) => key.startsWith(`${chapter}/`))
      .map(([key, draft]) => ({ key, draft }))
      .sort((a, b) => b.draft.at - a.draft.at);
  }

  /** Makes another page's draft this page's own, in one transaction, so that no moment has neither. */
  async adopt(chapter, { key, draft }) {
    await this.#write((store) => {
      store.delete(key);
      store.put(draft, this.#key(chapter));
    });
    if (this.kept) quietly(() => forget(key));
  }

  /** Deletes a draft whose words the server has. */
  discard({ key }) {
    quietly(() => forget(key));
    return this.#write((store) => store.delete(key));
  }
}

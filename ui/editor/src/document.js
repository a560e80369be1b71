/**
 * One open chapter: loaded, mirrored as a draft, saved by compare-and-set. Only one save is in flight at a time;
 * whatever is typed meanwhile goes with the next. Nothing here ever overwrites a text that it has not seen.
 */

import { isolateHistory } from "@codemirror/commands";
import { Text } from "@codemirror/state";
import { anchorsOf } from "./comments.js";
import { fingerprint } from "./drafts.js";
import { codePointSpans, plainLines } from "./positions.js";
import { revise, spansField } from "./provenance.js";
import { changesBetween, keepBoth } from "./worddiff.js";

const SAVE_AFTER_MS = 1000;
/** Whoever types on is saved this often. */
const SAVE_WITHIN_MS = 10_000;
const MIRROR_AFTER_MS = 300;
const RETRY_MS = [1000, 2000, 4000, 8000, 16_000, 30_000];
/** A save waits this long for the name of a take that was cut off; it goes without the name rather than not at all. */
const NAME_WAIT_MS = 4000;
/** A chapter that is left waits this long for its last save; the draft has the words anyway. */
const CLOSE_WAIT_MS = 3000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class ChapterDocument {
  #view;
  #api;
  #drafts;
  #takes;
  #report;
  #saved = { revision: 0, doc: null }; // what the server is known to have
  #sent; // fingerprints of saves whose answer has not come: the server may have them
  #running = null;
  #again = false;
  #failures = 0;
  #unsavedSince = null;
  #saveTimer;
  #mirrorTimer = null;
  #closed = null; // the editor's state when this chapter was left: what comes late finds it, and not the next chapter

  /** The server's version, `{revision, text}`, while the two differ and the writer has not chosen; else null. */
  conflict = null;
  /** When the server last took a save (ms since 1970), or null. */
  savedAt = null;
  /** Is it being left for another chapter? */
  closing = false;

  /**
   * `chapter` as the server sent it; the view holds its text, or that of a draft, with the fingerprints that were
   * `sent`. `report(what, message)` hears 'state' (something shown may have changed), 'saved', 'failed' (with the
   * message), 'conflict' and 'resolved'.
   */
  constructor({ view, api, drafts, takes, chapter, sent = [], report }) {
    this.id = chapter.id;
    this.project = chapter.project;
    this.#view = view;
    this.#api = api;
    this.#drafts = drafts;
    this.#takes = takes;
    this.#sent = new Set(sent);
    this.#report = report;
    this.#know(chapter);
  }

  get revision() {
    return this.#saved.revision;
  }

  get saving() {
    return this.#running !== null;
  }

  /** Does the editor hold anything, words or authorship, that the server has not got? */
  get unsaved() {
    return this.#doc !== this.#saved.doc || this.#unsentSpans().length > 0;
  }

  get #state() {
    return this.#closed ?? this.#view.state;
  }

  get #doc() {
    return this.#state.doc;
  }

  // The server has `text`. Where that is what the editor holds, the two are one object, so that comparing is free.
  #know({ revision, text }) {
    const doc = text.includes("\r") ? null : Text.of(text.split("\n"));
    this.#saved = { revision, doc: doc?.eq(this.#doc) ? this.#doc : doc };
    this.#unsavedSince = null;
  }

  // Spans that the server is not known to have, of takes that have a name.
  #unknownSpans() {
    const named = ({ take }) => Boolean(this.#takes.get(take)?.id);
    return this.#state.field(spansField).filter((span) => span.status !== "saved" && named(span));
  }

  #unsentSpans() {
    return this.#unknownSpans().filter(({ status }) => status === "new");
  }

  /** To be called after each change of the text. Cheap: nothing is copied or sent here. */
  changed() {
    this.#unsavedSince ??= Date.now();
    this.#mirrorTimer ??= setTimeout(() => this.mirror(), MIRROR_AFTER_MS);
    if (this.#failures) return; // the retry is already timed
    const latest = this.#unsavedSince + SAVE_WITHIN_MS - Date.now();
    this.#schedule(Math.max(0, Math.min(SAVE_AFTER_MS, latest)));
  }

  #schedule(ms) {
    clearTimeout(this.#saveTimer);
    if (!this.#closed) this.#saveTimer = setTimeout(() => this.#save(), ms);
  }

  /** Saves now. Resolves to true when the server has everything, false when it cannot be saved at present. */
  flush() {
    this.#again = true;
    return this.#save();
  }

  #save(leaving = false) {
    clearTimeout(this.#saveTimer);
    this.#running ??= this.#saveAll(leaving).finally(() => {
      this.#running = null;
      this.#report("state");
    });
    return this.#running;
  }

  async #saveAll(leaving) {
    if (!leaving) await Promise.race([this.#takes.settled(), pause(NAME_WAIT_MS)]);
    do {
      this.#again = false;
      if (this.conflict || (this.unsaved && !(await this.#put(leaving)))) return false;
    } while (this.#again && this.unsaved && !this.#closed);
    if (this.unsaved) this.#schedule(SAVE_AFTER_MS);
    return !this.unsaved;
  }

  async #put(leaving = false) {
    const doc = this.#doc;
    // NUL and stray halves of emoji (from a paste) cannot be stored; everything else goes as it is.
    const text = doc.toString().toWellFormed().replaceAll("\0", "\ufffd");
    const spans = this.#unsentSpans();
    const places = codePointSpans(text, spans.map(({ take, from, to }) => ({ take, start: from, end: to })));
    const accepted = places.map(({ take, start, end }) => ({ take: this.#takes.get(take).id, start, length: end - start }));
    this.#mark("new", "sent", spans);
    this.#unsavedSince = null;
    this.#sent.add(fingerprint(text));
    this.#report("state");
    try {
      const anchors = anchorsOf(this.#state, text);
      const body = { base_revision: this.revision, text, accepted, ...(anchors.length ? { anchors } : {}) };
      const { revision } = await this.#api.save(this.id, body, { leaving });
      this.#settle(revision, doc);
      return true;
    } catch (error) {
      // A take that was deleted meanwhile must not hold up the words: they go without its name.
      const nameless = accepted.length > 0 && [404, 422].includes(error.status);
      this.#mark("sent", nameless ? "saved" : "new");
      if (nameless) return this.#put();
      return error.status === 409 ? this.#behind(error.body.current, text, doc) : this.#failed(error);
    }
  }

  #settle(revision, doc) {
    this.#mark("sent", "saved");
    this.#sent.clear();
    this.#failures = 0;
    this.#saved = { revision, doc };
    this.savedAt = Date.now();
    if (this.#doc !== doc) this.mirror();
    else if (!this.#closed) this.#drafts.remove(this.id); // a later opening has a draft of this name, too
    this.#report("saved");
  }

  // The server has moved on. That may have been this page itself: a save arrived although its answer did not.
  #behind(current, text, doc) {
    if (current.text === text) {
      this.#settle(current.revision, doc);
      return true;
    }
    if (this.#sent.has(fingerprint(current.text))) {
      this.#sent.clear();
      this.#know(current);
      return this.#put();
    }
    if (!this.#closed) this.disagree(current); // else the draft is compared when the chapter is opened again
    return false;
  }

  async #failed(error) {
    this.#failures++;
    this.#schedule(RETRY_MS[Math.min(this.#failures, RETRY_MS.length) - 1]);
    await this.mirror();
    const what = error.status === 0 ? "server unreachable" : error.message.replace(/\.$/, "");
    const kept = this.#drafts.kept
      ? "; your words are kept in this browser"
      : ". Keep this page open: this browser cannot keep drafts";
    this.#report("failed", `Not saved: ${what}${kept}`);
    return false;
  }

  // Spans with status `from` (of those in `only`, if given) get status `to`.
  #mark(from, to, only = null) {
    if (this.#closed) return;
    const concerns = (span) => span.status === from && (!only || only.includes(span));
    if (!this.#view.state.field(spansField).some(concerns)) return;
    this.#view.dispatch({ effects: revise.of((span) => (concerns(span) ? { ...span, status: to } : span)) });
  }

  /** Writes the draft mirror now, if there is anything to keep. */
  async mirror({ leaving = false } = {}) {
    clearTimeout(this.#mirrorTimer);
    this.#mirrorTimer = null;
    if (this.#closed || this.#doc === this.#saved.doc) return;
    const spans = this.#unknownSpans().map(({ take, from, to }) => ({ id: this.#takes.get(take).id, from, to }));
    const draft = { text: this.#doc.toString(), base: this.revision, sent: [...this.#sent], spans };
    await (leaving ? this.#drafts.part(this.id, draft) : this.#drafts.put(this.id, draft));
    if (this.conflict) this.#report("conflict");
  }

  /** The page is going away: the draft first, then one last save that may outlive the page. */
  leave() {
    this.mirror({ leaving: true });
    this.#save(true);
  }

  /** Two versions: nothing is saved until `resolve`. `current` is the server's `{revision, text}`. */
  disagree(current) {
    this.conflict = current;
    this.mirror();
    this.#report("conflict");
  }

  /** Ends the conflict by 'mine', 'theirs' or 'both'. What the editor shows changes in one undoable step. */
  async resolve(choice) {
    const current = this.conflict;
    const mine = this.#doc.toString();
    this.conflict = null;
    this.#sent.clear();
    this.#failures = 0;
    this.#replace({ mine, theirs: current.text, both: keepBoth(mine, current.text) }[choice]);
    this.#know(current);
    if (!this.unsaved) this.#drafts.remove(this.id);
    this.#report("resolved");
    return this.flush();
  }

  // One step of its own for undo.
  #replace(text) {
    const changes = changesBetween(this.#doc.toString(), plainLines(text));
    this.#view.dispatch({ changes, annotations: isolateHistory.of("full"), userEvent: "input.replace" });
  }

  /**
   * Takes over a text that the server has made of what is saved here (an older revision brought back, say): `ask`
   * gets the revision it is to be made of, and resolves to `{revision, text}`. Resolves to true when that stands in
   * the editor, as one step that can be undone. Whatever was typed meanwhile, here or elsewhere, becomes a conflict or
   * is shown first. Throws what `ask` throws otherwise.
   */
  async become(ask) {
    if (!(await this.flush())) return false;
    const doc = this.#doc;
    let current;
    try {
      current = await ask(this.revision);
    } catch (error) {
      if (error.status === 409) await this.catchUp();
      throw error;
    }
    if (this.#closed) return false;
    if (this.#doc !== doc) {
      this.disagree(current);
      return false;
    }
    this.#replace(current.text);
    this.#know(current);
    return true;
  }

  /** The chapter as the server has it. */
  read() {
    return this.#api.chapter(this.id);
  }

  /**
   * Perhaps the page is behind. Reads the chapter again: true when its text is what the editor holds. A page without
   * words of its own takes a newer text over; otherwise both versions are shown.
   */
  async catchUp() {
    let asked, current;
    do {
      asked = this.revision;
      current = await this.#api.chapter(this.id);
      if (this.#closed) return false;
    } while (this.revision !== asked); // a save was answered meanwhile, and this may be the text from before it
    if (current.text === this.#doc.toString()) {
      this.#know(current);
      return true;
    }
    // Nothing new: what the page goes on from, or what it is just sending. The rest was typed meanwhile.
    if (current.revision === asked || this.#sent.has(fingerprint(current.text))) return false;
    if (this.unsaved) this.disagree(current);
    else {
      this.#replace(current.text);
      this.#know(current);
    }
    return false;
  }

  /** Saves if it can be done soon, keeps a draft otherwise, and stops. */
  async close() {
    this.closing = true;
    await this.mirror();
    await Promise.race([this.flush(), pause(CLOSE_WAIT_MS)]);
    await this.mirror();
    this.#closed ??= this.#view.state;
    clearTimeout(this.#saveTimer);
    clearTimeout(this.#mirrorTimer);
  }
}

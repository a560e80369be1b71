/**
 * Writing with the model: ask for takes, and take them over. The document changes only when something is accepted, each
 * time in one step that can be undone.
 */

import { isolateHistory } from "@codemirror/commands";
import { Generation, askedAgain, ready, settle } from "./generation.js";
import { rest, showGhost } from "./ghost.js";
import { codePointOffset } from "./positions.js";
import { tookOver } from "./provenance.js";
import { acceptance } from "./rewrite.js";
import { nextWord } from "./words.js";

const FAILURES = {
  unreachable: "The model cannot be asked: the server does not answer. Your words are safe; try again in a moment.",
  interrupted: "The connection to the model broke off. What it had written is kept.",
};

export class Writing {
  #view;
  #api;
  #document;
  #takes;
  #stage;
  #notices;
  #settings;
  #report;
  #generation = null;

  /** `settings` are sent with each request; `report()` is called when something shown may have changed. */
  constructor({ view, api, document, takes, stage, notices, settings, report }) {
    this.#view = view;
    this.#api = api;
    this.#document = document;
    this.#takes = takes;
    this.#stage = stage;
    this.#notices = notices;
    this.#settings = settings;
    this.#report = report;
  }

  // --- asking ---

  /** A take for the caret's place. */
  continue() {
    return this.#ask({ kind: "continue", from: this.#view.state.selection.main.head });
  }

  /** Another take for the place of the one that is shown; at the caret when none is. */
  another() {
    const { ghost, rewrite } = this.#stage;
    if (rewrite) {
      const { instruction } = this.#takes.get(rewrite.take);
      return this.#ask({ kind: "rewrite", from: rewrite.from, to: rewrite.to, instruction });
    }
    return ghost ? this.#ask({ kind: "continue", from: ghost.pos }) : this.continue();
  }

  /** The selected passage in other words. */
  async rewrite(instruction = "") {
    const selected = this.#view.state.selection.main;
    const passage = this.#view.state.sliceDoc(selected.from, selected.to);
    // A selection often takes in the space or the line break after a passage; that is not to be rewritten.
    const from = selected.from + passage.length - passage.trimStart().length;
    const to = selected.to - passage.length + passage.trimEnd().length;
    if (from < to) return this.#ask({ kind: "rewrite", from, to, instruction });
    this.#notices.show("Select the passage to rewrite first.", "model");
  }

  async #ask({ kind, from, to = from, instruction = null }) {
    this.#stage.hide();
    this.#notices.clear("model");
    const place = { kind, instruction, revision: 0, start: 0, end: 0 };
    const takes = Array.from({ length: this.#settings.takes ?? 1 }, () => this.#takes.begin(place));
    const generation = new Generation(takes, () => this.#stage.paint());
    this.#generation = generation;
    this.#stage.show(takes[0], from, to);
    const ended = this.#stream(generation, takes);
    for (const take of takes) take.ended = ended;
    await ended;
  }

  // Saves, asks, streams. In the end every take that got a word has its name, if the server has one for it.
  async #stream(generation, takes) {
    try {
      if (await ready(this.#document, generation)) await this.#run(generation, takes);
    } catch (error) {
      this.#notices.show(FAILURES[error.code] ?? error.message, "model");
    }
    const shown = takes.find(({ key }) => key === this.#stage.shown?.take);
    if (shown && !shown.text) this.#stage.hide();
    await settle(this.#takes, takes);
    this.#report();
  }

  async #run(generation, takes) {
    await askedAgain(this.#document, generation, () =>
      generation.run(this.#api, this.#document.id, takes[0].kind, this.#request(takes)),
    );
    const { rewrite } = this.#stage;
    if (generation.stopped) return;
    if (!takes.some(({ text }) => text)) {
      this.#notices.show("The model had nothing to add here. Try again, or write a few words first.", "model");
    } else if (rewrite?.text === this.#view.state.sliceDoc(rewrite?.from, rewrite?.to)) {
      this.#stage.hide();
      this.#notices.show("The model would change nothing here. Try again, or say what should change.", "model");
    }
  }

  // The body of the request, for the text as it was just saved; the takes learn their place from it.
  #request(takes) {
    const text = this.#view.state.doc.toString();
    const { pos, from = pos, to = pos } = this.#stage.shown;
    const revision = this.#document.revision;
    const [start, end] = [codePointOffset(text, from), codePointOffset(text, to)];
    for (const take of takes) Object.assign(take, { revision, start, end });
    const { kind, instruction } = takes[0];
    const body = { ...this.#settings, base_revision: revision };
    // How long a continuation may be says nothing of a rewrite: the server goes by the passage.
    if (kind === "rewrite") for (const name of ["max_tokens", "stop_at"]) delete body[name];
    // A fixed seed would write the same take again.
    if (body.seed != null) body.seed += this.#takes.rivals(takes[0]).length - 1;
    return kind === "continue" ? { ...body, cursor: start } : { ...body, start, end, instruction: instruction || null };
  }

  /** To be called after each update of the view: where nothing is shown any more, nobody waits for the model. */
  updated() {
    if (this.#stage.shown === null) this.#generation?.stop();
  }

  /**
   * Stops the model, keeping what it wrote in view; what is complete (or a rewrite) goes out of view. Takes are kept.
   */
  dismiss() {
    const { mode, ghost } = this.#stage;
    if (mode === "streaming" && ghost.text) this.#generation.stop();
    else this.#stage.hide();
    return mode !== "idle";
  }

  // --- taking over ---

  /** The whole take that is shown goes into the book, as far as it has been written. */
  accept() {
    const { ghost, rewrite } = this.#stage;
    if (rewrite) return this.acceptRewrite();
    if (!ghost || !rest(ghost)) return false;
    this.#insert(ghost, rest(ghost), null);
    return true;
  }

  /** The next word of it; the rest stays in view. */
  acceptWord() {
    const { ghost } = this.#stage;
    if (!ghost || !rest(ghost)) return false;
    const word = nextWord(rest(ghost));
    const next = { ...ghost, pos: ghost.pos + word.length, used: ghost.used + word.length };
    this.#insert(ghost, word, next.done && !rest(next) ? null : next);
    return true;
  }

  #insert({ pos, take }, text, next) {
    const to = pos + text.length;
    this.#takeOver(take, {
      changes: { from: pos, insert: text },
      selection: { anchor: to },
      effects: [tookOver.of({ take, from: pos, to }), showGhost.of(next)],
    });
  }

  /** The words that a finished rewrite would change are changed. */
  acceptRewrite() {
    const { mode, rewrite } = this.#stage;
    if (mode !== "diff") return false;
    this.#takeOver(rewrite.take, acceptance(this.#view.state, rewrite));
    return true;
  }

  rejectRewrite() {
    const { rewrite } = this.#stage;
    if (rewrite) this.#stage.hide();
    return rewrite !== null;
  }

  // One step for undo, and saved at once. A take that has no name yet gets it when its stream has ended.
  #takeOver(key, transaction) {
    const take = this.#takes.get(key);
    const history = { annotations: isolateHistory.of("full"), userEvent: "input.accept", scrollIntoView: true };
    this.#view.dispatch({ ...transaction, ...history });
    take.accepted = true;
    if (take.id === null) this.#takes.expect(take.ended);
    this.#document.flush();
  }

  /**
   * Puts a stored take into the book: where it was written for, or (a continuation) at the caret if the text moved on.
   */
  async insertTake(id) {
    this.#stage.hide();
    try {
      if (!this.#takes.byId(id)) await this.#takes.load();
    } catch (error) {
      this.#notices.show(error.message, "model");
      return;
    }
    const take = this.#takes.byId(id);
    const home = take && this.#stage.home(take);
    if (!take) this.#notices.show("That take is no longer there.", "model");
    else if (take.kind === "continue") {
      const pos = home?.from ?? this.#view.state.selection.main.head;
      this.#insert({ pos, take: take.key }, take.text, null);
    } else if (home) this.#stage.show(take, home.from, home.to);
    else this.#notices.show("The text has changed since this rewrite. Select the passage and ask again.", "model");
  }
}

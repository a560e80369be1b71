/**
 * Writing with the model: ask for takes, and take them over. The document changes only when something is accepted, each
 * time in one step that can be undone.
 */

import { isolateHistory } from "@codemirror/commands";
import { EditorView } from "@codemirror/view";
import { gapAt } from "./gaps.js";
import { Generation, askedAgain, ready, settle } from "./generation.js";
import { rest, showGhost } from "./ghost.js";
import { codePointOffset } from "./positions.js";
import { tookOver } from "./provenance.js";
import { acceptance, choosing, lookAtHunk, nextOpen } from "./rewrite.js";
import { nextSentence, nextWord } from "./words.js";

/** The route that each kind of take is asked for at. */
const ROUTES = { continue: "continue", beat: "continue", fill: "fill", rewrite: "rewrite" };

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

  /** A take for the caret's place that tells `beat`, what happens next in the writer's words. */
  beat(beat) {
    const words = beat.trim();
    if (words) return this.#ask({ kind: "beat", from: this.#view.state.selection.main.head, beat: words });
    this.#notices.show("Say in a line what happens next, and the model writes it.", "model");
  }

  /** A take for the gap at the selection: an empty line between text, or a placeholder. */
  fill() {
    const gap = gapAt(this.#view.state);
    if (gap) return this.#ask({ kind: "fill", ...gap });
    this.#notices.show(
      "Put the caret on an empty line between two passages, or select a placeholder such as […], and fill it in.",
      "model",
    );
  }

  /** Another take for the place of the one that is shown, asked for as that one was; at the caret when none is. */
  another() {
    const { shown, rewrite } = this.#stage;
    if (!shown) return this.continue();
    const { kind, instruction, verb, beat } = this.#takes.get(shown.take);
    const at = rewrite ? { from: rewrite.from, to: rewrite.to } : { from: shown.from, to: shown.pos };
    // Part of the take is in the book already: what is asked for goes on from there.
    const place = shown.used ? { from: shown.pos } : at;
    return this.#ask({ kind: shown.used ? "continue" : kind, instruction, verb, beat: shown.used ? null : beat, ...place });
  }

  /** The selected passage in other words: as `verb` does it, or as `instruction` says. */
  async rewrite(instruction = "", verb = "rewrite") {
    const selected = this.#view.state.selection.main;
    const passage = this.#view.state.sliceDoc(selected.from, selected.to);
    // A selection often takes in the space or the line break after a passage; that is not to be rewritten.
    const from = selected.from + passage.length - passage.trimStart().length;
    const to = selected.to - passage.length + passage.trimEnd().length;
    if (from < to) return this.#ask({ kind: "rewrite", from, to, instruction, verb });
    this.#notices.show("Select the passage to rewrite first.", "model");
  }

  async #ask({ kind, from, to = from, instruction = null, verb = null, beat = null }) {
    this.#stage.hide();
    this.#notices.clear("model");
    this.#notices.clear("waiting");
    const place = { kind, instruction, verb, beat, revision: 0, start: 0, end: 0 };
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
      this.#notices.show(FAILURES[error.code] ?? error.message, error.code === "model_not_ready" ? "waiting" : "model");
    }
    const shown = takes.find(({ key }) => key === this.#stage.shown?.take);
    if (shown && !shown.text) this.#stage.hide();
    if (shown?.copied)
      this.#notices.show(`This take has ${shown.copied} words in a row that stand in your book already.`, "model");
    await settle(this.#takes, takes);
    this.#report();
  }

  async #run(generation, takes) {
    await askedAgain(this.#document, generation, () =>
      generation.run(this.#api, this.#document.id, ROUTES[takes[0].kind], this.#request(takes)),
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
    const { from, pos, to = pos } = this.#stage.shown;
    const revision = this.#document.revision;
    const [start, end] = [codePointOffset(text, from), codePointOffset(text, to)];
    for (const take of takes) Object.assign(take, { revision, start, end });
    const { kind, instruction, verb, beat } = takes[0];
    const body = { ...this.#settings, base_revision: revision };
    // How long a continuation may be says nothing of a rewrite: the server goes by the passage.
    if (kind === "rewrite") for (const name of ["max_tokens", "stop_at"]) delete body[name];
    // A fixed seed would write the same take again.
    if (body.seed != null) body.seed += this.#takes.rivals(takes[0]).length - 1;
    if (kind === "rewrite") return { ...body, start, end, instruction: instruction || null, verb };
    if (beat) body.beat = beat;
    return kind === "fill" ? { ...body, start, end } : { ...body, cursor: start };
  }

  /** To be called after each update of the view: where nothing is shown any more, nobody waits for the model. */
  updated() {
    const { shown, rewrite } = this.#stage;
    if (shown === null) this.#generation?.stop();
    if (rewrite?.choices.length && !rewrite.choices.includes(null)) queueMicrotask(() => this.acceptRewrite());
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
    return this.#acceptPart(nextWord);
  }

  /** The next sentence of it; the rest stays in view. */
  acceptSentence() {
    return this.#acceptPart(nextSentence);
  }

  #acceptPart(part) {
    const { ghost } = this.#stage;
    if (!ghost || !rest(ghost)) return false;
    const words = part(rest(ghost));
    const next = { ...ghost, used: ghost.used + words.length };
    this.#insert(ghost, words, next.done && !rest(next) ? null : next);
    return true;
  }

  // `next`, what stays in view of the ghost, goes on behind the words.
  #insert({ from, pos, take, lead = "", tail = "" }, text, next) {
    const begin = from + lead.length;
    const to = begin + text.length;
    const left = next && { ...next, from: to, pos: to, lead: "", tail: "" };
    this.#takeOver(take, {
      changes: { from, to: pos, insert: lead + text + tail },
      selection: { anchor: to },
      effects: [tookOver.of({ take, from: begin, to }), showGhost.of(left)],
    });
  }

  // --- a rewrite, hunk by hunk ---

  /** The change that is looked at is taken (true) or left as it was (false); when all are decided, they are made. */
  decide(taken) {
    if (this.#stage.mode !== "diff") return false;
    choosing(this.#view, this.#stage.rewrite.at, taken);
    this.#sayHunk();
    return true;
  }

  /** Looks at the next change that is not decided yet (1), or the one before (-1). */
  lookOn(step) {
    const { mode, rewrite } = this.#stage;
    const next = mode === "diff" ? nextOpen(rewrite, step) : -1;
    if (next < 0) return false;
    const place = rewrite.from + rewrite.hunks[next].from;
    this.#view.dispatch({ effects: [lookAtHunk.of(next), EditorView.scrollIntoView(place, { y: "nearest", yMargin: 90 })] });
    this.#sayHunk();
    return true;
  }

  #sayHunk() {
    const { rewrite } = this.#stage;
    const hunk = rewrite?.hunks[rewrite.at];
    if (!hunk || rewrite.choices[rewrite.at] !== null) return;
    const old = this.#view.state.sliceDoc(rewrite.from + hunk.from, rewrite.from + hunk.to).trim();
    const change = old && hunk.insert.trim() ? `${old} becomes ${hunk.insert}` : old ? `${old} goes` : `new: ${hunk.insert}`;
    this.#notices.say(`Change ${rewrite.at + 1} of ${rewrite.hunks.length}: ${change}`);
  }

  /** The words that a finished rewrite would change are changed, but for those that the writer left. */
  acceptRewrite() {
    const { mode, rewrite } = this.#stage;
    if (mode !== "diff") return false;
    if (rewrite.choices.length && rewrite.choices.every((taken) => taken === false)) {
      this.#stage.hide();
      this.#notices.say("Nothing was changed");
      return true;
    }
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

  /** Shows a stored take (its id or its key) where it was written for; at the caret if the text moved on. */
  async showTake(name) {
    const take = await this.#find(name);
    const home = take && this.#stage.home(take);
    if (!take) return;
    if (take.kind !== "rewrite") this.#stage.show(take, ...this.#stage.place(take));
    else if (home) this.#stage.show(take, home.from, home.to);
    else this.#notices.show("The text has changed since this rewrite. Select the passage and ask again.", "model");
  }

  /** Puts one into the book there; a rewrite of the list is shown first, one of the cards (its key) is made at once. */
  async insertTake(name) {
    const take = await this.#find(name);
    if (!take) return;
    await this.showTake(take.key);
    if (take.kind !== "rewrite" || name === take.key) this.accept();
  }

  async #find(name) {
    if (typeof name !== "symbol") this.#stage.hide();
    const known = this.#takes.get(name) ?? this.#takes.byId(name);
    if (known) return known;
    try {
      await this.#takes.load();
    } catch (error) {
      this.#notices.show(error.message, "model");
      return null;
    }
    const take = this.#takes.byId(name);
    if (!take) this.#notices.show("That take is no longer there.", "model");
    return take ?? null;
  }
}

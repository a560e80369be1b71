/**
 * The voice check: sentences that surprise the book's memory, tinted in the text. Off until it is asked for. What was
 * found falls away where the text is edited; the rest is carried along. The page hears `templora:voice` with
 * `{state, done, total, message}`; the list of sentences is its own.
 */

import { RangeSet, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView } from "@codemirror/view";
import { carried } from "./marks.js";
import { goTo } from "./places.js";
import { utf16Spans } from "./positions.js";

const LOOK_MS = 400;

/** From so many times the book's usual spread above its usual surprise a sentence is tinted, in three steps. */
export const STEPS = [1, 2, 3];

/** `[{start, end, step, key}]` (UTF-16, step 1 to 3, key as the page names it), in order; none takes all away. */
export const setVoices = StateEffect.define();

export const voiceField = StateField.define({
  create: () => Decoration.none,
  update(marks, tr) {
    if (tr.docChanged) marks = carried(marks, tr.changes);
    for (const effect of tr.effects) if (effect.is(setVoices)) marks = tints(effect.value, tr.newDoc.length);
    return marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function tints(voices, length) {
  const inside = voices.filter(({ start, end, step }) => start < end && end <= length && step > 0);
  return RangeSet.of(
    inside.map(({ start, end, step, key }) => Decoration.mark({ class: `t-warm t-warm-${step}`, key }).range(start, end)),
    true,
  );
}

/** The steps of the sentences of a report, with the key by which the page names each. */
export function steps({ revision, sentences }) {
  return sentences.map(({ start, end, stands_out: by }, index) => ({
    ...{ start, end, key: `${revision}:${index}` },
    step: STEPS.filter((least) => by >= least).length,
  }));
}

/** `{from, to}` where the sentence with this key stands now; null where it has been edited since. */
export function voiceAt(state, key) {
  let found = null;
  state.field(voiceField, false)?.between(0, state.doc.length, (from, to, { spec }) => {
    if (spec.key === key) found = { from, to };
    return !found;
  });
  return found;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Checks one open chapter. */
export class VoiceCheck {
  #view;
  #api;
  #document;
  #turn = 0;

  constructor({ view, api, document }) {
    this.#view = view;
    this.#api = api;
    this.#document = document;
  }

  /** Saves, asks, looks how far it has come, and tints what was found. A check before is given up. */
  async run() {
    const turn = ++this.#turn;
    const current = () => turn === this.#turn;
    tell({ state: "running", done: 0, total: 0, message: "" });
    try {
      if (!(await this.#document.flush()) || this.#document.unsaved)
        throw new Error("Your last words are not saved yet. Look above the text for what to do.");
      if (!current()) return;
      let report = await this.#api.startVoice(this.#document.id, this.#document.revision);
      while (current() && report.state === "running") {
        tell(report);
        await pause(LOOK_MS);
        if (current()) report = await this.#api.voice(this.#document.id);
      }
      if (!current()) return;
      if (report.state === "done") this.#show(report);
      tell(report);
    } catch (error) {
      if (current()) tell({ state: "failed", done: 0, total: 0, message: error.message });
    }
  }

  // What was typed since the check began is a text of its own: its tints would stand beside their sentences.
  #show(report) {
    const { unsaved, revision } = this.#document;
    const behind = unsaved || revision !== report.revision;
    const text = this.#view.state.doc.toString();
    const found = behind ? [] : utf16Spans(text, steps(report));
    this.#view.dispatch({ effects: setVoices.of(found) });
    if (behind)
      Object.assign(report, { state: "cancelled", message: "You wrote on meanwhile. Check again when you pause." });
  }

  /** Gives up a check under way; what an earlier one found stays. */
  async cancel() {
    this.#turn++;
    tell({ state: "cancelled", done: 0, total: 0, message: "" });
    await this.#api.cancelVoice(this.#document.id).catch(() => {}); // it ends by itself too
  }

  /** No tints any more, and no check under way. */
  clear({ running }) {
    this.#turn++;
    if (this.#view.state.field(voiceField, false)?.size) this.#view.dispatch({ effects: setVoices.of([]) });
    if (running) this.#api.cancelVoice(this.#document.id).catch(() => {});
  }

  /** Selects the sentence with this key; false where it has been edited since. */
  go(key) {
    const place = voiceAt(this.#view.state, key);
    if (place) goTo(this.#view, place);
    return Boolean(place);
  }

  close() {
    this.#turn++;
  }
}

function tell({ state, done, total, message }) {
  window.dispatchEvent(new CustomEvent("templora:voice", { detail: { state, done, total, message } }));
}

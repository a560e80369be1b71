/** The editor: one view, one open chapter at a time, and the verbs that the page's buttons and the keys share. */

import { EditorView } from "@codemirror/view";
import { StyleModule } from "style-mod";
import { createApi } from "./api.js";
import { followPassages, passageAt } from "./band.js";
import { rememberCaret, rememberedCaret } from "./caret.js";
import { Comments } from "./comments.js";
import { Compare } from "./compare.js";
import { ConflictBanner } from "./conflict.js";
import { ChapterDocument } from "./document.js";
import { Drafts, reconcile } from "./drafts.js";
import { gapAt } from "./gaps.js";
import { Finder } from "./hits.js";
import { keys } from "./keys.js";
import { Notices, element } from "./notices.js";
import { goTo, placeOf } from "./places.js";
import { plainLines, utf16Spans } from "./positions.js";
import { tookOver } from "./provenance.js";
import { sceneStart, scenesOf } from "./scenes.js";
import { chapterState, closedState } from "./setup.js";
import { Stage } from "./stage.js";
import { Takes } from "./takes.js";
import { surroundings } from "./theme.js";
import { exclude, place, replaceInBook, restoreRevision, selected } from "./verbs.js";
import { VoiceCheck } from "./voice.js";
import { countWords, wordCount } from "./words.js";
import { Writing } from "./writing.js";

const REPORT_MS = 30;

/** The verbs of `Writing` that keys and buttons call. */
const WRITING = [
  ...["continue", "another", "accept", "acceptWord", "acceptSentence", "dismiss", "beat", "fill"],
  ...["rewrite", "decide", "lookOn", "acceptRewrite", "rejectRewrite", "insertTake", "showTake"],
];

export class Editor {
  #api;
  #view;
  #host;
  #drafts = new Drafts();
  #notices = new Notices(() => this.#report());
  #banner = new ConflictBanner((choice) => this.#open.document.resolve(choice));
  #settings = {};
  #language = "";
  #open = null; // {document, takes, stage, writing} of the chapter that is open
  #visited = new Map(); // chapter → {state, takes, revision}: undo survives a look at another chapter
  #voiceOn = false;
  #opening = 0;
  #reportTimer = null;
  #life = new AbortController();

  /** Mounts into `parent`. `base` is the URL that the routes (`api/…`) are relative to. */
  constructor(parent, base) {
    for (const verb of WRITING) this[verb] = (...given) => this.#focused(({ writing }) => writing[verb](...given));
    StyleModule.mount(document, surroundings);
    this.#api = createApi(base);
    this.#host = element("div", "templora", this.#banner.dom, element("div", "t-notes", ...this.#notices.dom));
    this.#view = new EditorView({ state: closedState(), parent: this.#host });
    parent.replaceChildren(this.#host);
    const signal = this.#life.signal;
    document.addEventListener("visibilitychange", () => this.#hidden(), { signal });
    window.addEventListener("pagehide", () => this.#leave(), { signal });
    window.addEventListener("online", () => this.#open?.document.flush(), { signal });
    this.#report();
  }

  // --- chapters ---

  /**
   * Opens a chapter, saving the one before; null leaves none open. For the one that is open it looks whether the
   * server has a newer text.
   */
  async open(id) {
    const turn = ++this.#opening;
    if (id === null) return this.#close();
    if (this.#open?.document.id === id) {
      const { document: opened } = this.#open;
      if (!opened.closing) {
        if (await opened.flush()) await opened.catchUp().catch(() => false);
        return;
      }
      await this.#close(); // its last words are read again with the rest
    }
    let chapter;
    try {
      chapter = await this.#api.chapter(id);
    } catch (error) {
      if (turn === this.#opening) this.#notices.show(`The chapter could not be opened. ${error.message}`, "open");
      return;
    }
    if (turn !== this.#opening) return; // the one that is open was asked for again
    await this.#close();
    const draft = await this.#draft(chapter);
    if (turn !== this.#opening) return;
    this.#show(chapter, draft);
    await this.#restore(chapter, draft);
    this.#open?.voice[this.#voiceOn ? "run" : "clear"]({ running: false });
    this.#report();
  }

  // The words that an earlier page could not save, if the server lacks them.
  async #draft(chapter) {
    const left = await this.#drafts.left(chapter.id);
    const needed = left.filter(({ draft }) => reconcile(draft, chapter) !== "same");
    for (const entry of left.filter((other) => !needed.includes(other))) await this.#drafts.discard(entry);
    if (needed.length) await this.#drafts.adopt(chapter.id, needed[0]);
    return needed[0]?.draft ?? null;
  }

  #show(chapter, draft) {
    const { id, title, revision } = chapter;
    this.#language = chapter.language ?? "";
    const text = plainLines(draft?.text ?? chapter.text);
    const visited = this.#visited.get(id);
    const again = !draft && visited?.revision === revision ? visited : null;
    const known = rememberedCaret(id);
    const caret = known ?? text.length;
    const fresh = () =>
      chapterState({
        ...{ text, title, caret, keys: keys(this), language: () => this.#language },
        listener: (update) => this.#updated(update),
      });
    this.#view.setState(again?.state ?? fresh());
    const parts = { view: this.#view, api: this.#api, notices: this.#notices };
    const takes = again?.takes ?? new Takes(this.#api, id);
    const report = (what, message) => this.#heard(what, message);
    const opened = new ChapterDocument({ ...parts, drafts: this.#drafts, takes, chapter, sent: draft?.sent, report });
    const stage = new Stage({ ...parts, document: opened, takes });
    const settings = this.#settings;
    const writing = new Writing({ ...parts, document: opened, takes, stage, settings, report: () => this.#report() });
    const band = followPassages({ ...parts, document: opened });
    const compare = new Compare({ ...parts, document: opened, takes, settings });
    const voice = new VoiceCheck({ ...parts, document: opened });
    this.#open = { view: this.#view, document: opened, takes, stage, writing, band, compare, voice };
    this.#open.comments = new Comments({ ...parts, document: opened });
    this.#open.finder = new Finder({ ...parts, document: opened });
    band.refresh();
    this.#open.comments.refresh();
    // A chapter seen for the first time shows its beginning; the caret waits at its end.
    const [place, yMargin] = known === undefined ? [0, 400] : [this.#view.state.selection.main.head, 5];
    this.#view.dispatch({ effects: EditorView.scrollIntoView(place, { y: "nearest", yMargin }) });
  }

  async #restore(chapter, draft) {
    const { document: opened, takes } = this.#open;
    if (draft && reconcile(draft, chapter) === "conflict") opened.disagree(chapter);
    // Without the list of takes one can write all the same; paging then begins with the takes of this page.
    await takes.load().catch(() => {});
    if (!draft || opened !== this.#open?.document) return;
    const spans = draft.spans.map(({ id, ...span }) => ({ ...span, take: takes.byId(id)?.key }));
    const effects = spans.filter(({ take }) => take).map((span) => tookOver.of(span));
    if (this.#view.state.doc.toString() === plainLines(draft.text)) this.#view.dispatch({ effects });
    if (opened.conflict || !(await opened.flush())) return;
    this.#notices.show(
      "Words that had not reached the server were restored from this browser, and are saved now.",
      "open",
    );
  }

  async #close() {
    if (!this.#open) return;
    const { document: opened, stage, takes, band, compare, voice, comments, finder } = this.#open;
    voice.close();
    stage.hide();
    compare.stop();
    await opened.close();
    if (this.#open?.document !== opened) return; // closed by another call meanwhile
    band.close();
    comments.close();
    finder.close();
    this.#banner.hide();
    if (opened.unsaved || opened.conflict) this.#visited.delete(opened.id);
    else this.#visited.set(opened.id, { state: this.#view.state, takes, revision: opened.revision });
    this.#keepCaret();
    this.#open = null;
    this.#view.setState(closedState());
    this.#notices.clear();
    this.#report();
  }

  #keepCaret() {
    if (this.#open) rememberCaret(this.#open.document.id, this.#view.state.selection.main.head);
  }

  // --- verbs, shared by keys and buttons ---

  previousTake = () => this.#open?.stage.turn(-1) ?? false;
  nextTake = () => this.#open?.stage.turn(1) ?? false;

  /** The same continuation with the memory and without: see `compare.js` for what the page hears. */
  compare = () => {
    this.#open?.stage.hide();
    return this.#open?.compare.run();
  };

  stopCompare = () => this.#open?.compare.stop();

  /** One side of the comparison (0: with, 1: without) goes into the book. */
  useCompared = async (side) => {
    const id = await this.#open?.compare.choose(side);
    if (id) return this.insertTake(id);
    this.#notices.show("There is nothing of it to use yet.", "model");
  };

  // --- verbs on the chapter as it is saved ---

  restoreRevision = (number, chapter) => this.#asked((open) => restoreRevision(open, this.#api, number, chapter));
  exclude = (excluded) => this.#asked((open) => exclude(open, this.#api, excluded));
  place = () => this.#asked((open) => place(open));
  selected = () => this.#asked((open) => selected(open));

  /** Replaces what was found in a book, in the open chapter as one step that can be undone: `{problem, done}`. */
  replaceInBook = (project, query) =>
    this.#asked((open) => replaceInBook(open, (revisions) => this.#api.replace(project, { ...query, revisions }), query));

  undoReplacement = (project, id) =>
    this.#asked((open) => replaceInBook(open, () => this.#api.undoReplacement(project, id), null));

  // --- finding in the open chapter: see `hits.js` ---

  find = async (query) => this.#open?.finder.find(query, this.#open.document.project) ?? null;
  findStep = (step) => this.#open?.finder.step(step);
  replaceHit = () => this.#open?.finder.replace();
  closeFind = () => this.#open?.finder.close();

  /** The comments of the chapter have changed. */
  commentsChanged = () => this.#open?.comments.refresh();

  /** The language that the browser checks spelling by, as a tag; '' is the browser's own. */
  setLanguage = (tag) => {
    this.#language = tag;
    this.#view.dispatch({});
  };

  /** Selects `[start, end)` of the saved text (code points) and brings it into view. */
  showPlace = (start, end) => {
    if (!this.#open) return;
    const [span] = utf16Spans(this.#view.state.doc.toString(), [{ start, end }]);
    goTo(this.#view, { from: span.start, to: span.end });
  };

  async #asked(verb) {
    if (!this.#open) return { problem: "No chapter is open." };
    this.#open.stage.hide();
    const { document: opened } = this.#open;
    const answer = await verb(this.#open).catch(async (error) => {
      if (error.status === 409) await opened.catchUp().catch(() => false); // changed elsewhere: the writer looks first
      return { problem: error.message };
    });
    this.#open?.band.refresh({ now: true });
    this.#report();
    return answer;
  }

  /** Saves now, and says so. */
  save = async () => {
    const saved = await this.flush();
    if (saved) this.#notices.say("Saved");
    return saved;
  };

  /** Saves now. Resolves to true when the server has everything. */
  flush = async () => (this.#open ? this.#open.document.flush() : true);

  focus = () => this.#view.focus();

  /** Puts the caret before the first words from `position` (UTF-16) on, and them at the top of the page. */
  goTo = (position) => {
    if (!this.#open) return;
    const head = sceneStart(this.#view.state.doc, Math.min(position, this.#view.state.doc.length));
    const effects = EditorView.scrollIntoView(head, { y: "start", yMargin: 60 });
    this.#view.dispatch({ selection: { anchor: head }, effects, userEvent: "select" });
  };

  /** The voice check of the open chapter and of those opened from now on; see `voice.js` for what the page hears. */
  voice = (on) => {
    this.#voiceOn = on;
    if (on) return this.#open?.voice.run();
    this.#open?.voice.clear({ running: true });
  };

  cancelVoice = () => this.#open?.voice.cancel();

  /** Goes to a sentence of the voice check, as the list names it. */
  showVoice = (key) => {
    if (this.#open && !this.#open.voice.go(key))
      this.#notices.show("This sentence was changed since it was checked. Check again.", "open");
  };

  /** Selects `words` of the open chapter, which stood at `start` to `end` (code points) of its saved text. */
  goToWords = ({ chapter, start, end, words }) => {
    if (this.#open?.document.id !== chapter) return false;
    const place = placeOf(this.#view.state.doc.toString(), { start, end, words });
    if (place) goTo(this.#view, place);
    else this.#notices.show("These words are no longer there. Look again for what the book repeats.", "open");
    return true;
  };

  /** What the book's memory knows has changed: the margin band follows in its own time. */
  memoryMoved = () => this.#open?.band.refresh();

  /** The model can be asked: whoever was told to wait for it need not be told any more. */
  modelReady = () => this.#notices.clear("waiting");

  /** Sampling settings (`temperature`, `max_tokens`, …) for the requests from now on; null takes one back. */
  settings = (changes) => {
    Object.assign(this.#settings, changes);
    for (const name of Object.keys(this.#settings)) if (this.#settings[name] === null) delete this.#settings[name];
  };

  // Back to writing after a button; where fingers type, that would push the keyboard up.
  #focused(act) {
    if (!this.#open) return false;
    if (!this.#view.hasFocus && matchMedia("(pointer: fine)").matches) this.#view.focus();
    return act(this.#open);
  }

  // --- what the page hears ---

  /** What `templora:state` carries. Times in ms since 1970; `index` is that of the take shown, from 0 (-1: none). */
  state = () => {
    const { state } = this.#view;
    const { document: opened, stage } = this.#open ?? {};
    const { from, to } = state.selection.main;
    return {
      chapter: opened?.id ?? null,
      saving: opened?.saving ?? false,
      unsaved: opened?.unsaved ?? false,
      savedAt: opened?.savedAt ?? null,
      mode: stage?.mode ?? "idle",
      ...(stage?.page ?? { index: -1, count: 0 }),
      ...scenesOf(state),
      words: state.field(wordCount, false) ?? 0,
      selectionWords: countWords(state.sliceDoc(from, to)),
      conflict: Boolean(opened?.conflict),
      error: this.#notices.message,
      passage: passageAt(state, from, to),
      gap: stage !== undefined && gapAt(state) !== null,
    };
  };

  #report() {
    this.#reportTimer ??= setTimeout(() => {
      this.#reportTimer = null;
      const detail = this.state();
      window.dispatchEvent(new CustomEvent("templora:state", { detail }));
      window.dispatchEvent(new CustomEvent("templora:takes", { detail: this.#open?.stage.cards ?? [] }));
    }, REPORT_MS);
  }

  #updated(update) {
    if (!this.#open) return;
    if (update.docChanged) this.#open.document.changed();
    this.#open.writing.updated();
    this.#report();
  }

  #heard(what, message) {
    const { document: opened } = this.#open ?? {};
    if (what === "failed") this.#notices.show(message, "save");
    else if (what === "saved") this.#saved();
    else if (what === "conflict") this.#disagreement(opened);
    else if (what === "resolved") this.#banner.hide();
    this.#report();
  }

  #saved() {
    this.#notices.clear("save");
    this.#open?.band.refresh();
    this.#open?.comments.saved();
  }

  #disagreement(opened) {
    if (this.#banner.dom.hidden) this.#notices.say("This chapter was changed elsewhere. Choose which version to keep.");
    this.#banner.show(this.#view.state.doc.toString(), opened.conflict.text);
  }

  #hidden() {
    if (!this.#open) return;
    if (document.visibilityState !== "hidden") {
      this.#open.band.seen();
      this.#open.comments.seen();
      return;
    }
    this.#open.document.mirror();
    this.#open.document.flush();
  }

  #leave() {
    this.#keepCaret();
    this.#open?.document.leave();
  }

  /** Takes the editor off the page; what is unsaved is saved, or stays in the draft. */
  async destroy() {
    this.#life.abort();
    await this.#close();
    this.#view.destroy();
  }
}

/**
 * Comments in the margin: the passages they are about, carried through edits, and beside them, where there is room,
 * what they say. They are no part of the text.
 */

import { RangeSet, RangeValue, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin } from "@codemirror/view";
import { element } from "./notices.js";
import { codePointOffset, utf16Spans } from "./positions.js";

/** The chapter's open comments as the server has them, `[{id, kind, body, start, end}]` (UTF-16). */
export const setComments = StateEffect.define();

/** Room that a note needs beside the text, in px. */
const ROOM = 150;
const WIDEST = 210;

class Commented extends RangeValue {
  constructor(comment) {
    super();
    this.comment = comment;
  }

  eq(other) {
    return other.comment === this.comment;
  }
}

export const commentsField = StateField.define({
  create: () => RangeSet.empty,
  update(comments, tr) {
    if (tr.docChanged) comments = comments.map(tr.changes);
    for (const effect of tr.effects) {
      if (!effect.is(setComments)) continue;
      const inside = effect.value.filter(({ start, end }) => start < end && end <= tr.newDoc.length);
      comments = RangeSet.of(inside.map((comment) => new Commented(comment).range(comment.start, comment.end)), true);
    }
    return comments;
  },
  provide: (field) =>
    EditorView.decorations.from(field, (comments) =>
      Decoration.set(
        placed(comments).map(({ id, kind, from, to }) =>
          Decoration.mark({ class: `t-comment t-comment-${kind}`, attributes: { "data-comment": id } }).range(from, to),
        ),
      ),
    ),
});

/** `[{id, kind, body, from, to}]` in order of the text; what an edit left no letter of is not there. */
export function placed(comments) {
  const list = [];
  for (const cursor = comments.iter(); cursor.value; cursor.next()) {
    if (cursor.from < cursor.to) list.push({ ...cursor.value.comment, from: cursor.from, to: cursor.to });
  }
  return list;
}

/** Where they stand, in code points: what a save tells the server. */
export function anchorsOf(state, text) {
  return placed(state.field(commentsField, false) ?? RangeSet.empty).map(({ id, from, to }) => {
    return { id, start: codePointOffset(text, from), end: codePointOffset(text, to) };
  });
}

class Margin {
  #view;
  #notes = new Map(); // id → its element

  constructor(view) {
    this.#view = view;
    this.dom = element("div", "t-margin");
    view.dom.append(this.dom);
    this.#draw();
  }

  update(update) {
    const changed = update.startState.field(commentsField) !== update.state.field(commentsField);
    if (changed) this.#draw();
    if (changed || update.geometryChanged || update.docChanged) this.#place();
  }

  #draw() {
    const list = placed(this.#view.state.field(commentsField));
    const notes = new Map();
    for (const { id, kind, body } of list) {
      const note = this.#notes.get(id) ?? this.#note(id);
      note.className = `t-note-card t-note-${kind}`;
      const words = `${kind === "todo" ? "To do: " : ""}${body}`;
      if (note.textContent !== words) note.textContent = words;
      note.title = words;
      notes.set(id, note);
    }
    this.#notes = notes;
    this.dom.replaceChildren(...notes.values());
    this.#place();
  }

  #note(id) {
    const note = element("button", "t-note-card");
    note.type = "button";
    note.addEventListener("click", () => window.dispatchEvent(new CustomEvent("templora:comment", { detail: { id } })));
    return note;
  }

  #place() {
    this.#view.requestMeasure({
      key: this,
      read: (view) => {
        const page = (document.getElementById("page") ?? document.documentElement).getBoundingClientRect();
        const text = view.dom.getBoundingClientRect();
        const room = Math.min(WIDEST, page.right - text.right - 16);
        const tops = placed(view.state.field(commentsField)).map(({ id, from }) => ({
          id,
          top: view.lineBlockAt(from).top + view.documentPadding.top,
          height: this.#notes.get(id)?.offsetHeight ?? 0,
        }));
        return { room, tops };
      },
      write: ({ room, tops }) => {
        const wide = room >= ROOM;
        this.dom.classList.toggle("t-narrow", !wide);
        this.dom.style.width = wide ? `${room}px` : "";
        let free = 0;
        for (const { id, top, height } of tops) {
          const note = this.#notes.get(id);
          if (!note) continue;
          const at = Math.max(top, free);
          note.style.top = `${at}px`;
          free = at + (wide ? height || 40 : 22) + 6;
        }
      },
    });
  }

  destroy() {
    this.dom.remove();
  }
}

export const comments = [commentsField, ViewPlugin.fromClass(Margin)];

/** Keeps the comments of one open chapter up to date. */
export class Comments {
  #view;
  #api;
  #document;
  #closed = false;
  #known = 0;

  constructor({ view, api, document }) {
    this.#view = view;
    this.#api = api;
    this.#document = document;
  }

  /** Reads them again. Without them one can write all the same. */
  async refresh() {
    if (this.#closed || this.#document.unsaved) return;
    const { doc } = this.#view.state;
    const found = await this.#api.comments(this.#document.id).catch(() => null);
    if (found === null || this.#closed || this.#view.state.doc !== doc) return;
    this.#known = found.length;
    const open = found.filter(({ start, resolved_at: resolved }) => start !== null && resolved === null);
    this.#view.dispatch({ effects: setComments.of(utf16Spans(doc.toString(), open)) });
  }

  /** A save may have found a lost passage again, or lost one. */
  saved() {
    if (this.#known) return this.refresh();
  }

  close() {
    this.#closed = true;
  }
}

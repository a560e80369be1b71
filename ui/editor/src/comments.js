/**
 * Comments in the margin: the passages they are about, carried through edits, and beside them, where there is room,
 * what they say. They are no part of the text.
 */

import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin } from "@codemirror/view";
import { Follow } from "./follow.js";
import { element } from "./notices.js";
import { codePointSpans, utf16Spans } from "./positions.js";

/** The chapter's open comments as the server has them, `[{id, kind, body, start, end}]` (UTF-16). */
export const setComments = StateEffect.define();

/** Room that a note needs beside the text, in px. */
const ROOM = 150;
const WIDEST = 210;

const marked = (comment) =>
  Decoration.mark({ class: `t-comment t-comment-${comment.kind}`, attributes: { "data-comment": comment.id }, comment });

const told = (effect) => effect.is(setComments);

export const commentsField = StateField.define({
  create: () => Decoration.none,
  update(comments, tr) {
    if (tr.docChanged) comments = comments.map(tr.changes);
    for (const { value } of tr.effects.filter(told)) {
      const inside = value.filter(({ start, end }) => start < end && end <= tr.newDoc.length);
      comments = Decoration.set(inside.map((comment) => marked(comment).range(comment.start, comment.end)), true);
    }
    return comments;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** `[{id, kind, body, from, to}]` in order of the text; what an edit left no letter of is not there. */
export function placed(comments) {
  const list = [];
  for (const cursor = comments.iter(); cursor.value; cursor.next())
    list.push({ ...cursor.value.spec.comment, from: cursor.from, to: cursor.to });
  return list;
}

/** Where they stand, in code points: what a save tells the server. */
export function anchorsOf(state, text) {
  const list = placed(state.field(commentsField, false) ?? Decoration.none);
  const spans = list.map(({ id, from, to }) => ({ id, start: from, end: to }));
  return codePointSpans(text, spans);
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

  // A key alone draws nothing here, and moves nothing unless a line has come or gone.
  update(update) {
    const fewer = update.startState.field(commentsField).size !== update.state.field(commentsField).size;
    if (fewer || update.transactions.some(({ effects }) => effects.some(told))) this.#draw();
    else if (update.heightChanged || (update.geometryChanged && !update.docChanged)) this.#place();
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
  #follow;
  #known = 0;

  constructor({ view, api, document }) {
    const ask = () => api.comments(document.id);
    const show = (found, text) => {
      this.#known = found.length;
      const open = found.filter(({ start, resolved_at: resolved }) => start !== null && resolved === null);
      view.dispatch({ effects: setComments.of(utf16Spans(text, open)) });
    };
    this.#follow = new Follow({ view, document, ask, show });
  }

  /** They have changed, or are to be shown for the first time. */
  refresh() {
    this.#follow.refresh({ now: true });
  }

  /** A save may have found a lost passage again, or lost one; and what could not be shown before it can be now. */
  saved() {
    if (this.#known || this.#follow.behind) this.#follow.refresh();
  }

  seen() {
    this.#follow.seen();
  }

  close() {
    this.#follow.close();
  }
}

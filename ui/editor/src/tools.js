/** What the page does for the writer's tools: the bar for finding, marks in lists, words written, comments. */

import { type } from "./fields.js";
import { countText, progressLine } from "./progress.js";

const $ = (id) => document.getElementById(id);
const editor = () => window.templora;

/** Between these a list's label has what was found: invisible signs, which the prose shown there has not. */
const OPENING = "\u2068";
const CLOSING = "\u2069";

// --- the bar ---

let query = { find: "", replacement: "", case: false, word: false, regex: false };

function told(answer) {
  if (!answer) return;
  const line = $("find-count");
  if (line) line.textContent = query.find || answer.problem ? countText(answer) : "";
  $("find-bar")?.classList.toggle("nothing", Boolean(answer.problem));
}

async function find(...values) {
  const [find, replacement, cased, word, regex] = values;
  query = { find, replacement, case: cased, word, regex };
  told(await editor().find(query));
}

function open() {
  if (document.body.dataset.chapter !== "open") return;
  document.body.dataset.find = "open";
  const field = document.querySelector("#find-what :is(input, textarea)");
  const picked = String(getSelection());
  if (picked && picked.length < 100 && !picked.includes("\n") && picked !== query.find) type(field, picked);
  else if (query.find) find(query.find, query.replacement, query.case, query.word, query.regex);
  field.focus();
  field.select();
}

function close() {
  delete document.body.dataset.find;
  editor().closeFind();
  editor().focus();
}

function barKeys(event) {
  if (!event.target.closest?.("#find-bar") || event.isComposing) return;
  if (event.key === "Escape") close();
  else if (event.key === "Enter" && event.target.closest("#find-what")) told(editor().findStep(event.shiftKey ? -1 : 1));
  else if (event.key === "Enter" && event.target.closest("#find-instead")) told(editor().replaceHit());
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** All hits of the chapter, as one step. The last words are among them. */
async function replaceAll(project, chapter) {
  if (!(await editor().flush())) return told({ problem: "Your last words are not saved yet.", count: 0, at: -1 });
  const [found] = await ask(`api/projects/${project}/find`, "POST", { ...query, chapter }).catch(() => []);
  if (!found) return told({ problem: "", count: 0, at: -1 });
  const revisions = { [chapter]: found.revision };
  const { problem } = await editor().replaceInBook(project, { ...query, revisions });
  const line = $("find-count");
  if (line) line.textContent = problem || `${found.places.length.toLocaleString("en")} replaced; undo takes it back`;
}

async function ask(path, method, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(new URL(path, document.baseURI), { method, headers, body: body && JSON.stringify(body) });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  throw new Error((await answer.json().catch(() => null))?.error?.message ?? `The server answered ${answer.status}.`);
}

// --- the whole book ---

/** Replaces in the book; what to say of it, as JSON `{problem, id, places, chapters}`. */
async function replaceInBook(project, wanted) {
  if (!wanted) return JSON.stringify({ problem: "Look for something first." });
  const { problem, done } = await editor().replaceInBook(project, JSON.parse(wanted));
  return JSON.stringify({ problem, ...done });
}

async function undoReplacement(project, id) {
  const { problem, done } = await editor().undoReplacement(project, id);
  return JSON.stringify({ problem, back: done });
}

/** Waits until a chapter is open, then shows a place in it (code points); -1 is none. */
function showPlace(chapter, start, end, tries = 200) {
  if (!chapter) return;
  if (editor().state().chapter === chapter) {
    if (start >= 0) editor().showPlace(start, end);
    window.desk.toggle(null);
    editor().focus();
  } else if (tries) setTimeout(() => showPlace(chapter, start, end, tries - 1), 50);
}

// --- marks in the labels of lists ---

function paint() {
  if (!window.CSS?.highlights) return;
  const kinds = { "t-found": [], "t-gone": [], "t-come": [] };
  for (const label of document.querySelectorAll("#found-list label span, #replace-places label span")) {
    const replacing = label.closest("#replace-places");
    for (const node of label.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE) continue;
      let at = node.data.indexOf(OPENING);
      for (let count = 0; at >= 0; count++, at = node.data.indexOf(OPENING, at + 1)) {
        const end = node.data.indexOf(CLOSING, at);
        if (end < 0) break;
        const range = new Range();
        range.setStart(node, at + 1);
        range.setEnd(node, end);
        kinds[replacing ? (count % 2 ? "t-come" : "t-gone") : "t-found"].push(range);
      }
    }
  }
  for (const [name, ranges] of Object.entries(kinds)) CSS.highlights.set(name, new Highlight(...ranges));
}

let painting = null;
function changed() {
  painting ??= requestAnimationFrame(() => {
    painting = null;
    paint();
  });
}

// --- words written: asked for after a save, never while one types ---

let savedAt = null;
let asked = "";

async function progress(book) {
  if (!book) return;
  const now = await ask(`api/projects/${book}/progress`, "GET").catch(() => null);
  const line = $("written-line");
  if (now && line) line.textContent = progressLine(now);
}

function heard({ detail }) {
  const book = new URLSearchParams(location.search).get("book") ?? "";
  if (!detail.chapter || (detail.savedAt === savedAt && book === asked)) return;
  savedAt = detail.savedAt;
  asked = book;
  progress(book);
}

const into = (tab, field) => {
  document.activeElement?.blur(); // what is typed before the field is there must not go into the text
  window.desk.reveal(tab);
  const look = (tries) => {
    if (!tries) return editor().focus();
    const node = document.querySelector(`#${field} :is(input, textarea)`);
    if (node?.offsetParent) node.focus();
    else setTimeout(() => look(tries - 1), 50);
  };
  look(40);
};

export function startTools() {
  Object.assign(window.desk, {
    find, openFind: open, closeFind: close, replaceAll, replaceInBook, undoReplacement, showPlace, progress,
    openSearch: () => into("Search", "search-query"),
    openComment: () => into("Comments", "comment-body"),
    openReplace: () => (document.body.dataset.find ? $("find-book").click() : window.desk.show("replace-dialog")),
    findStep: (step) => told(editor().findStep(step)),
    replaceHit: () => told(editor().replaceHit()),
    query: () => [query.find, query.replacement, query.case, query.word, query.regex],
    selected: async () => JSON.stringify(await editor().selected()),
  });
  document.addEventListener("keydown", barKeys, true);
  window.addEventListener("templora:state", heard);
  window.addEventListener("templora:comment", ({ detail }) => {
    window.desk.reveal("Comments");
    const field = document.querySelector("#comment-chosen :is(input, textarea)");
    if (field) type(field, detail.id);
  });
  const look = () => {
    const lists = ["side", "replace-dialog"].map($);
    if (lists.includes(null)) return setTimeout(look, 100);
    for (const list of lists) new MutationObserver(changed).observe(list, { childList: true, subtree: true });
  };
  look();
}

/**
 * The takes for one place side by side, as cards beside the text. The page has so many slots (`take-card-0` …); what
 * they hold is set as text, never as markup. Buttons in them call `show` and `use` with the number of their slot.
 */

import { countWords } from "./words.js";

const SLOTS = 5;

const VERBS = {
  ...{ continue: "Continued", beat: "From a beat", fill: "Filled in", rewrite: "Rewritten", expand: "Expanded" },
  ...{ shorten: "Shortened", describe: "Described", past: "In the past tense", present: "In the present tense" },
  ...{ first: "In the first person", third: "In the third person" },
};

/** What a take was asked for, in a word or the writer's own. */
export function askedFor({ kind, verb, beat, instruction }) {
  if (beat) return `${VERBS[kind]}: ${beat}`;
  return instruction ? `Rewritten: ${instruction}` : VERBS[(kind === "rewrite" && verb) || kind];
}

/** The takes that have a slot, `{first, takes}`: five at a time, those around the one shown, else the newest. */
export function dealt(takes) {
  const shown = takes.findIndex((take) => take.shown);
  const first = Math.floor((shown < 0 ? takes.length - 1 : shown) / SLOTS) * SLOTS;
  return { first: Math.max(0, first), takes: takes.slice(Math.max(0, first), first + SLOTS) };
}

const $ = (id) => document.getElementById(id);
const write = (id, words) => {
  const node = $(id);
  if (node && node.textContent !== words) node.textContent = words;
};

let keys = [];

function show(takes) {
  if (!$("takes-cards")) return;
  const { first, takes: seen } = dealt(takes);
  keys = seen.map(({ key }) => key);
  document.body.dataset.cards = seen.length ? "some" : "none";
  const what = takes.length ? askedFor(takes.find((take) => take.shown) ?? takes.at(-1)) : "";
  write("takes-what", takes.length > SLOTS ? `${what} · ${first + 1} to ${first + seen.length} of ${takes.length}` : what);
  for (let slot = 0; slot < SLOTS; slot++) fill(slot, seen[slot], first + slot + 1);
}

function fill(slot, take, number) {
  const card = $(`take-card-${slot}`);
  if (!card) return;
  card.dataset.take = take ? (take.done ? "done" : take.text ? "writing" : "waiting") : "none";
  card.dataset.shown = String(Boolean(take?.shown));
  if (!take) return;
  const words = countWords(take.text);
  const length = words ? ` · ${words} ${words === 1 ? "word" : "words"}` : "";
  write(`take-about-${slot}`, `${number}${length}${take.accepted ? " · in the book" : take.shown ? " · in the text" : ""}`);
  write(`take-text-${slot}`, take.text.trim() || (take.done ? "" : "…"));
}

/** To be called once. */
export function startCards() {
  window.addEventListener("templora:takes", ({ detail }) => show(detail));
  window.desk.showCard = (slot) => window.templora.showTake(keys[slot]);
  window.desk.useCard = (slot) => window.templora.insertTake(keys[slot]);
}

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

/** The takes that have a slot, `{first, takes}`: five at a time from the newest back, those around the one shown. */
export function dealt(takes) {
  const shown = takes.findIndex((take) => take.shown);
  const behind = shown < 0 ? 0 : Math.floor((takes.length - 1 - shown) / SLOTS) * SLOTS;
  const end = takes.length - behind;
  return { first: Math.max(0, end - SLOTS), takes: takes.slice(Math.max(0, end - SLOTS), end) };
}

/** Were they not all asked for the same? Then each says what it was asked for. */
export const mixed = (takes) => new Set(takes.map(askedFor)).size > 1;

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
  const various = mixed(seen);
  const what = seen.length ? (various ? "Takes for one place" : askedFor(seen[0])) : "";
  write("takes-what", takes.length > SLOTS ? `${what} · ${first + 1} to ${first + seen.length} of ${takes.length}` : what);
  for (let slot = 0; slot < SLOTS; slot++) fill(slot, seen[slot], first + slot + 1, various);
}

function fill(slot, take, number, various) {
  const card = $(`take-card-${slot}`);
  if (!card) return;
  card.dataset.take = take ? (take.done ? "done" : take.text ? "writing" : "waiting") : "none";
  card.dataset.shown = String(Boolean(take?.shown));
  if (!take) return;
  const words = countWords(take.text);
  const about = [
    number,
    various && askedFor(take),
    words && `${words} ${words === 1 ? "word" : "words"}`,
    take.accepted ? "in the book" : take.shown && "shown",
  ];
  write(`take-about-${slot}`, about.filter(Boolean).join(" · "));
  write(`take-text-${slot}`, take.text.trim() || (take.done ? "" : "…"));
}

/** To be called once. */
export function startCards() {
  window.addEventListener("templora:takes", ({ detail }) => show(detail));
  window.desk.showCard = (slot) => window.templora.showTake(keys[slot]);
  window.desk.useCard = (slot) => window.templora.insertTake(keys[slot]);
}

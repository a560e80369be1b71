/**
 * The palette of all actions, the list of shortcuts, and the shortcuts themselves, all made from `actions.js`. The two
 * dialogs are Gradio's (`ui/palette_parts.py`); what they list is filled in here, always as text.
 */

import { ACTIONS, listed, means, obstacle, shown } from "./actions.js";
import { element } from "./notices.js";

const RECENT = "templora-recent";
const RECENT_MOST = 8;
/** How long a button that a tab brings is waited for, in ms. */
const PATIENCE_MS = 3000;

const mac = /Mac|iP(hone|ad)/.test(globalThis.navigator?.platform ?? "");
const find = (id) => document.getElementById(id);
const now = () => ({
  state: window.templora.state(),
  book: document.body.dataset.book === "open",
  tab: document.querySelector("#side-tabs [role=tab][aria-selected=true]")?.textContent.trim(),
});

function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT)) ?? [];
  } catch {
    return [];
  }
}

function remember(id) {
  try {
    localStorage.setItem(RECENT, JSON.stringify([id, ...recent().filter((other) => other !== id)].slice(0, RECENT_MOST)));
  } catch {
    // a private window: nothing is first
  }
}

/** Does the action: shows where its button stands, waits for the button if a tab brings it, presses it. */
export async function perform(action) {
  if (action.at) window.desk.reveal(action.at);
  if (action.run) return action.run();
  if (!action.press) return;
  const end = Date.now() + PATIENCE_MS;
  let opened = false;
  while (!find(action.press) && Date.now() < end) {
    const lid = !opened && action.within && document.querySelector(`#${action.within} button`);
    if (lid) lid.click();
    opened ||= Boolean(lid);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  find(action.press)?.click();
}

/** A key that means an action, anywhere on the desk. Not where a dialog stands before it, nor what was heard already. */
function pressed(event) {
  if (event.defaultPrevented || event.isComposing) return;
  const action = ACTIONS.find(({ keys, editor }) => keys && !editor && means(event, keys, mac));
  if (!action || find("desk")?.inert) return;
  const field = event.target.closest?.("input, textarea, [contenteditable=true]");
  if (field && !event.ctrlKey && !event.metaKey && !event.altKey) return; // it is typed
  event.preventDefault();
  if (obstacle(action, now(), find) === "") perform(action);
}

class Palette {
  #rows = [];
  #at = 0;

  get #input() {
    return document.querySelector("#palette-query :is(input, textarea)");
  }

  open() {
    const input = this.#input;
    for (const [name, value] of [
      ["role", "combobox"],
      ["aria-expanded", "true"],
      ["aria-controls", "palette-list"],
      ["aria-autocomplete", "list"],
      ["autocomplete", "off"],
      ["spellcheck", "false"],
    ])
      input.setAttribute(name, value);
    input.value = "";
    if (!input.dataset.heard) {
      input.dataset.heard = "yes";
      input.addEventListener("input", () => this.#fill());
      input.addEventListener("keydown", (event) => this.#key(event));
    }
    this.#fill();
    window.desk.show("palette");
  }

  #fill() {
    this.#rows = listed(ACTIONS, this.#input.value, recent(), now(), find);
    const rows = this.#rows.map(({ action, why }, index) => {
      const row = element("li", "", element("span", "palette-title", action.title));
      if (why) row.append(element("span", "palette-why", why));
      if (action.keys) row.append(element("kbd", "", shown(action.keys, mac)));
      row.id = `palette-${index}`;
      row.setAttribute("role", "option");
      row.setAttribute("aria-disabled", String(Boolean(why)));
      row.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
      row.addEventListener("click", () => this.#choose(index));
      row.addEventListener("mousemove", () => this.#mark(index));
      return row;
    });
    find("palette-list").replaceChildren(...rows);
    find("palette-none").hidden = rows.length > 0;
    this.#mark(0);
    find("palette-list").scrollTop = 0;
  }

  #mark(index) {
    this.#at = index;
    const rows = [...find("palette-list").children];
    rows.forEach((row, each) => row.setAttribute("aria-selected", String(each === index)));
    if (rows[index]) this.#input.setAttribute("aria-activedescendant", rows[index].id);
    else this.#input.removeAttribute("aria-activedescendant");
    return rows[index];
  }

  #key(event) {
    if (event.isComposing) return;
    const last = this.#rows.length - 1;
    const step = { ArrowDown: this.#at + 1, ArrowUp: this.#at - 1, PageDown: this.#at + 8, PageUp: this.#at - 8 }[event.key];
    if (step !== undefined && last >= 0) {
      const one = event.key.startsWith("Arrow"); // by arrows it goes round
      const index = one ? (step + last + 1) % (last + 1) : Math.max(0, Math.min(last, step));
      this.#mark(index).scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") this.#choose(this.#at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #choose(index) {
    const { action, why } = this.#rows[index] ?? {};
    if (!action || why) return;
    window.desk.hide("palette");
    remember(action.id);
    perform(action);
  }
}

/** The list of shortcuts, by groups. */
function fillShortcuts() {
  const bound = ACTIONS.filter(({ keys }) => keys);
  const sections = [...new Set(bound.map(({ group }) => group))].map((group) => {
    const rows = bound.filter((action) => action.group === group).flatMap(({ title, keys }) => [
      element("dt", "", title),
      element("dd", "", element("kbd", "", shown(keys, mac))),
    ]);
    return element("section", "", element("h3", "", group), element("dl", "", ...rows));
  });
  find("shortcuts-list").replaceChildren(...sections);
}

const palette = new Palette();

/** Opens the palette ('actions') or the list of shortcuts ('shortcuts'). */
export function openPalette(which) {
  if (which === "actions") return palette.open();
  fillShortcuts();
  window.desk.show("shortcuts");
}

/** Binds the shortcuts. */
export function listen() {
  document.addEventListener("keydown", pressed);
}

/** What the bundle does for the page around the editor: dialogs, sides, actions and their shortcuts. */

import { escape, hide, openDialog, show, watchDialogs } from "./dialogs.js";
import { focusField, goToMention } from "./mentions.js";
import { listen } from "./palette.js";
import { drawerOpen, markSides, reveal, toggle, watchSides } from "./sides.js";

/** Names of buttons that show a sign alone. */
const SIGNS = {
  "toggle-binder": "Chapters",
  "toggle-side": "Assistant",
  "drawer-close": "Close",
  "open-look": "How the page looks",
  "do-previous": "Previous take",
  "do-next": "Next take",
};

function closed(event) {
  // What the editor or an input method takes for itself closes nothing.
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
  if (!escape() && drawerOpen()) toggle(null);
}

// Gradio may draw a button anew, without its name.
function nameButtons() {
  for (const [id, name] of Object.entries(SIGNS)) {
    const button = document.getElementById(id);
    if (!button || button.getAttribute("aria-label") === name) continue;
    button.setAttribute("aria-label", name);
    button.setAttribute("title", name);
    markSides();
  }
}

function start() {
  watchDialogs();
  watchSides();
  watchConnection();
  nameButtons();
  window.addEventListener("templora:state", nameButtons);
}

/**
 * Gradio's own message that the server is gone covers the buttons at the top, and the strip above the text says it
 * better. In its place the foot says it (`styles/sides.css`), until a save is taken: the page reloads itself when the
 * server is back, but some seconds later.
 */
function watchConnection() {
  const { dataset } = document.body;
  let lostAt = 0;
  const look = () => {
    for (const said of document.querySelectorAll(".toast-message-item:not([data-lost])")) {
      if (!said.textContent.startsWith("Connection to the server was lost")) continue;
      said.dataset.lost = "yes";
      dataset.server = "gone";
      lostAt = Date.now();
    }
  };
  new MutationObserver(look).observe(document.querySelector(".toast-wrap"), { childList: true, subtree: true });
  window.addEventListener("templora:state", ({ detail }) => {
    if (detail.savedAt > lostAt) delete dataset.server;
  });
}

/** To be called once; does its work when the desk is there. */
export function startPage() {
  Object.assign(window.desk, { goToMention, focusField, show, hide, reveal, toggle, dialog: openDialog });
  document.addEventListener("keydown", closed);
  listen();
  // The editor is mounted when all of the page stands.
  const look = () => (document.querySelector(".templora") ? start() : setTimeout(look, 50));
  look();
}

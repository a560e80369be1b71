/** What the bundle does for the page around the editor: dialogs, sides, actions and their shortcuts. */

import { escape, hide, openDialog, show, watchDialogs } from "./dialogs.js";
import { listen } from "./palette.js";
import { reveal, sideOpen, toggle } from "./sides.js";

function closed(event) {
  // What the editor or an input method takes for itself closes nothing.
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
  if (!escape() && sideOpen()) toggle(null);
}

/** To be called once; does its work when the desk is there. */
export function startPage() {
  Object.assign(window.desk, { show, hide, reveal, toggle, dialog: openDialog });
  document.addEventListener("keydown", closed);
  listen();
  const look = () => (document.getElementById("desk") ? watchDialogs() : setTimeout(look, 50));
  look();
}

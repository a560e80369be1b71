/** The two sides of the desk, 'binder' and 'side'. On a phone they are drawers over the text. */

const label = (node) => node.textContent.trim();

/** Opens or closes a drawer; null closes whichever is open. */
export function toggle(which) {
  const open = document.body.dataset.drawer;
  document.body.dataset.drawer = which && open !== which ? which : "";
}

/** Is a drawer open? */
export const sideOpen = () => Boolean(document.body.dataset.drawer);

/** Brings into view where something stands: 'Chapters', or the label of a tab beside the text. */
export function reveal(where) {
  const which = where === "Chapters" ? "binder" : "side";
  if (document.body.dataset.drawer !== which) toggle(which);
  if (which === "binder") return;
  const tab = [...document.querySelectorAll("#side-tabs [role=tab]")].find((each) => label(each) === where);
  if (tab?.getAttribute("aria-selected") === "false") tab.click();
}

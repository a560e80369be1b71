/**
 * The two sides of the desk, 'binder' and 'side'. Beside the text they stand open or closed, which the look keeps
 * (`ui/look.js`); on a phone they are drawers over the text: one at a time has the focus, and the desk behind it is inert.
 */

const SIDES = { binder: ["bind", "toggle-binder", "Chapters"], side: ["side", "toggle-side", "Assistant"] };

const phone = matchMedia("(max-width: 860px)");
const find = (id) => document.getElementById(id);
const label = (node) => node.textContent.trim();
const drawer = () => document.body.dataset.drawer || null;

/** Is a drawer open? */
export const drawerOpen = () => drawer() !== null;

/** Opens or closes a side; null closes the drawer that is open, if one is. */
export function toggle(which) {
  if (phone.matches) return setDrawer(which && drawer() !== which ? which : null);
  if (which) window.look.setOpen(which, !window.look.isOpen(which));
  markSides();
}

function setDrawer(which) {
  const before = drawer();
  if (which === before) return;
  document.body.dataset.drawer = which ?? "";
  for (const [name, [id, , title]] of Object.entries(SIDES)) {
    const box = find(id);
    if (name === which) for (const [key, value] of dialog(title)) box.setAttribute(key, value);
    else for (const [key] of dialog(title)) box.removeAttribute(key);
  }
  const open = which && find(SIDES[which][0]);
  for (const part of find("desk").children) part.inert = Boolean(open) && part !== open && part.id !== "drawer-close";
  markSides();
  if (open) enter(open);
  else if (before) find(SIDES[before][1]).focus({ preventScroll: true });
}

const dialog = (title) => [["role", "dialog"], ["aria-modal", "true"], ["aria-label", title]];

// What is chosen in it, else its first control.
function enter(box) {
  const controls = ["input:checked, [role=tab][aria-selected=true]", "button, input, textarea"];
  for (const control of controls.flatMap((kind) => [...box.querySelectorAll(kind)])) {
    if (box.contains(document.activeElement)) return;
    control.focus({ preventScroll: true });
  }
}

// Gradio may draw a list anew, and the focus in it is gone.
function refocus() {
  const open = drawer() && find(SIDES[drawer()][0]);
  if (open && document.activeElement === document.body) enter(open);
}

/** What the buttons say to who cannot see the sides. */
export function markSides() {
  for (const [name, [id, button]] of Object.entries(SIDES)) {
    const open = phone.matches ? drawer() === name : window.look.isOpen(name);
    find(button)?.setAttribute("aria-expanded", String(open));
    find(button)?.setAttribute("aria-controls", id);
  }
}

/** Brings into view where something stands: 'Chapters', or the label of a tab beside the text. */
export function reveal(where) {
  const which = where === "Chapters" ? "binder" : "side";
  if (phone.matches) setDrawer(which);
  else if (!window.look.isOpen(which)) toggle(which);
  if (which === "binder") return;
  const tab = [...document.querySelectorAll("#side-tabs :is([role=tab], .overflow-dropdown button)")].find(
    (each) => label(each) === where,
  );
  if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
}

/** To be called once the desk is there. */
export function watchSides() {
  phone.addEventListener("change", () => {
    setDrawer(null);
    markSides();
  });
  window.addEventListener("templora:look", markSides);
  for (const [id] of Object.values(SIDES))
    new MutationObserver(refocus).observe(find(id), { childList: true, subtree: true });
  markSides();
}

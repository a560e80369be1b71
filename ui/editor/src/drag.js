/**
 * Chapters are dragged to another place. The list stays as Gradio made it until the server has moved the chapter: a drop
 * that fails leaves everything where it was.
 */

const FAR_PX = 5; // less is a click
const HOLD_MS = 350; // a finger that moves sooner scrolls
const EDGE_PX = 36; // near the edge of the binder it scrolls by itself
const SETTLE_MS = 10_000; // where the server does not answer, the chapter goes back

/**
 * Where a chapter lands: `rows` are `{id, top, bottom}` in order, `y` the pointer. Returns `{before, line}`: the id of
 * the chapter that it is put before ('' for the end) and where the line is drawn; null where it would stay.
 */
export function landing(rows, id, y) {
  const others = rows.filter((row) => row.id !== id);
  if (!others.length) return null;
  const next = others.find((row) => y < (row.top + row.bottom) / 2);
  const before = next?.id ?? "";
  const now = rows[rows.findIndex((row) => row.id === id) + 1]?.id ?? "";
  if (before === now) return null;
  return { before, line: next ? next.top : others.at(-1).bottom };
}

/** Dragging in `#chapters`. `drop()` asks the server; it is told what was dropped by `take()`. */
export class Drag {
  #drop;
  #held = null; // {label, id, x, y, touch, timer}
  #dragging = null; // {label, id, y, offset, line, landing}
  #dropped = null; // {label, chapter, before, timer}: waits for the server

  constructor(drop) {
    this.#drop = drop;
    const options = { capture: true };
    document.addEventListener("pointerdown", (event) => this.#down(event));
    document.addEventListener("pointermove", (event) => this.#move(event));
    document.addEventListener("pointerup", (event) => this.#up(event));
    document.addEventListener("pointercancel", () => this.cancel());
    document.addEventListener("keydown", (event) => this.#key(event), options);
    document.addEventListener("touchmove", (event) => this.#dragging && event.preventDefault(), { passive: false });
    document.addEventListener("contextmenu", (event) => (this.#dragging || this.#held?.touch) && event.preventDefault());
    window.addEventListener("blur", () => this.cancel());
  }

  #down(event) {
    const label = event.target.closest?.("#chapters label");
    if (!label || event.button !== 0 || !event.isPrimary || this.#dropped) return;
    const id = label.querySelector("input").value;
    const touch = event.pointerType === "touch";
    this.#held = { label, id, x: event.clientX, y: event.clientY, touch };
    if (touch) this.#held.timer = setTimeout(() => this.#lift(), HOLD_MS);
  }

  #move(event) {
    const held = this.#held;
    if (held && !this.#dragging) {
      const far = Math.hypot(event.clientX - held.x, event.clientY - held.y) > FAR_PX;
      if (far && held.touch) this.#letGo(); // the list is scrolled
      else if (far) this.#lift();
    }
    if (!this.#dragging) return;
    if (event.pointerType !== "touch" && !event.buttons) return this.cancel(); // let go outside of the window
    event.preventDefault();
    this.#follow(event.clientY);
  }

  #lift() {
    const { label, id, y } = this.#held;
    const line = document.createElement("div");
    line.className = "drop-line";
    line.hidden = true;
    document.body.append(line);
    const bind = document.getElementById("bind");
    this.#dragging = { label, id, y, line, bind, order: order(), scroll: bind.scrollTop, landing: null };
    label.classList.add("dragged");
    document.body.dataset.dragging = "chapter";
    document.getSelection()?.removeAllRanges();
    this.#follow(y);
  }

  #follow(y) {
    const drag = this.#dragging;
    drag.at = y;
    drag.label.style.transform = `translateY(${y - drag.y + drag.bind.scrollTop - drag.scroll}px)`;
    const box = drag.bind.getBoundingClientRect();
    const rows = [...document.querySelectorAll("#chapters label")].map((label) => {
      const { top, bottom } = label.getBoundingClientRect();
      return { id: label.querySelector("input").value, top, bottom };
    });
    drag.landing = y < box.top - 40 || y > box.bottom + 40 ? null : landing(rows, drag.id, y);
    drag.line.hidden = !drag.landing;
    if (drag.landing) {
      const list = document.getElementById("chapters").querySelector("label").getBoundingClientRect();
      Object.assign(drag.line.style, {
        top: `${Math.min(Math.max(drag.landing.line, box.top), box.bottom)}px`,
        left: `${list.left}px`,
        width: `${list.width}px`,
      });
    }
    this.#scroll(box);
  }

  #scroll(box) {
    const drag = this.#dragging;
    const by = drag.at < box.top + EDGE_PX ? -8 : drag.at > box.bottom - EDGE_PX ? 8 : 0;
    if (!by || drag.scrolling) return;
    drag.scrolling = true;
    requestAnimationFrame(() => {
      drag.scrolling = false;
      if (this.#dragging !== drag) return;
      const was = drag.bind.scrollTop;
      drag.bind.scrollTop += by;
      if (drag.bind.scrollTop !== was) this.#follow(drag.at);
    });
  }

  #up() {
    const drag = this.#dragging;
    this.#letGo();
    if (!drag) return;
    swallowClick();
    if (!drag.landing) return this.#end(drag);
    drag.line.remove();
    this.#dragging = null;
    delete document.body.dataset.dragging;
    const timer = setTimeout(() => this.settle(), SETTLE_MS);
    this.#dropped = { label: drag.label, order: order(), chapter: drag.id, before: drag.landing.before, timer };
    this.#drop();
  }

  #key(event) {
    if (event.key !== "Escape" || !this.#dragging) return;
    event.preventDefault();
    event.stopPropagation();
    swallowClick();
    this.cancel();
  }

  #letGo() {
    clearTimeout(this.#held?.timer);
    this.#held = null;
  }

  #end({ label, line }) {
    line?.remove();
    this.#dragging = null;
    delete document.body.dataset.dragging;
    label.classList.remove("dragged");
    label.style.transform = "";
  }

  /** Puts back what is being dragged. */
  cancel() {
    this.#letGo();
    if (this.#dragging) this.#end(this.#dragging);
  }

  /** What was dropped, for the server: JSON `{chapter, before}`. */
  take() {
    const { chapter, before } = this.#dropped ?? {};
    return JSON.stringify({ chapter: chapter ?? "", before: before ?? "" });
  }

  /** Gradio has changed something in the list: where that is the order of chapters, nothing is lifted any more. */
  changed() {
    if (this.#dropped && this.#dropped.order !== order()) this.settle();
    if (this.#dragging && this.#dragging.order !== order()) this.cancel();
  }

  /** The server has answered: whatever the list says now holds. */
  settle() {
    if (!this.#dropped) return;
    clearTimeout(this.#dropped.timer);
    const { label } = this.#dropped;
    this.#dropped = null;
    this.#end({ label });
  }
}

const order = () => Array.from(document.querySelectorAll("#chapters input"), ({ value }) => value).join();

// The click that ends a drag chooses no chapter.
function swallowClick() {
  const swallow = (event) => {
    if (!event.isTrusted) return; // the script's own
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener("click", swallow, { capture: true });
  setTimeout(() => window.removeEventListener("click", swallow, { capture: true }), 50);
}

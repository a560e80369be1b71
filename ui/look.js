// How the page looks: theme, typeface, size, width, focus and typewriter mode, which sides stand open. It is kept in
// this browser, and set before anything is painted. The dialog for it is `ui/look_parts.py`, the rules `styles/look.css`.
(() => {
  "use strict";
  const KEY = "templora-look";
  const phone = matchMedia("(max-width: 860px)");
  const usual = () => ({
    theme: "system", face: "serif", size: phone.matches ? 17.5 : 18.5, width: 68, focus: "off", typewriter: false,
    binder: true, side: true,
  });
  /** Local fonts only: each list goes from the finest face down to what every system has. */
  const FACES = {
    serif: '"Iowan Old Style", "Palatino Linotype", "URW Palladio L", "Source Serif 4", Georgia, serif',
    sans: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
    easy: 'OpenDyslexic, "Atkinson Hyperlegible", Lexend, Verdana, "DejaVu Sans", sans-serif',
    mono: '"iA Writer Mono S", "Courier Prime", ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  };
  /** Between letters, in em, where a face wants more room. */
  const SPACING = { easy: 0.03 };
  const LEADING = { serif: 1.68, sans: 1.64, easy: 1.85, mono: 1.7 };
  /** What stands beside the text in its column, in px. */
  const MARGINS = 56;
  const CHOICES = {
    theme: ["system", "light", "dark", "sepia"], face: Object.keys(FACES), focus: ["off", "paragraph", "sentence"],
  };
  const RANGES = { size: [14, 28], width: [60, 75] };
  const SAMPLE = "The harbour had emptied itself in the night. Where the ferries should have been there was a long shine "
    + "of mud, and on it, small as a dropped glove, the pilot’s boat lying on her side.";

  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  /** While one writes in focus mode the sides are away; that is not what is kept of them. */
  let away = null;
  let last = "paragraph";
  let look = usual();

  const sound = (name, value) => {
    if (CHOICES[name]) return CHOICES[name].includes(value);
    if (RANGES[name]) return typeof value === "number" && value >= RANGES[name][0] && value <= RANGES[name][1];
    return typeof value === "boolean";
  };

  function kept() {
    let found = null;
    try { found = JSON.parse(localStorage.getItem(KEY)); } catch { /* blocked, or not ours */ }
    const known = Object.entries(found ?? {}).filter(([name, value]) => name in usual() && sound(name, value));
    return { ...usual(), ...Object.fromEntries(known) };
  }

  function keep() {
    const plain = usual();
    const changed = Object.entries(look).filter(([name, value]) => value !== plain[name]);
    try { localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(changed))); } catch { /* a private window */ }
  }

  /** How wide a character of English prose is, in px. */
  function advance() {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `${look.size}px ${FACES[look.face]}`;
    return pen.measureText(SAMPLE).width / SAMPLE.length + (SPACING[look.face] ?? 0) * look.size;
  }

  function theme() {
    const asked = new URLSearchParams(location.search).get("__theme"); // Gradio's own way to ask, for one page
    if (CHOICES.theme.includes(asked) && asked !== "system") return asked;
    if (look.theme !== "system") return look.theme;
    return dark.matches ? "dark" : "light";
  }

  // Gradio follows the system; its components follow this class.
  function classes() {
    const wanted = root.dataset.theme === "dark";
    if (document.body && document.body.classList.contains("dark") !== wanted)
      document.body.classList.toggle("dark", wanted);
  }

  function paint() {
    root.dataset.theme = theme();
    root.dataset.face = look.face;
    root.dataset.focus = look.focus;
    root.dataset.typewriter = look.typewriter ? "on" : "off";
    for (const side of ["binder", "side"]) root.dataset[side] = (away ?? look)[side] ? "open" : "closed";
    const style = {
      "--prose": FACES[look.face], "--prose-size": `${look.size}px`, "--prose-leading": LEADING[look.face],
      "--prose-spacing": `${SPACING[look.face] ?? 0}em`, "--measure": `${Math.ceil(look.width * advance() + MARGINS)}px`,
    };
    for (const [name, value] of Object.entries(style)) root.style.setProperty(name, value);
    classes();
  }

  function set(changes) {
    const before = look;
    look = { ...look, ...Object.fromEntries(Object.entries(changes).filter(([name, value]) => sound(name, value))) };
    if (look.focus !== "off") last = look.focus;
    if (before.focus === "off" && look.focus !== "off") away = { binder: false, side: false };
    if (look.focus === "off") away = null;
    keep();
    paint();
    window.dispatchEvent(new CustomEvent("templora:look", { detail: look }));
  }

  window.look = {
    get: () => ({ ...look }),
    set,
    /** The usual look again; the sides stay as they are. */
    reset: () => set({ ...usual(), binder: look.binder, side: look.side }),
    /** Larger (1) or smaller (-1) letters. */
    resize: (step) => set({ size: Math.min(RANGES.size[1], Math.max(RANGES.size[0], look.size + step)) }),
    toggleFocus: () => set({ focus: look.focus === "off" ? last : "off" }),
    /** Does a side ('binder', 'side') stand open? */
    isOpen: (side) => (away ?? look)[side],
    setOpen(side, open) {
      if (!away) return set({ [side]: open });
      away[side] = open; // for as long as the focus lasts
      paint();
    },
    names: ["theme", "face", "size", "width", "focus", "typewriter"],
  };

  look = kept();
  if (look.focus !== "off") [away, last] = [{ binder: false, side: false }, look.focus];
  paint();
  dark.addEventListener("change", paint);
  window.addEventListener("storage", ({ key }) => { if (key === KEY) { look = kept(); paint(); } });
  const follow = () => {
    classes();
    new MutationObserver(classes).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  };
  document.body ? follow() : document.addEventListener("DOMContentLoaded", follow);
})();

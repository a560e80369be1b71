/** How prose looks. Colours and fonts come from the page's custom properties (--paper, --ink, --serif, …). */

import { EditorView } from "@codemirror/view";
import { StyleModule } from "style-mod";

const quietText = { color: "var(--soft)" };

export const theme = EditorView.theme({
  "&": { backgroundColor: "var(--paper)", color: "var(--ink)", height: "auto" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": {
    fontFamily: "var(--prose, var(--serif))",
    fontSize: "var(--prose-size, 18.5px)",
    lineHeight: "var(--prose-leading, 1.68)",
    letterSpacing: "var(--prose-spacing, 0)",
    overflowX: "hidden",
  },
  ".cm-content": {
    maxWidth: "var(--measure, 66ch)",
    margin: "0 auto",
    padding: "56px 28px 160px",
    minHeight: "60vh",
    boxSizing: "border-box",
    caretColor: "var(--accent)",
    overflowWrap: "break-word",
  },
  ".cm-line": { padding: "0" },
  ".cm-cursor": { borderLeft: "2px solid var(--accent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--accent) 24%, transparent)",
  },
  ".cm-placeholder": { ...quietText, fontStyle: "italic" },
  "&.t-has-ghost .cm-placeholder, &.t-has-rewrite .cm-selectionLayer": { display: "none" },

  ".t-paragraph": { textIndent: "1.5em" },
  ".t-blank": { lineHeight: "0.4" },
  ".t-break": { textAlign: "center", textIndent: "0", letterSpacing: ".6em", paddingBlock: "12px", ...quietText },
  ".t-italic": { fontStyle: "italic" },
  ".t-bold": { fontWeight: "600" },
  ".t-both": { fontStyle: "italic", fontWeight: "600" },
  ".t-mark": quietText,
  ".t-next": { display: "block", textIndent: "1.5em", marginTop: ".4em" },
  ".t-next.t-break, .t-next.t-break + .t-next": { textIndent: "0" },

  ".t-ghost": { color: "var(--ghost)", fontStyle: "italic", whiteSpace: "break-spaces" },
  // The empty line between two passages is thin; what would fill it is not.
  ".t-blank .t-ghost": { display: "block", lineHeight: "1.68", textIndent: "1.5em", marginBlock: ".4em" },
  ".t-waiting::after": { content: "'…'", animation: "t-wait 1.4s ease-in-out infinite" },
  "@keyframes t-wait": { "50%": { opacity: ".25" } },
  "@media (prefers-reduced-motion: reduce)": { ".t-waiting::after": { animation: "none" } },
  // The voice check's tints: the desk's warm colour in three steps (ui/styles/checks.css), the strongest underlined.
  ".t-warm": { borderRadius: "3px", boxDecorationBreak: "clone", backgroundColor: "var(--warm-1)" },
  ".t-warm-2": { backgroundColor: "var(--warm-2)" },
  ".t-warm-3": { backgroundColor: "var(--warm-3)", boxShadow: "inset 0 -2px 0 var(--warm-3)" },
  ".t-asked": { backgroundColor: "var(--tint)", borderRadius: "3px" },
  "[data-hunk]": { cursor: "pointer" },
  ".t-inserted.t-current": { backgroundColor: "color-mix(in srgb, var(--accent) 22%, transparent)" },
  ".t-deleted.t-current": { backgroundColor: "color-mix(in srgb, var(--stale) 12%, transparent)" },
  ".t-inserted.t-taken": { textDecoration: "none" },
  ".t-left": { borderBottom: "1px dotted var(--soft)" },
  ".t-choose": { display: "inline-flex", gap: "2px", margin: "0 .3em", verticalAlign: "middle", textIndent: "0" },
  ".t-choose .t-button.t-button": {
    ...{ font: "600 12px/1 var(--sans)", color: "var(--accent)", background: "var(--paper)", cursor: "pointer" },
    ...{ border: "1px solid var(--line)", borderRadius: "6px", padding: "0", width: "24px", height: "22px" },
  },
  ".t-choose .t-button:last-child": { color: "var(--stale)" },
  ".t-choose .t-button:hover, .t-choose .t-button[aria-pressed=true]": { background: "var(--tint)" },
  ".t-choose .t-button:focus-visible": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  "@media (pointer: coarse)": { ".t-choose .t-button.t-button": { width: "40px", height: "36px", fontSize: "16px" } },
  "@media (max-width: 760px)": {
    ".cm-content": { padding: "34px 22px 150px" },
  },
  ...changeMarks(""),
});

function changeMarks(scope) {
  return {
    [`${scope} .t-deleted`]: { color: "var(--stale)", textDecoration: "line-through" },
    [`${scope} .t-inserted`]: {
      color: "var(--accent)",
      backgroundColor: "var(--tint)",
      borderRadius: "3px",
      padding: "0 .15em",
      textDecoration: "underline",
      textUnderlineOffset: ".2em",
      whiteSpace: "break-spaces",
    },
  };
}

const card = {
  width: "min(66ch, 100% - 20px)",
  boxSizing: "border-box",
  margin: "0 auto",
  padding: "7px 8px 7px 14px",
  background: "var(--paper)",
  border: "1px solid var(--line)",
  borderRadius: "10px",
  boxShadow: "0 8px 26px rgba(0,0,0,.13)",
};

/** Styles of what stands around the text: messages, the two versions of a conflict, the margin band. */
export const surroundings = new StyleModule({
  ".templora": { backgroundColor: "var(--paper)", color: "var(--ink)", minHeight: "100%" },
  // Above the text without moving it: a line that jumps while one writes it is worse than one that is covered. At the
  // top of a chapter it stands over the lines under the title, and the first words are seen.
  ".templora .t-notes": {
    position: "sticky",
    top: "6px",
    height: "0",
    margin: "-34px 0 34px",
    zIndex: "5",
    font: "14px/1.45 var(--sans)",
  },
  ".templora [hidden]": { display: "none !important" },
  ".templora .t-live": {
    position: "absolute",
    width: "1px",
    height: "1px",
    overflow: "hidden",
    clipPath: "inset(50%)",
  },
  ".templora .t-strip": { ...card, display: "flex", gap: "12px", alignItems: "center", margin: "6px auto" },
  ".templora .t-strip-text": { flex: "1" },
  ".templora .t-conflict": {
    ...card,
    ...{ position: "sticky", top: "6px", zIndex: "4", padding: "12px 14px", font: "14px/1.45 var(--sans)" },
    ...{ display: "flex", flexDirection: "column", gap: "8px" },
  },
  ".templora .t-hint": quietText,
  ".templora .t-passages": { maxHeight: "40vh", overflowY: "auto", borderBlock: "1px solid var(--line)" },
  ".templora .t-passage": { font: "15.5px/1.55 var(--serif)", whiteSpace: "pre-wrap", margin: "10px 0" },
  ".templora .t-choices": { display: "flex", gap: "8px", flexWrap: "wrap" },
  // Twice the class: Gradio resets buttons by rules of some weight.
  ".templora.templora .t-button": {
    font: "inherit",
    color: "inherit",
    background: "none",
    border: "1px solid var(--line)",
    borderRadius: "7px",
    padding: "5px 11px",
    cursor: "pointer",
  },
  ".templora.templora .t-button:focus-visible": { outline: "2px solid var(--accent)", outlineOffset: "2px" },
  ".templora.templora .t-button.t-main": {
    background: "var(--accent)",
    borderColor: "var(--accent)",
    color: "var(--accent-ink)",
    fontWeight: "600",
  },
  ...changeMarks(".templora .t-passage"),
  ...bandMarks(),
});

// The margin band and its legend in the page: each state has a colour and a pattern of its own.
function bandMarks() {
  const stripes = (colour, on, off) =>
    `repeating-linear-gradient(${colour} 0 ${on}px, transparent ${on}px ${on + off}px)`;
  const worn = "color-mix(in srgb, var(--memory) 65%, transparent)";
  return {
    ".t-band": { display: "block", width: "3px", height: "100%" },
    ".t-band-known": { background: worn },
    ".t-band-pending": { background: stripes(worn, 5, 5) },
    // No border: the page around resets those.
    ".t-band-stale": {
      background: "linear-gradient(90deg, var(--stale) 1px, transparent 1px 2px, var(--stale) 2px)",
    },
    ".t-band-learning": { background: "var(--accent)", animation: "t-wait 1.6s ease-in-out infinite" },
    ".t-band-excluded": { background: stripes("var(--soft)", 2, 4), width: "1px", marginInline: "1px" },
    "@media (prefers-reduced-motion: reduce)": { ".t-band-learning": { animation: "none" } },
  };
}

/** Going to a place that was found in the saved text, which may have moved since. */

import { EditorView } from "@codemirror/view";
import { utf16Offset } from "./positions.js";

const plain = (text) => text.replaceAll("’", "'").replace(/\s+/g, " ").toLowerCase();

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * Where `words` stand in `text` (UTF-16), nearest to the place `[start, end)` (code points) at which they once stood;
 * null where they are gone. Case, spaces and the kind of apostrophe do not matter.
 */
export function placeOf(text, { start, end, words }) {
  const from = utf16Offset(text, start);
  const to = from + utf16Offset(text.slice(from), end - start);
  if (plain(text.slice(from, to)) === plain(words)) return { from, to };
  const pattern = escaped(words).replace(/['’]/g, "['’]").replace(/\s+/g, "\\s+");
  let found = null;
  for (const match of text.matchAll(new RegExp(pattern, "giu"))) {
    const near = Math.abs(match.index - from);
    if (!found || near < found.near) found = { near, from: match.index, to: match.index + match[0].length };
  }
  return found && { from: found.from, to: found.to };
}

/** Selects a stretch of the text (UTF-16) and brings it into the middle. */
export function goTo(view, { from, to }) {
  const effects = EditorView.scrollIntoView(from, { y: "center" });
  view.dispatch({ selection: { anchor: from, head: to }, effects, userEvent: "select" });
}

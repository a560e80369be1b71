/**
 * Gaps: an empty line between text before and after, or a placeholder that stands for what is missing: selected, or in
 * brackets around the caret (on a phone a tap is easier than a selection). Pure.
 */

const LONGEST = 400;

/** '[they argue]', '…', '___', 'TK', '???'. */
const PLACEHOLDER = /^(\[[^[\]]*\]|…+|\.{3,}|_{2,}|\?{2,}|TK|XXX+)$/;

const blank = (doc, number) => !doc.line(number).text.trim();

/** Is there text on a line above (-1) or below (1)? */
function text(doc, number, direction) {
  for (let at = number + direction; at >= 1 && at <= doc.lines; at += direction) if (!blank(doc, at)) return true;
  return false;
}

/** How many line breaks stand between a place on an empty line and the text above (-1) or below (1). */
function breaks(doc, number, direction) {
  let at = number + direction;
  while (blank(doc, at)) at += direction;
  return Math.abs(at - number);
}

/**
 * What parts a paragraph that is put at `pos` from the text around it: `{lead, tail}`, line breaks; empty where the
 * place is no empty line between texts.
 */
export function parting(doc, pos) {
  const { number } = doc.lineAt(pos);
  if (!blank(doc, number) || !text(doc, number, -1) || !text(doc, number, 1)) return { lead: "", tail: "" };
  const missing = (direction) => "\n".repeat(Math.max(0, 2 - breaks(doc, number, direction)));
  return { lead: missing(-1), tail: missing(1) };
}

/** The brackets that a place is within, with what is between them. */
function brackets(doc, pos) {
  const line = doc.lineAt(pos);
  const at = pos - line.from;
  const [open, close] = [line.text.slice(0, at).lastIndexOf("["), line.text.indexOf("]", at)];
  if (open < 0 || close < 0 || !PLACEHOLDER.test(line.text.slice(open, close + 1))) return null;
  return { from: line.from + open, to: line.from + close + 1 };
}

/** The gap at the selection, `{from, to}`: empty at the caret, or the placeholder there; null if none. */
export function gapAt(state) {
  const { doc } = state;
  const selected = state.selection.main;
  const { from, to } = (selected.empty && brackets(doc, selected.head)) || selected;
  if (to - from > LONGEST) return null;
  const [first, last] = [doc.lineAt(from), doc.lineAt(to)];
  const before = first.text.slice(0, from - first.from).trim() || text(doc, first.number, -1);
  const after = last.text.slice(to - last.from).trim() || text(doc, last.number, 1);
  if (!before || !after) return null;
  if (from === to) return blank(doc, first.number) ? { from, to } : null;
  const words = state.sliceDoc(from, to);
  if (!PLACEHOLDER.test(words.trim())) return null;
  return {
    from: from + words.length - words.trimStart().length,
    to: to - words.length + words.trimEnd().length,
  };
}

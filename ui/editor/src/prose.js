/**
 * Prose on the page: paragraphs with an indent, quiet blank lines, centred scene breaks, emphasis with dimmed marks.
 */

import { RangeSetBuilder } from "@codemirror/state";
import { Decoration, ViewPlugin } from "@codemirror/view";

const BREAK = /^\s*\*(\s*\*){2}\s*$/;
const EMPHASIS = /(\*{1,3})(?![\s*])((?:[^*]|\*(?!\1))*?[^\s*])\1(?!\*)/g;

/** Is this line a scene break (`***`)? */
export function isBreak(line) {
  return BREAK.test(line);
}

/**
 * Emphasis in one line: `[{from, to, marks, style}]`, `marks` asterisks at each end, style 'italic', 'bold' or 'both'.
 */
export function emphasis(line) {
  if (!line.includes("*") || isBreak(line)) return [];
  return Array.from(line.matchAll(EMPHASIS), (match) => ({
    from: match.index,
    to: match.index + match[0].length,
    marks: match[1].length,
    style: ["italic", "bold", "both"][match[1].length - 1],
  }));
}

const empty = (doc, number) => !doc.line(number).text.trim();

/**
 * What a line is: 'blank' (parts paragraphs), 'break', 'first' (begins a chapter or scene), 'paragraph' (gets the
 * indent) or 'inside' (goes on from the line above). An empty line at the end, or between blank lines, is a paragraph
 * yet to be written.
 */
export function lineKind(doc, number) {
  const parts = number < doc.lines && !(number > 1 && empty(doc, number - 1) && empty(doc, number + 1));
  if (empty(doc, number) && parts) return "blank";
  if (isBreak(doc.line(number).text)) return "break";
  let above = number - 1;
  while (above > 0 && empty(doc, above)) above--;
  if (above === 0 || isBreak(doc.line(above).text)) return "first";
  return above === number - 1 ? "inside" : "paragraph";
}

const lineMarks = Object.fromEntries(
  ["blank", "break", "first", "paragraph", "inside"].map((kind) => [kind, Decoration.line({ class: `t-${kind}` })]),
);
const styles = Object.fromEntries(
  ["italic", "bold", "both"].map((style) => [style, Decoration.mark({ class: `t-${style}` })]),
);
const asterisks = Decoration.mark({ class: "t-mark" });

function decorate(view) {
  const builder = new RangeSetBuilder();
  const { doc } = view.state;
  for (const { from, to } of view.visibleRanges) {
    for (let number = doc.lineAt(from).number; number <= doc.lines && doc.line(number).from <= to; number++) {
      const line = doc.line(number);
      builder.add(line.from, line.from, lineMarks[lineKind(doc, number)]);
      for (const span of emphasis(line.text)) {
        const [start, end] = [line.from + span.from, line.from + span.to];
        builder.add(start, start + span.marks, asterisks);
        builder.add(start + span.marks, end - span.marks, styles[span.style]);
        builder.add(end - span.marks, end, asterisks);
      }
    }
  }
  return builder.finish();
}

export const prose = ViewPlugin.fromClass(
  class {
    constructor(view) {
      this.decorations = decorate(view);
    }

    update(update) {
      if (update.docChanged || update.viewportChanged) this.decorations = decorate(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

/** Fills `dom` with `text` as it would stand in the chapter: paragraphs apart, without the blank lines between them. */
export function renderProse(dom, text) {
  const parts = text.split(/\n{2,}/).map((part, index) => {
    const span = document.createElement("span");
    span.textContent = part;
    if (index) span.className = isBreak(part) ? "t-next t-break" : "t-next";
    return span;
  });
  dom.replaceChildren(...parts);
}

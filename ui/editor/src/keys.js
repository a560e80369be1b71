/**
 * Keys. What a key does not concern now falls through: Tab then leaves the editor, as people without a mouse need it
 * to.
 */

import { standardKeymap, historyKeymap } from "@codemirror/commands";
import { EditorSelection, Prec } from "@codemirror/state";
import { keymap } from "@codemirror/view";

const blank = (doc, number) => number < 1 || number > doc.lines || !doc.line(number).text.trim();

/** Enter begins a paragraph: one blank line in the text. In a paragraph that is still empty it does nothing more. */
export function newParagraph(view) {
  const { state } = view;
  const change = state.changeByRange((range) => {
    const line = state.doc.lineAt(range.from);
    if (range.empty && blank(state.doc, line.number) && blank(state.doc, line.number - 1)) return { range };
    const insert = blank(state.doc, line.number) ? "\n" : "\n\n";
    // The space at which a paragraph is parted belongs to neither half.
    const [before, after] = [
      state.sliceDoc(line.from, range.from),
      state.sliceDoc(range.to, state.doc.lineAt(range.to).to),
    ];
    const from = range.from - (before.length - before.trimEnd().length);
    const to = range.to + (after.length - after.trimStart().length);
    return { changes: { from, to, insert }, range: EditorSelection.cursor(from + insert.length) };
  });
  view.dispatch(change, { scrollIntoView: true, userEvent: "input" });
  return true;
}

/** Backspace at the start of a paragraph, Delete at the end of one: takes out the whole gap, as Enter made it. */
function joinParagraphs(direction) {
  return (view) => {
    const { doc, selection } = view.state;
    const { head, empty } = selection.main;
    const line = doc.lineAt(head);
    const other = line.number + 2 * direction;
    const atEdge = head === (direction < 0 ? line.from : line.to);
    if (!empty || !atEdge || !blank(doc, line.number + direction) || blank(doc, other)) return false;
    const [from, to] = direction < 0 ? [doc.line(other).to, line.from] : [line.to, doc.line(other).from];
    const userEvent = direction < 0 ? "delete.backward" : "delete.forward";
    view.dispatch({ changes: { from, to }, scrollIntoView: true, userEvent });
    return true;
  };
}

/** The editor's keys. `act` has the methods of the public surface; those for takes return false when none is shown. */
export function keys(act) {
  const always = (run) => () => (run(), true);
  return Prec.highest(
    keymap.of([
      { key: "Mod-Enter", run: always(act.continue) },
      { key: "Mod-Shift-Enter", run: always(act.another) },
      { key: "Tab", run: act.accept },
      { key: "Alt-ArrowRight", run: () => act.acceptWord() || act.decide(true) },
      { key: "Alt-ArrowLeft", run: () => act.decide(false) },
      { key: "Alt-Shift-ArrowRight", run: act.acceptSentence },
      { key: "F7", run: () => act.lookOn(1) },
      { key: "Shift-F7", run: () => act.lookOn(-1) },
      { key: "Escape", run: act.dismiss },
      { key: "Alt-[", run: always(act.previousTake) },
      { key: "Alt-]", run: always(act.nextTake) },
      { key: "Alt-ArrowUp", run: always(act.previousTake) },
      { key: "Alt-ArrowDown", run: always(act.nextTake) },
      { key: "Mod-Alt-Enter", run: always(act.fill), preventDefault: true },
      { key: "Mod-Alt-r", run: always(() => act.rewrite()), preventDefault: true },
      { key: "Mod-s", run: always(act.save), preventDefault: true },
      { key: "Enter", run: newParagraph },
      { key: "Backspace", run: joinParagraphs(-1) },
      { key: "Delete", run: joinParagraphs(1) },
      ...historyKeymap,
      ...standardKeymap,
    ]),
  );
}

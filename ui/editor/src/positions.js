/**
 * Positions: the server counts Unicode code points, the browser UTF-16 units. Only what crosses the wire is converted.
 */

const PAIR = /[\uD800-\uDBFF][\uDC00-\uDFFF]/g;

/** UTF-16 offset in `text` → number of code points before it. */
export function codePointOffset(text, offset) {
  const pairs = text.slice(0, offset).match(PAIR);
  return offset - (pairs ? pairs.length : 0);
}

/** Number of code points before an offset → that offset in UTF-16 units; clamped to the end of `text`. */
export function utf16Offset(text, points) {
  let offset = 0;
  for (let left = points; left > 0 && offset < text.length; left--) {
    offset += text.codePointAt(offset) > 0xffff ? 2 : 1;
  }
  return offset;
}

/** `spans` (`{start, end, …}` in code points) with both in UTF-16 units; clamped to the end of `text`. */
export const utf16Spans = (text, spans) =>
  mapped(spans, (_before, at, points) => utf16Offset(text.slice(at), points));

/** `spans` (`{start, end, …}` in UTF-16 units) with both in code points. */
export const codePointSpans = (text, spans) =>
  mapped(spans, (before, _at, units) => codePointOffset(text.slice(before), units));

// In one walk over the text: `far(before, at, gap)` is how far it is from `before`, which is `at` there, over `gap`.
function mapped(spans, far) {
  const ends = [...new Set(spans.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  const places = new Map();
  let [before, at] = [0, 0];
  for (const end of ends) {
    at += far(before, at, end - before);
    before = end;
    places.set(end, at);
  }
  return spans.map((span) => ({ ...span, start: places.get(span.start), end: places.get(span.end) }));
}

/** Line ends as the server keeps them: `\n` alone. */
export function plainLines(text) {
  return text.replace(/\r\n?/g, "\n");
}

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
export function utf16Spans(text, spans) {
  const points = [...new Set(spans.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  const places = new Map();
  let [at, seen] = [0, 0];
  for (const point of points) {
    at += utf16Offset(text.slice(at), point - seen);
    seen = point;
    places.set(point, at);
  }
  return spans.map((span) => ({ ...span, start: places.get(span.start), end: places.get(span.end) }));
}

/** Line ends as the server keeps them: `\n` alone. */
export function plainLines(text) {
  return text.replace(/\r\n?/g, "\n");
}

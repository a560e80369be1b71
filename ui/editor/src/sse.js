/** Server-sent events read from a fetch, which, unlike EventSource, can POST and be aborted. */

import { createParser } from "eventsource-parser";

/** Calls `onEvent(name, data)` for each event of `body` (a ReadableStream of bytes), data parsed as JSON. */
export async function readEvents(body, onEvent) {
  const parser = createParser({ onEvent: ({ event, data }) => onEvent(event ?? "message", JSON.parse(data)) });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(value);
    }
  } finally {
    reader.cancel().catch(() => {}); // whatever ended the reading, the server need not go on
  }
}

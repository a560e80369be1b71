/** The HTTP routes the editor uses. Whatever goes wrong becomes an `ApiError` with a message for the writer. */

import { readEvents } from "./sse.js";

/** Longer than any save should take; after that the server counts as unreachable and the words stay in the draft. */
const TIMEOUT_MS = 20_000;

/** Browsers cap the body of a request that outlives its page at 64 KiB. */
const KEEPALIVE_BYTES = 60_000;

/**
 * `status` is the HTTP status, 0 when no answer came; `code` as in the server's error tree; `body` the parsed answer.
 */
export class ApiError extends Error {
  constructor(status, code, message, body = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

async function failure(response) {
  const body = await response.json().catch(() => null);
  const { code, message } = body?.error ?? {};
  return new ApiError(response.status, code ?? "error", message ?? `The server answered ${response.status}.`, body);
}

/**
 * fetch, but an answer that is not OK throws, and no answer throws with code 'unreachable'. An abort stays an abort.
 */
async function request(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server cannot be reached.");
  }
  if (!response.ok) throw await failure(response);
  return response;
}

async function json(url, options = {}) {
  const response = await request(url, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
  try {
    return await response.json();
  } catch {
    throw new ApiError(0, "unreachable", "The server's answer broke off.");
  }
}

const HEADERS = { "Content-Type": "application/json" };

/** The routes below `base`, a URL that ends in a slash. */
export function createApi(base) {
  const chapterUrl = (id, rest = "") => new URL(`api/chapters/${encodeURIComponent(id)}${rest}`, base);
  const bookUrl = (id, rest) => new URL(`api/projects/${encodeURIComponent(id)}${rest}`, base);
  return {
    /** `{id, project, title, position, text, revision}` */
    chapter: (id) => json(chapterUrl(id)),

    /** The chapter's takes, oldest first, as the server stores them. */
    takes: (id) => json(chapterUrl(id, "/takes")),

    /** What the memory knows of the chapter, `[{start, end, state}]` in code points of its saved text. */
    passages: (id) => json(chapterUrl(id, "/passages")),

    /** Begins the voice check of the saved text: `{state, revision, done, total, sentences, message}`, as the two below. */
    startVoice(id, revision) {
      const body = JSON.stringify({ base_revision: revision });
      return json(chapterUrl(id, "/voice"), { method: "POST", headers: HEADERS, body });
    },

    voice: (id) => json(chapterUrl(id, "/voice")),

    cancelVoice: (id) => json(chapterUrl(id, "/voice"), { method: "DELETE" }),

    /** The chapter's comments, `[{id, kind, body, start, end, resolved_at, …}]` in code points of its saved text. */
    comments: (id) => json(chapterUrl(id, "/comments")),

    /** Every place of `query` in a book, or in its `chapter`: `[{chapter, revision, places: [{start, end, instead}]}]`. */
    find(project, query) {
      return json(bookUrl(project, "/find"), { method: "POST", headers: HEADERS, body: JSON.stringify(query) });
    },

    /** Replaces what was found, in all chapters or none: `{id, places, chapters}`. */
    replace(project, query) {
      return json(bookUrl(project, "/replace"), { method: "POST", headers: HEADERS, body: JSON.stringify(query) });
    },

    /** Puts all chapters back as they were before a replacement. */
    undoReplacement(project, id) {
      return json(bookUrl(project, `/replacements/${id}/undo`), { method: "POST" });
    },

    /** Goes back to a revision, as a new one: `{revision, text, …}`; 409 carries `current`. */
    restore(id, number, baseRevision) {
      const body = JSON.stringify({ base_revision: baseRevision });
      return json(chapterUrl(id, `/revisions/${number}/restore`), { method: "POST", headers: HEADERS, body });
    },

    /** Leaves a span of the saved text out of the memory, or lets it be learnt again. */
    exclude(id, { revision, start, end }, excluded) {
      const body = JSON.stringify({ base_revision: revision, start, end, excluded });
      return json(chapterUrl(id, "/excluded"), { method: "PUT", headers: HEADERS, body });
    },

    /** Saves by compare-and-set: `{base_revision, text, accepted}` → `{revision}`; 409 carries `current`. */
    save(id, body, { leaving = false } = {}) {
      const payload = JSON.stringify(body);
      const keepalive = leaving && new TextEncoder().encode(payload).length < KEEPALIVE_BYTES;
      return json(chapterUrl(id), { method: "PUT", headers: HEADERS, body: payload, keepalive });
    },

    /** Streams takes: `verb` is 'continue' or 'rewrite'. Resolves when the stream has ended; throws its `error`. */
    async stream(id, verb, body, { signal, onToken, onDone }) {
      const options = { method: "POST", headers: HEADERS, body: JSON.stringify(body), signal };
      const response = await request(chapterUrl(id, `/${verb}`), options);
      try {
        await readEvents(response.body, (name, data) => {
          if (name === "token") onToken(data);
          else if (name === "done") onDone(data);
          else if (name === "error") throw new ApiError(200, data.code, data.message);
        });
      } catch (error) {
        if (error instanceof ApiError || error.name === "AbortError") throw error;
        throw new ApiError(0, "interrupted", "The connection to the model broke off.");
      }
    },
  };
}

// What the page does beside the editor: remembers what is open, shows the editor's state, downloads exports.
// Titles and prose are only ever set as text, never as markup.
(() => {
  "use strict";
  const KEY = "templora-open";
  const AWAY = "templora-warning";
  const SIDE = "templora-side";
  // The settings of a take in the order of their controls (`Takes.sampling` in parts.py).
  const NAMES = [
    "max_tokens", "takes", "temperature", "stop_at", "repetition_penalty", "dry_multiplier", "dry_allowed_length", "top_k",
    "typical_p", "top_p", "min_p", "xtc_probability", "xtc_threshold", "copied_words", "banned", "word_bias",
    "follow_marks", "seed",
  ];
  const PASSAGES = {
    known: "learnt", stale: "an older version is learnt", pending: "not learnt yet", learning: "being learnt now",
    excluded: "left out of the memory",
  };
  const $ = (id) => document.getElementById(id);
  const editor = () => window.templora;

  const whenReady = (test, go) => {
    const look = () => (test() ? go() : setTimeout(look, 50));
    look();
  };

  const stored = (key) => {
    try { return JSON.parse(localStorage.getItem(key) || "null"); } catch { return null; }
  };

  const text = (id, value) => { const node = $(id); if (node && node.textContent !== value) node.textContent = value; };

  function show(state) {
    document.body.dataset.templora = state.mode;
    document.body.dataset.chapter = state.chapter ? "open" : "none";
    text("take-count", state.count > 1 ? `${state.index + 1} of ${state.count}` : "");
    document.body.dataset.selected = state.selectionWords ? "some" : "none";
    document.body.dataset.gap = state.gap ? "here" : "none";
    document.body.dataset.takes = state.count > 1 ? "many" : "few";
    text("save-state", saveLine(state));
    text("passage-state", PASSAGES[state.passage] || "–");
  }

  // The two continuations as they come.
  function compared({ before, sides, error }) {
    text("compare-before", before);
    ["with", "without"].forEach((name, side) => {
      const box = $(`compare-${name}`);
      if (!box) return;
      const { mode, ...written } = sides[side];
      const words = written.text.trim();
      text(box.id, words || (mode === "done" ? error || "Nothing was written here." : mode === "writing" ? "" : "…"));
      box.dataset.mode = words ? mode : "empty";
      $(`compare-use-${name}`).disabled = !words;
    });
  }

  function saveLine(state) {
    if (!state.chapter) return "";
    if (state.error && state.unsaved) return state.error; // else it stands above the text, and all is saved
    if (state.conflict) return "Two versions: choose above";
    if (state.saving) return "Saving …";
    if (!state.savedAt) return state.unsaved ? "" : "Saved";
    return `Saved ${new Date(state.savedAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
  }

  async function fetched(url, options) {
    const answer = await fetch(url, options);
    if (answer.ok) return answer;
    let message = `The server answered ${answer.status}.`;
    try { message = (await answer.json()).error.message; } catch { /* not of our shape */ }
    throw new Error(message);
  }

  async function download(answer) {
    const name = decodeURIComponent((answer.headers.get("Content-Disposition") || "").split("UTF-8''")[1] || "book");
    save(await answer.blob(), name);
    return name;
  }

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  // An export without the last words would be worse than none.
  async function saved() {
    if (await window.desk.flush()) return;
    throw new Error("your last words are not saved yet. Look above the text for what to do, then export again.");
  }

  const reported = (work) => async (...values) => {
    try { return await work(...values); } catch (error) { return `That did not work: ${error.message}`; }
  };

  // `src/page.js` of the editor adds show, hide, dialog (of dialogs), toggle and reveal (of the sides).
  // To the text, which a drawer may cover.
  function back() {
    window.desk.toggle(null);
    if (matchMedia("(pointer: fine)").matches) editor().focus(); // a phone would raise its keyboard
  }

  function ask(field) {
    const find = () => $(field)?.querySelector("textarea, button");
    window.desk.reveal("Takes");
    whenReady(() => find()?.offsetParent, () => find().focus());
  }

  window.desk = {
    // --- what is open ---
    restore() {
      const address = new URLSearchParams(location.search);
      const last = stored(KEY) || {};
      return [address.get("book") || last.book || "", address.get("chapter") || last.chapter || ""];
    },
    /** With `begin` one writes on at once: whoever has just made a chapter need not click into it. */
    opened(book, chapter, begin = false) {
      try { localStorage.setItem(KEY, JSON.stringify({ book, chapter })); } catch { /* private window */ }
      const address = new URL(location.href);
      for (const [name, id] of [["book", book], ["chapter", chapter]])
        id ? address.searchParams.set(name, id) : address.searchParams.delete(name);
      history.replaceState(null, "", address);
      document.body.dataset.book = book ? "open" : "none";
      window.desk.toggle(null);
      whenReady(editor, async () => {
        await editor().open(chapter || null);
        if (begin) whenReady(() => !window.desk.dialog(), back); // behind a dialog it takes no focus
      });
    },
    flush: async () => (editor() ? editor().flush() : true),

    // --- writing ---
    do(verb) {
      const name = { accept: ["accept", "acceptRewrite"], dismiss: ["dismiss", "rejectRewrite"] }[verb];
      const diff = editor().state().mode === "diff" || editor().state().mode === "rewriting";
      editor()[name ? name[diff ? 1 : 0] : verb]();
      if (matchMedia("(pointer: fine)").matches) editor().focus(); // a phone would raise its keyboard
    },
    rewrite(instruction, verb) { editor().rewrite(instruction || "", verb); back(); },
    beat(words) { editor().beat(words); if (words.trim()) back(); },
    insertTake(id) { if (id) { editor().insertTake(id); back(); } },
    showTake(id) { if (id) { editor().showTake(id); back(); } },
    // To the fields of the Takes tab, which may be behind another tab or in a drawer.
    askBeat() { ask("beat"); },
    askRewrite() { ask(document.body.dataset.model === "base" ? "verbs" : "instruction"); },
    /** What the model can be asked for is known once it is loaded. */
    async abilities() {
      // Without an answer it stays as it was: the page says by itself that the desk cannot be reached.
      const { model } = await fetch("/api/status").then((answer) => answer.json()).catch(() => ({}));
      if (model) document.body.dataset.model = model.answers === false ? "base" : "chat";
      if (["ready", "learning"].includes(model?.state)) editor()?.modelReady();
    },
    sampling(values) {
      const settings = Object.fromEntries(NAMES.map((name, i) => [name, values[i]]));
      const lines = (words) => (words || "").split("\n").map((line) => line.trim()).filter(Boolean);
      settings.banned = lines(settings.banned);
      const weighed = lines(settings.word_bias).map((line) => line.replace("−", "-").match(/^(.*\S)\s+([+-]?\d+(\.\d+)?)$/));
      settings.word_bias = Object.fromEntries(weighed.filter(Boolean).map(([, word, number]) => [word, Number(number)]));
      if (settings.seed === "") settings.seed = null; // null takes it back
      editor().settings(settings);
    },

    // --- history ---
    /** '' where it was done, 'conflict' where the writer has to choose between two versions first, else why not. */
    async restoreRevision(number, chapter) {
      const { problem, conflict } = await editor().restoreRevision(number, chapter);
      return conflict ? "conflict" : problem;
    },
    /** What to say of it; `otherwise` says how to copy where a page may not. */
    async copyText(words, otherwise) {
      try {
        await navigator.clipboard.writeText(words);
        return "Copied.";
      } catch { // no clipboard for a page that is not on this computer
        return `This browser does not let a page copy here. ${otherwise}`;
      }
    },

    /** Where the caret stands in the saved text, as JSON `{problem, revision, at}`. */
    place: async () => JSON.stringify(await editor().place()),

    // --- the memory ---
    /** Leaves the selection out of the memory, or lets it be learnt again; what to say of it. */
    async exclude(excluded) {
      const { problem } = await editor().exclude(excluded);
      if (problem) return problem;
      return excluded
        ? "Left out: what the memory knows of it goes when it is rebuilt, or at once on ‘Forget now’."
        : "It is learnt again, in its turn.";
    },
    memoryMoved() { editor()?.memoryMoved(); },
    compare() { editor().compare(); },
    stopCompare() { editor().stopCompare(); },
    useCompared(side) {
      editor().useCompared(side);
      window.desk.toggle(null);
      whenReady(() => !window.desk.dialog(), () => editor().focus()); // behind the dialog it takes no focus
    },

    // --- files ---
    copy: reported(async (book, format) => {
      await saved();
      const name = await download(await fetched(`/api/projects/${book}/copy?format=${format}`));
      return `${name} was downloaded. Nothing has changed: the memory is kept.`;
    }),
    /** What `ui.view.finished` reads, as JSON. */
    async finish(book, format) {
      try {
        await saved();
        const answer = await fetched(`/api/projects/${book}/export`, {
          method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ format }),
        });
        const gone = JSON.parse(answer.headers.get("Templora-Finish"));
        return JSON.stringify({ ...gone, name: await download(answer) });
      } catch (error) {
        return JSON.stringify({ problem: error.message });
      }
    },
    provenance: reported(async (book) => {
      const { typed_words, models } = await (await fetched(`/api/projects/${book}/provenance`)).json();
      const quoted = (value) => `"${String(value).replaceAll('"', '""')}"`;
      const rows = [
        ["who", "words accepted", "words in the book", "words edited since"],
        ["the writer", "", typed_words, ""],
        ...models.map((share) => [share.model, share.accepted_words, share.kept_words, share.edited_words]),
      ];
      save(new Blob([rows.map((row) => row.map(quoted).join(",")).join("\r\n")], { type: "text/csv" }), "provenance.csv");
      return "provenance.csv was downloaded.";
    }),

    // --- warnings: a line that can be put away, until it says something else ---
    warned(words) {
      let away = null;
      try { away = sessionStorage.getItem(AWAY); } catch { /* blocked */ }
      document.body.dataset.warning = words && away !== words ? "shown" : "none";
    },
    putAway(words) {
      try { sessionStorage.setItem(AWAY, words); } catch { /* blocked: it is back after a reload */ }
      document.body.dataset.warning = "none";
    },
  };

  // The tab beside the text that was open before a reload. A page that was just opened begins with the takes.
  document.addEventListener("click", ({ target }) => {
    const tab = target.closest?.("#side-tabs [role=tab]");
    try { if (tab) sessionStorage.setItem(SIDE, tab.textContent.trim()); } catch { /* blocked */ }
  });
  whenReady(() => document.querySelector("#side-tabs [role=tab]") && document.body.dataset.book, () => {
    let name = null;
    try { name = sessionStorage.getItem(SIDE); } catch { /* blocked */ }
    const tab = [...document.querySelectorAll("#side-tabs [role=tab]")].find((each) => each.textContent.trim() === name);
    if (tab?.getAttribute("aria-selected") === "false") tab.click();
  });

  if (/Mac|iP(hone|ad)/.test(navigator.platform)) document.documentElement.dataset.keys = "mac";
  // Asks the page to open what was open, until it has: a click before Gradio listens is not heard.
  function begin() {
    if (document.body.dataset.book) return;
    $("restore")?.click();
    setTimeout(begin, 700);
  }
  whenReady(() => $("restore") && editor(), begin);

  window.addEventListener("templora:state", (event) => show(event.detail));
  window.addEventListener("templora:compare", (event) => compared(event.detail));
})();

/**
 * Every action of the desk, in one list: the palette (Ctrl/Cmd+K) and the list of shortcuts (?) are made from it, and
 * the shortcuts that hold on the whole desk are bound from it (`palette.js`).
 *
 * To add one, add an entry to LIST, under the heading that it stands under in the list of shortcuts:
 *
 *   id      its own name, 'group.verb'; what was used last is remembered by it
 *   title   what it does, as one would ask for it
 *   press   id of the button that it presses, or
 *   run     what it calls (`window.templora`, `window.desk`, …); or neither, where `at` is all
 *   keys    its shortcut, 'Mod-Shift-h': Mod is Ctrl, on a Mac ⌘. It holds wherever on the desk one is; with
 *   editor  true it is the editor's own keymap (`keys.js`) that hears it, and here it is only shown
 *   needs   what must be there, a name in NEEDS: else it stands grey, and says why
 *   at      where its button stands, if it should be seen: 'Chapters', or the label of a tab beside the text
 *   within  id of the part that must be unfolded before its button is there
 *   words   more words by which it is found
 *   hidden  true: has a shortcut, but no place in the palette
 *
 * An entry whose button is not on the page now is left out (unless `at` names a tab that would bring it).
 */

/** What an action may need: whether it is there (of `{state, book}`, see `Editor.state`), and what to say if not. */
export const NEEDS = {
  book: [({ book }) => book, "Open a book first."],
  chapter: [({ state }) => state.chapter, "Open a chapter first."],
  selection: [({ state }) => state.selectionWords > 0, "Select a passage first."],
  idle: [({ state }) => state.chapter && ["idle", "ghost", "diff"].includes(state.mode), "The model is writing."],
  writing: [({ state }) => ["streaming", "rewriting"].includes(state.mode), "The model is not writing."],
  shown: [({ state }) => ["streaming", "ghost", "diff"].includes(state.mode), "No take is shown."],
  ghost: [({ state }) => ["streaming", "ghost"].includes(state.mode), "No take is shown."],
  gap: [({ state }) => state.gap, "Put the caret on an empty line between two passages, or select a placeholder."],
  diff: [({ state }) => state.mode === "diff", "No rewrite is shown."],
  rivals: [({ state }) => state.count > 1, "There is no other take for this place."],
};

const LIST = {
  Writing: [
    { id: "write.continue", title: "Continue from the caret",
      press: "do-continue", keys: "Mod-Enter", editor: true, needs: "idle", words: "write model take generate" },
    { id: "write.beat", title: "Write from a beat: what happens next …",
      run: () => window.desk.askBeat(), keys: "Mod-Shift-b", needs: "chapter", words: "take synopsis outline plot" },
    { id: "write.fill", title: "Fill in the gap",
      press: "do-fill", keys: "Mod-Alt-Enter", editor: true, needs: "gap", words: "between placeholder middle" },
    { id: "write.another", title: "Another take",
      press: "do-another", keys: "Mod-Shift-Enter", editor: true, needs: "idle", words: "again retry regenerate" },
    { id: "write.accept", title: "Accept the take",
      press: "do-accept", keys: "Tab", editor: true, needs: "shown", words: "use insert" },
    { id: "write.word", title: "Accept the next word",
      press: "do-word", keys: "Alt-ArrowRight", editor: true, needs: "ghost" },
    { id: "write.sentence", title: "Accept the next sentence",
      press: "do-sentence", keys: "Alt-Shift-ArrowRight", editor: true, needs: "ghost" },
    { id: "write.previous", title: "Previous take",
      press: "do-previous", keys: "Alt-[", editor: true, needs: "chapter", words: "earlier" },
    { id: "write.next", title: "Next take", press: "do-next", keys: "Alt-]", editor: true, needs: "rivals" },
    { id: "write.stop", title: "Stop the model", press: "do-stop", keys: "Escape", editor: true, needs: "writing" },
    { id: "write.dismiss", title: "Dismiss the take",
      press: "do-dismiss", keys: "Escape", editor: true, needs: "shown", words: "reject" },
    { id: "write.rewrite", title: "Rewrite the selection",
      press: "do-rewrite", keys: "Mod-Alt-r", editor: true, needs: "selection", words: "rephrase change" },
    { id: "write.expand", title: "Expand the selection", press: "do-expand", needs: "selection", words: "longer rewrite" },
    { id: "write.shorten", title: "Shorten the selection",
      press: "do-shorten", needs: "selection", words: "cut tighten rewrite" },
    { id: "write.describe", title: "Describe: the selection with more for the senses",
      press: "verb-describe", needs: "selection", at: "Takes", words: "description rewrite" },
    { id: "write.past", title: "Put the selection into the past tense",
      press: "verb-past", needs: "selection", at: "Takes", words: "rewrite tense" },
    { id: "write.present", title: "Put the selection into the present tense",
      press: "verb-present", needs: "selection", at: "Takes", words: "rewrite tense" },
    { id: "write.first", title: "Tell the selection in the first person",
      press: "verb-first", needs: "selection", at: "Takes", words: "rewrite point of view I" },
    { id: "write.third", title: "Tell the selection in the third person",
      press: "verb-third", needs: "selection", at: "Takes", words: "rewrite point of view she he" },
    { id: "write.take-change", title: "Take this change of the rewrite",
      press: "do-take-change", keys: "Alt-ArrowRight", editor: true, needs: "diff", words: "hunk accept" },
    { id: "write.leave-change", title: "Leave it as it was",
      press: "do-leave-change", keys: "Alt-ArrowLeft", editor: true, needs: "diff", words: "hunk reject change" },
    { id: "write.next-change", title: "Next change of the rewrite",
      run: () => window.templora.lookOn(1), keys: "F7", editor: true, needs: "diff", words: "hunk" },
    { id: "write.previous-change", title: "Previous change of the rewrite",
      run: () => window.templora.lookOn(-1), keys: "Shift-F7", editor: true, needs: "diff", words: "hunk" },
    { id: "write.reading", title: "What the model reads …",
      press: "do-reading", needs: "chapter", words: "prompt context window tokens bible note" },
    { id: "write.undo", title: "Undo", keys: "Mod-z", editor: true, hidden: true },
    { id: "write.save", title: "Save now", run: () => window.templora.save(), keys: "Mod-s", needs: "chapter" },
  ],
  Chapters: [
    { id: "chapter.new", title: "New chapter", press: "add-chapter", needs: "book", words: "add" },
    { id: "chapter.up", title: "Move the chapter up", press: "chapter-up", needs: "chapter", words: "order earlier" },
    { id: "chapter.down", title: "Move the chapter down",
      press: "chapter-down", needs: "chapter", words: "order later" },
    { id: "chapter.undo", title: "Undo the change of order", press: "order-undo", needs: "book", words: "put back" },
    { id: "chapter.split", title: "Split the chapter at the caret …",
      press: "chapter-split", needs: "chapter", at: "Chapters" },
    { id: "chapter.merge", title: "Merge the chapter with the next …",
      press: "chapter-merge", needs: "chapter", at: "Chapters", words: "join" },
    { id: "chapter.delete", title: "Delete the chapter …",
      press: "chapter-delete", needs: "chapter", at: "Chapters", words: "trash" },
    { id: "chapter.find", title: "Find and replace in the chapter",
      run: () => window.desk.openFind(), keys: "Mod-f", needs: "chapter", words: "search" },
    { id: "chapter.comment", title: "Comment on the selection",
      run: () => window.desk.openComment(), keys: "Mod-Alt-m", needs: "chapter", words: "note margin to-do todo" },
    { id: "chapter.history", title: "History of the chapter …",
      press: "open-history", keys: "Mod-Shift-h", needs: "chapter", words: "versions revisions restore diff changes" },
  ],
  Book: [
    { id: "book.books", title: "Books: open, start, import …",
      press: "open-books", words: "new project manuscript backup" },
    { id: "book.search", title: "Search the book",
      run: () => window.desk.openSearch(), keys: "Mod-Shift-f", needs: "book", words: "find words phrase" },
    { id: "book.replace", title: "Find and replace in the book …",
      run: () => window.desk.openReplace(), needs: "book", words: "rename name undo replacement" },
    { id: "book.goals", title: "Words and goals …",
      press: "open-goals", needs: "book", words: "calendar progress language spelling today session" },
    { id: "book.export", title: "Export or finish the book …",
      press: "open-export", needs: "book", words: "download docx word markdown copy provenance who wrote" },
  ],
  Memory: [
    { id: "memory.learn", title: "Learn now", press: "learn-now", needs: "book", at: "Memory", words: "train" },
    { id: "memory.pause", title: "Pause learning", press: "learn-pause", needs: "book", at: "Memory" },
    { id: "memory.resume", title: "Resume learning", press: "learn-resume", needs: "book" },
    { id: "memory.relearn", title: "Learn the whole book again …",
      press: "relearn-all", needs: "book", at: "Memory", words: "relearn rebuild" },
    { id: "memory.compare", title: "Compare with and without the memory …",
      press: "compare", needs: "chapter", at: "Memory" },
    { id: "memory.voice", title: "Voice check: tint what sounds least like the book",
      run: () => window.desk.toggleVoice(), needs: "chapter", at: "Memory", words: "style heat surprise sentences" },
    { id: "memory.echoes", title: "Look for echoes",
      press: "echo-look", needs: "book", at: "Memory", within: "echo-check", words: "repeated phrases repetition" },
    { id: "memory.leave-out", title: "Leave the selection out of the memory",
      press: "leave-out", needs: "selection", at: "Memory", words: "exclude" },
    { id: "memory.let-in", title: "Let the memory learn the selection again",
      press: "let-in", needs: "selection", at: "Memory", words: "include" },
    { id: "memory.forget", title: "Forget now …",
      press: "forget-now", needs: "book", at: "Memory", words: "unlearn deleted" },
    { id: "memory.purge", title: "Purge the history …",
      press: "purge", needs: "book", at: "Memory", words: "delete old versions" },
    { id: "memory.discard", title: "Discard the memory …",
      press: "memory-discard", needs: "book", at: "Memory", words: "delete" },
  ],
  Notes: [
    { id: "notes.show", title: "Show the notes: story bible, author’s note",
      at: "Notes", needs: "book", words: "characters places things rules names mentions style tense mood" },
    { id: "notes.new", title: "New entry in the story bible",
      press: "entry-new", needs: "book", at: "Notes", words: "character place thing rule add" },
  ],
  View: [
    { id: "model.choose", title: "The model: choose, fetch another …",
      press: "open-model", needs: "book", words: "llm download hub gguf change" },
    { id: "view.text", title: "Go to the text",
      run: () => window.templora.focus(), needs: "chapter", words: "editor page" },
    { id: "view.binder", title: "Show or hide the chapters",
      press: "toggle-binder", keys: "Mod-Alt-b", words: "binder side left close open" },
    { id: "view.side", title: "Show or hide the assistant",
      press: "toggle-side", keys: "Mod-Alt-a", words: "side right close open tabs" },
    { id: "view.takes", title: "Show takes",
      at: "Takes", needs: "book", words: "temperature length sampling instruction settings" },
    { id: "view.comments", title: "Show comments and to-dos", at: "Comments", needs: "book", words: "notes margin" },
    { id: "view.memory", title: "Show the memory", at: "Memory", needs: "book", words: "perplexity strength" },
    { id: "view.look", title: "How the page looks …",
      press: "open-look", words: "settings typeface font size width theme colours appearance" },
    { id: "view.focus", title: "Focus mode, on or off", run: () => window.look.toggleFocus(), keys: "Mod-Alt-f",
      words: "distraction free zen paragraph sentence dim" },
    { id: "view.typewriter", title: "Typewriter mode, on or off", keys: "Mod-Alt-y",
      run: () => window.look.set({ typewriter: !window.look.get().typewriter }), words: "caret middle centre scroll" },
    { id: "view.light", title: "Colours: light", run: () => window.look.set({ theme: "light" }), words: "theme day" },
    { id: "view.dark", title: "Colours: dark", run: () => window.look.set({ theme: "dark" }), words: "theme night" },
    { id: "view.sepia", title: "Colours: sepia", run: () => window.look.set({ theme: "sepia" }), words: "theme warm" },
    { id: "view.system", title: "Colours: as the system", run: () => window.look.set({ theme: "system" }),
      words: "theme automatic" },
    { id: "view.larger", title: "Larger letters", run: () => window.look.resize(1), words: "text size zoom font" },
    { id: "view.smaller", title: "Smaller letters", run: () => window.look.resize(-1), words: "text size zoom font" },
  ],
  Help: [
    { id: "help.actions", title: "All actions",
      run: () => window.templora.palette("actions"), keys: "Mod-k", hidden: true },
    { id: "help.shortcuts", title: "Keyboard shortcuts",
      run: () => window.templora.palette("shortcuts"), keys: "?", words: "keys help" },
  ],
};

export const ACTIONS = Object.entries(LIST).flatMap(([group, list]) => list.map((action) => ({ ...action, group })));

// --- what is possible now ---

/**
 * Whether `action` can be done: '' if so, else what to say; null where it is not on the page at all.
 * `now` is `{state, book, tab}`, `tab` being the label of the one that is chosen; `find` looks up an element by its id.
 */
export function obstacle(action, now, find) {
  const [there, why] = NEEDS[action.needs] ?? [() => true, ""];
  if (!there(now)) return why;
  if (!action.press) return "";
  const button = find(action.press);
  if (button) return button.disabled ? "Not possible at the moment." : "";
  return action.at && ![now.tab, "Chapters"].includes(action.at) ? "" : null; // another tab may bring it
}

// --- finding ---

/** How well `action` fits what was typed, higher is better; 0: not at all. Each word typed must be found. */
export function fits(action, typed) {
  const plain = (text) => text.toLocaleLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
  const title = plain(action.title);
  const all = plain(`${action.title} ${action.group} ${action.words ?? ""}`);
  let score = 1;
  for (const word of plain(typed).split(/\s+/).filter(Boolean)) {
    if (title.startsWith(word)) score += 4;
    else if (` ${title}`.includes(` ${word}`)) score += 3;
    else if (` ${all}`.includes(` ${word}`)) score += 2;
    else if (all.includes(word)) score += 1;
    else return 0;
  }
  return score;
}

/**
 * What the palette lists for what was `typed`: `[{action, why}]`, what is possible first; then the best fit, then what
 * was used last (`recent`: ids, newest first), then the order of ACTIONS.
 */
export function listed(actions, typed, recent, now, find) {
  const age = (id) => (recent.includes(id) ? recent.indexOf(id) : recent.length);
  return actions
    .filter((action) => !action.hidden)
    .map((action) => ({ action, why: obstacle(action, now, find), score: fits(action, typed) }))
    .filter(({ why, score }) => why !== null && score > 0)
    .sort((a, b) => Boolean(a.why) - Boolean(b.why) || b.score - a.score || age(a.action.id) - age(b.action.id))
    .map(({ action, why }) => ({ action, why }));
}

// --- shortcuts ---

const SIGNS = {
  pc: { Mod: "Ctrl", Shift: "⇧", Alt: "Alt" },
  mac: { Mod: "⌘", Shift: "⇧", Alt: "⌥" },
};
const NAMES = { Enter: "↵", Escape: "Esc", ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓" };

/** A shortcut as it is shown: 'Ctrl ⇧ H'. */
export function shown(keys, mac) {
  const [key, ...modifiers] = keys.split(/-(?!$)/).reverse();
  const signs = SIGNS[mac ? "mac" : "pc"];
  const name = NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  return [...modifiers.reverse().map((modifier) => signs[modifier]), name].join(" ");
}

/** Does this keydown mean `keys`? Letters are told by their place, since Alt makes other signs of them on a Mac. */
export function means(event, keys, mac) {
  const [key, ...modifiers] = keys.split(/-(?!$)/).reverse();
  const has = (name) => modifiers.includes(name);
  if (event.getModifierState?.("AltGraph")) return false; // it writes a sign
  if ((mac ? event.metaKey : event.ctrlKey) !== has("Mod") || (mac ? event.ctrlKey : event.metaKey)) return false;
  if (event.altKey !== has("Alt")) return false;
  if (!modifiers.length && key.length === 1 && !/\w/.test(key)) return event.key === key; // its own sign, '?'
  if (event.shiftKey !== has("Shift")) return false;
  const letter = /^[a-z]$/.test(key) && (has("Alt") ? event.code === `Key${key.toUpperCase()}` : null);
  return letter || event.key.toLowerCase() === key.toLowerCase();
}

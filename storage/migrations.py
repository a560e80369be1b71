"""The history of the schema: append only. A migration that has been released is never changed; write the next one.

Plain SQL, one function a step; those that are pending run in one transaction. Long columns come last in their tables:
SQLite reads the ones before them without touching the text.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations


def m001_books(db: Database) -> None:
    _run(
        db,
        """CREATE TABLE projects (
            id TEXT PRIMARY KEY,
            title TEXT NOT NULL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            deleted_at REAL,
            finished_at REAL,
            learning TEXT NOT NULL DEFAULT 'on' CHECK (learning IN ('on', 'paused', 'off'))
        ) STRICT""",
        """CREATE TABLE chapters (
            id TEXT PRIMARY KEY,
            project TEXT NOT NULL REFERENCES projects(id),
            title TEXT NOT NULL,
            position INTEGER NOT NULL,
            deleted_at REAL
        ) STRICT""",
        "CREATE INDEX chapters_of_project ON chapters(project, position)",
        # began_at: when the first of the autosaves that were folded into this revision was made.
        # runs: who wrote what, as JSON [[length, take or null], …], covering the text exactly.
        """CREATE TABLE revisions (
            chapter TEXT NOT NULL REFERENCES chapters(id),
            number INTEGER NOT NULL,
            kind TEXT NOT NULL,
            name TEXT,
            words INTEGER NOT NULL,
            began_at REAL NOT NULL,
            created_at REAL NOT NULL,
            runs TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (chapter, number)
        ) STRICT""",
        """CREATE TABLE takes (
            id TEXT PRIMARY KEY,
            project TEXT NOT NULL REFERENCES projects(id),
            chapter TEXT NOT NULL REFERENCES chapters(id),
            kind TEXT NOT NULL,
            revision INTEGER NOT NULL,
            start INTEGER NOT NULL,
            "end" INTEGER NOT NULL,
            instruction TEXT,
            model TEXT NOT NULL,
            memory TEXT,
            sampling TEXT NOT NULL,
            tokens INTEGER NOT NULL,
            finish_reason TEXT,
            created_at REAL NOT NULL,
            accepted_revision INTEGER,
            deleted_at REAL,
            text TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX takes_of_chapter ON takes(chapter, revision)",
    )


def m002_memory(db: Database) -> None:
    _run(
        db,
        """CREATE TABLE lessons (
            project TEXT NOT NULL REFERENCES projects(id),
            chain TEXT NOT NULL,
            parent TEXT NOT NULL,
            tokens INTEGER NOT NULL,
            base_loss REAL NOT NULL,
            memory_loss REAL NOT NULL,
            seconds REAL NOT NULL,
            created_at REAL NOT NULL,
            base_losses BLOB NOT NULL,
            memory_losses BLOB NOT NULL,
            PRIMARY KEY (project, chain)
        ) STRICT""",
        # number: counts the commits of a project from 0; rows go when they are thinned out, the count goes on.
        """CREATE TABLE snapshots (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            project TEXT NOT NULL REFERENCES projects(id),
            number INTEGER NOT NULL,
            chain TEXT NOT NULL,
            n_chunks INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            numerics TEXT NOT NULL,
            created_at REAL NOT NULL,
            UNIQUE (project, chain)
        ) STRICT""",
    )


def m003_history(db: Database) -> None:
    # excluded: passages left out of the memory, as JSON [[start, end], …] in code points of this revision.
    # packed: what turns the next newer revision into this one; `text` and `runs` are then empty. NULL: they are whole.
    _run(
        db,
        """CREATE TABLE revisions_of_m003 (
            chapter TEXT NOT NULL REFERENCES chapters(id),
            number INTEGER NOT NULL,
            kind TEXT NOT NULL,
            name TEXT,
            words INTEGER NOT NULL,
            began_at REAL NOT NULL,
            created_at REAL NOT NULL,
            excluded TEXT NOT NULL DEFAULT '[]',
            runs TEXT NOT NULL,
            packed BLOB,
            text TEXT NOT NULL,
            PRIMARY KEY (chapter, number)
        ) STRICT""",
        """INSERT INTO revisions_of_m003 (chapter, number, kind, name, words, began_at, created_at, runs, text)
           SELECT chapter, number, kind, name, words, began_at, created_at, runs, text FROM revisions""",
        "DROP TABLE revisions",
        "ALTER TABLE revisions_of_m003 RENAME TO revisions",
        "ALTER TABLE chapters ADD COLUMN learned INTEGER NOT NULL DEFAULT 1 CHECK (learned IN (0, 1))",
        "ALTER TABLE projects ADD COLUMN strength REAL NOT NULL DEFAULT 1.0 CHECK (strength BETWEEN 0 AND 1.5)",
        # What the snapshots of a book may take on the disk; 4 GiB.
        "ALTER TABLE projects ADD COLUMN disk_bytes INTEGER NOT NULL DEFAULT 4294967296 CHECK (disk_bytes >= 0)",
        # digest: SHA-256 (hex) of the chunk's text; '' for lessons of before, which are known by their chain alone.
        "ALTER TABLE lessons ADD COLUMN digest TEXT NOT NULL DEFAULT ''",
    )


def m004_accepted(db: Database) -> None:
    # accepted_words: how many words were taken over from a take, however much of them was edited away since; NULL for
    # takes that were accepted before anybody counted.
    _run(db, "ALTER TABLE takes ADD COLUMN accepted_words INTEGER")


def m006_tools(db: Database) -> None:
    # Which revision and title of a chapter the search index has, and under which row.
    _run(
        db,
        """CREATE TABLE indexed (
            number INTEGER PRIMARY KEY,
            chapter TEXT NOT NULL UNIQUE REFERENCES chapters(id),
            revision INTEGER NOT NULL,
            title TEXT NOT NULL
        ) STRICT""",
        "CREATE VIRTUAL TABLE fulltext USING fts5(title, body, tokenize = 'unicode61 remove_diacritics 2')",
    )
    # One replacement throughout a book: each chapter's revision before it and after it.
    _run(
        db,
        """CREATE TABLE replacements (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            project TEXT NOT NULL REFERENCES projects(id),
            created_at REAL NOT NULL,
            undone_at REAL
        ) STRICT""",
        """CREATE TABLE replaced (
            replacement INTEGER NOT NULL REFERENCES replacements(id),
            chapter TEXT NOT NULL REFERENCES chapters(id),
            "before" INTEGER NOT NULL,
            "after" INTEGER NOT NULL,
            places INTEGER NOT NULL,
            PRIMARY KEY (replacement, chapter)
        ) STRICT""",
    )
    # start, end: in code points of the revision; both NULL where the passage is no longer in the text.
    _run(
        db,
        """CREATE TABLE comments (
            id TEXT PRIMARY KEY,
            project TEXT NOT NULL REFERENCES projects(id),
            chapter TEXT NOT NULL REFERENCES chapters(id),
            kind TEXT NOT NULL CHECK (kind IN ('comment', 'todo')),
            revision INTEGER NOT NULL,
            start INTEGER,
            "end" INTEGER,
            created_at REAL NOT NULL,
            resolved_at REAL,
            deleted_at REAL,
            quote TEXT NOT NULL,
            body TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX comments_of_chapter ON comments(chapter)",
    )
    # What was written of a chapter in a day (local, YYYY-MM-DD) or in a session (when it began, Unix seconds): the
    # words of its text that `base` has not, and `words` that were counted before. base NULL: counted for good.
    _run(
        db,
        """CREATE TABLE written (
            project TEXT NOT NULL REFERENCES projects(id),
            chapter TEXT NOT NULL,
            span TEXT NOT NULL CHECK (span IN ('day', 'session')),
            began TEXT NOT NULL,
            saved_at REAL NOT NULL,
            words INTEGER NOT NULL DEFAULT 0,
            base TEXT,
            PRIMARY KEY (chapter, span, began)
        ) STRICT""",
        "CREATE INDEX written_of_project ON written(project, span, began)",
        """CREATE TABLE goals (
            project TEXT PRIMARY KEY REFERENCES projects(id),
            session INTEGER NOT NULL DEFAULT 0 CHECK (session >= 0),
            day INTEGER NOT NULL DEFAULT 0 CHECK (day >= 0),
            book INTEGER NOT NULL DEFAULT 0 CHECK (book >= 0)
        ) STRICT""",
        "ALTER TABLE projects ADD COLUMN language TEXT NOT NULL DEFAULT ''",
    )


def m007_beats(db: Database) -> None:
    # beat: what should happen in a take, in the writer's words. verb: how a rewrite was to change its passage.
    _run(db, "ALTER TABLE takes ADD COLUMN verb TEXT", "ALTER TABLE takes ADD COLUMN beat TEXT")


def m008_outline(db: Database) -> None:
    # What the writer notes of a chapter for the outline; it is no part of the book.
    _run(
        db,
        """ALTER TABLE chapters ADD COLUMN status TEXT NOT NULL DEFAULT ''
           CHECK (status IN ('', 'outline', 'draft', 'revised', 'done'))""",
        "ALTER TABLE chapters ADD COLUMN synopsis TEXT NOT NULL DEFAULT ''",
    )


def m009_bible(db: Database) -> None:
    # aliases: JSON [name, …].
    _run(
        db,
        """CREATE TABLE entries (
            id TEXT PRIMARY KEY,
            project TEXT NOT NULL REFERENCES projects(id),
            kind TEXT NOT NULL CHECK (kind IN ('character', 'place', 'thing', 'rule')),
            name TEXT NOT NULL,
            aliases TEXT NOT NULL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            deleted_at REAL,
            description TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX entries_of_project ON entries(project)",
        """CREATE TABLE entry_notes (
            entry TEXT NOT NULL REFERENCES entries(id),
            chapter TEXT NOT NULL REFERENCES chapters(id),
            text TEXT NOT NULL,
            PRIMARY KEY (entry, chapter)
        ) STRICT""",
        "CREATE INDEX entry_notes_of_chapter ON entry_notes(chapter)",
        """CREATE TABLE author_notes (
            project TEXT PRIMARY KEY REFERENCES projects(id),
            updated_at REAL NOT NULL,
            text TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE dismissed_names (
            project TEXT NOT NULL REFERENCES projects(id),
            name TEXT NOT NULL,
            PRIMARY KEY (project, name)
        ) STRICT""",
    )


def m010_voice(db: Database) -> None:
    # copied_words: the longest run of words that a take has in common with the book as it stood then, 0 where that is
    # short; NULL where nobody looked. sampling: how takes are drawn in a book, as JSON (`templora.presets`).
    _run(
        db,
        "ALTER TABLE takes ADD COLUMN copied_words INTEGER",
        "ALTER TABLE projects ADD COLUMN sampling TEXT NOT NULL DEFAULT '{}'",
    )


STEPS = (
    m001_books,
    m002_memory,
    m003_history,
    m004_accepted,
    m006_tools,
    m007_beats,
    m008_outline,
    m009_bible,
    m010_voice,
)


class NewerSchema(Exception):
    """The database has been through migrations that this history does not know."""


def pending(db: Database) -> list[str]:
    """The steps that the database has not been through yet; reads only. Raises `NewerSchema`."""
    history = _history()
    if {done.name for done in history.applied(db)} - {step.__name__ for step in STEPS}:
        raise NewerSchema
    return [step.name for step in history.pending(db)]


def migrate(db: Database) -> None:
    """Apply what the database has not been through yet, all or nothing. Raises `NewerSchema`."""
    if not pending(db):
        return
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        _history().apply(db)
        db.commit()
    except BaseException:
        db.rollback()
        raise


def _history() -> Migrations:
    history = Migrations("templora")
    for step in STEPS:
        history()(step)
    return history


def _run(db: Database, *statements: str) -> None:
    for statement in statements:
        db.conn.execute(statement)

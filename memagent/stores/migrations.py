"""The schema, one function a version. A file records how many of them it has seen.

A version that was released is never edited: a change is a new function at the end of `MIGRATIONS`. The SQL is plain;
what only SQLite has (AUTOINCREMENT, FTS5) is marked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from memagent.stores.keys import problem_key
from memagent.stores.word_index import bag
from memagent.types import ORIGINAL

if TYPE_CHECKING:
    Schema = Any  # sqlite_utils.Database, which is imported only when there is something to migrate


def first(schema: Schema) -> None:
    """Passages, their vectors and full text, the change log and the settings of the file.

    `user`, `session` and `agent` are '' where the scope has none, so that unique keys and plain `=` work. The vectors
    are apart because a scan of `passages` would otherwise drag them along. Neither `rid` nor `seq` is ever used again:
    whoever saw a rid has seen its content, and whoever remembers a seq can ask what came after.
    """
    schema.execute("""
        CREATE TABLE passages (
            rid INTEGER PRIMARY KEY AUTOINCREMENT, -- SQLite
            id TEXT NOT NULL,
            user TEXT NOT NULL,
            session TEXT NOT NULL,
            agent TEXT NOT NULL,
            title TEXT NOT NULL,
            text TEXT NOT NULL,
            source TEXT NOT NULL,
            digest TEXT NOT NULL,
            metadata TEXT NOT NULL,
            at TEXT,
            recorded_at TEXT NOT NULL,
            retired_at TEXT,
            UNIQUE (user, id, session, agent)
        )""")
    schema.table("passages").create_index(["user", "digest"])
    schema.table("passages").create_index(["user", "source"])
    schema.table("passages").create_index(["user", "retired_at"])
    schema.execute("""
        CREATE TABLE vectors (
            rid INTEGER PRIMARY KEY REFERENCES passages (rid) ON DELETE CASCADE,
            vector BLOB NOT NULL
        )""")
    schema.execute("""
        CREATE TABLE changes (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, -- SQLite
            rid INTEGER NOT NULL,
            op TEXT NOT NULL
        )""")
    # SQLite. Contentless: the text is kept once, in `passages`; a row leaves by an explicit 'delete'.
    schema.execute("""
        CREATE VIRTUAL TABLE fulltext USING fts5 (
            scope, title, text, content='', tokenize="porter unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
        )""")
    schema.table("meta").create({"key": str, "value": str}, pk="key", not_null={"value"})


def second(schema: Schema) -> None:
    """Items of every kind under one roof: passages, and now facts, phrases, relations and rationales.

    An item has an owner, times and a state; its vector and its words hang on it, whatever kind it is, and go when it
    goes. A fact is three terms (phrases and a relation) and lives on evidence: who says so, in which words, of what
    time. `vectors_next` is filled by a change of embedder and takes the place of `vectors` at its end. `purged` holds
    keyed digests of what must not be learnt again, and no text. The FTS5 table gives way to `words`.
    """
    schema.execute("ALTER TABLE passages RENAME TO passages_before")
    schema.execute("ALTER TABLE vectors RENAME TO vectors_before")
    for statement in _SECOND.split(";"):
        schema.execute(statement)
    schema.execute("""
        INSERT INTO items (rid, kind, id, user, session, agent, source, digest, at, recorded_at, retired_at)
        SELECT rid, 'passage', id, user, session, agent, source, digest, at, recorded_at, retired_at
        FROM passages_before ORDER BY rid""")
    schema.execute("INSERT INTO passages SELECT rid, title, text, metadata FROM passages_before ORDER BY rid")
    schema.execute("INSERT INTO vectors SELECT rid, vector FROM vectors_before ORDER BY rid")
    for row in schema.query("SELECT rid, title, text FROM passages ORDER BY rid"):
        schema.execute("INSERT INTO words VALUES (?, ?)", [row["rid"], bag(row["title"], row["text"])])
    # SQLite. The counter goes on where it was: a rid is never used again.
    schema.execute("""
        UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'passages_before')
        WHERE name = 'items' AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'passages_before')""")
    for table in ("vectors_before", "passages_before", "fulltext"):
        schema.execute(f"DROP TABLE {table}")


_SECOND = """
    CREATE TABLE items (
        rid INTEGER PRIMARY KEY AUTOINCREMENT, -- SQLite
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        user TEXT NOT NULL,
        session TEXT NOT NULL,
        agent TEXT NOT NULL,
        source TEXT NOT NULL DEFAULT '',
        digest TEXT NOT NULL DEFAULT '',
        at TEXT,
        recorded_at TEXT NOT NULL,
        retired_at TEXT,
        shared INTEGER NOT NULL DEFAULT 0,
        importance REAL NOT NULL DEFAULT 1.0,
        uses INTEGER NOT NULL DEFAULT 0,
        used_at TEXT,
        UNIQUE (kind, user, id, session, agent)
    );
    CREATE INDEX items_by_digest ON items (kind, user, digest);
    CREATE INDEX items_by_source ON items (user, source);
    CREATE INDEX items_by_state ON items (kind, user, retired_at);
    CREATE INDEX items_shared ON items (kind, id) WHERE shared = 1;
    CREATE TABLE passages (
        rid INTEGER PRIMARY KEY REFERENCES items (rid) ON DELETE CASCADE,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        metadata TEXT NOT NULL
    );
    CREATE TABLE vectors (
        rid INTEGER PRIMARY KEY REFERENCES items (rid) ON DELETE CASCADE,
        vector BLOB NOT NULL
    );
    CREATE TABLE vectors_next (
        rid INTEGER PRIMARY KEY REFERENCES items (rid) ON DELETE CASCADE,
        vector BLOB NOT NULL
    );
    CREATE TABLE words (
        rid INTEGER PRIMARY KEY REFERENCES items (rid) ON DELETE CASCADE,
        bag BLOB NOT NULL
    );
    CREATE TABLE facts (
        rid INTEGER PRIMARY KEY REFERENCES items (rid) ON DELETE CASCADE,
        subject INTEGER NOT NULL REFERENCES items (rid),
        relation INTEGER NOT NULL REFERENCES items (rid),
        object INTEGER NOT NULL REFERENCES items (rid)
    );
    CREATE INDEX facts_by_subject ON facts (subject, relation);
    CREATE INDEX facts_by_object ON facts (object, relation);
    CREATE INDEX facts_by_relation ON facts (relation);
    CREATE TABLE evidence (
        eid INTEGER PRIMARY KEY AUTOINCREMENT, -- SQLite
        fact INTEGER NOT NULL REFERENCES items (rid) ON DELETE CASCADE,
        passage INTEGER REFERENCES items (rid) ON DELETE CASCADE,
        source TEXT NOT NULL,
        subject TEXT NOT NULL,
        relation TEXT NOT NULL,
        object TEXT NOT NULL,
        at TEXT,
        until TEXT,
        confidence REAL NOT NULL,
        recorded_at TEXT NOT NULL
    );
    CREATE INDEX evidence_by_fact ON evidence (fact);
    CREATE INDEX evidence_by_passage ON evidence (passage);
    CREATE INDEX evidence_by_source ON evidence (source);
    CREATE TABLE links (
        a INTEGER NOT NULL REFERENCES items (rid) ON DELETE CASCADE,
        b INTEGER NOT NULL REFERENCES items (rid) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        weight REAL NOT NULL,
        PRIMARY KEY (a, b, kind)
    );
    CREATE INDEX links_by_b ON links (b);
    CREATE TABLE rationales (
        rid INTEGER PRIMARY KEY REFERENCES items (rid) ON DELETE CASCADE,
        problem TEXT NOT NULL,
        reasoning TEXT NOT NULL,
        answer TEXT NOT NULL,
        verified TEXT NOT NULL,
        metadata TEXT NOT NULL,
        successes INTEGER NOT NULL DEFAULT 0,
        failures INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE declarations (
        user TEXT NOT NULL,
        session TEXT NOT NULL,
        agent TEXT NOT NULL,
        relation TEXT NOT NULL,
        functional INTEGER NOT NULL,
        PRIMARY KEY (user, session, agent, relation)
    );
    CREATE TABLE purged (
        user TEXT NOT NULL,
        session TEXT NOT NULL,
        agent TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (user, session, agent, digest)
    )"""


def third(schema: Schema) -> None:
    """What a graph needs beside facts: which passages were gone through for them, and which phrases are synonyms.

    A passage without a row in `extractions` is yet to be gone through; an edit writes a passage anew, and so does it
    again. `synonyms` is a projection and can be dropped at any time: of all phrases of a user with a number up to
    `upto`, the pairs whose vectors are near. Phrases stand in it by a digest of their key, since two sessions of a user
    may each have the phrase and either may go.
    """
    for statement in _THIRD.split(";"):
        schema.execute(statement)


_THIRD = """
    CREATE TABLE extractions (
        rid INTEGER PRIMARY KEY REFERENCES items (rid) ON DELETE CASCADE,
        status TEXT NOT NULL, -- done or failed
        extractor TEXT NOT NULL,
        entities TEXT NOT NULL, -- a JSON list of names
        facts TEXT NOT NULL, -- a JSON list of the ids of the facts that it gave
        problem TEXT NOT NULL DEFAULT '',
        recorded_at TEXT NOT NULL
    );
    CREATE TABLE synonyms (
        user TEXT NOT NULL,
        a INTEGER NOT NULL,
        b INTEGER NOT NULL,
        cosine REAL NOT NULL,
        PRIMARY KEY (user, a, b)
    );
    CREATE INDEX synonyms_by_b ON synonyms (user, b);
    CREATE TABLE synonym_marks (
        user TEXT PRIMARY KEY,
        upto INTEGER NOT NULL
    )"""


def fourth(schema: Schema) -> None:
    """What holds, and what was tried, by an index: evidence by subject, relation and time; rationales by their problem.

    `about` and `through` of a line of evidence are the subject and the relation of its fact. `known_by` is the problem
    as `keys.problem_key` has it.
    """
    for statement in _FOURTH.split(";"):
        schema.execute(statement)
    for row in list(schema.query("SELECT rid, problem, metadata FROM rationales")):
        known = problem_key(row["problem"], json.loads(row["metadata"]).get(ORIGINAL))
        schema.execute("UPDATE rationales SET known_by = ? WHERE rid = ?", [known, row["rid"]])


_FOURTH = """
    ALTER TABLE evidence ADD COLUMN about INTEGER;
    ALTER TABLE evidence ADD COLUMN through INTEGER;
    UPDATE evidence SET (about, through) = (SELECT subject, relation FROM facts WHERE facts.rid = evidence.fact);
    CREATE INDEX evidence_by_time ON evidence (about, through, coalesce(at, recorded_at));
    ALTER TABLE rationales ADD COLUMN known_by TEXT NOT NULL DEFAULT '';
    CREATE INDEX rationales_by_problem ON rationales (known_by)"""


MIGRATIONS: tuple[Callable[[Schema], None], ...] = (first, second, third, fourth)
"""Every version in order; the version of a file is the number of those it has been through."""

"""The journal's tables, and the guards that make the entries append-only for ordinary statements.

The guards stop mistakes and simple tools; against someone who drops them stands the chain, and against someone who
rewrites the chain the witness kept elsewhere.
"""

from __future__ import annotations

import sqlite3

_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS journal (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL, utc_offset TEXT NOT NULL, kind TEXT NOT NULL,
        rule TEXT NOT NULL, clause TEXT NOT NULL, severity TEXT NOT NULL, resource TEXT NOT NULL, user TEXT NOT NULL,
        body TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS journal_at ON journal (at)",
    "CREATE INDEX IF NOT EXISTS journal_kind ON journal (kind)",
    "CREATE TABLE IF NOT EXISTS journal_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """
    CREATE TRIGGER IF NOT EXISTS journal_insert BEFORE INSERT ON journal
    WHEN EXISTS (SELECT 1 FROM journal) AND NOT EXISTS (
        SELECT 1 FROM (SELECT id, hash FROM journal ORDER BY id DESC LIMIT 1) AS head
        WHERE NEW.id = head.id + 1 AND NEW.previous = head.hash)
    BEGIN SELECT RAISE(ABORT, 'the journal takes an entry only after its last one'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS journal_update BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only: add a correction instead'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS journal_delete BEFORE DELETE ON journal
    WHEN OLD.id > coalesce((SELECT CAST(value AS INTEGER) FROM journal_meta WHERE key = 'prunable_through'), 0)
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only: only retention drops entries'); END
    """,
)


def create_journal_tables(connection: sqlite3.Connection) -> None:
    """Create what is missing. Raises sqlite3.Error."""
    for statement in _SCHEMA:
        connection.execute(statement)


def read_meta(connection: sqlite3.Connection, key: str) -> str:
    """A remembered value; empty where there is none."""
    row = connection.execute("SELECT value FROM journal_meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""


def write_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Remember a value outside the chain."""
    connection.execute(
        "INSERT INTO journal_meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
    )

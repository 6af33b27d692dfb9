"""Opens the one SQLite file that the journal and the alerts keep their tables in.

Path → a connection that may be trusted, and a notice for people when a damaged file had to be set aside. Imports
nothing of the agent, so that every stage may use it.
"""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

VERSION = 1
"""The layout of the file, all tables together; kept in its header (`PRAGMA user_version`)."""

_BUSY_MILLISECONDS = 1000
"""Long enough for another connection's transaction, short enough not to hold up a cycle for long."""

_SIDE_FILES = ("", "-wal", "-shm")
_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\0"
_VERSION_AT = slice(60, 64)
"""Where user_version lies, big-endian. Source: sqlite.org/fileformat.html, section 1.3."""

_EXPLANATIONS = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_IOERR: "the disk does not take or give the data; it may be full or failing",
    sqlite3.SQLITE_READONLY: "it may only be read; the agent needs to write it and its folder",
    sqlite3.SQLITE_CANTOPEN: "may not be opened by this user, or the disk is full or read-only",
    sqlite3.SQLITE_PERM: "this user has no permission",
    sqlite3.SQLITE_BUSY: "another program holds it; try again",
}


class DatabaseTooNew(Exception):
    """The file was written by a newer version; nothing in it was changed."""


class DatabaseUnavailable(OSError):
    """The file cannot be opened now: permission, a read-only or full disk, another program."""


class DatabaseDamaged(Exception):
    """The file is not a sound database."""


def open_database(path: str, *, now: datetime) -> tuple[sqlite3.Connection, str]:
    """Open the file for writing, creating it where it is missing, with a notice where a damaged one was set aside.

    The notice is empty otherwise. The check reads the whole file: 50 ms for 74 MB (100 000 journal entries). The
    connection may be used by several threads, one at a time. Raises DatabaseTooNew or DatabaseUnavailable.
    """
    try:
        return _open(path), ""
    except DatabaseDamaged as damage:
        aside = _set_aside(path, now)
        return _open(path), f"{path} was damaged ({damage}); it was set aside as {aside} and a new one begun"


def open_reader(path: str) -> sqlite3.Connection:
    """Open the file for reading only, also another user's and while the agent writes it.

    Raises DatabaseTooNew, DatabaseUnavailable, or DatabaseDamaged; never changes or sets aside anything.
    """
    try:
        _refuse_newer(path)
        return _readable(path)
    except sqlite3.DatabaseError as error:
        raise _translated(path, error) from error


def give_back(connection: sqlite3.Connection) -> None:
    """Return the file's free pages to the disk; outside a transaction. Raises sqlite3.Error.

    As a script: the pragma frees one page a step, and `execute` takes one step of what returns no columns.
    """
    connection.executescript("PRAGMA incremental_vacuum")


def explain(path: str, error: sqlite3.Error) -> str:
    """One line that says what is wrong with the file, and what to do where that is known."""
    reason = _EXPLANATIONS.get(_code(error), str(error))
    return f"{path}: {reason}"


def _open(path: str) -> sqlite3.Connection:
    connection = None
    try:
        _refuse_newer(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        _prepare(connection)
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        raise _translated(path, error) from error
    except DatabaseDamaged:
        if connection is not None:
            connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()  # before anything is written to a damaged file
    if found != "ok":
        raise DatabaseDamaged(str(found).replace("\n", ": "))
    is_new = connection.execute("PRAGMA user_version").fetchone() == (0,)
    if is_new:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # heeded only before the first table
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if is_new:
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _refuse_newer(path: str) -> None:
    version = _version(path)
    if version > VERSION:
        raise DatabaseTooNew(
            f"{path} was written by a newer version of this program (layout {version}, this one knows {VERSION}); "
            "install the newer version again, or give another data_dir; nothing was changed"
        )


def _version(path: str) -> int:
    """The layout's number, from the header, or through SQLite where the log beside it may hold a newer header."""
    try:
        with open(path, "rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise DatabaseUnavailable(f"{path}: {error.strerror}") from error
    if header and not header.startswith(_MAGIC):
        raise DatabaseDamaged("it does not begin as a database does")
    if not _has_log(path):
        return int.from_bytes(header[_VERSION_AT], "big")
    connection = _readable(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def _has_log(path: str) -> bool:
    try:
        return os.path.getsize(path + "-wal") > 0
    except OSError:
        return False


def _readable(path: str) -> sqlite3.Connection:
    if not os.path.exists(path):
        raise DatabaseUnavailable(f"{path}: there is none yet; the agent creates it when it runs")
    try:
        return _read_only(path, "mode=ro")
    except sqlite3.OperationalError:
        if _has_log(path):
            raise
        # A log cannot be made beside it by this user, and none is there: nobody writes, so the file itself is whole.
        return _read_only(path, "immutable=1")


def _read_only(path: str, option: str) -> sqlite3.Connection:
    uri = f"{Path(os.path.abspath(path)).as_uri()}?{option}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _translated(path: str, error: sqlite3.DatabaseError) -> Exception:
    if _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DatabaseDamaged(str(error))
    return DatabaseUnavailable(explain(path, error))


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code: the low byte. Source: sqlite.org/rescode.html."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _set_aside(path: str, now: datetime) -> str:
    """Rename the file and its log together, so that what is in the log can still be recovered from the pair."""
    aside = f"{path}.corrupt-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    for suffix in _SIDE_FILES:
        try:
            os.replace(path + suffix, aside + suffix)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise DatabaseUnavailable(f"{path}: it is damaged and cannot be set aside: {error.strerror}") from error
    return aside

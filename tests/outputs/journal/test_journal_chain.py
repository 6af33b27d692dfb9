"""The chain: what is added, what the guards refuse, and what verification finds when someone drops the guards."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.outputs.journal.entry import Draft, Entry, Kind, Witness, happened_at, seal
from agent.outputs.journal.export import ExportFormat, export
from agent.outputs.journal.reading import Filter
from agent.outputs.journal.retention import Retention, prune
from agent.outputs.journal.store import Journal
from agent.outputs.journal.verification import Problem, Verification

MUCH = 100_000_000
NOW = datetime(2025, 3, 1, 8, 15, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "agent.db")


@pytest.fixture
def journal(path) -> Iterator[Journal]:
    journal = Journal(path, now=NOW)
    yield journal
    journal.close()


def filled(journal: Journal, count: int) -> list[Entry]:
    return journal.append_many([draft(number) for number in range(1, count + 1)])


def draft(number: int) -> Draft:
    return Draft(
        at=NOW + timedelta(minutes=number),
        kind=Kind.ALERT,
        rule="cpu-overheating",
        clause="4.1.a.1",
        severity="critical",
        resource="chip=k10temp",
        body={"value": 3.5, "number": number, "title": "处理器过热"},
    )


def tamper(path: str, *statements: str) -> None:
    """What someone with the file and an SQLite shell can do."""
    connection = sqlite3.connect(path)
    for trigger in ("journal_insert", "journal_update", "journal_delete"):
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def rehash(path: str, first: int, last: int = 99) -> None:
    """Make the chain whole again after an edit, as a careful forger would."""
    connection = sqlite3.connect(path)
    previous = connection.execute("SELECT hash FROM journal WHERE id = ?", (first - 1,)).fetchone()[0]
    for row in connection.execute("SELECT * FROM journal WHERE id BETWEEN ? AND ?", (first, last)).fetchall():
        columns = [str(column).encode() for column in (*row[:10], previous)]
        digest = sha256(b"".join(b"%d:%s," % (len(column), column) for column in columns)).hexdigest()
        connection.execute("UPDATE journal SET previous = ?, hash = ? WHERE id = ?", (previous, digest, row[0]))
        previous = digest
    connection.commit()
    connection.close()


def found(verification: Verification) -> tuple[Problem | None, int | None, str]:
    return verification.problem, verification.bad_id, verification.detail


def test_an_entry_keeps_utc_local_offset_and_a_canonical_body():
    entry = seal(Draft(at=NOW, kind=Kind.CHECK, user="王", body={"b": [1.5, None], "a": "好"}), Witness(id=6, hash="f"))
    assert (entry.id, entry.at, entry.utc_offset) == (7, "2025-03-01T00:15:00.000000Z", "+08:00")
    assert (entry.kind, entry.user, entry.previous) == ("check", "王", "f")
    assert entry.body == '{"a":"好","b":[1.5,null]}'
    assert happened_at(entry) == NOW
    assert happened_at(entry).isoformat() == "2025-03-01T08:15:00+08:00"


def test_the_hash_is_that_of_the_documented_form():
    entry = seal(Draft(at=NOW, kind=Kind.CHECK, user="王"), Witness(id=0, hash="0" * 64))
    form = "1:1,27:2025-03-01T00:15:00.000000Z,6:+08:00,5:check,0:,0:,0:,0:,3:王,2:{},64:" + "0" * 64 + ","
    assert entry.hash == sha256(form.encode()).hexdigest()


def test_a_whole_journal_verifies_and_says_so(journal):
    last = filled(journal, 3)[-1]
    assert journal.head() == Witness(id=3, hash=last.hash)
    assert journal.verify(journal.head()) == Verification(
        detail="Entries 1 to 3 are whole and agree with the witness (entry 3).",
        entries=3,
        first_id=1,
        head=journal.head(),
        witnessed=True,
    )


def test_an_empty_journal_verifies(journal):
    assert found(journal.verify()) == (None, None, "The journal is empty.")


def test_the_witness_is_only_what_a_power_failure_cannot_take(journal):
    filled(journal, 3)
    assert journal.witness() == Witness(id=0, hash="0" * 64)
    journal.sign_of_life(NOW)
    assert journal.witness() == journal.head()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET body = '{}' WHERE id = 2",
        "DELETE FROM journal WHERE id = 2",
        "DELETE FROM journal WHERE id = 3",
        "INSERT INTO journal SELECT 5, at, '', '', '', '', '', '', '', '', hash, '' FROM journal WHERE id = 3",
        "INSERT INTO journal SELECT 4, at, '', '', '', '', '', '', '', '', '', '' FROM journal WHERE id = 3",
        "INSERT OR REPLACE INTO journal SELECT 3, at, '', '', '', '', '', '', '', '', '', '' FROM journal WHERE id = 3",
    ],
)
def test_ordinary_statements_cannot_change_the_record(journal, path, statement):
    filled(journal, 3)
    with sqlite3.connect(path) as connection, pytest.raises(sqlite3.IntegrityError, match="the journal"):
        connection.execute(statement)
    connection.close()
    assert journal.verify().is_whole


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (
            ["UPDATE journal SET body = replace(body, '3.5', '9.5') WHERE id = 4"],
            (Problem.EDITED, 4, "Entry 4 was edited: it does not give its hash."),
        ),
        (
            ["UPDATE journal SET user = CAST(user AS BLOB) WHERE id = 4"],
            (Problem.EDITED, 4, "Entry 4 was edited: it does not give its hash."),
        ),
        (
            ["DELETE FROM journal WHERE id = 5"],
            (Problem.MISSING, 5, "Entry 5 is missing; no checkpoint accounts for it."),
        ),
        (
            ["DELETE FROM journal WHERE id BETWEEN 1 AND 4"],
            (Problem.MISSING, 1, "Entries 1 to 4 are missing; no checkpoint accounts for it."),
        ),
        (
            [
                "UPDATE journal SET id = 99 WHERE id = 4",
                "UPDATE journal SET id = 4 WHERE id = 6",
                "UPDATE journal SET id = 6 WHERE id = 99",
            ],
            (Problem.REORDERED, 4, "The order was changed: what stands as entry 4 was written as entry 6."),
        ),
        (
            ["DELETE FROM journal WHERE id = 5", "UPDATE journal SET id = id - 1 WHERE id > 5"],
            (Problem.REORDERED, 5, "The order was changed: what stands as entry 5 was written as entry 6."),
        ),
        (["DELETE FROM journal WHERE id = 10"], (None, None, "Entries 1 to 9 are whole.")),
    ],
)
def test_verification_names_the_first_bad_entry(journal, path, statements, expected):
    """A cut-off end leaves a whole chain, which only a witness can tell."""
    filled(journal, 10)
    tamper(path, *statements)
    assert found(journal.verify()) == expected


def test_an_entry_replaced_with_its_own_right_hash_is_named(journal, path):
    filled(journal, 10)
    tamper(path, "UPDATE journal SET user = 'x' WHERE id = 4")
    rehash(path, 4, last=4)
    assert found(journal.verify()) == (
        Problem.CHAIN_BROKEN,
        4,
        "Entry 5 was not added to the entry 4 that is there now: entry 4 was replaced.",
    )


def test_a_journal_rewritten_throughout_is_found_against_the_witness(journal, path):
    filled(journal, 10)
    witness = journal.head()
    tamper(path, "UPDATE journal SET user = 'x' WHERE id = 4")
    rehash(path, 4)
    assert journal.verify().is_whole
    assert found(journal.verify(witness)) == (
        Problem.REWRITTEN,
        10,
        "Entry 10 is not the one that the witness saw: it or entries before it were rewritten.",
    )


def test_a_shortened_journal_is_found_against_the_witness(journal, path):
    filled(journal, 10)
    witness = journal.head()
    tamper(path, "DELETE FROM journal WHERE id > 7")
    assert found(journal.verify(witness)) == (
        Problem.SHORTENED,
        8,
        "The journal ends at entry 7; the witness saw entry 10: the end is missing.",
    )


def test_the_agent_records_that_the_head_changed_behind_its_back(journal, path):
    filled(journal, 10)
    expected = journal.head()
    tamper(path, "DELETE FROM journal WHERE id > 7")
    journal.append(draft(11))
    kinds = [(entry.id, entry.kind) for entry in journal.entries(Filter(limit=2))]
    assert kinds == [(8, "tampering"), (9, "alert")]
    (said,) = journal.entries(Filter(kinds=(Kind.TAMPERING,)))
    assert json.loads(said.body) | {"found_hash": ""} == {
        "expected_id": 10,
        "expected_hash": expected.hash,
        "found_id": 7,
        "found_hash": "",
    }


def test_what_retention_leaves_still_verifies_from_its_checkpoint(journal):
    filled(journal, 10)
    witness = journal.head()
    checkpoint = prune(journal, Retention(days=1, size_bytes=MUCH), now=NOW + timedelta(days=1, minutes=5, seconds=30))
    assert json.loads(checkpoint.body).keys() == {"pruned_entries", "pruned_hash", "pruned_through"}
    assert [entry.id for entry in journal.entries()] == [6, 7, 8, 9, 10, 11]
    assert found(journal.verify(witness)) == (
        None,
        None,
        (
            "Entries 6 to 11 are whole and agree with the witness (entry 10); "
            "entries up to 5 were dropped by retention, as the checkpoint says."
        ),
    )
    assert found(journal.verify(Witness(id=2, hash="?")))[2].endswith("is older than what was kept and proves nothing.")


def test_retention_by_size_keeps_the_newest_and_the_chain(journal):
    filled(journal, 3000)
    prune(journal, Retention(days=730, size_bytes=500_000), now=NOW)
    kept = [entry.id for entry in journal.entries()]
    assert 300 < len(kept) < 1500
    assert kept[-1] == 3001
    assert journal.verify().is_whole
    assert pages(journal, "freelist_count") == 0
    assert pages(journal, "page_count") * pages(journal, "page_size") < 600_000


def pages(journal: Journal, pragma: str) -> int:
    return int(journal.connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def test_retention_never_drops_the_newest_entry(journal):
    filled(journal, 3)
    prune(journal, Retention(days=1, size_bytes=MUCH), now=NOW + timedelta(days=900))
    assert [(entry.id, entry.kind) for entry in journal.entries()] == [(3, "alert"), (4, "checkpoint")]
    assert prune(journal, Retention(days=730, size_bytes=MUCH), now=NOW) is None


def test_more_deleted_than_the_checkpoint_says_is_found(journal, path):
    filled(journal, 10)
    prune(journal, Retention(days=1, size_bytes=MUCH), now=NOW + timedelta(days=1, minutes=5, seconds=30))
    tamper(path, "DELETE FROM journal WHERE id = 6")
    assert found(journal.verify())[:2] == (Problem.MISSING, 6)


def test_a_failed_transaction_leaves_nothing_behind(journal):
    filled(journal, 2)
    head = journal.head()
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.append_many([draft(3), Draft(at=NOW, kind=Kind.CHECK, body={"value": float("nan")})])
    assert journal.head() == head
    filled(journal, 1)
    assert [entry.kind for entry in journal.entries()] == ["alert"] * 3


def test_filters_choose_entries(journal):
    filled(journal, 10)
    journal.append(Draft(at=NOW + timedelta(hours=1), kind=Kind.CHECK, clause="4.1.ab", user="王"))

    def ids(**wanted) -> list[int]:
        return [entry.id for entry in journal.entries(Filter(**wanted))]

    assert ids(since=NOW + timedelta(minutes=3), until=NOW + timedelta(minutes=5)) == [3, 4]
    assert ids(kinds=(Kind.CHECK, Kind.GAP)) == [11]
    assert ids(clause="4.1.a", limit=2) == [9, 10]
    assert ids(clause="4.1.a.1", rule="cpu-overheating", limit=1) == [10]
    assert ids(rule="other") == []
    assert ids(user="王") == [11]


def verify_exported(lines: list[str]) -> list[int]:
    """An independent verifier, from the documentation alone: the ids of entries that do not prove themselves."""
    order = ["id", "at", "utc_offset", "kind", "rule", "clause", "severity", "resource", "user", "body", "previous"]
    bad, previous = [], "0" * 64
    for number, line in enumerate(lines, start=1):
        entry = json.loads(line)
        hashed = sha256()
        for name in order:
            column = str(entry[name]).encode()
            hashed.update(str(len(column)).encode() + b":" + column + b",")
        if (entry["id"], entry["previous"], entry["hash"]) != (number, previous, hashed.hexdigest()):
            bad.append(entry["id"])
        previous = entry["hash"]
    return bad


def test_an_independent_program_proves_the_chain_from_the_export(journal):
    filled(journal, 20)
    stream = BytesIO()
    assert export(journal.entries(), ExportFormat.JSON_LINES, stream) == 20
    lines = stream.getvalue().decode().splitlines()
    assert verify_exported(lines) == []
    lines[8] = lines[8].replace("cpu", "gpu")
    assert verify_exported(lines) == [9]


texts = st.text(st.characters(exclude_categories=[]), max_size=20)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(texts, texts, texts), max_size=5))
def test_any_text_survives_and_verifies(tmp_path_factory, contents):
    """Also NUL, lone surrogates and line separators, which names from devices and file systems can carry."""
    journal = Journal(str(tmp_path_factory.mktemp("any") / "agent.db"), now=NOW)
    for user, resource, text in contents:
        journal.append(Draft(at=NOW, kind=Kind.CHECK, user=user, resource=resource, body={text: text}))
    assert journal.verify(journal.head()).is_whole
    for form in ExportFormat:
        assert export(journal.entries(), form, BytesIO()) == len(contents)
    journal.close()


def test_the_csv_export_opens_in_a_spreadsheet_without_running_anything(journal):
    body = {
        "value": -64.0,
        "limit": 5,
        "title": '=HYPERLINK("x")',
        "problem": "温度，\n高",
        "action": "+1-1",
        "extra": "@x",
    }
    journal.append(Draft(at=NOW, kind=Kind.ALERT, resource="\t=1+1", user="＝1", clause="4.1", body=body))
    stream = BytesIO()
    export(journal.entries(), ExportFormat.CSV, stream)
    digest = journal.head().hash
    assert stream.getvalue().decode() == (
        "\ufeffid,time,utc_offset,kind,rule,clause,severity,resource,user,change,value,limit,title,problem,action,"
        "details,hash\r\n"
        '1,2025-03-01 08:15:00,UTC+08:00,alert,,4.1,,\'\t=1+1,\'＝1,,-64.0,5,"\'=HYPERLINK(""x"")","温度，\n高",\'+1-1,'
        f'"{{""extra"": ""@x""}}",{digest}\r\n'
    )


def test_utc_is_written_as_an_offset_too(journal):
    entry = journal.append(Draft(at=NOW.astimezone(UTC), kind=Kind.CHECK))
    assert (entry.utc_offset, happened_at(entry)) == ("+00:00", NOW)

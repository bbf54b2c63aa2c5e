"""The case log: a chain in which nothing can be changed unnoticed, and that older databases get."""

import json
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from storage.case_log import NewEntry, append_log, log_faults
from storage.cases import Judgement, judge
from storage.database import transaction, upgrade
from storage.schema import Case
from tests.storage.examples import NOW, an_item, see

MANY = 10_000


def fill(engine: Engine, entries: int, cases: int = 5) -> None:
    for number in range(cases):
        see(engine, an_item(number, host=f"hoshino-{number}.test", advertiser=None, images=(), texts=()))
    with transaction(engine) as session:
        held = {case.id: case for case in session.query(Case)}
        ids = sorted(held)
        new = [
            NewEntry(case_id=ids[number % cases], at=NOW, who="aki", action="note", note=f"{number} 😀 \x00")
            for number in range(entries - cases)
        ]
        append_log(session, held, new)


def tamper(engine: Engine, statement: str, **values: object) -> None:
    """Change rows as somebody does who owns the database."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for name in ("case_log_no_update", "case_log_no_delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        connection.execute(text(statement), values)


def faults(engine: Engine) -> list[tuple[int, int | None]]:
    return [(fault.case_id, fault.entry) for fault in log_faults(engine)]


def test_one_of_ten_thousand_entries_is_named_however_it_was_touched(engine: Engine) -> None:
    fill(engine, MANY)
    assert faults(engine) == []
    with transaction(engine) as session:
        rows = session.execute(text("SELECT id, case_id FROM case_log ORDER BY id")).all()
    assert len(rows) == MANY
    of_case = [row.id for row in rows if row.case_id == 3]
    edited, gone = of_case[1000], of_case[1500]
    tamper(engine, "UPDATE case_log SET note = 'nothing' WHERE id = :id", id=edited)
    assert faults(engine) == [(3, edited)]
    tamper(engine, "DELETE FROM case_log WHERE id = :id", id=gone)
    assert faults(engine) == [(3, edited), (3, of_case[1501])], "the one behind the gap is named"


@pytest.mark.parametrize("column", ["at", "who", "action", "reason", "note", "data", "case_id"])
def test_every_word_of_an_entry_counts(engine: Engine, column: str) -> None:
    fill(engine, 20)
    value = {"at": "'2020-01-01 00:00:00'", "case_id": "1", "data": "'[]'"}.get(column, "'x'")
    tamper(engine, f"UPDATE case_log SET {column} = {value} WHERE id = 12")
    assert 12 in {entry for _, entry in faults(engine)}


def test_a_swap_is_named(engine: Engine) -> None:
    fill(engine, 20)
    with transaction(engine) as session:
        first, second = session.execute(
            text("SELECT id, note FROM case_log WHERE case_id = 2 AND action = 'note' LIMIT 2")
        )
    tamper(engine, "UPDATE case_log SET note = :note WHERE id = :id", id=first.id, note=second.note)
    tamper(engine, "UPDATE case_log SET note = :note WHERE id = :id", id=second.id, note=first.note)
    assert faults(engine) == [(2, first.id), (2, second.id)]


def test_an_end_that_was_cut_off_is_named(engine: Engine) -> None:
    fill(engine, 20)
    tamper(engine, "DELETE FROM case_log WHERE id = (SELECT max(id) FROM case_log WHERE case_id = 4)")
    assert faults(engine) == [(4, None)]
    tamper(engine, "DELETE FROM case_log WHERE case_id = 5")
    assert faults(engine) == [(4, None), (5, None)]


@pytest.mark.parametrize("data", ["{", "[1", "\\escaped:\\", "9" * 5000])
def test_what_cannot_be_read_is_a_fault_and_no_crash(engine: Engine, data: str) -> None:
    fill(engine, 10)
    tamper(engine, "UPDATE case_log SET data = :data WHERE id = 8", data=data)
    assert 8 in {entry for _, entry in faults(engine)}


def test_a_database_of_revision_0006_comes_along_with_every_row_and_an_intact_chain(empty_engine: Engine) -> None:
    engine = empty_engine
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path("storage/migrations").resolve()))
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        _fill_0006(connection)
        tables = ("items", "item_versions", "verdicts", "sightings", "cases", "case_items", "case_log", "alert_intents")
        before = {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() for table in tables}
        said = connection.execute(
            text("SELECT case_id, who, action, reason, note, data FROM case_log ORDER BY id")
        ).all()
    upgrade(engine)
    with engine.begin() as connection:
        after = {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() for table in tables}
        still = connection.execute(
            text("SELECT case_id, who, action, reason, note, data FROM case_log ORDER BY id")
        ).all()
    assert (after, still) == (before, said)
    assert before["case_log"] == 7
    assert faults(engine) == []
    with transaction(engine) as session:
        first, second, third = session.query(Case).order_by(Case.id)
        assert (first.state, first.items, first.sightings, first.publishers) == ("confirmed", 2, 3, 1)
        assert (second.state, second.items) == ("dismissed", 1)
        assert second.suppressed_until is not None
        assert (third.state, third.snoozed_until is not None, third.judged_at) == ("snoozed", True, None)
        assert first.judged_at == NOW
        assert first.priority > second.priority
        judge(session, 1, Judgement(who="ren", action="takedown", approvers=()), now=NOW)
        judge(session, 2, Judgement(who="ren", action="reopen"), now=NOW)
        assert (first.state, second.state) == ("takedown", "open")
    assert faults(engine) == []


def _fill_0006(connection: object) -> None:
    """Write three cases, one with two items, as the program of that revision wrote them."""
    at = "2026-11-22 03:04:05.678901" if connection.dialect.name == "sqlite" else NOW.isoformat()  # type: ignore[attr-defined]

    def write(statement: str, **values: object) -> None:
        connection.execute(text(statement), {"at": at, **values})  # type: ignore[attr-defined]

    for number in (1, 2, 3, 4):
        write(
            "INSERT INTO items (id, identity, kind, platform, external_id, recorded_at) "
            "VALUES (:id, :identity, 'ad', 'meta', :external, :at)",
            id=number, identity=f"{number:064x}", external=f"ad-{number}",
        )  # fmt: skip
        host = f"hoshino-{number if number < 4 else 1}.test"
        content = json.dumps({"id": f"ad-{number}", "kind": "ad", "links": [f"https://{host}/"]})
        write(
            "INSERT INTO item_versions (id, item_id, fingerprint, content, recorded_at) "
            "VALUES (:id, :id, :fingerprint, :content, :at)",
            id=number, fingerprint=f"{number:064x}", content=content,
        )  # fmt: skip
        write(
            "INSERT INTO verdicts (id, version_id, brand, judged_by, policy, score, decision, evidence, judged_at) "
            "VALUES (:id, :id, 'hoshino', 'judge', '2026.1', 0.9, 'impersonation', '[]', :at)",
            id=number,
        )  # fmt: skip
        for look in range(2 if number == 1 else 1):
            write(
                "INSERT INTO sightings (item_id, version_id, source, publisher_url, seen_at, recorded_at) "
                "VALUES (:id, :id, 'tips', :page, :at, :at)",
                id=number, page="https://news.example/a" if look == 0 and number == 1 else None,
            )  # fmt: skip
    for number in (1, 2, 3):
        state = ("confirmed", "dismissed", "snoozed")[number - 1]
        write(
            "INSERT INTO cases (id, identity, brand, campaign, title, opened_at, state, snoozed_until, score, "
            "decision, verdict_id) "
            "VALUES (:id, :identity, 'hoshino', :campaign, 'x (ad)', :at, :state, :until, 0.9, 'impersonation', :id)",
            id=number, identity=f"{number:064x}", campaign=f"host:hoshino-{number}.test",
            state=state, until=at if state == "snoozed" else None,
        )  # fmt: skip
    for case, item in ((1, 1), (1, 4), (2, 2), (3, 3)):
        write(
            "INSERT INTO case_items (case_id, item_id, version_id, verdict_id, added_at) "
            "VALUES (:case, :item, :item, :item, :at)",
            case=case, item=item,
        )  # fmt: skip
    log = [
        (1, "mekiki", "opened", None, "", '{"items":[1]}'),
        (2, "mekiki", "opened", None, "", '{"items":[2]}'),
        (3, "mekiki", "opened", None, "", '{"items":[3]}'),
        (1, "mekiki", "items_added", None, "", '{"items":[4]}'),
        (1, "aki", "confirm", None, "\\escaped:a\\x00b 😀".encode("ascii", "backslashreplace").decode(), "{}"),
        (2, "青木", "dismiss", "reseller", "契約あり", "{}"),
        (3, "aki", "snooze", None, "", '{"until":"2026-11-22T03:04:05.678901+00:00"}'),
    ]
    for case, who, action, reason, note, data in log:
        write(
            "INSERT INTO case_log (case_id, at, who, action, reason, note, data) "
            "VALUES (:case, :at, :who, :action, :reason, :note, :data)",
            case=case, who=who, action=action, reason=reason, note=note, data=data,
        )  # fmt: skip
        if action == "opened":
            write(
                "INSERT INTO alert_intents (case_id, reason, state, count, created_at, due_at) "
                "VALUES (:case, 'first', 'pending', 1, :at, :at)",
                case=case,
            )  # fmt: skip

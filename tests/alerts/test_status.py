"""`mekiki alerts status`, `pending` and `replay`, over a real outbox and receivers that fail in real ways."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alerts.health import LATE, delivery_status
from alerts.report import DispatchReport
from cli import main
from console.alerting import status_lines
from console.commands import telling
from console.show import terminal
from storage.database import transaction
from storage.outbox import outbox_totals
from storage.receivers import receiver_views
from tests.alerts.office import Office
from tests.servers.sink import Reply, Sink
from tests.storage.examples import switched_off


@pytest.fixture
def office(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(telling, "utc_now", office.now)
    return office


def run(office: Office, *arguments: str) -> Result:
    """Type a command; the configuration is the one that the office has now."""
    file = office.folder / "mekiki.toml"
    lines = ['[crawler]\ncontact = "https://hoshino-denki.example/contact"', '[egress]\nallow = ["127.0.0.1:*"]']
    lines.append('[[brand]]\nkey = "hoshino"\nname = "星野電機"')
    for row in office.receivers:
        lines.append("[[receiver]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in row.items()))
    for row in office.routes:
        lines.append("[[route]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in row.items()))
    file.write_text("\n".join(lines), "utf-8")
    return CliRunner().invoke(main, ["alerts", *arguments, "--config", str(file)])


def dispatch(office: Office) -> DispatchReport:
    return asyncio.run(office.dispatch())


def status(office: Office) -> tuple[int, dict[str, Any]]:
    result = run(office, "status", "--json")
    return result.exit_code, json.loads(result.stdout)


def health(found: dict[str, Any]) -> dict[str, str]:
    return {row["view"]["key"]: row["health"] for row in found["receivers"]}


def test_receivers_that_nothing_was_sent_to_and_those_that_take_all_are_well(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    office.webhook("spare", sink.url(), routed=False)
    code, found = status(office)
    assert (code, found["well"], health(found)) == (0, True, {"siem": "new", "spare": "new"})
    office.flag()
    office.wait(seconds=30)
    dispatch(office)
    code, found = status(office)
    assert (code, health(found)) == (0, {"siem": "well", "spare": "new"})
    assert found["receivers"][0]["view"]["last_ok_at"].startswith(f"{office.at:%Y-%m-%dT%H:%M:%S}")
    assert (found["outbox"]["sent_last_day"], found["outbox"]["deliveries"]) == (1, 0)
    assert "siem" in run(office, "status").stdout


def test_a_receiver_in_trouble_is_told_with_since_when_why_and_until_when(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    for number in range(3):
        office.flag(number)
    office.wait(seconds=30)
    sink.script.append(Reply(status=429, headers={"Retry-After": "3600"}))
    dispatch(office)
    code, found = status(office)
    [row] = found["receivers"]
    assert (code, row["health"], row["view"]["waiting"]) == (4, "paused", 3)
    shown = run(office, "status").stdout
    began = f"failing since {office.at:%Y-%m-%d %H:%M}Z (answered 429)"
    assert f"{began}, tried again from {office.at + timedelta(hours=1):%Y-%m-%d %H:%M}Z on" in shown
    office.wait(hours=2)
    assert health(status(office)[1]) == {"siem": "failing"}
    assert "2h" in run(office, "status").stdout
    dispatch(office)
    assert health(status(office)[1]) == {"siem": "well"}


def test_nothing_goes_to_a_receiver_that_asked_for_a_pause(office: Office, sink: Sink) -> None:
    """Not the other messages either, and not by another dispatcher."""
    office.webhook("siem", sink.url())
    for number in range(3):
        office.flag(number)
    office.wait(seconds=30)
    sink.script.append(Reply(status=429, headers={"Retry-After": "3600"}))
    dispatch(office)
    office.wait(minutes=59)
    office.flag(9)
    dispatch(office)
    assert len(sink.received) == 1
    office.wait(minutes=1)
    assert dispatch(office).sent == 4


def test_a_receiver_that_is_gone_stands_there_with_what_waits_for_it(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    office.flag()
    office.wait(seconds=30)
    sink.script.append(Reply(status=410))
    dispatch(office)
    code, found = status(office)
    assert (code, health(found)) == (4, {"siem": "disabled"})
    assert "`mekiki alerts test siem` switches it on again" in run(office, "status").stdout
    assert run(office, "test", "siem").exit_code == 0
    dispatch(office)
    code, found = status(office)
    assert (code, health(found)) == (0, {"siem": "well"})
    assert len(sink.received) == 3


def test_what_was_given_up_is_counted_and_replayed_by_receiver(office: Office, sink: Sink) -> None:
    with Sink(Reply(status=404), Reply(status=404)) as other:
        office.webhook("siem", sink.url())
        office.webhook("legal", other.url())
        office.flag(1)
        office.flag(2)
        office.wait(seconds=30)
        sink.script.append(Reply(status=400))
        assert dispatch(office).dead == 3
        code, found = status(office)
        assert (code, {row["view"]["key"]: row["view"]["dead"] for row in found["receivers"]}) == (
            4,
            {"siem": 1, "legal": 2},
        )
        assert "2 given up; `mekiki alerts replay --receiver legal` sends them again" in run(office, "status").stdout
        before = [*other.received]
        assert run(office, "replay", "--receiver", "legal").stdout.startswith("2 queued")
        assert dispatch(office).sent == 2
        again = other.received[len(before) :]
        assert [row.body for row in again] == [row.body for row in before]
        assert [row.headers["webhook-id"] for row in again] == [row.headers["webhook-id"] for row in before]
        assert run(office, "replay", "--all").stdout.startswith("1 queued")
        assert dispatch(office).sent == 1
        assert run(office, "replay", "--all").stdout == "nothing was given up\n"
        assert status(office)[0] == 0


def test_one_alert_is_replayed_by_its_number_and_a_mistake_is_one_line(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    office.flag()
    office.wait(seconds=30)
    sink.script.append(Reply(status=400))
    dispatch(office)
    [message] = office.deliveries()
    assert message in run(office, "pending").stdout
    assert run(office, "replay", message).exit_code == 0
    wrong = run(office, "replay", message)
    assert (wrong.exit_code, wrong.stderr) == (
        1,
        f"mekiki: {message} is pending; only a dead delivery can be sent again\n",
    )
    for arguments in ((), (message, "--all"), ("--all", "--receiver", "siem")):
        assert run(office, "replay", *arguments).exit_code == 2
    with transaction(office.engine) as session:
        switched_off(session, "siem", "answered 410", office.at)
    assert "siem is switched off" in run(office, "replay", "--all").stderr


def test_a_receiver_that_left_the_configuration_is_told_while_something_of_it_is_left(
    office: Office, sink: Sink
) -> None:
    office.webhook("siem", sink.url())
    office.flag()
    office.wait(seconds=30)
    sink.script.append(Reply(status=400))
    dispatch(office)
    office.receivers.clear()
    office.routes.clear()
    code, found = status(office)
    assert (code, health(found)) == (4, {"siem": "unknown"})


def test_what_is_due_and_nobody_sends_is_told(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    office.flag()
    office.wait(seconds=30)
    assert status(office)[0] == 0
    office.at += LATE + timedelta(seconds=1)
    code, found = status(office)
    assert code == 4
    assert "1 due and not routed" in found["problems"][0]
    assert "is `mekiki watch` running?" in run(office, "status").stdout


def test_no_word_of_a_receiver_reaches_the_terminal_raw(office: Office) -> None:
    """The configuration refuses such a key; a database may hold one."""
    key = "si\x1b[31mem\u202e"
    with transaction(office.engine) as session:
        switched_off(session, key, "answered \x1b]0;pwned\x07 \u2067410", office.at)
        views, totals = receiver_views(session, office.at), outbox_totals(session, office.at)
    console = terminal()
    with console.capture() as capture:
        for line in status_lines(delivery_status([key], views, totals, office.at), (), office.at):
            console.print(line)
    assert not set(capture.get()) & {"\x1b", "\x07", "\u202e", "\u2067"}
    assert "pwned" in capture.get()

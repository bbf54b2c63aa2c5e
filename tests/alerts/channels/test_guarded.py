"""No receiver is told at an address that is not public, by its kind or by the command that tries one."""

import asyncio
import json
from pathlib import Path

import pytest

from alerts.errors import DeliveryError
from alerts.gate import Gate
from config.receivers import Receiver
from safety.egress import EgressRule
from tests.alerts.channels.opening import ROWS, TOKEN, address, open_to
from tests.alerts.samples import NOW, alert_of
from tests.servers.crawling import Crawling
from tests.servers.programs import mekiki
from tests.servers.sink import Sink
from tests.servers.web import Canary

HOSTS = {"inside.test": "127.0.0.1"}
# Apprise's connections are made by a child, which takes a second to start: a name that is resolved, and a pinned one.
ADDRESSES = ["127.0.0.1", "localhost", "inside.test", "2130706433", "[::1]", "[::ffff:127.0.0.1]"]
KINDS = [kind for kind in ROWS if kind != "apprise"]
BOTH = [*((kind, host) for kind in KINDS for host in ADDRESSES), ("apprise", "localhost"), ("apprise", "inside.test")]


def send(kind: str, url: str, rule: EgressRule, folder: Path) -> None:
    channel = open_to(kind, url, folder, Gate(rule=rule))
    asyncio.run(channel.send(alert_of(), "msg_1", now=NOW))


def test_every_kind_of_receiver_is_here() -> None:
    kinds = {model.model_fields["channel"].annotation.__args__[0] for model in Receiver.__origin__.__args__}  # type: ignore[attr-defined]
    assert kinds == {*ROWS, "email"}  # a mail relay is named by the configuration, and may be inside


@pytest.mark.parametrize(("kind", "host"), BOTH)
def test_nothing_is_posted_inside(kind: str, host: str, tmp_path: Path) -> None:
    with Canary() as canary:
        with pytest.raises(DeliveryError):
            send(kind, f"http://{host}:{canary.port}/hook", EgressRule.parse([], HOSTS), tmp_path)
        assert canary.alarms == 0


@pytest.mark.parametrize("kind", ROWS)
def test_an_exact_exception_is_posted_to(kind: str, tmp_path: Path) -> None:
    """Prove that the test above would see a post."""
    with Sink(*([TOKEN] if kind == "line_works" else [])) as sink:
        rule = EgressRule.parse([f"127.0.0.1:{sink.port}"], HOSTS)
        send(kind, sink.url("/hook", host="inside.test"), rule, tmp_path)
        assert len(sink.received) == (2 if kind == "line_works" else 1)


@pytest.mark.parametrize(
    "url",
    [
        "mailto://a:b@hoshino-denki.example:{port}?smtp=127.0.0.1&mode=insecure",
        "rsyslog://127.0.0.1:{port}",
    ],
    ids=["mail", "datagram"],
)
def test_apprise_connects_nowhere_by_other_protocols_either(url: str, tmp_path: Path) -> None:
    with Canary() as canary:
        rule = EgressRule.parse([])
        secrets = {"url": url.format(port=canary.port)}
        channel = open_to("apprise", "http://x.test/", tmp_path, Gate(rule=rule), secrets=secrets)
        with pytest.raises(DeliveryError, match="not public"):
            asyncio.run(channel.send(alert_of(), "msg_1", now=NOW))
        assert canary.alarms == 0


def test_what_apprise_would_write_into_the_log_of_the_system_is_not_told_as_sent(tmp_path: Path) -> None:
    gate = Gate(rule=EgressRule.parse([]))
    channel = open_to("apprise", "http://x.test/", tmp_path, gate, secrets={"url": "syslog://"})
    with pytest.raises(DeliveryError):
        asyncio.run(channel.send(alert_of(), "msg_1", now=NOW))


@pytest.mark.parametrize("kind", ["webhook", "line_works", "apprise"])
def test_trying_a_receiver_reaches_nothing_inside(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crawling = Crawling(tmp_path)
    with Canary() as canary:
        url = f"http://inside.test:{canary.port}/hook"
        open_to(kind, url, tmp_path, Gate(rule=EgressRule.parse([])))  # writes the secrets beside the configuration
        row = {"key": "r", "channel": kind, **ROWS[kind], **address(kind, url)}
        table = "\n".join(f"{name} = {json.dumps(value)}" for name, value in row.items())
        crawling.configure(f"[[receiver]]\n{table}\n", allow=[], hosts=HOSTS)
        done = mekiki("alerts", "test", "r", "-c", crawling.file)
        assert canary.alarms == 0
    assert done.returncode != 0
    assert "not public" in done.stdout + done.stderr

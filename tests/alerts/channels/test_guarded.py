"""No receiver is told at an address that is not public, by its kind or by the command that tries one."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from alerts.channels import open_channel
from alerts.errors import DeliveryError
from alerts.gate import Gate
from config.receivers import Receiver
from safety.egress import EgressRule
from storage.media import MediaStore
from tests.alerts.samples import NOW, alert_of
from tests.servers.crawling import Crawling
from tests.servers.sink import Sink
from tests.servers.web import Canary

# Kinds that post to an address of their own; a mail relay is named by the configuration, and may be inside.
POSTED: dict[str, dict[str, Any]] = {
    "webhook": {"url": "env:HOOK", "signing": ["env:SIGNING"]},
    "slack": {"url": "env:HOOK"},
}
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOSTS = {"inside.test": "127.0.0.1"}


def send(kind: str, url: str, rule: EgressRule, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", url)
    monkeypatch.setenv("SIGNING", SIGNING)
    row = {"key": "r", "channel": kind, **POSTED[kind]}
    receiver: Any = TypeAdapter(Receiver).validate_python(row)
    channel = open_channel(receiver, gate=Gate(rule=rule), media=MediaStore(folder))
    asyncio.run(channel.send(alert_of(), "msg_1", now=NOW))


def test_every_kind_of_receiver_is_here() -> None:
    kinds = {model.model_fields["channel"].annotation.__args__[0] for model in Receiver.__origin__.__args__}  # type: ignore[attr-defined]
    assert kinds == {*POSTED, "email"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "inside.test", "2130706433", "[::1]", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("kind", POSTED)
def test_nothing_is_posted_inside(kind: str, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Canary() as canary:
        rule = EgressRule.parse([], HOSTS)
        with pytest.raises(DeliveryError):
            send(kind, f"http://{host}:{canary.port}/hook", rule, tmp_path, monkeypatch)
        assert canary.alarms == 0


@pytest.mark.parametrize("kind", POSTED)
def test_an_exact_exception_is_posted_to(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prove that the test above would see a post."""
    with Sink() as sink:
        rule = EgressRule.parse([f"127.0.0.1:{sink.port}"], HOSTS)
        send(kind, sink.url(host="inside.test"), rule, tmp_path, monkeypatch)
        assert len(sink.received) == 1


@pytest.mark.parametrize("kind", POSTED)
def test_trying_a_receiver_reaches_nothing_inside(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNING", SIGNING)
    fields = {"webhook": 'url = "env:HOOK"\nsigning = ["env:SIGNING"]', "slack": 'url = "env:HOOK"'}
    crawling = Crawling(tmp_path)
    crawling.configure(f'[[receiver]]\nkey = "r"\nchannel = "{kind}"\n{fields[kind]}\n', allow=[], hosts=HOSTS)
    with Canary() as canary:
        monkeypatch.setenv("HOOK", f"http://inside.test:{canary.port}/hook")
        command = [sys.executable, "-m", "cli", "alerts", "test", "r", "-c", str(crawling.file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert canary.alarms == 0
    assert done.returncode != 0
    assert "not public" in done.stdout + done.stderr

"""Every channel fails in every way; no secret shows in the error, its repr, its traceback or a log line."""

import asyncio
import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from alerts.channels import open_channel
from alerts.delivery import Channel
from alerts.errors import DeliveryError
from alerts.gate import Gate
from config import EmailReceiver, Receiver
from safety.egress import EgressRule
from storage.media import MediaStore
from tests.alerts.certificates import certificate
from tests.alerts.channels.opening import ROWS, SECRET_URL, open_to
from tests.alerts.samples import NOW, alert_of
from tests.servers.mail import MailSink
from tests.servers.sink import Reply, Sink

SECRET = {"line_works": "private_key", "chatwork": "token", "pagerduty": "routing_key"}  # of those with a plain url
CANARY = "canary-7f3a9"
CANARIES = (CANARY, CANARY.upper(), "d2hzZWNfY2FuYXJ5", "Y2FuYXJ5LTdmM2E5")  # as it stands, and in base64


class World:
    """One place to fail in: servers that are closed when the test ends."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.gate = Gate(rule=EgressRule.parse(["127.0.0.1:*"]), timeout=timedelta(seconds=0.5))

    def web(self, kind: str, url: str, secrets: Mapping[str, str] | None = None) -> Channel:
        if kind not in SECRET_URL:
            url = url.replace(f"{CANARY}:{CANARY}@", "").replace(PATH, "")  # what no secret is, holds none
        values = {name: f"{CANARY}-{name}" for name in ("signing", "client_secret", "token", "routing_key")}
        opened = open_to(kind, url, self.folder, self.gate, secrets={**values, **(secrets or {})})
        assert CANARY not in repr(opened)
        return opened

    def sink(self, *script: Reply, **more: Any) -> Sink:
        return self.stack.enter_context(Sink(*script, **more))

    def mail(self, port: int, **more: Any) -> Channel:
        row = {
            "host": "127.0.0.1",
            "port": port,
            "to": ["a@hoshino-denki.example"],
            "sender": "b@hoshino-denki.example",
        }
        login = {"user": "mekiki", "password": "file:password"}
        (self.folder / "password").write_text(f"{CANARY}-password")
        row = {"key": "r", "channel": "email", **row, **login, **more}
        receiver = TypeAdapter[Any](Receiver).validate_python(row, context={"base": self.folder})
        assert CANARY not in repr(receiver)
        return open_channel(receiver, gate=self.gate, media=MediaStore(self.folder))


PATH = f"/{CANARY}/hook?token={CANARY}"
ECHO = f"{PATH} {CANARY}-signing {CANARY}-password {CANARY}-client_secret {CANARY}-token {CANARY}-routing_key".encode()


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answered(status: int, **headers: str) -> Callable[[World, str], Channel]:
    return lambda world, kind: world.web(kind, world.sink(Reply(status=status, headers=headers, body=ECHO)).url(PATH))


def redirected(world: World, kind: str) -> Channel:
    sink = world.sink()
    sink.script.append(Reply(status=302, headers={"Location": sink.url(PATH)}))
    return world.web(kind, sink.url(PATH))


def silent(world: World, kind: str) -> Channel:
    return world.web(kind, world.sink(Reply(after=threading.Event())).url(PATH))


def dropped(world: World, kind: str) -> Channel:
    return world.web(kind, world.sink(Reply(drop=True)).url(PATH))


def refused_connection(world: World, kind: str) -> Channel:
    return world.web(kind, f"http://{CANARY}:{CANARY}@127.0.0.1:{closed_port()}{PATH}")


def not_public(world: World, kind: str) -> Channel:
    return world.web(kind, f"http://127.0.0.2:9{PATH}")


def unresolvable(world: World, kind: str) -> Channel:
    return world.web(kind, f"http://{'a.' * 150}invalid{PATH}")  # too long for any name server to be asked


def impossible_label(world: World, kind: str) -> Channel:
    return world.web(kind, f"http://{'a' * 64}.invalid{PATH}")


def impossible_host(world: World, kind: str) -> Channel:
    return world.web(kind, f"http://\udc80{CANARY}.invalid{PATH}".encode("utf-8", "replace").decode())


def no_url(world: World, kind: str) -> Channel:
    return world.web(kind, f"{CANARY}://{CANARY}")


def broken_url(world: World, kind: str) -> Channel:
    return world.web(kind, f"http://[{CANARY}]:99999999{PATH}")


def untrusted(world: World, kind: str) -> Channel:
    server, _ = certificate(world.folder, "127.0.0.1")
    return world.web(kind, world.sink(tls=server).url(PATH))


def no_tls(world: World, kind: str) -> Channel:
    return world.web(kind, world.sink().url(PATH).replace("http://", "https://"))


def odd_headers(world: World, kind: str) -> Channel:
    return world.web(kind, world.sink(Reply(status=503, headers={"X": "y" * 20_000}, body=ECHO)).url(PATH))


def missing_secret(world: World, kind: str) -> Channel:
    opened = world.web(kind, world.sink().url(PATH))
    (world.folder / SECRET.get(kind, "url")).unlink()
    return opened


def token_refused(world: World, kind: str) -> Channel:
    """Be given a token, which the service then echoes."""
    token = Reply(body=f'{{"access_token": "{CANARY}-access", "expires_in": 60}}'.encode())
    refused = Reply(status=500, body=ECHO + f" {CANARY}-access".encode())
    return world.web(kind, world.sink(token, refused).url(""))


def broken_signing(world: World, kind: str) -> Channel:
    secret = {"signing": f"whsec_{CANARY}!"}
    return world.web("webhook", world.sink().url(PATH), secrets=secret)


def mail_refused(command: str) -> Callable[[World, str], Channel]:
    def fail(world: World, kind: str) -> Channel:
        server, trust = certificate(world.folder, "127.0.0.1")
        world.gate = Gate(rule=world.gate.rule, timeout=timedelta(seconds=5), trust=trust)
        accounts = {"mekiki": f"{CANARY}-password" if command != "AUTH" else "another"}
        refuse = {command: f"550 {ECHO.decode()}"}
        sink = world.stack.enter_context(MailSink(tls=server, accounts=accounts, refuse=refuse))
        return world.mail(sink.port)

    return fail


def mail_in_clear(world: World, kind: str) -> Channel:
    return world.mail(closed_port(), security="none")


def mail_untrusted(world: World, kind: str) -> Channel:
    server, _ = certificate(world.folder, "127.0.0.1")
    return world.mail(world.stack.enter_context(MailSink(tls=server)).port)


def mail_closed(world: World, kind: str) -> Channel:
    return world.mail(closed_port())


def mail_silent(world: World, kind: str) -> Channel:
    return world.mail(world.sink(Reply(after=threading.Event())).port)


def mail_missing(world: World, kind: str) -> Channel:
    opened = world.mail(closed_port())
    (world.folder / "password").unlink()
    return opened


HTTP = {
    "redirected": redirected,
    "silent": silent,
    "dropped": dropped,
    "refused": refused_connection,
    "not public": not_public,
    "unresolvable": unresolvable,
    "impossible label": impossible_label,
    "impossible host": impossible_host,
    "no url": no_url,
    "broken url": broken_url,
    "untrusted": untrusted,
    "no tls": no_tls,
    "odd headers": odd_headers,
    "missing secret": missing_secret,
    **{str(status): answered(status) for status in (400, 401, 403, 404, 410, 429, 500, 503)},
    "retry after": answered(429, **{"Retry-After": CANARY}),
}
MAIL = {
    **{command.lower(): mail_refused(command) for command in ("AUTH", "MAIL", "DATA", "a@hoshino-denki.example")},
    "in clear": mail_in_clear,
    "untrusted": mail_untrusted,
    "closed": mail_closed,
    "silent": mail_silent,
    "missing": mail_missing,
}
# Where the address stands in the configuration, another cannot be none; Apprise's child takes a second each time.
PLAIN_URL = [kind for kind in ROWS if kind not in SECRET_URL]
NO_ADDRESS = ("impossible host", "no url", "broken url")
CHILD = ("500", "refused", "not public", "impossible label", "no url", "missing secret", "untrusted")
FAILURES = [
    *(
        (kind, name, fail)
        for kind in ("webhook", "slack", "teams", "discord", "google_chat")
        for name, fail in HTTP.items()
    ),
    *((kind, name, fail) for kind in PLAIN_URL for name, fail in HTTP.items() if name not in NO_ADDRESS),
    *(("apprise", name, HTTP[name]) for name in CHILD),
    ("line_works", "token refused", token_refused),
    ("webhook", "broken signing", broken_signing),
    *(("email", name, fail) for name, fail in MAIL.items()),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(tmp_path, stack)


@pytest.mark.parametrize(
    ("kind", "fail"), [(kind, fail) for kind, _, fail in FAILURES], ids=[f"{kind} {name}" for kind, name, _ in FAILURES]
)
def test_no_failure_shows_a_secret(
    world: World, kind: str, fail: Callable[[World, str], Channel], caplog: pytest.LogCaptureFixture
) -> None:
    channel = fail(world, kind)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("asyncio").setLevel(logging.DEBUG)
        with pytest.raises(DeliveryError) as caught:
            asyncio.run(channel.send(alert_of(), "msg_1", now=NOW), debug=True)
    error = caught.value
    assert str(error).startswith("r: ")
    assert error.__context__ is None
    logged = [record for record in caplog.records if record.name != "mail.log"]  # the relay's own log, in this process
    shown = "\n".join(
        [
            str(error),
            repr(error),
            repr(error.args),
            repr(vars(error)),
            repr(channel),
            "".join(traceback.format_exception(error)),
            *(f"{record.getMessage()} {record.args} {record.exc_text}" for record in logged),
        ]
    )
    assert not [canary for canary in CANARIES if canary in shown]


def test_every_kind_of_receiver_is_here() -> None:
    kinds = {model.model_fields["channel"].annotation.__args__[0] for model in Receiver.__origin__.__args__}  # type: ignore[attr-defined]
    assert {kind for kind, _, _ in FAILURES} == kinds
    assert issubclass(EmailReceiver, Receiver.__origin__.__args__)  # type: ignore[attr-defined]

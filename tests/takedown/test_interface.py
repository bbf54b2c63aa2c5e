import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.gate import ANSWER_BYTES, Gate
from config.takedown import Account
from safety.egress import EgressRule
from takedown.channel import Channel
from takedown.errors import FilingFailed, FilingRefused
from takedown.interface import READ, Call, call_of, post_call, words_of
from takedown.notice import Filled, Notice
from tests.alerts.certificates import certificate
from tests.servers.sink import Reply, Sink

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TOKEN = "kanarie-interface-7731"
URLS = ("https://hoshino-denki-sale.test/lp/?c=7&fbclid=IwAR0aB", "https://hoshino-denki-sale.test/lp/order")


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def channel_of(api: dict[str, Any], *optional: str) -> Channel:
    names = [value for value in api.get("body", {}).values() if not value.startswith("=")]
    said = {"en": "x", "ja": "あ"}
    row = {
        "key": "example-api",
        "name": said,
        "operator": "Example",
        "kind": "cdn",
        "way": "api",
        "who": ["anyone"],
        "languages": ["en"],
        "template": "api",
        "match": {"actors": ["cdn"]},
        "field": [{"key": key, "label": said, "required": key not in optional} for key in dict.fromkeys(names)],
        "source": "https://interface.example/docs",
        "checked": date(2026, 11, 30),
        "unconfirmed": ["answer"],
        "api": api,
    }
    return Channel.model_validate(row)


def notice_of(**fields: str | None) -> Notice:
    return Notice(
        reference="MK-1-0123ABCD",
        case_id=1,
        channel="example-api",
        language="en",
        actor="cdn",
        subject="hoshino-denki-sale.test",
        targets=URLS,
        links=(),
        title="",
        body="",
        fields=tuple(Filled(key=key, label=key, value=value) for key, value in fields.items()),
    )


def account(folder: Path, **values: str) -> Account:
    (folder / "token").write_text(TOKEN)
    row = {"channel": "example-api", "token": "file:token", "values": values}
    return Account.model_validate(row, context={"base": folder})


def gate(sink: Sink, seconds: float = 15.0) -> Gate:
    return Gate(rule=EgressRule.parse([f"127.0.0.1:{sink.port}"]), timeout=timedelta(seconds=seconds))


def simple(sink: Sink, folder: Path) -> Call:
    api = {
        "url": sink.url("/v1/{account}/report"),
        "headers": {"Authorization": "Bearer {token}"},
        "body": {"urls": "urls"},
        "reference": "id",
    }
    return call_of(notice_of(urls=URLS[0]), channel_of(api), account(folder, account="a/b"))


async def failure(call: Call, way: Gate) -> FilingFailed:
    with pytest.raises(FilingFailed) as caught:
        await post_call(call, way, now=NOW)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


@pytest.mark.asyncio
async def test_tables_constants_and_values_of_the_account_make_the_body_of_a_content_network(
    sink: Sink, tmp_path: Path
) -> None:
    api = {
        "url": sink.url("/accounts/{account_id}/abuse-reports/abuse_phishing"),
        "headers": {"Authorization": "Bearer {token}"},
        "body": {
            "act": "=abuse_phishing",
            "email": "email",
            "urls": "urls",
            "owner.notify": "=none",
            "name": "={contact} (MK)",
            "comments": "comments",
        },
        "reference": "result.abuse_rand || abuse_rand",
    }
    sink.script.append(Reply(body=b'{"result": {"abuse_rand": "f9c2"}, "success": true}'))
    notice = notice_of(email="brand@hoshino-denki.example", urls="\n".join(URLS), comments=None)
    call = call_of(notice, channel_of(api, "comments"), account(tmp_path, account_id="a1/../b", contact="Keiko"))
    taken = await post_call(call, gate(sink), now=NOW)
    [request] = sink.received
    assert request.path == "/accounts/a1%2F..%2Fb/abuse-reports/abuse_phishing"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "act": "abuse_phishing",
        "email": "brand@hoshino-denki.example",
        "urls": "\n".join(URLS),
        "owner": {"notify": "none"},
        "name": "Keiko (MK)",
    }
    assert (taken.status, taken.reference) == (200, "f9c2")


@pytest.mark.asyncio
async def test_each_line_becomes_an_entry_of_a_list_of_tables(sink: Sink) -> None:
    api = {
        "url": sink.url("/api/v3/report/urls"),
        "body": {"urls[].country": "=JP", "email": "email", "urls[].url": "urls", "reason": "reason"},
        "reference": "uuid",
    }
    sink.script.append(Reply(body=b'{"message": "Successfully reported", "uuid": "3ZKf"}'))
    notice = notice_of(email="brand@hoshino-denki.example", urls="\n".join(URLS), reason="偽の通販\nfake shop")
    taken = await post_call(call_of(notice, channel_of(api), None), gate(sink), now=NOW)
    assert json.loads(sink.bodies[0]) == {
        "email": "brand@hoshino-denki.example",
        "reason": "偽の通販\nfake shop",
        "urls": [{"url": url, "country": "JP"} for url in URLS],
    }
    assert taken.reference == "3ZKf"


@pytest.mark.asyncio
async def test_tables_within_tables_for_a_list_of_unsafe_pages(sink: Sink, tmp_path: Path) -> None:
    api = {
        "url": sink.url("/v1/projects/{project}/uris:submit"),
        "headers": {"Authorization": "Bearer {token}"},
        "body": {"submission.uri": "uri", "threatInfo.abuseType": "=SOCIAL_ENGINEERING", "tags[]": "uri"},
        "reference": "name",
    }
    sink.script.append(Reply(body=b'{"name": "projects/7/operations/88"}'))
    call = call_of(notice_of(uri=URLS[0]), channel_of(api), account(tmp_path, project="p7"))
    taken = await post_call(call, gate(sink), now=NOW)
    assert json.loads(sink.bodies[0]) == {
        "submission": {"uri": URLS[0]},
        "threatInfo": {"abuseType": "SOCIAL_ENGINEERING"},
        "tags": [URLS[0]],
    }
    assert taken.reference == "projects/7/operations/88"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (
            Reply(status=401),
            "example-api: the token is not accepted (401); correct [[takedown.account]] of example-api",
        ),
        (
            Reply(status=403),
            "example-api: the token is not accepted (403); correct [[takedown.account]] of example-api",
        ),
        (
            Reply(status=429, headers={"Retry-After": "120"}),
            "example-api: answered 429; it can be filed again in 120 s",
        ),
        (Reply(status=503), "example-api: answered 503; it can be filed again later"),
        (Reply(status=501), "example-api: answered 501"),
        (Reply(status=302, headers={"Location": "/x"}), "example-api: answered 302, a redirect, which is not followed"),
        (
            Reply(status=422, body='{"errors": [{"message": "urls: \u202etoo many\\n\\u001b[31m"}]}'.encode()),
            "example-api: refused it (422): urls: \\u{202E}too many \\u{1B}[31m",
        ),
        (Reply(status=400, body=b"<html><h1>Bad</h1>"), "example-api: refused it (400)"),
    ],
)
async def test_what_a_status_means(sink: Sink, tmp_path: Path, reply: Reply, says: str) -> None:
    sink.script.append(reply)
    error = await failure(simple(sink, tmp_path), gate(sink))
    assert str(error) == says
    assert not error.unknown
    assert len(sink.received) == 1


@pytest.mark.asyncio
async def test_a_post_that_ends_without_an_answer_may_have_arrived(sink: Sink, tmp_path: Path) -> None:
    sink.script.append(Reply(drop=True))
    assert (await failure(simple(sink, tmp_path), gate(sink))).unknown


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [500, 502, 504, 524])
async def test_a_fault_behind_the_interface_may_have_taken_it(sink: Sink, tmp_path: Path, status: int) -> None:
    sink.script.append(Reply(status=status, body=b"<html>Bad gateway"))
    error = await failure(simple(sink, tmp_path), gate(sink))
    assert (str(error), error.unknown) == (f"example-api: answered {status}", True)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "before",
    [
        b"x" * (ANSWER_BYTES - 8),  # the token crosses the end of what is kept
        TOKEN.encode() * (READ // len(TOKEN)),  # and of what is read
        b"x" * (READ - 8),
    ],
)
async def test_no_part_of_the_token_is_kept_of_a_long_answer(sink: Sink, tmp_path: Path, before: bytes) -> None:
    sink.script.append(Reply(body=before + TOKEN.encode() + b"y" * READ))
    taken = await post_call(simple(sink, tmp_path), gate(sink), now=NOW)
    assert TOKEN[:6].encode() not in taken.answer
    assert len(taken.answer) <= ANSWER_BYTES


@pytest.mark.asyncio
async def test_an_interface_in_the_own_network_is_not_reached(sink: Sink, tmp_path: Path) -> None:
    error = await failure(simple(sink, tmp_path), Gate(rule=EgressRule.parse([])))
    assert "not public" in str(error)
    assert not error.unknown
    assert sink.received == []


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_the_token_is_nowhere_but_in_the_request(
    sink: Sink, tmp_path: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in what is kept, shown, or logged at DEBUG, even where the other side repeats it."""
    caplog.set_level(logging.DEBUG)
    echo = json.dumps({"id": f"for {TOKEN}", "message": f"{TOKEN} is unknown"}).encode()
    sink.script.append(Reply(status=status, body=echo))
    call = simple(sink, tmp_path)
    shown = repr(call)
    try:
        taken = await post_call(call, gate(sink), now=NOW)
    except FilingFailed as error:
        shown += str(error)
    else:
        shown += repr(taken)
        assert taken.reference is None
    assert TOKEN in sink.received[0].headers["authorization"]
    assert TOKEN not in shown + caplog.text


@pytest.mark.asyncio
async def test_a_certificate_that_nobody_vouches_for_ends_it(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, "127.0.0.1")
    with Sink(tls=server) as sink:
        error = await failure(simple(sink, tmp_path), gate(sink))
    assert "TLS certificate is not valid" in str(error)
    assert sink.received == []


def refused(api: dict[str, Any], known: Account | None, **fields: str | None) -> str:
    with pytest.raises(FilingRefused) as caught:
        call_of(notice_of(**fields), channel_of(api), known)
    return str(caught.value)


def test_what_the_account_lacks_is_named(tmp_path: Path) -> None:
    api = {
        "url": "https://interface.example/{project}",
        "headers": {"X-Key": "{token}"},
        "body": {"a": "={team}"},
    }
    wanted = '[[takedown.account]] with channel = "example-api": values.project, values.team, token is missing'
    assert refused(api, None) == wanted
    assert refused(api, account(tmp_path, project="p")).endswith('"example-api": values.team is missing')


def test_a_token_goes_nowhere_but_into_headers(tmp_path: Path) -> None:
    for api in (
        {"url": "https://interface.example/?key={token}"},
        {"url": "https://a.example/", "body": {"k": "={token}"}},
    ):
        assert "elsewhere than into a header" in refused(api, account(tmp_path))


def test_an_empty_field_that_must_be_filled_in_stops_it() -> None:
    api = {"url": "https://interface.example/", "body": {"urls": "urls"}}
    assert refused(api, None, urls=" ") == "example-api: the field urls is empty; draft the notice again"


def test_names_that_contradict_each_other_are_told() -> None:
    api = {"url": "https://interface.example/", "body": {"a": "urls", "a.b": "urls"}}
    assert refused(api, None, urls="x").startswith("example-api: api.body.a.b contradicts")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"plain words", "plain words"),
        (b"[" * 5000, "[" * 199 + "…"),
        (b"<html><p>no</p>", ""),
        (b'{"a": {"b": [{"detail": "one"}, {"detail": "one"}]}, "title": "two"}', "two; one"),
        (b"\xff\x00", "\ufffd\\u{0}"),
        (b'{"message": "%s"}' % (b"x" * 500), "x" * 199 + "…"),
    ],
)
def test_what_an_answer_says(body: bytes, words: str) -> None:
    assert words_of(body) == words

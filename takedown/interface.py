"""Notice -> one POST of JSON to the interface of a channel, as its catalogue entry tells, under the egress rule.

What the entry leaves open, `{NAME}`, comes from `[[takedown.account]]`: values into address, headers and constants;
the secret, `{token}`, into headers alone, at the moment of the call. It is in no `Call`, and what the other side
repeats of it is masked before anything is kept or shown.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import jmespath
from jmespath.exceptions import JMESPathError

from alerts.errors import DeliveryError
from alerts.gate import ANSWER_BYTES, Answer, Gate
from alerts.retry import parse_retry_after
from config.takedown import Account
from safety.screen import screen
from safety.secret import Secret, SecretError, redact
from takedown.channel import Channel
from takedown.errors import FilingFailed, FilingRefused
from takedown.notice import Notice

WORDS = 200  # characters of an answer that are shown
READ = 64 * 1024  # bytes of an answer that are read: a token that crosses the end of what is kept is found whole
LONGEST_REFERENCE = 100
_OPEN = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")
_HIDDEN = "token"
_LATER = frozenset({408, 425, 429, 503})  # request timeout, too early, too many requests, service unavailable
_NEVER = frozenset({501, 505})  # not implemented, HTTP version not supported
_SPELT = 12  # characters, at most, of one character of a token where it is escaped
_SENTENCES = ("message", "msg", "error", "error_description", "detail", "title", "description", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, ready but for its secret."""

    channel: str
    url: str
    headers: Mapping[str, str]  # with {token} as it stands
    body: bytes  # JSON in UTF-8
    token: Secret | None = field(default=None, repr=False)
    reference: str | None = None  # JMESPath of the case's number in the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The interface took it."""

    status: int
    reference: str | None  # the number that it gave
    answer: bytes  # the first 4 kB of the answer, without the secret; hostile


def call_of(notice: Notice, channel: Channel, account: Account | None) -> Call:
    """Write a notice as a call of its channel's interface.

    Raises:
        FilingRefused: the channel has no interface, or something that it wants is missing; the message says what.
    """
    api = channel.api
    if api is None:
        raise FilingRefused(f"{channel.key} has no interface")
    values = dict(account.values) if account else {}
    token = account.token if account else None
    if keys := lacking(channel, account):
        raise FilingRefused(f'[[takedown.account]] with channel = "{channel.key}": {", ".join(keys)} is missing')
    if any(_HIDDEN in _OPEN.findall(text) for text in (api.url, *api.body.values()) if text):
        raise FilingRefused(f"{channel.key}: its entry puts the token elsewhere than into a header")

    def put(text: str, write: Callable[[str], str] = str) -> str:
        return _OPEN.sub(lambda name: name[0] if name[1] == _HIDDEN else write(values[name[1]]), text)

    return Call(
        channel=channel.key,
        url=put(api.url, lambda value: quote(value, safe="")),
        headers={"Content-Type": "application/json", **{name: put(text) for name, text in api.headers.items()}},
        body=json.dumps(_body(notice, channel, api.body, put), ensure_ascii=False, separators=(",", ":")).encode(),
        token=token,
        reference=api.reference,
    )


def lacking(channel: Channel, account: Account | None) -> list[str]:
    """Return the keys of `[[takedown.account]]` that a channel's interface needs and the account does not have."""
    if channel.api is None:
        return []
    api = channel.api
    known = set() if account is None else {*account.values, *([_HIDDEN] if account.token is not None else [])}
    wanted = {name for text in (api.url, *api.headers.values()) for name in _OPEN.findall(text)}
    wanted |= {name for text in api.body.values() if text.startswith("=") for name in _OPEN.findall(text)}
    lacks = wanted - known
    return [*(f"values.{name}" for name in sorted(lacks - {_HIDDEN})), *([_HIDDEN] if _HIDDEN in lacks else [])]


async def post_call(call: Call, gate: Gate, *, now: datetime) -> Accepted:
    """Post once and tell what the answer means.

    Raises:
        FilingFailed: it was not taken, or nobody knows (`unknown`): there was no answer, or the machine in front of the
            interface, or a fault behind it, gave one; one line, which holds no secret.
    """
    headers, failure = dict(call.headers), ""
    try:
        secret = "" if call.token is None else call.token.reveal()
    except SecretError as error:
        failure = str(error)
    if failure:
        raise FilingFailed(f"{call.channel}: {failure}")
    headers = {name: text.replace("{token}", secret) for name, text in headers.items()}
    try:
        answer = await replace(gate, most=READ).post(call.channel, call.url, call.body, headers)
    except DeliveryError as error:
        failure, unknown = error.reason, error.unknown
    else:
        return _accepted(call, answer, len(secret), now)
    raise FilingFailed(f"{call.channel}: {failure}", unknown=unknown)


def _accepted(call: Call, answer: Answer, longest: int, now: datetime) -> Accepted:
    """Return what a status of 2xx means; the token has `longest` characters.

    Raises:
        FilingFailed: for every other one.
    """
    status = answer.status
    if 200 <= status < 300:
        return Accepted(status=status, reference=_reference(call, answer.body), answer=_kept(answer.body, longest))
    said, unknown = f"answered {status}", False
    if 300 <= status < 400:
        said += ", a redirect, which is not followed"
    elif status in (401, 403):
        said = f"the token is not accepted ({status}); correct [[takedown.account]] of {call.channel}"
    elif status in _LATER:
        wait = parse_retry_after(answer.retry_after, now)
        later = f"in {wait.total_seconds():.0f} s" if wait else "later"
        said += f"; it can be filed again {later}"
    elif status >= 500:
        unknown = status not in _NEVER
    else:
        words = words_of(answer.body)
        said = f"refused it ({status})" + (f": {words}" if words else "")
    raise FilingFailed(f"{call.channel}: {said}", unknown=unknown)


def _kept(body: bytes, longest: int) -> bytes:
    """Return what is kept of an answer: its beginning, cut only once no token is in it, whole or in part."""
    written = body.decode("utf-8", "replace")
    masked = redact(written)
    if masked == written and len(body) <= ANSWER_BYTES:
        return body
    if len(body) >= READ:  # its last characters may begin a token
        masked = masked[: max(0, len(masked) - _SPELT * longest)]
    return masked.encode()[:ANSWER_BYTES]


def words_of(body: bytes) -> str:
    """Return what an answer says in words, short, without secrets, safe to show; nothing where it says nothing."""
    text = body.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        said = "" if text.lstrip().startswith("<") else text
    else:
        said = "; ".join(dict.fromkeys(_sentences(value)))
    return screen(redact(" ".join(said.split())), limit=WORDS)


def _sentences(value: Any) -> list[str]:
    """Return the sentences in an answer's usual places, at any depth."""
    found: list[str] = []
    waiting = [value]
    while waiting and len(found) < 10:
        one = waiting.pop(0)
        if isinstance(one, dict):
            found += [one[name] for name in _SENTENCES if isinstance(one.get(name), str)]
            waiting += [inner for inner in one.values() if isinstance(inner, (dict, list))]
        elif isinstance(one, list):
            waiting += [inner for inner in one[:20] if isinstance(inner, (dict, list))]
            found += [inner for inner in one[:20] if isinstance(inner, str)]
    return found


def _reference(call: Call, body: bytes) -> str | None:
    """Return the number that the channel gave, where its answer has one where the catalogue says."""
    if call.reference is None:
        return None
    try:
        found = jmespath.search(call.reference, json.loads(body))
    except (ValueError, RecursionError, JMESPathError):
        return None
    if not isinstance(found, (str, int)) or isinstance(found, bool):
        return None
    text = " ".join(str(found).split())
    return text if text and len(text) <= LONGEST_REFERENCE and redact(text) == text else None


def _body(notice: Notice, channel: Channel, names: Mapping[str, str], put: Callable[[str], str]) -> dict[str, Any]:
    """Return the JSON object that names and fields make.

    Raises:
        FilingRefused: a field that has to be filled in is empty, or the entry's names contradict each other.
    """
    filled = {one.key: one.value for one in notice.fields}
    required = {one.key for one in channel.field if one.required}
    body: dict[str, Any] = {}
    # Constants last: what is the same for every entry of a list needs the entries.
    for name, source in sorted(names.items(), key=lambda one: one[1].startswith("=")):
        value = put(source[1:]) if source.startswith("=") else filled.get(source)
        if value is None or not value.strip():
            if source in required:
                raise FilingRefused(f"{channel.key}: the field {source} is empty; draft the notice again")
            continue
        try:
            _put(body, name.split("."), value)
        except (TypeError, AttributeError):
            raise FilingRefused(f"{channel.key}: api.body.{name} contradicts another name of the entry") from None
    return body


def _put(table: dict[str, Any], path: list[str], value: str) -> None:
    """Put a value where a path leads; each line of it into an entry of its own where the path goes through a list."""
    name, rest = path[0], path[1:]
    if name.endswith("[]"):
        entries = table.setdefault(name.removesuffix("[]"), [])
        lines = value.splitlines()
        if not rest:
            entries.extend(lines)
            return
        if len(lines) == 1 and entries:
            lines *= len(entries)  # the same for every entry there is
        while len(entries) < len(lines):
            entries.append({})
        for entry, line in zip(entries, lines, strict=False):
            _put(entry, rest, line)
    elif rest:
        _put(table.setdefault(name, {}), rest, value)
    elif isinstance(table, dict):
        table[name] = value
    else:
        raise TypeError

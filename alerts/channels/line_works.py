"""LINE WORKS bot: a flexible template to a talk room or a person.

Flow: a JWT signed with the service account's key -> an access token, kept in memory only, until shortly before its end
-> the message. A token that is refused is forgotten and asked for once more.

A mention in LINE WORKS is `<m userId="…">`, also within flexible templates: no hostile text keeps a `<`. A picture
would need a public address; it stays in the case.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from alerts.channels.posting import JSON, as_json, colour, read_json, receipt_of, within
from alerts.delivery import Receipt, check, reveal
from alerts.dialect import LINE_WORKS, cut, runs
from alerts.errors import DeliveryError
from alerts.gate import Answer, Gate
from alerts.message import Alert
from alerts.templating import Templates
from alerts.texts import SHIPPED, Texts
from config.receivers import LineWorksReceiver
from safety.secret import remember

ALT_LIMIT = 400  # characters of the text in lists and push messages
BUBBLE_BYTES = 14_000  # of JSON; the documents name 15 KB and 30 KB
JWT_LIFE = timedelta(minutes=30)  # at most an hour
TOKEN_LIFE = timedelta(hours=1)  # where the answer names none
EARLY = timedelta(minutes=5)  # before its end a token is not used any more

# What LINE WORKS answers as `code`; only these are repeated in an error.
CODES = frozenset(
    {
        "ACCESS_DENIED",
        "BAD_REQUEST",
        "FORBIDDEN",
        "INTERNAL_SERVER_ERROR",
        "INVALID_PARAMETER",
        "NOT_FOUND",
        "SERVICE_UNAVAILABLE",
        "TOO_MANY_REQUESTS",
        "UNAUTHORIZED",
    }
)

Element = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token."""

    value: str = field(repr=False)
    until: datetime


# By what it was given for: a pass of the dispatcher is short, and a token lives for a day.
_tokens: dict[str, Token] = {}


def render(texts: Texts) -> dict[str, Any]:
    """Return the message; equal alerts give equal messages."""
    counts = (12, 8, 4, 1) if texts.alert.digest else (2, 1, 0)
    bubble = within(BUBBLE_BYTES, counts, texts, _bubble)
    return {"content": {"type": "flex", "altText": cut(texts.headline, ALT_LIMIT), "contents": bubble}}


def _bubble(texts: Texts, count: int) -> Element:
    head = _text(cut(texts.headline, 200), color="#ffffff", size="md", weight="bold")
    parts = texts.digest(count) or texts.items(count)
    body = [*map(_text, texts.lead)]
    if reasons := texts.reasons:
        body += [_LINE, *map(_text, [LINE_WORKS.bold(texts.words.why), *reasons])]
    for part in parts:
        body += [_LINE, *map(_text, part)]
    if more := texts.left_out(len(parts)):
        body += [_LINE, _text(more)]
    if commands := texts.next:
        body += [_LINE, *map(_text, commands)]
    return {
        "type": "bubble",
        "size": "giga",
        "header": {**_box([head]), "backgroundColor": colour(texts.alert), "paddingAll": "16px"},
        "body": {**_box(body), "spacing": "sm"},
        "footer": _box([_text(texts.footer, size="xxs", color="#667085")]),
    }


_LINE: Element = {"type": "separator", "margin": "md"}


def _box(contents: Sequence[Element]) -> Element:
    return {"type": "box", "layout": "vertical", "contents": list(contents)}


def _text(line: str, **look: str) -> Element:
    """Return a line; a text that is of one look stands as it is, others as spans."""
    base: Element = {"type": "text", "wrap": True, "size": "sm", **look}
    found = runs(line)
    if len(found) <= 1 and not any(run.bold or run.code for run in found):
        return {**base, "text": found[0].text if found else "–"}
    spans = [
        {
            "type": "span",
            "text": run.text,
            **({"weight": "bold"} if run.bold else {}),
            **({"color": "#475467"} if run.code else {}),
        }
        for run in found
    ]
    return {**base, "contents": spans}


class LineWorksChannel:
    """Sends through one bot to one place."""

    def __init__(self, receiver: LineWorksReceiver, gate: Gate, templates: Templates = SHIPPED) -> None:
        self._receiver = receiver
        self._gate = gate
        self._templates = templates

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Post once. LINE WORKS knows no idempotency key: a repeated attempt may show the message twice."""
        texts = Texts(alert, LINE_WORKS, self._templates)
        body = as_json(render(texts))
        answer = await self._post(body, now)
        if answer.status == 401:
            _tokens.pop(self._identity(), None)
            answer = await self._post(body, now)
        return receipt_of(self._receiver.key, answer, texts, now=now, code=_code(answer))

    async def _post(self, body: bytes, now: datetime) -> Answer:
        receiver = self._receiver
        kind, place = ("channels", receiver.to_channel) if receiver.to_channel else ("users", receiver.to_user)
        url = f"{receiver.api.rstrip('/')}/bots/{receiver.bot}/{kind}/{quote(place or '', safe='')}/messages"
        token = await self._token(now)
        return await self._gate.post(receiver.key, url, body, {**JSON, "Authorization": f"Bearer {token.value}"})

    async def _token(self, now: datetime) -> Token:
        identity = self._identity()
        known = _tokens.get(identity)
        if known is None or known.until <= now:
            known = _tokens[identity] = await self._new_token(now)
        return known

    async def _new_token(self, now: datetime) -> Token:
        """Ask for an access token.

        Raises:
            DeliveryError: none was given.
        """
        receiver = self._receiver
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": self._assertion(now),
            "client_id": receiver.client_id,
            "client_secret": reveal(receiver.key, receiver.client_secret),
            "scope": "bot.message",
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "mekiki"}
        answer = await self._gate.post(receiver.key, receiver.auth, urlencode(form).encode("ascii"), headers)
        check(receiver.key, answer, now=now, code="to the request for an access token")
        told = read_json(answer)
        value = told.get("access_token")
        if not isinstance(value, str) or not (value.isascii() and value.isprintable() and value):
            raise self._error("the answer to the request for an access token holds none")
        remember(value)
        return Token(value=value, until=now + max(_life(told.get("expires_in")) - EARLY, timedelta(0)))

    def _assertion(self, now: datetime) -> str:
        """Return the signed claim to be the service account (RFC 7523)."""
        receiver = self._receiver
        pem = reveal(receiver.key, receiver.private_key).replace("\\n", "\n")  # as it stands in environment files
        try:
            key = load_pem_private_key(pem.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise self._error("private_key is no RSA key in PEM")
        claims = {
            "iss": receiver.client_id,
            "sub": receiver.service_account,
            "iat": int(now.timestamp()),
            "exp": int((now + JWT_LIFE).timestamp()),
        }
        head = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        return f"{head}.{_base64(key.sign(head.encode('ascii'), PKCS1v15(), SHA256()))}"

    def _identity(self) -> str:
        """Return what a token was given for, with none of it readable."""
        receiver = self._receiver
        parts = (
            *(receiver.auth, receiver.client_id, receiver.service_account),
            reveal(receiver.key, receiver.client_secret),
            reveal(receiver.key, receiver.private_key),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _error(self, reason: str) -> DeliveryError:
        return DeliveryError(self._receiver.key, reason, retryable=True)


def _life(seconds: Any) -> timedelta:
    """Read `expires_in`, which LINE WORKS writes as text."""
    text = str(seconds)
    return timedelta(seconds=int(text[:9])) if text.isascii() and text.isdigit() else TOKEN_LIFE


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode("ascii"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _code(answer: Answer) -> str:
    code = read_json(answer).get("code")
    return code if isinstance(code, str) and code in CODES else ""

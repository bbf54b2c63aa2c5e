"""Every kind of receiver that posts, opened to a local server, its secrets in files."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import TypeAdapter

from alerts.channels import open_channel
from alerts.delivery import Channel
from alerts.gate import Gate
from alerts.templating import Templates
from config.receivers import Receiver
from storage.media import MediaStore
from tests.servers.sink import Reply

TOKEN = Reply(body=json.dumps({"access_token": "kr1-token-of-a-day", "expires_in": "86400"}).encode())

# What stands in the configuration besides key, channel and the address.
ROWS: dict[str, dict[str, Any]] = {
    "webhook": {"signing": ["file:signing"]},
    "slack": {},
    "teams": {},
    "discord": {},
    "google_chat": {},
    "line_works": {
        "bot": "1234567",
        "client_id": "client-of-the-app",
        "client_secret": "file:client_secret",
        "service_account": "abc12.serviceaccount@hoshino-denki.example",
        "private_key": "file:private_key",
        "to_channel": "3f2a-room",
    },
    "chatwork": {"room": "987654", "token": "file:token"},
    "pagerduty": {"routing_key": "file:routing_key"},
    "apprise": {},
}
SECRET_URL = ("webhook", "slack", "teams", "discord", "google_chat", "apprise")  # the others' is no secret


@cache
def private_key() -> str:
    """Return an RSA key in PEM."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def address(kind: str, url: str) -> dict[str, str]:
    """Return the fields that lead to a URL, which is written to files where it is secret."""
    if kind == "line_works":
        return {"api": url, "auth": f"{url}/token"}
    return {"url": "file:url"} if kind in SECRET_URL else {"url": url}


def apprise_url(url: str) -> str:
    """Return Apprise's address of its JSON service at a URL."""
    parts = urlsplit(url)
    return parts._replace(scheme={"http": "json", "https": "jsons"}.get(parts.scheme, parts.scheme)).geturl()


def open_to(
    kind: str,
    url: str,
    folder: Path,
    gate: Gate,
    *,
    secrets: dict[str, str] | None = None,
    templates: Templates | None = None,
    **fields: Any,
) -> Channel:
    """Return a channel of a kind that posts to a URL."""
    values = {
        "url": apprise_url(url) if kind == "apprise" else url,
        "signing": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "client_secret": uuid4().hex,  # a token of LINE WORKS is kept for its credentials: none of another test
        "private_key": private_key(),
        "token": "token-of-an-account",
        "routing_key": "0123456789abcdef0123456789abcdef",
        **(secrets or {}),
    }
    for name, value in values.items():
        (folder / name).write_text(value)
    row = {"key": "r", "channel": kind, **ROWS[kind], **address(kind, url), **fields}
    receiver: Any = TypeAdapter(Receiver).validate_python(row, context={"base": folder})
    return open_channel(receiver, gate=gate, media=MediaStore(folder / "media"), templates=templates or Templates())

"""Apprise: every service that has no channel of its own here, through the library of that name.

The library opens its own connections in 170 plugins, so it runs in a child process of its own
(`alerts.channels.apprise_child`), which may connect only where the egress rule permits, and of which nothing comes back
but a status: its logs hold tokens and are never written.
"""

import asyncio
import contextlib
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from alerts.channels.posting import receipt_of
from alerts.delivery import Receipt, reveal
from alerts.dialect import ANY, cut, header_text
from alerts.errors import DeliveryError
from alerts.gate import Answer, Gate
from alerts.message import Alert
from alerts.templating import Templates
from alerts.texts import SHIPPED, Texts, fit_lines
from config.receivers import AppriseReceiver

MESSAGE_LIMIT = 3500  # characters; the child cuts further where the service takes less
TITLE_LIMIT = 200
SHOWN_ITEMS, SHOWN_CASES = 3, 15
START_SECONDS = 30.0  # to start Python and import the library on a busy machine
ANSWER_BYTES = 10_000
_ROOT = Path(__file__).resolve().parent.parent.parent  # the folder that holds our packages
_KEPT = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")  # no proxies, no tokens

REASONS = {
    "missing": "mekiki[apprise] is not installed: pip install 'mekiki[apprise]'",
    "unknown": "its url names no service that Apprise knows",
    "failed": "Apprise could not deliver it",
}


def render(texts: Texts) -> tuple[str, str]:
    """Return title and body as plain text; equal alerts give equal messages."""
    reasons = texts.reasons
    parts = texts.digest(SHOWN_CASES) or texts.items(SHOWN_ITEMS)
    more = texts.left_out(len(parts))
    blocks = [
        texts.lead,
        *([[texts.words.why, *reasons]] if reasons else []),
        *([texts.next] if texts.next else []),
        *parts,
        *([[more]] if more else []),
        [texts.footer],
    ]
    lines = fit_lines([line for block in blocks for line in (*block, "")], MESSAGE_LIMIT)
    return cut(header_text(texts.headline), TITLE_LIMIT), "\n".join(lines).strip("\n")


class AppriseChannel:
    """Sends to one service."""

    def __init__(self, receiver: AppriseReceiver, gate: Gate, templates: Templates = SHIPPED) -> None:
        self._receiver = receiver
        self._gate = gate
        self._templates = templates

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Send once; whether a repeated attempt shows the message twice depends on the service."""
        key = self._receiver.key
        url = reveal(key, self._receiver.url)
        texts = Texts(alert, ANY, self._templates)
        title, body = render(texts)
        rule = self._gate.rule
        request = {
            "url": url,
            "title": title,
            "body": body,
            "allow": [[str(address), port] for address, port in sorted(rule.allow, key=str)],
            "hosts": dict(rule.hosts),
        }
        told = await self._ask(json.dumps(request).encode("ascii"))
        if told.get("refused"):
            raise self._error("its address is not public; an internal receiver needs an entry in egress.allow")
        status, result = told.get("status"), told.get("result")
        if result == "sent":
            answer = Answer(status=200, retry_after=None, body=b"")
            return receipt_of(key, answer, texts, now=now)
        if isinstance(status, int) and not 200 <= status < 300:
            waits = told.get("retry_after")
            answer = Answer(status=status, retry_after=waits if isinstance(waits, str) else None, body=b"")
            return receipt_of(key, answer, texts, now=now)  # raises
        raise self._error(REASONS.get(str(result), REASONS["failed"]))

    async def _ask(self, request: bytes) -> dict[str, Any]:
        """Run the child on one message; return what it told."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-s", "-m", "alerts.channels.apprise_child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # the library logs tokens
            env={name: os.environ[name] for name in _KEPT if name in os.environ} | {"PYTHONPATH": str(_ROOT)},
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )
        failure = ""
        try:
            return await self._talk(child, request)
        except TimeoutError:
            failure = f"no answer within {self._gate.timeout.total_seconds():g} s"
        except (OSError, ValueError) as error:
            failure = f"the exchange broke off ({type(error).__name__})"
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        raise self._error(failure)

    async def _talk(self, child: asyncio.subprocess.Process, request: bytes) -> dict[str, Any]:
        assert child.stdin is not None
        assert child.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            await child.stdout.readline()  # it is ready, or gone
        async with asyncio.timeout(self._gate.timeout.total_seconds()):
            child.stdin.write(request)
            await child.stdin.drain()
            child.stdin.close()
            told = json.loads(await child.stdout.read(ANSWER_BYTES))
        return told if isinstance(told, dict) else {}

    def _error(self, reason: str) -> DeliveryError:
        return DeliveryError(self._receiver.key, reason, retryable=True)

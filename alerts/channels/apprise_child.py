"""The child of the Apprise channel: sends one message, connects only where the egress rule permits, tells a status.

1. Guard every socket of this process by an audit hook, which no library in it can take off again: plugins use requests,
   smtplib, MQTT and sockets of their own. Nothing is executed, no UNIX socket is opened.
2. Answer pinned names, so that they lead where `egress.hosts` says.
3. Import Apprise and say that it is ready; read the message from standard input, as one JSON object.
4. Send it, once, without redirects; write one JSON object: `result` (sent, failed, unknown, missing), the last HTTP
   `status` with its `retry_after`, and whether an address was `refused`.

Not guarded is what C libraries connect without Python's sockets (D-Bus, GLib); none comes with mekiki[apprise].
"""

import contextlib
import http.client
import json
import logging
import os
import socket
import sys
from typing import Any

from safety.egress import EgressRule

_EXECUTES = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"})


class Guard:
    """Watches what this process connects to."""

    def __init__(self) -> None:
        self.rule = EgressRule()
        self.refused = False
        self.armed = False  # once it is ready, nothing is executed

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raise where something would connect to what is not permitted, or execute anything."""
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            self._check(arguments[0], arguments[1])
        elif event == "socket.bind" and arguments[0].family in (socket.AF_INET, socket.AF_INET6):
            if arguments[1][1] != 0:
                raise PermissionError("nothing here listens")
        elif event.startswith("syslog."):  # C writes it, and says nothing where nobody reads
            raise PermissionError("nothing is written to the log of the system")
        elif self.armed and event in _EXECUTES:
            raise PermissionError("nothing is executed here")

    def _check(self, opened: socket.socket, address: Any) -> None:
        if address is None and opened.family in (socket.AF_INET, socket.AF_INET6):
            return  # sent over a connection that was checked
        internet = opened.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple)
        if not (internet and self.rule.permits(str(address[0]), int(address[1]))):
            self.refused = True
            raise PermissionError("refused by the egress rule")


class LastAnswer:
    """Remembers the last status that a web server gave."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.retry_after: str | None = None
        begin = http.client.HTTPResponse.begin

        def noted(response: http.client.HTTPResponse) -> None:
            begin(response)
            self.status = response.status
            self.retry_after = response.headers.get("Retry-After")

        http.client.HTTPResponse.begin = noted  # type: ignore[assignment, method-assign]


def pin(hosts: dict[str, str]) -> None:
    """Answer these names with their addresses."""
    resolve = socket.getaddrinfo

    def pinned(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        address = hosts.get(name.lower().rstrip(".")) if isinstance(name, str) else None
        return resolve(address or host, *arguments, **options)

    socket.getaddrinfo = pinned


def send(request: dict[str, Any]) -> str:
    """Send a message through Apprise; return what came of it."""
    from apprise import Apprise, AppriseAsset, NotifyFormat, OverflowMode, PersistentStoreMode

    asset = AppriseAsset(plugin_paths=[], storage_mode=PersistentStoreMode.MEMORY, allow_templates=False)
    asset.http_redirects = False
    asset.interpret_emojis = False  # type: ignore[assignment]  # declared as None
    asset.async_mode = False
    service = Apprise.instantiate(request["url"], asset=asset, suppress_exceptions=True)
    if service is None:
        return "unknown"
    service.redirects = False  # whatever its url says
    service.overflow_mode = OverflowMode.TRUNCATE
    body = _cut(request["body"], service.body_maxlen, len(request["title"]))
    sender = Apprise(asset=asset)
    sender.add(service)
    done = sender.notify(body=body, title=request["title"], body_format=NotifyFormat.TEXT, interpret_escapes=False)
    return "sent" if done else "failed"


def _cut(body: str, most: int, title: int) -> str:
    """Cut visibly to what the service takes, with room for the title, which some put before the body."""
    room = max(most - title - 10, 20)
    return body if len(body) <= room else body[: room - 1] + "…"


def main() -> None:
    """Serve one message."""
    logging.disable(logging.CRITICAL)
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a library prints goes where its logs go
    guard, last = Guard(), LastAnswer()
    sys.addaudithook(guard.hook)
    missing = False
    try:
        import apprise  # noqa: F401 - before the clock of the attempt starts
    except ImportError:
        missing = True
    out.write("ready\n")
    out.flush()
    request = json.load(sys.stdin)
    allow = [f"[{address}]:{'*' if port is None else port}" for address, port in request["allow"]]
    guard.rule = EgressRule.parse(allow, request["hosts"])
    pin(dict(guard.rule.hosts))
    guard.armed = True
    result = "missing"
    if not missing:
        result = "failed"
        with contextlib.suppress(Exception):  # a plugin may raise anything, and its text may hold the token
            result = send(request)
    told = {"result": result, "status": last.status, "retry_after": last.retry_after, "refused": guard.refused}
    out.write(json.dumps(told))
    out.flush()


if __name__ == "__main__":
    main()

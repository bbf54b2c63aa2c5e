"""Refused targets: requests that the guard stopped, told apart from names that do not exist, and never tried again.

A refused address surfaces from Twisted as an unknown host, which Scrapy would retry. `RefusalMiddleware` stands between
the retry middleware and the downloader and turns it into `TargetRefused`; a host refused once is not resolved again.
"""

from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from twisted.internet.error import DNSLookupError

from spiders.resolver import AddressRefused, GuardedResolver

SCHEMES = frozenset({"http", "https"})


class TargetRefused(IgnoreRequest):
    """A request whose target may not be reached."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"{host}: {why}")
        self.host = host
        self.why = why


class SchemeRefused(IgnoreRequest):
    """A request with a scheme other than http and https."""


class AnswerRefused(IgnoreRequest):
    """An answer that is built to be too much for who reads it; the message says in which way."""


class HostPaused(IgnoreRequest):
    """A request to a host that asked to be left alone for longer than this run lasts."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} asked to be left alone")
        self.host = host


class Stopped(IgnoreRequest):
    """A request that waited for its turn when the crawl was told to stop."""


class RefusalMiddleware:
    """Downloader middleware; its place is given in `spiders.settings`."""

    def __init__(self, resolver: Any) -> None:
        if not isinstance(resolver, GuardedResolver):
            raise TypeError("the reactor resolves names without the guard")
        self._resolver = resolver
        self._ports: dict[tuple[str, int | None], str] = {}  # refused at the second layer

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the resolver that the process installed."""
        from twisted.internet import reactor  # the reactor must be installed before it is imported

        return cls(reactor.nameResolver)

    def process_request(self, request: Request) -> None:
        """Stop other schemes, and hosts that were refused before."""
        parts = urlsplit(request.url)
        if parts.scheme not in SCHEMES:
            raise SchemeRefused(f"{parts.scheme or 'no'} scheme")
        host = (parts.hostname or "").lower()
        why = self._resolver.refused.get(host)
        if why is not None:
            raise TargetRefused(host, _says(why))
        again = self._ports.get((host, parts.port))
        if again is not None:
            raise TargetRefused(host, again)

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Name a refusal before the retry middleware sees a failed look-up."""
        parts = urlsplit(request.url)
        host = (parts.hostname or "").lower()
        if isinstance(exception, AddressRefused):
            self._ports[host, parts.port] = f"refused, {exception}"
            raise TargetRefused(host, self._ports[host, parts.port]) from exception
        if isinstance(exception, (CannotResolveHostError, DNSLookupError)) and host in self._resolver.refused:
            raise TargetRefused(host, _says(self._resolver.refused[host])) from exception


def _says(address: str) -> str:
    return f"refused, it resolves to {address}, which is not public"

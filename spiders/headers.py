"""Headers of one source: sent to the origins that its configuration names, to nobody else.

Scrapy drops Authorization and cookies on a redirect to another host, but keeps every other header. This middleware
stands right before the downloader: it takes the source's headers off every request and puts them on only where the
scheme, host and port are the source's own.
"""

from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler

from spiders.run import run_of

_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port.

    Raises:
        ValueError: the URL's port is no number.
    """
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


class SourceHeaders:
    """Downloader middleware; its place is given in `spiders.settings`."""

    def __init__(self, headers: dict[str, str], urls: tuple[str, ...]) -> None:
        self._headers = headers  # the run's own: what a spider adds later, a fresh token, counts too
        self._origins = frozenset(map(origin, urls))

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the headers of the spider's run."""
        run = run_of(crawler)
        return cls(run.headers, run.urls)

    def process_request(self, request: Request) -> None:
        """Take the source's headers off, and put them on for its own origins."""
        for name in self._headers:
            request.headers.pop(name, None)
        if origin(request.url) in self._origins:
            for name, value in self._headers.items():
                request.headers[name] = value

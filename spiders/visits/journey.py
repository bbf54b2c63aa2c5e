"""Journey: follow one link as one visitor, hop by hop, to where it ends.

1. ask for the address, exactly as it stands, with what the visitor sends and the cookies of the journey; 2. note the
hop: status, address, certificate, headers, content; 3. a redirect, a refresh of the page, or a script that only leads
on names the next; 4. at most `MOST_HOPS`. Parameters are never stripped or reordered.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import urldefrag

from scrapy import Request
from scrapy.http import Response
from scrapy.http.cookies import CookieJar
from w3lib.encoding import http_content_type_encoding

from config.models import Visitor
from detector.visits import Hop, How, Landing, Visit, outcome_of
from safety.sandbox import Sandbox
from spiders.failures import trouble
from spiders.refusals import SCHEMES
from spiders.visits.addresses import host_of, joined, scheme_of, without_user
from spiders.visits.certificates import Certificate, certificate_of
from spiders.visits.click_ids import without_click_ids
from spiders.visits.dial import Upstream, no_such_name
from spiders.visits.exchange import Exchange
from spiders.visits.exits import leave_through
from spiders.visits.followed import Followed
from spiders.visits.reading import read_page

MOST_HOPS = 12
MOST_HEADERS, LONGEST_HEADER = 60, 2000
HAND_OFFS = frozenset(("line", "tg", "whatsapp", "tel", "sms", "mailto", "intent"))  # the journey leaves the web
PROXY_REFUSES = 407
REDIRECTS = frozenset((301, 302, 303, 307, 308))

Fetch = Callable[[Request], Awaitable[Response]]
Put = Callable[[bytes], str]
Clock = Callable[[], datetime]


class Journey:
    """Follows one link as one visitor; the second time with the cookies of the first."""

    def __init__(
        self,
        url: str,
        visitor: Visitor,
        *,
        fetch: Fetch,
        put: Put,
        sandbox: Sandbox,
        clock: Clock,
        upstream: Upstream | None = None,
    ) -> None:
        """Take the link and the means.

        Args:
            url: exactly as it stood.
            visitor: as whom.
            fetch: sends a request and returns the answer, whatever its status; raises where none came.
            put: keeps bytes and returns their SHA-256; called on a worker thread.
            sandbox: where pages are read.
            clock: returns the time, in UTC.
            upstream: the proxy to leave through.
        """
        self._url, self._visitor = url, visitor
        self._fetch, self._put, self._sandbox, self._clock = fetch, put, sandbox, clock
        self._upstream = upstream
        self._jar = CookieJar()

    async def follow(self) -> Followed:
        """Go to the end and say what came of it."""
        started = self._clock()
        url = without_click_ids(self._url) if self._visitor.bare else self._url
        how: How = "start"
        referrer = self._visitor.referrer
        hops: list[Hop] = []
        exchanges: list[Exchange] = []
        landing: Landing | None = None
        page: dict[str, Any] | None = None
        following: str | None = url
        while following is not None and len(hops) < MOST_HOPS:
            url, following, landing, page = following, None, None, None
            scheme = scheme_of(url)
            if scheme not in SCHEMES:
                problem = "hand_off" if scheme in HAND_OFFS else "refused_scheme"
                hops.append(Hop(url=url, how=how, at=self._clock(), seconds=0.0, problem=problem))
                break
            hop, exchange, response = await self._ask(url, how, referrer)
            hops.append(hop)
            exchanges.append(exchange)
            if response is None:
                break
            location = response.headers.get("Location")
            if response.status in REDIRECTS and location:
                following, how = joined(url, location.decode("latin-1").strip()), "redirect"
                continue
            landing, page, following, how = await self._read(response)
            referrer = url
        outcome, says = outcome_of(hops, landing, ended=following is None)
        visit = Visit(
            url=self._url,
            visitor=self._visitor.key,
            started_at=started,
            hops=tuple(hops),
            landing=landing,
            outcome=outcome,
            says=says,
            country=self._visitor.country,
        )
        return Followed(visit=visit, exchanges=tuple(exchanges), page=page, url=url)

    async def _ask(self, url: str, how: How, referrer: str | None) -> tuple[Hop, Exchange, Response | None]:
        headers = {
            "User-Agent": self._visitor.user_agent,
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": self._visitor.language,
            **({"Referer": referrer} if referrer else {}),
        }
        at, start = self._clock(), time.monotonic()
        try:
            request = Request(urldefrag(without_user(url)).url, headers=headers, dont_filter=True)
            request.meta.update(dont_obey_robotstxt=True, dont_retry=True, dont_redirect=True)
            self._jar.add_cookie_header(request)
            if self._upstream is not None:
                from twisted.internet import reactor  # the reactor must be installed before it is imported

                await leave_through(self._upstream, request, reactor)
            response = await self._fetch(request)
        except Exception as error:  # noqa: BLE001  edge to the network: whatever it is has a name for people
            problem = trouble(error).kind
            if problem == "dns" and not await no_such_name(host_of(url)):
                problem = "dns_failed"
            hop = Hop(url=url, how=how, at=at, seconds=round(time.monotonic() - start, 3), problem=problem)
            return hop, Exchange(url=url, at=at, problem=problem), None
        if response.status == PROXY_REFUSES and self._upstream is not None:
            hop = Hop(url=url, how=how, at=at, seconds=round(time.monotonic() - start, 3), problem="exit")
            return hop, Exchange(url=url, at=at, problem="exit"), None
        self._jar.extract_cookies(response, request)
        found = certificate_of(response.certificate) if response.certificate is not None else Certificate()
        address = str(response.ip_address) if response.ip_address and self._upstream is None else None
        hop = Hop(
            url=url,
            how=how,
            at=at,
            seconds=round(time.monotonic() - start, 3),
            status=response.status,
            address=address,
            certificate=found.digest,
            certificate_from=found.valid_from,
            headers=_headers(response),
            body=await asyncio.to_thread(self._put, response.body) if response.body else None,
        )
        exchange = Exchange(
            url=url,
            at=at,
            address=address,
            sent=tuple(pair for pair in _headers(request) if pair[0].lower() != "proxy-authorization"),
            status=response.status,
            headers=_headers(response),
            body=response.body,
        )
        return hop, exchange, response

    async def _read(self, response: Response) -> tuple[Landing | None, dict[str, Any] | None, str | None, How]:
        """Return what a page shows, what it says, and where it leads on by itself."""
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        if not response.body or not any(word in kind.lower() for word in ("html", "xml", "text/plain")):
            return None, None, None, "start"
        seen = await asyncio.to_thread(
            read_page,
            self._sandbox,
            response.body,
            url=response.url,
            asked=self._url,
            encoding=http_content_type_encoding(kind),
        )
        if seen is None:
            return None, None, None, "start"
        if response.status != 200:  # what stands there says how it went, and is no page of the journey
            return Landing(**seen["landing"]), None, None, "start"
        return Landing(**seen["landing"]), seen["page"], seen["next"], seen["how"] or "start"


def _headers(message: Request | Response) -> tuple[tuple[str, str], ...]:
    """Return the headers of a message as they stood, as far as they are sane."""
    found = [
        (name.decode("latin-1"), value.decode("latin-1")[:LONGEST_HEADER])
        for name, values in message.headers.items()
        for value in values
    ]
    return tuple(found[:MOST_HEADERS])

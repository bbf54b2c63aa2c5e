"""Journey: follow one link as one visitor, hop by hop, to where it ends.

1. ask for the address, exactly as it stands, with what the visitor sends and the cookies of the journey; 2. note the
hop: status, address, certificate, headers, content; 3. a redirect, a refresh of the page, or a script that only leads
on names the next; 4. at most `MOST_HOPS`. Parameters are never stripped or reordered.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from scrapy import Request
from scrapy.http import Response
from scrapy.http.cookies import CookieJar
from w3lib.encoding import http_content_type_encoding

from config.models import Visitor
from detector.visits import Hop, How, Landing, Visit, outcome_of
from safety.sandbox import Sandbox, SandboxError
from spiders.failures import trouble
from spiders.refusals import SCHEMES

MOST_HOPS = 12
MOST_HEADERS, LONGEST_HEADER = 60, 2000
HAND_OFFS = frozenset(("line", "tg", "whatsapp", "tel", "sms", "mailto", "intent"))  # the journey leaves the web
REDIRECTS = frozenset((301, 302, 303, 307, 308))
_LANDING = "spiders.pages.landing:read_landing"

Fetch = Callable[[Request], Awaitable[Response]]
Put = Callable[[bytes], str]
Clock = Callable[[], Any]


class Journey:
    """Follows one link as one visitor; the second time with the cookies of the first."""

    def __init__(self, url: str, visitor: Visitor, *, fetch: Fetch, put: Put, sandbox: Sandbox, clock: Clock) -> None:
        """Take the link and the means.

        Args:
            url: exactly as it stood.
            visitor: as whom.
            fetch: sends a request and returns the answer, whatever its status; raises where none came.
            put: keeps bytes and returns their SHA-256; called on a worker thread.
            sandbox: where pages are read.
            clock: returns the time, in UTC.
        """
        self._url, self._visitor = url, visitor
        self._fetch, self._put, self._sandbox, self._clock = fetch, put, sandbox, clock
        self._jar = CookieJar()

    async def follow(self) -> Visit:
        """Go to the end and say what came of it."""
        started = self._clock()
        url = self._url.partition("?")[0] if self._visitor.bare else self._url
        how: How = "start"
        referrer = self._visitor.referrer
        hops: list[Hop] = []
        landing: Landing | None = None
        following: str | None = url
        while following is not None and len(hops) < MOST_HOPS:
            url, following, landing = following, None, None
            scheme = urlsplit(url).scheme.lower()
            if scheme not in SCHEMES:
                problem = "hand_off" if scheme in HAND_OFFS else "refused_scheme"
                hops.append(Hop(url=url, how=how, at=self._clock(), seconds=0.0, problem=problem))
                break
            hop, response = await self._ask(url, how, referrer)
            hops.append(hop)
            if response is None:
                break
            location = response.headers.get("Location")
            if response.status in REDIRECTS and location:
                following, how = urljoin(url, location.decode("latin-1").strip()), "redirect"
                continue
            landing, following, how = await self._read(response)
            referrer = url
        outcome, says = outcome_of(hops, landing, ended=following is None)
        return Visit(
            url=self._url,
            visitor=self._visitor.key,
            started_at=started,
            hops=tuple(hops),
            landing=landing,
            outcome=outcome,
            says=says,
        )

    async def _ask(self, url: str, how: How, referrer: str | None) -> tuple[Hop, Response | None]:
        headers = {
            "User-Agent": self._visitor.user_agent,
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": self._visitor.language,
            **({"Referer": referrer} if referrer else {}),
        }
        at, start = self._clock(), time.monotonic()
        try:
            request = Request(urldefrag(url).url, headers=headers, dont_filter=True)
            request.meta.update(dont_obey_robotstxt=True, dont_retry=True, dont_redirect=True)
            self._jar.add_cookie_header(request)
            response = await self._fetch(request)
        except Exception as error:  # noqa: BLE001  edge to the network: whatever it is has a name for people
            what = trouble(error)
            return Hop(url=url, how=how, at=at, seconds=time.monotonic() - start, problem=what.kind), None
        self._jar.extract_cookies(response, request)
        return (
            Hop(
                url=url,
                how=how,
                at=at,
                seconds=round(time.monotonic() - start, 3),
                status=response.status,
                address=str(response.ip_address) if response.ip_address else None,
                certificate=_digest_of(response.certificate),
                headers=_headers(response),
                body=await asyncio.to_thread(self._put, response.body) if response.body else None,
            ),
            response,
        )

    async def _read(self, response: Response) -> tuple[Landing | None, str | None, How]:
        """Return what a page shows, and where it leads on by itself."""
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        if response.status != 200 or not any(word in kind.lower() for word in ("html", "xml", "text/plain")):
            return None, None, "start"
        try:
            seen = await asyncio.to_thread(
                self._sandbox.call,
                _LANDING,
                response.body,
                url=response.url,
                asked=self._url,
                encoding=http_content_type_encoding(kind),
            )
        except SandboxError:
            return None, None, "start"
        following, how = seen.pop("next"), seen.pop("how")
        return Landing(**seen), following, how or "start"


def _headers(response: Response) -> tuple[tuple[str, str], ...]:
    """Return the headers of an answer as they came, as far as they are sane."""
    found = [
        (name.decode("latin-1"), value.decode("latin-1")[:LONGEST_HEADER])
        for name, values in response.headers.items()
        for value in values
    ]
    return tuple(found[:MOST_HEADERS])


def _digest_of(certificate: Any) -> str | None:
    """Return the SHA-256 of a certificate in DER, as Scrapy hands it on; None where the answer came in the open."""
    if certificate is None:
        return None
    from OpenSSL import crypto  # only where an answer was encrypted

    return sha256(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate.original)).hexdigest()

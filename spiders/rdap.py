"""RdapSpider: who registered the domains that cases lead to, and who takes complaints (RDAP, RFC 9082 and 9083).

1. IANA's table says which registry answers for which suffix; 2. each domain is asked for there; 3. where the registry
names no address for complaints, its registrar is asked, too; 4. facts and the registry's own answer are kept.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

from scrapy import Request
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from config.sources.domains import RdapSource
from detector.hosts import parse_host
from spiders.base import SourceSpider
from spiders.failures import trouble
from spiders.pages.rdap import OTHERWISE, address, completed
from spiders.run import SourceRun
from storage.registrations import Registration

ANSWERED = (200, 400, 403, 404, 501)  # what a registry says for good; anything else is asked again by the next run
LIMITED = 429


class RdapSpider(SourceSpider):
    """Reads a source of kind "rdap"."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        assert isinstance(run.source, RdapSource)
        self._source: RdapSource = run.source
        self._known: dict[str, str] = {}
        self._waiting: dict[str, deque[tuple[str, str]]] = {}  # base of a registry -> addresses and domains to ask for
        self._limited: set[str] = set()  # bases that asked us to stop

    async def seek(self) -> AsyncIterator[Any]:
        request = await self.ask(self._source.url, self.read_table)
        if request is not None:
            yield request

    async def read_table(self, response: Response) -> AsyncIterator[Any]:
        """Learn who answers for which suffix, then ask for each domain."""
        servers = await self.extract("spiders.pages.rdap:servers", response.body, response.url)
        if servers is None:
            return
        self._known = {**servers, **{suffix.lower().strip("."): base for suffix, base in self._source.servers.items()}}
        before = self.run.clock() - timedelta(days=self._source.days)
        wanted = list(self._source.domains) or await asyncio.to_thread(self.run.sink.domains_to_ask, before)
        if len(wanted) > self._source.most:
            self.run.tally.note(f"{len(wanted) - self._source.most} domains are left for the next run")
        self.run.tally.unchanged += not wanted  # nothing to ask: no silence
        for name in wanted[: self._source.most]:
            host = parse_host(name)
            domain = host.registrable if host else None
            where = address(domain, self._known) if domain else None
            if domain is None or where is None:
                await self._keep(domain or name, {"error": "no registry answers for its suffix over RDAP"}, None)
                continue
            self._waiting.setdefault(_base(where), deque()).append((where, domain))
        for base in list(self._waiting):  # one question at a time to each registry, so that its refusal ends them
            async for request in self._following(base):
                yield request

    async def _following(self, base: str) -> AsyncIterator[Request]:
        """Yield the next question to a registry, unless it asked us to stop."""
        waiting = self._waiting.get(base)
        if waiting and base in self._limited:
            self.run.tally.note(f"{base}: {len(waiting)} domains are left for the next run")
            waiting.clear()
        if waiting:
            request = await self._question(*waiting.popleft(), base=base)
            if request is not None:
                yield request

    async def read_domain(
        self,
        response: Response,
        domain: str,
        base: str,
        first: Mapping[str, Any] | None = None,
        answer: bytes | None = None,
    ) -> AsyncIterator[Any]:
        """Keep what the registry, or the registrar after it, tells, and ask for the next domain."""
        if response.status == LIMITED:
            self._limited.add(base if first is None else _base(response.url))
        if first is None:
            async for following in self._following(base):
                yield following
        if response.status not in ANSWERED:
            self.tell(response.url, trouble(HttpError(response)))
            if first is not None:
                await self._keep(domain, first, answer)
            return
        other = None if first is not None else _otherwise(response.url)
        if other is not None and response.status == 404 and b"errorCode" not in response.body:
            request = await self._question(other, domain, base=base)
        else:
            request = await self._learned(response, domain, base, first, answer)
        if request is not None:
            yield request

    async def _learned(
        self, response: Response, domain: str, base: str, first: Mapping[str, Any] | None, answer: bytes | None
    ) -> Request | None:
        """Keep what an answer tells, or return the request for what the registrar tells beyond it."""
        facts = await self.extract("spiders.pages.rdap:parse_domain", response.body, response.url)
        if facts is None and response.status != 200:
            facts = {"error": f"answered {response.status}"}
        if facts is None:
            if first is not None:
                await self._keep(domain, first, answer)
            return None
        if first is not None:
            await self._keep(domain, first if facts.get("error") else completed(first, facts), answer)
            return None
        if facts.get("related") and not facts["abuse_email"]:
            request = await self._question(facts["related"], domain, base=base, first=facts, answer=response.body)
            if request is not None:
                return request
        await self._keep(domain, facts, response.body)
        return None

    async def _question(self, url: str, domain: str, **more: Any) -> Request | None:
        if _base(url) in self._limited:
            return None
        request = await self.ask(url, self.read_domain, domain=domain, **more)
        if request is not None:
            request.headers["Accept"] = "application/rdap+json, application/json"
            request.meta.update(dont_obey_robotstxt=True, handle_httpstatus_list=list(range(400, 600)))
        return request

    async def _keep(self, domain: str, facts: Mapping[str, Any], answer: bytes | None) -> None:
        digest = await asyncio.to_thread(self.run.sink.put, answer) if answer is not None else None
        kept = Registration(domain=domain, asked_at=self.run.clock(), facts=facts, answer=digest)
        await asyncio.to_thread(self.run.sink.registered, kept)
        self.run.tally.unchanged += 1  # what was asked for came, although it is no item

    async def failed(self, failure: Failure) -> AsyncIterator[Request]:  # type: ignore[override]  # Scrapy takes both
        """Keep what the registry told where its registrar does not answer; else ask for the next domain."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        super().failed(failure)
        first, base = request.cb_kwargs.get("first"), request.cb_kwargs.get("base")
        if first is not None:
            await self._keep(request.cb_kwargs["domain"], first, request.cb_kwargs["answer"])
        elif base is not None:
            async for following in self._following(base):
                yield following


def _base(url: str) -> str:
    return url.partition("/domain/")[0]


def _otherwise(url: str) -> str | None:
    return next((other + url[len(base) :] for base, other in OTHERWISE.items() if url.startswith(base)), None)

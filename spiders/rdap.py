"""RdapSpider: who registered the domains of cases, whose networks their journeys led through, who takes complaints.

1. IANA's tables say which registry answers for which suffix and which addresses (RDAP, RFC 9082 to 9084 and 9224);
2. each domain and address is asked for there, one question at a time to each registry; 3. where the registry of a
domain names no address for complaints, its registrar is asked, too; 4. hosts are asked for their own security.txt (RFC
9116); 5. facts and the answer itself are kept.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Any, Literal

from scrapy import Request
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from config.sources.domains import RdapSource
from detector.hosts import parse_host
from spiders.base import SourceSpider
from spiders.failures import trouble
from spiders.pages import rdap, rdap_networks, security_txt
from spiders.run import SourceRun
from storage.contacts import ContactAnswer, ToAsk
from storage.registrations import Registration

ANSWERED = (200, 400, 403, 404, 501)  # what a registry says for good; anything else is asked again by the next run
LIMITED = 429
AT_ONCE = 8  # hosts that are asked for their security.txt
_REFUSED = ("refused_address", "refused_scheme")  # of ours; that a host is not there or says nothing is no problem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    kind: Literal["domain", "address"]
    subject: str
    url: str


class RdapSpider(SourceSpider):
    """Reads a source of kind "rdap"."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        assert isinstance(run.source, RdapSource)
        self._source: RdapSource = run.source
        self._wanted = ToAsk()
        self._waiting: dict[str, deque[_Question]] = {}  # base of a registry -> what to ask there
        self._hosts: deque[str] = deque()  # that were not asked yet
        self._limited: set[str] = set()  # bases that asked us to stop
        self._ranges: list[tuple[Mapping[str, str], str]] = []  # networks that this run learned of, and the answers

    async def seek(self) -> AsyncIterator[Any]:
        self._wanted = await self._to_ask()
        addresses = [ip_address(address) for address in self._wanted.addresses]
        for url, callback, wanted in (
            (self._source.url, self.read_table, True),
            (self._source.ipv4_url, self.read_prefixes, any(address.version == 4 for address in addresses)),
            (self._source.ipv6_url, self.read_prefixes, any(address.version == 6 for address in addresses)),
        ):
            request = await self.ask(url, callback) if wanted else None
            if request is not None:
                yield request
        self._hosts.extend(self._wanted.hosts)
        for _ in range(AT_ONCE):
            async for request in self._next_host():
                yield request

    async def _to_ask(self) -> ToAsk:
        """Return whom to ask in this run: what the configuration names, else what cases have."""
        source = self._source
        if source.domains or source.addresses or source.hosts:
            wanted = ToAsk(domains=source.domains, addresses=source.addresses, hosts=source.hosts)
        else:
            wanted = await asyncio.to_thread(self.run.sink.to_ask, self.run.clock() - timedelta(days=source.days))
        hosts = wanted.hosts if source.security_txt else ()
        # Nothing to ask is no silence.
        self.run.tally.unchanged += not (wanted.domains or wanted.addresses or hosts)
        return ToAsk(
            domains=self._most("domains", wanted.domains),
            addresses=self._most("addresses", wanted.addresses),
            hosts=self._most("hosts", [host for host in hosts if parse_host(host) is not None]),
        )

    def _most(self, what: str, names: Sequence[str]) -> tuple[str, ...]:
        if len(names) > self._source.most:
            self.run.tally.note(f"{len(names) - self._source.most} {what} are left for the next run")
        return tuple(names[: self._source.most])

    # --- registries ----------------------------------------------------------------------------------------------

    async def read_table(self, response: Response) -> AsyncIterator[Any]:
        """Learn who answers for which suffix, then ask for each domain."""
        servers = await self.extract("spiders.pages.rdap:servers", response.body, response.url)
        if servers is None:
            return
        known = {**servers, **{suffix.lower().strip("."): base for suffix, base in self._source.servers.items()}}
        questions = []
        for name in self._wanted.domains:
            host = parse_host(name)
            domain = host.registrable if host else None
            where = rdap.address(domain, known) if domain else None
            if domain is None or where is None:
                await self._keep(domain or name, {"error": "no registry answers for its suffix over RDAP"}, None)
                continue
            questions.append(_Question(kind="domain", subject=domain, url=where))
        async for request in self._begin(questions):
            yield request

    async def read_prefixes(self, response: Response) -> AsyncIterator[Any]:
        """Learn who answers for which addresses, then ask for each of that kind."""
        told = await self.extract("spiders.pages.rdap_networks:prefixes", response.body, response.url)
        if told is None:
            return
        known = rdap_networks.bases(told)
        version = 6 if response.meta.get("redirect_urls", [response.url])[0] == self._source.ipv6_url else 4
        questions = []
        for address in self._wanted.addresses:
            if ip_address(address).version != version:
                continue
            where = rdap_networks.question(address, known)
            if where is None:
                await self._keep_network(address, {"error": "no registry answers for this address over RDAP"}, None)
                continue
            questions.append(_Question(kind="address", subject=address, url=where))
        async for request in self._begin(questions):
            yield request

    async def _begin(self, questions: Sequence[_Question]) -> AsyncIterator[Request]:
        """Yield the first question to each registry that none is under way to; its refusal ends them all."""
        idle = dict.fromkeys(base for one in questions if (base := _base(one.url)) not in self._waiting)
        for one in questions:
            self._waiting.setdefault(_base(one.url), deque()).append(one)
        for base in idle:
            async for request in self._following(base):
                yield request

    async def _following(self, base: str) -> AsyncIterator[Request]:
        """Yield the next question to a registry, unless it asked us to stop."""
        waiting = self._waiting.get(base)
        if waiting and base in self._limited:
            kinds = [one.kind for one in waiting]
            told = (f"{kinds.count(kind)} {words}" for kind, words in _WORDS.items() if kind in kinds)
            self.run.tally.note(f"{base}: {' and '.join(told)} are left for the next run")
            waiting.clear()
        while waiting:
            one = waiting.popleft()
            known = self._learned_of(one) if one.kind == "address" else None
            if known is not None:
                await self._keep_network(one.subject, *known)
                continue
            request = await self._question(one.url, one.subject, one.kind, base=base)
            if request is not None:
                yield request
                return
        self._waiting.pop(base, None)

    def _learned_of(self, one: _Question) -> tuple[Mapping[str, str], str] | None:
        """Return what an earlier answer told of an address: a network holds many."""
        return next((known for known in self._ranges if rdap_networks.covers(known[0], one.subject)), None)

    async def _question(self, url: str, subject: str, kind: str, *, base: str, **more: Any) -> Request | None:
        if _base(url) in self._limited:
            return None
        if kind == "domain":
            request = await self.ask(url, self.read_domain, domain=subject, base=base, **more)
        else:
            request = await self.ask(url, self.read_network, address=subject, base=base)
        if request is not None:
            request.headers["Accept"] = "application/rdap+json, application/json"
            request.meta.update(dont_obey_robotstxt=True, handle_httpstatus_list=list(range(400, 600)))
        return request

    # --- domains -------------------------------------------------------------------------------------------------

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
            request = await self._question(other, domain, "domain", base=base)
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
            await self._keep(domain, first if facts.get("error") else rdap.completed(first, facts), answer)
            return None
        if facts.get("related") and not facts["abuse_email"]:
            related = facts["related"]
            request = await self._question(related, domain, "domain", base=base, first=facts, answer=response.body)
            if request is not None:
                return request
        await self._keep(domain, facts, response.body)
        return None

    async def _keep(self, domain: str, facts: Mapping[str, Any], answer: bytes | None) -> None:
        digest = await asyncio.to_thread(self.run.sink.put, answer) if answer is not None else None
        kept = Registration(domain=domain, asked_at=self.run.clock(), facts=facts, answer=digest)
        await asyncio.to_thread(self.run.sink.registered, kept)
        self.run.tally.unchanged += 1  # what was asked for came, although it is no item

    # --- networks ------------------------------------------------------------------------------------------------

    async def read_network(self, response: Response, address: str, base: str) -> AsyncIterator[Any]:
        """Keep what the registry tells, and ask for the next address that this does not answer for."""
        if response.status == LIMITED:
            self._limited.add(base)
        if response.status not in ANSWERED:
            self.tell(response.url, trouble(HttpError(response)))
        else:
            parser = "spiders.pages.rdap_networks:parse_network"
            facts = await self.extract(parser, response.body, response.url)
            if facts is None and response.status != 200:
                facts = {"error": f"answered {response.status}"}
            if facts is not None:
                digest = await asyncio.to_thread(self.run.sink.put, response.body)
                if not facts["error"]:
                    self._ranges.append((facts, digest))
                await self._keep_network(address, facts, digest)
        async for following in self._following(base):
            yield following

    async def _keep_network(self, address: str, facts: Mapping[str, Any], answer: str | None) -> None:
        await self._keep_contact(
            ContactAnswer(kind="network", subject=address, asked_at=self.run.clock(), facts=facts, answer=answer)
        )

    async def _keep_contact(self, contact: ContactAnswer) -> None:
        await asyncio.to_thread(self.run.sink.contacted, contact)
        self.run.tally.unchanged += 1

    # --- security.txt --------------------------------------------------------------------------------------------

    async def read_security(self, response: Response, host: str) -> AsyncIterator[Any]:
        """Keep what a host tells of itself, or that it does not."""
        facts = {"error": f"answered {response.status}"}
        if response.status == 200:
            read = await self.extract("spiders.pages.security_txt:parse_security", response.body, response.url)
            facts = read if read is not None else {"error": "its security.txt cannot be read"}
        digest = None if facts["error"] else await asyncio.to_thread(self.run.sink.put, response.body)
        await self._keep_security(host, facts, digest)
        async for request in self._next_host():
            yield request

    async def _next_host(self) -> AsyncIterator[Request]:
        """Yield the question to the next host."""
        while self._hosts:
            host = self._hosts.popleft()
            request = await self.ask(f"https://{host}{security_txt.PATH}", self.read_security, host=host)
            if request is not None:
                request.meta["handle_httpstatus_list"] = list(range(400, 600))
                yield request
                return

    async def _keep_security(self, host: str, facts: Mapping[str, Any], answer: str | None) -> None:
        await self._keep_contact(
            ContactAnswer(kind="security", subject=host, asked_at=self.run.clock(), facts=facts, answer=answer)
        )

    # --- failures ------------------------------------------------------------------------------------------------

    async def failed(self, failure: Failure) -> AsyncIterator[Request]:  # type: ignore[override]  # Scrapy takes both
        """Keep what is known where no answer came; ask the registry for what comes next."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        asked = request.cb_kwargs
        what = trouble(failure.value)
        if "host" not in asked or what.kind in _REFUSED:
            super().failed(failure)
        if "host" in asked:
            await self._keep_security(asked["host"], {"error": what.says}, None)
            async for following in self._next_host():
                yield following
        elif asked.get("first") is not None:
            await self._keep(asked["domain"], asked["first"], asked["answer"])
        elif asked.get("base") is not None:
            async for following in self._following(asked["base"]):
                yield following


_WORDS = {"domain": "domains", "address": "addresses"}


def _base(url: str) -> str:
    return url.partition("/domain/")[0].partition("/ip/")[0]


def _otherwise(url: str) -> str | None:
    return next((other + url[len(base) :] for base, other in rdap.OTHERWISE.items() if url.startswith(base)), None)

"""PermutationsSpider: names close to one's own that resolve. Asks the resolver of the machine, and nobody else.

1. dnstwist (https://github.com/elceef/dnstwist) makes the names; 2. they are looked up, some at once, in a fixed order;
3. those that have an address become items, with the trick that made them; 4. the place in the list is stored, so that
the next run goes on.
"""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable
from typing import Any

import dnstwist
from scrapy.utils.defer import maybe_deferred_to_future
from sqlalchemy.orm import Session
from twisted.names import client, dns, error

from config import Brand, Config, Source
from config.sources.domains import PermutationsSource
from detector.hosts import parse_host
from detector.items import Item
from spiders.base import SourceSpider
from spiders.failures import Trouble
from spiders.parts import parted
from spiders.run import SourceRun

PLACE = "permutations"
LOOKED_UP = 500  # names between two places that are stored
NOBODY = "mekiki-looks-for-wildcards"  # a name that nobody registers: where it resolves, everything does


class PermutationsSpider(SourceSpider):
    """Reads a source of kind "permutations"."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        assert isinstance(run.source, PermutationsSource)
        self._source: PermutationsSource = run.source
        servers = [_address(run.source.resolver)] if run.source.resolver else None
        # Not a chain with the hosts file: a chain tells a silent server and an unknown name alike.
        self._resolver = client.Resolver(  # type: ignore[no-untyped-call]
            resolv=None if servers else "/etc/resolv.conf", servers=servers
        )
        self._unanswered = 0  # lookups of a batch that failed, which says nothing of the names
        self._wild: dict[str, frozenset[str]] = {}

    @classmethod
    def parts(cls, config: Config, source: Source, session: Session) -> tuple[str, ...]:
        assert isinstance(source, PermutationsSource)
        return tuple(_parted(config, source))

    async def seek(self) -> AsyncIterator[Any]:
        names = await asyncio.to_thread(self._names, self._mine())
        name = PLACE if not self.run.slice else f"{PLACE} {self.run.slice}"
        place = await asyncio.to_thread(self.run.sink.cursor, name)
        if place is None and self.run.slice:
            place = await asyncio.to_thread(self._place_of_the_whole, names)
        start = place["next"] if place is not None and place["next"] < len(names) else 0
        end = min(len(names), start + self._source.most)
        gate = asyncio.Semaphore(self._source.at_once)
        for first in range(start, end, LOOKED_UP):
            batch = names[first : min(first + LOOKED_UP, end)]
            self._unanswered = 0
            found = await asyncio.gather(*(self._look_up(gate, *entry) for entry in batch))
            if self._unanswered * 2 > len(batch):
                says = f"gave no answer to {self._unanswered} of {len(batch)} names; the next run begins with them"
                self.tell("the resolver of this machine", Trouble(kind="dns", says=says))
                return
            following = first + len(batch)
            self.run.tally.unchanged += not any(found)
            yield await self.part(
                [item for item in found if item is not None],
                cursor=(name, {"next": following if following < len(names) else 0}),
            )
            if self.run.full:
                return
        if end < len(names):
            self.run.tally.note(f"{len(names) - end} of {len(names)} names are left for the next run")

    def _mine(self) -> list[str]:
        """Return the domains whose neighbours this run looks up."""
        domains = _domains(self.run.config, self._source)
        if not self.run.slice:
            return domains
        mine = _parted(self.run.config, self._source).get(self.run.slice, frozenset())
        return [domain for domain in domains if f"domain={domain}" in mine]

    def _place_of_the_whole(self, names: list[tuple[str, str, str]]) -> dict[str, int] | None:
        """Return where a part begins that was never read by itself: where the last run of the whole ended."""
        place = self.run.sink.cursor(PLACE)
        every = self._names(_domains(self.run.config, self._source)) if place is not None else []
        return {"next": bisect_left(names, every[place["next"]])} if place and place["next"] < len(every) else None

    def _names(self, domains: Iterable[str]) -> list[tuple[str, str, str]]:
        """Return each name once, with the domain it is close to and the trick; the same order at every run.

        Parts make the names of their own domains: one that is close to two of them, which is rare, is looked up twice.
        """
        brands = _brands(self.run.config, self._source)
        own = {domain.lower() for brand in brands for domain in brand.domains}
        found: dict[str, tuple[str, str, str]] = {}
        for domain in domains:
            fuzzer = dnstwist.Fuzzer(domain, tld_dictionary=list(self._source.suffixes))
            fuzzer.generate()
            for entry in fuzzer.domains:
                name = entry["domain"]
                if name not in own and not name.endswith(tuple(f".{one}" for one in own)):
                    found.setdefault(name, (name, domain, entry["fuzzer"]))
        return sorted(found.values())

    async def _look_up(self, gate: asyncio.Semaphore, name: str, domain: str, trick: str) -> Item | None:
        async with gate:
            addresses = await self._addresses(name)
            if not addresses or addresses <= await self._wildcard(name):
                return None
        return Item(
            id=name,
            kind="domain",
            url=name,
            raw={"addresses": sorted(addresses), "close_to": domain, "trick": trick},
        )

    async def _addresses(self, name: str) -> frozenset[str]:
        pinned = self.run.egress.hosts.get(name)
        if pinned is not None:
            return frozenset({pinned})
        try:
            records, _, _ = await maybe_deferred_to_future(
                self._resolver.lookupAddress(name, timeout=(self._source.seconds,))  # type: ignore[no-untyped-call]
            )
        except (error.DNSNameError, error.AuthoritativeDomainError):
            return frozenset()  # there is no such name
        except Exception:  # noqa: BLE001  the resolver has a type for each answer a server can give; none is an address
            self._unanswered += 1
            return frozenset()
        return frozenset(row.payload.dottedQuad() for row in records if row.type == dns.A)

    async def _wildcard(self, name: str) -> frozenset[str]:
        """Return what every name below the same public suffix resolves to; empty where that is nothing."""
        host = parse_host(name)
        suffix = host.suffix if host else ""
        if suffix and suffix not in self._wild:
            self._wild[suffix] = await self._addresses(f"{NOBODY}.{suffix}")
        return self._wild.get(suffix, frozenset())


def _brands(config: Config, source: PermutationsSource) -> list[Brand]:
    return [brand for brand in config.brand if not source.brands or brand.key in source.brands]


def _domains(config: Config, source: PermutationsSource) -> list[str]:
    """Return the domains whose neighbours are looked up, each once."""
    own = (domain for brand in _brands(config, source) for domain in brand.domains)
    return list(dict.fromkeys(source.domains or own))


def _parted(config: Config, source: PermutationsSource) -> dict[str, frozenset[str]]:
    """Return the domains of each part: each has thousands of neighbours."""
    return parted((f"domain={domain}" for domain in _domains(config, source)), word="domains", least=1)


def _address(resolver: str) -> tuple[str, int]:
    host, _, port = resolver.rpartition(":")
    return host, int(port)

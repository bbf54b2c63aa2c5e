"""PermutationsSpider: names close to one's own that resolve. Asks the resolver of the machine, and nobody else.

1. dnstwist (https://github.com/elceef/dnstwist) makes the names; 2. they are looked up, some at once, in a fixed order;
3. those that have an address become items, with the trick that made them; 4. the place in the list is stored, so that
the next run goes on.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import dnstwist
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.names import client, dns, error

from config.sources.domains import PermutationsSource
from detector.hosts import parse_host
from detector.items import Item
from spiders.base import SourceSpider
from spiders.failures import Trouble
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

    async def seek(self) -> AsyncIterator[Any]:
        names = await asyncio.to_thread(self._names)
        place = await asyncio.to_thread(self.run.sink.cursor, PLACE)
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
                cursor=(PLACE, {"next": following if following < len(names) else 0}),
            )
            if self.run.full:
                return
        if end < len(names):
            self.run.tally.note(f"{len(names) - end} of {len(names)} names are left for the next run")

    def _names(self) -> list[tuple[str, str, str]]:
        """Return each name once, with the domain it is close to and the trick; the same order at every run."""
        wanted = self._source.brands
        brands = [brand for brand in self.run.config.brand if not wanted or brand.key in wanted]
        own = {domain.lower() for brand in brands for domain in brand.domains}
        found: dict[str, tuple[str, str, str]] = {}
        for domain in self._source.domains or dict.fromkeys(domain for brand in brands for domain in brand.domains):
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


def _address(resolver: str) -> tuple[str, int]:
    host, _, port = resolver.rpartition(":")
    return host, int(port)

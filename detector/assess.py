"""Assessor: an Item and the protected brands in, explained Verdicts out.

Flow: put what is written in pictures beside the texts -> read all texts once -> take every address apart -> look up
pictures, claims, copied text and what a page loads from elsewhere -> for each brand that left any trace, run the
signals over its View -> weigh the findings by the policy.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache

import msgspec

from detector.brands import BrandProfile
from detector.claims import ClaimHit, ClaimIndex
from detector.copied_text import CopiedText, CopyIndex
from detector.evidence import Evidence
from detector.handoffs import Handoff, find_handoffs
from detector.host_names import HostHit, HostIndex
from detector.hosts import parse_host, plain_host
from detector.images.compare import Copy, PictureIndex
from detector.images.hash import PictureHash
from detector.images.logos import LogoHit, LogoIndex
from detector.images.networks import version
from detector.items import Item
from detector.page_facts import Asset
from detector.pictured import Pictured, pictured
from detector.places import Place, places_of
from detector.policy import POLICY, Policy, tells
from detector.reading import Reading, TextIndex
from detector.register import Register, Registers
from detector.replay import weigh
from detector.signals import SIGNALS, Signal
from detector.verdict import Verdict
from detector.view import View

# Observations of one signal that are shown; only the strongest counts.
MOST_OBSERVATIONS: int = 3


# Characters of an item that are read for hand-offs. A page made of telephone numbers takes 0.4 s, of 13 real ones the
# longest has 13,600 characters.
MOST_READ: int = 20_000

# The signals that can speak of a bare host.
HOST_SIGNALS: tuple[Signal, ...] = tuple(
    signal for signal in SIGNALS if signal.name.partition(".")[0] in ("host", "official")
)


class Assessor:
    """The eye, made ready for one set of brands; reusable and without state between items."""

    def __init__(self, brands: Sequence[BrandProfile], policy: Policy = POLICY) -> None:
        self.brands = tuple(brands)
        self.policy = policy
        self._texts = TextIndex(self.brands)
        self._hosts = HostIndex(self.brands)
        self._claims = ClaimIndex(self.brands)
        self._pictures = PictureIndex(self.brands)
        self._logos = LogoIndex(self.brands)
        self._official = CopyIndex(self.brands)
        self._registers = [Register(brand, self._hosts.tokens(index)) for index, brand in enumerate(self.brands)]
        self._owner_index = Registers(self._registers)
        self.fingerprint = _fingerprint(self.brands, policy)

    def assess(self, item: Item, *, on: date, pictures: Mapping[str, PictureHash] | None = None) -> tuple[Verdict, ...]:
        """Judge an item for every brand that left a trace in it, best score first.

        Args:
            item: what was seen.
            on: the day on which register entries must be valid.
            pictures: what was seen of the item's pictures, by the string in `item.images`; missing ones are not judged.
        """
        verdicts = [verdict for view in self.views(item, on=on, pictures=pictures) if (verdict := self._verdict(view))]
        return tuple(sorted(verdicts, key=lambda verdict: (-verdict.score, verdict.brand)))

    def views(self, item: Item, *, on: date, pictures: Mapping[str, PictureHash] | None = None) -> Iterator[View]:
        """Yield what each brand that left a trace in an item sees of it; arguments as for `assess`."""
        seen = pictured(item, pictures or {})
        item = seen.item
        reading = self._texts.read(item)
        places = places_of(item)
        hosts = self._host_hits(places)
        claims = self._claim_hits(reading)
        copies = self._copies(item, pictures or {})
        logos = self._logo_hits(item, pictures or {})
        names = reading.names
        hotlinked = self._hotlinked(item, places, on)
        copied = self._copied(item, reading)
        traced = {*names, *hosts, *claims, *copies, *logos, *hotlinked, *copied}
        traced |= self._owners(item, places)
        protected = self._protected(places, on)

        @cache
        def handed() -> tuple[Handoff, ...]:
            return _handed(item)

        for index in sorted(traced):
            yield View(
                item=item,
                seen=seen,
                on=on,
                brand=self.brands[index],
                register=self._registers[index],
                names=names.get(index, ()),
                words=reading.words,
                places=places,
                host_hits=hosts.get(index, ()),
                copies=copies.get(index, ()),
                logos=logos.get(index, ()),
                claims=claims.get(index, ()),
                hotlinked=hotlinked.get(index, ()),
                copied=copied.get(index, ()),
                handed=handed,
                protected=protected,
            )

    def assess_hosts(self, names: Sequence[str], *, on: date) -> list[tuple[Verdict, ...]]:
        """Judge many bare host names at once: the same verdicts as `assess` gives for items of kind `domain`.

        Args:
            names: host names as `hosts.is_plain` wants them; each is the id and the URL of its item.
            on: the day on which register entries must be valid.
        """
        verdicts: list[tuple[Verdict, ...]] = [()] * len(names)
        hits = self._hosts.scan(names)
        known = {place for place, name in enumerate(names) if self._owner_index.knows(name)}
        for place in known.union(hits):
            name = names[place]
            host, found_hits = hits[place] if place in hits else (plain_host(name), [])
            if host is None:
                continue
            item = Item(id=name, kind="domain", url=name)
            own = Place(role="own", url=name, host=host, where=None)
            found: dict[int, list[tuple[Place, HostHit]]] = {}
            for hit in found_hits:
                found.setdefault(hit.brand, []).append((own, hit))
            owners = self._owner_index.of_host(host) if place in known else set()
            protected = self._protected((own,), on) if place in known else frozenset()
            views = (
                View(
                    item=item, seen=Pictured(item=item, own=0), on=on, brand=self.brands[index],
                    register=self._registers[index], names=(), words={}, places=(own,),
                    host_hits=found.get(index, ()), copies=(), logos=(), claims=(), protected=protected,
                )
                for index in sorted(owners.union(found))
            )  # fmt: skip
            judged = [verdict for view in views if (verdict := self._verdict(view, HOST_SIGNALS))]
            verdicts[place] = tuple(sorted(judged, key=lambda verdict: (-verdict.score, verdict.brand)))
        return verdicts

    def _verdict(self, view: View, signals: Sequence[Signal] = SIGNALS) -> Verdict | None:
        evidence = [found for signal in signals for found in self._weigh(signal, view)]
        if not any(tells(one.signal) for one in evidence):
            return None
        score, decision = weigh(evidence, self.policy)
        return Verdict(
            id=view.item.id,
            brand=view.brand.key,
            score=score,
            decision=decision,
            evidence=tuple(sorted(evidence, key=lambda one: -one.weight)),
            policy=self.policy.version,
        )

    def _weigh(self, signal: Signal, view: View) -> list[Evidence]:
        """Turn what a signal finds into evidence: the strongest carries the weight, a few more are shown with none."""
        weight = self.policy.weights.get(signal.name)
        if weight is None:
            return []
        found = list(signal.look(view))
        if not found:
            return []
        ranked = sorted(found, key=lambda finding: -finding.strength)[:MOST_OBSERVATIONS]
        return [
            Evidence(
                signal=signal.name,
                weight=round(weight * finding.strength, 4) if rank == 0 else 0.0,
                strength=round(finding.strength, 4),
                observed=finding.observed,
                expected=finding.expected,
                where=view.seen.placed(finding.where),
                says=signal.says,
            )
            for rank, finding in enumerate(ranked)
        ]

    def _host_hits(self, places: Sequence[Place]) -> dict[int, list[tuple[Place, HostHit]]]:
        found: dict[int, list[tuple[Place, HostHit]]] = {}
        for place in places:
            for hit in self._hosts.match(place.host) if place.host else ():
                found.setdefault(hit.brand, []).append((place, hit))
        return found

    def _owners(self, item: Item, places: Sequence[Place]) -> set[int]:
        """Return the brands with a register entry for the item's own place or sender: they get an answer anyway."""
        owners = self._owner_index.of_advertiser(item.platform, item.advertiser.id) if item.advertiser else set()
        own = [place.host for place in places if place.role == "own" and place.host]
        return owners.union(*map(self._owner_index.of_host, own))

    def _protected(self, places: Sequence[Place], on: date) -> frozenset[str]:
        """Return the hosts that are some brand's own: what a sister brand's page says of another is no imitation."""
        found = set()
        for place in places:
            host = place.host
            if host and self._owner_index.knows(host.ascii):
                owners = (self._registers[index].host(host, on) for index in self._owner_index.of_host(host))
                if any(owned is not None and owned.valid and owned.own for owned in owners):
                    found.add(host.ascii)
        return frozenset(found)

    def _claim_hits(self, reading: Reading) -> dict[int, list[ClaimHit]]:
        found: dict[int, list[ClaimHit]] = {}
        for index, folded in reading.skeletons():
            for brand, hit in self._claims.find(index, folded):
                found.setdefault(brand, []).append(hit)
        return found

    def _hotlinked(self, item: Item, places: Sequence[Place], on: date) -> dict[int, list[Asset]]:
        """Return what a page loads from some brand's own hosts, by brand; a brand's own page does so rightfully."""
        found: dict[int, list[Asset]] = {}
        if item.page is None or not any(place.role == "own" and place.host for place in places):
            return found
        for asset in item.page.assets:
            host = parse_host(asset.url)
            if host is not None and self._owner_index.knows(host.ascii):
                for index in self._owner_index.of_host(host):
                    owned = self._registers[index].host(host, on)
                    if owned is not None and owned.valid and owned.own:
                        found.setdefault(index, []).append(asset)
        return found

    def _copied(self, item: Item, reading: Reading) -> dict[int, list[CopiedText]]:
        """Return what the body of a page has in common with official pages, by brand."""
        found: dict[int, list[CopiedText]] = {}
        if item.kind != "page" or not self._official:
            return found
        for index, folded in reading.skeletons():
            if item.texts[index].role == "body":
                for brand, copied in self._official.find(index, folded):
                    found.setdefault(brand, []).append(copied)
        return found

    def _copies(self, item: Item, pictures: Mapping[str, PictureHash]) -> dict[int, list[tuple[int, Copy]]]:
        found: dict[int, list[tuple[int, Copy]]] = {}
        for index, reference in enumerate(item.images):
            if reference in pictures:
                for brand, copy in self._pictures.find(pictures[reference]):
                    found.setdefault(brand, []).append((index, copy))
        return found

    def _logo_hits(self, item: Item, pictures: Mapping[str, PictureHash]) -> dict[int, list[tuple[int, LogoHit]]]:
        found: dict[int, list[tuple[int, LogoHit]]] = {}
        for index, reference in enumerate(item.images):
            if reference in pictures and pictures[reference].eye == version():
                for brand, hit in self._logos.find(pictures[reference].marks):
                    found.setdefault(brand, []).append((index, hit))
        return found


def _handed(item: Item) -> tuple[Handoff, ...]:
    """Return where an item leads people, by the first `MOST_READ` characters of its texts."""
    left, texts = MOST_READ, []
    for text in item.texts:
        texts.append(text.text[:left])
        left -= len(texts[-1])
    return find_handoffs(texts, item.links)


def _fingerprint(brands: Sequence[BrandProfile], policy: Policy) -> str:
    rules = [(rule.signal, rule.weight) for rule in policy.rules]
    content = (policy.version, policy.bias, policy.impersonation, policy.suspicious, policy.map, rules, brands)
    try:
        told = msgspec.json.encode(content, order="deterministic")
    except UnicodeEncodeError:  # half of a character, in the id of an account that a person has registered
        told = json.dumps(msgspec.to_builtins(content, order="deterministic")).encode()
    return hashlib.sha256(told).hexdigest()

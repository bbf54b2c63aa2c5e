"""Explained: what of an old verdict would be different today, and what registering its hosts would do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec

from detector.assess import Assessor
from detector.brands import BrandProfile, Ownership, Scope
from detector.evidence import evidence_from_json
from detector.hosts import parse_host
from detector.images.hash import PictureHash
from detector.items import Item, decode_item
from detector.policy import Policy
from detector.replay import strengths
from detector.verdict import Decision, Verdict

MOST_HOSTS = 3  # of an item, asked what would be if they were registered


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What today's judgement would be if one more entry stood in the register."""

    scope: str
    who: str
    score: float
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The same item with today's profiles and policy."""

    verdict: Verdict | None  # None: nothing would be said
    changes: tuple[str, ...]  # from then, signal by signal
    registered: tuple[Registered, ...]


class _Verdict(msgspec.Struct):
    id: str
    brand: str
    score: float
    decision: Decision
    evidence: list[dict[str, Any]]
    policy: str


def read_verdict(value: Mapping[str, Any]) -> Verdict:
    """Read Verdict JSON.

    Raises:
        msgspec.ValidationError: a field is missing or has the wrong type.
    """
    read = msgspec.convert(dict(value), _Verdict)
    return Verdict(
        id=read.id,
        brand=read.brand,
        score=read.score,
        decision=read.decision,
        evidence=tuple(map(evidence_from_json, read.evidence)),
        policy=read.policy,
    )


def read_line(line: bytes) -> Verdict | Item:
    """Read a line of Verdict or Item JSON, told apart by their fields.

    Raises:
        msgspec.MsgspecError: it is neither.
        ItemError: it is no Item.
    """
    value = msgspec.json.decode(line, type=dict[str, Any])
    return read_verdict(value) if "evidence" in value and "policy" in value else decode_item(line)


def today(
    item: Item, then: Verdict, brands: Sequence[BrandProfile], policy: Policy, *, on: date,
    pictures: Mapping[str, PictureHash],
) -> Today:  # fmt: skip
    """Judge an item again, and ask what registering its hosts or its advertiser would do."""
    verdict = _judge(item, then.brand, brands, policy, on, pictures)
    asked: list[Registered] = []
    for scope in _scopes(item) if any(brand.key == then.brand for brand in brands) else ():
        for who in ("own", "reseller"):
            entry = Ownership(who="own" if who == "own" else "reseller", scope=scope)
            added = [
                replace(brand, ownership=(*brand.ownership, entry)) if brand.key == then.brand else brand
                for brand in brands
            ]
            other = _judge(item, then.brand, added, policy, on, pictures)
            if other and verdict and (other.score, other.decision) != (verdict.score, verdict.decision):
                name = f"{scope.kind}:{scope.platform}:{scope.value}" if scope.platform else f"domain:{scope.value}"
                asked.append(Registered(scope=name, who=who, score=other.score, decision=other.decision))
    return Today(verdict=verdict, changes=tuple(_changes(then, verdict)), registered=tuple(asked))


def _judge(
    item: Item, brand: str, brands: Sequence[BrandProfile], policy: Policy, on: date,
    pictures: Mapping[str, PictureHash],
) -> Verdict | None:  # fmt: skip
    verdicts = Assessor(brands, policy).assess(item, on=on, pictures=pictures)
    return next((verdict for verdict in verdicts if verdict.brand == brand), None)


def _scopes(item: Item) -> Iterator[Scope]:
    hosts: dict[str, None] = {}
    for url in (item.url, *item.links):
        host = parse_host(url) if url else None
        if host is not None and "." in host.ascii:
            hosts[host.ascii] = None
    for name in list(hosts)[:MOST_HOSTS]:
        yield Scope(kind="domain", value=name)
    if item.advertiser and item.advertiser.id and item.platform:
        yield Scope(kind="advertiser", platform=item.platform.lower(), value=item.advertiser.id)


def _changes(then: Verdict, now: Verdict | None) -> Iterator[str]:
    if now is None:
        return
    before, after = _weights(then), _weights(now)
    for signal in sorted(before.keys() | after.keys()):
        if signal not in after:
            yield f"{signal} {before[signal]:+.2f} is gone"
        elif signal not in before:
            yield f"{signal} {after[signal]:+.2f} is new"
        elif abs(before[signal] - after[signal]) >= 0.005:
            yield f"{signal} {before[signal]:+.2f} is now {after[signal]:+.2f}"


def _weights(verdict: Verdict) -> dict[str, float]:
    found = dict.fromkeys(strengths(verdict.evidence), 0.0)
    for one in verdict.evidence:
        found[one.signal] += one.weight
    return found

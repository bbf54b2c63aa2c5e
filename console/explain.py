"""What `mekiki explain` shows: a verdict as a sum, what would have changed it, and what today's judgement is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from console.show import DECISION_STYLE, described, place
from detector.assess import Assessor
from detector.brands import BrandProfile, Ownership, Scope
from detector.evidence import evidence_from_json
from detector.hosts import parse_host
from detector.images.hash import PictureHash
from detector.items import Item, decode_item
from detector.policy import Policy
from detector.replay import Outcome, Replay, strengths
from detector.signals import SIGNALS
from detector.verdict import Decision, Verdict
from safety.screen import defang, defang_text, screen

SAYS: Mapping[str, str] = {signal.name: signal.says for signal in SIGNALS}
MOST_HOSTS = 3  # of an item, asked what would be if they were registered
MOST_ABSENT = 12  # absent signals shown


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


def page(found: Replay, item: Item | None, now: Today | None) -> Iterator[RenderableType]:
    """Yield the whole explanation."""
    verdict = found.verdict
    if item is not None:
        yield from described(item, verdict)
        yield Text()
    yield Text.assemble(
        (screen(verdict.id, limit=80), "bold"),
        "  ",
        (verdict.decision, DECISION_STYLE[verdict.decision]),
        f"  score {verdict.score:.6f}  brand {screen(verdict.brand, limit=63)}  "
        f"policy {screen(verdict.policy, limit=64)}",
    )
    if found.differences:
        yield Text("This verdict does not replay:", "bold red")
        for line in found.differences:
            yield Text(f"  {screen(line, limit=300)}")
    else:
        yield Text("Replayed from evidence and policy: the same score, the same decision.", "green")
    yield Text("\nThe sum (log-odds)", "bold")
    yield _sum(found, item)
    yield Text("\nWithout one of them", "bold")
    yield _outcomes(found.without, taken=True)
    yield from _sets(found)
    if found.would:
        yield Text("\nWhat was not seen and would have changed the decision, each alone at full strength", "bold")
        yield _outcomes(found.would[:MOST_ABSENT], taken=False)
    if now is not None:
        yield from _today(verdict, now)


def _sum(found: Replay, item: Item | None) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, show_footer=True)
    table.add_column("weight", f"{found.log_odds:+.4f}", justify="right")
    table.add_column("strength", justify="right")
    table.add_column("signal", f"sum = score {found.score:.6f}", overflow="fold")
    table.add_column("seen", overflow="fold")
    table.add_column("where", overflow="fold")
    table.add_row(f"{found.bias:+.4f}", "", "bias: nothing is known", "", "")
    for one in found.verdict.told:
        table.add_row(
            Text(f"{one.weight:+.4f}", "red" if one.weight > 0 else "green"),
            f"{one.strength:.2f}",
            Text(screen(one.signal, limit=60)),
            Text(defang_text(screen(one.observed, limit=120))),
            Text(place(one, item) if item else "", "dim"),
        )
    return table


def _outcomes(outcomes: Sequence[Outcome], *, taken: bool) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("without" if taken else "with", "weight", "score", "decision"):
        table.add_column(name, justify="right" if name in ("weight", "score") else "left")
    table.add_column("" if taken else "what it says", overflow="fold")
    for one in outcomes:
        says = "" if taken else SAYS.get(one.signals[0], "")
        table.add_row(
            Text(screen(" + ".join(one.signals), limit=160)),
            f"{one.weight:+.2f}",
            f"{one.score:.4f}",
            Text(one.decision, DECISION_STYLE[one.decision]),
            Text(says, "dim"),
        )
    return table


def _sets(found: Replay) -> Iterator[RenderableType]:
    if found.smallest is None:
        yield Text("\nNo evidence alone or together holds the decision up.")
        return
    chosen = [("Fewest signals that the decision hangs on", found.smallest)]
    if found.clearing is not None and found.clearing.signals != found.smallest.signals:
        chosen.append(("Fewest without which it would not be flagged", found.clearing))
    for words, one in chosen:
        signals = screen(" + ".join(one.signals), limit=300)
        yield Text(f"\n{words}: {signals} (then {one.score:.4f} {one.decision})")


def _today(then: Verdict, now: Today) -> Iterator[RenderableType]:
    yield Text("\nToday, with the profiles and the policy in use", "bold")
    if now.verdict is None:
        yield Text("  no sign of the brand: there would be no verdict")
        return
    same = (now.verdict.score, now.verdict.decision) == (then.score, then.decision)
    yield Text.assemble(
        "  ",
        (now.verdict.decision, DECISION_STYLE[now.verdict.decision]),
        f", score {now.verdict.score:.6f}, policy {now.verdict.policy}" + (", the same as then" if same else ""),
    )
    for line in now.changes:
        yield Text(f"  {screen(line, limit=200)}")
    for one in now.registered:
        scope = "domain:" + defang(one.scope.partition(":")[2]) if one.scope.startswith("domain:") else one.scope
        yield Text(f"  were {screen(scope, limit=200)} registered ({one.who}): {one.score:.4f} {one.decision}")


def as_value(found: Replay, item: Item | None, now: Today | None) -> dict[str, Any]:
    """Return the same for `--json`."""
    value: dict[str, Any] = msgspec.to_builtins(found)
    return {
        **value,
        "replays": not found.differences,
        "item": msgspec.to_builtins(item),
        "today": msgspec.to_builtins(now),
    }

"""Labelled campaigns: are items of one actor one case, and items of different ones different cases?

Every row goes through the real thing, in the order of arrival, each in a transaction of its own: recorded with
`storage.items.record_many` in a database, its pictures drawn and hashed, what a visit found recorded as the page that
it led to. A row counts for the case that it is in at the end. Every pair of rows is asked: one campaign, one case?
"""

import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine, select

from benchmarks.campaigns.drawn import picture
from detector.assess import Assessor
from detector.brands import BrandProfile, OfficialPage, ReferencePicture
from detector.campaign_assets import BrandAssets
from detector.hosts import parse_host
from detector.items import Item, Text
from detector.page_facts import PageFacts
from detector.verdict import Verdict
from storage.database import open_engine, transaction, upgrade
from storage.items import Observation, record_many
from storage.merging import root_of
from storage.pictures import PictureRecord, save_picture
from storage.reasons import why
from storage.schema import CaseItem
from tests.detector.hoshino import HOSHINO

SETS = Path(__file__).parents[2] / "tests" / "cases" / "campaigns"
_SERVICES = {
    "G": "Google Analytics", "UA": "Google Analytics", "GTM": "Google Tag Manager", "AW": "Google Ads",
    "fbpixel": "Meta pixel", "ttq": "TikTok pixel",
}  # fmt: skip
_CHATS = {
    "line": "https://line.me/R/ti/p/{}",
    "telegram": "https://t.me/{}",
    "whatsapp": "https://wa.me/{}",
    "phone": "tel:{}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a set."""

    campaign: str
    item: Item
    pictures: Mapping[str, tuple[str, str]]  # reference -> picture and variant
    landing: Mapping[str, Any]
    why: tuple[str, ...]
    trap: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well cases agree with campaigns, over all pairs of rows."""

    right: int  # pairs of one campaign that are in one case
    wrong: int  # pairs of different campaigns that are
    missed: int  # pairs of one campaign that are not
    seconds: float

    @property
    def precision(self) -> float:
        """Share of the pairs in one case that are of one campaign."""
        return self.right / (self.right + self.wrong or 1)

    @property
    def recall(self) -> float:
        """Share of the pairs of one campaign that are in one case."""
        return self.right / (self.right + self.missed or 1)


def rows_of(file: Path) -> list[Row]:
    """Read a set."""
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        facts = row["facts"]
        pictures = {name: (one["picture"], one["variant"]) for name, one in facts.get("pictures", {}).items()}
        found.append(
            Row(
                campaign=row["campaign"],
                item=msgspec.convert(row["item"], Item),
                pictures=pictures,
                landing=facts.get("landing", {}),
                why=tuple(row["why"]),
                trap=tuple(row.get("trap", ())),
            )
        )
    return found


def brand() -> BrandProfile:
    """Return the brand with what its own people know (README of the sets)."""
    pictures = tuple(
        ReferencePicture(name=name, role="picture", hash=picture(name, "same")[1]) for name in ("p12", "p23", "q90")
    )
    contact = OfficialPage(name="contact.html", text="お問い合わせ TEL 0120-555-0100")
    return replace(HOSHINO, pictures=pictures, pages=(contact,))


def grouped(rows: Sequence[Row], engine: Engine) -> tuple[list[int], list[int]]:
    """Record rows in the order in which they came; return the case of each, and the item as the database numbers it."""
    profile = brand()
    assessor = Assessor([profile])
    assets = {profile.key: BrandAssets(profile)}
    places: list[tuple[int, int]] = []
    for row in rows:
        at = (row.item.seen_at or datetime(2026, 8, 1, tzinfo=UTC)).astimezone(UTC)
        item, landing = _as_seen(row)
        item_id, joined = _record(engine, item, row.pictures, at, assessor, assets)
        if landing is not None:
            _record(engine, landing, {}, at + timedelta(minutes=5), assessor, assets, cases=joined, led_from=(item_id,))
        places.append((item_id, joined[0]))
    with transaction(engine) as session:
        members = session.execute(select(CaseItem.item_id, CaseItem.case_id).order_by(CaseItem.case_id.desc()))
        of_item: dict[int, int] = dict(members.all())
        cases = [root_of(session, of_item.get(item_id, case)) for item_id, case in places]
    return cases, [item_id for item_id, _ in places]


def scored(rows: Sequence[Row], cases: Sequence[int], seconds: float) -> Score:
    """Count pairs."""
    both = Counter(zip((row.campaign for row in rows), cases, strict=True))
    campaigns, found = Counter(row.campaign for row in rows), Counter(cases)
    right = sum(map(_pairs, both.values()))
    return Score(
        right=right,
        wrong=sum(map(_pairs, found.values())) - right,
        missed=sum(map(_pairs, campaigns.values())) - right,
        seconds=seconds,
    )


def measure(file: Path, *, misses: bool = False) -> tuple[Score, list[Row], list[int], list[str]]:
    """Group a set in a new SQLite database and count pairs; return rows, cases, and what is wrong, if asked for."""
    rows = rows_of(file)
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/mekiki.db")
        upgrade(engine)
        began = time.monotonic()
        cases, items = grouped(rows, engine)
        score = scored(rows, cases, time.monotonic() - began)
        wrong = list(_wrong(engine, rows, cases, items)) if misses else []
        engine.dispose()
    return score, rows, cases, wrong


def report(file: Path, *, misses: bool = False) -> None:
    """Print the figures, and with `misses` what is wrong."""
    score, rows, cases, wrong = measure(file, misses=misses)
    print(f"{file.name}: {len(rows)} items, {len({row.campaign for row in rows})} campaigns, {len(set(cases))} cases")
    print(f"pairwise precision {score.precision:.4f} ({score.wrong} wrong pairs), recall {score.recall:.4f} "
          f"({score.missed} missed pairs), {1000 * score.seconds / len(rows):.1f} ms an item")  # fmt: skip
    for line in wrong:
        print(line)


def _wrong(engine: Engine, rows: Sequence[Row], cases: Sequence[int], items: Sequence[int]) -> Iterator[str]:
    of_campaign: dict[str, Counter[int]] = defaultdict(Counter)
    of_case: dict[int, Counter[str]] = defaultdict(Counter)
    for row, case in zip(rows, cases, strict=True):
        of_campaign[row.campaign][case] += 1
        of_case[case][row.campaign] += 1
    for case, campaigns in of_case.items():
        if len(campaigns) > 1:
            yield f"MIXED case {case}: {dict(campaigns)}"
            yield from _bad_joins(engine, case, {item: row.campaign for item, row in zip(items, rows, strict=True)})
    for campaign, found in of_campaign.items():
        if len(found) > 1:
            yield f"TORN {campaign}: {dict(found)}"
            main = found.most_common(1)[0][0]
            for row, case in zip(rows, cases, strict=True):
                if row.campaign == campaign and case != main:
                    words = " / ".join(text.text for text in row.item.texts)[:160]
                    yield f"    {case} {row.item.kind} {row.item.id} why {row.why} trap {row.trap} | {words}"


def _bad_joins(engine: Engine, case: int, campaign_of: Mapping[int, str]) -> Iterator[str]:
    """Yield what joined items of different campaigns."""
    with transaction(engine) as session:
        found = why(session, case)
        for item in found.items:
            for reason in item.reasons:
                here, there = campaign_of.get(item.item_id), campaign_of.get(reason.with_item or 0)
                if here != there and here and there:
                    yield f"    {here} {item.kind} {item.item_id} {reason.says} ({there})"
        for merged in found.merged:
            yield f"    merged {merged.case_id} by item {merged.item} {campaign_of.get(merged.item or 0)} {merged.keys}"


def _as_seen(row: Row) -> tuple[Item, Item | None]:
    """Return the item as a source shows it, and the page that a visit of its link came to."""
    landing = row.landing
    if not landing:
        return row.item, None
    page = PageFacts(
        trackers=tuple(_tracker(one) for one in landing.get("trackers", ())),
        certificate=landing.get("certificate"),
        cname=landing.get("cname"),
    )
    links = tuple(
        _CHATS[one["kind"]].format(one["value"].lstrip("+") if one["kind"] == "whatsapp" else one["value"])
        for one in landing.get("handoffs", ())
        if one["kind"] in _CHATS
    )
    texts = tuple(
        Text(role="body", text=one["value"]) for one in landing.get("handoffs", ()) if one["kind"] not in _CHATS
    )
    if row.item.kind in ("page", "domain"):
        shown = row.item.page or PageFacts()
        facts = replace(shown, trackers=page.trackers, certificate=page.certificate, cname=page.cname)
        item = replace(row.item, page=facts, links=(*row.item.links, *links), texts=(*row.item.texts, *texts))
        own = parse_host(row.item.url or "")
        hosts = [
            host for host in landing.get("hosts") or [] if own is None or not host.endswith(own.registrable or host)
        ]
        if not hosts:
            return item, None
        return item, Item(id=f"landing {hosts[-1]} {row.item.id}", kind="page", url=f"https://{hosts[-1]}/")
    hosts = landing.get("hosts") or []
    if not hosts:
        return row.item, None
    url = f"https://{hosts[-1]}/"
    return row.item, Item(id=f"landing {url} {row.item.id}", kind="page", url=url, links=links, texts=texts, page=page)


def _tracker(account: str) -> str:
    kind, colon, rest = account.partition(":")
    return f"{_SERVICES[kind]} {rest}" if colon else f"{_SERVICES[account.partition('-')[0]]} {account}"


def _record(
    engine: Engine,
    item: Item,
    pictures: Mapping[str, tuple[str, str]],
    at: datetime,
    assessor: Assessor,
    assets: Mapping[str, BrandAssets],
    **led: Any,
) -> tuple[int, tuple[int, ...]]:
    seen = {reference: picture(name, variant) for reference, (name, variant) in pictures.items()}
    judged = assessor.assess(
        item, on=at.date(), pictures={reference: hashed for reference, (_, hashed) in seen.items()}
    )
    empty = Verdict(
        id=item.id, brand="hoshino", score=0.5, decision="suspicious", evidence=(), policy=assessor.policy.version
    )
    verdict = replace(judged[0] if judged else empty, decision="suspicious")  # the set says that people look at it
    look = Observation(
        item=item, source="labelled", run_id=None, seen_at=at,
        pictures={reference: address for reference, (address, _) in seen.items()}, **led,
    )  # fmt: skip
    with transaction(engine) as session:
        for address, hashed in seen.values():
            record = PictureRecord(
                sha256=address,
                mime="image/jpeg",
                bytes=1,
                width=hashed.width,
                height=hashed.height,
                hash=hashed,
                rendition=None,
            )
            save_picture(session, record, at)
        [recorded] = record_many(
            session, [(look, [verdict])], judged_by="labelled", now=at, group_wait=timedelta(0),
            group_interval=timedelta(0), assets=assets,
        )  # fmt: skip
    return recorded.item_id, recorded.cases


def _pairs(count: int) -> int:
    return count * (count - 1) // 2

"""The time to join one item: record it in a store of a million, in a transaction of its own, on a disk.

The store is that of `benchmarks.stores`; each of its flagged items gets the keys of a landing domain, an advertiser, a
picture and a template of texts, all drawn with a fixed seed, so that the tables of keys are as full as they can be. Of
the items that are timed a third leads to a known domain, a third shows a known picture a little changed, and a third
has nothing in common with anything.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, insert, select, text

from benchmarks.campaigns.drawn import picture
from benchmarks.stores import NOW, fill
from detector import campaign_picture, campaign_text
from detector.campaign import CampaignKey, KeyKind
from detector.hosts import parse_host
from detector.images.hash import PictureHash
from detector.items import Advertiser, Item, Text
from detector.verdict import Decision, Verdict
from storage.campaign_keys import band_of, identity_of
from storage.database import open_engine, transaction, upgrade
from storage.items import Observation, record_many
from storage.pictures import PictureRecord, save_picture
from storage.schema import CampaignBand, CampaignKeyRow, CaseItem, CaseKey, ItemKey, ItemVersion
from storage.upsert import insert as upsert
from storage.upsert import table_of

TIMED = 300
_LETTERS = "あいうえおかきくけこさしすせそたちつてとなにぬねの日月火水木金土山川田"
_FAST = {  # while the store is filled, nothing waits for the disk
    "sqlite": text("PRAGMA cache_size = -200000"),
    "postgresql": text("SET LOCAL synchronous_commit = off"),
}
AT_ONCE = 5_000  # items that get their keys at once


def report(items: int, database: str | None) -> None:
    """Fill an empty database and print how long joining takes."""
    with ExitStack() as stack:
        if database is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            database = f"sqlite:///{folder}/mekiki.db"
        engine = open_engine(database)
        upgrade(engine)
        began = time.monotonic()
        fill(engine, items)
        known = give_all_keys(engine)
        print(f"{engine.dialect.name}: {items} items, {known} of them with keys, in {time.monotonic() - began:.0f} s")
        took = list(timed(engine, items))
        engine.dispose()
    for what, numbers in (
        ("recorded and joined", [one[0] for one in took]),
        ("recorded only", [one[1] for one in took]),
    ):
        for kind, place in (("elapsed", 0), ("CPU of this process", 1)):
            times = sorted(number[place] for number in numbers)
            late = times[int(len(times) * 0.95)]
            print(f"{what}, {kind}: median {statistics.median(times):.1f} ms, p95 {late:.1f} ms ({len(times)} items)")


def give_all_keys(engine: Engine, seed: int = 3) -> int:
    """Give every item of a case its keys, in bulk; return how many items there are."""
    chosen = random.Random(seed)
    ids: dict[str, int] = {}
    count, last = 0, 0
    query = (
        select(CaseItem.case_id, CaseItem.item_id, ItemVersion.content)
        .join(ItemVersion, ItemVersion.id == CaseItem.version_id)
        .order_by(CaseItem.item_id)
        .limit(AT_ONCE)
    )
    while True:
        with transaction(engine) as session:
            session.execute(_FAST[engine.dialect.name])
            rows = session.execute(query.where(CaseItem.item_id > last)).all()
            if not rows:
                break
            last, count = rows[-1].item_id, count + len(rows)
            keys: list[dict[str, Any]] = []
            bands: list[dict[str, int]] = []
            items: dict[tuple[int, int], bool] = {}
            cases: dict[tuple[int, int], tuple[int, bool]] = {}
            for case_id, item_id, content in rows:
                for key in _keys(chosen, content):
                    identity = identity_of("hoshino", key.kind, key.value)
                    if identity not in ids:
                        ids[identity] = len(ids) + 1
                        row = {"id": ids[identity], "identity": identity, "brand": "hoshino", "kind": key.kind}
                        keys.append({**row, "value": key.value, "cases": 1, "parted": 0})
                        bands += _bands(key, ids[identity])
                    items[item_id, ids[identity]] = key.strong
                    cases.setdefault((ids[identity], case_id), (item_id, key.strong))
            session.execute(insert(table_of(CampaignKeyRow)), keys)
            session.execute(insert(table_of(CampaignBand)), sorted(bands, key=lambda row: row["band"]))
            session.execute(
                insert(table_of(ItemKey)),
                [{"item_id": item, "key_id": key_id, "strong": strong} for (item, key_id), strong in items.items()],
            )
            session.execute(
                upsert(session, CaseKey).on_conflict_do_nothing(),  # a case may begin in the chunk before
                [
                    {"key_id": key_id, "case_id": case, "item_id": item, "strong": strong}
                    for (key_id, case), (item, strong) in cases.items()
                ],
            )
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            sequence = "pg_get_serial_sequence('campaign_keys', 'id')"
            connection.execute(text(f"SELECT setval({sequence}, (SELECT max(id) FROM campaign_keys))"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    else:
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    return count


Took = tuple[float, float]  # milliseconds elapsed, and of the processor


def timed(engine: Engine, items: int, seed: int = 5) -> Iterator[tuple[Took, Took]]:
    """Record new items, each by itself, and yield what each took: a flagged one, and one like it that is not."""
    chosen = random.Random(seed)
    with transaction(engine) as session:
        hosts = list(session.scalars(select(CampaignKeyRow.value).where(CampaignKeyRow.kind == "host").limit(20_000)))
        drawn = list(
            session.scalars(select(CampaignKeyRow.value).where(CampaignKeyRow.kind == "picture").limit(20_000))
        )
    base = picture("speed", "same")[1]
    for number in range(TIMED):
        host, value = f"new-{number}-{seed}.test", _picture(chosen)
        if number % 3 == 0:
            host = chosen.choice(hosts)
        elif number % 3 == 1:
            value = _changed(chosen, chosen.choice(drawn))
        item = _item(chosen, items + number + 1, host)
        whole, fine, mirrored, centre = value.split(":")
        hashed = replace(base, phash=whole, fine=fine, mirrored=mirrored, centre=centre)
        joined = _recorded(engine, item, hashed, f"{number:064x}", "impersonation")
        yield joined, _recorded(engine, replace(item, id=f"{item.id}-b"), hashed, f"{number:064x}", "mention")


def _recorded(engine: Engine, item: Item, hashed: PictureHash, address: str, decision: Decision) -> Took:
    verdict = Verdict(id=item.id, brand="hoshino", score=0.9, decision=decision, evidence=(), policy="2026.1")
    look = Observation(item=item, source="speed", run_id=None, seen_at=NOW, pictures={item.images[0]: address})
    record = PictureRecord(
        sha256=address, mime="image/jpeg", bytes=1, width=800, height=600, hash=hashed, rendition=None
    )
    with transaction(engine) as session:
        save_picture(session, record, NOW)
    began, worked = time.perf_counter(), time.process_time()
    with transaction(engine) as session:
        record_many(
            session,
            [(look, [verdict])],
            judged_by="speed",
            now=NOW,
            group_wait=timedelta(0),
            group_interval=timedelta(0),
        )
    return 1000 * (time.perf_counter() - began), 1000 * (time.process_time() - worked)


def _item(chosen: random.Random, number: int, host: str) -> Item:
    words = "".join(
        chosen.choice("あいうえおかきくけこさしすせそたちつてとなにぬねの日月火水木金土山川田") for _ in range(80)
    )
    return Item(
        id=f"speed-{number}",
        kind="ad",
        platform="meta",
        advertiser=Advertiser(id=f"speed-{number}", name="Outlet"),
        texts=(Text(role="body", text=words),),
        links=(f"https://{host}/lp",),
        display_url=host,
        images=(f"https://cdn.example/speed/{number}.jpg",),
        seen_at=NOW,
    )


def _keys(chosen: random.Random, content: dict[str, Any]) -> list[CampaignKey]:
    host = parse_host(content["links"][0])
    said: Sequence[tuple[KeyKind, str, bool]] = (
        ("host", host.registrable or host.ascii if host is not None else "-", True),
        ("advertiser", f"meta:{content['advertiser']['id']}", True),
        ("picture", _picture(chosen), False),
        ("text", f"{chosen.getrandbits(4 * 256):0256x}", False),
    )
    return [CampaignKey(kind=kind, value=value, strong=strong, says="") for kind, value, strong in said]


def _bands(key: CampaignKey, key_id: int) -> list[dict[str, int]]:
    measures = {"picture": campaign_picture, "text": campaign_text}
    if key.kind not in measures:
        return []
    parts = {band_of("hoshino", key.kind, part) for part in measures[key.kind].parts(key.value)}
    return [{"band": band, "key_id": key_id} for band in parts]


def _picture(chosen: random.Random) -> str:
    return ":".join(f"{chosen.getrandbits(bits):0{bits // 4}x}" for bits in (64, 256, 64, 192))


def _changed(chosen: random.Random, value: str) -> str:
    """Turn two bits of a picture's hash, and ten of the finer one."""
    whole, fine, mirrored, centre = value.split(":")
    coarse, finer = int(whole, 16), int(fine, 16)
    for bit in chosen.sample(range(64), 2):
        coarse ^= 1 << bit
    for bit in chosen.sample(range(256), 10):
        finer ^= 1 << bit
    return f"{coarse:016x}:{finer:064x}:{mirrored}:{centre}"

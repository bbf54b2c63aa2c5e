"""Stores of a given size, for benchmarks that ask what a command costs at a million items.

`python -m benchmarks.stores --items N --database URL` fills an empty database: N items, each with a version, a verdict
and one or two sightings (and `--again` more); a case for every ten of them, open or judged, with its log; what was told
of each. Rows go in past the program, in bulk, in the form in which it would have written them. Content is drawn with a
fixed seed: two stores of one size are equal.
"""

import argparse
import json
import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Engine, func, select, text

from detector.evidence import Evidence, LinkAt, TextSpan
from detector.items import Advertiser, Item, Text
from storage.case_log import ZEROS, computed
from storage.columns import digest_of, to_json
from storage.database import open_engine, snapshot, upgrade
from storage.partitions import cover
from storage.schema import Base, CaseLog, ItemRow

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # the youngest row is a little older
DAYS = 180  # over which they were seen
PER_CASE = 10  # items for each case; some of them are in it
CHUNK = 20_000  # items written at once
SOURCES = ("meta-ads", "news-ads", "ct", "youtube", "tips")
STATES = ("open",) * 14 + ("confirmed",) * 3 + ("dismissed",) * 2 + ("closed",)
ACTIONS = {"confirmed": "confirm", "dismissed": "dismiss", "closed": "close"}
OFFERS = (
    "閉店セール 90%OFF",
    "公式アウトレット 本日限り",
    "在庫処分 送料無料",
    "LINEで友だち追加 先着100名",
    "当選おめでとうございます",
)
PRODUCTS = ("星の風", "Ruscool", "冷風機", "空気清浄機", "掃除機")
_PAYLOAD = json.dumps({"version": 1, "filler": "x" * 1500})  # of an alert that was sent long ago; nobody reads it again

Row = tuple[Any, ...]
Rows = dict[str, list[dict[str, Any]]]  # table -> rows, each in stored form: texts, numbers, None


def fill(engine: Engine, items: int, *, seed: int = 7, again: int = 0) -> None:
    """Fill an empty database that has its schema with so many items, and what belongs to them.

    Args:
        again: further sightings of each item, evenly over the time from its first one to `NOW`.
    """
    with engine.begin() as connection:
        cover(connection, NOW - timedelta(days=DAYS + 1), NOW)
    chosen = random.Random(seed)
    with _Writer(engine) as writer:
        for start in range(1, items + 1, CHUNK):
            end = min(start + CHUNK, items + 1)
            for table, rows in _chunk(chosen, start, end, items).items():
                writer.write(table, rows)
            if again:
                writer.write("sightings", [row for one in range(start, end) for row in _again(one, items, again)])


def _again(number: int, total: int, times: int) -> Iterator[dict[str, Any]]:
    """Yield later sightings of an item; their ids follow those of all first ones."""
    first = _seen_at(number, total)
    for turn in range(times):
        at = _moment(first + (NOW - first) * (turn + 1) / (times + 1))
        yield {
            "id": 2 * total + (number - 1) * times + turn + 1,
            "item_id": number,
            "version_id": number,
            "source": SOURCES[(number + turn) % len(SOURCES)],
            "publisher_url": f"https://news.example/article/{(number + turn) % 5000}",
            "seen_at": at,
            "recorded_at": at,
        }


def _seen_at(number: int, total: int) -> datetime:
    """Return when an item was seen first."""
    return NOW - timedelta(days=DAYS) * (1 - number / (total + 1)) - timedelta(seconds=60)


def stored_items(engine: Engine) -> int:
    """Return how many items a database holds."""
    with snapshot(engine) as session:
        return session.scalar(select(func.count()).select_from(ItemRow)) or 0


def _chunk(chosen: random.Random, first: int, end: int, total: int) -> Rows:
    """Make everything about the items `first` to `end`, the last one left out; cases begin at multiples of PER_CASE."""
    rows: Rows = {table: [] for table in _TABLES}
    sources: dict[tuple[int, str, str], None] = {}
    for number in range(first, end):
        seen_at = _seen_at(number, total)
        case, place = divmod(number - 1, PER_CASE)
        if place == 0:
            members = min(PER_CASE, 1 + int(chosen.expovariate(0.7)))
            shop = f"{chosen.choice(('hoshino-denki', 'hoshino', 'h0shino-denki', 'ruscool'))}-sale{case + 1}.test"
        flagged = place < members
        score = round(chosen.uniform(0.6, 0.995) if flagged else chosen.uniform(0.02, 0.4), 6)
        item = _item(chosen, number, shop if flagged else f"paper{case + 1}.example", seen_at)
        _seen(chosen, rows, number, item, score, seen_at, flagged)
        if place == 0:
            _case(chosen, rows, case + 1, number, shop, score, seen_at)
        if flagged:
            row = rows["cases"][-1]
            row["items"] += 1
            row["last_seen"] = _moment(seen_at)
            if score > row["score"]:
                row.update(score=score, priority=score, verdict_id=number)
            place_of = {"case_id": case + 1, "item_id": number, "version_id": number, "verdict_id": number}
            rows["case_items"].append({**place_of, "added_at": _moment(seen_at)})
            for source in {row["source"] for row in rows["sightings"][-2:] if row["item_id"] == number}:
                sources[case + 1, source, item.kind] = None
    rows["case_sources"] = [
        {"case_id": case, "source": source, "kind": kind, "publisher": "news.example"} for case, source, kind in sources
    ]
    return rows


def _item(chosen: random.Random, number: int, host: str, seen_at: datetime) -> Item:
    advertiser = number // 3
    product = chosen.choice(PRODUCTS)
    return Item(
        id=f"{number:015}",
        kind="ad" if number % 4 else "domain",
        platform="meta",
        url=f"https://ads.example/library/?id={number:015}",
        advertiser=Advertiser(id=str(advertiser), name=f"Hoshino Denki Outlet {advertiser}", payer="QX Trade Ltd"),
        texts=(
            Text(role="title", text=f"星野電機 {product}", lang="ja"),
            Text(role="body", text=f"{chosen.choice(OFFERS)} {product} {chosen.randrange(1000, 90000)}円", lang="ja"),
        ),
        links=(f"https://{host}/lp?c={number}",),
        images=(f"https://cdn.example/{number}.jpg",),
        countries=("JP",),
        seen_at=seen_at,
        publisher_url=f"https://news.example/article/{number % 5000}",
        raw={"ad_archive_id": number, "page_id": advertiser, "impressions": chosen.randrange(100_000)},
    )


def _seen(
    chosen: random.Random, rows: Rows, number: int, item: Item, score: float, seen_at: datetime, flagged: bool
) -> None:
    at = _moment(seen_at)
    rows["items"].append(
        {
            "id": number,
            "identity": digest_of([item.kind, item.platform, item.id]),
            "kind": item.kind,
            "platform": item.platform,
            "external_id": item.id,
            "recorded_at": at,
        }
    )
    content = msgspec.json.encode(item).decode()
    fingerprint = sha256(content.encode()).hexdigest()
    rows["item_versions"].append(
        {"id": number, "item_id": number, "fingerprint": fingerprint, "content": content, "recorded_at": at}
    )
    for again in range(1 + (number % 4 == 0)):
        rows["sightings"].append(
            {
                "id": 2 * number - 1 + again,
                "item_id": number,
                "version_id": number,
                "source": chosen.choice(SOURCES),
                "publisher_url": item.publisher_url,
                "seen_at": at,
                "recorded_at": at,
            }
        )
    rows["verdicts"].append(
        {
            "id": number,
            "version_id": number,
            "brand": "hoshino",
            "judged_by": "f" * 64,
            "policy": "2026.1",
            "score": score,
            "decision": "impersonation" if score > 0.8 else "suspicious" if flagged else "mention",
            "evidence": _evidence(item, score),
            "judged_at": at,
        }
    )


def _evidence(item: Item, score: float) -> str:
    host = item.links[0].split("/")[2]
    found = [
        Evidence(
            signal="name.mention",
            weight=1.4,
            strength=1.0,
            observed="星野電機",
            expected="星野電機",
            where=TextSpan(text=0, span=(0, 4)),
            says="The text uses the brand's name.",
        )
    ]
    if score > 0.5:
        found.append(
            Evidence(
                signal="host.lookalike",
                weight=2.1,
                strength=0.93,
                observed=host,
                expected="hoshino-denki.example",
                where=LinkAt(link=0),
                says="The link's host imitates an official domain of the brand.",
            )
        )
    return msgspec.json.encode(found).decode()


def _case(chosen: random.Random, rows: Rows, case: int, number: int, shop: str, score: float, at: datetime) -> None:
    state = chosen.choice(STATES)
    judged_at = at + timedelta(hours=chosen.uniform(0.1, 30))
    entries: list[tuple[datetime, str, str, dict[str, Any]]] = [(at, "mekiki", "opened", {"items": [number]})]
    if state in ACTIONS:
        entries.append((judged_at, "aiko", ACTIONS[state], {}))
    head = ZEROS
    for when, who, action, data in entries:
        entry = CaseLog(case_id=case, at=when, who=who, action=action, reason=None, note="", data=data, previous=head)
        head = computed(entry)
        rows["case_log"].append(
            {
                "id": 2 * case - (action == "opened"),
                "case_id": case,
                "at": _moment(when),
                "who": who,
                "action": action,
                "note": "",
                "data": to_json(data),
                "previous": entry.previous,
                "hash": head,
            }
        )
    campaign = f"host:{shop}"
    rows["cases"].append(
        {
            "id": case,
            "identity": digest_of(["hoshino", campaign]),
            "brand": "hoshino",
            "campaign": campaign,
            "title": f"{shop} (ad)",
            "opened_at": _moment(at),
            "state": state,
            "score": score,
            "decision": "impersonation",
            "verdict_id": number,
            "items": 0,
            "last_seen": _moment(at),
            "priority": score,
            "judged_at": _moment(judged_at) if state in ACTIONS else None,
            "log_head": head,
        }
    )
    _told(rows, case, at)


def _told(rows: Rows, case: int, at: datetime) -> None:
    due, sent = at + timedelta(seconds=30), at + timedelta(seconds=31)
    delivery = f"msg_{case:026}"
    rows["alert_intents"].append(
        {
            "id": case,
            "case_id": case,
            "reason": "first",
            "state": "routed",
            "count": 1,
            "created_at": _moment(at),
            "due_at": _moment(due),
            "settled_at": _moment(sent),
        }
    )
    rows["deliveries"].append(
        {
            "id": delivery,
            "intent_id": case,
            "receiver": "soc",
            "payload": _PAYLOAD,
            "state": "sent",
            "attempts": 1,
            "created_at": _moment(due),
            "next_at": _moment(due),
            "settled_at": _moment(sent),
        }
    )
    rows["attempts"].append(
        {"id": case, "delivery_id": delivery, "at": _moment(sent), "ok": 1, "status": 200, "detail": "answered 200"}
    )


def _moment(value: datetime) -> str:
    """Write a time as both databases read it: UTC, as SQLAlchemy stores it in SQLite."""
    return value.strftime("%Y-%m-%d %H:%M:%S.%f")


_TABLES = (  # those that are pointed at come first
    "items",
    "item_versions",
    "sightings",
    "verdicts",
    "cases",
    "case_items",
    "case_sources",
    "case_log",
    "alert_intents",
    "deliveries",
    "attempts",
)


class _Writer:
    """Writes rows in bulk: COPY, or INSERT without waiting for the disk."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"

    def __enter__(self) -> "_Writer":
        if self._sqlite:
            assert self._engine.url.database
            self._file = sqlite3.connect(self._engine.url.database)
            self._file.execute("PRAGMA synchronous = OFF")
            self._file.execute("PRAGMA cache_size = -500000")
        else:
            self._raw: Any = self._engine.raw_connection()
            raw: Any = self._raw  # psycopg's, which is more than DBAPI promises
            with raw.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")  # nothing points at nothing; not asked
                cursor.execute("SET TIME ZONE 'UTC'")
        return self

    def write(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Append rows to a table; all of them have the same columns."""
        if not rows:
            return
        names = list(rows[0])
        columns = ", ".join(f'"{name}"' for name in names)
        values: Iterator[Row] = (tuple(row[name] for name in names) for row in rows)
        if self._sqlite:
            marks = ", ".join("?" * len(names))
            self._file.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)
            self._file.commit()
            return
        raw: Any = self._raw
        with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)
        self._raw.commit()

    def __exit__(self, *failed: object) -> None:
        if self._sqlite:
            with closing(self._file):
                self._file.execute("ANALYZE")
                self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        self._raw.invalidate()  # its triggers are off
        with self._engine.begin() as connection:
            for table in _TABLES:
                if "id" in Base.metadata.tables[table].c and table != "deliveries":
                    sequence = f"pg_get_serial_sequence('{table}', 'id')"
                    connection.execute(text(f"SELECT setval({sequence}, (SELECT coalesce(max(id), 1) FROM {table}))"))
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def main() -> None:
    """Fill a database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--again", type=int, default=0, help="further sightings of each item")
    parser.add_argument("--database", required=True, metavar="URL", help="sqlite:///FILE or postgresql+psycopg://…")
    chosen = parser.parse_args()
    engine = open_engine(chosen.database)
    upgrade(engine)
    began = time.monotonic()
    fill(engine, chosen.items, again=chosen.again)
    print(f"{stored_items(engine)} items in {time.monotonic() - began:.0f} s")
    engine.dispose()


if __name__ == "__main__":
    main()

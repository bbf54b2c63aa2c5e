"""A store as the program of each released revision left it: a row in every table that there was, in every column.

Rows are written past the models, since those know the newest schema only; a table or column that a revision does not
have yet is left out. What is written at one revision hangs together, and names nothing that was written before.
"""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, column, insert, inspect, select, table, text

from storage.case_log import computed
from storage.custody import ZEROS, Entry
from storage.schema import Base, CaseLog

Rows = dict[str, dict[tuple[Any, ...], dict[str, Any]]]  # by table, by primary key

AT = datetime(2026, 9, 30, 23, 59, 59, 999999, tzinfo=UTC)
HOSTILE = "星野\x00\ud800\u202e\r\n%s :x \\escaped:"
STATES = ("open", "confirmed", "dismissed", "snoozed")
LATER_STATES = (*STATES, "takedown", "down", "relapsed", "closed")
LIFECYCLE, ALERTS, NOTICES = 7, 9, 12  # revisions that know more states and more reasons to tell


class Store:
    """One database, at a revision."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.number = number  # of the revision
        self.at = AT + number * timedelta(days=3)
        every = inspect(connection).get_multi_columns()
        self._columns = {str(name): {one["name"] for one in columns} for (_, name), columns in every.items()}

    def digest(self, name: str) -> str:
        """Return a digest that nothing else has."""
        return sha256(f"{self.number} {name}".encode()).hexdigest()

    def has(self, name: str) -> bool:
        """Say whether the revision has a table."""
        return name in self._columns

    def write(self, name: str, /, **values: Any) -> Any:
        """Write one row, as far as the revision has its table and columns; return the first part of its key."""
        if not self.has(name):
            return None
        model = Base.metadata.tables[name]
        known = {key: value for key, value in values.items() if key in self._columns[name]}
        there = table(name, *(column(one.name, one.type) for one in model.columns))
        key = next(iter(model.primary_key.columns)).name
        return self.connection.execute(insert(there).values(known).returning(there.c[key])).scalar_one()

    def last(self, name: str, wanted: str, order: str) -> Any:
        """Return a value of the last row of a table."""
        model = Base.metadata.tables[name]
        query = select(model.c[wanted]).order_by(model.c[order].desc()).limit(1)
        return self.connection.execute(query).scalar()


def fill(connection: Connection, number: int) -> None:
    """Write a row into every table, as the program of a revision did."""
    store = Store(connection, number)
    ids = _seen(store)
    _cases(store, ids)
    _campaigns(store, ids)
    _alerts(store, ids)
    _proof(store, ids)
    _notices(store, ids)
    _board(store)


def _seen(store: Store) -> dict[str, Any]:
    n, at = store.number, store.at
    run = store.write(
        "runs", source="tips", slice="1/2", round_at=at, started_at=at, finished_at=at, outcome="ok", counts={"n": n}
    )
    store.write(
        "fetch_states", source="tips", identity=store.digest("fetch"), url=HOSTILE, etag='W/"1"', last_modified=HOSTILE,
        judged_by="judge", saved_at=at,
    )  # fmt: skip
    store.write("cursors", source="ct", identity=store.digest("log"), name=HOSTILE, value="17", saved_at=at)
    store.write("registrations", domain=f"s{n}.test", asked_at=at, facts={"n": n}, answer=store.digest("answer"))
    store.write(
        "contacts", kind="network", identity=store.digest("ip"), subject=HOSTILE, asked_at=at, facts={"n": n},
        answer=store.digest("told"),
    )  # fmt: skip
    store.write("host_turns", host=f"s{n}.test", free_at=at, delay=0.5, wanted_until=at, paused_until=at)
    item = store.write(
        "items", identity=store.digest("item"), kind="ad", platform="meta", external_id=HOSTILE, recorded_at=at
    )
    content = {
        "id": HOSTILE,
        "kind": "ad",
        "platform": "meta",
        "advertiser": {"id": f"a{n}", "name": HOSTILE},
        "links": [f"https://s{n}.test/"],
        "images": ["https://s.test/a.jpg"],
    }
    version = store.write(
        "item_versions", item_id=item, fingerprint=store.digest("version"), content=content, recorded_at=at
    )
    picture = store.write(
        "pictures", sha256=store.digest("picture"), mime="image/png", bytes=2**40, width=1, height=2, hash={"p": "0"},
        rendition=store.digest("rendition"), refused=HOSTILE, saved_at=at,
    )  # fmt: skip
    store.write("version_pictures", version_id=version, number=0, reference=HOSTILE, sha256=picture)
    for publisher in (f"https://news{n}.example/a", HOSTILE):
        store.write(
            "sightings", item_id=item, version_id=version, run_id=run, source="tips", visitor="phone",
            publisher_url=publisher, seen_at=at, recorded_at=at,
        )  # fmt: skip
    verdict = store.write(
        "verdicts", version_id=version, brand="hoshino", judged_by="judge", policy="2026.1", score=0.1 + 0.2,
        decision="impersonation", evidence=[], judged_at=at,
    )  # fmt: skip
    return {"item": item, "version": version, "verdict": verdict}


def _cases(store: Store, ids: dict[str, Any]) -> None:
    n, at = store.number, store.at
    known = LATER_STATES if n >= LIFECYCLE else STATES
    for place, state in enumerate((known[n % len(known)], "duplicate" if n >= LIFECYCLE else "open")):
        last: Any = ZEROS
        entries = []
        for number, action in enumerate(
            ("opened", {"dismissed": "dismiss", "confirmed": "confirm"}.get(state, "note"))
        ):
            entry = CaseLog(
                case_id=0, at=at + number * timedelta(hours=1), who="青木", action=action, reason="reseller",
                note=HOSTILE, data={"items": [ids["item"]]}, previous=last,
            )  # fmt: skip
            entries.append(entry)
        case = store.write(
            "cases", identity=store.digest(f"case {place}"), brand="hoshino", campaign=f"host:s{n}-{place}.test",
            title=HOSTILE, opened_at=at, state=state, snoozed_until=at if state == "snoozed" else None,
            assignee="aki", score=0.1 + 0.2, decision="impersonation", verdict_id=ids["verdict"],
            items=1 - place, last_seen=at, priority=0.5, harm="high", due_at=at, escalated_at=at, judged_at=at,
            merged_into=ids["case 0"] if state == "duplicate" else None,
            suppressed_until=at, takedown_asked="ren", tags=[HOSTILE], held=True, log_head=None,
            sightings=2, publishers=1, harm_seen="high", harm_set="low", waiting_since=at,
            judge_within=3600, due_set=at,
        )  # fmt: skip
        ids[f"case {place}"] = case
        for entry in entries:
            entry.case_id, entry.previous = case, last
            entry.hash = last = computed(entry)
            names = (one.name for one in Base.metadata.tables["case_log"].columns if one.name != "id")
            ids["log"] = store.write("case_log", **{name: getattr(entry, name) for name in names})
        if n >= LIFECYCLE:
            cases = table("cases", column("id"), column("log_head"))
            store.connection.execute(cases.update().where(cases.c.id == case).values(log_head=last))
    store.write(
        "case_items", case_id=ids["case 0"], item_id=ids["item"], version_id=ids["version"], verdict_id=ids["verdict"],
        added_at=at, counted=2,
    )  # fmt: skip
    store.write("case_sources", case_id=ids["case 0"], source="tips", kind="ad", publisher=f"news{n}.example")
    store.write(
        "register_entries", brand="hoshino", who="reseller", scope=f"domain:s{n}.test", until=date(2027, 3, 31),
        note=HOSTILE, case_id=ids["case 0"], log_id=ids["log"], added_by="aki", added_at=at, removed_by="ren",
        removed_at=at,
    )  # fmt: skip
    store.write("saved_views", name=f"view {n}", filters={"n": n}, saved_by=HOSTILE, saved_at=at)


def _campaigns(store: Store, ids: dict[str, Any]) -> None:
    n, at = store.number, store.at
    key = store.write(
        "campaign_keys", identity=store.digest("key"), brand="hoshino", kind="text", value=HOSTILE, cases=1, parted=2
    )
    store.write("campaign_bands", band=n, key_id=key)
    store.write("item_keys", item_id=ids["item"], key_id=key, strong=False)
    store.write("case_keys", key_id=key, case_id=ids["case 0"], item_id=ids["item"], strong=True)
    store.write(
        "case_joins", case_id=ids["case 0"], item_id=ids["item"], joined_by="key", key_id=key, with_item=ids["item"],
        likeness=0.7, at=at,
    )  # fmt: skip
    store.write(
        "case_pairs", low=ids["case 0"], high=ids["case 1"], state="apart", item_id=ids["item"], key_id=key, at=at,
        who=HOSTILE,
    )  # fmt: skip


def _alerts(store: Store, ids: dict[str, Any]) -> None:
    n, at = store.number, store.at
    silence = store.write(
        "alert_silences", created_at=at, created_by=HOSTILE, reason=HOSTILE, matches={"brand": "hoshino"},
        ends_at=at + timedelta(days=1), expired_at=at, expired_by=HOSTILE, woken_at=at,
    )  # fmt: skip
    reasons = ["first", "repeat"]
    if n >= ALERTS:
        reasons += ["escalated", "relapsed", "digest"]
    if n >= NOTICES:
        reasons += ["notice"]
    for reason in reasons:
        waits = reason == "first"
        routed = n >= ALERTS and not waits
        intent = store.write(
            "alert_intents", case_id=None if reason == "digest" else ids["case 0"], reason=reason,
            state="pending" if waits else "routed", count=3, created_at=at, due_at=at, settled_at=None if waits else at,
            suppressed_by=ids["log"], note=HOSTILE, route="team" if routed else None, fold=HOSTILE if routed else None,
            news_at=at, pressing=True, held="quiet", released_at=at, told_in=None, silence_id=silence, repeat_at=at,
            escalate_at=at,
        )  # fmt: skip
        ids[reason] = intent
    if n >= ALERTS:
        store.write(
            "alert_intents", case_id=ids["case 1"], reason="new_items", state="routed", count=1, created_at=at,
            due_at=at, settled_at=at, route="team", told_in=ids["digest"],
        )  # fmt: skip
    message = store.write(
        "deliveries", id=f"msg_{n:026}", intent_id=ids["first"], receiver="desk", payload=HOSTILE, state="sent",
        attempts=2, created_at=at, next_at=at, leased_by="me", leased_until=at, settled_at=at,
    )  # fmt: skip
    store.write("attempts", delivery_id=message, at=at, ok=True, status=200, detail=HOSTILE)
    store.write(
        "receiver_states", key=f"desk {n}", disabled_at=at, reason=HOSTILE, last_ok_at=at, last_failed_at=at,
        last_error=HOSTILE, failing_since=at, paused_until=at,
    )  # fmt: skip


def _proof(store: Store, ids: dict[str, Any]) -> None:
    n, at = store.number, store.at
    when = at.isoformat()
    hop = {"how": "start", "at": when, "seconds": 0.5}
    visit = {
        "url": HOSTILE,
        "visitor": "phone",
        "started_at": when,
        "hops": [{"url": f"https://s{n}.test/", **hop}, {"url": f"https://end{n}.test/\ud800#top", **hop}],
        "landing": None,
        "outcome": "offer_seen",
        "says": HOSTILE,
    }
    store.write(
        "visits", case_id=ids["case 0"], url=HOSTILE, link_digest=store.digest("link"), end_digest=store.digest("end"),
        visitor="phone", started_at=at, outcome="offer_seen", visit=visit,
    )  # fmt: skip
    manifest = store.digest("manifest")
    if store.has("custody"):
        row = Entry(
            number=(store.last("custody", "number", "number") or 0) + 1, at=at, who="青木", action="visit",
            subject=HOSTILE, manifest=manifest, tool="mekiki 0", data={"n": n},
            previous=store.last("custody", "hash", "number") or ZEROS, hash="",
        )  # fmt: skip
        fields = {name: getattr(row, name) for name in Entry.__dataclass_fields__}
        store.write("custody", **{**fields, "hash": row.computed()})
    store.write(
        "stamps", manifest=manifest, authority="https://tsa.example/", wanted_at=at, attempts=1, next_at=None,
        problem=HOSTILE, token=store.digest("token"), stamped_at=at,
    )  # fmt: skip
    store.write("stamps", manifest=manifest, authority="https://b.example/", wanted_at=at, attempts=1, next_at=at)


def _notices(store: Store, ids: dict[str, Any]) -> None:
    n, at = store.number, store.at
    previous = None
    for state in ("draft", "information_requested"):
        previous = store.write(
            "notices", reference=f"MK-{n}-{state}", case_id=ids["case 0"], channel="hosts", language="ja",
            actor="host:hosts.example", subject=HOSTILE, targets=[HOSTILE], links=[HOSTILE], previous_id=previous,
            state=state,
            state_at=at, drafted_at=at, drafted_by=HOSTILE, approved_at=at, approved_by=HOSTILE, sending_at=at,
            filed_at=at, filed_by=HOSTILE, manifest=store.digest("notice"), message_id=HOSTILE, lost_at=at,
            their_reference=HOSTILE, answered_at=at, refused_for=HOSTILE, due_at=at, reminded_at=at, down_at=at,
            down_by=HOSTILE, gone_by="host", back_at=at, settled_at=at, content={"n": n},
        )  # fmt: skip
    store.write(
        "notice_replies", notice_id=previous, digest=store.digest("reply"), received_at=at, recorded_at=at,
        recorded_by=HOSTILE, sender=HOSTILE, subject=HOSTILE, text=HOSTILE, matched_by="person", suggests="refused",
    )  # fmt: skip


def _board(store: Store) -> None:
    n, at = store.number, store.at
    store.write("accounts", login=f"aki{n}", role="analyst", password="$argon2id$", created_at=at, disabled_at=at,
                subject=HOSTILE)  # fmt: skip
    store.write("board_sessions", key=store.digest("cookie"), login="aki", means="oidc", token="t", began_at=at,
                seen_at=at)  # fmt: skip
    store.write("sign_in_failures", key=f"{HOSTILE}{n}", count=3, last_at=at)
    store.write("denials", who="aki", action=f"{n}", why="role", told_at=at, more=3)
    store.write(
        "answered", login="aki", key=f"{n}", request=store.digest("request"), at=at, status=200, body=HOSTILE,
        headers={"Location": HOSTILE},
    )  # fmt: skip


def contents(connection: Connection) -> Rows:
    """Return everything that is in a database, as the driver gives it; sightings once, not by month."""
    rows: Rows = {}
    for name in inspect(connection).get_table_names():
        if name == "alembic_version" or name.startswith("sightings_"):
            continue
        keys = [key.name for key in Base.metadata.tables[name].primary_key.columns]
        read = connection.execute(text(f"SELECT * FROM {name}")).mappings().all()
        rows[name] = {tuple(row[key] for key in keys): dict(row) for row in read}
    return rows

"""What is older than the configured days is in no file any more; what a case needs, or the law, stays."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select

from detector.items import Advertiser, Item, Text
from storage.case_log import log_faults
from storage.cases import Judgement, case_detail, judge, list_cases
from storage.custody import append, chain, check_chain
from storage.database import snapshot, transaction
from storage.evidence import keep_file, keep_manifest
from storage.media import MediaStore
from storage.merging import merge
from storage.notices import add_reply, history, notices_of, set_state
from storage.outbox import NewDelivery, Outcome, claim_deliveries, pending_intents, record_outcomes, route_intents
from storage.pictures import PictureRecord, known_picture, save_picture
from storage.retention import BATCH, STRETCH, Keep, Pruned, compact, prune
from storage.schema import (
    CampaignBand,
    CampaignKeyRow,
    CasePair,
    ItemRow,
    ItemVersion,
    Picture,
    Sighting,
    VerdictRow,
    VisitRow,
)
from storage.verification import Verification
from storage.views import CaseFilters
from tests.storage.examples import a_verdict, an_item, count, see
from tests.storage.noticed import a_reply, draft, send

CANARY = "kanarienvogel7f3a"
DAY = timedelta(days=1)
OLD = datetime.now(UTC) - 100 * DAY  # files carry the machine's time
NOW = OLD + 100 * DAY + timedelta(hours=2)
KEEP = Keep(items=30 * DAY, pictures=30 * DAY, visits=30 * DAY)


@pytest.fixture
def media(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media")


def a_canary(number: int, name: str = CANARY) -> Item:
    """Return an ad with the word in all of its texts; host and account, by which a case is known again, are without."""
    return an_item(
        number,
        host=f"hoshino-{name[:1]}{number}.test",
        id=f"{name}-{number}",
        advertiser=Advertiser(id=f"{name[:1]}{number}", name=f"{name} {number}"),
        texts=(Text(role="body", text=f"{name} says {number}"),),
        publisher_url=f"https://news.example/{name}/{number}",
        raw={"x": name},
    )


def seen(
    engine: Engine, media: MediaStore, number: int, name: str = CANARY, *, flagged: bool, at: datetime = OLD
) -> int:
    """Record an item with a picture of its own; return its case, or 0."""
    item = a_canary(number, name)
    picture = PictureRecord(
        sha256=media.put(f"picture {name} {number}".encode()),
        mime="image/png",
        bytes=1,
        width=1,
        height=1,
        hash=None,
        rendition=media.put(f"rendition {name} {number}".encode()),
    )
    with transaction(engine) as session:
        save_picture(session, picture, at)
    verdict = a_verdict(item) if flagged else a_verdict(item, score=0.2, decision="mention")
    recorded = see(engine, item, verdict, at=at, pictures={item.images[0]: picture.sha256})
    return recorded.cases[0] if flagged else 0


def tell(engine: Engine, name: str = CANARY) -> None:
    """Send what is due."""
    with transaction(engine) as session:
        for intent in pending_intents(session, NOW):
            route_intents(session, {intent.id: [NewDelivery(receiver="soc", payload=f'{{"says": "{name}"}}')]}, OLD)
        for claimed in claim_deliveries(session, now=NOW, limit=99, lease=DAY, worker="w"):
            record_outcomes(session, [Outcome(delivery_id=claimed.id, at=OLD, ok=True, status=200, detail="ok")])


def dismiss(engine: Engine, case: int, at: datetime = OLD) -> None:
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aiko", action="dismiss", reason="reseller"), now=at)


def pruned(engine: Engine, media: MediaStore, keep: Keep = KEEP, *, dry_run: bool = False) -> Pruned:
    return prune(engine, media, keep, who="aiko", now=NOW, dry_run=dry_run)


def words_on_disk(folder: Path, word: str) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]
    return [str(path.relative_to(folder)) for path in found]


def test_of_an_item_in_no_case_nothing_is_left(engine: Engine, media: MediaStore) -> None:
    seen(engine, media, 1, flagged=False)
    assert pruned(engine, media, dry_run=True).items == 1
    assert count(engine, ItemRow) == 1
    done = pruned(engine, media)
    assert (done.items, done.emptied, done.files) == (1, 0, 2)
    assert [count(engine, table) for table in (ItemRow, ItemVersion, Sighting, VerdictRow, Picture)] == [0] * 5
    assert pruned(engine, media) == Pruned()
    assert see(engine, a_canary(1), at=NOW).new


def test_of_a_settled_case_the_words_go_and_the_log_stays_whole(engine: Engine, media: MediaStore) -> None:
    case = seen(engine, media, 1, flagged=True)
    tell(engine)
    dismiss(engine, case)
    assert pruned(engine, media, dry_run=True).emptied == 1
    assert pruned(engine, media).emptied == 1
    with snapshot(engine) as session:
        detail = case_detail(session, case, now=NOW)
        listed = list_cases(session, CaseFilters(states=("dismissed",)), now=NOW)
    assert [one.id for one in listed] == [case]
    assert CANARY not in str((detail.title, detail.items, detail.deliveries))
    assert [entry.action for entry in detail.log][:2] == ["opened", "dismiss"]
    assert list(log_faults(engine)) == []
    assert pruned(engine, media) == Pruned()
    again = see(engine, a_canary(1), at=NOW)
    assert again.new
    assert again.flagged


@pytest.mark.parametrize("state", ["open", "confirmed", "held", "touched lately", "seen lately"])
def test_a_case_that_matters_keeps_everything(engine: Engine, media: MediaStore, state: str) -> None:
    case = seen(engine, media, 1, flagged=True)
    if state == "confirmed":
        with transaction(engine) as session:
            judge(session, case, Judgement(who="aiko", action="confirm"), now=OLD)
    if state == "held":
        dismiss(engine, case)
        with transaction(engine) as session:
            judge(session, case, Judgement(who="aiko", action="hold", note="case 7 Ja 12"), now=OLD)
    if state == "touched lately":
        dismiss(engine, case, NOW - DAY)
    if state == "seen lately":
        dismiss(engine, case)
        see(engine, a_canary(1), at=NOW - DAY)
    done = pruned(engine, media)
    assert (done.items, done.emptied, done.pictured, done.files) == (0, 0, 0, 0)
    assert done.held == (state == "held")
    with snapshot(engine) as session:
        detail = case_detail(session, case, now=NOW)
    assert detail.items[0].item == a_canary(1)
    if state != "seen lately":  # then without its picture
        assert media.read(detail.items[0].pictures[0].sha256) == f"picture {CANARY} 1".encode()


def test_a_picture_that_another_item_shows_stays(engine: Engine, media: MediaStore) -> None:
    seen(engine, media, 1, flagged=False)
    shown = media.put(f"picture {CANARY} 1".encode())
    see(engine, a_canary(2), a_verdict(a_canary(2), score=0.2, decision="mention"), at=NOW, pictures={"a.jpg": shown})
    assert pruned(engine, media).items == 1
    with snapshot(engine) as session:
        assert known_picture(session, shown)
    assert media.read(shown)


def test_pictures_may_go_before_the_words(engine: Engine, media: MediaStore) -> None:
    seen(engine, media, 1, flagged=False)
    done = pruned(engine, media, Keep(pictures=30 * DAY))
    assert (done.items, done.pictured, done.files) == (0, 1, 2)
    assert (count(engine, ItemRow), count(engine, Picture)) == (1, 0)


def visited(engine: Engine, media: MediaStore, case: int | None, number: int) -> str:
    """Keep a visit with its evidence; return the manifest."""
    file = keep_file(media, "page", f"{CANARY} landing {number}".encode())
    url = f"https://{CANARY}{number}.test/lp"
    with transaction(engine) as session:
        manifest = keep_manifest(
            media, action="visit", subject="a link", at=OLD, files=[file], facts={"url": url, "evidence": None}
        )
        append(session, at=OLD, who="mekiki", action="visit", subject="a link", manifest=manifest)
        visit = {"url": url, "evidence": manifest}
        session.add(VisitRow(case_id=case, url=url, visitor="pc", started_at=OLD, outcome="gone", visit=visit))
    return manifest


def test_visits_go_with_their_evidence_and_the_chain_says_so(engine: Engine, media: MediaStore) -> None:
    settled, mattering = seen(engine, media, 1, flagged=True), seen(engine, media, 2, "other", flagged=True)
    dismiss(engine, settled)
    gone = [visited(engine, media, settled, 1), visited(engine, media, None, 2)]
    kept = visited(engine, media, mattering, 3)
    done = pruned(engine, media, Keep(visits=30 * DAY))
    assert (done.visits, done.files) == (2, 4)
    assert [media.path(manifest).exists() for manifest in (*gone, kept)] == [False, False, True]
    assert list(check_chain(chain(engine))) == []
    entry = list(chain(engine))[-1]
    assert (entry.action, entry.who, set(gone) < set(entry.data["files"])) == ("purge", "aiko", True)
    verification = Verification(engine, media, check_warc=lambda stream: (0, ()))
    assert list(verification.findings()) == []
    assert verification.counts["purged"] == 2
    media.path(kept).unlink()
    assert len(list(verification.findings())) >= 1  # what nobody removed on purpose is still missed


def test_what_a_killed_run_left_in_the_media_store_is_removed_by_the_next(
    engine: Engine, media: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen(engine, media, 1, flagged=False)
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        pruned(engine, media)
    monkeypatch.undo()
    assert len(words_on_disk(media.root, CANARY)) == 2
    assert pruned(engine, media).files == 2
    assert words_on_disk(media.root, CANARY) == []


def test_a_file_that_was_stored_again_just_now_stays(engine: Engine, media: MediaStore) -> None:
    seen(engine, media, 1, flagged=False)
    path = media.path(media.put(f"picture {CANARY} 1".encode()))
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    assert pruned(engine, media).files == 1
    assert path.exists()


def test_after_pruning_the_words_are_in_no_file(engine: Engine, media: MediaStore, tmp_path: Path) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("the files of PostgreSQL are the server's")
    for number in range(30):
        seen(engine, media, number, flagged=False)
    case = seen(engine, media, 99, flagged=True)
    tell(engine)
    asked(engine, media, case)
    dismiss(engine, case)
    seen(engine, media, 1, "stays", flagged=True)
    visited(engine, media, case, 1)
    assert words_on_disk(tmp_path, CANARY)
    pruned(engine, media)
    assert words_on_disk(tmp_path, CANARY)  # in pages that are free, and in the write-ahead log
    compact(engine)
    assert words_on_disk(tmp_path, CANARY) == []
    assert words_on_disk(tmp_path, "stays")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def asked(engine: Engine, media: MediaStore, case: int, name: str = CANARY) -> dict[str, str]:
    """File a notice with a file and have it answered; return where its files are."""
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aiko", action="confirm"), now=OLD)
        judge(session, case, Judgement(who="aiko", action="takedown", approvers=()), now=OLD)
    shot, answer = media.put(f"{name} shot".encode()), media.put(f"{name} answers".encode())
    sent = keep_file(media, "message", f"{name} is sent".encode())
    files = [{"name": "1.png", "kind": "screenshot", "sha256": shot, "bytes": 9}]
    words = {"subject": name, "targets": [name], "title": name, "body": name}
    number = draft(engine, case, now=OLD, attachments=files, **words)  # type: ignore[arg-type]
    with transaction(engine) as session:
        manifest = keep_manifest(media, action="notice", subject="one", at=OLD, files=[sent], facts={"notice": number})
        append(session, at=OLD, who="aiko", action="notice", subject="one", manifest=manifest)
    send(engine, number, now=OLD, manifest=manifest)
    with transaction(engine) as session:
        reply = a_reply(answer, received_at=OLD, sender=name, subject=name, text=name)
        add_reply(session, number, reply, who="aiko", now=OLD, due=DAY)
        set_state(session, number, "refused", who="aiko", now=OLD, due=DAY, note="no")
    return {"shot": shot, "answer": answer, "sent": sent.address, "manifest": manifest}


@pytest.mark.parametrize("state", ["takedown", "closed", "held", "closed part of one in takedown"])
def test_notices_go_with_their_case_and_stay_with_it(engine: Engine, media: MediaStore, state: str) -> None:
    case = seen(engine, media, 1, "hoshinofake", flagged=True)
    files = asked(engine, media, case)
    with transaction(engine) as session:
        if state != "takedown":
            judge(session, case, Judgement(who="aiko", action="close"), now=OLD)
        if state == "held":
            judge(session, case, Judgement(who="aiko", action="hold"), now=OLD)
    if state.startswith("closed part"):
        whole = seen(engine, media, 2, "other", flagged=True)
        with transaction(engine) as session:
            judge(session, whole, Judgement(who="aiko", action="confirm"), now=OLD)
            judge(session, case, Judgement(who="aiko", action="reopen"), now=OLD)
            merge(session, [whole, case], who="aiko", now=OLD)
    goes = state == "closed"
    assert pruned(engine, media, dry_run=True).notices == goes
    done = pruned(engine, media)
    assert done.notices == goes
    assert {name for name, address in files.items() if media.path(address).exists()} == (set() if goes else set(files))
    with snapshot(engine) as session:
        [view] = notices_of(session, case)
        assert (CANARY in str(view)) is not goes
        assert (view.state, view.filed_at, view.answered_at) == ("refused", OLD, OLD), "what happened stays"
        assert [step.step for step in history(session, case)][-1] == "refused"
    assert list(log_faults(engine)) == []
    assert pruned(engine, media).notices == 0


def test_a_file_that_another_notice_needs_stays(engine: Engine, media: MediaStore) -> None:
    gone, kept = seen(engine, media, 1, "one", flagged=True), seen(engine, media, 2, "two", flagged=True)
    files = [asked(engine, media, case) for case in (gone, kept)]
    with transaction(engine) as session:
        judge(session, gone, Judgement(who="aiko", action="close"), now=OLD)
    assert pruned(engine, media).notices == 1
    assert files[0]["shot"] == files[1]["shot"]
    assert all(media.path(address).exists() for address in files[1].values())


def test_all_that_is_too_old_is_found_however_the_numbers_lie(engine: Engine, media: MediaStore) -> None:
    few = [1, 2, 3, STRETCH, STRETCH + 1, 3 * STRETCH, 40 * STRETCH + 7, 10**9]
    rows = [*few, *range(5 * STRETCH, 5 * STRETCH + 2 * BATCH + 1)]
    young = 6 * STRETCH
    with transaction(engine) as session:
        for number in (*rows, young):
            at = NOW if number == young else OLD
            session.add(
                ItemRow(
                    id=number,
                    kind="ad",
                    platform="",
                    external_id=str(number),
                    identity=f"{number:064x}",
                    recorded_at=at,
                )
            )
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    assert pruned(engine, media, Keep(items=30 * DAY)).items == len(rows)
    asked = [one for one in statements if one.startswith("SELECT items.id") and "LIMIT" in one]
    assert 0 < len(asked) < 60
    with snapshot(engine) as session:
        assert list(session.scalars(select(ItemRow.id))) == [young]


def test_a_key_that_only_a_pair_of_cases_names_stays_and_others_go(engine: Engine, media: MediaStore) -> None:
    cases = [seen(engine, media, number, f"{number}x", flagged=True) for number in (1, 2)]
    with transaction(engine) as session:
        keys = [
            CampaignKeyRow(identity=f"{number:064x}", brand="hoshino", kind="text", value=str(number), cases=0)
            for number in (1, 2)
        ]
        session.add_all(keys)
        session.flush()
        session.add(CampaignBand(band=7, key_id=keys[1].id))
        session.add(CasePair(low=cases[0], high=cases[1], state="apart", key_id=keys[0].id, at=OLD, who="aiko"))
        kept, loose = (key.id for key in keys)
    pruned(engine, media)
    with snapshot(engine) as session:
        assert session.get(CampaignKeyRow, kept) is not None
        assert session.get(CampaignKeyRow, loose) is None

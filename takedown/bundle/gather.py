"""Gather: from the story of a case, the files and records of its bundle, all read in one state of the database."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from detector.visits import Visit
from storage.case_views import CaseItemView
from storage.custody import Head
from storage.media import MediaStore
from storage.merging import family
from storage.retention import removed_files
from storage.schema import StampRow
from storage.visits import FIRST, visits_of
from takedown.bundle import records
from takedown.bundle.contents import Contents, Stamp
from takedown.story import Story

MOST_ITEMS = 2000  # of a case that go into its bundle, best first
MOST_VISITS = 500  # the latest journeys, besides the first ones
_OWN = {b"%PDF-": ".pdf"}  # papers of the rights holder that went with a notice; everything else ends in .bin


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a bundle is made of."""

    contents: Contents
    cases: tuple[int, ...]  # the case and those that became a part of it
    visits: tuple[Visit, ...]  # newest first
    visits_cut: bool  # there may be more
    screenshots: Mapping[str, str]  # SHA-256 of a visit's manifest -> of its screenshot as it was drawn
    item_count: int  # of the case
    items: int  # that are in the bundle
    stamps: tuple[Stamp, ...]  # by manifest
    head: Head  # of the custody chain
    log_heads: Mapping[str, str | None]
    rows: int  # of custody that are about this case


def gather(session: Session, media: MediaStore, story: Story, work: Path) -> Gathered:
    """Collect everything that proves a case.

    Args:
        session: the one in which the story was told (`storage.database.snapshot`).
        media: the store.
        story: of the case.
        work: an empty private folder, for the records.
    """
    case_id = story.case.id
    cases = tuple(family(session, case_id))
    contents = Contents(media, frozenset(removed_files(session)))
    visits = visits_of(session, case_id, most=MOST_VISITS)
    screenshots: dict[str, str] = {}
    manifests = list(dict.fromkeys(visit.evidence for visit in reversed(visits) if visit.evidence))
    for manifest in manifests:
        says = contents.add_manifest(manifest)
        for one in (says or {}).get("files", ()):
            if one["role"] == "screenshot":
                screenshots[manifest] = one["sha256"]
    sent = [notice.manifest for notice in story.left if notice.manifest]
    for manifest in sent:
        contents.add_manifest(manifest, folder="notices")
    items = _add_items(session, contents, case_id, work)
    _add_notices(session, contents, story, work)
    entries, head = records.custody_of(session, {*manifests, *sent}, cases)
    for entry in entries:
        if entry.action == records.BUNDLE and entry.manifest is not None:
            contents.add_manifest(entry.manifest)
    stamps = tuple(_stamps(session, contents, [*manifests, *sent]))
    _add_answers(contents, story)
    for name, lines in (
        ("visits", reversed(visits)),
        ("custody", records.custody_lines(session, entries, head)),
        ("case_log", records.log_lines(session, cases)),
    ):
        records.write_lines(work / name, lines)
        contents.add_made(f"{name}.jsonl", work / name, "record")
    return Gathered(
        contents=contents,
        cases=cases,
        visits=visits,
        visits_cut=len(visits) >= MOST_VISITS + FIRST,
        screenshots=screenshots,
        item_count=records.count_items(session, case_id),
        items=items,
        stamps=stamps,
        head=head,
        log_heads=records.log_heads(session, cases),
        rows=len(entries),
    )


def _add_items(session: Session, contents: Contents, case_id: int, work: Path) -> int:
    """Write items, verdicts and which picture of an item is which file; put in these pictures. Return how many."""
    count = 0
    with (
        (work / "items").open("wb") as items,
        (work / "verdicts").open("wb") as verdicts,
        (work / "pictures").open("wb") as pictures,
    ):
        for view in records.items_of(session, case_id, most=MOST_ITEMS):
            items.write(records.line(view.item))
            verdicts.write(records.line(view.verdict))
            pictures.writelines(map(records.line, _pictures(contents, view)))
            count += 1
    for name in ("items", "verdicts", "pictures"):
        contents.add_made(f"{name}.jsonl", work / name, "record")
    return count


def _pictures(contents: Contents, view: CaseItemView) -> Iterator[dict[str, Any]]:
    for picture in view.pictures:
        of = f"item {view.item_id}"
        original = contents.add_stored(picture.sha256, "original", "pictures", of=of, ending=".bin")
        shown = None
        if picture.rendition is not None:
            shown = contents.add_stored(picture.rendition, "shown", "pictures", of=of)
        yield {
            "item": view.item.id,
            "reference": picture.reference,
            "sha256": picture.sha256,
            "file": original,
            "shown": shown,
            "width": picture.width,
            "height": picture.height,
        }


def _add_notices(session: Session, contents: Contents, story: Story, work: Path) -> None:
    """Put in notices that left, what went with them, and what came back."""
    replies = defaultdict(list)
    for reply in records.replies_of(session, story.left):
        replies[reply.notice_id].append(reply)
    records.write_lines(work / "notices", records.notice_lines(story.left, replies))
    contents.add_made("notices.jsonl", work / "notices", "record")
    for notice in story.left:
        of = f"notice {notice.reference}"
        for one in notice.content.get("attachments", ()):
            address = str(one["sha256"])
            ending = next((ending for magic, ending in _OWN.items() if _begins(contents, address, magic)), ".bin")
            contents.add_stored(address, "attachment", "notices", of=of, ending=ending)
        for reply in replies[notice.id]:
            contents.add_stored(reply.digest, "reply", "notices", of=of, ending=".eml.txt")


def _begins(contents: Contents, address: str, magic: bytes) -> bool:
    return contents.head_of(address, len(magic)) == magic


def _add_answers(contents: Contents, story: Story) -> None:
    """Put in what registries and hosts answered when they were asked who is responsible."""
    told: Sequence[tuple[str, Iterable[Any]]] = (
        ("rdap", story.registrations.values()),
        ("network", story.networks.values()),
        ("security", story.security.values()),
    )
    for role, answers in told:
        for one in answers:
            if one.answer is not None:
                contents.add_stored(one.answer, role, "registries", of=f"{role} answer", ending=".txt")


def _stamps(session: Session, contents: Contents, manifests: Sequence[str]) -> Iterator[Stamp]:
    """Yield the time stamps of manifests, and put in their tokens."""
    query = select(StampRow).where(StampRow.manifest.in_(manifests)).order_by(StampRow.id)
    rows: dict[str, list[StampRow]] = defaultdict(list)
    for row in session.scalars(query):
        rows[row.manifest].append(row)
    for manifest in manifests:
        for row in rows[manifest]:
            if row.token is not None:
                contents.add_stored(row.token, "stamp", "stamps", of=f"manifest {manifest}", ending=".tsr")
            yield Stamp(
                manifest=manifest,
                authority=row.authority,
                stamped_at=row.stamped_at,
                token=row.token,
                problem=row.problem,
            )

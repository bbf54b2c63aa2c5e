"""Forgetting: how rows are removed or emptied, given their ids; what of the media store nobody needs then.

Each function works in the caller's transaction, on few hundred ids.
"""

from collections.abc import Sequence, Set
from typing import Any

from sqlalchemy import Select, bindparam, delete, exists, func, select, update
from sqlalchemy.orm import Session

from storage.columns import digest_of
from storage.schema import (
    AlertIntent,
    Base,
    CampaignBand,
    CampaignKeyRow,
    Case,
    CaseItem,
    CaseJoin,
    CaseKey,
    CasePair,
    Delivery,
    ItemKey,
    ItemRow,
    ItemVersion,
    NoticeReply,
    NoticeRow,
    Picture,
    Sighting,
    VerdictRow,
    VersionPicture,
)
from storage.upsert import table_of

PURGED = "(purged)"  # what stands where words were


def remove_items(session: Session, ids: Sequence[int]) -> list[str]:
    """Remove items that no case names, with all that was seen and made of them; return files that nobody needs now."""
    versions = list(session.scalars(select(ItemVersion.id).where(ItemVersion.item_id.in_(ids))))
    files = forget_pictures(session, versions)
    session.execute(delete(VerdictRow).where(VerdictRow.version_id.in_(versions)), execution_options=_PLAIN)
    for table in (Sighting, ItemKey, ItemVersion):
        session.execute(delete(table).where(table.item_id.in_(ids)), execution_options=_PLAIN)
    session.execute(delete(ItemRow).where(ItemRow.id.in_(ids)), execution_options=_PLAIN)
    return files


def empty_items(session: Session, ids: Sequence[int]) -> list[str]:
    """Take the words out of items that a case names; return files that nobody needs now.

    Their identity changes too: when one of them is seen again it is another item, and judged anew.
    """
    rows = session.execute(
        select(ItemVersion.id, ItemRow.kind).join(ItemRow, ItemRow.id == ItemVersion.item_id).where(ItemRow.id.in_(ids))
    )
    kinds = {row[0]: row[1] for row in rows}
    files = forget_pictures(session, list(kinds))
    _change(
        session,
        ItemVersion,
        [
            {
                "key": version,
                "content": {"id": PURGED, "kind": kind},
                "fingerprint": digest_of(["purged", version]),
            }
            for version, kind in kinds.items()
        ],
    )
    no_evidence = update(table_of(VerdictRow)).where(VerdictRow.version_id.in_(list(kinds)))
    session.execute(no_evidence.values(evidence=[]))
    last = select(func.max(Sighting.id)).where(Sighting.item_id.in_(ids)).group_by(Sighting.item_id)
    kept = list(session.scalars(last))  # lists and pages of cases read when an item was seen
    old = delete(Sighting).where(Sighting.item_id.in_(ids), Sighting.id.not_in(kept))
    session.execute(old, execution_options=_PLAIN)
    session.execute(update(table_of(Sighting)).where(Sighting.id.in_(kept)).values(publisher_url=None))
    _change(
        session,
        ItemRow,
        [{"key": one, "external_id": PURGED, "identity": digest_of(["purged item", one])} for one in ids],
    )
    return files


def empty_cases(session: Session, ids: Sequence[int]) -> None:
    """Take the words out of cases none of whose items has any, and out of what was told of them."""
    words = exists().where(CaseItem.case_id == Case.id, CaseItem.item_id == ItemRow.id, ItemRow.external_id != PURGED)
    empty = list(session.scalars(select(Case.id).where(Case.id.in_(ids), ~words)))
    session.execute(update(table_of(Case)).where(Case.id.in_(empty)).values(title=PURGED))
    intents = select(AlertIntent.id).where(AlertIntent.case_id.in_(empty))
    parts = select(AlertIntent.told_in).where(AlertIntent.case_id.in_(empty), AlertIntent.told_in.is_not(None))
    told = Delivery.intent_id.in_(intents) | Delivery.intent_id.in_(parts)
    session.execute(update(table_of(Delivery)).where(told, Delivery.state != "pending").values(payload=""))


def empty_notices(session: Session, ids: Sequence[int]) -> None:
    """Take the words out of notices, and out of what came back about them; when they were filed and settled stays."""
    for row in session.scalars(select(NoticeRow).where(NoticeRow.id.in_(ids))):
        kept = {name: row.content[name] for name in ("reference", "case_id", "channel", "language", "actor")}
        empty: dict[str, Any] = {"targets": [], "links": []}
        row.content = {**kept, **empty, "subject": PURGED, "title": PURGED, "body": PURGED}
        row.subject, row.targets, row.links, row.manifest = PURGED, [], [], None
        row.refused_for = PURGED if row.refused_for is not None else None
    words = {"sender": PURGED, "subject": PURGED, "text": PURGED}
    session.execute(update(table_of(NoticeReply)).where(table_of(NoticeReply).c.notice_id.in_(ids)).values(words))
    session.flush()


def loose_keys() -> Select[int]:
    """Return what campaigns had in common that no item and no case has any more."""
    users = (ItemKey.key_id, CaseKey.key_id, CaseJoin.key_id, CasePair.key_id)
    used = (exists().where(user == CampaignKeyRow.id) for user in users)
    return select(CampaignKeyRow.id).where(*(~one for one in used), CampaignKeyRow.parted == 0)


def remove_keys(session: Session, ids: Sequence[int]) -> None:
    """Remove what campaigns had in common, and the parts by which it was found."""
    session.execute(delete(CampaignBand).where(CampaignBand.key_id.in_(ids)), execution_options=_PLAIN)
    session.execute(delete(CampaignKeyRow).where(CampaignKeyRow.id.in_(ids)), execution_options=_PLAIN)


def forget_pictures(session: Session, version_ids: Sequence[int]) -> list[str]:
    """Take pictures away from versions; return the files, renditions too, of those that no other version shows."""
    shown = select(VersionPicture.sha256).where(VersionPicture.version_id.in_(version_ids)).distinct()
    addresses = list(session.scalars(shown))
    of_versions = delete(VersionPicture).where(VersionPicture.version_id.in_(version_ids))
    session.execute(of_versions, execution_options=_PLAIN)
    still = exists().where(VersionPicture.sha256 == Picture.sha256)
    rows = session.execute(select(Picture.sha256, Picture.rendition).where(Picture.sha256.in_(addresses), ~still)).all()
    gone = [row[0] for row in rows]
    session.execute(delete(Picture).where(Picture.sha256.in_(gone)), execution_options=_PLAIN)
    files = {address for row in rows for address in row if address}
    return sorted(files - pictured(session, files))


def pictured(session: Session, files: Set[str]) -> set[str]:
    """Return those of some files that are pictures of something, or renditions."""
    originals = select(Picture.sha256).where(Picture.sha256.in_(files))
    renditions = select(Picture.rendition).where(Picture.rendition.in_(files))
    return {address for query in (originals, renditions) for address in session.scalars(query) if address}


_PLAIN = {"synchronize_session": False}


def _change(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Set columns of rows by id (`key`)."""
    if rows:
        table = table_of(model)
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "key"}
        session.execute(update(table).where(table.c.id == bindparam("key")).values(values), rows)

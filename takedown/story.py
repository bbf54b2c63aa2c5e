"""Story: all that is known of one case, read in one state of the database; what plans, notices, bundles and shared
files are made of. Everything that strangers wrote is in it as it stood: whoever shows it makes it safe.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from config import Brand, Config
from detector.evidence import TextSpan
from detector.handoffs import Handoff, find_handoffs
from detector.hosts import parse_host
from detector.presence import Presence
from storage.case_views import CaseDetail, CaseItemView
from storage.cases import case_detail
from storage.notice_views import NoticeView
from storage.notices import notices_of
from storage.registrations import Registration, registrations
from storage.visits import presences
from takedown.errors import TakedownError

MOST_ITEMS = 200  # best first; the case tells how many there are


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One case."""

    case: CaseDetail
    brand: Brand
    registrations: Mapping[str, Registration]  # by registrable domain, of every domain on the journeys and in links
    presences: Mapping[str, Presence]  # by link, as far as it was ever anything but there
    notices: tuple[NoticeView, ...]  # oldest first, with those of cases that were merged into it
    told_at: datetime  # UTC


def tell_story(session: Session, config: Config, case_id: int, *, now: datetime) -> Story:
    """Read all that is known of a case.

    Raises:
        CaseNotFound: no case has this id.
        TakedownError: its brand is not configured any more.
    """
    case = case_detail(session, case_id, now=now, max_items=MOST_ITEMS)
    brand = next((brand for brand in config.brand if brand.key == case.brand), None)
    if brand is None:
        raise TakedownError(f"case {case_id} is about brand {case.brand}, which the configuration does not have")
    return Story(
        case=case,
        brand=brand,
        registrations=registrations(session, sorted(set(domains_of(case)))),
        presences=presences(session, case_id),
        notices=notices_of(session, case_id),
        told_at=now,
    )


def domains_of(case: CaseDetail) -> Iterable[str]:
    """Yield the registrable domains that the case's items link to and its journeys passed; some more than once."""
    urls = [
        *(link for view in case.items for link in (*view.item.links, view.item.url or "")),
        *(hop.url for visit in case.visits for hop in visit.hops),
    ]
    for url in urls:
        host = parse_host(url)
        if host is not None and host.registrable is not None:
            yield host.registrable


def handoffs_of(view: CaseItemView) -> list[tuple[Handoff, str]]:
    """Return where an item leads people, from texts, links and pictures, and where a picture says so."""
    pictured = [text for picture in view.pictures for text in picture.texts]
    texts = [text.text for text in view.item.texts]
    words = [text.text for text in pictured if text.kind == "words"]
    codes = [text.text for text in pictured if text.kind == "code"]
    found = []
    for one in find_handoffs([*texts, *words], view.item.links, codes):
        read = isinstance(one.where, TextSpan) and one.where.text >= len(texts)
        found.append((one, "code in the picture" if one.where is None else "words in the picture" if read else ""))
    return found

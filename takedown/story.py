"""Story: all that is known of one case, read in one state of the database; what plans, notices, bundles and shared
files are made of. Everything that strangers wrote is in it as it stood: whoever shows it makes it safe.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from config import Brand, Config
from detector.brands import BrandProfile
from detector.evidence import TextSpan
from detector.handoffs import Handoff, find_handoffs
from detector.hosts import parse_host
from detector.presence import Presence
from detector.visits import Visit
from storage.case_views import CaseDetail, CaseItemView
from storage.cases import case_detail
from storage.contacts import (
    NetworkFacts,
    SecurityFacts,
    authority_of,
    networks,
    operator_of,
    security_subject,
    security_texts,
)
from storage.notice_views import NoticeView
from storage.notices import notices_of
from storage.profiles import wordy_profiles
from storage.register import with_register
from storage.registrations import Registration, registrations
from storage.visits import presences
from takedown.errors import TakedownError

MOST_ITEMS = 200  # best first; the case tells how many there are
SHOWN_THERE = ("ad", "post", "comment")  # kinds of items that a platform shows; the others are the landing


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One case."""

    case: CaseDetail
    brand: Brand
    registrations: Mapping[str, Registration]  # by registrable domain, of every domain on the journeys and in links
    presences: Mapping[str, Presence]  # by link, as far as it was ever anything but there
    notices: tuple[NoticeView, ...]  # oldest first, with those of cases that were merged into it
    told_at: datetime  # UTC
    profiles: tuple[BrandProfile, ...] = ()  # of all brands, this one's first, without pictures: what is whose
    networks: Mapping[str, NetworkFacts] = field(default_factory=dict)  # by IP address, of hops on the journeys
    security: Mapping[str, SecurityFacts] = field(default_factory=dict)  # by host or domain, see `storage.contacts`

    @property
    def left(self) -> tuple[NoticeView, ...]:
        """The notices that left, withdrawn ones too: what a draft says was written to one reader, and is no other's."""
        return tuple(notice for notice in self.notices if notice.filed_at is not None)


def tell_story(
    session: Session, config: Config, case_id: int, *, now: datetime, profiles: Sequence[BrandProfile] = ()
) -> Story:
    """Read all that is known of a case.

    Args:
        session: `storage.database.snapshot`, so that all of it is of one moment.
        config: brands, and what is theirs.
        case_id: the case; one that was merged is told as it is, `storage.merging.root_of` tells of which it is a part.
        now: when it is told.
        profiles: `storage.profiles.wordy_profiles` of all brands, for those who tell of many cases: saved pages are
            read and parsed for them. Empty: they are made for this one.

    Raises:
        CaseNotFound: no case has this id.
        TakedownError: its brand is not configured any more.
    """
    case = case_detail(session, case_id, now=now, max_items=MOST_ITEMS)
    brand = next((brand for brand in config.brand if brand.key == case.brand), None)
    if brand is None:
        raise TakedownError(f"case {case_id} is about brand {case.brand}, which the configuration does not have")
    first = sorted(config.brand, key=lambda one: one.key != brand.key)
    known = sorted(profiles, key=lambda one: one.key != brand.key) or wordy_profiles(config, first)
    registered = registrations(session, sorted(set(domains_of(case))))
    passed = networks(session, {hop.address for visit in case.visits for hop in visit.hops if hop.address})
    return Story(
        case=case,
        brand=brand,
        registrations=registered,
        presences=presences(session, case_id),
        notices=notices_of(session, case_id),
        told_at=now,
        profiles=with_register(known, session),
        networks=passed,
        security=security_texts(session, set(_hosts_of(case, registered.values(), passed.values()))),
    )


def _hosts_of(case: CaseDetail, registered: Iterable[Registration], passed: Iterable[NetworkFacts]) -> Iterator[str]:
    """Yield the hosts of journeys and pages, and the domains of whom registries named for complaints."""
    pages = (view.item.publisher_url or view.item.url or "" for view in case.items)
    for url in (*pages, *(hop.url for visit in case.visits for hop in visit.hops)):
        host = parse_host(url)
        if host is not None:
            yield security_subject(url, host) or authority_of(url, host)
    mails = (*(str(one.facts.get("abuse_email", "")) for one in registered), *(one.abuse_email for one in passed))
    yield from filter(None, map(operator_of, mails))


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


def led_by(visit: Visit) -> tuple[Handoff, ...]:
    """Return where a journey leads people: from the words of its end, and from every address on the way."""
    words = (visit.landing.title, visit.landing.excerpt) if visit.landing is not None else ()
    return find_handoffs(words, [hop.url for hop in visit.hops])

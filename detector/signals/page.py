"""What stands on a page that nobody registered for the brand: what it asks for, how it sells, who it says sells.

About pages in general: without a trace of the brand these give no verdict. What a page asks for (password, card, who
somebody is) counts fully only where the page poses as the brand; every shop and forum asks for its own.
"""

from collections.abc import Iterator
from datetime import date

from detector.evidence import TextSpan, Where
from detector.handoffs import Handoff, HandoffKind
from detector.hosts import is_shared, parse_host
from detector.normalize import skeleton
from detector.page_facts import FormKind
from detector.seller import abroad, is_free_mail
from detector.signals import copied, name
from detector.signals.finding import Finding
from detector.view import View

# Share of what a form counts where the page only mentions the brand: then the form is the page's own business. Set so
# that an article about the brand, its name as heading and a login at the top, stays below (honest_wiki of the cases).
MENTION_SHARE: float = 0.15
# A form that posts to another site than the page's own hands what is typed to a third one.
ELSEWHERE: float = 1.0
HERE: float = 0.9
# Discount, percent, from which a price counts, and from which it counts fully: honest clearances end about where the
# one begins (as `lure.EXTREME_PERCENT`); the campaign of 2025 in the press promised the other.
LEAST_PERCENT: int = 60
FULL_PERCENT: int = 80
UP_TO_SHARE: float = 0.5  # 最大80%OFF is what honest sales say, too
TEXT_SHARE: float = 0.3  # a price in a text, with nothing to buy
# Days from which a registration says nothing more, and up to which it says most.
YOUNG_DAYS: int = 90
NEWBORN_DAYS: int = 7
YOUNG_SHARE: float = 0.3  # of a domain that is about to be no longer young
CERTIFICATE_DAYS: int = 7
# How much a hand-off says. Japanese shops lead to LINE and write their telephone number as a matter of course.
HANDOFFS: dict[HandoffKind, float] = {
    "telegram": 1.0, "whatsapp": 1.0, "wallet": 1.0, "bank": 0.7, "line": 0.5, "phone": 0.1,
}  # fmt: skip
MOST_SHOWN: int = 3
MOST_READ: int = 20  # prices of an item that somebody else's program wrote


def login(view: View) -> Iterator[Finding]:
    """The page asks for a password or a one-time code, on a host that nobody registered for the brand."""
    yield from _forms(view, ("login", "otp"), "the brand asks for this on its own hosts only")


def card(view: View) -> Iterator[Finding]:
    """The page asks for a card or a bank account, on a host that nobody registered for the brand."""
    yield from _forms(view, ("card", "bank"), "the brand asks for this on its own hosts only")


def personal(view: View) -> Iterator[Finding]:
    """The page asks who somebody is and where they live, on a host that nobody registered for the brand."""
    yield from _forms(view, ("personal",), "the brand asks for this on its own hosts only")


def price(view: View) -> Iterator[Finding]:
    """The page sells far below the price that it strikes out."""
    facts = view.landing
    if facts is None:
        return
    said = [(one.percent, one.seen, 1.0) for one in facts.prices[:MOST_READ]]
    said += [(one.percent, one.seen, UP_TO_SHARE if one.up_to else 1.0) for one in facts.discounts[:MOST_READ]]
    for percent, seen, share in said:
        if percent >= LEAST_PERCENT:
            much = min(1.0, 0.5 + 0.5 * (percent - LEAST_PERCENT) / (FULL_PERCENT - LEAST_PERCENT))
            yield Finding(
                strength=much * share * (1.0 if facts.sells else TEXT_SHARE),
                observed=f"{seen} ({percent} % off)" if str(percent) not in seen else seen,
                expected=f"no honest price is {LEAST_PERCENT} % and more below the list price",
                where=_where(view, seen),
            )


def pressure(view: View) -> Iterator[Finding]:
    """The page hurries its reader: a countdown, or only a few left."""
    facts = view.landing
    if facts is None:
        return
    words = (*(one.seen for one in facts.stock), *facts.countdowns)
    for seen in words[:MOST_SHOWN]:
        strength = 1.0 if facts.stock and facts.countdowns else 0.7
        yield Finding(
            strength=strength if facts.sells else strength * TEXT_SHARE,
            observed=seen,
            expected="no hurry",
            where=_where(view, seen),
        )


def seller_missing(view: View) -> Iterator[Finding]:
    """The page sells in yen without saying who sells, as Japanese law requires."""
    facts = view.landing
    if facts is not None and facts.sells and facts.priced == "JPY" and not facts.seller.told:
        seen = facts.buys or ""
        yield Finding(
            strength=1.0,
            observed=f"“{seen}”, and no 特定商取引法に基づく表記",
            expected="name, address and telephone number of the seller, or a link to them",
            where=_where(view, seen),
        )


def seller_foreign(view: View) -> Iterator[Finding]:
    """The seller's address is abroad."""
    address = view.landing.seller.address if view.landing else None
    if address and abroad(address):
        yield Finding(strength=1.0, observed=address, expected="an address in Japan", where=_where(view, address))


def seller_contradicts(view: View) -> Iterator[Finding]:
    """The page poses as the brand, but says that another company sells."""
    seller = view.landing.seller.name if view.landing else None
    if seller and poses(view) and not _names_brand(view, seller):
        yield Finding(strength=1.0, observed=seller, expected=view.brand.name, where=_where(view, seller))


def free_mail(view: View) -> Iterator[Finding]:
    """The seller is reached at a free mail address."""
    mail = view.landing.seller.mail if view.landing else None
    if mail and is_free_mail(mail):
        yield Finding(
            strength=1.0, observed=mail, expected="an address at the seller's own domain", where=_where(view, mail)
        )


def transfer_only(view: View) -> Iterator[Finding]:
    """Bank transfer is the only way to pay."""
    seen = view.landing.transfer_only if view.landing else None
    if seen:
        yield Finding(
            strength=1.0, observed=seen, expected="ways to pay that can be taken back", where=_where(view, seen)
        )


def young_domain(view: View) -> Iterator[Finding]:
    """The domain was registered a short time ago."""
    registered = view.landing.registered_on if view.landing else None
    days = _age(view, registered)
    if days is not None and days < YOUNG_DAYS:
        left = min(1.0, (YOUNG_DAYS - days) / (YOUNG_DAYS - NEWBORN_DAYS))
        yield Finding(
            strength=YOUNG_SHARE + (1 - YOUNG_SHARE) * left,
            observed=f"registered on {registered}, {days} days before",
            expected=f"known for at least {YOUNG_DAYS} days",
        )


def young_certificate(view: View) -> Iterator[Finding]:
    """The host's certificate is new."""
    begins = view.landing.certificate_from if view.landing else None
    days = _age(view, begins)
    if days is not None and days < CERTIFICATE_DAYS:
        yield Finding(
            strength=1.0,
            observed=f"valid from {begins}, {days} days before",
            expected="a host that has had one for longer; honest ones renew theirs every few weeks",
        )


def handoff(view: View) -> Iterator[Finding]:
    """The page leads to a private chat, a wallet, a bank account or a telephone."""
    if view.landing is None:
        return
    found: list[Handoff] = sorted(view.handed(), key=lambda one: -HANDOFFS[one.kind])
    for one in found[:MOST_SHOWN]:
        yield Finding(
            strength=HANDOFFS[one.kind],
            observed=one.observed,
            expected=f"no {one.kind} account of somebody else's",
            where=one.where,
        )


def hides(view: View) -> Iterator[Finding]:
    """The page's scripts hide from people who look closely."""
    for says in view.landing.hides if view.landing else ():
        yield Finding(strength=1.0, observed=says, expected="a page that may be looked at")


def seller_named(view: View) -> Iterator[Finding]:
    """A seller with another name, an address in Japan and a telephone number says that it sells here."""
    facts = view.landing
    if facts is None or poses(view):
        return
    seller = facts.seller
    if not (seller.name and seller.address and seller.phone) or _names_brand(view, seller.name):
        return
    if abroad(seller.address) is False:
        yield Finding(
            strength=1.0,
            observed=f"{seller.name}, {seller.address}",
            expected="an honest reason to name the brand",
            where=_where(view, seller.name),
        )


def poses(view: View) -> bool:
    """Tell whether the page presents itself as the brand's, rather than only naming it."""
    if any(next(iter(view.hosts(kind)), None) for kind in ("lookalike", "combosquat", "imitated_suffix")):
        return True
    roles = ("html_title",) if name.another_site(view) else ("html_title", "title")
    titles = [index for index, text in enumerate(view.item.texts) if text.role in roles]
    if any(hit.text in titles for hit, _ in view.speaks_as_brand):
        return True
    strengths = (finding.strength for look in (name.title, copied.assets, copied.text) for finding in look(view))
    if any(strength >= 0.5 for strength in strengths):
        return True
    claims = (finding.where for finding in name.official_claim(view))
    return any(isinstance(where, TextSpan) and where.text in titles for where in claims)


def _forms(view: View, kinds: tuple[FormKind, ...], expected: str) -> Iterator[Finding]:
    facts = view.landing
    if facts is None:
        return
    place = view.foreign_places[0]
    if place.host is None or (is_shared(place.host) and place.host.suffix):
        return  # the form is that of a platform where anybody has pages
    share = 1.0 if poses(view) else MENTION_SHARE
    for form in facts.forms:
        target = parse_host(form.action) if form.action else None
        if form.kind not in kinds or (target is not None and _registered(view, form.action or "")):
            continue
        elsewhere = target is not None and target.registrable != place.host.registrable
        sent = f", sent to {form.action}" if form.action else ""
        yield Finding(
            strength=share * (ELSEWHERE if elsewhere else HERE),
            observed=f"fields {', '.join(form.fields)}{sent}",
            expected=expected,
        )


def _registered(view: View, url: str) -> bool:
    host = parse_host(url)
    owned = view.register.host(host, view.on) if host else None
    return owned is not None and owned.valid


def _names_brand(view: View, text: str) -> bool:
    folded = skeleton(text).text
    names = (view.brand.name, *view.brand.aliases, *view.brand.ambiguous)
    return any(own in folded for name in names if (own := skeleton(name).text))


def _age(view: View, since: date | None) -> int | None:
    """Return the days from a date to the day of judging; None on platforms, whose age says nothing of a page."""
    place = view.foreign_places[0] if view.foreign_places else None
    if since is None or place is None or place.host is None or is_shared(place.host):
        return None
    return max(0, (view.on - since).days)


def _where(view: View, seen: str) -> Where | None:
    """Return where the words stand in the item's own texts, if they do."""
    for index, text in enumerate(view.item.texts[: view.seen.own]):
        start = text.text.find(seen) if seen else -1
        if start >= 0:
            return TextSpan(text=index, span=(start, start + len(seen)))
    return None

"""Facts: what the fields of forms are filled with. What is not known is None, and never made up. Pure.

One table, `FACTS`: a function for each word of `takedown.channel.Fact`.
"""

from collections.abc import Callable, Mapping

from takedown.channel import Fact
from takedown.ground import (
    Ground,
    answers_of,
    domain_of,
    hosts_of,
    items_of,
    landings_of,
    leads_of,
    registration_of,
    seen_between,
    shown_of,
    sites_of,
)
from takedown.letter import account_text, countries_of, joined, mark_of, pen_of, port_of, target_text
from takedown.parties import brand_name, filer_of, owner_of
from takedown.rights import in_force
from takedown.texts import alone, letter
from takedown.vocabulary import WORDS

Filling = Callable[[Ground], str | None]


def fact(name: Fact, ground: Ground) -> str | None:
    """Return a fact as a field takes it; lists have a line for each value.

    Raises:
        TextFailed: a template of a team's own cannot be written.
    """
    return FACTS[name](ground) or None


def _relation(ground: Ground) -> str:
    words = WORDS[ground.language]
    return words.is_owner if ground.filer.relation == "owner" else words.is_agent


def _signature(ground: Ground) -> str | None:
    name = filer_of(ground.filer, ground.language).name
    return f"{name} {ground.today.isoformat()}" if name else None


def _marks(key: str) -> Filling:
    def fill(ground: Ground) -> str | None:
        return joined(mark_of(mark, ground)[key] for mark in in_force(ground.brand, ground.today))

    return fill


def _urls(read: Callable[[Ground], tuple[str, ...] | list[str]]) -> Filling:
    def fill(ground: Ground) -> str | None:
        pen = pen_of(ground)
        return joined(pen.url(url) for url in read(ground))

    return fill


def _advertiser(key: str) -> Filling:
    def fill(ground: Ground) -> str | None:
        pen = pen_of(ground)
        placed = [view.item.advertiser for view in shown_of(ground.story, ground.actor) if view.item.advertiser]
        return joined(pen.line(value) for one in placed if (value := getattr(one, key)))

    return fill


def _answered(ground: Ground) -> str | None:
    pen, words = pen_of(ground), WORDS[ground.language]
    lines = []
    for hop in answers_of(ground):
        port = port_of(hop.url)
        shown = words.port.format(port=port) if port is not None else ""
        lines.append(" ".join(filter(None, (pen.url(hop.address or ""), shown, pen.moment(hop.at)))))
    return joined(lines)


def _registered(key: str) -> Filling:
    def fill(ground: Ground) -> str | None:
        known = registration_of(ground.story, ground.actor)
        return pen_of(ground).line(str(known.facts.get(key) or "")) if known is not None else None

    return fill


def _seen(which: int) -> Filling:
    def fill(ground: Ground) -> str | None:
        between = seen_between(ground.story, ground.actor)
        return pen_of(ground).moment(between[which]) if between is not None else None

    return fill


def _handoffs(ground: Ground) -> str | None:
    pen, words = pen_of(ground), WORDS[ground.language]
    return joined(
        f"{words.handoffs.get(one.kind, one.kind)}{words.colon}{pen.url(pen.line(account_text(one.kind, one.value)))}"
        for one in leads_of(ground.story, ground.actor)
    )


def _evidence(ground: Ground) -> str | None:
    return joined(f"{file.name} SHA-256 {file.sha256}" for file in ground.attachments)


FACTS: Mapping[Fact, Filling] = {
    "filer.name": lambda ground: filer_of(ground.filer, ground.language).name,
    "filer.title": lambda ground: filer_of(ground.filer, ground.language).title,
    "filer.organization": lambda ground: filer_of(ground.filer, ground.language).organization,
    "filer.address": lambda ground: filer_of(ground.filer, ground.language).address,
    "filer.country": lambda ground: filer_of(ground.filer, ground.language).country,
    "filer.email": lambda ground: ground.filer.email,
    "filer.phone": lambda ground: ground.filer.phone,
    "filer.signature": _signature,
    "filer.relation": _relation,
    "owner.name": lambda ground: owner_of(ground.brand, ground.filer, ground.language).name,
    "owner.address": lambda ground: owner_of(ground.brand, ground.filer, ground.language).address,
    "owner.country": lambda ground: owner_of(ground.brand, ground.filer, ground.language).country,
    "owner.email": lambda ground: owner_of(ground.brand, ground.filer, ground.language).email,
    "brand.name": lambda ground: brand_name(ground.brand, ground.language),
    "brand.domains": lambda ground: joined(ground.brand.domains),
    "brand.accounts": lambda ground: joined(ground.brand.accounts),
    "brand.pages": lambda ground: joined(f"https://{domain}/" for domain in ground.brand.domains),
    "trademark.marks": _marks("mark"),
    "trademark.numbers": _marks("number"),
    "trademark.offices": _marks("office"),
    "trademark.classes": _marks("classes"),
    "trademark.goods": _marks("goods"),
    "targets": lambda ground: joined(target_text(target, ground) for target in ground.targets),
    "target.hosts": _urls(lambda ground: [host.ascii for host in hosts_of(sites_of(ground))]),
    "target.addresses": _answered,
    "ad.ids": _urls(lambda ground: [view.item.id for view in shown_of(ground.story, ground.actor)]),
    "ad.links": _urls(lambda ground: [url for view in shown_of(ground.story, ground.actor) for url in view.item.links]),
    "advertiser.name": _advertiser("name"),
    "advertiser.id": _advertiser("id"),
    "advertiser.payer": _advertiser("payer"),
    "publisher.pages": _urls(
        lambda ground: [
            view.item.publisher_url for view in items_of(ground.story, ground.actor) if view.item.publisher_url
        ]
    ),
    "landing.urls": _urls(lambda ground: landings_of(ground.story, ground.actor)),
    "landing.domain": _urls(lambda ground: [domain_of(ground.story, ground.actor) or ""]),
    "registrar.name": _registered("registrar"),
    "registered.on": lambda ground: (_registered("created")(ground) or "")[:10],
    "network.name": lambda ground: pen_of(ground).line(ground.actor.facts.get("network", "")),
    "handoffs": _handoffs,
    "seen.first": _seen(0),
    "seen.last": _seen(1),
    "countries": countries_of,
    "offer.summary": lambda ground: alone(ground, "summary"),
    "description": lambda ground: letter(ground, ground.channel.limits.characters)[1],
    "evidence.list": _evidence,
    "statement.good_faith": lambda ground: alone(ground, "statements/good_faith"),
    "statement.accuracy": lambda ground: alone(ground, "statements/accuracy"),
    "statement.authority": lambda ground: alone(ground, "statements/authority"),
    "reference": lambda ground: ground.reference,
}

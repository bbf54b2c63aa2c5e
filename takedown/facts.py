"""Facts: what the fields of forms are filled with. What is not known is None, and never made up. Pure.

One table, `FACTS`: a function for each word of `takedown.channel.Fact`.
"""

from collections.abc import Callable, Mapping

from takedown.channel import Fact
from takedown.context import (
    Context,
    answers_of,
    domain_of,
    hosts_of,
    items_of,
    landings_of,
    registration_of,
    seen_between,
    shown_of,
    sites_of,
)
from takedown.parties import brand_name, filer_of, owner_of
from takedown.text_values import (
    countries_of,
    formatter_of,
    handoff_text,
    joined,
    leads_for,
    mark_of,
    port_of,
    target_text,
)
from takedown.texts import alone, text_of
from takedown.vocabulary import WORDS

Filling = Callable[[Context], str | None]


def fact(name: Fact, context: Context) -> str | None:
    """Return a fact as a field takes it; lists have a line for each value.

    Raises:
        TextFailed: a template of a team's own cannot be written.
    """
    return FACTS[name](context) or None


def _relation(context: Context) -> str:
    words = WORDS[context.language]
    return words.is_owner if context.filer.relation == "owner" else words.is_agent


def _signature(context: Context) -> str | None:
    name = filer_of(context.filer, context.language).name
    return f"{name} {context.today.isoformat()}" if name else None


def _marks(key: str) -> Filling:
    def fill(context: Context) -> str | None:
        return joined(mark_of(mark, context)[key] for mark in context.marks)

    return fill


def _urls(read: Callable[[Context], tuple[str, ...] | list[str]]) -> Filling:
    def fill(context: Context) -> str | None:
        formatter = formatter_of(context)
        return joined(formatter.url(url) for url in read(context))

    return fill


def _advertiser(key: str) -> Filling:
    def fill(context: Context) -> str | None:
        formatter = formatter_of(context)
        placed = [view.item.advertiser for view in shown_of(context.story, context.actor) if view.item.advertiser]
        return joined(formatter.line(value) for one in placed if (value := getattr(one, key)))

    return fill


def _answered(context: Context) -> str | None:
    formatter, words = formatter_of(context), WORDS[context.language]
    lines = []
    for hop in answers_of(context):
        port = port_of(hop.url)
        shown = words.port.format(port=port) if port is not None else ""
        lines.append(" ".join(filter(None, (formatter.url(hop.address or ""), shown, formatter.moment(hop.at)))))
    return joined(lines)


def _registered(key: str) -> Filling:
    def fill(context: Context) -> str | None:
        known = registration_of(context.story, context.actor)
        return formatter_of(context).line(str(known.facts.get(key) or "")) if known is not None else None

    return fill


def _seen(which: int) -> Filling:
    def fill(context: Context) -> str | None:
        between = seen_between(context.story, context.actor)
        return formatter_of(context).moment(between[which]) if between is not None else None

    return fill


def _handoffs(context: Context) -> str | None:
    words = WORDS[context.language]
    return joined(
        f"{words.handoffs.get(one.kind, one.kind)}{words.colon}{handoff_text(one, context)}"
        for one in leads_for(context)
    )


def _evidence(context: Context) -> str | None:
    return joined(f"{file.name} SHA-256 {file.sha256}" for file in context.attachments)


FACTS: Mapping[Fact, Filling] = {
    "filer.name": lambda context: filer_of(context.filer, context.language).name,
    "filer.title": lambda context: filer_of(context.filer, context.language).title,
    "filer.organization": lambda context: filer_of(context.filer, context.language).organization,
    "filer.address": lambda context: filer_of(context.filer, context.language).address,
    "filer.country": lambda context: filer_of(context.filer, context.language).country,
    "filer.email": lambda context: context.filer.email,
    "filer.phone": lambda context: context.filer.phone,
    "filer.signature": _signature,
    "filer.relation": _relation,
    "owner.name": lambda context: owner_of(context.brand, context.filer, context.language).name,
    "owner.address": lambda context: owner_of(context.brand, context.filer, context.language).address,
    "owner.country": lambda context: owner_of(context.brand, context.filer, context.language).country,
    "owner.email": lambda context: owner_of(context.brand, context.filer, context.language).email,
    "brand.name": lambda context: brand_name(context.brand, context.language),
    "brand.domains": lambda context: joined(context.brand.domains),
    "brand.accounts": lambda context: joined(context.brand.accounts),
    "brand.pages": lambda context: joined(f"https://{domain}/" for domain in context.brand.domains),
    "trademark.marks": _marks("mark"),
    "trademark.numbers": _marks("number"),
    "trademark.offices": _marks("office"),
    "trademark.classes": _marks("classes"),
    "trademark.goods": _marks("goods"),
    "targets": lambda context: joined(target_text(target, context) for target in context.targets),
    "target.hosts": _urls(lambda context: [host.ascii for host in hosts_of(sites_of(context))]),
    "target.addresses": _answered,
    "ad.ids": _urls(lambda context: [view.item.id for view in shown_of(context.story, context.actor)]),
    "ad.links": _urls(
        lambda context: [url for view in shown_of(context.story, context.actor) for url in view.item.links]
    ),
    "advertiser.name": _advertiser("name"),
    "advertiser.id": _advertiser("id"),
    "advertiser.payer": _advertiser("payer"),
    "publisher.pages": _urls(
        lambda context: [
            view.item.publisher_url for view in items_of(context.story, context.actor) if view.item.publisher_url
        ]
    ),
    "landing.urls": _urls(lambda context: landings_of(context.story, context.actor)),
    "landing.domain": _urls(lambda context: [domain_of(context.story, context.actor) or ""]),
    "registrar.name": _registered("registrar"),
    "registered.on": lambda context: (_registered("created")(context) or "")[:10],
    "network.name": lambda context: formatter_of(context).line(context.actor.facts.get("network", "")),
    "handoffs": _handoffs,
    "seen.first": _seen(0),
    "seen.last": _seen(1),
    "countries": countries_of,
    "offer.summary": lambda context: alone(context, "summary"),
    "description": lambda context: text_of(context, context.channel.limits.characters)[1],
    "evidence.list": _evidence,
    "statement.good_faith": lambda context: alone(context, "statements/good_faith"),
    "statement.accuracy": lambda context: alone(context, "statements/accuracy"),
    "statement.authority": lambda context: alone(context, "statements/authority"),
    "reference": lambda context: context.reference,
}

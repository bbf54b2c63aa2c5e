"""Missing facts: where a fact that a form wants, and nobody knows, would come from; in one line. Pure."""

from collections.abc import Mapping

from config import Config
from safety.screen import defang, screen
from takedown.actor import Actor
from takedown.channel import Fact
from takedown.context import Context, domain_of

_FILER = "[takedown.filer] {key} is missing"
_OWNER = "{key} of [brand.owner] of brand {brand} is missing"
_MARK = "{key} of [[brand.trademark]] of brand {brand}, as the register has it"
_BRAND = "{key} of [[brand]] {brand} is missing"
_VISIT = "no journey shows it: `mekiki visit {case}`"
_AD = "no ad of the case tells it: look at the ad's page, and crawl a source that does"
_REGISTRY = "no registry told it of {domain}: {asking}"
_NETWORK = "no registry told it of the address: {asking}"
# A fact -> the sentence, and the key of the configuration that it comes from; with _en where English is asked for.
_FROM: Mapping[str, tuple[str, str]] = {
    "filer.name": (_FILER, "name_en"),
    "filer.title": (_FILER, "title"),
    "filer.organization": (_FILER, "organization_en"),
    "filer.address": (_FILER, "address_en"),
    "filer.phone": (_FILER, "phone"),
    "filer.signature": (_FILER, "name_en"),
    "owner.name": (_OWNER, "name_en"),
    "owner.address": (_OWNER, "address_en"),
    "owner.country": (_OWNER, "country"),
    "owner.email": (_OWNER, "email"),
    "brand.domains": (_BRAND, "domains"),
    "brand.pages": (_BRAND, "domains"),
    "brand.accounts": (_BRAND, "accounts"),
    "trademark.marks": (_MARK, "mark"),
    "trademark.numbers": (_MARK, "number"),
    "trademark.offices": (_MARK, "office"),
    "trademark.classes": (_MARK, "classes"),
    "trademark.goods": (_MARK, "goods"),
    "target.hosts": (_VISIT, ""),
    "target.addresses": (_VISIT, ""),
    "landing.urls": (_VISIT, ""),
    "landing.domain": (_VISIT, ""),
    "seen.first": (_VISIT, ""),
    "seen.last": (_VISIT, ""),
    "ad.ids": (_AD, ""),
    "ad.links": (_AD, ""),
    "advertiser.name": (_AD, ""),
    "advertiser.id": (_AD, ""),
    "publisher.pages": (_AD, ""),
    "registrar.name": (_REGISTRY, ""),
    "registered.on": (_REGISTRY, ""),
    "network.name": (_NETWORK, ""),
}


def registry_source(config: Config) -> str | None:
    """Return the key of the source that asks registries, one that runs by itself if there is; None: there is none."""
    sources = sorted((one for one in config.source if one.kind == "rdap"), key=lambda one: not one.enabled)
    return sources[0].key if sources else None


def asking(config: Config) -> str:
    """Say how registries are asked."""
    source = registry_source(config)
    return f"`mekiki crawl --source {source}` asks for it" if source else "add a source of kind rdap, which asks for it"


def no_contact(actor: Actor, config: Config) -> str:
    """Say in one line that it is not known where an actor takes complaints by mail, and where that would come from."""
    whose = actor.platform if actor.kind == "advertiser" else actor.name
    whose = screen(whose or f"the {actor.kind} of {actor.subject}", limit=100)
    pages = [one.address for one in actor.contacts if one.address.lower().startswith("https://")]
    if pages:
        return f"no mail address for complaints of {whose} is known, but a page: {defang(pages[0])[:200]}"
    if actor.kind in ("registrar", "registry", "host", "cdn", "redirect", "publisher") and "asked" not in actor.facts:
        return f"no mail address for complaints of {whose} is known: {asking(config)}"
    return f"no mail address for complaints of {whose} is known: give it as an entry of your own, [takedown] channels"


def how_to_get(fact: Fact | str, context: Context) -> str:
    """Say in one line what is missing, and where it would come from."""
    sentence, key = _FROM.get(fact, ("it is not known: fill it in by hand", ""))
    if context.language == "ja":
        key = key.removesuffix("_en")
    says = sentence.format(
        key=key,
        brand=context.brand.key,
        case=context.story.case.id,
        asking=asking(context.config),
        domain=domain_of(context.story, context.actor) or "its domain",
    )
    return f"{fact}: {says}"

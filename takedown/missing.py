"""Missing facts: where a fact that a form wants, and nobody knows, would come from. Pure."""

from collections.abc import Mapping

from config import Config
from detector.hosts import parse_host
from safety.screen import defang, screen
from storage.contacts import security_subject
from takedown.actor import Actor
from takedown.channel import Fact
from takedown.context import Context, domain_of
from takedown.missing_words import NAMES, Told, lacks, missing, told
from takedown.notice import Missing
from takedown.operators import shortener_of

# A fact -> the sentence, and the key of the configuration that it comes from; with _en where English is asked for.
_FROM: Mapping[str, tuple[str, str]] = {
    "filer.name": ("filer", "name_en"),
    "filer.title": ("filer", "title"),
    "filer.organization": ("filer", "organization_en"),
    "filer.address": ("filer", "address_en"),
    "filer.phone": ("filer", "phone"),
    "filer.signature": ("filer", "name_en"),
    "owner.name": ("owner", "name_en"),
    "owner.address": ("owner", "address_en"),
    "owner.country": ("owner", "country"),
    "owner.email": ("owner", "email"),
    "brand.domains": ("brand", "domains"),
    "brand.pages": ("brand", "domains"),
    "brand.accounts": ("brand", "accounts"),
    "trademark.marks": ("mark", "mark"),
    "trademark.numbers": ("mark", "number"),
    "trademark.offices": ("mark", "office"),
    "trademark.classes": ("mark", "classes"),
    "trademark.goods": ("mark", "goods"),
    "target.hosts": ("visit", ""),
    "target.addresses": ("visit", ""),
    "landing.urls": ("visit", ""),
    "landing.domain": ("visit", ""),
    "seen.first": ("visit", ""),
    "seen.last": ("visit", ""),
    "ad.ids": ("ad", ""),
    "ad.links": ("ad", ""),
    "advertiser.name": ("ad", ""),
    "advertiser.id": ("ad", ""),
    "publisher.pages": ("ad", ""),
    "registrar.name": ("registry", ""),
    "registered.on": ("registry", ""),
    "network.name": ("network", ""),
}


def registry_source(config: Config) -> str | None:
    """Return the key of the source that asks registries, one that runs by itself if there is; None: there is none."""
    sources = sorted((one for one in config.source if one.kind == "rdap"), key=lambda one: not one.enabled)
    return sources[0].key if sources else None


def asking(config: Config) -> Told:
    """Say how registries are asked."""
    source = registry_source(config)
    return told("ask", source=source) if source else told("add a source")


def no_contact(actor: Actor, config: Config) -> Missing:
    """Say that it is not known where an actor takes complaints by mail, and where that would come from."""
    name = screen((actor.platform if actor.kind == "advertiser" else actor.name) or "", limit=100)
    subject = screen(actor.subject, limit=100)
    whose = Told(en=name, ja=name) if name else told("whose", kind=NAMES.get(actor.kind, actor.kind), subject=subject)
    pages = [one.address for one in actor.contacts if one.address.lower().startswith("https://")]
    if pages:
        return lacks("contact", "only a page", whose=whose, page=defang(pages[0])[:200])
    if _may_be_told(actor):
        return lacks("contact", "no contact yet", whose=whose, asking=asking(config))
    return lacks("contact", "no contact", whose=whose)


def _may_be_told(actor: Actor) -> bool:
    """Tell whether asking would tell who takes an actor's complaints, and nobody has asked yet."""
    if "asked" in actor.facts:
        return False
    if actor.kind in ("host", "cdn"):  # of a site on a service no registry is asked
        return "address" in actor.facts
    if actor.kind in ("redirect", "publisher"):
        host = parse_host(actor.targets[0]) if actor.targets else None
        asked = host is not None and security_subject(actor.targets[0], host) is not None
        return asked and (actor.kind == "publisher" or (host is not None and shortener_of(host) is not None))
    return actor.kind == "registrar"


def how_to_get(fact: Fact | str, context: Context) -> Missing:
    """Say what is missing, and where it would come from."""
    sentence, key = _FROM.get(fact, ("by hand", ""))
    if context.language == "ja":
        key = key.removesuffix("_en")
    says = told(
        sentence,
        key=key,
        brand=context.brand.key,
        case=context.story.case.id,
        asking=asking(context.config),
        domain=domain_of(context.story, context.actor) or told("its domain"),
    )
    return missing(fact, Told(en=f"{fact}: {says.en}", ja=f"{fact}: {says.ja}"))

"""Sites: who keeps up the addresses on the ways of a case: shorteners, registrars, registries, hosts, content networks.

1. passages are put to the service, the domain or the bare address that they stand on; 2. each gives its actors, with
what registries told of it and where they take complaints. Pure.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detector.hosts import Host, is_shared, parse_host
from storage.contacts import NetworkFacts, authority_of, operator_of, security_subject
from takedown.actor import Actor, Contact, mails_of
from takedown.operators import TELLING, ContentNetwork, content_network, service_of, shortener_of
from takedown.owned import Owned
from takedown.passages import Passage
from takedown.story import Story

Ways = Sequence[Passage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """The actors behind the addresses of the ways, each kind best first."""

    redirects: tuple[Actor, ...]
    registrars: tuple[Actor, ...]
    registries: tuple[Actor, ...]
    hosts: tuple[Actor, ...]
    networks: tuple[Actor, ...]  # content networks


def sites_of(story: Story, ways: Ways, owned: Owned) -> Sites:
    """Return who keeps up what the ways lead through.

    Args:
        story: for what registries told.
        ways: passages that are neither a brand's own nor a platform's.
        owned: what is never to be taken down.
    """
    landed = {one.host.registrable or one.host.ascii for one in ways if one.landing}
    short = [one for one in ways if shortener_of(one.host)]
    rest = [one for one in ways if not shortener_of(one.host)]
    rented = [one for one in rest if service_of(one.host)]
    own = [one for one in rest if not service_of(one.host)]
    passing = [one for one in (*short, *own) if one in short or (one.host.registrable or one.host.ascii) not in landed]
    domains = _grouped((one.host.registrable, one) for one in own)
    suspended = {domain: ways for domain, ways in domains.items() if not owned.within(domain)}
    accused = _accused(rest)
    hosts, networks = _served(story, own, accused)
    return Sites(
        redirects=tuple(_redirect(story, host, ways) for host, ways in _by_host(passing).items()),
        registrars=tuple(_registrar(story, domain, ways, owned, accused) for domain, ways in suspended.items()),
        registries=tuple(_registry(domain, ways) for domain, ways in suspended.items() if domain in landed),
        hosts=(*(_tenant(story, subject, ways) for subject, ways in _tenants(rented).items()), *hosts),
        networks=networks,
    )


def _accused(ways: Ways) -> frozenset[str]:
    """Return the domains that are the fraud's own as far as anybody knows: not those that many have their pages on."""
    own = {one.host.registrable for one in ways if one.host.shared or not is_shared(one.host)}
    of_users = {one.host.registrable for one in ways if one.host.path.startswith("/~")}  # of a provider's many users
    return frozenset(domain for domain in own - of_users if domain is not None)


def _redirect(story: Story, host: str, ways: Ways) -> Actor:
    service = shortener_of(ways[0].host)
    asked = asked_itself(story, ways[0].url, ways[0].host) if service else _asked_registry(story, ways[0].host)
    return Actor(
        kind="redirect",
        name=service or ways[0].host.unicode,
        subject=host,
        targets=_urls(ways),
        links=_links(ways),
        contacts=tuple(security_contacts(story, service)) if service else (),
        facts={
            "host": service or ways[0].host.registrable or host,
            **({"asked": asked} if asked else {}),
            **_answered(ways),
            **({} if service else _of_itself(story, ways)),
        },
    )


def _registrar(story: Story, domain: str, ways: Ways, owned: Owned, accused: Collection[str]) -> Actor:
    registration = story.registrations.get(domain)
    told = registration.facts if registration is not None else {}
    mail = str(told.get("abuse_email") or "")
    listed = {name: " ".join(map(str, told.get(name) or ())) for name in ("nameservers", "status")}
    contacts = _contacts(story, mail, accused)
    if contacts and _warning(contacts, accused):
        contacts = (*_elsewhere(story, told, accused), *contacts)
    facts = {
        "host": domain,
        "domain": domain,
        "suffix": ways[0].host.suffix,
        "registered": told.get("created"),
        **{name: told.get(name) for name in ("registrar", "registrar_id", "expires", "abuse_phone", "error")},
        **listed,
        "asked": _asked_registry(story, ways[0].host),
        **_of_itself(story, ways),
        **_warning(contacts, accused),
        "ended": next(filter(None, (owned.ended(one.host) for one in ways)), ""),
    }
    return Actor(
        kind="registrar",
        name=str(told.get("registrar") or ""),
        subject=domain,
        targets=(domain,),
        links=_links(ways),
        contacts=contacts,
        facts={name: str(value) for name, value in facts.items() if value},
    )


def _registry(domain: str, ways: Ways) -> Actor:
    suffix = ways[0].host.suffix
    return Actor(
        kind="registry",
        name=f".{suffix.rpartition('.')[2]}",
        subject=domain,
        targets=(domain,),
        links=_links(ways),
        facts={"host": domain, "domain": domain, "suffix": suffix},
    )


def _tenant(story: Story, subject: str, ways: Ways) -> Actor:
    """Return the service that somebody has a site on: it can close that site alone."""
    service = service_of(ways[0].host) or ""
    return Actor(
        kind="host",
        name=service,
        subject=subject,
        targets=_urls(ways),
        links=_links(ways),
        contacts=tuple(security_contacts(story, service)),
        facts={"host": service, **_answered(ways)},
    )


def _served(story: Story, ways: Ways, accused: Collection[str]) -> tuple[tuple[Actor, ...], tuple[Actor, ...]]:
    """Return who serves sites with a domain or an address of their own: hosts, and content networks before them."""
    hosted: list[tuple[str, Passage]] = []
    fronted: list[tuple[str, Passage]] = []
    fronts: dict[str, ContentNetwork] = {}
    odd: dict[str, str] = {}
    for one in ways:
        address = one.address or (one.host.ascii if one.host.registrable is None and not one.host.suffix else None)
        if address is None:
            continue
        network = story.networks.get(address)
        front, says = content_network(one.headers or {}, _named(network) if network is not None else None)
        if front is not None:
            key = f"{front.key} {one.host.registrable or one.host.ascii}"
            fronts[key] = front
            fronted.append((key, one))
            continue
        group = _group(story, address)
        hosted.append((group, one))
        odd[group] = odd.get(group) or says
    return (
        tuple(_host(story, ways, accused, odd[group]) for group, ways in _grouped(hosted).items()),
        tuple(_front(story, fronts[key], ways, accused) for key, ways in _grouped(fronted).items()),
    )


def _host(story: Story, ways: Ways, accused: Collection[str], odd: str) -> Actor:
    addresses = _addresses(story, ways)
    network = story.networks.get(addresses[0])
    contacts = _contacts(story, network.abuse_email if network is not None else "", accused)
    facts = {**_known(ways, addresses, network), **_warning(contacts, accused)}
    if odd:  # headers that lie are told, not believed: they lead to nobody's desk
        facts = {name: value for name, value in facts.items() if not name.startswith("header.")} | {"odd": odd}
    return Actor(
        kind="host",
        name=(network.owner or network.name if network is not None else "") or addresses[0],
        subject=addresses[0],
        targets=_urls(ways),
        links=_links(ways),
        contacts=contacts,
        facts=facts,
    )


def _front(story: Story, front: ContentNetwork, ways: Ways, accused: Collection[str]) -> Actor:
    addresses = _addresses(story, ways)
    network = story.networks.get(addresses[0])
    contacts = _contacts(story, network.abuse_email if network is not None else "", accused)
    return Actor(
        kind="cdn",
        name=front.name,
        subject=ways[0].host.registrable or ways[0].host.ascii,
        targets=_urls(ways),
        links=_links(ways),
        contacts=contacts,
        facts={**_known(ways, addresses, network), **_warning(contacts, accused), "cdn": front.key},
    )


def _known(ways: Ways, addresses: Sequence[str], network: NetworkFacts | None) -> dict[str, str]:
    facts = {
        "host": ways[0].host.registrable or ways[0].host.ascii,
        "address": addresses[0],
        "addresses": " ".join(addresses),
        **_answered(ways),
    }
    if network is not None:
        told = {name: getattr(network, name) for name in ("handle", "owner", "country", "error")}
        span = f"{network.first} - {network.last}" if network.first else ""
        facts |= {"network": network.name, "range": span, "asked": network.asked_at.isoformat(), **told}
    return {name: value for name, value in facts.items() if value}


def _of_itself(story: Story, ways: Ways) -> dict[str, str]:
    """Return whom the site itself names for reports: a fact and no contact, for a fraud would be warned by a notice."""
    hosts = dict.fromkeys(authority_of(one.url, one.host) for one in ways)
    named = dict.fromkeys(contact.address for host in hosts for contact in security_contacts(story, host))
    return {"site_contacts": " ".join(named)} if named else {}


def security_contacts(story: Story, host: str) -> Iterator[Contact]:
    """Yield the contacts of a host's security.txt, unless it has expired."""
    told = story.security.get(host)
    if told is not None and (told.expires is None or told.expires > story.told_at):
        yield from (Contact(address=address, origin="security.txt") for address in told.contacts)


def _contacts(story: Story, mail: str, accused: Collection[str]) -> tuple[Contact, ...]:
    """Return the address that a registry told, and what its domain tells in security.txt.

    What is at an accused domain comes last, and what such a domain tells in its security.txt not at all: a fraud that
    registers its own contact would be warned.
    """
    if not mail:
        return ()
    operator = operator_of(mail)
    further = security_contacts(story, operator) if operator is not None and operator not in accused else ()
    known = (Contact(address=mail, origin="rdap"), *further)
    return tuple(sorted(known, key=lambda one: _is_within(one.address, accused)))


def _elsewhere(story: Story, told: Mapping[str, Any], accused: Collection[str]) -> Iterator[Contact]:
    """Yield what registries told of the same registrar for other domains of the case, but for accused domains."""
    number = told.get("registrar_id")
    others = [one.facts for one in story.registrations.values() if number and one.facts.get("registrar_id") == number]
    mails = dict.fromkeys(str(facts.get("abuse_email") or "") for facts in others)
    yield from (Contact(address=mail, origin="rdap") for mail in mails if mail and not _is_within(mail, accused))


def _is_within(contact: str, domains: Collection[str]) -> bool:
    """Tell whether a mail address or a URL that somebody named for complaints is of one of these domains."""
    host = parse_host(contact if "://" in contact else contact.rpartition("@")[2])
    return host is not None and host.registrable in domains


def _warning(contacts: Sequence[Contact], accused: Collection[str]) -> dict[str, str]:
    """Return the contacts of the very domains that it is about, where no other mail address is known."""
    mails = mails_of(contacts)
    return {"own_contacts": " ".join(mails)} if mails and all(_is_within(one, accused) for one in mails) else {}


def _asked_registry(story: Story, host: Host) -> str:
    """Return when a registry was asked whose the domain of a host is, ISO 8601; "" where none was."""
    registration = story.registrations.get(host.registrable or "")
    return registration.asked_at.isoformat() if registration is not None else ""


def asked_itself(story: Story, url: str, host: Host) -> str:
    """Return when a host was asked for its security.txt, ISO 8601; "" where it was not."""
    told = story.security.get(security_subject(url, host) or "")
    return told.asked_at.isoformat() if told is not None else ""


def _named(network: NetworkFacts) -> str:
    return f"{network.name} {network.owner} {network.handle}"


def _answered(ways: Ways) -> dict[str, str]:
    """Return the headers that tell who answers, of the first answer that had them, and from where it came."""
    found: dict[str, str] = {}
    for one in ways:
        for name, value in (one.headers or {}).items():
            if name in TELLING and value:
                found.setdefault(f"header.{name}", value)
    return found


def _addresses(story: Story, ways: Ways) -> tuple[str, ...]:
    """Return the addresses that served the hosts of ways from one network, in the order in which they first answered.

    An earlier one stays first whatever answers later: notices know a host by it.
    """
    hosts = {one.host.ascii for one in ways}
    groups = {_group(story, one.address or one.host.ascii) for one in ways}
    answered = {one.address or one.host.ascii: one.at or story.told_at for one in ways}
    for visit in story.case.visits:  # the latest first
        for hop in visit.hops:
            host = parse_host(hop.url)
            if hop.address and host is not None and host.ascii in hosts and _group(story, hop.address) in groups:
                answered[hop.address] = min(hop.at, answered.get(hop.address, hop.at))
    return tuple(sorted(answered, key=lambda address: (answered[address], address)))


def _group(story: Story, address: str) -> str:
    """Return what addresses have in common that one company serves: where it takes complaints, its network, or none."""
    network = story.networks.get(address)
    told = (network.abuse_email or network.handle or network.name) if network is not None else ""
    return told or address


def _urls(ways: Ways) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.url for one in ways))


def _links(ways: Ways) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.link for one in ways))


def _by_host(ways: Ways) -> Mapping[str, Ways]:
    return _grouped((one.host.ascii, one) for one in ways)


def _tenants(ways: Ways) -> Mapping[str, Ways]:
    """Group sites on services by tenant."""
    return _grouped((_tenant_of(one), one) for one in ways)


def _tenant_of(one: Passage) -> str | None:
    """Return the tenant's host, or the host with the first step of the path where all tenants share it."""
    step = one.host.path.strip("/").partition("/")[0]
    return one.host.registrable if one.host.shared else f"{one.host.ascii}/{step}"


def _grouped(pairs: Iterable[tuple[str | None, Passage]]) -> dict[str, list[Passage]]:
    """Group passages by a key, in the order of their first; what has no key is left out."""
    groups: dict[str, list[Passage]] = {}
    for key, one in pairs:
        if key is not None:
            groups.setdefault(key, []).append(one)
    return groups

"""Fitting: which channels of a catalogue an actor's complaints go to, best first. Pure."""

from collections.abc import Iterable, Iterator
from typing import get_args

from detector.hosts import parse_host
from takedown.actor import Actor
from takedown.channel import Channel, Kind

GENERIC = "gtld"  # among `suffixes`: every one that is no country's
_KINDS: tuple[Kind, ...] = get_args(Kind)


def fitting(channels: Iterable[Channel], actor: Actor) -> tuple[Channel, ...]:
    """Return the channels that fit an actor, best first.

    A channel fits that is for the actor's kind and names nothing more, or something that is the actor's (`named`); a
    last resort only where none names who the actor is. In this order: those that name who the actor is (a platform, an
    account's service, a registrar, a network, a host, a header) before those for all of its kind; those that no other
    fitting one gives as its `next`, because the others are the steps after them; those that name the end of the
    domain; those where only the owner and who acts for it may file, because they are looked at first; those for
    everybody before those for victims alone; then by kind, in the order of `Kind`, and by key.
    """
    found = [(named(channel, actor), channel) for channel in channels if actor.kind in channel.match.actors]
    fit = [(name, channel) for name, channel in found if name or not _names_more(channel)]
    if any(_says_who(name) for name, _ in fit):
        fit = [(name, channel) for name, channel in fit if not channel.match.last_resort]
    later = {key for _, channel in fit for key in channel.next}
    return tuple(channel for _, channel in sorted(fit, key=lambda one: _rank(one[0], one[1], later)))


def named(channel: Channel, actor: Actor) -> str:
    """Return what of an entry's `match` is the actor's, as LIST: VALUE; "" where nothing is.

    Compared are, letter case aside: `platforms` with the actor's platform; `handoffs` with its fact `handoff` and with
    KIND of its subject KIND:ACCOUNT; `registrars` with a part of its name and of its fact `registrar`, numbers with
    its fact `registrar_id`; `networks` with a part of its name and of its facts `network` and `owner`; `hosts` and
    `suffixes` with the ends of its subject, its facts `host`, `domain` and `suffix`, and the hosts of its targets;
    `headers` with a part of its facts `header.NAME`.
    """
    return next((f"{name}: {value}" for name, value in _shared(channel, actor)), "")


def _shared(channel: Channel, actor: Actor) -> Iterator[tuple[str, str]]:
    match = channel.match
    if actor.platform is not None and actor.platform in match.platforms:
        yield "platform", actor.platform
    accounts = {actor.facts.get("handoff"), actor.subject.partition(":")[0]}
    yield from (("handoff", one) for one in match.handoffs if one in accounts)
    number = actor.facts.get("registrar_id")
    yield from (("registrar", one) for one in match.registrars if one.isdigit() and one == number)
    yield from _parts("registrar", [one for one in match.registrars if not one.isdigit()], actor, "registrar")
    yield from _parts("network", match.networks, actor, "network", "owner")
    yield from (("host", one) for one in match.hosts if any(_ends(host, one) for host in _hosts(actor)))
    for header, part in match.headers.items():
        value = actor.facts.get(f"header.{header.casefold()}")
        if value is not None and part.casefold() in value.casefold():
            yield "header", header
    for suffix in match.suffixes:
        if any(_is_generic(host) if suffix == GENERIC else _ends(host, suffix) for host in _hosts(actor)):
            yield "suffix", suffix


def _parts(name: str, words: Iterable[str], actor: Actor, *facts: str) -> Iterator[tuple[str, str]]:
    texts = [text.casefold() for text in (actor.name, *(actor.facts.get(fact, "") for fact in facts))]
    yield from ((name, word) for word in words if any(word.casefold() in text for text in texts))


def _hosts(actor: Actor) -> set[str]:
    """Return the hosts, domains and suffixes that an actor is about, ASCII."""
    found = {actor.facts[name].casefold() for name in ("host", "domain", "suffix") if name in actor.facts}
    if actor.kind == "registry":
        found.add(actor.subject.casefold().strip("."))
    for text in (actor.subject, *actor.targets):
        host = parse_host(text)
        if host is not None and host.suffix:
            found.add(host.ascii)
    return found


def _ends(host: str, end: str) -> bool:
    return host == end or host.endswith(f".{end}")


def _is_generic(host: str) -> bool:
    """Tell whether a host ends in no country's domain: those have two letters; what is punycode may be one, too."""
    top = host.rpartition(".")[2]
    return len(top) > 2 and not top.startswith("xn--")


def _names_more(channel: Channel) -> bool:
    match = channel.match
    return any(
        (match.platforms, match.handoffs, match.registrars, match.networks, match.hosts, match.suffixes, match.headers)
    )


def _says_who(name: str) -> bool:
    """Tell whether what an entry names is the actor itself, not only the end of a domain."""
    return name != "" and not name.startswith("suffix: ")


def _rank(name: str, channel: Channel, later: set[str]) -> tuple[bool, bool, bool, bool, bool, int, str]:
    who = set(channel.who)
    return (
        not _says_who(name),
        channel.key in later,
        not name,
        not who <= {"owner", "agent"},
        who == {"victim"},
        _KINDS.index(channel.kind),
        channel.key,
    )

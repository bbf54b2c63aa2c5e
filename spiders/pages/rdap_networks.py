"""RDAP (RFC 9083): whose network an address belongs to, and who takes complaints. Pure; sandbox targets.

Everything may be missing: what is not told is "", never an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from spiders.pages.answers import listed, read_json, word
from spiders.pages.posts import rows_of, table
from spiders.pages.rdap import MOST_ENTITIES, card_of, entities_of, roles, services

Network = IPv4Network | IPv6Network
MOST_PREFIXES = 20_000  # IANA's tables have some hundred
LARGEST = {4: 2**16, 6: 2**96}  # addresses of a network whose answer counts for all of them: a /16, a /32
_EMPTY = dict.fromkeys(("name", "handle", "owner", "country", "first", "last", "abuse_email", "error"), "")


def parse_network(body: bytes) -> dict[str, str]:
    """Read an IP network object.

    Returns:
        `name`, `handle`, `owner` (who holds it, as far as a name is told), `country`, `first` and `last` address,
        `abuse_email`, `error` (of an error body).

    Raises:
        ValueError: it is no JSON, or neither a network nor an error.
    """
    parsed = table(read_json(body))
    if "errorCode" in parsed:
        says = [word(parsed.get("title")), *listed(parsed.get("description"))]
        return {**_EMPTY, "error": f"{word(parsed['errorCode'])} {'; '.join(filter(None, says))}".strip()}
    first, last = word(parsed.get("startAddress")), word(parsed.get("endAddress"))
    if parsed.get("objectClassName", "ip network") != "ip network" or not (first or word(parsed.get("handle"))):
        raise ValueError("no RDAP network object")
    entities = list(entities_of(rows_of(parsed.get("entities"))))[:MOST_ENTITIES]
    cards = [(roles(entity), card_of(entity)) for entity in entities]
    return {
        **_EMPTY,
        "name": word(parsed.get("name")),
        "handle": word(parsed.get("handle")),
        "owner": next(_owners(parsed, cards), ""),
        "country": word(parsed.get("country")),
        "first": first.partition("/")[0],
        "last": last.partition("/")[0],
        "abuse_email": next((card["email"] for roles, card in cards if "abuse" in roles and card["email"]), ""),
    }


def prefixes(body: bytes) -> dict[str, str]:
    """Read IANA's table of addresses (ipv4.json or ipv6.json, RFC 9224): prefix -> base address, https first.

    Raises:
        ValueError: it is no such table.
    """
    found: dict[str, str] = {}
    for these, base in services(body):
        found |= {prefix: base for prefix in these if _is_prefix(prefix)}
        if len(found) > MOST_PREFIXES:
            raise ValueError(f"more than {MOST_PREFIXES} prefixes in the table")
    return found


def bases(known: Mapping[str, str]) -> list[tuple[Network, str]]:
    """Return prefixes as networks with their base addresses."""
    return [(ip_network(prefix, strict=False), base) for prefix, base in known.items()]


def question(address: str, known: Sequence[tuple[Network, str]]) -> str | None:
    """Return where to ask for an address: the longest prefix counts (RFC 9224, 5); None where nobody answers for it."""
    ip = ip_address(address)
    found = [(network.prefixlen, base) for network, base in known if ip in network]
    return f"{max(found)[1].rstrip('/')}/ip/{ip}" if found else None


def covers(facts: Mapping[str, str], address: str) -> bool:
    """Tell whether the network that was told of holds an address, too, and is small enough to be one party's.

    A block of a registry holds networks of many, and whom one of them names is nobody to the others.
    """
    try:
        first, last, ip = ip_address(facts["first"]), ip_address(facts["last"]), ip_address(address)
    except ValueError:
        return False
    if not first.version == ip.version == last.version:
        return False
    return int(first) <= int(ip) <= int(last) and int(last) - int(first) < LARGEST[ip.version]


def _owners(parsed: Mapping[str, Any], cards: Sequence[tuple[Sequence[str], Mapping[str, str]]]) -> Iterator[str]:
    """Yield who holds a network, the most telling first: some registries name only whom to write to."""
    holders = [card for roles, card in cards if "registrant" in roles]
    yield from (card["organization"] for card in holders if card["organization"])
    yield from (card["name"] for card in holders if " " in card["name"])  # else it is a handle, as often as not
    for remark in map(table, rows_of(parsed.get("remarks"))):
        if word(remark.get("title")).lower() in ("description", "descr", ""):
            yield from listed(remark.get("description"))
    yield from (card["name"] for card in holders if card["name"])


def _is_prefix(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True

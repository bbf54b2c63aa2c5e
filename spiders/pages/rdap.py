"""RDAP (RFC 9083): who registered a domain where and when, and who takes complaints. Pure; sandbox targets.

Everything may be missing or redacted: what is not told is "", never an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spiders.pages.answers import listed, read_json, word
from spiders.pages.posts import rows_of, table

MOST_ENTITIES = 200  # nested ones counted
# Registries that IANA's table lacks, from the tables of several clients.
KNOWN = {"jp": "https://rdap.jprs.jp/rdap/"}
# Their tables disagree about the path: where the first base knows no domain at all, the other may.
OTHERWISE = {"https://rdap.jprs.jp/rdap/": "https://rdap.jprs.jp/"}


def parse_domain(body: bytes) -> dict[str, Any]:
    """Read a domain object.

    Returns:
        `domain`, `registrar`, `registrar_id` (IANA's), `abuse_email`, `abuse_phone`, `registrant`, `country` (of the
        registrant, as told), `created`, `changed`, `expires`, `status`, `nameservers`, `related` (address of the
        registrar's own answer, which often tells more), `redacted` (what was taken out), `error` (of an error body).

    Raises:
        ValueError: it is no JSON, or neither a domain nor an error.
    """
    parsed = table(read_json(body))
    if "errorCode" in parsed:
        says = [word(parsed.get("title")), *listed(parsed.get("description"))]
        return {**_EMPTY, "error": f"{word(parsed['errorCode'])} {'; '.join(filter(None, says))}".strip()}
    if parsed.get("objectClassName", "domain") != "domain" or not (parsed.get("ldhName") or parsed.get("unicodeName")):
        raise ValueError("no RDAP domain object")
    entities = list(entities_of(rows_of(parsed.get("entities"))))
    registrar = next((entity for entity in entities if "registrar" in roles(entity)), {})
    registrant = card_of(next((entity for entity in entities if "registrant" in roles(entity)), {}))
    domain = (word(parsed.get("ldhName")) or word(parsed.get("unicodeName"))).lower().rstrip(".")
    # The registrar's own abuse contact first, then any; one of the domain itself last: its holder may have named it.
    own = [entity for entity in entities_of(rows_of(registrar.get("entities"))) if "abuse" in roles(entity)]
    cards = [card_of(entity) for entity in [*own, *(entity for entity in entities if "abuse" in roles(entity))]]
    abuse = min(
        cards or [card_of({})], key=lambda card: f".{card['email'].partition('@')[2].lower()}".endswith(f".{domain}")
    )
    told = [table(event) for event in rows_of(parsed.get("events"))]
    events = {word(event.get("eventAction")): word(event.get("eventDate")) for event in told}
    names = [table(server).get("ldhName") for server in rows_of(parsed.get("nameservers"))]
    return {
        **_EMPTY,
        "domain": domain,
        "registrar": card_of(registrar)["name"] or word(registrar.get("handle")),
        "registrar_id": _registrar_id(registrar),
        "abuse_email": abuse["email"],
        "abuse_phone": abuse["phone"],
        "registrant": registrant["name"] or registrant["organization"],
        "country": registrant["country"],
        "created": events.get("registration", ""),
        "changed": events.get("last changed", ""),
        "expires": events.get("expiration", ""),
        "status": listed(parsed.get("status")),
        "nameservers": [name.lower() for name in listed(names)],
        "related": _related(rows_of(parsed.get("links"))),
        "redacted": [_redacted(table(one)) for one in rows_of(parsed.get("redacted"))],
    }


def servers(body: bytes) -> dict[str, str]:
    """Read IANA's table (https://data.iana.org/rdap/dns.json, RFC 9224): suffix -> base address, https first.

    Raises:
        ValueError: it is no such table.
    """
    return KNOWN | {suffix.lower(): base for suffixes, base in services(body) for suffix in suffixes}


def services(body: bytes) -> Iterator[tuple[list[str], str]]:
    """Yield of a table of RFC 9224 what each registry answers for, and its base address, https where it has one.

    Raises:
        ValueError: it is no such table.
    """
    rows = table(read_json(body)).get("services")
    if not isinstance(rows, list):
        raise ValueError("no `services` in the table")
    for row in rows:
        if isinstance(row, list) and len(row) == 2:
            bases = sorted(listed(row[1]), key=lambda base: not base.startswith("https:"))
            if bases:
                yield listed_all(row[0]), bases[0]


def address(domain: str, known: Mapping[str, str]) -> str | None:
    """Return where to ask for a domain (in ASCII): the longest suffix counts; None where nobody answers for it."""
    labels = domain.lower().rstrip(".").split(".")
    for start in range(len(labels)):
        base = known.get(".".join(labels[start:]))
        if base is not None:
            return f"{base.rstrip('/')}/domain/{'.'.join(labels)}"
    return None


def roles(entity: Mapping[str, Any]) -> Sequence[str]:
    """Return the roles of an entity, in lower case."""
    return [role.lower() for role in listed(entity.get("roles"))]


def completed(first: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a registry told, completed by what the registrar tells; what both tell, the registry tells better."""
    return {name: value or more.get(name, value) for name, value in first.items()}


def listed_all(value: Any) -> list[str]:
    """Return a list of texts, however long."""
    return [text for one in rows_of(value) if (text := word(one))]


_EMPTY: dict[str, Any] = {
    **dict.fromkeys(("domain", "registrar", "registrar_id", "abuse_email", "abuse_phone", "registrant", "country"), ""),
    **dict.fromkeys(("created", "changed", "expires", "related", "error"), ""),
    "status": [],
    "nameservers": [],
    "redacted": [],
}


def entities_of(top: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    """Yield entities, outer ones first, and those inside them."""
    waiting = list(top)
    for _ in range(MOST_ENTITIES):
        if not waiting:
            return
        entity = table(waiting.pop(0))
        yield entity
        waiting += rows_of(entity.get("entities"))


def card_of(entity: Mapping[str, Any]) -> dict[str, str]:
    """Read a vCard in JSON (RFC 7095)."""
    found = dict.fromkeys(("name", "organization", "email", "phone", "country"), "")
    card = rows_of(entity.get("vcardArray"))
    for field in rows_of(card[1]) if len(card) > 1 else ():
        if not isinstance(field, list) or len(field) < 4:
            continue
        name, parameters, value = word(field[0]).lower(), table(field[1]), field[3]
        if name == "fn":
            found["name"] = found["name"] or word(value)
        elif name == "org":
            found["organization"] = found["organization"] or word(value) or " ".join(listed(value))
        elif name == "email":
            found["email"] = found["email"] or word(value).removeprefix("mailto:")
        elif name == "tel" and "fax" not in listed(parameters.get("type")):
            found["phone"] = found["phone"] or word(value).removeprefix("tel:")
        elif name == "adr":
            parts = value if isinstance(value, list) else []
            found["country"] = found["country"] or word(parameters.get("cc")) or (word(parts[-1]) if parts else "")
    return found


def _registrar_id(registrar: Mapping[str, Any]) -> str:
    for public in rows_of(registrar.get("publicIds")):
        if word(table(public).get("type")).lower() == "iana registrar id":
            return word(table(public).get("identifier"))
    return ""


def _related(links: Sequence[Any]) -> str:
    for link in map(table, links):
        if word(link.get("rel")) == "related" and "rdap" in word(link.get("type")):
            return word(link.get("href"))
    return ""


def _redacted(one: Mapping[str, Any]) -> str:
    name = table(one.get("name"))
    return word(name.get("description")) or word(name.get("type"))

"""EgressRule: which network address may be connected to. Pure: resolvers and dialers stand at their clients.

An address is public when it is globally routable unicast after unwrapping IPv4-mapped IPv6, no translation
prefix (6to4, Teredo, NAT64) that could carry a private one, and no service of a cloud's own hosts. The rest
needs an entry in `egress.allow`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

IPAddress = IPv4Address | IPv6Address

# Prefixes that embed an IPv4 address: RFC 3056, RFC 4380, RFC 6052, RFC 8215.
_TRANSLATED = tuple(map(IPv6Network, ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48")))
# All that is assigned as global unicast (RFC 4291, IANA). Outside it lie forms that carry an IPv4 address
# (`::127.0.0.1`) and site-local networks (`fec0::`), which `is_global` takes for public.
_ASSIGNED = IPv6Network("2000::/3")
# Served to a cloud's machines at addresses that look public: Oracle's metadata (192.0.0.192, in a block that
# RFC 6890 keeps for protocols), Azure's host.
_HOST_SERVICES = tuple(map(IPv4Network, ("192.0.0.0/24", "168.63.129.16/32")))


def is_public(address: IPAddress) -> bool:
    """Tell whether an address is globally routable unicast and hides no other address."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.scope_id is not None or address not in _ASSIGNED:
            return False
        if any(address in prefix for prefix in _TRANSLATED):
            return False
    elif any(address in network for network in _HOST_SERVICES):
        return False
    return address.is_global and not address.is_multicast


@dataclass(frozen=True, slots=True)
class EgressRule:
    """Public addresses, plus exact exceptions."""

    allow: frozenset[tuple[IPAddress, int | None]] = frozenset()  # port None means every port
    hosts: Mapping[str, str] = field(default_factory=dict)  # lower-case name -> address

    @classmethod
    def parse(cls, allow: Sequence[str], hosts: Mapping[str, str] | None = None) -> "EgressRule":
        """Read `ADDRESS:PORT`, `[ADDRESS]:PORT` and `ADDRESS:*` entries and pinned names.

        Raises:
            ValueError: an entry has another form.
        """
        entries = set()
        for entry in allow:
            host, _, port = entry.rpartition(":")
            try:
                number = None if port == "*" else int(port)
                entries.add((ip_address(host.removeprefix("[").removesuffix("]")), number))
            except ValueError:
                raise ValueError(f'expected "ADDRESS:PORT" or "ADDRESS:*", got {entry!r}') from None
        pinned = {name.lower(): str(ip_address(address)) for name, address in (hosts or {}).items()}
        return cls(frozenset(entries), pinned)

    def permits(self, address: str, port: int | None = None) -> bool:
        """Tell whether this address may be connected to; with port None, whether any port of it may.

        Text that is no plain IPv4 or IPv6 address is refused.
        """
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        if is_public(parsed):
            return True
        return any(
            parsed == allowed and (port is None or allowed_port in (None, port)) for allowed, allowed_port in self.allow
        )

"""Fences: what is never named as somebody's fraud: hosts of the brands, registered ones, hosts that everybody shares.

A host that others need must not get into anybody's filter: one address on it may be shared, the host may not. The same
holds for a host below which a brand, or somebody with its leave, is.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from datetime import date

from detector.brands import BrandProfile
from detector.campaign_assets import BrandAssets
from detector.handoffs import Handoff
from detector.hosts import REDIRECTORS, Host, is_carried, is_shared, parse_host, redirector
from takedown.owned import Owned

# Networks that nobody outside can reach (RFC 1918, 6598, 4193): what passed there passed through our own house.
_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
_INSIDE = tuple(map(ipaddress.ip_network, _NETWORKS))


class Fences:
    """All brands' own and registered places on one day, and those that a sharing profile keeps back."""

    def __init__(self, profiles: Sequence[BrandProfile], never: Sequence[str], on: date) -> None:
        self._owned = Owned(profiles, on)
        self._assets = {profile.key: BrandAssets(profile) for profile in profiles}
        self._never = frozenset(host.ascii for host in map(parse_host, never) if host is not None)
        self._below = frozenset(parent for name in _taken(profiles, on) for parent in _upward(name))

    def assets(self, brand: str) -> BrandAssets | None:
        """Return what a brand owns, as `detector.campaign` wants it."""
        return self._assets.get(brand)

    def owned(self, host: Host) -> bool:
        """Tell whether a place is a brand's own, registered, or kept back."""
        return not self._never.isdisjoint(_upward(host.ascii)) or self._owned.host(host)

    def may_name(self, host: Host) -> bool:
        """Tell whether a whole host may be named: it is one party's, and nobody else needs it or what is below it."""
        if host.registrable is None or host.ascii in self._below or is_shared(host):
            return False
        if redirector(host) is not None or (is_carried(host) and host.ascii != host.registrable):
            return False  # a delivery network's own node serves many; a name right below its suffix is one customer's
        return not self.owned(host)

    def may_point_at(self, host: Host) -> bool:
        """Tell whether one address may be told: it is somebody's page, and none of the brand's or of our own house."""
        if self.owned(host) or _inside(host):
            return False
        if redirector(host) and (host.ascii in REDIRECTORS or not is_shared(host)):
            return False  # a counter of clicks: what it leads to is an address of its own
        return self.may_name(host) or host.registrable is None or len(host.path) > 1

    def may_accuse(self, platform: str | None, identifier: str | None) -> bool:
        """Tell whether an advertiser is nobody who may use a brand."""
        return not self._owned.account(platform, identifier)

    def may_lead_to(self, found: Handoff) -> bool:
        """Tell whether an account that people are led to is none of a brand's own."""
        return not self._owned.handoff(found)


def _taken(profiles: Sequence[BrandProfile], on: date) -> Iterator[str]:
    """Yield every host on which a brand, or somebody with its leave, is; those with a registered path, too."""
    for profile in profiles:
        scopes = (entry.scope for entry in profile.ownership if entry.valid(on))
        places = (*profile.domains, *(scope.value for scope in scopes if scope.kind in ("domain", "path")))
        yield from (host.ascii for host in map(parse_host, places) if host is not None)


def _upward(name: str) -> Iterator[str]:
    """Yield a host, then each one above it."""
    while name:
        yield name
        name = name.partition(".")[2]


def _inside(host: Host) -> bool:
    if host.suffix:
        return False
    address = ipaddress.ip_address(host.ascii)
    address = getattr(address, "ipv4_mapped", None) or address
    inside = any(address in network for network in _INSIDE if network.version == address.version)
    return inside or address.is_loopback or address.is_link_local or address.is_unspecified

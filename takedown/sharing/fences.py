"""Fences: what is never named as somebody's fraud: hosts of the brands, registered ones, hosts that everybody shares.

A host that others need must not get into anybody's filter: one address on it may be shared, the host may not. The same
holds for a host below or beside which a brand or somebody with its leave is.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from config import Brand, Config
from config.sharing import Sharing
from detector.brands import BrandProfile, Ownership, Scope
from detector.campaign_assets import BrandAssets
from detector.handoffs import Handoff
from detector.hosts import Host, is_carried, is_shared, parse_host, redirector
from storage.register import with_register

# Networks nobody outside can reach (RFC 1918, 4193): a journey that passed there passed through our own house.
_INSIDE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)


class Fences:
    """All brands' own and registered places on one day, and those that a profile keeps back."""

    def __init__(self, brands: Sequence[BrandProfile], never: Sequence[str], on: date) -> None:
        self._on = on
        self._assets = {brand.key: BrandAssets(_valid(brand, on)) for brand in brands}
        self._never = frozenset(host.ascii for host in map(parse_host, never) if host is not None)
        self._below = frozenset(parent for name in _taken(brands, on) for parent in _parents(name))

    def assets(self, brand: str) -> BrandAssets | None:
        """Return what a brand owns, for `detector.campaign`."""
        return self._assets.get(brand)

    def owned(self, host: Host) -> bool:
        """Tell whether the place is a brand's own, registered, or kept back."""
        kept = any(name in self._never for name in (host.ascii, *_parents(host.ascii)))
        return kept or any(assets.host(host, self._on) for assets in self._assets.values())

    def may_name(self, host: Host) -> bool:
        """Tell whether a whole host may be named: it is one party's, and nobody needs what is below it."""
        if host.registrable is None or host.ascii in self._below:
            return False
        carried = is_carried(host) and not host.shared
        return not (is_shared(host) or carried or redirector(host) is not None or self.owned(host))

    def may_point_at(self, host: Host) -> bool:
        """Tell whether one address may be shared: it leads to somebody's page, and not to one of the brand's."""
        if self.owned(host) or _inside(host):
            return False
        passing = redirector(host)
        if passing:  # a platform's own counter; what it carries is an address of its own
            return False
        return self.may_name(host) or host.registrable is None or len(host.path) > 1

    def may_tell_of(self, platform: str | None, identifier: str | None) -> bool:
        """Tell whether an advertiser or account is nobody's who may use a brand."""
        return not any(assets.advertiser(platform, identifier, self._on) for assets in self._assets.values())

    def may_lead_to(self, found: Handoff) -> bool:
        """Tell whether an account that people are led to is none of a brand's own."""
        return not any(assets.handoff(found) for assets in self._assets.values())


def fences(session: Session, config: Config, profile: Sharing, on: date) -> Fences:
    """Read the register of the configuration and of people's judgements as it holds on a day."""
    return Fences(with_register([_profile(config, brand) for brand in config.brand], session), profile.never, on)


def _profile(config: Config, brand: Brand) -> BrandProfile:
    """Return a brand without its pictures and pages: only what names it and what is its own."""
    return BrandProfile(
        key=brand.key,
        name=brand.name,
        aliases=brand.aliases,
        ambiguous=brand.ambiguous,
        exclude=brand.exclude,
        products=brand.products,
        domains=brand.domains,
        accounts=tuple(Scope.parse(f"account:{account}") for account in brand.accounts),
        ownership=tuple(
            Ownership(who=entry.who, scope=Scope.parse(entry.scope), until=entry.until, note=entry.note)
            for entry in config.ownership
            if entry.brand == brand.key
        ),
    )


def _valid(brand: BrandProfile, on: date) -> BrandProfile:
    return replace(brand, ownership=tuple(entry for entry in brand.ownership if entry.valid(on)))


def _taken(brands: Sequence[BrandProfile], on: date) -> set[str]:
    """Return every host on which a brand, or somebody with its leave, is; those with a registered path, too."""
    places = [domain for brand in brands for domain in brand.domains]
    places += [
        entry.scope.value
        for brand in brands
        for entry in brand.ownership
        if entry.scope.kind in ("domain", "path") and entry.valid(on)
    ]
    return {host.ascii for host in map(parse_host, places) if host is not None}


def _parents(name: str) -> list[str]:
    """Return a host and all above it."""
    labels = name.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


def _inside(host: Host) -> bool:
    if host.registrable is not None or host.suffix:
        return False
    address = ipaddress.ip_address(host.ascii)
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or any(address in network for network in _INSIDE if network.version == address.version)
    )

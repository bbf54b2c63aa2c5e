"""Owned: what of a journey is the brands' own or registered for somebody, and so is never to be taken down. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

from detector.brands import BrandProfile
from detector.campaign_assets import BrandAssets
from detector.handoffs import Handoff
from detector.host_names import HostIndex
from detector.hosts import Host, parse_host
from detector.register import Register


@lru_cache(maxsize=4)
def owned_by(profiles: tuple[BrandProfile, ...], on: date) -> "Owned":
    """Return what the brands own on a day; made once, although every part of a notice asks for it."""
    return Owned(profiles, on)


class Owned:
    """What the brands' profiles and the ownership register cover on one day; an entry that has ended covers nothing."""

    def __init__(self, profiles: Sequence[BrandProfile], on: date) -> None:
        """Take the profiles of all brands: what is one brand's own is no target of another's case either."""
        self._on = on
        self._registers = [Register(profile, HostIndex([profile]).tokens(0)) for profile in profiles]
        self._assets = [BrandAssets(profile) for profile in profiles]
        self._names = frozenset(name for profile in profiles for name in _names(profile, on))

    def host(self, host: Host) -> bool:
        """Tell whether an entry covers an address, its path considered."""
        found = (register.host(host, self._on) for register in self._registers)
        return any(owned is not None and owned.valid for owned in found)

    def url(self, url: str) -> bool:
        """Tell whether an entry covers where a URL stands."""
        host = parse_host(url)
        return host is not None and self.host(host)

    def within(self, domain: str) -> bool:
        """Tell whether an entry covers anything of a domain: then nobody is asked to suspend the whole of it."""
        return any(name == domain or name.endswith(f".{domain}") for name in self._names) or self.url(domain)

    def account(self, platform: str | None, identifier: str | None) -> bool:
        """Tell whether an entry covers an advertiser or an account."""
        found = (register.advertiser(platform, identifier, self._on) for register in self._registers)
        return any(owned is not None and owned.valid for owned in found)

    def handoff(self, handoff: Handoff) -> bool:
        """Tell whether people are led to a brand itself, or to an account that is registered."""
        return any(assets.handoff(handoff) for assets in self._assets) or self.account(handoff.kind, handoff.value)

    def ended(self, host: Host) -> str | None:
        """Return the entry that covered an address until it ended; None where there is none."""
        for register in self._registers:
            owned = register.host(host, self._on)
            if owned is not None and not owned.valid:
                return owned.entry
        return None


def _names(profile: BrandProfile, on: date) -> Iterator[str]:
    scopes = [entry.scope for entry in profile.ownership if entry.valid(on) and entry.scope.kind in ("domain", "path")]
    for text in (*profile.domains, *(scope.value for scope in scopes)):
        host = parse_host(text)
        if host is not None:
            yield host.ascii

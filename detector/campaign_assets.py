"""BrandAssets: what a brand owns itself, and so says nothing about who attacks it. Pure."""

from datetime import date

from detector.brands import BrandProfile
from detector.handoffs import Handoff, find_handoffs
from detector.host_names import HostIndex
from detector.hosts import Host
from detector.images.compare import PictureIndex
from detector.images.hash import PictureHash
from detector.register import Register

_MOST_READ = 20_000  # characters of a saved page


class BrandAssets:
    """The hosts, accounts, hand-offs and pictures that are a brand's own or registered for it."""

    def __init__(self, brand: BrandProfile) -> None:
        self.names = (brand.name, *brand.aliases, *brand.products)
        self._register = Register(brand, HostIndex([brand]).tokens(0))
        self._pictures = PictureIndex([brand])
        own = find_handoffs([page.text[:_MOST_READ] for page in brand.pages])
        self._handoffs: set[tuple[str | None, str]] = {(one.kind, one.value.lstrip("@").lower()) for one in own}
        self._handoffs |= {(scope.platform, scope.value.lstrip("@").lower()) for scope in brand.accounts}

    def host(self, host: Host, on: date) -> bool:
        """Tell whether a valid entry covers a host."""
        owned = self._register.host(host, on)
        return owned is not None and owned.valid

    def advertiser(self, platform: str | None, identifier: str | None, on: date) -> bool:
        """Tell whether a valid entry covers an advertiser or account."""
        owned = self._register.advertiser(platform, identifier, on)
        return owned is not None and owned.valid

    def handoff(self, found: Handoff) -> bool:
        """Tell whether people are led to the brand itself: by an account of the profile, or one on its saved pages."""
        return (found.kind, found.value.lstrip("@").lower()) in self._handoffs

    def picture(self, picture: PictureHash) -> bool:
        """Tell whether a picture is, as a whole, one of the brand's own."""
        copies = (copy for _, copy in self._pictures.find(picture))
        return any(copy.reference.role != "fraud" and not copy.part for copy in copies)

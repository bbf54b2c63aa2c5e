"""BrandAssets: what a brand owns itself, and so says nothing about who attacks it. Pure."""

from dataclasses import replace
from datetime import date

from detector.brands import BrandProfile
from detector.contacts import account, contacts
from detector.handoffs import Handoff, find_handoffs
from detector.host_names import HostIndex
from detector.hosts import Host, parse_host
from detector.images.compare import PictureIndex
from detector.images.hash import PictureHash
from detector.items import Item
from detector.register import Register

_MOST_READ = 20_000  # characters of a saved page


class BrandAssets:
    """The hosts, accounts, hand-offs and pictures that are a brand's own or registered for it."""

    def __init__(self, brand: BrandProfile) -> None:
        self.names = (brand.name, *brand.aliases, *brand.products)
        self._register = Register(brand, HostIndex([brand]).tokens(0))
        own = tuple(picture for picture in brand.pictures if picture.role != "fraud")
        self._pictures = PictureIndex([replace(brand, pictures=own)])
        written = find_handoffs([page.text[:_MOST_READ] for page in brand.pages])
        self._handoffs: set[tuple[str | None, str]] = {(one.kind, account(one)) for one in written}
        self._handoffs |= {(scope.platform, scope.value.lstrip("@").lower()) for scope in brand.accounts}
        self._names = {name for _, name in self._handoffs}
        self._contacts = {
            value for page in brand.pages for value in contacts(page.text[:_MOST_READ], Item(id="-", kind="page"))
        }

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
        return (found.kind, account(found)) in self._handoffs or self.contact(f"{found.kind}:{found.value}")

    def contact(self, value: str) -> bool:
        """Tell whether a mail address or a number, as `contacts` gives it, is the brand's own."""
        kind, _, name = value.partition(":")
        if kind == "mail":
            host = parse_host(name.rpartition("@")[2])
            return value in self._contacts or (host is not None and self.host(host, date.min))
        return value in self._contacts or (kind, name) in self._handoffs

    def handle(self, name: str) -> bool:
        """Tell whether the name of an account, in lower case without @, is that of one of the brand's own."""
        return name in self._names

    def picture(self, picture: PictureHash) -> bool:
        """Tell whether a picture is, as a whole, one of the brand's own."""
        copies = (copy for _, copy in self._pictures.find(picture))
        return any(not copy.part for copy in copies)

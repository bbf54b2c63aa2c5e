"""PageFacts: what a page at the end of a journey shows besides its words: forms, foreign assets, prices, who sells.

Observations only, in the page's own words where evidence needs them; what they mean is for `detector.signals.page`.
`spiders.pages.facts` reads them from hostile bytes, in the sandbox, as plain values; `page_facts` makes facts of those.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import msgspec

FormKind = Literal["login", "card", "bank", "otp", "personal"]
AssetKind = Literal["picture", "icon", "script", "style"]
Currency = Literal["JPY", "USD"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form that asks for something worth stealing; searches and newsletters are none."""

    kind: FormKind
    fields: tuple[str, ...]  # names or labels of the fields that say so, as written
    action: str | None = None  # absolute address it posts to, without query; None where only a script knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """Something that a page loads from another host than its own."""

    kind: AssetKind
    url: str  # absolute, without query and fragment: those change with every visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price said to have been, and the price now."""

    was: float
    now: float
    currency: Currency
    seen: str

    @property
    def percent(self) -> int:
        """Percent off."""
        return round(100 * (1 - self.now / self.was)) if self.was > 0 else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """A discount that is claimed."""

    percent: int
    seen: str
    up_to: bool = False  # 最大, up to


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """How little is said to be left."""

    seen: str
    left: int | None = None  # None: a few


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who sells, as Japanese law wants it told (特定商取引法に基づく表記); every value as written."""

    heading: str | None = None  # words of the link or of the block
    link: str | None = None  # where the details stand, if elsewhere
    name: str | None = None  # 販売業者, 会社名
    address: str | None = None  # 所在地
    phone: str | None = None
    mail: str | None = None  # of the block; else the first one that a selling page names
    person: str | None = None  # 代表者, 運営責任者

    @property
    def told(self) -> bool:
        """Tell whether the page says who sells, or where that stands."""
        return bool(self.heading or self.link or self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What one page shows."""

    forms: tuple[Form, ...] = ()
    assets: tuple[Asset, ...] = ()  # foreign ones only, a few of each host
    icons: tuple[str, ...] = ()  # addresses of favicons, own ones, too
    prices: tuple[Price, ...] = ()
    discounts: tuple[Discount, ...] = ()
    stock: tuple[Stock, ...] = ()
    countdowns: tuple[str, ...] = ()  # words, or the class of an element that counts down
    priced: Currency | None = None  # of the first price on the page
    buys: str | None = None  # words of the first button to buy
    seller: Seller = Seller()
    transfer_only: str | None = None  # words that leave bank transfer as the only way to pay
    hides: tuple[str, ...] = ()  # what its scripts do against people who look closely
    trackers: tuple[str, ...] = ()  # accounts that its visitors are counted for, e.g. "Google Analytics G-ABC123"
    certificate: str | None = None  # SHA-256 of the host's certificate (DER), hex; set by who made the visit
    cname: str | None = None  # what the host's name is another name of; set by who made the visit
    certificate_from: date | None = None  # the host's certificate is valid from; set by who made the visit
    registered_on: date | None = None  # of the host's domain, from the registry; set by who asked it

    @property
    def sells(self) -> bool:
        """Tell whether there is something to buy here, rather than a price in a text."""
        return self.priced is not None and self.buys is not None


def page_facts(plain: Mapping[str, Any]) -> PageFacts:
    """Make facts of what `spiders.pages.facts.read_facts` returns.

    Raises:
        msgspec.ValidationError: a field has the wrong type; the message carries its path.
    """
    return msgspec.convert(plain, PageFacts)

"""BrandProfile: what is protected, and the ownership register below it.

The detector is handed these values; `storage.profiles` makes them from the configuration.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from detector.images.hash import PictureHash

Who = Literal["own", "group", "agency", "reseller", "press", "parody"]
ScopeKind = Literal["domain", "path", "advertiser", "account"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an ownership entry covers, e.g. `domain:shop.example`, `path:host.example/brand`, `account:youtube:@x`."""

    kind: ScopeKind
    platform: str | None = None  # for advertiser and account
    value: str  # host, host/path prefix, or platform id

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """Read `domain:HOST`, `path:HOST/PREFIX`, `advertiser:PLATFORM:ID` or `account:PLATFORM:ID`.

        Raises:
            ValueError: the text has another form.
        """
        kind, _, rest = text.partition(":")
        if kind == "domain" and rest and not set(rest) & set("/: "):
            return cls(kind="domain", value=rest.lower().rstrip("."))
        if kind == "path" and rest.partition("/")[0] and rest.partition("/")[2]:
            host, _, prefix = rest.partition("/")
            return cls(kind="path", value=f"{host.lower()}/{prefix}")
        if kind in ("advertiser", "account"):
            platform, _, identifier = rest.partition(":")
            if platform and identifier:
                return cls(
                    kind="advertiser" if kind == "advertiser" else "account",
                    platform=platform.lower(),
                    value=identifier,
                )
        raise ValueError("expected domain:HOST, path:HOST/PREFIX, advertiser:PLATFORM:ID or account:PLATFORM:ID")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """One register entry: who may use the brand, where, until when."""

    who: Who
    scope: Scope
    until: date | None = None  # last valid day; None means no end
    note: str = ""

    def valid(self, on: date) -> bool:
        """Tell whether the entry still holds on that day."""
        return self.until is None or on <= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One way in which a logo is shown, as marks in pictures are compared with it."""

    name: str  # e.g. "first part, white on black"
    aspect: float  # width by height
    vector: str  # see `detector.images.marks`
    mean: float  # cosines with the nearest strangers, see `detector.images.strangers`
    spread: float
    nearest: float = 0.0  # cosine that the very nearest strangers reach


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePicture:
    """A picture to recognise: by its hashes, a logo by its looks, too; the pixels stay outside the detector."""

    name: str  # file name, or "case 42"; shown in evidence
    role: Literal["logo", "picture", "fraud"]  # the brand's own; or judged as fraud against it
    hash: PictureHash
    looks: tuple[Look, ...] = ()
    seen_in: tuple[str, ...] = ()  # role fraud: ids of the items that were judged; it proves nothing against those


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialPage:
    """A saved page of the brand's own: pages elsewhere that say the same copy it."""

    name: str  # file name, shown in evidence
    text: str  # its words, a line for each block


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandProfile:
    """Everything the detector knows of one brand."""

    key: str
    name: str
    aliases: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()  # count only together with context (another name, product or lure)
    exclude: tuple[str, ...] = ()  # contain a name, mean something else
    products: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()  # official registrable domains or hosts
    accounts: tuple[Scope, ...] = ()  # official accounts, kind "account"
    pictures: tuple[ReferencePicture, ...] = ()
    pages: tuple[OfficialPage, ...] = ()
    false_claims: tuple[str, ...] = ()
    ownership: tuple[Ownership, ...] = ()

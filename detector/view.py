"""View: one item as one brand sees it. Everything signals look at, gathered once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from detector.brands import BrandProfile
from detector.claims import ClaimHit
from detector.copied_text import CopiedText
from detector.handoffs import Handoff
from detector.host_names import HostHit, HostKind
from detector.images.compare import Copy
from detector.images.logos import LogoHit
from detector.items import Item
from detector.page_facts import Asset, PageFacts
from detector.pictured import Pictured
from detector.places import Place
from detector.reading import ADVERTISER_NAME, NameHit, WordHit
from detector.register import Owned, Register
from detector.setting import Setting
from detector.setting import read as read_setting
from detector.wording import Span, Wording, learned

# A text up to this many characters is one message: every word in it counts. In a longer one only what stands near
# the name.
ONE_MESSAGE: int = 600
NEAR: int = 250  # characters to either side of a name
NEAR_ON_PAGE: int = 100
NO_WORDING = Wording(0.0, ())
NO_SETTING = Setting(0.0, ())


@dataclass(frozen=True, kw_only=True)
class View:
    """What was seen of an item, from one brand's side."""

    item: Item  # with what is written in its pictures
    seen: Pictured
    on: date
    brand: BrandProfile
    register: Register
    names: Sequence[NameHit]
    words: Mapping[str, Sequence[WordHit]]
    places: Sequence[Place]
    host_hits: Sequence[tuple[Place, HostHit]]
    copies: Sequence[tuple[int, Copy]]  # index of the image
    logos: Sequence[tuple[int, LogoHit]]  # the same
    claims: Sequence[ClaimHit]
    hotlinked: Sequence[Asset] = ()  # what a page loads from the brand's own hosts
    copied: Sequence[CopiedText] = ()
    handed: Callable[[], Sequence[Handoff]] = tuple  # where the item leads people; read when somebody asks
    protected: frozenset[str] = frozenset()  # hosts in the item that are the own ones of any protected brand
    _near: dict[str, list[WordHit]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def text_names(self) -> list[NameHit]:
        """Names in the item's own texts."""
        return [hit for hit in self.names if hit.text >= 0]

    @cached_property
    def wording(self) -> Wording:
        """What the phrases of texts and sender add up to; nothing where neither names the brand."""
        return learned().read(*worded(self.item, self.names)) if self.names else NO_WORDING

    @cached_property
    def setting(self) -> Setting:
        """What the marks of the item's setting add up to; nothing where neither text nor sender names the brand."""
        return read_setting(self.item, self.brand, self.foreign_places) if self.names else NO_SETTING

    @cached_property
    def advertiser(self) -> Owned | None:
        """The register entry of the advertiser or account."""
        sender = self.item.advertiser
        return self.register.advertiser(self.item.platform, sender.id if sender else None, self.on)

    @cached_property
    def owned_places(self) -> list[tuple[Place, Owned | None]]:
        """Every place that leads somewhere, with its register entry; what is only shown is left out."""
        return [
            (place, self.register.host(place.host, self.on) if place.host else None)
            for place in self.places
            if place.role != "shown"
        ]

    @cached_property
    def foreign_places(self) -> list[Place]:
        """Places whose destination is known and that nobody registered for this brand, or as another's own."""
        return [
            place
            for place, owned in self.owned_places
            if place.host and place.host.ascii not in self.protected and not (owned is not None and owned.valid)
        ]

    @cached_property
    def landing(self) -> PageFacts | None:
        """What stands on a page that nobody registered for this brand, or as another's own; None elsewhere."""
        if self.item.page is None or self.item.kind not in ("page", "domain") or not self.foreign_places:
            return None
        return self.item.page

    def hosts(self, kind: HostKind) -> Iterable[tuple[Place, HostHit]]:
        """Return the brand's hits of one kind, those on registered hosts and on other brands' own left out."""
        return self._unregistered_hits.get(kind, ()) if self.host_hits else ()

    @cached_property
    def _unregistered_hits(self) -> dict[HostKind, list[tuple[Place, HostHit]]]:
        found: dict[HostKind, list[tuple[Place, HostHit]]] = {}
        for place, hit in self.host_hits:
            if place.host and place.host.ascii in self.protected:
                continue
            owned = self.register.host(place.host, self.on) if place.host else None
            if not (owned is not None and owned.valid):
                found.setdefault(hit.kind, []).append((place, hit))
        return found

    def near(self, category: str) -> list[WordHit]:
        """Return the lexicon words of a category that belong to what is said about the brand."""
        if category not in self._near:
            self._near[category] = [hit for hit in self.words.get(category, ()) if self._belongs(hit)]
        return self._near[category]

    def _belongs(self, hit: WordHit) -> bool:
        if len(self.item.texts[hit.text].text) <= ONE_MESSAGE:
            return True
        reach = NEAR_ON_PAGE if self.item.kind == "page" else NEAR
        return any(
            name.text == hit.text and name.span[0] - reach <= hit.span[0] <= name.span[1] + reach for name in self.names
        )

    @cached_property
    def speaks_as_brand(self) -> list[tuple[NameHit, str]]:
        """Places where somebody speaks in the brand's name: the name in brackets first, or before words of a
        sender."""
        found = []
        for hit in self.text_names:
            if hit.role == "name":
                text = self.item.texts[hit.text]
                reason = _speaker(hit, text.text, self.words.get("sender", ()))
                if reason is None and text.role in ("title", "name", "html_title") and _all(hit, text.text):
                    reason = "the name alone is the title"
                if reason:
                    found.append((hit, reason))
        return found

    @property
    def uses_name(self) -> bool:
        """Tell whether the advertiser calls itself by the brand's name."""
        return any(hit.text == ADVERTISER_NAME and hit.role == "name" for hit in self.names)


def worded(item: Item, names: Sequence[NameHit]) -> tuple[list[str], list[list[Span]]]:
    """Return what the wording is read from: the texts, then the sender's name, and where the brand stands in each."""
    texts = [text.text for text in item.texts]
    spans: list[list[Span]] = [[hit.span for hit in names if hit.text == index] for index in range(len(texts))]
    if item.advertiser and item.advertiser.name:
        texts.append(item.advertiser.name)
        spans.append([hit.span for hit in names if hit.text == ADVERTISER_NAME])
    return texts, spans


# Characters that may stand between a name and what makes it a sender: 「星野電機 株式会社 サポート」.
SENDER_GAP: int = 6
_OPENING = "【[「『<《〈［(（"
_CLOSING = "】]」』>》〉］)）"


def _speaker(hit: NameHit, text: str, words: Sequence[WordHit]) -> str | None:
    start, end = hit.span
    if start and end < len(text) and text[start - 1] in _OPENING and not text[: start - 1].strip():
        tail = text[end : end + SENDER_GAP + 4]
        if any(character in _CLOSING for character in tail):
            return "the name in brackets opens the text"
    for word in words:
        if word.text == hit.text and 0 <= word.span[0] - end <= SENDER_GAP and _open(text[end : word.span[0]]):
            return f"the name stands before “{word.seen}”"
    return None


def _open(gap: str) -> bool:
    """Tell whether nothing between a name and a word separates them into two thoughts, or makes the one an object."""
    return not any(character in "。、，,!?！？;；はがをにでとも" for character in gap)


def _all(hit: NameHit, text: str) -> bool:
    return len(text.strip()) <= hit.span[1] - hit.span[0] + 2

"""The brand's name in the item's texts."""

import re
from collections.abc import Iterator

from detector.evidence import TextSpan
from detector.names import MISSPELT
from detector.reading import NameHit
from detector.signals.finding import Finding
from detector.view import View

# Characters around a name in which a claim to be official refers to it.
CLAIM_REACH: int = 12
# A title that begins with the name and goes on is that of a report or a product, more often than that of an impostor.
BEGINS: float = 0.3
_BREAK = re.compile(r"\s[-–—:/]\s|\s?[|｜»«]\s?|\s?[】]\s?")
# What stands beside the name of whoever a site belongs to.
_OF_A_SITE = re.compile(
    r"(?i)(?:公式|オフィシャル|オンライン|インターネット|ショップ|ストア|サイト|ホームページ|アカウント|ログイン|サインイン"
    r"|マイページ|会員|サポート|直営|通販|ホーム|トップ|ページ|本店|へようこそ|ようこそ|株式会社|日本|の"
    r"|official|online|shop|store|outlet|site|website|accounts?|log ?in|sign ?in|my ?page|support|home ?page|home"
    r"|welcome|inc|co|ltd|japan|jp|to|the|[\s\W])*+"
)


def _at(hit: NameHit) -> TextSpan:
    return TextSpan(text=hit.text, span=hit.span)


def mention(view: View) -> Iterator[Finding]:
    """The text names the brand."""
    for hit in view.text_names:
        if hit.role in ("name", "ambiguous") and not hit.likeness.disguises:
            strength = 1.0 if hit.role == "name" else 0.5
            yield Finding(strength=strength, observed=hit.seen, expected=hit.name, where=_at(hit))


def product(view: View) -> Iterator[Finding]:
    """The text names one of the brand's products."""
    for hit in view.text_names:
        if hit.role == "product":
            yield Finding(strength=1.0, observed=hit.seen, expected=hit.name, where=_at(hit))


def obfuscated(view: View) -> Iterator[Finding]:
    """The brand's name is written so that people read it and filters do not."""
    for hit in view.names:
        if hit.likeness.disguises not in ((), (MISSPELT,)) and hit.role in ("name", "product"):
            how = ", ".join(hit.likeness.disguises)
            where = _at(hit) if hit.text >= 0 else None
            yield Finding(
                strength=hit.likeness.strength, observed=hit.seen, expected=f"{hit.name} ({how})", where=where
            )


def misspelt(view: View) -> Iterator[Finding]:
    """The brand's name is written with a slip."""
    for hit in view.names:
        if hit.likeness.disguises == (MISSPELT,) and hit.role in ("name", "product"):
            where = _at(hit) if hit.text >= 0 else None
            yield Finding(strength=1.0, observed=hit.seen, expected=hit.name, where=where)


def sender(view: View) -> Iterator[Finding]:
    """The text speaks in the brand's name."""
    for hit, reason in view.speaks_as_brand:
        yield Finding(strength=1.0, observed=hit.seen, expected=f"only the brand itself: {reason}", where=_at(hit))


def official_claim(view: View) -> Iterator[Finding]:
    """The text claims to come from the brand's official shop or account."""
    for word in view.near("official"):
        beside = (
            hit
            for hit in view.text_names
            if hit.text == word.text
            and word.span[0] <= hit.span[1] + CLAIM_REACH
            and hit.span[0] <= word.span[1] + CLAIM_REACH
        )
        if any(beside):
            where = TextSpan(text=word.text, span=word.span)
            yield Finding(
                strength=1.0, observed=word.seen, expected="used by registered shops and accounts only", where=where
            )


def title(view: View) -> Iterator[Finding]:
    """The page's title is the brand's, but nobody registered its host for the brand."""
    if view.landing is None:
        return
    senders = {hit.text for hit, _ in view.speaks_as_brand}  # told by `sender` already
    for hit in view.text_names:
        whole = view.item.texts[hit.text]
        if whole.role != "html_title" or hit.role != "name" or hit.text in senders:
            continue
        strength = _titled(whole.text, hit.span)
        if strength:
            expected = "a title that only the brand's own pages have"
            yield Finding(strength=strength, observed=hit.seen, expected=expected, where=_at(hit))


def _titled(title: str, span: tuple[int, int]) -> float:
    """Say how much a title presents its page as the brand's.

    Fully where the name, with words such as "official shop", is the title or its last part: there sites write whose
    they are. Not where another name follows: a shop's or a newspaper's page about the brand.
    """
    parts = _parts(title)
    place = next((number for number, (start, end) in enumerate(parts) if start <= span[0] < end), None)
    if place is None:
        return 0.0
    start, end = parts[place]
    alone = all(map(_OF_A_SITE.fullmatch, (title[start : span[0]], title[span[1] : end])))
    others = [title[start:end] for number, (start, end) in enumerate(parts) if number != place]
    if alone and (place == len(parts) - 1 or all(map(_OF_A_SITE.fullmatch, others))):
        return 1.0
    if alone and title[start:end].strip() != title[span[0] : span[1]].strip():
        return 0.5  # "… official shop | up to 80 % off"
    return BEGINS if len(parts) == 1 and not title[: span[0]].strip(" 【[「『(（") else 0.0


def another_site(view: View) -> bool:
    """Tell whether the window's title ends with the name of another site: a page about the brand, there."""
    for index, text in enumerate(view.item.texts):
        parts = _parts(text.text) if text.role == "html_title" else []
        if len(parts) > 1 and not _OF_A_SITE.fullmatch(text.text[slice(*parts[-1])]):
            return not any(hit.text == index and hit.span[0] >= parts[-1][0] for hit in view.text_names)
    return False


def _parts(title: str) -> list[tuple[int, int]]:
    """Return where the parts of a title stand, between signs that set them apart."""
    breaks = [match.span() for match in _BREAK.finditer(title)]
    starts, ends = [0, *(end for _, end in breaks)], [*(start for start, _ in breaks), len(title)]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if title[start:end].strip()]

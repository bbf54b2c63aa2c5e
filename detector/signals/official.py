"""What the ownership register says about the item's host, links and advertiser."""

from collections.abc import Iterator

from detector.register import Owned
from detector.signals.finding import Finding
from detector.view import View

# An official destination clears less when the text leads the reader elsewhere, to a chat.
HANDOFF_SHARE: float = 0.4


def _expected(owned: Owned) -> str:
    return f"registered as {owned.entry}"


def expired(view: View) -> Iterator[Finding]:
    """A register entry covered this, but it has expired."""
    for place, owned in view.owned_places:
        if owned is not None and not owned.valid:
            yield Finding(strength=1.0, observed=place.url, expected=_expected(owned), where=place.where)
    if view.advertiser is not None and not view.advertiser.valid:
        yield Finding(strength=1.0, observed=_advertiser(view), expected=_expected(view.advertiser))


def partner(view: View) -> Iterator[Finding]:
    """A registered reseller, press organ or parody stands behind this."""
    covered = [owned for _, owned in view.owned_places if owned is not None and owned.valid]
    if covered and len(covered) == len(view.owned_places):
        for place, owned in view.owned_places:
            if owned is not None and not owned.own:
                yield Finding(strength=1.0, observed=place.url, expected=_expected(owned), where=place.where)
    if view.advertiser is not None and view.advertiser.valid and not view.advertiser.own:
        yield Finding(strength=1.0, observed=_advertiser(view), expected=_expected(view.advertiser))


def destination(view: View) -> Iterator[Finding]:
    """Every link leads to an official host of the brand."""
    if view.item.kind in ("page", "domain"):
        return
    covered = [(place, owned) for place, owned in view.owned_places if owned and owned.valid and owned.own]
    if covered and len(covered) == len(view.owned_places):
        place, owned = covered[0]
        strength = HANDOFF_SHARE if view.near("handoff") else 1.0
        yield Finding(strength=strength, observed=place.url, expected=_expected(owned), where=place.where)


def account(view: View) -> Iterator[Finding]:
    """The advertiser or account is registered as the brand's own."""
    if view.advertiser is not None and view.advertiser.valid and view.advertiser.own:
        yield Finding(strength=1.0, observed=_advertiser(view), expected=_expected(view.advertiser))


def host(view: View) -> Iterator[Finding]:
    """The page or domain is an official host of the brand."""
    if view.item.kind not in ("page", "domain"):
        return
    for place, owned in view.owned_places:
        if owned is not None and owned.valid and owned.own:
            yield Finding(strength=1.0, observed=place.url, expected=_expected(owned), where=place.where)


def _advertiser(view: View) -> str:
    sender = view.item.advertiser
    return f"{sender.name or ''} ({view.item.platform}:{sender.id})".strip() if sender else ""

"""Who placed the item."""

from collections.abc import Iterator

from detector.reading import ADVERTISER_NAME, PAYER
from detector.signals.finding import Finding
from detector.view import View

REGISTERED = "a registered advertiser or account"


def uses_name(view: View) -> Iterator[Finding]:
    """The advertiser calls itself by the brand's name, but is not registered for the brand."""
    sender = view.item.advertiser
    if sender is None or _registered(view):
        return
    payer_is_brand = any(hit.text == PAYER for hit in view.names)
    for hit in view.names:
        if hit.text == ADVERTISER_NAME and hit.role == "name":
            other_payer = sender.payer is not None and not payer_is_brand
            observed = f"{sender.name} (paid by {sender.payer})" if other_payer else sender.name or hit.seen
            yield Finding(strength=1.0 if other_payer else 0.8, observed=observed, expected=REGISTERED)


def unknown(view: View) -> Iterator[Finding]:
    """The advertiser is not registered for the brand that the text names."""
    sender = view.item.advertiser
    if sender is None or not (sender.id or sender.name) or not view.names or _registered(view):
        return
    yield Finding(strength=1.0, observed=sender.name or sender.id or "", expected=REGISTERED)


def _registered(view: View) -> bool:
    return view.advertiser is not None and view.advertiser.valid

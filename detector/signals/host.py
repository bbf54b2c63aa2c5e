"""The hosts and paths an item stands on, leads to or shows."""

from collections.abc import Iterator
from dataclasses import replace

from detector.host_names import HostKind
from detector.hosts import is_shared
from detector.signals.finding import Finding
from detector.view import View

# What a name in a path counts where a text names the brand, too: shops and blogs sort their pages by makers. The path's
# own weight was learned on bare addresses.
PATH_BESIDE_TEXT: float = 0.35


def _hits(view: View, kind: HostKind) -> Iterator[Finding]:
    for place, hit in view.hosts(kind):
        yield Finding(strength=hit.strength, observed=place.url, expected=hit.expected, where=place.where)


def imitated_suffix(view: View) -> Iterator[Finding]:
    """The host contains a whole official host of the brand, but belongs to somebody else."""
    yield from _hits(view, "imitated_suffix")


def lookalike(view: View) -> Iterator[Finding]:
    """The host imitates the brand's name with similar letters or a misspelling."""
    yield from _hits(view, "lookalike")


def combosquat(view: View) -> Iterator[Finding]:
    """The host carries the brand's name, but is not registered for the brand."""
    yield from _hits(view, "combosquat")


def path(view: View) -> Iterator[Finding]:
    """The path behind a foreign host carries the brand's name."""
    share = PATH_BESIDE_TEXT if view.item.texts else 1.0
    for finding in _hits(view, "path"):
        yield replace(finding, strength=share * finding.strength)


def displayed(view: View) -> Iterator[Finding]:
    """The address shown to the reader is not where the link leads."""
    shown = next((place for place in view.places if place.role == "shown" and place.host), None)
    if shown is None or shown.host is None:
        return
    official = view.register.host(shown.host, view.on)
    for place in view.foreign_places:
        if place.host is None or place.role != "link" or place.host.registrable == shown.host.registrable:
            continue
        own = official is not None and official.valid and official.own
        if own or view.text_names:
            yield Finding(strength=1.0 if own else 0.45, observed=place.url, expected=shown.url, where=place.where)


def foreign(view: View) -> Iterator[Finding]:
    """The link leads to a host that nobody registered for the brand."""
    if view.item.kind in ("page", "domain") or not (view.names or view.claims or view.copies):
        return
    for place in view.foreign_places:
        if place.host is not None:
            strength = 0.3 if is_shared(place.host) else 1.0
            expected = ", ".join(view.register.official_hosts[:3]) or "a registered host"
            yield Finding(strength=strength, observed=place.url, expected=expected, where=place.where)

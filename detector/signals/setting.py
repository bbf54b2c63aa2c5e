"""Where the item is shown, who placed it, and what its foreign hosts are made of."""

from collections.abc import Iterator

from detector.signals.finding import Finding
from detector.view import View

# Log-odds of all marks together that count fully; the policy's weight is the same number.
FULL: float = 4.0


def _said(mark: str) -> str:
    """Say what a mark means."""
    key, _, value = mark.partition(":")
    if key == "advertiser":
        return "an advertiser with a name" if value == "named" else "a named payer"
    said = {"links": "no link", "kind": f"kind {value}", "platform": f"on {value}", "piece": f"“{value}” in its name"}
    if key == "host":
        return (
            f"the brand's {value} in its name" if value in ("name", "initials") else f"the word “{value}” in its name"
        )
    return said[key]


def _traits(view: View, sign: int, expected: str) -> Iterator[Finding]:
    together = min(1.0, max(0.0, sign * view.setting.odds / FULL))
    heaviest = together
    for trait in view.setting.traits:
        if heaviest > 0 and trait.weight * sign > 0:
            place = trait.place
            yield Finding(
                strength=heaviest,
                observed=place.url if place else _said(trait.mark),
                expected=f"{expected}: not a host with {_said(trait.mark)}" if place and sign > 0 else expected,
                where=place.where if place else None,
            )
            heaviest = min(together, abs(trait.weight) / FULL)


def fraud(view: View) -> Iterator[Finding]:
    """The item is shown where and how known impersonations are."""
    yield from _traits(view, 1, "the setting of honest items that name a brand")


def honest(view: View) -> Iterator[Finding]:
    """The item is shown where and how honest ones that name a brand are."""
    yield from _traits(view, -1, "the setting of honest items that name a brand")

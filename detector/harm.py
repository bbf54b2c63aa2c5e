"""Harm: how bad it is for a person who believes an item, from what it asks for. Pure.

A classification, not a measurement: money sent or data typed in cannot be taken back (`high`); a talk or an order can
still be broken off (`normal`); a name that is merely used asks for nothing (`low`).
"""

from collections.abc import Collection, Sequence
from typing import Literal

from detector.items import Item
from detector.verdict import Decision

Harm = Literal["low", "normal", "high"]
HARMS: tuple[Harm, ...] = ("low", "normal", "high")  # ascending
# Programs that let a stranger into one's computer or telephone, as support scams name them.
REMOTE_CONTROL = (
    "anydesk",
    "teamviewer",
    "team viewer",
    "ultraviewer",
    "rustdesk",
    "airdroid",
    "quick assist",
    "quickassist",
    "クイックアシスト",
    "chrome remote desktop",
    "リモートデスクトップ",
    "logmein",
    "supremo",
)
_PAYS = frozenset(("wallet", "bank"))


def harm_of(item: Item, ways: Collection[str], decision: Decision) -> Harm:
    """Return what an item that impersonates somebody may do to people.

    Args:
        item: with the facts of its page, if somebody looked.
        ways: kinds of the accounts that it hands people over to, also in pictures: line, phone, wallet, bank …
        decision: of its verdict: who stands before a whole page that impersonates somebody is being led on already.
    """
    page = item.page
    if not _PAYS.isdisjoint(ways) or _controls(item):
        return "high"
    if page is not None and (page.transfer_only or any(form.kind != "personal" for form in page.forms)):
        return "high"
    if ways or (page is not None and (page.sells or page.priced is not None or page.forms)):
        return "normal"
    unseen = item.kind in ("domain", "page") and page is None  # what nobody looked at is not harmless
    poses = page is not None and decision == "impersonation"
    return "normal" if item.links or item.kind == "ad" or unseen or poses else "low"


def _controls(item: Item) -> bool:
    said = " ".join((*(text.text for text in item.texts), *item.links)).lower()
    return any(name in said for name in REMOTE_CONTROL)


def worst(harms: Sequence[Harm]) -> Harm:
    """Return the gravest of some; low where there is none."""
    return max(harms, key=HARMS.index, default="low")

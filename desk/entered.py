"""What an entry in the ownership register does for the case that it came of: what would be flagged all the same?

An entry names one thing, an advertiser, say; the host that its ads lead to may look as bad as before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from detector.assess import Assessor
from detector.brands import BrandProfile, Ownership, Scope
from storage.profiles import Profiles, with_what_was_judged
from storage.register import WHO_OF, scopes_of
from storage.verdicts import StoredVerdict, case_verdicts

MOST_ITEMS = 50  # judged again, the latest
MOST_ASKED = 5  # further scopes tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How the items of a case are judged with the entry."""

    items: int  # judged again
    flagged: int  # of them, all the same
    too: str | None = None  # the scope that takes most of those off, were it registered as well

    def says(self, case_id: int) -> str:
        """Say it in a sentence about the case."""
        items = f"{self.items} {'item' if self.items == 1 else 'items'}"
        if not self.flagged:
            return f"case {case_id}: with this entry {items} would no longer be flagged"
        advice = f"register {self.too} too" if self.too else f"mekiki explain {case_id} says why"
        return f"case {case_id}: {self.flagged} of {items} would still be flagged; {advice}"


def effect(session: Session, case_id: int, reason: str, profiles: Profiles, *, on: date) -> Effect | None:
    """Judge the items of a case again with the register as it is now, and look for what else should stand in it.

    Args:
        session: that sees the entry.
        case_id: whose items.
        reason: of the dismissal; further scopes get the role that it gives.
        profiles: as the configuration has them.
        on: the day.

    Returns:
        None where nothing of the case is left to be judged.
    """
    brands = with_what_was_judged(profiles.brands, session)
    items = case_verdicts(session, case_id, MOST_ITEMS)
    if not items:
        return None
    brand = items[0].verdict.brand
    left = _flagged(items, brand, Assessor(brands, profiles.policy), on)
    best, too = len(left), None
    for scope in scopes_of([one.item for one in left])[:MOST_ASKED]:
        more = [_with(one, reason, scope) if one.key == brand else one for one in brands]
        count = len(_flagged(left, brand, Assessor(more, profiles.policy), on))
        if count < best:
            best, too = count, scope
    return Effect(items=len(items), flagged=len(left), too=too)


def _with(brand: BrandProfile, reason: str, scope: str) -> BrandProfile:
    entry = Ownership(who=WHO_OF[reason], scope=Scope.parse(scope))
    return replace(brand, ownership=(*brand.ownership, entry))


def _flagged(items: Sequence[StoredVerdict], brand: str, assessor: Assessor, on: date) -> list[StoredVerdict]:
    return [
        one
        for one in items
        if any(
            verdict.flagged
            for verdict in assessor.assess(one.item, on=on, pictures=one.pictures)
            if verdict.brand == brand
        )
    ]

"""Inhibition: while a graver case is worked on, what belongs to it is not told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from alerts.matching import matches, values_of
from config.routes import Common, Inhibit
from storage.case_facts import CaseFacts, facts_of, neighbours
from storage.schema import CaseState

WORKED_ON: tuple[CaseState, ...] = ("open", "snoozed", "confirmed", "takedown", "relapsed")
MOST = 50  # cases that are compared, the most urgent


def inhibitor(session: Session, rules: Sequence[Inhibit], facts: CaseFacts, *, now: datetime) -> int | None:
    """Return the case because of which this one is not told, or None."""
    for rule in rules:
        if not matches(rule.target, facts):
            continue
        others = neighbours(
            session,
            facts,
            states=[state for state in WORKED_ON if not rule.source.states or state in rule.source.states],
            brand="brand" in rule.equal,
            advertiser="advertiser" in rule.equal,
            limit=MOST,
        )
        found = facts_of(session, others, now)
        for other in others:
            if matches(rule.source, found[other]) and all(_share(facts, found[other], what) for what in rule.equal):
                return other
    return None


def _share(one: CaseFacts, other: CaseFacts, what: Common) -> bool:
    return not values_of(one, what).isdisjoint(values_of(other, what))

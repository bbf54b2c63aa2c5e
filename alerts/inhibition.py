"""Inhibition: while a graver case is worked on, what belongs to it is not told."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from alerts.matching import matches, values_of
from config.routes import Common, Inhibit
from storage.actions import SETTLED, STATES
from storage.case_facts import CaseFacts, facts_of, neighbours

WORKED_ON = sorted(STATES - SETTLED)
MOST = 50  # cases that are compared, the most urgent


class Inhibitions:
    """The inhibitions of a configuration, for one look at many cases."""

    def __init__(
        self, session: Session, rules: Sequence[Inhibit], known: Mapping[int, CaseFacts], now: datetime
    ) -> None:
        """Take what is known of cases already; the facts of others are read once."""
        self._session, self._rules, self._now = session, rules, now
        self._facts = dict(known)

    def of(self, facts: CaseFacts) -> int | None:
        """Return the case because of which this one is not told, or None."""
        for rule in self._rules:
            if matches(rule.target, facts):
                for other in self._others(rule, facts):
                    if matches(rule.source, other) and all(_share(facts, other, what) for what in rule.equal):
                        return other.id
        return None

    def _others(self, rule: Inhibit, facts: CaseFacts) -> list[CaseFacts]:
        """Return the cases that may be the graver one, the most urgent first."""
        ids = neighbours(
            self._session,
            facts,
            states=[state for state in WORKED_ON if not rule.source.states or state in rule.source.states],
            brand="brand" in rule.equal,
            advertiser="advertiser" in rule.equal,
            limit=MOST,
        )
        self._facts |= facts_of(self._session, [one for one in ids if one not in self._facts], self._now)
        return [self._facts[one] for one in ids]


def _share(one: CaseFacts, other: CaseFacts, what: Common) -> bool:
    return not values_of(one, what).isdisjoint(values_of(other, what))

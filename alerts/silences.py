"""Silences, as the dispatcher asks for them: which one keeps a case from being told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from alerts.matching import matches
from config.routes import Matcher
from storage.case_facts import CaseFacts
from storage.silences import active_silences


class Silenced(Matcher):
    """Which cases a silence means: what a route may ask, and cases by their number."""

    cases: tuple[int, ...] = ()
    everything: bool = Field(default=False)  # all cases, said on purpose

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        asked = self.model_dump(exclude={"everything"}, exclude_defaults=True)
        if not asked and not self.everything:
            raise ValueError("it would silence every case; say which ones, or --everything")
        if asked and self.everything:
            raise ValueError("--everything silences every case; leave out the others, or it")
        return self

    def means(self, facts: CaseFacts) -> bool:
        """Tell whether the case is silenced."""
        return (not self.cases or facts.id in self.cases) and matches(self, facts)

    def stored(self) -> Mapping[str, Any]:
        """Return what `read` takes, for JSON: without what is left open."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """Return a stored silence. It is not checked again: a signal or a source may be gone meanwhile."""
        return cls.model_construct(**stored)


class Silences:
    """The silences that hold now."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._rows: Sequence[tuple[int, Silenced]] = [
            (number, Silenced.read(stored)) for number, stored in active_silences(session, now)
        ]

    def __bool__(self) -> bool:
        return bool(self._rows)

    def of(self, facts: CaseFacts) -> int | None:
        """Return the number of the first silence that means the case."""
        return next((number for number, silenced in self._rows if silenced.means(facts)), None)

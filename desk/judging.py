"""Judging: one or many cases at once, as they were seen, each in a transaction of its own; and taking that back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from desk.acts import steps_to
from storage.cases import CaseConflict, CaseNotFound, Judgement, JudgementRefused, judge, undo
from storage.database import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of a judgement on some cases, or of taking one back."""

    done: dict[int, int] = field(default_factory=dict)  # case -> judgements that it took, or the entry that undoes them
    changed: dict[int, str] = field(default_factory=dict)  # case -> who did what to it since it was seen
    refused: dict[int, str] = field(default_factory=dict)  # case -> what is missing or makes no sense

    @property
    def problems(self) -> list[str]:
        """What was wrong, a sentence for each case."""
        return [sentence(says) for says in (self.changed | self.refused).values()]


def judge_seen(engine: Engine, seen: Mapping[int, int], made: Judgement, now: Callable[[], datetime]) -> Judged:
    """Judge cases; one that has changed since it was seen is left as it is.

    Args:
        engine: the store.
        seen: case -> the last entry of its log that the person has seen.
        made: the judgement, complete (`desk.agreed`).
        now: the clock.
    """
    judged = Judged()
    for case_id, log_id in seen.items():
        try:
            with transaction(engine) as session:
                expect: int | None = log_id
                steps = steps_to(made, session, case_id, now())
                for step in steps:
                    judge(session, case_id, step, now=now(), expect=expect)
                    expect = None
        except CaseConflict as conflict:
            judged.changed[case_id] = str(conflict)
        except (CaseNotFound, JudgementRefused) as refused:
            judged.refused[case_id] = str(refused)
        else:
            judged.done[case_id] = len(steps)
    return judged


def take_back(engine: Engine, done: Mapping[int, int], *, who: str, now: Callable[[], datetime]) -> Judged:
    """Take back what `judge_seen` did; `done` of the answer has the entry that a case's log ends with."""
    judged = Judged()
    for case_id, steps in done.items():
        try:
            with transaction(engine) as session:
                for _ in range(steps):
                    judged.done[case_id] = undo(session, case_id, who=who, now=now())
        except (CaseNotFound, JudgementRefused) as refused:
            judged.done.pop(case_id, None)
            judged.refused[case_id] = str(refused)
    return judged


def sentence(words: str) -> str:
    """Return words as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."

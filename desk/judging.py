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
    entries: dict[int, int] = field(default_factory=dict)  # case -> the last entry that was written
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
                    entry = judge(session, case_id, step, now=now(), expect=expect)
                    expect = None
        except CaseConflict as conflict:
            judged.changed[case_id] = str(conflict)
        except (CaseNotFound, JudgementRefused) as refused:
            judged.refused[case_id] = str(refused)
        else:
            judged.done[case_id] = len(steps)
            judged.entries[case_id] = entry
    return judged


def take_back(
    engine: Engine,
    done: Mapping[int, int],
    *,
    who: str,
    now: Callable[[], datetime],
    meant: Mapping[int, int] | None = None,
) -> Judged:
    """Take back what `judge_seen` did; `done` of the answer has the entry that a case's log ends with.

    Args:
        engine: the store.
        done: case -> judgements that it took.
        who: the person who judged.
        now: the clock.
        meant: case -> the last entry that was written; where the person has judged again since, nothing is taken back.
    """
    judged = Judged()
    for case_id, steps in done.items():
        try:
            with transaction(engine) as session:
                last = None if meant is None else meant[case_id]
                for _ in range(steps):
                    judged.done[case_id] = undo(session, case_id, who=who, now=now(), meant=last)
                    last = None
        except (CaseNotFound, JudgementRefused) as refused:
            judged.done.pop(case_id, None)
            judged.refused[case_id] = str(refused)
        else:
            judged.entries[case_id] = judged.done[case_id]
    return judged


def sentence(words: str) -> str:
    """Return words as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."

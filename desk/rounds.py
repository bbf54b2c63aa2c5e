"""Rounds: the visits of one link by all visitors at one time, to be seen side by side."""

from collections.abc import Iterable
from datetime import timedelta

from detector.visits import Visit

ONE_ROUND = timedelta(minutes=5)  # from one visit to the next, at most


def rounds_of(visits: Iterable[Visit]) -> list[list[Visit]]:
    """Return the visits of one link by rounds, the oldest first."""
    rounds: list[list[Visit]] = []
    for visit in sorted(visits, key=lambda visit: visit.started_at):
        if rounds and visit.started_at - rounds[-1][-1].started_at < ONE_ROUND:
            rounds[-1].append(visit)
        else:
            rounds.append([visit])
    return rounds

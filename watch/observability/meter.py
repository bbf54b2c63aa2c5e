"""Meter: what this one process does, since it began: jobs, children, and whether its loop still turns.

What all processes together have to tell stands in the database (`facts.py`); this is the rest of `/metrics`.
"""

import time
from asyncio import CancelledError
from collections import Counter as Counts
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

from watch.job import KINDS, JobKind

JobOutcome = Literal["done", "failed", "stopped"]  # stopped: this process ends, or was told to let go
KilledFor = Literal["memory", "time", "signal"]  # the first two by us, see `[watch] memory` and `longest`

# A delivery takes tenths of a second, a crawl seconds to hours; `[watch] longest` is six hours by default.
_SECONDS = (0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600)
_MIB = 2**20
_BYTES = tuple(size * _MIB for size in (64, 128, 256, 384, 512, 768, 1024, 1536, 2048, 4096, 8192))


class Meter:
    """Counts for one process; its methods are called on the thread of its loop."""

    def __init__(self, kinds: Collection[JobKind] = KINDS, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin at nothing.

        Args:
            kinds: of jobs that this process does.
            clock: seconds that only grow.
        """
        disable_created_metrics()  # type: ignore[no-untyped-call]  # of each counter its birth as a series: twice as many, and nobody asks for them
        self.registry = CollectorRegistry()
        self.kinds = tuple(kind for kind in KINDS if kind in kinds)
        self._clock = clock
        self._turned = clock()
        self._under_way = Counts[JobKind]()
        self._ended: dict[JobKind, float] = dict.fromkeys(KINDS, clock())
        self._jobs = Counter(
            "mekiki_jobs", "Jobs that this process has ended, by outcome.", ("kind", "outcome"), registry=self.registry
        )
        self._seconds = Histogram(
            "mekiki_job_duration_seconds", "How long jobs took.", ("kind",), buckets=_SECONDS, registry=self.registry
        )
        self._running = Gauge(
            "mekiki_jobs_running", "Jobs that this process is doing now.", ("kind",), registry=self.registry
        )
        self._peaks = Histogram(
            "mekiki_child_peak_memory_bytes",
            "Most memory that a child took, browsers and parsers not counted.",
            ("kind",),
            buckets=_BYTES,
            registry=self.registry,
        )
        self._killed = Counter(
            "mekiki_children_killed",
            "Children that did not end by themselves: too much memory, too long, or a signal from elsewhere.",
            ("kind", "reason"),
            registry=self.registry,
        )
        Gauge(
            "mekiki_loop_idle_seconds", "Seconds since the loop of this process went round.", registry=self.registry
        ).set_function(self.silent_for)
        Info("mekiki_build", "The program that answers.", registry=self.registry).info({"version": version("mekiki")})
        ProcessCollector(registry=self.registry)
        for kind in self.kinds:  # a series that is not there until the first failure hides that failure from `increase`
            self._running.labels(kind).set(0)
            for outcome in get_args(JobOutcome):
                self._jobs.labels(kind, outcome)
            for reason in get_args(KilledFor):
                self._killed.labels(kind, reason)

    def turn(self) -> None:
        """Note that the loop went round; call it each second or so."""
        self._turned = self._clock()

    def silent_for(self) -> float:
        """Return the seconds since `turn`."""
        return self._clock() - self._turned

    def idle_for(self, kinds: Collection[JobKind]) -> float:
        """Return the seconds since this process did a job of these kinds: 0 while one is under way."""
        if any(self._under_way[kind] for kind in kinds):
            return 0.0
        return self._clock() - max(self._ended[kind] for kind in kinds)

    @contextmanager
    def job(self, kind: JobKind) -> Iterator[None]:
        """Count one job, whatever comes of it."""
        began = self._clock()
        outcome: JobOutcome = "failed"
        self._under_way[kind] += 1
        self._running.labels(kind).inc()
        try:
            yield
            outcome = "done"
        except CancelledError:
            outcome = "stopped"
            raise
        finally:
            self._ended[kind] = self._clock()
            self._under_way[kind] -= 1
            self._running.labels(kind).dec()
            self._jobs.labels(kind, outcome).inc()
            self._seconds.labels(kind).observe(self._ended[kind] - began)

    def child(self, kind: JobKind, *, peak: int, killed: KilledFor | None = None) -> None:
        """Count a child that has ended.

        Args:
            peak: bytes that it took at most.
            killed: why it did not end by itself.
        """
        self._peaks.labels(kind).observe(peak)
        if killed is not None:
            self._killed.labels(kind, killed).inc()

"""Metrics: the facts of the database and the meter of this process, in Prometheus' text format.

Names and units follow Prometheus' conventions: seconds, bytes, times as Unix seconds, `_total` for what only grows.
Labels are keys of the configuration, kinds, states and classes of errors that we name, never words of others.
`docs/observability.md` tells what each one means.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from storage.errors import StorageError
from storage.notice_due import ATTENTION
from watch.health import HealthState
from watch.job import KINDS
from watch.observability.facts import Facts
from watch.observability.meter import Meter

if TYPE_CHECKING:
    from watch.many.queue_figures import QueueFigures

COUNTED = ("requests", "items", "new", "changed", "flagged", "pictures")
STATES: tuple[HealthState, ...] = (
    *("ok", "new", "off", "shaky", "late", "silent", "broken", "canary", "blocked", "failing"),
)


class Metrics:
    """All that one process tells Prometheus."""

    def __init__(self, read: Callable[[], Facts], meter: Meter) -> None:
        """Take where the facts come from (`FactsReader.read`), and the meter of this process."""
        self._facts = CollectorRegistry()
        self._facts.register(FactsCollector(read))
        self._meter = meter.registry

    def text(self) -> bytes:
        """Return one scrape. Without the database it tells what this process knows, and `mekiki_database_up 0`."""
        return generate_latest(self._facts) + generate_latest(self._meter)


class FactsCollector(Collector):
    """Turns the facts into metrics, each time somebody scrapes."""

    def __init__(self, read: Callable[[], Facts]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Name nothing before the first scrape: the registry would read the database to find out."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        try:
            facts = self._read()
        except StorageError:
            yield _gauge("mekiki_database_up", "1: the database answers.", 0)
            return
        yield _gauge("mekiki_database_up", "1: the database answers.", 1)
        for family in (_sources, _totals, _ct, _outbox, _receivers, _people, _queue, _room):
            yield from family(facts)


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=value)


def _labelled(
    name: str, says: str, labels: tuple[str, ...], rows: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _sources(facts: Facts) -> Iterator[Metric]:
    states = (((one.source, state), float(one.state == state)) for one in facts.sources for state in STATES)
    yield _labelled("mekiki_source_state", "1 for the state that a source is in.", ("source", "state"), states)
    well = (((one.source,), float(one.well)) for one in facts.sources)
    yield _labelled("mekiki_source_well", "1: nobody has to look at the source.", ("source",), well)
    good = (((one.source,), _unix(one.last_success)) for one in facts.sources if one.last_success)
    name = "mekiki_source_last_success_timestamp_seconds"
    yield _labelled(name, "When the last good run of a source ended.", ("source",), good)
    began = (((one.source,), _unix(one.last_run)) for one in facts.sources if one.last_run)
    name = "mekiki_source_last_run_timestamp_seconds"
    yield _labelled(name, "When the last run of a source began.", ("source",), began)
    items = (((one.source,), float(one.items)) for one in facts.sources)
    yield _labelled("mekiki_source_last_items", "Items that the last run of a source gave.", ("source",), items)
    usual = (((one.source,), one.usual_items) for one in facts.sources)
    name = "mekiki_source_usual_items"
    yield _labelled(name, "Median of the earlier runs that gave items; 0 before there are enough.", ("source",), usual)


def _totals(facts: Facts) -> Iterator[Metric]:
    known = {one.source: facts.totals.get(one.source) for one in facts.sources}
    runs = CounterMetricFamily("mekiki_source_runs", "Runs that have ended.", labels=("source", "outcome"))
    counted = {
        name: CounterMetricFamily(f"mekiki_source_{name}", says, labels=("source",))
        for name, says in zip(
            COUNTED,
            (
                "Requests that crawls made.",
                "Items seen, known ones included.",
                "Items seen for the first time.",
                "Known items whose content had changed.",
                "Items that a person should look at.",
                "Pictures fetched.",
            ),
            strict=True,
        )
    }
    errors = CounterMetricFamily("mekiki_source_errors", "Errors of crawls.", labels=("source", "class"))
    for source, totals in known.items():
        for outcome in ("ok", "partial", "failed", "blocked"):
            runs.add_metric((source, outcome), totals.runs[outcome] if totals else 0)
        for name, family in counted.items():
            family.add_metric((source,), totals.counts[name] if totals else 0)
        for kind, count in sorted(totals.errors.items()) if totals else ():
            errors.add_metric((source, kind), count)
    yield from (runs, *counted.values(), errors)


def _ct(facts: Facts) -> Iterator[Metric]:
    behind: dict[str, int] = {}
    oldest: dict[str, datetime] = {}
    for lag in facts.lags:
        behind[lag.source] = behind.get(lag.source, 0) + max(0, lag.behind)
        if lag.behind > 0 and lag.logged_at is not None:
            oldest[lag.source] = min(lag.logged_at, oldest.get(lag.source, lag.logged_at))
    rows = (((source,), float(count)) for source, count in behind.items())
    yield _labelled("mekiki_ct_entries_behind", "Entries that certificate logs had beyond ours.", ("source",), rows)
    lagging = (
        ((source,), (facts.at - oldest[source]).total_seconds() if source in oldest else 0.0) for source in behind
    )
    says = "Age of the last entry read, of the log that is furthest behind; 0 at the end of all."
    yield _labelled("mekiki_ct_lag_seconds", says, ("source",), lagging)


def _outbox(facts: Facts) -> Iterator[Metric]:
    outbox = facts.delivery.outbox
    yield _gauge("mekiki_outbox_unrouted", "Alerts that no route has taken yet.", outbox.waiting)
    yield _gauge("mekiki_outbox_due", "Of those, the ones that should be routed now.", outbox.due)
    says = "For how long the first of them has been due."
    yield _gauge("mekiki_outbox_oldest_due_seconds", says, _age(facts, outbox.due_since))
    yield _gauge("mekiki_outbox_held", "Alerts that their route keeps: quiet hours, digests, limits.", outbox.held)


def _receivers(facts: Facts) -> Iterator[Metric]:
    receivers = facts.delivery.receivers
    gauges: tuple[tuple[str, str, Callable[[int], float]], ...] = (
        ("mekiki_receiver_well", "1: nobody has to look at the receiver.", lambda at: receivers[at].well),
        ("mekiki_receiver_waiting", "Messages to send, now or later.", lambda at: receivers[at].view.waiting),
        ("mekiki_receiver_dead", "Messages that were given up.", lambda at: receivers[at].view.dead),
        (
            "mekiki_receiver_oldest_due_seconds",
            "For how long the first message to send has been due.",
            lambda at: _age(facts, receivers[at].view.due_since),
        ),
        (
            "mekiki_receiver_failing_seconds",
            "For how long every try has failed; 0: the last one did not.",
            lambda at: _age(facts, receivers[at].view.failing_since),
        ),
        (
            "mekiki_receiver_disabled",
            "1: it said that it wants nothing more, and was switched off.",
            lambda at: receivers[at].view.disabled_at is not None,
        ),
    )
    for name, says, value in gauges:
        rows = (((one.view.key,), float(value(at))) for at, one in enumerate(receivers))
        yield _labelled(name, says, ("receiver",), rows)


def _people(facts: Facts) -> Iterator[Metric]:
    cases = (((name,), float(count)) for name, count in facts.cases.open.items())
    yield _labelled("mekiki_cases_open", "Cases that wait for a person, by class of priority.", ("priority",), cases)
    yield _gauge("mekiki_cases_overdue", "Of those, the ones that should have been judged.", facts.cases.overdue)
    says = "For how long the first of them has been overdue."
    yield _gauge("mekiki_cases_oldest_overdue_seconds", says, _age(facts, facts.cases.due_since))
    notices = (((name,), float(facts.notices.get(name, 0))) for name in ATTENTION)
    yield _labelled("mekiki_notices_due", "Notices that somebody has to do something about.", ("why",), notices)
    yield _gauge("mekiki_stamps_pending", "Time stamps that have not come yet.", facts.stamps.pending)
    says = "For how long the first of them has been wanted."
    yield _gauge("mekiki_stamps_oldest_seconds", says, _age(facts, facts.stamps.wanted_since))


def _queue(facts: Facts) -> Iterator[Metric]:
    count, since = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, facts.at)
    for one in facts.due:
        count[one.job.kind] += 1
        since[one.job.kind] = min(since[one.job.kind], one.due_at)
    rows = (((kind,), float(number)) for kind, number in count.items())
    yield _labelled("mekiki_due_jobs", "Jobs that should run now and that nobody has begun.", ("kind",), rows)
    ages = (((kind,), _age(facts, at)) for kind, at in since.items())
    yield _labelled("mekiki_due_jobs_oldest_seconds", "For how long the first of them has been due.", ("kind",), ages)
    if facts.workers is None:
        return
    yield _gauge("mekiki_workers", "Workers that are connected to the database.", facts.workers)
    gauges: tuple[tuple[str, str, Callable[[QueueFigures], float]], ...] = (
        ("mekiki_queue_waiting", "Jobs of the queue that may run now.", lambda one: one.waiting),
        ("mekiki_queue_oldest_seconds", "For how long the first of them has waited.", lambda one: one.oldest_wait),
        ("mekiki_queue_retrying", "Jobs that wait for their next try.", lambda one: one.later),
        ("mekiki_queue_running", "Jobs that workers are doing.", lambda one: one.running),
        ("mekiki_queue_lost", "Jobs whose worker was killed or hangs, until others take them.", lambda one: one.lost),
        ("mekiki_queue_dead", "Jobs that were given up.", lambda one: one.dead),
    )
    for name, says, value in gauges:
        yield _labelled(name, says, ("kind",), [((one.queue,), float(value(one))) for one in facts.queue])


def _room(facts: Facts) -> Iterator[Metric]:
    yield _gauge("mekiki_database_size_bytes", "What the database takes.", facts.room.database)
    yield _gauge("mekiki_media_size_bytes", "What files take; estimated where there are many.", facts.room.media)
    rows = (((place,), float(left)) for place, left in facts.room.free.items())
    yield _labelled("mekiki_disk_free_bytes", "What is left where database and media lie.", ("place",), rows)


def _unix(at: datetime) -> float:
    return at.astimezone(UTC).timestamp()


def _age(facts: Facts, since: datetime | None) -> float:
    return max(timedelta(0), facts.at - since).total_seconds() if since is not None else 0.0

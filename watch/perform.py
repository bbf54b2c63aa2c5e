"""Perform: do one job; the same for one machine and for many.

Light jobs (deliver, remind, stamp) are done here, the others in a child of the nursery, which reads the configuration
anew. A job that is not due any more does nothing; one that is done twice changes nothing the second time.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from config import Config
from safety.egress import EgressRule
from safety.logs import Log, about, event_of, relay
from safety.screen import screen
from safety.traces import UNTRACED, Trace
from spiders.visits.stamping import stamp_due
from storage.case_locks import MACHINE
from storage.cursors import save_cursor
from storage.database import snapshot, transaction
from storage.media import MediaStore
from storage.partitions import make_months
from storage.rounds import give_up
from storage.stamp_tokens import read_roots
from watch.children.nursery import Ended, Nursery, NurseryError
from watch.due import OURS, PRUNED, is_paused, prune_due, round_of
from watch.job import Job
from watch.messenger import Messenger
from watch.observability.meter import KilledFor, Meter
from watch.telling import tell_changes

_ENDED_WELL = (0, 4)  # exit codes: done, partly done


class JobFailed(Exception):
    """A job did not do what it should have; its text is one screened line for the operator. It may be tried again."""


@dataclass(slots=True, kw_only=True)
class Hands:
    """What jobs are done with; one for each process, for all of its jobs."""

    config: Config
    engine: Engine
    media: MediaStore
    now: Callable[[], datetime]  # UTC
    say: Callable[[str], None]  # one line for the operator
    nursery: Nursery
    log: Log | None = None  # takes what children write; default: `say`
    trace: Trace = UNTRACED
    meter: Meter = field(default_factory=Meter)
    messenger: Messenger = field(init=False)

    def __post_init__(self) -> None:
        self.messenger = Messenger(
            config=self.config,
            engine=self.engine,
            media=self.media,
            now=self.now,
            say=self.say,
            warn=self.warn,
            log=self.log,
        )

    def warn(self, line: str) -> None:
        """Say what went wrong."""
        (self.say if self.log is None else self.log.warning)(line)

    def hear(self, job: Job, line: str) -> None:
        """Pass on what a child wrote."""
        if self.log is None:
            self.say(line)
            return
        relay(self.log, line, job=job.kind, source=job.source, slice=job.slice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A job that is done."""

    job: Job
    needed: bool = True  # False: it was not due any more, and nothing was done


async def perform(job: Job, hands: Hands) -> Done:
    """Do a job. Cancelled, it has what it began end gracefully, and nothing is lost.

    Raises:
        JobFailed: it could not be done.
        StorageUnavailable: the database cannot be used; the job is as due as before.
    """
    keys = {"source": job.source, "slice": job.slice}
    with about(job=job.kind, **keys), hands.trace.begin(job.kind, **keys) as trace:
        return Done(job=job, needed=await _perform(job, hands, trace))


async def _perform(job: Job, hands: Hands, trace: Trace) -> bool:
    match job.kind:
        case "deliver":
            await hands.messenger.deliver()
        case "remind":
            await hands.messenger.remind()
        case "stamp":
            await _stamp(hands)
        case "prune":
            return await _prune(job, hands, trace)
        case "crawl" | "visit" | "recheck":
            return await _read(job, hands, trace)
    return True


def called(job: Job) -> str:
    """Return what people read of a job: "shop", "shop query=星野電機", "prune"."""
    return " ".join(screen(part) for part in (job.source, job.slice) if part) or job.kind


async def _read(job: Job, hands: Hands, trace: Trace) -> bool:
    """Read a source, or a part of it, in its round; tell whether that was still to be done."""
    round_at = await asyncio.to_thread(_round_to_begin, job, hands)
    if round_at is None:
        return False
    part = ("--slice", job.slice) if job.slice else ()
    ended = await _child(job, ("crawl", "--source", job.source, *part, "--round", round_at.isoformat()), hands, trace)
    if ended.overrun is not None:
        await asyncio.to_thread(_give_up, job, round_at, ended, hands)
    await tell_of(job, hands)
    if await asyncio.to_thread(_round_of, job, hands) == round_at:  # nothing says that it came to its end
        raise JobFailed(f"{called(job)}: {_how(job, ended)}")
    if ended.code not in _ENDED_WELL:
        hands.warn(f"{called(job)}: {_how(job, ended)}; next try by its schedule")
    return True


async def tell_of(job: Job, hands: Hands, *, over: bool = False) -> None:
    """Tell receivers how the source of a job is, where that has changed; `over`: the job is tried no more.

    Raises:
        StorageUnavailable: the database cannot be used; nothing was told.
    """
    told = await tell_changes(hands.config, hands.engine, hands.media, now=hands.now, source=job.source, over=over)
    for problem in told:
        hands.warn(problem)


def _round_to_begin(job: Job, hands: Hands) -> datetime | None:
    """Return the round of a job; None where there is nothing to do for it now."""
    with snapshot(hands.engine) as session:
        return None if is_paused(session, job.source) else round_of(hands.config, session, job, hands.now())


def _round_of(job: Job, hands: Hands) -> datetime | None:
    with snapshot(hands.engine) as session:
        return round_of(hands.config, session, job, hands.now())


def _give_up(job: Job, round_at: datetime, ended: Ended, hands: Hands) -> None:
    """Note that a child took too much, lest it be tried again and again in this round."""
    assert ended.overrun is not None
    with transaction(hands.engine) as session:
        give_up(session, job.source, job.slice, round_at, why=ended.overrun, now=hands.now())


async def _prune(job: Job, hands: Hands, trace: Trace) -> bool:
    """Remove what is too old, or only make room where nothing is; tell whether that was still to be done."""
    began = hands.now()
    if not await asyncio.to_thread(_prune_due, hands):
        return False
    storage = hands.config.storage
    if storage.keep_items or storage.keep_pictures or storage.keep_visits:
        ended = await _child(job, ("db", "prune", "--online", "--as", MACHINE), hands, trace)
        if ended.code not in _ENDED_WELL:
            raise JobFailed(f"{called(job)}: {_how(job, ended)}")
    else:
        await asyncio.to_thread(_make_months, hands)
    if storage.index.exists():  # somebody asks it: what came since is added now rather than when it is asked next
        ended = await _child(job, ("db", "index"), hands, trace)
        if ended.code not in _ENDED_WELL:
            hands.warn(f"the index of what was seen was not brought up to date: {_how(job, ended)}")
    await asyncio.to_thread(_note_pruned, hands, began)
    return True


def _prune_due(hands: Hands) -> bool:
    with snapshot(hands.engine) as session:
        return prune_due(hands.config, session, hands.now()) is not None


def _make_months(hands: Hands) -> None:
    with transaction(hands.engine) as session:
        make_months(session.connection(), hands.now())


def _note_pruned(hands: Hands, at: datetime) -> None:
    with transaction(hands.engine) as session:
        save_cursor(session, OURS, PRUNED, at.isoformat(), hands.now())


async def _stamp(hands: Hands) -> None:
    """Ask for the time stamps that are due; what an authority refuses is asked for again by `storage.stamps`."""
    rule = EgressRule.parse(hands.config.egress.allow, hands.config.egress.hosts)
    file = hands.config.evidence.roots
    try:
        roots = read_roots(await asyncio.to_thread(file.read_bytes)) if file is not None else ()
    except (OSError, ValueError) as error:
        raise JobFailed(f"stamp: {file}: no certificates in PEM can be read from it") from error
    report = await stamp_due(hands.engine, hands.media, rule=rule, now=hands.now, roots=roots)
    for problem in report.problems:
        hands.warn(problem)


async def _child(job: Job, arguments: Sequence[str], hands: Hands, trace: Trace) -> Ended:
    """Run a command in a child; return how it ended."""
    log = ("--log", "json") if hands.log is not None and arguments[0] == "crawl" else ()  # `relay` reads it
    try:
        ended = await hands.nursery.run(
            (*arguments, "--config", str(hands.config.file), *log),
            lambda line: hands.hear(job, line),
            trace.environment,
        )
    except NurseryError as error:
        raise JobFailed(f"{called(job)}: {error}") from error
    killed: KilledFor | None = ended.overrun or ("signal" if ended.code < 0 else None)
    hands.meter.child(job.kind, peak=ended.peak, killed=killed)
    return ended


def _how(job: Job, ended: Ended) -> str:
    """Word how a child ended: "the crawl ended with exit code 1: …"."""
    if ended.overrun == "memory":
        return f"the {job.kind} was stopped, it took more memory than [watch] memory allows"
    if ended.overrun == "time":
        return f"the {job.kind} was stopped, it ran longer than [watch] longest allows"
    if ended.code < 0:
        return f"the {job.kind} was ended by {signal.Signals(-ended.code).name}"
    last = event_of(ended.lines[-1]) if ended.lines and ended.code not in (*_ENDED_WELL, 3) else ""
    return f"the {job.kind} ended with exit code {ended.code}{': ' if last else ''}{screen(last)}"

"""Perform: do one job; the same for one machine and for many.

Light jobs (deliver, remind, stamp) run here, the others in a child of the nursery. A job that is not due any more does
nothing; one that runs twice changes nothing the second time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from config import Config
from storage.media import MediaStore
from watch.job import Job
from watch.messenger import Messenger
from watch.nursery import Nursery, NurseryError


class JobFailed(Exception):
    """A job did not do what it should have; its text is one line for the operator. It may be tried again."""


@dataclass(slots=True, kw_only=True)
class Hands:
    """What a job is done with; one for each process, for all of its jobs."""

    config: Config
    engine: Engine
    media: MediaStore
    now: Callable[[], datetime]  # UTC
    say: Callable[[str], None]  # one line for the operator; jobs' own lines go there, too
    nursery: Nursery
    messenger: Messenger = field(init=False)

    def __post_init__(self) -> None:
        self.messenger = Messenger(config=self.config, engine=self.engine, media=self.media, now=self.now, say=self.say)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A job that is done."""

    job: Job
    needed: bool = True  # False: it was not due any more, and nothing was done


async def perform(job: Job, hands: Hands) -> Done:
    """Do a job. Cancelled, it stops what it has begun, gracefully, and nothing is lost.

    Raises:
        JobFailed: it could not be done.
        StorageUnavailable: the database cannot be used; the job is as due as before.
    """
    if job.kind in ("deliver", "remind", "stamp"):
        await hands.messenger.look()
        return Done(job=job)
    arguments = ["crawl", "--config", str(hands.config.file), "--source", job.source]
    try:
        ended = await hands.nursery.run(arguments, hands.say)
    except NurseryError as error:
        raise JobFailed(f"{job.source}: {error}") from error
    if ended.code not in (0, 4):
        raise JobFailed(f"{job.source}: the crawl ended with exit code {ended.code}")
    return Done(job=job)

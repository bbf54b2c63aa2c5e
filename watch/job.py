"""Job: one small thing that the watch does, named by keys; all else stands in the database and the configuration.

A job may run twice, at the same time or one after another: it looks again what is due, and its effects are upserts.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self, get_args

import msgspec

JobKind = Literal["crawl", "visit", "recheck", "deliver", "remind", "stamp", "prune"]
KINDS: tuple[JobKind, ...] = get_args(JobKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to do.

    | kind      | source | slice | does |
    |---|---|---|---|
    | `crawl`   | key | part of the source | reads that part (`spiders.crawl`) |
    | `visit`   | key of a source of kind "visits" | host | follows links that nobody followed yet |
    | `recheck` | key of a source of kind "visits" | host | follows links of cases once more |
    | `deliver` | | | routes what is due, folds digests, sends; claims under leases |
    | `remind`  | | | puts into the outbox what time alone makes worth telling |
    | `stamp`   | | | asks time stamping authorities for what is wanted |
    | `prune`   | | | removes what is older than agreed, makes room for the months to come |
    """

    kind: JobKind
    source: str = ""
    slice: str = ""  # as `spiders.slices` names it; "": the whole

    @property
    def identity(self) -> str:
        """What tells this job from others; one with the same identity is not queued twice."""
        return msgspec.json.encode([self.kind, self.source, self.slice]).decode()

    def to_json(self) -> bytes:
        """Return the payload of a queue."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, payload: bytes) -> Self:
        """Read a payload.

        Raises:
            msgspec.ValidationError: it is none.
        """
        return msgspec.json.decode(payload, type=cls)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueJob:
    """A job that should run now."""

    job: Job
    due_at: datetime  # UTC, since when; of a crawl: the round that it belongs to

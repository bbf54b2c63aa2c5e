"""The queue: jobs that wait, run or are held as dead, in PgQueuer's tables beside ours (schema `mekiki_queue`).

Here is what a worker does with them; `watch.many.queue_figures` has what people ask of them. A job's payload is JSON
(`watch.job`). One with the identity of another that waits or runs is not put in (`dedupe_key`, unique). One that failed
for good is held (status `failed`, "dead"), where it does not keep later ones of its identity out.
"""

import asyncio
import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import psycopg
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.models import Job
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel, JobId
from sqlalchemy import Engine

from safety.screen import screen
from storage.batches import batched
from storage.errors import StorageError, StorageUnavailable
from watch.job import DueJob, JobKind
from watch.many.link import OUTAGE, Connection, Link, connect

SCHEMA = "mekiki_queue"
JOBS = f"{SCHEMA}.pgqueuer"
LOG = f"{SCHEMA}.pgqueuer_log"  # a row for each step of a job: queued, picked, how it ended
# Every name is said, for PgQueuer would read others from environment variables called CHANNEL, TRIGGER and the like.
SETTINGS = DBSettings(
    prefix="",
    db_schema=SCHEMA,
    channel=Channel(SCHEMA),
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    statistics_table="pgqueuer_statistics",
    schedules_table="pgqueuer_schedules",
    queue_status_type="pgqueuer_status",
    function="fn_pgqueuer_changed",
    trigger="tg_pgqueuer_changed",
)
# What rows may hold, whoever writes them: a time that Python does not know would end every worker that reads it, and a
# payload of hundreds of megabytes fill it. PgQueuer reads whole rows, so the tables must see to it. Other rules need
# another name, for a table that has one of this name is left as it is.
BOUND = "mekiki_bounds"
_TIME = "BETWEEN '2000-01-01Z' AND '9000-01-01Z'"
BOUNDS = {
    JOBS: f"created {_TIME} AND updated {_TIME} AND heartbeat {_TIME} AND execute_after {_TIME}"
    " AND attempts BETWEEN -1000 AND 1000000 AND octet_length(payload) <= 65536 AND octet_length(entrypoint) <= 100"
    " AND octet_length(dedupe_key) <= 4000 AND octet_length(headers::text) <= 500",  # attempts: see `Queue.spare`
    LOG: f"created {_TIME} AND octet_length(entrypoint) <= 100",
}
# Rows from before are held as dead, where people see them, or are no loss.
_SET_ASIDE = {
    JOBS: f"""
WITH aside AS (
    UPDATE {JOBS}
    SET status = 'failed', created = now(), updated = now(), heartbeat = now(), execute_after = now(), attempts = 0,
        queue_manager_id = NULL, slot = NULL, headers = NULL, payload = substring(payload FOR 65536),
        entrypoint = left(entrypoint, 25), dedupe_key = left(dedupe_key, 1000)
    WHERE NOT ({BOUNDS[JOBS]}) RETURNING id, entrypoint, priority
)
INSERT INTO {LOG} (job_id, status, entrypoint, priority, traceback)
SELECT id, 'failed', entrypoint, priority, jsonb_build_object('exception_message',
    'not written by mekiki: a time that no worker can read, or more than a job may hold; set aside') FROM aside
""",  # noqa: S608
    LOG: f"DELETE FROM {LOG} WHERE NOT ({BOUNDS[LOG]})",  # noqa: S608
}
LEASE = timedelta(seconds=10)  # a job whose worker was not heard of for so long is taken over; it beats each 5 s
LOOK = 4  # times in a lease an idle worker looks for what it was not notified of: jobs to take over, next tries
PRIORITIES: dict[JobKind, int] = {"deliver": 40, "remind": 40, "recheck": 20, "stamp": 10, "prune": 10}  # others: 0
AT_ONCE = 1000  # jobs in one statement
# Jobs that died rest until their death is this long ago: five tries that took six minutes did not help, and nobody is
# served by more each second. A crawl rests longer, or until its next round: a secret that is missing, a configuration
# that is being edited; it could not even note that it began, so nothing else ends its round (`watch.worker.RESTS`).
REST, CRAWL_REST = timedelta(minutes=10), timedelta(minutes=30)
KEEP_LOG = timedelta(days=7)  # what happened to jobs: for figures, and for why the dead ones died


def builders(settings: DBSettings = SETTINGS) -> dict[str, Any]:
    """Return what PgQueuer makes its statements with."""
    return {
        "qbe": QueryBuilderEnvironment(settings),
        "qbq": QueryQueueBuilder(settings),
        "qbs": QuerySchedulerBuilder(settings),
    }


def session_of(worker: UUID, lease: timedelta) -> str:
    """Return what PostgreSQL calls a worker's connections, 63 bytes at most: `watch.many.queue_figures` reads it."""
    host = screen(socket.gethostname(), limit=24).replace(" ", "_")
    return f"mekiki worker {host}:{os.getpid()} {str(worker)[:8]} {lease.total_seconds():g}"


def install(engine: Engine) -> bool:
    """Make the queue's tables, or bring them to what the installed PgQueuer needs; tell whether anything was to do.

    Jobs with what no worker can read are held as dead. May be done at any time, by several at once, while workers run.

    Args:
        engine: on PostgreSQL.

    Raises:
        StorageUnavailable: the server cannot be reached.
        StorageError: the database does not allow it.
    """

    async def converge() -> bool:
        async with await connect(engine, "mekiki queue") as connection:
            queries = Queries(PsycopgDriver(connection), **builders())
            async with queries.schema_lock():
                made = bool((await queries.apply_upgrade()).statements)
                return await _bound(connection) or made

    try:
        return asyncio.run(converge())
    except OUTAGE as error:
        raise StorageUnavailable(f"the database cannot be used: {_first_line(error)}") from error
    except psycopg.Error as error:
        raise StorageError(f"the tables of the queue (schema {SCHEMA}) cannot be made: {_first_line(error)}") from error


async def _bound(connection: Connection) -> bool:
    """Give the tables their rules; tell whether one had none."""
    there = await connection.execute("SELECT conrelid::regclass::text FROM pg_constraint WHERE conname = %s", [BOUND])
    missing = BOUNDS.keys() - {row[0] for row in await there.fetchall()}
    for table in sorted(missing):
        async with connection.transaction():
            await connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {BOUND} CHECK ({BOUNDS[table]}) NOT VALID")
            await connection.execute(_SET_ASIDE[table])
            await connection.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {BOUND}")
    return bool(missing)


def _first_line(error: Exception) -> str:
    return screen(str(error).strip().partition("\n")[0])


def rests(one: DueJob, died_at: datetime | None, now: datetime) -> bool:
    """Tell whether a due job is left alone because one of its identity died at that time."""
    if died_at is None:
        return False
    rested = now - died_at
    return rested < REST or (one.job.kind == "crawl" and one.due_at <= died_at and rested < CRAWL_REST)


class Queue:
    """What a worker does with the queue."""

    def __init__(self, link: Link) -> None:
        """Use a link, shared with the managers of PgQueuer."""
        self._link = link
        self._queries = Queries(link, **builders())

    async def offer(self, due: Sequence[DueJob], now: datetime) -> int:
        """Put in what is due, in this order, and neither waits, runs nor rests; return how many.

        Args:
            due: from `watch.due.due_jobs`.
            now: UTC.

        Raises:
            psycopg.Error: PostgreSQL refuses it.
        """
        rows = await self._link.fetch(f"SELECT dedupe_key, status::text, updated FROM {JOBS}")  # noqa: S608
        known = {row["dedupe_key"] for row in rows if row["status"] != "failed"}
        deaths = {row["dedupe_key"]: cast("datetime", row["updated"]) for row in rows if row["status"] == "failed"}
        jobs = [
            one.job
            for one in due
            if one.job.identity not in known and not rests(one, deaths.get(one.job.identity), now)
        ]
        put = 0
        for some in batched(jobs, AT_ONCE):
            ids = await self._queries.enqueue(
                [job.kind for job in some],
                [job.to_json() for job in some],
                [PRIORITIES.get(job.kind, 0) for job in some],
                dedupe_key=[job.identity for job in some],
                on_conflict="skip",
            )
            put += sum(number is not None for number in ids)
        return put

    async def times_taken(self, number: JobId) -> int:
        """Return how often workers took this job since it was put in or put back; more than once: they died with it."""
        query = (
            f"SELECT count(*) AS times FROM {LOG} WHERE job_id = $1 AND status = 'picked'"  # noqa: S608
            f" AND id > (SELECT max(id) FROM {LOG} WHERE job_id = $1 AND status = 'queued')"
        )
        return cast("int", (await self._link.fetch(query, number))[0]["times"])

    async def spare(self, row: Job) -> None:
        """Let a try not count that is stopped with its worker; call it before the job is put back."""
        query = f"UPDATE {JOBS} SET attempts = $1 WHERE id = $2"  # noqa: S608
        await self._link.execute(query, row.attempts - 1, row.id)  # PgQueuer adds one when it puts it back

    async def bury_older(self, number: JobId, identity: str) -> None:
        """Take out the other dead jobs of this identity: this one tells how it stands now, well or dead anew."""
        query = f"DELETE FROM {JOBS} WHERE status = 'failed' AND dedupe_key = $1 AND id <> $2"  # noqa: S608
        await self._link.execute(query, identity, number)

    async def forget(self) -> None:
        """Remove what happened long ago, but for what dead jobs died of."""
        query = (
            f"DELETE FROM {LOG} WHERE created < now() - $1::interval"  # noqa: S608
            f" AND NOT EXISTS (SELECT FROM {JOBS} WHERE id = job_id)"
        )
        await self._link.execute(query, KEEP_LOG)

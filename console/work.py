"""What `mekiki watch` and `mekiki worker` do their jobs with."""

import os
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from console.app import App, utc_now
from safety.logs import library_lines, open_log
from watch.endpoint import serve
from watch.job import KINDS, JobKind
from watch.meter import Meter
from watch.nursery import Nursery
from watch.perform import Hands
from watch.tracing import traced


@asynccontextmanager
async def hands_of(app: App, kinds: Collection[JobKind] = KINDS) -> AsyncIterator[Hands]:
    """Open what jobs of these kinds need: a log, a nursery, and the pages at `[watch] listen` that tell how it goes.

    Raises:
        EndpointUnavailable: nothing can listen there.
    """
    config, engine = app.config, app.engine
    alone = config.watch.log == "lines" and engine.dialect.name == "sqlite"  # then there is nobody to tell it from
    log = open_log(config.watch.log, worker="" if alone else f"{socket.gethostname()}:{os.getpid()}")
    meter = Meter(kinds)
    nursery = Nursery(memory=config.watch.memory, longest=config.watch.longest)
    with library_lines(log), traced(config, os.environ, log.warning) as trace:
        async with nursery, serve(config, engine, meter, now=utc_now):
            yield Hands(
                config=config,
                engine=engine,
                media=app.media,
                now=utc_now,
                say=log.info,
                nursery=nursery,
                log=log,
                trace=trace,
                meter=meter,
            )

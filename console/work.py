"""What `mekiki watch` and `mekiki worker` have in common: what they do their jobs with, and where they answer."""

import os
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import click

from config.watch import address
from console.app import App, utc_now
from safety.logs import library_lines, open_log
from watch.children.nursery import Nursery
from watch.job import KINDS, JobKind
from watch.observability.endpoint import serve
from watch.observability.meter import Meter
from watch.observability.tracing import traced
from watch.perform import Hands


class Address(click.ParamType[str]):
    """Where something listens."""

    name = "ADDRESS:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read 127.0.0.1:9464."""
        try:
            return address(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


listening = click.option(
    "--listen",
    type=Address(),
    envvar="MEKIKI_LISTEN",
    show_envvar=True,
    help="Answer /metrics and /health there, each process of a machine at a port of its own; default: [watch] listen.",
)


@asynccontextmanager
async def hands_of(app: App, kinds: Collection[JobKind] = KINDS, listen: str | None = None) -> AsyncIterator[Hands]:
    """Open what jobs of these kinds need: a log, a nursery, and the pages that tell how it goes.

    They answer at `listen`, else at `[watch] listen`, else nowhere.

    Raises:
        EndpointUnavailable: nothing can listen there.
    """
    config, engine = app.config, app.engine
    alone = config.watch.log == "lines" and engine.dialect.name == "sqlite"  # then there is nobody to tell it from
    log = open_log(config.watch.log, worker="" if alone else f"{socket.gethostname()}:{os.getpid()}")
    meter = Meter(kinds)
    nursery = Nursery(memory=config.watch.memory, longest=config.watch.longest)
    with library_lines(log), traced(config, os.environ, log.warning) as trace:
        async with nursery, serve(config, engine, meter, listen=listen or config.watch.listen, now=utc_now):
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

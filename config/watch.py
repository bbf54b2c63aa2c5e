"""How the watch works: how much at once, within which bounds, what it shows of itself."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.fields import Cron, Interval
from config.model import Model


def address(value: str) -> str:
    """Accept where something may listen.

    Raises:
        ValueError: it is no ADDRESS:PORT.
    """
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError('expected "ADDRESS:PORT", e.g. "127.0.0.1:9464"')
    return value


Listen = Annotated[str, AfterValidator(address)]


class Watching(Model):
    """Continuous work: `mekiki watch` on one machine, `mekiki worker` on many."""

    children: int = Field(default=2, ge=1, le=64)  # crawls and visits at once, of one process
    memory: int = Field(default=2048, ge=256)  # MiB that one of them may take, a browser and parsers not counted
    longest: Interval = Field(default=timedelta(hours=6), validate_default=True)  # one that runs longer is stopped
    prune: Cron = "30 3 * * *"  # when what is too old is removed, where [storage] says how long things are kept; UTC
    listen: Listen | None = None  # where /metrics (Prometheus) and /health answer; default: nowhere
    log: Literal["lines", "json"] = "lines"  # for people, or for a collector of logs
    trace: bool = False  # OpenTelemetry traces to OTEL_EXPORTER_OTLP_ENDPOINT; needs mekiki[tracing]

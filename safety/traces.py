"""Traces: where the time of a job goes, as OpenTelemetry spans, where `mekiki[tracing]` is installed and wanted.

Who does something gets a `Trace` and hands it on: `begin` makes a span for what is about to be done, `note` one for
what has just been done. Of things that come by the thousand (pages, batches) the first ones are kept and those that
took long. A child goes on with its parent's trace by `environment` (W3C Trace Context). Attributes are keys and
numbers; what others wrote is screened, freed of secrets and cut.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from safety.screen import screen
from safety.secret import redact

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

Attribute = str | int | float | bool

FIRST = 100  # notes of one name below one span that are kept, however short
LONG = 1.0  # seconds from which on further ones are
MOST = 1000  # of those
ATTRIBUTE = 200  # characters
PATIENCE = 3.0  # seconds that spans may take to leave, tries included; a collector that is away keeps nobody longer
NOTHING: Mapping[str, str] = MappingProxyType({})


class TracingMissing(Exception):
    """OpenTelemetry is not installed."""


class Trace(Protocol):
    """What is being done, and how its parts are told of."""

    def begin(self, name: str, **attributes: Attribute) -> "AbstractContextManager[Trace]":
        """Return a context in which something is done: a span that ends with it, failed where it raises."""

    def note(self, name: str, seconds: float, **attributes: Attribute) -> None:
        """Tell of something that has just been done. May be called on any thread."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables by which a child goes on below this span."""

    def end(self) -> None:
        """Send what is left."""


class Untraced:
    """Tells nothing."""

    @contextmanager
    def begin(self, name: str, **attributes: Attribute) -> Iterator[Trace]:
        """Do as `Trace` says."""
        yield self

    def note(self, name: str, seconds: float, **attributes: Attribute) -> None:
        """Do as `Trace` says."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Nothing."""
        return NOTHING

    def end(self) -> None:
        """Do as `Trace` says."""


UNTRACED = Untraced()


def open_trace(environment: Mapping[str, str], exporter: "SpanExporter | None" = None) -> Trace:
    """Return a trace that goes on where the environment says, or is new.

    Args:
        environment: of this process; TRACEPARENT, and what OpenTelemetry reads (OTEL_EXPORTER_OTLP_ENDPOINT, …).
        exporter: where spans go; default: by OTLP over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT.

    Raises:
        TracingMissing: OpenTelemetry is not installed; the message says what to install.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError as error:
        raise TracingMissing("[watch] trace is on, but OpenTelemetry is missing: install mekiki[tracing]") from error
    resource = Resource.create({"service.name": "mekiki", "service.version": version("mekiki")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter(timeout=PATIENCE)))
    known = {"traceparent": environment["TRACEPARENT"]} if environment.get("TRACEPARENT") else {}
    return _Traced(provider, provider.get_tracer("mekiki"), TraceContextTextMapPropagator().extract(known))


class _Traced:
    """Tells OpenTelemetry."""

    def __init__(self, provider: "TracerProvider", tracer: "Tracer", context: "Context") -> None:
        self._provider, self._tracer, self._context = provider, tracer, context
        self._noted: Counter[str] = Counter()

    @contextmanager
    def begin(self, name: str, **attributes: Attribute) -> Iterator[Trace]:
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        span = self._tracer.start_span(name, self._context, attributes=_bounded(attributes))
        try:
            yield _Traced(self._provider, self._tracer, set_span_in_context(span, self._context))
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))  # its words may be anybody's
            raise
        finally:
            span.end()

    def note(self, name: str, seconds: float, **attributes: Attribute) -> None:
        self._noted[name] += 1
        if self._noted[name] > FIRST:
            self._noted[f"{name}, long"] += seconds >= LONG
            if seconds < LONG or self._noted[f"{name}, long"] > MOST:
                return
        ended = time.time_ns()
        began = ended - round(seconds * 1e9)
        span = self._tracer.start_span(name, self._context, attributes=_bounded(attributes), start_time=began)
        span.end(ended)

    @property
    def environment(self) -> Mapping[str, str]:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier, self._context)
        return {name.upper(): value for name, value in carrier.items()}

    def end(self) -> None:
        self._provider.shutdown()


def _bounded(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {
        f"mekiki.{name}": screen(redact(value), limit=ATTRIBUTE) if isinstance(value, str) else value
        for name, value in attributes.items()
        if value != ""
    }

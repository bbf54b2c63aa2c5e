"""Spans: one trace over processes, few of what comes by the thousand, nothing of others beyond bounds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from safety.secret import remember
from safety.traces import ATTRIBUTE, FIRST, UNTRACED, open_trace


def spans(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def ids(span: ReadableSpan) -> tuple[int, int]:
    assert span.context is not None
    return span.context.trace_id, span.context.span_id


def test_a_child_goes_on_below_the_job_by_its_environment() -> None:
    ours, theirs = InMemorySpanExporter(), InMemorySpanExporter()
    trace = open_trace({}, ours)
    with trace.begin("crawl", source="list", slice="") as job:
        assert list(job.environment) == ["TRACEPARENT"]
        child = open_trace(job.environment, theirs)
        with child.begin("source", source="list") as told:
            told.note("fetch", 0.25, status=200)
        child.end()
    trace.end()
    crawl, source, fetch = spans(ours)["crawl"], spans(theirs)["source"], spans(theirs)["fetch"]
    assert ids(crawl)[0] == ids(source)[0] == ids(fetch)[0]
    assert source.parent is not None
    assert source.parent.span_id == ids(crawl)[1]
    assert fetch.parent is not None
    assert fetch.parent.span_id == ids(source)[1]
    assert fetch.end_time is not None
    assert fetch.start_time is not None
    assert fetch.end_time - fetch.start_time == 250_000_000
    assert dict(crawl.attributes or {}) == {"mekiki.source": "list"}


def test_a_failed_span_carries_the_class_of_the_error_and_none_of_its_words() -> None:
    exporter = InMemorySpanExporter()
    trace = open_trace({}, exporter)
    with pytest.raises(ValueError, match="words of others"), trace.begin("crawl"):
        raise ValueError("words of others")
    trace.end()
    span = spans(exporter)["crawl"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError"
    assert not span.events


def test_attributes_are_screened_freed_of_secrets_and_cut() -> None:
    remember("kanarie-spur-geheim")
    exporter = InMemorySpanExporter()
    trace = open_trace({}, exporter)
    with trace.begin("x", host="a\u202e" * 500, url="https://shop.test/?key=kanarie-spur-geheim"):
        pass
    trace.end()
    found = dict(spans(exporter)["x"].attributes or {})
    assert len(str(found["mekiki.host"])) <= ATTRIBUTE
    assert "\u202e" not in str(found["mekiki.host"])
    assert "geheim" not in str(found["mekiki.url"])


def test_of_thousands_the_first_and_the_long_ones_are_kept() -> None:
    exporter = InMemorySpanExporter()
    trace = open_trace({}, exporter)
    with trace.begin("source") as told:
        for number in range(3 * FIRST):
            told.note("fetch", 2.0 if number == 2 * FIRST else 0.01)
    trace.end()
    assert sum(span.name == "fetch" for span in exporter.get_finished_spans()) == FIRST + 1


def test_what_is_not_traced_costs_nothing_and_starts_nothing() -> None:
    with UNTRACED.begin("crawl") as job:
        job.note("fetch", 1.0)
        assert job.environment == {}
    script = (
        "import sys, safety.traces, spiders.crawl, watch.observability.tracing; "
        "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_without_opentelemetry_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from config.models import Config
    from watch.observability.tracing import traced

    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    config = Config.model_validate({"crawler": {"contact": "brand@hoshino-denki.example"}, "watch": {"trace": True}})
    said: list[str] = []
    with traced(config, {}, said.append) as trace:
        assert trace is UNTRACED
    assert said == ["[watch] trace is on, but OpenTelemetry is missing: install mekiki[tracing]; nothing is traced"]


COLLECTOR_AWAY = """
[crawler]
contact = "brand@hoshino-denki.example"
[watch]
trace = true
[[brand]]
key = "hoshino"
name = "星野電機"
domains = ["hoshino-denki.example"]
[[source]]
key = "list"
kind = "feed"
paths = ["list.txt"]
format = "urls"
"""


def test_a_crawl_whose_collector_is_away_says_so_in_its_log(tmp_path: Path) -> None:
    (tmp_path / "mekiki.toml").write_text(COLLECTOR_AWAY, "utf-8")
    (tmp_path / "list.txt").write_text("https://garden.example/\n", "ascii")
    done = subprocess.run(
        [sys.executable, "-m", "cli", "crawl", "--log", "json", "--config", str(tmp_path / "mekiki.toml")],
        env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    events = [json.loads(line) for line in done.stderr.splitlines()]
    told = [one for one in events if one.get("logger", "").startswith("opentelemetry.")]
    assert {one["level"] for one in told} <= {"warning", "error"}
    assert told

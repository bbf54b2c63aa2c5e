"""run_crawl: read all chosen sources in one process, side by side, and report.

1. one `SourceRun` and one Scrapy crawler for each source; 2. the guard goes onto the reactor; 3. the reactor runs until
every source is read or a signal comes; 4. the tallies become the report. A process can do this once: Twisted's reactor
does not start again.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings
from scrapy.utils.misc import load_object
from sqlalchemy import Engine

from config import Config, Source
from config.routes import quickest
from detector.assess import Assessor
from detector.campaign_assets import BrandAssets
from safety.egress import EgressRule
from safety.logs import Log
from safety.sandbox import Sandbox
from safety.secret import SecretError
from safety.traces import UNTRACED, Trace
from spiders.ad_exports import GoogleAdsSpider, GoogleExportSpider, SnapSpider
from spiders.base import SourceSpider
from spiders.ct import CtSpider
from spiders.eye import Eye
from spiders.feed import FeedSpider
from spiders.imports import ImportSpider
from spiders.json_api import JsonSpider
from spiders.keeper import Keeper
from spiders.linkedin import LinkedInSpider
from spiders.lists import UrlhausSpider, UrlscanSpider
from spiders.log import screened_logging
from spiders.meta import MetaSpider
from spiders.microsoft import MicrosoftSpider
from spiders.pace import Pace
from spiders.permutations import PermutationsSpider
from spiders.rdap import RdapSpider
from spiders.report import CrawlReport, Progress, Tally
from spiders.resolver import guard_connections
from spiders.run import SourceRun
from spiders.search import SearchSpider
from spiders.settings import scrapy_settings
from spiders.shelf import Shelf
from spiders.sinks import DatabaseSink, DrySink, Sink
from spiders.social import BlueskySpider, MastodonSpider, XSpider, YouTubeSpider
from spiders.tiktok import TikTokSpider
from spiders.turns import Turns
from spiders.visits.spider import VisitSpider
from spiders.web import WebSpider
from storage.campaigns import Assets
from storage.case_locks import MACHINE
from storage.media import MediaStore
from storage.priority import JudgeWithin
from storage.profiles import Profiles

KINDS: dict[str, type[SourceSpider]] = {
    "web": WebSpider,
    "feed": FeedSpider,
    "import": ImportSpider,
    "json": JsonSpider,
    "meta": MetaSpider,
    "tiktok": TikTokSpider,
    "linkedin": LinkedInSpider,
    "microsoft": MicrosoftSpider,
    "search": SearchSpider,
    "ct": CtSpider,
    "youtube": YouTubeSpider,
    "bluesky": BlueskySpider,
    "mastodon": MastodonSpider,
    "x": XSpider,
    "urlscan": UrlscanSpider,
    "urlhaus": UrlhausSpider,
    "permutations": PermutationsSpider,
    "rdap": RdapSpider,
    "google-ads": GoogleAdsSpider,
    "snap": SnapSpider,
    "google-export": GoogleExportSpider,
    "visits": VisitSpider,
}

PROGRESS_SECONDS = 0.5
WAITING = 8  # threads that wait for the sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlOptions:
    """Which sources to read, and how much of them."""

    sources: tuple[str, ...] = ()  # keys; empty means every enabled one
    limit: int | None = None  # items a source
    since: date | None = None  # skip items that say they are older
    who: str = MACHINE  # had it done; stands in the custody log
    slice: str = ""  # part of the one source that is named, see `spiders.slices`; "": all of it
    round_at: datetime | None = None  # when the round that it belongs to was due; None: a round of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where a crawl keeps what it finds."""

    engine: Engine
    media: MediaStore


def run_crawl(
    config: Config,
    options: CrawlOptions,
    *,
    profiles: Profiles,
    store: Store | None,
    progress: Callable[[Progress], None] | None = None,
    stdin: BinaryIO | None = None,
    log: Log | None = None,
    trace: Trace = UNTRACED,
) -> CrawlReport:
    """Read the chosen sources; return when all are done. Once a process, best on the main thread (signals).

    Args:
        store: None makes a dry run, which writes nothing and reports what it flagged.
        progress: called about twice a second for each source, on the calling thread.
        stdin: what an import source with path "-" reads.
        log: where what libraries log goes; default: lines on standard error.
        trace: told of each source, and of what takes its time.

    Raises:
        ValueError: an option names a source that the configuration does not have, or a part without its source.
    """
    with ExitStack() as stack:
        # Before what they wait for: they end after it, when nothing keeps them any more.
        readers = stack.enter_context(ThreadPoolExecutor(WAITING, thread_name_prefix="reader"))
        lookers = stack.enter_context(ThreadPoolExecutor(WAITING, thread_name_prefix="looker"))
        sandbox = stack.enter_context(Sandbox())
        eye = stack.enter_context(Eye(sandbox, words=config.detector.words, seconds=config.detector.words_seconds))
        executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="keeper"))
        pace = Pace(store.engine if store is not None else None)
        shared = _Shared(
            config=config,
            options=options,
            profiles=profiles,
            store=store,
            sandbox=sandbox,
            eye=eye,
            executor=executor,
            readers=readers,
            lookers=lookers,
            stdin=stdin,
            pace=pace,
            assets={brand.key: BrandAssets(brand) for brand in profiles.brands} if store is not None else {},
        )
        tallies: list[Tally] = []
        runs: list[SourceRun] = []
        sinks: list[DrySink] = []
        for source in _chosen(config, options):
            tally = Tally(source.key)
            tallies.append(tally)
            secrets = _secrets(source, tally)
            if secrets is not None:
                told = stack.enter_context(trace.begin("source", source=source.key, slice=options.slice))
                run = _source_run(shared, source, tally, secrets, told)
                runs.append(run)
                if isinstance(run.sink, DrySink):
                    sinks.append(run.sink)
        if runs:
            _crawl(config, runs, progress, log)
            pace.close()
            if pace.trouble is not None:
                runs[0].tally.note(f"turns at hosts were not shared with other processes for a time: {pace.trouble}")
    return CrawlReport(
        sources=tuple(tally.report() for tally in tallies),
        flagged=tuple(row for sink in sinks for row in sink.flagged),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What all sources of a crawl have in common."""

    config: Config
    options: CrawlOptions
    profiles: Profiles
    store: Store | None
    sandbox: Sandbox
    eye: Eye
    executor: ThreadPoolExecutor
    readers: ThreadPoolExecutor
    lookers: ThreadPoolExecutor
    stdin: BinaryIO | None
    pace: Pace
    assets: Assets = field(default_factory=dict)  # what the brands own themselves, so that no case is made of it


def _chosen(config: Config, options: CrawlOptions) -> list[Source]:
    unknown = set(options.sources) - {source.key for source in config.source}
    if unknown:
        raise ValueError(f"there is no source {', '.join(sorted(unknown))}")
    if options.slice and len(options.sources) != 1:
        raise ValueError("a part is one of one source: name that")
    if options.sources:
        return [source for source in config.source if source.key in options.sources]
    return [source for source in config.source if source.enabled]


def _secrets(source: Source, tally: Tally) -> dict[str, str] | None:
    """Reveal a source's secrets; None when one is missing, and then the source is not read."""
    revealed = {}
    for name, secret in source.secrets():
        try:
            revealed[name] = secret.reveal()
        except SecretError as error:
            tally.problem("missing_secret", f"{name}: {error}; the source was not read")
            return None
    return revealed


def _source_run(shared: _Shared, source: Source, tally: Tally, secrets: dict[str, str], trace: Trace) -> SourceRun:
    brands = [brand for brand in shared.profiles.brands if not source.brands or brand.key in source.brands]
    assessor = Assessor(brands, shared.profiles.policy)
    sink: Sink
    if shared.store is None:
        sink = DrySink()
    else:
        sink = DatabaseSink(
            source.key,
            shared.store.engine,
            shared.store.media,
            alerting=quickest(shared.config.alerting, shared.config.route),
            judge_within=JudgeWithin(**shared.config.triage.judge_within),
            judged_by=assessor.fingerprint,
            clock=_now,
            who=shared.options.who,
            authority=shared.config.evidence.authority,
            assets=shared.assets,
            slice=shared.options.slice,
            round_at=shared.options.round_at,
        )
    shelf = Shelf(shared.eye, sink)
    return SourceRun(
        source=source,
        config=shared.config,
        egress=EgressRule.parse(shared.config.egress.allow, shared.config.egress.hosts),
        secrets=secrets,
        headers={
            name.removeprefix("headers."): value for name, value in secrets.items() if name.startswith("headers.")
        },
        limit=shared.options.limit,
        since=shared.options.since,
        sandbox=shared.sandbox,
        sink=sink,
        shelf=shelf,
        assessor=assessor,
        keeper=Keeper(
            assessor, sink, shelf, tally, executor=shared.executor, clock=_now, canary=source.canary, trace=trace
        ),
        tally=tally,
        clock=_now,
        pace=shared.pace,
        reading=Turns(shared.readers),
        looking=Turns(shared.lookers),
        slice=shared.options.slice,
        stdin=shared.stdin,
        trace=trace,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _crawl(config: Config, runs: list[SourceRun], progress: Callable[[Progress], None] | None, log: Log | None) -> None:
    """Run the reactor until every source is read."""
    process = AsyncCrawlerProcess(Settings(scrapy_settings(config)))
    from twisted.internet import reactor  # installed by the line above

    undo = guard_connections(reactor, runs[0].egress)
    with screened_logging(log=log), _signals_restored():
        crawlers = [_crawler(config, run.source) for run in runs]
        tasks = [process.crawl(crawler, run=run) for crawler, run in zip(crawlers, runs, strict=True)]
        if progress is not None:
            _report_progress(reactor, runs, progress)
        try:
            process.start(install_signal_handlers=threading.current_thread() is threading.main_thread())
        finally:
            undo()
    for run, task in zip(runs, tasks, strict=True):
        error = None if task.cancelled() or not task.done() else task.exception()
        if error is not None:
            run.tally.problem("internal", f"the source could not be read: {type(error).__name__}: {error}")
        elif not task.done() or task.cancelled():
            run.tally.stopped = True
        if run.tally.stopped:
            run.tally.note("stopped before its end")


def _crawler(config: Config, source: Source) -> Crawler:
    """Return a crawler whose settings stand above the process's: Scrapy merges those in."""
    spider = spider_of(source)
    settings = {**scrapy_settings(config, source), **spider.settings_for(config)}
    return Crawler(spider, Settings(settings, priority="spider"))


def spider_of(source: Source) -> type[SourceSpider]:
    """Return the spider that reads a source: ours, or the one that an installed package names."""
    spider = KINDS.get(source.kind) or load_object(source.spider.replace(":", "."))
    if not (isinstance(spider, type) and issubclass(spider, SourceSpider)):
        raise TypeError(f"{source.spider} is no SourceSpider")
    return spider


def _report_progress(reactor: Any, runs: list[SourceRun], progress: Callable[[Progress], None]) -> None:
    def tick() -> None:
        for run in runs:
            progress(run.tally.progress())
        reactor.callLater(PROGRESS_SECONDS, tick)

    reactor.callWhenRunning(tick)


@contextmanager
def _signals_restored() -> Iterator[None]:
    """Put the caller's signal handlers back: Scrapy leaves its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.getsignal(name) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)

"""Finding: crawl, score, scan, watch."""

import asyncio
import logging
import os
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast, get_args

import click

import config as configuration
from config import Config, ImportSource
from console.app import OK, OUTSIDE, PARTLY, App, Misused, Stop, as_json, print_json, utc_now, with_app
from console.commands.queue import work
from console.progress import CrawlDisplay
from console.score import ScoreTask, score_stream
from console.show import described, summary_line, terminal
from console.stamping import stamp
from console.work import hands_of, listening
from desk.scan import ScanError, targets
from detector.assess import Assessor
from detector.items import Item, Kind
from detector.verdict import Verdict
from safety.logs import Form, Log, library_lines, open_log
from safety.sandbox import Sandbox
from safety.screen import screen
from spiders.crawl import CrawlOptions, Store, run_crawl
from spiders.eye import Eye
from spiders.report import SourceReport
from spiders.slices import UnknownSlice, check_slice
from storage.profiles import Profiles, with_what_was_judged
from watch.claims import Claims
from watch.job import KINDS
from watch.observability.endpoint import EndpointUnavailable
from watch.observability.tracing import traced
from watch.worker import Watch


def source_line(source: SourceReport) -> str:
    """Word the result of one source in one line."""
    counts = {
        "items": source.items,
        "new": source.new,
        "changed": source.changed,
        "flagged": source.flagged,
        "pictures": source.pictures,
        "requests": source.requests,
        "unchanged answers": source.unchanged,
        **{f"errors ({name})": count for name, count in sorted(source.errors.items())},
    }
    rate = source.items / source.seconds if source.seconds else 0.0
    return f"{summary_line(f'{source.key}: {source.outcome}', counts)}, {source.seconds:.1f} s, {rate:.0f} items/s"


@click.command()
@click.option("--source", "sources", multiple=True, help="Only this source (may be repeated).")
@click.option("--slice", "part", default="", help="Only this part of the one source, see `mekiki sources parts`.")
@click.option("--round", "round_at", hidden=True, help="When the round was due that this is a part of; ISO time.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many items a source.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Leave out what was first shown or seen earlier.")
@click.option("--dry-run", is_flag=True, help="Judge, but store and alert nothing.")
@click.option(
    "--log", "log_form", type=click.Choice(get_args(Form)), help="Write what happens as a log to standard error."
)
@as_json
@with_app
def crawl(
    app: App,
    sources: tuple[str, ...],
    part: str,
    round_at: str | None,
    limit: int | None,
    since: datetime | None,
    dry_run: bool,
    log_form: Form | None,
    as_json: bool,
) -> None:
    """Visit the sources once, judge what they show, store it, and leave alerts in the outbox."""
    config = app.config
    known = {source.key for source in config.source}
    if unknown := set(sources) - known:
        raise Misused(f"there is no source {sorted(unknown)[0]!r}; known: {', '.join(sorted(known)) or 'none'}")
    if part:
        _check_part(app, sources, part)
    options = CrawlOptions(
        sources=sources,
        limit=limit,
        since=since.date() if since else None,
        slice=part,
        round_at=datetime.fromisoformat(round_at).astimezone(UTC) if round_at else None,
    )
    log = open_log(log_form) if log_form else None
    _crawl(app, config, options, dry_run=dry_run, as_json=as_json, log=log)


def _check_part(app: App, sources: tuple[str, ...], part: str) -> None:
    if len(sources) != 1:
        raise Misused("a part is one of one source: name it with --source")
    source = next(source for source in app.config.source if source.key == sources[0])
    with app.snapshot() as session:
        try:
            check_slice(app.config, source, part, session)
        except UnknownSlice as error:
            raise Misused(str(error)) from error


def _crawl(
    app: App, config: Config, options: CrawlOptions, *, dry_run: bool, as_json: bool, log: Log | None = None
) -> None:
    """Crawl, tell how it went, and end with the exit code that fits."""
    profiles = app.profiles()
    if not dry_run:
        with app.snapshot() as session:
            profiles = replace(profiles, brands=with_what_was_judged(profiles.brands, session))
    say = log.warning if log is not None else lambda line: click.echo(f"mekiki: {line}", err=True)
    lines = library_lines(log) if log is not None else nullcontext()
    with lines, traced(config, os.environ, say) as trace, CrawlDisplay(terminal(stderr=True)) as display:
        report = run_crawl(
            config,
            options,
            profiles=profiles,
            store=None if dry_run else Store(engine=app.engine, media=app.media),
            progress=display.update,
            stdin=sys.stdin.buffer,
            log=log,
            trace=trace,
        )
    if not dry_run:
        stamp(app)
    for source in report.sources:
        for problem in source.problems:
            if log is not None:
                log.warning(f"{source.key}: {problem}", source=source.key, run=source.run)
            else:
                click.echo(f"mekiki: {source.key}: {screen(problem)}", err=True)
    if as_json:
        print_json(report)
    elif log is not None:
        for source in report.sources:
            for case in source.opened:
                log.info(f"case {case} opened", source=source.key, run=source.run, case=case)
            log.log(_gravity(source), source_line(source), source=source.key, run=source.run)
    else:
        for item, verdict in report.flagged:
            terminal().print(*described(item, verdict), sep="\n")
        for source in report.sources:
            click.echo(source_line(source))
    raise SystemExit(crawl_code(report.sources, bool(profiles.problems)))


def _gravity(source: SourceReport) -> int:
    return logging.INFO if source.outcome == "ok" else logging.WARNING


@click.command("import")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--source", "key", default="tips", show_default=True, help="Source that the items are kept under.")
@click.option("--kind", type=click.Choice(get_args(Kind)), default="post", show_default=True, help="What each one is.")
@as_json
@with_app
def import_tips(app: App, paths: tuple[Path, ...], key: str, kind: Kind, as_json: bool) -> None:
    """Read what people sent in, judge it and keep it: CSV, mails, mailboxes, screenshots, Item JSON lines, folders.

    The addresses and names of whoever sent a mail in are not kept.
    """
    tips = [ImportSource(key=key, kind="import", path=str(path.absolute()), item=kind) for path in paths]
    config = app.config.model_copy(update={"source": tuple(tips)})
    _crawl(app, config, CrawlOptions(), dry_run=False, as_json=as_json)


def crawl_code(sources: Iterable[SourceReport], partly: bool) -> int:
    """Return the exit code of a crawl: 0, 3 when every source failed, 4 when something did."""
    outcomes = [source.outcome for source in sources]
    if outcomes and all(outcome in ("failed", "blocked") for outcome in outcomes):
        return OUTSIDE
    return PARTLY if partly or any(outcome != "ok" for outcome in outcomes) else OK


@click.command()
@click.argument("source", metavar="INPUT", type=click.File("rb", lazy=False), default="-")
@click.option("--brand", "brands", multiple=True, help="Only this brand (may be repeated).")
@click.option("--format", "form", type=click.Choice(["items", "hosts", "urls"]), default="items", show_default=True)
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.0, show_default=True)
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that score.")
@click.option(
    "--words/--no-words", default=None, help="Read the words in picture files, or not; default: detector.words."
)
@with_app
def score(
    app: App,
    source: BinaryIO,
    brands: tuple[str, ...],
    form: str,
    min_score: float,
    jobs: int,
    words: bool | None,
) -> None:
    """Score a stream: Item JSON lines, hosts or URLs in, Verdict JSON lines out, in the same order.

    An item without any sign of a brand gives no line. Ends with exit code 4 when some lines could not be read.
    """
    profiles = app.profiles()
    if unknown := set(brands) - {brand.key for brand in profiles.brands}:
        raise Misused(f"there is no brand {sorted(unknown)[0]!r}")
    name = getattr(source, "name", "-")
    task = ScoreTask(
        brands=tuple(brand for brand in profiles.brands if not brands or brand.key in brands),
        format=cast("Any", form),
        min_score=min_score,
        on=utc_now().date(),
        base=Path(name).parent if isinstance(name, str) and name != "<stdin>" else Path.cwd(),
        policy=profiles.policy,
        words=app.config.detector.words if words is None else words,
    )
    report = score_stream(
        task,
        source,
        jobs=jobs,
        write=sys.stdout.buffer.write,
        report=lambda number, reason: click.echo(f"mekiki: line {number}: {screen(reason)}", err=True),
    )
    sys.stdout.buffer.flush()
    if report.bad or profiles.problems:
        click.echo(f"mekiki: {report.bad} of {report.lines} lines could not be read whole", err=True)
        raise SystemExit(PARTLY)


@click.command()
@click.argument("target")
@click.option("--fetch", is_flag=True, help="Fetch the page behind a URL too (one request, nothing is stored).")
@as_json
@with_app
def scan(app: App, target: str, fetch: bool, as_json: bool) -> None:
    """Judge one URL, host, file (picture, HTML, Item JSON, text) or sentence, and say why."""
    profiles = app.profiles()
    assessor = Assessor(profiles.brands, profiles.policy)
    try:
        with Sandbox(workers=1) as sandbox, Eye(sandbox, words=app.config.detector.words) as eye:
            found = targets(target, eye)
    except ScanError as error:
        raise Stop(str(error)) from error
    pairs = [
        (one.item, verdict)
        for one in found
        for verdict in assessor.assess(one.item, on=utc_now().date(), pictures=one.pictures)
    ]
    seen = True
    if fetch:
        seen, more = fetched(app.config, profiles, found[0].item.url if found else None)
        pairs += more
    if as_json:
        print_json([verdict for _, verdict in pairs])
    elif not pairs:
        looked_at = found[0].item.kind if len(found) == 1 else f"{len(found)} items"
        click.echo(f"no sign of a protected brand (judged as {looked_at})" if seen else "could not tell")
    else:
        for item, verdict in pairs:
            terminal().print(*described(item, verdict), sep="\n")
    if not seen:
        raise SystemExit(OUTSIDE)


def fetched(config: Config, profiles: Profiles, url: str | None) -> tuple[bool, list[tuple[Item, Verdict]]]:
    """Fetch one page as a dry run; return whether it was seen, and what was flagged on it."""
    try:
        source = configuration.WebSource(key="scan", kind="web", urls=(url or "",), depth=0, max_pages=5)
    except ValueError as error:
        raise Misused("--fetch needs a URL with http:// or https://") from error
    one = config.model_copy(update={"source": (source,)})
    report = run_crawl(one, CrawlOptions(), profiles=profiles, store=None)
    for problem in report.sources[0].problems:
        click.echo(f"mekiki: {screen(problem)}", err=True)
    seen = report.sources[0].outcome in ("ok", "partial")
    return seen, list(report.flagged)


@click.command()
@listening
@with_app
def watch(app: App, listen: str | None) -> None:
    """Run the sources by their schedules and send alerts and reminders, until stopped."""
    config, engine = app.config, app.engine
    scheduled = any(source.enabled and (source.every or source.schedule) for source in config.source)
    if not scheduled and not config.route:  # with a route, alerts and reminders are sent, whoever brings items in
        raise Misused('no source has a schedule; add every = "1h" or schedule = "*/15 * * * *" to one')
    if engine.dialect.name == "postgresql":  # beside workers or alone: one that takes everything from the same queue
        work(app, KINDS, config.watch.children, listen=listen)
        return
    try:
        asyncio.run(_watch(app, Path(engine.url.database or ""), listen))
    except EndpointUnavailable as error:
        raise Misused(str(error)) from error


async def _watch(app: App, database: Path, listen: str | None) -> None:
    """Watch until stopped, with a database in SQLite."""
    with Claims(database) as claims:
        async with hands_of(app, listen=listen) as hands:
            await Watch(hands=hands, claims=claims).run()

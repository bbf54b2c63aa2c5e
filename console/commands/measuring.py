"""Measuring: evaluate, calibrate, explain."""

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.console import RenderableType

from console import calibrate as calibrating
from console import evaluate as evaluating
from console import explain as explaining
from console.app import OK, PARTLY, App, Misused, Stop, as_json, print_json, utc_now, with_app
from console.evidence_base import Base, from_files, from_judgements
from console.reliability import reliability_png
from console.show import terminal
from desk.counted import counted
from desk.explained import read_line, today
from desk.policies import named_policy, policy_in_use, policy_of, versions_at_hand
from detector.assess import Assessor
from detector.calibration import TooFew
from detector.calibration import calibrate as fit
from detector.images.hash import PictureHash
from detector.items import Item, ItemError
from detector.measures import quality
from detector.policy import POLICY, Policy, PolicyError
from detector.policy_text import write_policy
from detector.replay import replay
from detector.verdict import Verdict
from safety.screen import screen
from storage.errors import CaseNotFound
from storage.profiles import with_what_was_judged
from storage.verdicts import StoredVerdict, case_verdict, item_verdicts, policy_versions

FILES = click.Path(exists=True, dir_okay=False, path_type=Path)
MOST_EXPLAINED = 20  # lines of a file


def in_use(app: App, name: str | None = None) -> Policy:
    """Return the named policy, or the one in use; ends with a line if there is none."""
    try:
        return named_policy(name, app.config) if name else policy_in_use(app.config)
    except PolicyError as error:
        raise Misused(str(error)) from error


def gathered(
    app: App, files: tuple[Path, ...], *, policy: Policy | None, brand: str | None, since: datetime | None
) -> Base:
    """Read labelled files, or the team's judgements where no file is named."""
    if brand is not None and brand not in {known.key for known in app.config.brand}:
        raise Misused(f"there is no brand {brand!r}")
    if files and since:
        raise Misused("--since is for judgements; labelled files carry no times")
    if not files:
        with app.snapshot() as session:
            base = from_judgements(session, brand=brand, since=since.replace(tzinfo=UTC) if since else None)
        if policy is not None:
            base = Base(known=tuple(one.weighed(policy) for one in base.known), problems=(), inputs=base.inputs)
        return base
    assessor = Assessor(app.profiles().brands, policy or in_use(app))
    try:
        base = from_files(files, assessor, on=utc_now().date(), brand=brand)
    except OSError as error:
        raise Stop(f"{error.filename}: cannot be read: {error.strerror}") from error
    for problem in base.problems:
        click.echo(f"mekiki: {screen(problem)}", err=True)
    return base


@click.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=FILES)
@click.option("--brand", help="Only what concerns this brand.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only judgements from this day on (UTC).")
@click.option("--policy", "name", help="Judge with this policy: a TOML file or a version.")
@click.option("--diagram", type=click.Path(dir_okay=False, path_type=Path), help="Write a reliability diagram (PNG).")
@click.option("--misses", type=click.IntRange(min=1), help="Show so many wrong answers with their evidence.")
@as_json
@with_app
def evaluate(
    app: App,
    files: tuple[Path, ...],
    brand: str | None,
    since: datetime | None,
    name: str | None,
    diagram: Path | None,
    misses: int | None,
    as_json: bool,
) -> None:
    """Measure the verdicts on labelled Item JSON, or, without FILE, on your own judgements.

    Precision, recall and false alarms with 95 % intervals, by brand, source and class, and how far scores keep their
    word.
    """
    base = gathered(app, files, policy=in_use(app, name) if name else None, brand=brand, since=since)
    if not base.known:
        raise Stop("nothing is labelled in these files" if files else "nothing is judged yet: see `mekiki triage`")
    judged = not files
    answers = [one.answer for one in base.known]
    if diagram is not None:
        png = reliability_png("mekiki: do scores keep their word?", [("verdicts", quality(answers))])
        try:
            diagram.write_bytes(png)
        except OSError as error:
            raise Stop(f"{diagram}: cannot be written: {error.strerror}") from error
    if as_json:
        value = evaluating.report(base.known, judgements=judged)
        print_json({**value, "misses": evaluating.misses_json(base.known, misses)} if misses else value)
    else:
        show(*evaluating.tables(base.known, judgements=judged))
        if misses:
            show(*evaluating.misses(base.known, misses))
        if diagram is not None:
            click.echo(f"wrote {diagram}", err=True)
    raise SystemExit(PARTLY if base.problems else OK)


@click.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=FILES)
@click.option("--brand", help="Only what concerns this brand; the version is named after it.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only judgements from this day on (UTC).")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the new policy to this new file.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
@as_json
@with_app
def calibrate(
    app: App,
    files: tuple[Path, ...],
    brand: str | None,
    since: datetime | None,
    out: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Fit the weights to your own judgements, or to labelled Item JSON, and show what that changes.

    The shipped weights are the prior; nothing is written without --out, and the configuration is never changed.
    """
    if out is not None and out.exists():
        raise Misused(f"{out} is already there; policies are never overwritten, name another file")
    if out is not None and as_json and not yes:
        raise Misused("--json cannot ask; add --yes to write")
    current = in_use(app)
    base = gathered(app, files, policy=None, brand=brand, since=since)
    observations = [seen for one in base.known if (seen := one.observation)]
    try:
        found = fit(observations, base=POLICY, current=current)
    except TooFew as error:
        raise Stop(str(error)) from error
    if as_json:
        print_json(calibrating.report(found, POLICY, current))
    else:
        show(*calibrating.tables(found, POLICY, current))
        if left_out := len(base.known) - len(observations):
            items = counted(left_out, "item")
            click.echo(f"left out: {items} without a sign of a brand, no policy is asked about such")
    if not found.better:
        raise Stop("the fitted policy is not better on judgements it has not seen; nothing is written")
    if out is None:
        click.echo("nothing was written; --out FILE writes the fitted policy", err=True)
        return
    now = utc_now().date()
    with app.snapshot() as session:
        taken = versions_at_hand(app.config, out) | policy_versions(session)
    version = calibrating.new_version(POLICY, brand or _only_brand(base), now, taken)
    policy = calibrating.finished(found, POLICY, version, base, now)
    if not yes and not click.confirm(f"write policy {version} to {out}?", err=True):
        raise Stop("nothing is written")
    try:
        with out.open("x", encoding="utf-8") as target:
            target.write(write_policy(policy, head=calibrating.head(policy)))
    except OSError as error:
        raise Stop(f"{out} cannot be written: {error.strerror}") from error
    click.echo(f'wrote policy {version}; to use it, put policy = "{out}" under [detector]', err=True)


def _only_brand(base: Base) -> str:
    brands = {one.brand for one in base.known}
    return brands.pop() if len(brands) == 1 and "-" not in brands else "team"


@click.command()
@click.argument("target", metavar="[CASE|ITEM]", required=False)
@click.option("--brand", help="Only the verdict for this brand.")
@click.option("--item", "file", type=FILES, help="A file with Verdict JSON or Item JSON lines instead.")
@click.option("--policy", "policy_file", type=FILES, help="The policy file of a verdict, where it is not at hand.")
@as_json
@with_app
def explain(
    app: App, target: str | None, brand: str | None, file: Path | None, policy_file: Path | None, as_json: bool
) -> None:
    """Replay a stored verdict from its evidence, and say what would have changed it.

    CASE is a number of `mekiki cases list` and stands for its best verdict; ITEM is the id that its platform gave it.
    """
    if (target is None) == (file is None):
        raise Misused("expected a case, an item, or --item FILE")
    pages: list[RenderableType] = []
    values = []
    differing = 0
    for verdict, item, pictures in _asked(app, target, brand) if target is not None else _lines(app, file, brand):
        try:
            policy = policy_of(verdict.policy, app.config, policy_file)
        except PolicyError as error:
            raise Misused(str(error)) from error
        found = replay(verdict, policy, kind=item.kind if item else None)
        now = None
        if item is not None:
            brands = app.profiles().brands
            if target is not None:
                with app.snapshot() as session:
                    brands = with_what_was_judged(brands, session)
            now = today(item, verdict, brands, in_use(app), on=utc_now().date(), pictures=pictures)
        differing += bool(found.differences)
        values.append(explaining.as_value(found, item, now))
        pages += [*explaining.page(found, item, now), ""]
    if not values:
        raise Stop(f"there is no verdict on {target or file}" + (f" for brand {brand}" if brand else ""))
    if as_json:
        print_json(values)
    else:
        show(*pages[:-1])
    if differing:
        raise SystemExit(PARTLY)


Asked = tuple[Verdict, Item | None, dict[str, PictureHash]]


def _asked(app: App, target: str, brand: str | None) -> list[Asked]:
    with app.snapshot() as session:
        found: list[StoredVerdict] = []
        missing: CaseNotFound | None = None
        if target.isdecimal() and len(target) < 10:
            try:
                found = [case_verdict(session, int(target))]
            except CaseNotFound as error:
                missing = error
        found = found or item_verdicts(session, target, brand=brand)
        if missing and not found:
            raise missing
    if brand is not None:
        found = [one for one in found if one.verdict.brand == brand]
    return [(one.verdict, one.item, dict(one.pictures)) for one in found]


def _lines(app: App, file: Path | None, brand: str | None) -> list[Asked]:
    """Read the first lines of a file; Items are judged now, and that is explained."""
    found: list[Asked] = []
    lines = [line for line in (file.read_bytes().splitlines() if file else ()) if line.strip()]
    for number, line in enumerate(lines[:MOST_EXPLAINED], 1):
        try:
            read = read_line(line)
        except (msgspec.MsgspecError, ItemError, UnicodeDecodeError, RecursionError) as error:
            raise Stop(f"{file}: line {number}: {error}") from error
        if isinstance(read, Verdict):
            found.append((read, None, {}))
        else:
            assessor = Assessor(app.profiles().brands, in_use(app))
            found += [(verdict, read, {}) for verdict in assessor.assess(read, on=utc_now().date())]
    if len(lines) > MOST_EXPLAINED:
        click.echo(f"mekiki: only the first {MOST_EXPLAINED} of {len(lines)} lines are explained", err=True)
    return [one for one in found if brand is None or one[0].brand == brand]


def show(*parts: RenderableType) -> None:
    """Print to standard output."""
    terminal().print(*parts, sep="\n")

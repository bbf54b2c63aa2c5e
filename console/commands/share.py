"""Sharing: confirmed cases for others (share stix, misp, csv, xarf), and fraud hosts for filters (share feed)."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import click

from config.sharing import Sharing
from console.app import PARTLY, App, Misused, Stop, as_person, utc_now, with_app
from console.sharing import Leaving, chosen, hand_out, leaving, stories, write_feed
from desk.counted import counted
from desk.sheets import write_csv
from detector.hosts import parse_host
from detector.presence import SHOWN
from safety.screen import screen
from storage.errors import MediaMissing
from takedown.actor import Actor
from takedown.actors import actors_of
from takedown.sharing.errors import NotShareable
from takedown.sharing.feed import FORMS, Form
from takedown.sharing.misp import misp_of
from takedown.sharing.profile import profile_of, sharer
from takedown.sharing.select import Shared, select
from takedown.sharing.stix import stix_of
from takedown.sharing.table import HEADING, rows
from takedown.sharing.xarf import xarf_of
from takedown.story import Story

if TYPE_CHECKING:
    from alerts.message import Language

BEST_ACTORS = ("host", "cdn", "registrar")  # who reads reports by machine, the best first
_out = click.option(
    "-o", "--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), default=Path("-"),
    help="Where to write it.  [default: standard output]",
)  # fmt: skip
_force = click.option("--force", is_flag=True, help="Write over FILE.")
_profile = click.option("--profile", "key", metavar="KEY", help="[default: the first of [[sharing]]]")
_brand = click.option("--brand", metavar="KEY", help="With --all: only cases of this brand.")
_cases = click.argument("case_ids", metavar="[CASE]...", type=int, nargs=-1)
_all = click.option("--all", "everything", is_flag=True, help="Every case that the profile shares.")


@click.group("share")
def share_group() -> None:
    """Hand what is known of confirmed cases to others; a profile decides what leaves, by default nothing of people."""


def of_cases(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the cases to share, the profile and where to write."""
    for option in (with_app, as_person, _force, _out, _profile, _brand, _all, _cases):
        command = option(command)
    return command


@share_group.command("stix")
@of_cases
def share_stix(app: App, **options: Any) -> None:
    """Write cases as a STIX 2.1 bundle; sharing them again brings the same objects up to date."""
    _share(app, "stix", lambda cases, profile, out: out.write(stix_of(list(cases), profile.tlp)), **options)


@share_group.command("misp")
@of_cases
def share_misp(app: App, **options: Any) -> None:
    """Write cases as MISP events, not published."""
    _share(app, "misp", lambda cases, profile, out: out.write(misp_of(list(cases), profile.tlp)), **options)


@share_group.command("csv")
@click.option("--language", type=click.Choice(["en", "ja"]), help="[default: that of alerts]")
@click.option("--bom", is_flag=True, help="Begin with the mark by which Excel knows UTF-8.")
@of_cases
def share_csv(app: App, language: str | None, bom: bool, **options: Any) -> None:
    """Write cases as a table with a row for each address, account and hash, for associations and agencies."""
    tongue = cast("Language", language or app.config.alerting.language)

    def table(cases: Iterator[Shared], profile: Sharing, out: IO[str]) -> None:
        cells = (row for case in cases for row in rows([case], tongue, tlp=profile.tlp, defanged=profile.defang))
        write_csv(out, HEADING[tongue], cells, links=not profile.defang)

    _share(app, "csv", table, bom=bom, **options)


def _share(
    app: App,
    form: str,
    write: Callable[[Iterator[Shared], Sharing, IO[str]], object],
    *,
    case_ids: Sequence[int],
    everything: bool,
    brand: str | None,
    key: str | None,
    out: Path,
    force: bool,
    who: str,
    bom: bool = False,
) -> None:
    profile = profile_of(app.config, key)
    now = utc_now()
    _check(app, case_ids, brand, everything=everything)
    refused: list[str] = []

    def make(file: IO[str]) -> list[int]:
        done: list[int] = []

        def noted(told: Iterator[Story]) -> Iterator[Story]:
            for story in told:
                before = len(refused)
                yield story
                if len(refused) == before:
                    done.append(story.case.id)

        wanted = chosen(app, profile, brand, now) if everything else list(dict.fromkeys(case_ids))
        told = noted(stories(app, wanted, now, refused.append))
        write(leaving(app, told, profile, refused.append), profile, file)
        return done

    done = hand_out(app, out, Leaving(profile=profile, form=form, who=who, at=now), make, bom=bom, force=force)
    for line in refused:
        click.echo(f"mekiki: {screen(line)}", err=True)
    if not done:
        raise Stop("nothing was shared")
    _say(out, len(done), profile)
    if refused:
        raise SystemExit(PARTLY)


def _check(app: App, case_ids: Sequence[int], brand: str | None, *, everything: bool) -> None:
    if everything == bool(case_ids):
        raise Misused("name the cases to share, or --all")
    names = [known.key for known in app.config.brand]
    if brand is not None and brand not in names:
        raise Misused(f"there is no brand {brand!r}; known: {', '.join(names) or 'none'}")


@share_group.command("xarf")
@click.argument("case_id", metavar="CASE", type=int)
@click.option("--actor", "wanted", metavar="KIND[:SUBJECT]", help="To whom.  [default: host, cdn or registrar]")
@_profile
@_out
@_force
@as_person
@with_app
def share_xarf(app: App, case_id: int, wanted: str | None, key: str | None, out: Path, force: bool, who: str) -> None:
    """Write a case as a XARF v4 report to one actor of its journey, as `mekiki takedown plan` lists them."""
    profile = profile_of(app.config, key)
    now = utc_now()

    def make(file: IO[str]) -> list[int]:
        told = stories(app, [case_id], now, _stop)
        story = next(told)
        named = profile.model_copy(update={"include": ("hosts",)})
        case = select(story, named, sharer(app.config, profile, story.brand))
        hosts = {thing.value for thing in case.things if thing.fraud}
        picture = _screenshot(app, story) if "pictures" in profile.include else None
        report = xarf_of(story, _actor(story, wanted, hosts), app.config, now=now, screenshot=picture, profile=profile)
        file.write(json.dumps(report, ensure_ascii=True, indent=1) + "\n")
        return [case_id]

    hand_out(app, out, Leaving(profile=profile, form="xarf", who=who, at=now), make, force=force)
    _say(out, 1, profile)


def _say(out: Path, number: int, profile: Sharing) -> None:
    where = "" if str(out) == "-" else f" in {screen(str(out))}"
    click.echo(f"shared {counted(number, 'case')}{where}: profile {profile.key}, TLP:{profile.tlp.upper()}", err=True)


def _stop(line: str) -> None:
    raise Stop(line)


def _actor(story: Story, wanted: str | None, hosts: set[str]) -> Actor:
    """Return the actor that is named, else the best one who has to do with a host of the campaign's own."""
    actors = actors_of(story)
    kind, _, subject = (wanted or "").partition(":")
    kinds = (kind,) if kind else BEST_ACTORS
    fitting = [actor for actor in actors if actor.kind in kinds and subject in ("", actor.subject)]
    if fitting:
        return min(fitting, key=lambda actor: (hosts.isdisjoint(_hosts_of(actor)), kinds.index(actor.kind)))
    known = ", ".join(f"{actor.kind}:{actor.subject}" for actor in actors)
    raise NotShareable(
        f"case {story.case.id} has no actor {wanted or 'host, cdn or registrar'}; it has: {known or 'none'}"
    )


def _hosts_of(actor: Actor) -> set[str]:
    return {host.ascii for host in map(parse_host, actor.targets) if host is not None}


def _screenshot(app: App, story: Story) -> bytes | None:
    """Return the latest picture of the landing page, if it was kept."""
    for visit in story.case.visits:
        if visit.screenshot is not None and visit.outcome in SHOWN:
            try:
                return app.media.read(visit.screenshot)
            except MediaMissing:
                continue
    return None


@share_group.command("feed")
@click.option("--format", "form", type=click.Choice(FORMS), required=True, help="What reads it.")
@click.option("--brand", metavar="KEY", help="Only cases of this brand.")
@_profile
@_out
@with_app
def share_feed(app: App, form: str, brand: str | None, key: str | None, out: Path) -> None:
    """Write the fraud hosts of all confirmed cases for your own filters; a file that would be the same is left alone.

    hosts: a hosts file; domains: names alone; rpz: a response policy zone; urls: addresses; adblock: rules of blockers.
    """
    profile = profile_of(app.config, key)
    _check(app, [], brand, everything=True)
    made, written = write_feed(app, cast("Form", form), profile, brand=brand, out=out, now=utc_now())
    noun = "URL" if form == "urls" else "host"
    state = "" if written else ", unchanged"
    where = "standard output" if str(out) == "-" else screen(str(out))
    click.echo(f"{where}: {counted(made.entries, noun)}{state}", err=True)
    if made.left_out:
        click.echo(f"mekiki: {counted(made.left_out, noun)} left out: too long a name for this format", err=True)

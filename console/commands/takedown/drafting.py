"""Drafting: fill notices from a case and put them on record; show one, whole or field by field. Nothing leaves."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import click
import msgspec
from rapidfuzz import fuzz, process

from alerts.message import Language
from console.app import FAILED, PARTLY, App, Misused, Stop, as_json, as_person, print_json, utc_now, with_app
from console.appearing import appearing
from console.notice_page import ALONE, about, bare, history_lines, notice_page, standing
from console.show import terminal
from desk.drafting import Drafted, drafted
from safety.screen import screen
from storage.notices import history, notice
from takedown.bundle.fonts import FontMissing
from takedown.bundle.notice_pdf import notice_pdf
from takedown.channel import Channel
from takedown.errors import UnknownChannel, UnknownMark
from takedown.notice import Notice
from takedown.plan import plan_of
from takedown.rights import marks_named
from takedown.selection import named, planned
from takedown.story import tell_story

LANGUAGES: tuple[Language, ...] = get_args(Language)
# Before what is missing; and where all of it was told of another draft.
_REFUSED: Mapping[Language, tuple[str, str]] = {
    "en": ("not drafted, this is missing:", "not drafted, for the same reasons"),
    "ja": ("下書きを作成できません。不足しているもの:", "同じ理由で下書きを作成できません"),
}


@click.command()
@click.argument("case_id", metavar="CASE", type=int)
@click.option("--channel", "keys", metavar="KEY", multiple=True, help="Where; `mekiki takedown plan` shows what fits.")
@click.option("--all", "everything", is_flag=True, help="Every step of the plan for which nothing is missing.")
@click.option("--actor", "subject", metavar="SUBJECT", help="About this one only, as the plan names it.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Default: the one that the channel reads best.")
@click.option(
    "--mark", "numbers", metavar="NUMBER", multiple=True, help="Trademark on which it rests. Default: all in force."
)
@click.option("--again", is_flag=True, help="File anew though the channel has not answered the notice that it has.")
@click.option("--dry-run", is_flag=True, help="Show it, put nothing on record.")
@as_person
@as_json
@with_app
def draft(
    app: App,
    case_id: int,
    keys: tuple[str, ...],
    everything: bool,
    subject: str | None,
    language: Language | None,
    numbers: tuple[str, ...],
    again: bool,
    dry_run: bool,
    who: str,
    as_json: bool,
) -> None:
    """Fill notices about a confirmed CASE, or say all that is missing for them.

    A draft takes the place of an open one for the same channel and actor. Nothing leaves: `mekiki takedown file` does
    that. Exit code 0 when all were drafted, 4 when something was missing for some, 1 when for all.
    """
    if bool(keys) == everything:
        raise Misused("expected --channel KEY or --all; `mekiki takedown plan CASE` shows what fits")
    now = utc_now()
    catalogue = app.catalogue
    try:
        channels = [catalogue.get(key) for key in dict.fromkeys(keys)]
    except UnknownChannel as error:
        raise Misused(str(error)) from error
    with app.snapshot() as session:
        story = tell_story(session, app.config, case_id, now=now)
    whole = story.case.merged_into
    if whole is not None:
        raise Stop(f"case {case_id} is a part of case {whole}: `mekiki takedown draft {whole}`")
    try:
        marks = marks_named(story.brand, numbers, app.config.triage.day_of(now))
    except UnknownMark as error:
        raise Misused(screen(str(error), limit=600)) from error
    if everything:
        wanted = planned(plan_of(story, catalogue, app.config, today=app.config.triage.day_of(now)))
    else:
        wanted = named(story, catalogue, channels)
    wanted = [one for one in wanted if subject is None or one.actor.subject == subject]
    if not wanted:
        raise Stop(_nothing(case_id, keys, subject))
    done: list[Drafted] = []
    told: set[str] = set()
    for one in wanted:
        done.append(
            drafted(
                app.engine, app.media, app.config, story, one,
                language=language, marks=marks, who=who, now=now, again=again, dry_run=dry_run,
            )
        )  # fmt: skip
        if not as_json:
            _tell(done[-1], one.channel, told, language or "en", whole=len(wanted) == 1)
    if as_json:
        print_json(done)
    elif len(wanted) > 1 and any(one.notice is not None for one in done):
        click.echo("\nNothing was filed. Next: `mekiki takedown show NOTICE`, then `mekiki takedown file NOTICE`")
    if not all(one.ok for one in done):
        raise SystemExit(PARTLY if any(one.ok for one in done) else FAILED)


@click.command()
@click.argument("wanted", metavar="NOTICE")
@click.option("--field", "key", metavar="KEY", help=f"Only one value, to be copied: {', '.join(ALONE)}, or a field's.")
@click.option(
    "--pdf", type=click.Path(dir_okay=False, path_type=Path), help="Write it as a letter to be printed, to this file."
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@as_json
@with_app
def show(app: App, wanted: str, key: str | None, pdf: Path | None, force: bool, as_json: bool) -> None:
    """Show NOTICE, its number or a reference: what is sent, how it stands, what happened, what came back.

    Addresses are shown so that nobody follows them by accident; --field prints one value exactly as it is to be sent,
    --pdf makes a letter with every address as it is to be sent, for those who take paper or fax.
    """
    with app.snapshot() as session:
        view = notice(session, wanted)
        steps = [step for step in history(session, view.case_id) if step.notice_id == view.id]
    content = msgspec.convert(view.content, Notice)
    if pdf is not None:
        try:
            with appearing(pdf, force=force) as aside:
                aside.write_bytes(notice_pdf(content, at=view.drafted_at))
        except FontMissing as error:
            raise Stop(str(error)) from error
        click.echo(f"{screen(str(pdf))}: notice {view.id}, reference {content.reference}, to be printed")
    elif key is not None:
        click.echo(_bare(content, key))
    elif as_json:
        print_json({"notice": view, "history": steps})
    else:
        channel = app.catalogue.find(view.channel)
        for line in (*notice_page(content, channel, head=standing(view)), *history_lines(view, steps)):
            terminal().print(line, soft_wrap=True)


def _nothing(case_id: int, keys: Sequence[str], subject: str | None) -> str:
    about = f" about {screen(subject, limit=100)}" if subject is not None else ""
    whom = f"nothing for {', '.join(keys)}" if keys else "no step"
    return f"case {case_id} has {whom}{about}: `mekiki takedown plan {case_id}` shows what fits"


def _tell(done: Drafted, channel: Channel, told: set[str], language: Language, *, whole: bool) -> None:
    """Show a draft, or say what is missing; what was said before of another one is not said again."""
    whom = f"{done.channel} about {about(done.actor, done.subject)}"
    if done.content is not None:
        number = f"notice {done.notice}" if done.notice is not None else "not on record"
        if not whole:
            click.echo(f"{number}, {done.content.language}, {done.content.reference}, {whom}")
            return
        for line in notice_page(done.content, channel, head=f"{number}, {done.content.language}"):
            terminal().print(line, soft_wrap=True)
        if done.notice is not None:
            click.echo(f"\nNothing was filed. Next: `mekiki takedown file {done.notice}`")
        return
    if not done.missing:
        click.echo(f"mekiki: {whom}: {screen(done.error or '', limit=600)}", err=True)
        return
    fresh = [says for one in done.missing if (says := one.in_language(language)) not in told]
    told.update(fresh)
    words = _REFUSED[language]
    click.echo(f"mekiki: {whom}: {words[0] if fresh else words[1]}", err=True)
    for says in fresh:
        click.echo(f"mekiki:   {screen(says, limit=400)}", err=True)


def _bare(content: Notice, key: str) -> str:
    try:
        value = bare(content, key)
    except KeyError:
        known = [*(field.key for field in content.fields), *ALONE]
        near = process.extractOne(key, known, scorer=fuzz.ratio, score_cutoff=60)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(known)}"
        raise Misused(f"the notice has no field {key!r}{hint}") from None
    if value is None:
        note = next((field.note for field in content.fields if field.key == key), "")
        raise Stop(f"{key} is filled in by hand" + (f": {note}" if note else ""))
    return screen(value, lines=True) if sys.stdout.isatty() else value

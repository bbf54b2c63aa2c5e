"""Planning: what can be done about a case, and where to begin."""

from collections.abc import Mapping
from typing import Any, get_args
from zoneinfo import ZoneInfo

import click

from alerts.message import Language
from console.app import App, Stop, as_json, print_json, utc_now, with_app
from console.plan_page import PlanPage
from console.show import terminal
from desk.plan_words import WORDS
from storage.notice_views import NoticeView
from takedown.actor import Actor
from takedown.plan import Note, Plan, Step, Way, plan_of
from takedown.story import tell_story


@click.command("plan")
@click.argument("case_id", metavar="CASE", type=int)
@click.option(
    "--language",
    type=click.Choice(get_args(Language)),
    help="Of the page, and of notices. Default: English, and notices in the one that a channel reads best.",
)
@click.option("--full", is_flag=True, help="Every channel with all that it lacks, not only the best of each step.")
@as_json
@with_app
def plan(app: App, case_id: int, language: Language | None, full: bool, as_json: bool) -> None:
    """Show who can act on a case, in the order of effect, where to tell them, and what a notice to them lacks.

    Reads only. What a registry or a visit would tell is said with the command that asks.
    """
    now = utc_now()
    with app.snapshot() as session:
        story = tell_story(session, app.config, case_id, now=now)
    whole = story.case.merged_into
    if whole is not None:
        raise Stop(f"case {case_id} is a part of case {whole}: `mekiki takedown plan {whole}`")
    found = plan_of(story, app.catalogue, app.config, today=app.config.triage.day_of(now))
    if as_json:
        print_json(_as_data(found))
        return
    zone = ZoneInfo(app.config.triage.zone)
    terminal().print(PlanPage(found, story.case, language=language, zone=zone, full=full).group())


def _as_data(plan: Plan) -> Mapping[str, Any]:
    return {
        "case": plan.case_id,
        "told_at": plan.told_at,
        "begin": plan.first.number if plan.first is not None else None,
        "notes": list(map(_note, plan.notes)),
        "steps": list(map(_step, plan.steps)),
        "other_notices": list(map(_notice, plan.notices)),
    }


def _step(step: Step) -> Mapping[str, Any]:
    return {
        "number": step.number,
        "effect": step.effect,
        "why": {language: words.why[step.effect] for language, words in WORDS.items()},
        "standing": step.standing,
        "actor": _actor(step.actor),
        "notes": list(map(_note, step.notes)),
        "channels": list(map(_way, step.ways)),
        "notices": list(map(_notice, step.notices)),
    }


def _actor(actor: Actor) -> Mapping[str, Any]:
    return {
        name: getattr(actor, name)
        for name in ("kind", "name", "subject", "platform", "targets", "links", "contacts", "facts")
    }


def _way(way: Way) -> Mapping[str, Any]:
    channel = way.channel
    return {
        "key": channel.key,
        "name": {"en": channel.name.en, "ja": channel.name.ja},
        "kind": channel.kind,
        "way": channel.way,
        "url": channel.url,
        "who": channel.who,
        "needs": channel.needs,
        "answer_seconds": channel.answer.within.total_seconds() if channel.answer is not None else None,
        "unconfirmed": channel.unconfirmed,
        "missing": {
            language: [{"what": one.what, "says": one.says, "ja": one.ja} for one in lacks]
            for language, lacks in way.missing.items()
        },
    }


def _notice(notice: NoticeView) -> Mapping[str, Any]:
    names = ("id", "reference", "channel", "state", "drafted_at", "filed_at", "their_reference", "due_at", "down_at")
    return {name: getattr(notice, name) for name in names}


def _note(note: Note) -> Mapping[str, Any]:
    return {"kind": note.kind, **note.values}

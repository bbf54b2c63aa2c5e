"""Judging: judge. Every key of triage as a plain command, for one case or many, each in a transaction of its own."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast, get_args

import click

from console.app import FAILED, PARTLY, App, Misused, as_json, as_person, print_json, utc_now, with_app
from console.moments import Day, end_of
from desk.agreed import agreed
from desk.counted import counted
from desk.entered import Effect, effect
from safety.screen import screen
from storage.case_list import summaries
from storage.errors import CaseConflict, CaseNotFound, JudgementRefused
from storage.judgements import DISMISS_REASONS, Action, Judgement, undo
from storage.judgements import judge as write_judgement
from storage.notice_steps import OPEN
from storage.notices import notices_of
from storage.register import WHATS, Registering
from storage.schema import CaseState, Harm

NOBODY = "-"  # for --assign: take it from whoever has it
NO_DAY = "none"  # for --due: as agreed again


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A notice that is open still: what became of an ad or a report, no page that is gone tells."""

    notice: int
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one case."""

    case: int
    ok: bool
    action: str
    state: CaseState | None = None
    log_id: int | None = None  # of the new entry
    waits: str | None = None  # what must happen before the state changes
    entered: Effect | None = None  # what an entry in the ownership register does for the items of the case
    withdraw: tuple[int, ...] = ()  # notices of a dismissed case that channels still have
    still: tuple[Still, ...] = ()  # notices of a case that is down of which that tells nothing
    error: str | None = None


class _DayOrNone(Day):
    name = f"DATE|{NO_DAY}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value == NO_DAY else super().convert(value, param, ctx)


@click.command()
@click.argument("case_ids", metavar="CASE...", type=int, nargs=-1, required=True)
@click.option("--confirm", is_flag=True, help="It is impersonation.")
@click.option("--dismiss", type=click.Choice(DISMISS_REASONS), help="It is not, for this reason.")
@click.option("--snooze", metavar="DAYS", type=click.IntRange(1, 365), help="Ask again after so many days.")
@click.option("--duplicate-of", "duplicate", metavar="CASE", type=int, help="It is a part of that case.")
@click.option("--takedown", is_flag=True, help="Have it taken down.")
@click.option("--approve", is_flag=True, help="Approve the takedown that somebody else has asked for.")
@click.option("--down", is_flag=True, help="It is gone.")
@click.option("--relapse", is_flag=True, help="It is back.")
@click.option("--close", is_flag=True, help="Nothing is left to do.")
@click.option("--reopen", is_flag=True, help="Judge it anew.")
@click.option("--own", is_flag=True, help="It is mine.")
@click.option("--assign", metavar="WHO", help=f"It is theirs; {NOBODY} for nobody's.")
@click.option("--tag", metavar="TAG")
@click.option("--untag", metavar="TAG")
@click.option("--harm", type=click.Choice(get_args(Harm)), help="How bad it is for people who believe it.")
@click.option("--due", type=_DayOrNone(), metavar=f"DATE|{NO_DAY}", help="Judge it by the end of that day.")
@click.option("--hold", is_flag=True, help="Legal hold: nothing of it is ever purged.")
@click.option("--release", is_flag=True, help="End the legal hold.")
@click.option("--undo", is_flag=True, help="Take my last judgement of it back.")
@click.option("--note", help="Why, in your words; alone it is just written down.")
@click.option("--until", type=Day(), help="With --dismiss: last day on which what arrives there stays quiet.")
@click.option(
    "--register",
    metavar="|".join((*WHATS, "SCOPE")),
    help="With --dismiss and --until: enter whom it is of into the ownership register.",
)
@click.option("--expect", metavar="LOG_ID", type=int, help="Refuse if its log has grown since this entry.")
@as_person
@as_json
@with_app
def judge(app: App, case_ids: tuple[int, ...], who: str, as_json: bool, expect: int | None, **options: Any) -> None:
    """Write down what a person decided about each CASE.

    Exit code 0 when all was written, 4 when some was refused, 1 when all was.
    """
    if expect is not None and len(case_ids) > 1:
        raise Misused("--expect goes with one case")
    now = utc_now()
    action = _chosen(options)
    zone = app.config.triage.zone
    judgement = None if action == "undo" else agreed(_judgement(action, who, options, now, zone), app.config, now)
    profiles = app.profiles() if options["register"] else None  # before anything is written: they may be unreadable
    done = []
    for case_id in dict.fromkeys(case_ids):
        one = _judge(app, case_id, action, judgement, who, expect, now)
        if one.ok and profiles is not None:
            with app.snapshot() as session:
                one = replace(one, entered=effect(session, case_id, options["dismiss"], profiles, on=now.date()))
        done.append(one)
        if not as_json:
            _tell(one)
    if as_json:
        print_json(done)
    if not all(one.ok for one in done):
        raise SystemExit(PARTLY if any(one.ok for one in done) else FAILED)


_ASKED = ("dismiss", "down")  # after which somebody has to know which notices channels still have
_FLAGS = ("confirm", "takedown", "approve", "down", "relapse", "close", "reopen", "hold", "release", "undo")
_VALUES = ("dismiss", "snooze", "duplicate", "tag", "untag", "harm", "due")


def _chosen(options: dict[str, Any]) -> str:
    """Return the one action that is asked for.

    Raises:
        Misused: there is none, or more than one, or an option that does not go with it.
    """
    given = [name for name in _FLAGS if options[name]]
    given += [name for name in _VALUES if options[name] is not None]
    given += ["assign"] * (options["own"] + (options["assign"] is not None))
    if len(given) > 1:
        raise Misused(f"expected one action, got {' and '.join(f'--{name}' for name in given)}")
    if not given and not options["note"]:
        raise Misused("expected an action such as --confirm or --dismiss REASON, or a --note; see --help")
    action = given[0] if given else "note"
    if action == "undo" and options["note"]:
        raise Misused("--undo takes no --note; write it down on its own")
    if action != "dismiss" and (options["until"] is not None or options["register"] is not None):
        raise Misused("--until and --register go with --dismiss")
    if options["register"] is not None and options["until"] is None:
        raise Misused("--register needs --until DATE: the day on which the entry ends")
    return action


def _judgement(action: str, who: str, options: dict[str, Any], now: datetime, zone: str) -> Judgement:
    until = options["until"]
    due = options["due"]
    return Judgement(
        who=who,
        action=cast("Action", action),
        reason=options["dismiss"],
        note=options["note"] or "",
        until=now + timedelta(days=options["snooze"]) if options["snooze"] else until and end_of(until, zone),
        register=options["register"] and Registering(what=options["register"], until=until, note=options["note"] or ""),
        into=options["duplicate"],
        assignee=None if options["assign"] is None else options["assign"].removeprefix(NOBODY),
        tag=options["tag"] or options["untag"],
        harm=options["harm"],
        due=None if due in (None, NO_DAY) else end_of(due, zone),
    )


def _judge(
    app: App, case_id: int, action: str, judgement: Judgement | None, who: str, expect: int | None, now: datetime
) -> Done:
    try:
        with app.transaction() as session:
            if judgement is None:
                log_id = undo(session, case_id, who=who, now=now)
            else:
                log_id = write_judgement(session, case_id, judgement, now=now, expect=expect)
            [case] = summaries(session, [case_id], now)
            asked = [one for one in notices_of(session, case_id) if one.state in OPEN] if action in _ASKED else []
    except (CaseNotFound, CaseConflict, JudgementRefused) as error:
        return Done(case=case_id, ok=False, action=action, error=str(error))
    waits = None
    if case.takedown_asked is not None:
        others = [name for name in app.config.takedown.approvers if name != case.takedown_asked]
        waits = f"approval by {' or '.join(others) or 'somebody whom [takedown] approvers names'}"
    return Done(
        case=case_id,
        ok=True,
        action=action,
        state=case.state,
        log_id=log_id,
        waits=waits,
        withdraw=tuple(one.id for one in asked if action == "dismiss"),
        still=tuple(Still(notice=one.id, channel=one.channel) for one in asked if action == "down"),
    )


def _tell(done: Done) -> None:
    if done.ok:
        waits = f", waits for {done.waits}" if done.waits else ""
        click.echo(screen(f"case {done.case}: {done.action}, now {done.state}{waits}"))
        if done.entered is not None:
            click.echo(screen(done.entered.says(done.case)))
        if done.withdraw:
            told = f"{counted(len(done.withdraw), 'notice')} of it ({', '.join(map(str, done.withdraw))})"
            click.echo(f"channels still have {told}: withdraw them there; `mekiki takedown due` lists them")
        if done.still:
            first = done.still[0].notice
            told = ", ".join(f"notice {one.notice} to {screen(one.channel, limit=40)}" for one in done.still)
            click.echo(f"still open: {told}; `mekiki takedown state {first} down` if that is gone, too")
    else:
        click.echo(screen(f"mekiki: {done.error}"), err=True)

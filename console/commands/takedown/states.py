"""takedown list, due, approve, state, withdraw, retry: how notices stand, what people learn of them, what waits."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import click
import msgspec
from sqlalchemy.orm import Session

from console.app import FAILED, PARTLY, App, Misused, as_json, as_person, print_json, utc_now, with_app
from console.notice_lists import due_page, notice_line, notice_table
from console.show import terminal
from desk.noticing import approve_read, learned, try_again
from safety.screen import screen
from storage.errors import CaseConflict, JudgementRefused, NoticeNotFound, NoticeRefused
from storage.merging import root_of
from storage.notice_due import due_notices
from storage.notice_list import NoticeFilters, list_notices
from storage.notice_views import NoticeView
from storage.notices import TOLD, notice
from storage.notices import withdraw as withdraw_notice
from storage.schema import Case, NoticeState

SAID = ("filed", *TOLD)
MOST = 500  # notices in one answer
_DIGEST = re.compile(r"(?i)[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one notice."""

    wanted: str
    ok: bool
    notice: NoticeView | None = None
    case_state: str | None = None  # of the whole that its case is a part of
    error: str | None = None


@click.command("list")
@click.argument("case_id", metavar="[CASE]", type=int, required=False)
@click.option("--state", "states", multiple=True, type=click.Choice(get_args(NoticeState)), help="May be repeated.")
@click.option("--channel", "channels", multiple=True, metavar="KEY", help="May be repeated.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True)
@click.option("--before", metavar="NOTICE", type=int, help="Go on behind the last one of a list.")
@as_json
@with_app
def list_command(
    app: App,
    case_id: int | None,
    states: tuple[NoticeState, ...],
    channels: tuple[str, ...],
    limit: int,
    before: int | None,
    as_json: bool,
) -> None:
    """List notices, the newest first: of all cases, or of CASE with what was merged into it."""
    filters = NoticeFilters(case=case_id, states=states, channels=channels)
    with app.snapshot() as session:
        found = list_notices(session, filters, before=before, limit=limit + 1)
    shown = found[:limit]
    if as_json:
        print_json([_short(view) for view in shown])
        return
    terminal().print(
        notice_table(shown) if shown else "no notices; `mekiki takedown plan CASE` shows who could be asked"
    )
    if len(found) > limit:
        click.echo(f"more: mekiki takedown list --before {shown[-1].id}", err=True)


@click.command("due")
@click.argument("case_id", metavar="[CASE]", type=int, required=False)
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True)
@as_json
@with_app
def due_command(app: App, case_id: int | None, limit: int, as_json: bool) -> None:
    """List what waits for somebody, the most pressing first, each with the command that deals with it."""
    approvals = app.config.takedown.second_approver
    with app.snapshot() as session:
        due = due_notices(session, utc_now(), approvals=approvals, case_id=case_id, limit=limit)
    if as_json:
        rows = [{"why": one.why, "case": one.case, "notice": _short(one.notice)} for one in due.notices]
        print_json({"counts": due.counts, "notices": rows})
        return
    console = terminal()
    for part in due_page(due, app.catalogue):
        console.print(part)


@click.command("approve")
@click.argument("wanted", metavar="NOTICE...", nargs=-1, required=True)
@click.option(
    *("--content", "contents"),
    multiple=True,
    metavar="DIGEST",
    help="Of what you read, as `show` has it; of each NOTICE.",
)
@click.option("--note", default="", help="What you looked at.")
@as_person
@as_json
@with_app
def approve_command(
    app: App, wanted: tuple[str, ...], contents: tuple[str, ...], note: str, who: str, as_json: bool
) -> None:
    """Approve each NOTICE that somebody else has drafted, and with it the takedown of its case that waits for it.

    For those whom `takedown.approvers` names. --content says what you have read, in the order of the notices: what was
    drafted anew since is refused. Nothing leaves: `mekiki takedown file` does that.
    """
    config, now = app.config, utc_now()
    if not config.takedown.second_approver:
        raise Misused("takedown.second_approver is not set: notices need nobody's approval")
    wanted = tuple(dict.fromkeys(wanted))
    if len(contents) != len(wanted):
        first = screen(wanted[0], limit=40)
        raise Misused(
            f"say of each notice what you have read: `mekiki takedown show {first}` prints its content's digest, then "
            f"`mekiki takedown approve {first} --content DIGEST`"
        )
    for one in contents:
        if not _DIGEST.fullmatch(one):
            raise Misused(f"--content {screen(one, limit=80)}: expected the 8 digits, 0-9 and a-f, that `show` prints")
    read = dict(zip(wanted, contents, strict=True))

    def step(session: Session, view: NoticeView, said: str) -> None:
        approve_read(session, view, read=said, who=who, note=note, config=config, now=now)

    done = [_do(app, one, partial(step, said=said)) for one, said in read.items()]
    _finish(done, as_json, then="mekiki takedown file {id}")


@click.command("state")
@click.argument("wanted", metavar="NOTICE")
@click.argument("state", type=click.Choice(SAID), required=False)
@click.option("--reason", help="With refused: why, in their words.")
@click.option("--reference", metavar="THEIRS", help="What they call it; alone it is just written down.")
@click.option("--note", help="What you saw, and where.")
@as_person
@as_json
@with_app
def state_command(
    app: App,
    wanted: str,
    state: Any,
    reason: str | None,
    reference: str | None,
    note: str | None,
    who: str,
    as_json: bool,
) -> None:
    """Write down what you have learned of NOTICE: how it stands now, or what they call it.

    `filed` is for a notice whose sending did not end and that has arrived, or that was filed without mekiki.
    """
    if state is None and not reference:
        raise Misused(f"expected a state ({', '.join(SAID)}) or --reference THEIRS")
    if (reason is not None) != (state == "refused"):
        raise Misused("refused needs --reason: why, in their words" if reason is None else "--reason goes with refused")
    if reference is not None and not reference.strip():
        raise Misused("--reference is empty")
    now = utc_now()
    words = "; ".join(filter(None, (reason, note)))

    def step(session: Session, view: NoticeView) -> None:
        theirs = reference.strip() if reference else None
        config, catalogue = app.config, app.catalogue
        learned(session, view, state, who=who, note=words, theirs=theirs, config=config, catalogue=catalogue, now=now)

    _finish([_do(app, wanted, step)], as_json)


@click.command("withdraw")
@click.argument("wanted", metavar="NOTICE")
@click.option("--note", default="", help="Why; of one that was filed, how the channel was told.")
@as_person
@as_json
@with_app
def withdraw_command(app: App, wanted: str, note: str, who: str, as_json: bool) -> None:
    """Give a draft up, or a NOTICE that was filed, once you have told the channel so. It stays on record."""

    def step(session: Session, view: NoticeView) -> None:
        withdraw_notice(session, view.id, who=who, now=utc_now(), note=note)

    _finish([_do(app, wanted, step)], as_json)


@click.command("retry")
@click.argument("wanted", metavar="NOTICE")
@click.option("--note", default="it did not arrive", show_default=True, help="How you know.")
@as_person
@as_json
@with_app
def retry_command(app: App, wanted: str, note: str, who: str, as_json: bool) -> None:
    """Make a draft again of NOTICE whose sending did not end and that did not arrive. Nothing is sent by this."""

    def step(session: Session, view: NoticeView) -> None:
        try_again(session, view, who=who, note=note, now=utc_now())

    _finish([_do(app, wanted, step)], as_json, then="mekiki takedown file {id}")


def _short(view: NoticeView) -> dict[str, Any]:
    """Return a notice without what was sent and what came back, which `show --json` has."""
    return {name: value for name, value in msgspec.to_builtins(view).items() if name not in ("content", "replies")}


def _do(app: App, wanted: str, step: Any) -> Done:
    """Take one step, in a transaction of its own."""
    try:
        with app.transaction() as session:
            step(session, notice(session, wanted))
            view = notice(session, wanted)
            state = session.get_one(Case, root_of(session, view.case_id)).state
    except (NoticeNotFound, NoticeRefused, JudgementRefused, CaseConflict) as error:
        return Done(wanted=wanted, ok=False, error=str(error))
    return Done(wanted=wanted, ok=True, notice=view, case_state=state)


def _finish(done: Sequence[Done], as_json: bool, *, then: str = "") -> None:
    """Tell what became of notices, and end with the exit code that fits."""
    if as_json:
        print_json(done)
    console = terminal()
    for one in done if not as_json else ():
        if one.notice is None:
            click.echo(screen(f"mekiki: {one.error}"), err=True)
            continue
        console.print(notice_line(one.notice))
        if then:
            click.echo(f"next: {then.format(id=one.notice.id)}", err=True)
    if not all(one.ok for one in done):
        raise SystemExit(PARTLY if any(one.ok for one in done) else FAILED)

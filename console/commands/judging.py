"""Judging: judge."""

from datetime import timedelta
from typing import Any, cast

import click

from console.app import App, Misused, as_person, utc_now, with_app
from storage import cases as case_store
from storage.cases import DISMISS_REASONS, Judgement


@click.command()
@click.argument("case_id", metavar="CASE", type=int)
@click.option("--confirm", is_flag=True, help="It is impersonation.")
@click.option("--dismiss", "reason", type=click.Choice(DISMISS_REASONS), help="It is not, for this reason.")
@click.option("--snooze", metavar="DAYS", type=click.IntRange(1, 365), help="Ask again after so many days.")
@click.option("--own", is_flag=True, help="It is mine.")
@click.option("--undo", "take_back", is_flag=True, help="Take my last judgement of this case back.")
@click.option("--note", help="Why, in your words; alone it is just written down.")
@as_person
@with_app
def judge(
    app: App,
    case_id: int,
    confirm: bool,
    reason: str | None,
    snooze: int | None,
    own: bool,
    take_back: bool,
    note: str | None,
    who: str,
) -> None:
    """Write down what a person decided about CASE."""
    asked = {"confirm": confirm, "dismiss": reason, "snooze": snooze, "assign": own, "undo": take_back}
    given = [name for name, value in asked.items() if value]
    if len(given) > 1 or not (given or note):
        raise Misused("expected one of --confirm, --dismiss, --snooze, --own, --undo, or a --note")
    if take_back and note:
        raise Misused("--undo takes no --note; write it down on its own")
    chosen = given[0] if given else "note"
    now = utc_now()
    with app.transaction() as session:
        if chosen == "undo":
            case_store.undo(session, case_id, who=who, now=now)
        else:
            until = now + timedelta(days=snooze) if snooze else None
            judgement = Judgement(who=who, action=cast("Any", chosen), reason=reason, note=note or "", until=until)
            case_store.judge(session, case_id, judgement, now=now)
        state = case_store.case_detail(session, case_id, now=now, max_items=1).state
    click.echo(f"case {case_id}: {chosen}, now {state}")

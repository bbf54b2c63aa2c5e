"""Campaigns: why the items of a case are together, merging cases and splitting them, each with its undo."""

from collections.abc import Iterator

import click
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from console.app import App, Misused, as_json, as_person, print_json, utc_now, with_app
from console.show import moment, terminal
from desk.counted import counted
from desk.inert import inert
from storage.merging import merge, unmerge
from storage.reasons import ItemReasons, SharedKey, Why, why
from storage.splitting import split, unsplit

TITLE = 100  # characters of an item's first words


@click.command("merge")
@click.argument("case_ids", metavar="CASE...", type=int, nargs=-1, required=True)
@click.option("--into", metavar="CASE", type=int, help="The case that stays; default the oldest.")
@click.option("--undo", "take_back", is_flag=True, help="Take CASE, which was merged, out again.")
@click.option("--note", default="", help="Why, in your words.")
@as_person
@as_json
@with_app
def cases_merge(
    app: App, case_ids: tuple[int, ...], into: int | None, take_back: bool, note: str, who: str, as_json: bool
) -> None:
    """Make several cases one: the others become parts of it, and what arrives later follows."""
    if take_back and (len(case_ids) != 1 or into is not None):
        raise Misused("--undo takes one case, the one that was merged, and no --into")
    with app.transaction() as session:
        if take_back:
            case_id = unmerge(session, case_ids[0], who=who, now=utc_now(), note=note)
        else:
            wanted = case_ids if into is None else (*case_ids, into)
            case_id = merge(session, wanted, who=who, now=utc_now(), note=note, into=into)
    if as_json:
        print_json({"case": case_id, "parts": [one for one in case_ids if one != case_id], "merged": not take_back})
    elif take_back:
        click.echo(f"case {case_ids[0]} stands alone again, beside case {case_id}; nothing joins the two by itself")
    else:
        parts = ", ".join(str(one) for one in dict.fromkeys(case_ids) if one != case_id)
        click.echo(f"case {case_id} now holds the items of {parts}; undo with mekiki cases merge --undo CASE")


@click.command("split")
@click.argument("case_id", metavar="CASE", type=int)
@click.argument("item_ids", metavar="[ITEM]...", type=int, nargs=-1)
@click.option("--undo", "take_back", is_flag=True, help="Put CASE, which was split off, back where it came from.")
@click.option("--note", default="", help="Why, in your words.")
@as_person
@as_json
@with_app
def cases_split(
    app: App, case_id: int, item_ids: tuple[int, ...], take_back: bool, note: str, who: str, as_json: bool
) -> None:
    """Take items out of a case into one of their own; `mekiki cases why CASE` tells their numbers."""
    if take_back == bool(item_ids):
        raise Misused("expected the numbers of the items to take out, or --undo with the case that was split off")
    with app.transaction() as session:
        if take_back:
            other = unsplit(session, case_id, who=who, now=utc_now(), note=note)
        else:
            other = split(session, case_id, item_ids, who=who, now=utc_now(), note=note)
    if as_json:
        print_json({"case": other, "items": sorted(set(item_ids)), "split": not take_back})
    elif take_back:
        click.echo(f"case {case_id} is a part of case {other} again")
    else:
        click.echo(
            f"case {other} has {counted(len(set(item_ids)), 'item')} of case {case_id}; nothing joins the two by itself"
        )


@click.command("why")
@click.argument("case_id", metavar="CASE", type=int)
@click.option("--items", type=click.IntRange(1, 1000), default=50, show_default=True, help="Most items told.")
@as_json
@with_app
def cases_why(app: App, case_id: int, items: int, as_json: bool) -> None:
    """Tell why the items of a case are one case, and what else might belong to it."""
    with app.snapshot() as session:
        found = why(session, case_id, most=items)
    if as_json:
        print_json(found)
        return
    screen = terminal()
    for line in _told(found):
        screen.print(line)


def _told(found: Why) -> Iterator[RenderableType]:
    yield Text(f"case {found.case_id}: {inert(found.title)}, {counted(found.item_count, 'item')}", "bold")
    for one in found.items:
        yield from _item(one, found.case_id)
    if found.item_count > len(found.items):
        yield Text(f"  and {found.item_count - len(found.items)} more (--items)", "dim")
    common = [key for key in found.keys if key.items > 1]
    elsewhere = [key for key in found.keys if key.items == 1]
    for head, some in (("what they have in common", common), ("what other cases have, too", elsewhere)):
        if some:
            yield Text(head, "bold")
        yield from map(_key, some)
    for part in found.merged:
        keys = ", ".join(inert(key) for key in part.keys)
        because = f": item {part.item} belongs to both ({keys})" if part.item is not None else ""
        note = f": {inert(part.note)}" if part.note else ""
        yield Text(f"case {part.case_id} was merged by {inert(part.who)} at {moment(part.at)}{because}{note}")
    for other in found.suggestions:
        yield Text(f"case {other.case_id} ({other.state}, {inert(other.title)}) may belong here: {inert(other.says)}")
        low, high = sorted((found.case_id, other.case_id))
        yield Text(f"  if so: mekiki cases merge {low} {high}", "dim")


def _key(key: SharedKey) -> Text:
    weak = "" if key.strong else ", weak"
    doubt = ", people have put cases with it apart" if key.parted else ""
    others = f", in {counted(key.cases, 'case')}" if key.cases > 1 else ""
    return Text(f"  {key.kind} {inert(key.value)}: {counted(key.items, 'item')}{others}{weak}{doubt}")


def _item(one: ItemReasons, case_id: int) -> Iterator[RenderableType]:
    title = one.title if len(one.title) <= TITLE else one.title[: TITLE - 1] + "…"
    yield Text(f"item {one.item_id} ({one.kind}) {inert(title)}")
    for reason in one.reasons:
        yield Padding(Text(inert(reason.says)), (0, 0, 0, 4))
    if not one.reasons:
        yield Padding(Text(_origin(one, case_id), "dim"), (0, 0, 0, 4))


def _origin(one: ItemReasons, case_id: int) -> str:
    """Say how an item came that joined no other."""
    if one.opened is None:
        return "came before reasons were kept"
    return "opened the case" if one.opened == case_id else f"opened case {one.opened}"

"""What a person reads of what was seen before: the answer in one line, the cases with what was decided, the rest."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from console.show import moment
from desk.counted import counted
from desk.inert import inert
from storage.seen_before import Match, SeenBefore, SeenCase, SeenItem

ITEMS = 3  # of a case, the most alike
_STYLE = {"confirm": "bold red", "dismiss": "green"}
_HOW = {
    "the same file": "the same file",
    "saved anew": "the same picture, saved anew",
    "mirrored": "the same picture, mirrored",
    "changed": "the same picture, cropped, framed or with something laid over it",
    "a part of the other": "one picture is a part of the other",
    "the same text": "the same text",
    "much the same text": "much the same text",
}


def seen_page(seen: SeenBefore, *, most: int) -> Group:
    """Return what was seen before.

    Args:
        seen: the answer.
        most: cases, and as many items of none, that are shown.
    """
    parts: list[RenderableType] = [Text(headline(seen), "bold")]
    for case in seen.cases[:most]:
        parts += [Text(), *_case(case)]
    if len(seen.cases) > most:
        parts.append(Text(f"\n… and {len(seen.cases) - most} more of {counted(len(seen.cases), 'case')}", "dim"))
    if seen.loose:
        parts.append(Text("\nIn no case, so never flagged", "bold"))
        for item in seen.loose[:most]:
            parts += _item(item)
        if len(seen.loose) > most:
            parts.append(Text(f"  … and {len(seen.loose) - most} more", "dim"))
    if seen.more:
        parts.append(Text("\nThere are more like it than were compared; the nearest are shown.", "dim"))
    return Group(*parts)


def headline(seen: SeenBefore) -> str:
    """Answer the question in one line."""
    if not seen.items:
        return "not seen before" + (f" ({counted(seen.compared, 'proposal')} compared)" if seen.compared else "")
    states = Counter(_called(case) for case in seen.cases)
    told = ", ".join(f"{count} {name}" for name, count in states.most_common())
    cases = f"in {counted(len(seen.cases), 'case')} ({told})" if seen.cases else "in no case"
    span = f"first {moment(seen.first_seen)}, last {moment(seen.last_seen)}"
    return f"seen before: {counted(seen.items, 'item')} {cases}; {span}"


def how(match: Match) -> str:
    """Say in words how alike a picture or a text is."""
    words = _HOW[match.how]
    if match.shared is not None:
        return words if match.shared == 1 else f"{words}, {match.shared:.0%} in common"
    if match.windows:
        return f"{words} ({counted(match.windows, 'place')} agree)"
    return words if match.how == "the same file" else f"{words} ({match.distance} of 256 bits differ)"


def _called(case: SeenCase) -> str:
    reason = case.decided.reason if case.decided is not None else None
    return f"{case.state} as {reason}" if case.state == "dismissed" and reason else case.state


def _case(case: SeenCase) -> Iterator[RenderableType]:
    decided = case.decided
    yield Text.assemble(
        (f"Case {case.id}", "bold"),
        "  ",
        (_called(case), _STYLE.get(decided.action, "") if decided is not None else "yellow"),
        f"  {case.brand}  {counted(len(case.items), 'item')} like it, first {moment(case.first_seen)}, "
        f"last {moment(case.last_seen)}",
    )
    yield Padding(Text(inert(case.title, limit=160)), (0, 0, 0, 2))
    if decided is not None:
        verb = "confirmed" if decided.action == "confirm" else f"dismissed as {decided.reason or 'other'}"
        note = f": {inert(decided.note, limit=200)}" if decided.note else ""
        yield Padding(Text(f"{verb} by {inert(decided.who, limit=40)} {moment(decided.at)}{note}"), (0, 0, 0, 2))
    else:
        yield Padding(Text("nobody has judged it yet", "dim"), (0, 0, 0, 2))
    for item in case.items[:ITEMS]:
        yield from _item(item)
    if len(case.items) > ITEMS:
        yield Text(f"    … and {len(case.items) - ITEMS} more", "dim")


def _item(item: SeenItem) -> Iterator[RenderableType]:
    name = f"{item.kind} {inert(item.platform or '', limit=40)}".rstrip()
    by = f" by {inert(item.advertiser, limit=60)}" if item.advertiser else ""
    yield Text.assemble(
        "    ",
        (f"item {item.item_id}", "bold"),
        f"  {name} {inert(item.external_id, limit=60)}{by}, seen {counted(item.sightings, 'time')}, "
        f"last {moment(item.last_seen)}",
    )
    for match in item.matches:
        yield Padding(Text(how(match), "cyan"), (0, 0, 0, 6))
    if item.title:
        yield Padding(Text(inert(item.title, limit=120), "dim"), (0, 0, 0, 6))

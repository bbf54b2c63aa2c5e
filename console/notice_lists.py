"""What a person reads of many notices: lists, and what is due with the command that deals with it."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from console.notice_page import about, state_of
from console.show import moment
from desk.counted import counted
from desk.inert import inert
from safety.screen import screen
from storage.notice_due import Attention, DueNotice, DueNotices
from storage.notice_views import NoticeView
from takedown.catalogue import Catalogue

_PRESSING: frozenset[Attention] = frozenset(("sending", "lost", "back", "information_requested", "refused", "overdue"))
_STYLES = {"down": "green", "refused": "red", "back": "bold red", "information_requested": "yellow", "withdrawn": "dim"}
# Drafts are many, and all wait for the same.
_DRAFTS: dict[Attention, str] = {
    "approval": "Waiting for approval: `mekiki takedown show N`, then `mekiki takedown approve N --content …`",
    "draft": "Not filed yet: `mekiki takedown show N`, then `mekiki takedown file N`",
}
_COUNTED: dict[Attention, tuple[str, str]] = {
    "sending": ("try that did not end", "tries that did not end"),
    "lost": ("that did not arrive",) * 2,
    "back": ("back again",) * 2,
    "information_requested": ("with a question", "with questions"),
    "refused": ("refused",) * 2,
    "overdue": ("without an answer in time",) * 2,
    "dismissed": ("of a dismissed case", "of dismissed cases"),
    "approval": ("waiting for approval",) * 2,
    "draft": ("not filed yet",) * 2,
}


def notice_table(views: Sequence[NoticeView]) -> Table:
    """Return notices in their order, one a row."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("notice", "case"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("channel", "about", "state", "since", "due", "reference", "theirs"):
        table.add_column(name, overflow="fold")
    for view in views:
        table.add_row(
            str(view.id),
            str(view.case_id),
            screen(view.channel, limit=40),
            about(view.actor, view.subject, limit=50),
            Text(state_of(view), "bold red" if view.lost_at else _STYLES.get(view.state, "")),
            moment(view.state_at),
            moment(view.due_at),
            view.reference,
            inert(view.their_reference or "-", limit=40),
        )
    return table


def notice_line(view: NoticeView) -> Text:
    """Say in one line where a notice went and how it stands."""
    words = [f"{state_of(view)} {moment(view.state_at)}"]
    if view.state == "refused":
        words.append(f"for: {inert(view.refused_for or '', limit=120)}")
    if view.their_reference:
        words.append(f"their reference {inert(view.their_reference, limit=40)}")
    if view.due_at is not None and view.state in ("filed", "acknowledged"):
        words.append(f"answer expected by {moment(view.due_at)}")
    if view.replies:
        words.append(counted(len(view.replies), "message") + " came back")
    whom = about(view.actor, view.subject, limit=50)
    return Text(f"notice {view.id}  {screen(view.channel, limit=40)}, {whom}: {', '.join(words)}")


def due_page(due: DueNotices, catalogue: Catalogue) -> Iterator[RenderableType]:
    """Yield what is due, the most pressing first, each with what to type; then the drafts that nobody filed, one a
    line; then how much of what there is.
    """
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    drafts = {why: [one for one in due.notices if one.why == why] for why in _DRAFTS}
    for one in due.notices:
        if one.why in _DRAFTS:
            continue
        view = one.notice
        told = Text(says(one), "bold red" if one.why in _PRESSING else "bold")
        told.append(
            f"\ncase {one.case}, {screen(view.channel, limit=40)}, {about(view.actor, view.subject, limit=50)}",
            "not bold default",
        )
        for command in commands(one, catalogue):
            told.append(f"\n{command}", "not bold cyan")
        grid.add_row(Text(f"notice {view.id}", "bold"), told)
    if grid.row_count:
        yield grid
    for number, (why, found) in enumerate((why, found) for why, found in drafts.items() if found):
        yield Text(("\n" if number or grid.row_count else "") + _DRAFTS[why], "bold")
        yield _draft_table(found)
    shown, total = len(due.notices), sum(due.counts.values())
    parts = ", ".join(f"{count} {_COUNTED[why][count != 1]}" for why, count in due.counts.items())
    if total:
        left = f"; {shown} shown" if shown < total else ""
        yield Text(f"{counted(total, 'notice')} to look at: {parts}{left}", "dim")
    else:
        yield Text("nothing is due", "dim")


def _draft_table(found: Sequence[DueNotice]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    for _ in range(3):
        table.add_column(no_wrap=True, overflow="ellipsis")
    for one in found:
        view = one.notice
        whom = f"{screen(view.channel, limit=40)}, {about(view.actor, view.subject, limit=50)}"
        table.add_row(f"notice {view.id}", f"case {one.case}", whom, f"drafted {moment(view.drafted_at)}")
    return table


def says(one: DueNotice) -> str:
    """Say why somebody has to look at a notice that is no draft."""
    view = one.notice
    match one.why:
        case "sending":
            return f"a try of {moment(view.sending_at)} did not end"
        case "lost":
            return f"filed {moment(view.filed_at)}, DID NOT ARRIVE: its mail came back {moment(view.lost_at)}"
        case "back":
            return f"back again since {moment(view.back_at)}"
        case "information_requested":
            return f"they ask for more, answer by {moment(view.due_at)}"
        case "refused":
            return f"refused {moment(view.state_at)}: {inert(view.refused_for or '', limit=80)}"
        case "overdue":
            return f"filed {moment(view.filed_at)}, no answer by {moment(view.due_at)}"
    return "the case is dismissed: tell them that it is withdrawn"


def commands(one: DueNotice, catalogue: Catalogue) -> list[str]:
    """Return what to type about a notice that is no draft."""
    number, case = one.notice.id, one.case
    channel = catalogue.find(one.notice.channel)
    elsewhere = [
        f"mekiki takedown draft {case} --channel {key}" for key in (channel.next if channel is not None else ())
    ]
    match one.why:
        case "sending":
            return [f"mekiki takedown state {number} filed --reference …", f"mekiki takedown retry {number}"]
        case "lost":
            anew = f"mekiki takedown draft {case} --channel {screen(one.notice.channel, limit=80)} --again"
            return [anew, *elsewhere, f"mekiki takedown state {number} acknowledged"]
        case "back":
            return [f"mekiki takedown draft {case} --channel {screen(one.notice.channel, limit=80)}"]
        case "information_requested":
            return [f"mekiki takedown show {number}", f"mekiki takedown state {number} acknowledged"]
        case "refused":
            return elsewhere or [f"mekiki takedown plan {case}"]
        case "overdue":
            return [f"mekiki takedown show {number}", *elsewhere]
    return [f"mekiki takedown withdraw {number} --note …"]

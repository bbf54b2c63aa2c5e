"""What a person reads of cases: the list, and one case in full with all that is known around it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from console.journeys import journeys
from console.notice_lists import notice_line
from console.notice_page import likely
from console.picture import half_blocks
from console.show import DECISION_STYLE, item_lines, moment, why_lines
from desk.counted import counted
from desk.inert import URL_LIMIT, inert, inert_url
from detector.evidence import ImageBox
from safety.screen import defang, defang_text
from storage.actions import UNJUDGED, WAITING
from storage.case_views import CaseDetail, CaseItemView, CaseSummary, LogEntry, PictureView, SimilarCase
from storage.media import MediaStore
from storage.notice_steps import NOTICE
from storage.notice_views import NoticeView
from storage.registrations import Registration
from storage.visits import RECHECK
from takedown.story import handoffs_of

MOST_WORDS = 300  # characters that are shown of what is written in a picture


def case_list(cases: Sequence[CaseSummary], now: datetime | None = None) -> Group:
    """Return three lines a case: number and standing, what it is about, the strongest reason; fits any width.

    Args:
        cases: in their order.
        now: to mark what is overdue.
    """
    lines: list[RenderableType] = []
    for case in cases:
        why = case.top_evidence.says if case.top_evidence else ""
        head = Text.assemble(
            (f"{case.id:>5}", "bold"),
            f"  {case.score:.2f}  ",
            (f"{case.decision:<13}", DECISION_STYLE[case.decision]),
            f"  {case.brand}  {_standing(case)}  {case.items} {'item' if case.items == 1 else 'items'}",
            f"  {moment(case.last_seen)}  priority {case.priority:.2f}",
        )
        if case.due_at is not None and case.state in WAITING:
            late = now is not None and case.due_at <= now
            head.append(f"  due {moment(case.due_at)}", "bold red" if late else "")
        for tag in case.tags:
            head.append(f"  #{inert(tag, limit=40)}", "cyan")
        lines += [
            head,
            Padding(Text(inert(case.title, limit=160), "bold"), (0, 0, 0, 7)),
            Padding(Text(inert(why, limit=200), "dim"), (0, 0, 0, 7)),
        ]
    return Group(*lines)


def _standing(case: CaseSummary | CaseDetail) -> str:
    """Say in which state a case is, and what goes with that."""
    words: str = case.state
    if case.state == "snoozed" and case.snoozed_until is not None:
        words += f" until {moment(case.snoozed_until)}"
    if case.merged_into is not None:
        words += f" of case {case.merged_into}"
    if case.takedown_asked is not None:
        words += f", takedown asked for by {inert(case.takedown_asked, limit=20)}"
    if case.held:
        words += ", held"
    return words + (f" ({inert(case.assignee, limit=20)})" if case.assignee else "")


def case_page(
    detail: CaseDetail,
    media: MediaStore,
    *,
    pictures: bool = True,
    items: int = 5,
    together: Sequence[str] = (),
    notices: Sequence[NoticeView] = (),
) -> Group:
    """Return one case in full: what, why, where, why it is one case, what people decided, who was told.

    Args:
        detail: the case.
        media: for its pictures.
        pictures: draw them.
        items: how many, at most.
        together: why they are one case, a sentence each.
        notices: takedown requests, oldest first.
    """
    parts: list[RenderableType] = [
        Text.assemble(
            (f"Case {detail.id}", "bold"),
            "  ",
            (detail.decision, DECISION_STYLE[detail.decision]),
            f"  score {detail.score:.2f}  priority {detail.priority:.2f} ({detail.harm} harm)  brand {detail.brand}"
            f"  state {_standing(detail)}",
        ),
        Text(inert(detail.title, limit=200), "bold"),
        Text(", ".join(_dates(detail)), "dim"),
    ]
    if detail.tags:
        parts.append(Text(" ".join(f"#{inert(tag, limit=40)}" for tag in detail.tags), "cyan"))
    for view in detail.items[:items]:
        parts += [Text(), *item_page(view, media, pictures=pictures)]
    if detail.item_count > items:
        parts.append(Text(f"\n… and {detail.item_count - items} more of {counted(detail.item_count, 'item')}", "dim"))
    if together:
        parts.append(Text("\nWhy it is one case", "bold"))
        parts += [Text(f"  {inert(line, limit=300)}") for line in together]
    if notices:
        parts.append(Text("\nNotices", "bold"))
        parts += [Text.assemble("  ", notice_line(view)) for view in notices]
    parts += _around(detail)
    return Group(*parts)


def _dates(detail: CaseDetail) -> Iterator[str]:
    yield f"opened {moment(detail.opened_at)}"
    yield f"last seen {moment(detail.last_seen)}"
    yield counted(detail.item_count, "item")
    yield f"seen {counted(detail.sightings, 'time')} on {counted(detail.publishers, 'publisher')}"
    if detail.due_at is not None and detail.state in UNJUDGED:
        yield f"due {moment(detail.due_at)}"
    if detail.suppressed_until is not None:
        yield f"quiet until {moment(detail.suppressed_until)}"


def _around(detail: CaseDetail) -> Iterator[RenderableType]:
    """Yield what is known besides the items."""
    for link in dict.fromkeys(visit.url for visit in detail.visits):
        seen = [visit for visit in reversed(detail.visits) if visit.url == link]
        yield Text(f"\nJourney {inert_url(link, limit=200)}", "bold")
        yield from journeys(seen)
    if detail.registration is not None:
        yield Text("\nDomain", "bold")
        yield from (Text("  " + inert(line, limit=300)) for line in _registered(detail.registration))
    if detail.similar:
        yield Text("\nEarlier judgements on similar cases", "bold")
        yield from (Text(f"  {similar_line(one)}") for one in detail.similar)
    if detail.log:
        yield Text("\nCase log", "bold")
        yield from (Text.assemble("  ", line) for line in log_lines(detail.log))
    if detail.deliveries:
        yield Text("\nAlerts", "bold")
        for row in detail.deliveries:
            told = f"{row.receiver}: {row.reason}, {row.state}, {counted(row.attempts, 'attempt')}"
            yield Text(f"  {moment(row.created_at)}  {told}")


def similar_line(case: SimilarCase) -> str:
    """Say what somebody decided about a similar case, and what both have in common."""
    what = f"{case.action} ({inert(case.reason, limit=40)})" if case.reason else case.action
    shared = ", ".join(f"{kind} {inert(value, limit=60)}" for kind, value in case.shares[:3])
    note = f" - {inert(case.note, limit=100)}" if case.note else ""
    who = inert(case.who, limit=40)
    return f"case {case.id}, {case.state}: {what} by {who}, {moment(case.at)}{note}; shares {shared}"


def log_lines(log: Sequence[LogEntry]) -> list[Text]:
    """Return a case log, oldest entry first; what the machine added in a row is one line."""
    lines = []
    for arrived, entries in groupby(log, lambda entry: entry.action == "items_added"):
        row = list(entries)
        if arrived and len(row) > 1:
            count = sum(len(entry.data.get("items", ())) for entry in row)
            span = f"{moment(row[0].at)} to {moment(row[-1].at)}  "
            lines.append(Text.assemble((span, "dim"), f"{inert(row[0].who, limit=40)}: items added ({count})"))
        else:
            lines += [log_line(entry) for entry in row]
    return lines


def log_line(entry: LogEntry) -> Text:
    """Return one entry of a case log: when, who, what, why."""
    reason = f" ({inert(entry.reason, limit=60)})" if entry.reason else ""
    told = "".join(f" {words}" for words in _told(entry))
    note = f" - {inert(entry.note, limit=300)}" if entry.note else ""
    if entry.reason == "down" and entry.action in (RECHECK, NOTICE) and "by" in entry.data:
        note += f", {likely(entry.data['by'])}"
    who, action = inert(entry.who, limit=40), inert(entry.action.replace("_", " "), limit=40)
    return Text.assemble((f"{moment(entry.at)}  ", "dim"), f"{who}: {action}{reason}{told}{note}")


def _told(entry: LogEntry) -> Iterator[str]:
    """Yield what an entry's data adds to its action, in words."""
    data = entry.data
    if "url" in data:
        yield inert_url(str(data["url"]), limit=120)
    for name, words in (("tag", "#"), ("into", "of case "), ("assignee", "to "), ("harm", "")):
        if data.get(name):
            yield words + inert(str(data[name]), limit=60)
    if entry.action in ("snooze", "due") and (until := data.get("until") or data.get("due")):
        yield f"until {moment(datetime.fromisoformat(str(until)))}"
    if entry.action == "items_added":
        yield f"({len(data.get('items', ()))})"
    if entry.action == "undo":
        yield f"of {inert(str(data.get('action', '')), limit=40)}"


def item_page(view: CaseItemView, media: MediaStore, *, pictures: bool) -> Iterator[RenderableType]:
    """Yield one item of a case: what it is, its texts with the matches marked, the evidence, the pictures."""
    yield from item_lines(view.item, view.verdict, handoffs_of(view))
    for picture in view.pictures:
        yield from _picture(picture, view, media, drawn=pictures)
    yield from why_lines(view.item, view.verdict)
    yield Text(
        f"  seen {counted(view.sightings, 'time')}, {moment(view.first_seen)} to {moment(view.last_seen)}, source "
        + ", ".join(view.sources),
        "dim",
    )


def _registered(registration: Registration) -> Iterator[str]:
    """Yield who registered a domain, when, and who takes complaints."""
    facts = registration.facts
    head = f"{defang_text(registration.domain)}, as its registry told {moment(registration.asked_at)}"
    if facts.get("error"):
        yield f"{head}: {facts['error']}"
        return
    yield head
    number = f" (IANA {facts['registrar_id']})" if facts.get("registrar_id") else ""
    told = {
        "registered": facts.get("created", "")[:10],
        "registrar": f"{facts.get('registrar', '')}{number}",
        "complaints to": " / ".join(filter(None, (facts.get("abuse_email"), facts.get("abuse_phone")))),
        "registrant": " / ".join(filter(None, (facts.get("registrant"), facts.get("country")))),
        "state": ", ".join(facts.get("status", ())),
        "not told": ", ".join(facts.get("redacted", ())),
    }
    yield from (f"{name}: {value}" for name, value in told.items() if value)


def _picture(picture: PictureView, view: CaseItemView, media: MediaStore, *, drawn: bool) -> Iterator[RenderableType]:
    name = f"  picture {defang(picture.reference[:URL_LIMIT])}, SHA-256 {picture.sha256}"
    if picture.rendition is None or picture.width is None or picture.height is None:
        yield Text(f"{name}: could not be read, kept as evidence only", "dim")
        return
    yield Text(f"{name}, {picture.width} x {picture.height}", "dim")
    for text in picture.texts:
        what = "code" if text.kind == "code" else "reads"
        yield Text(f"    {what} {inert(text.text, limit=MOST_WORDS)}", "dim")
    if not drawn:
        return
    boxes = [
        evidence.where.box
        for evidence in view.verdict.evidence
        if isinstance(evidence.where, ImageBox)
        and evidence.where.image < len(view.item.images)
        and view.item.images[evidence.where.image] == picture.reference
    ]
    size = (picture.width, picture.height)
    rendition = media.sound(picture.rendition)
    if rendition is None:
        yield Text("    not in the media store as it was kept; see mekiki verify", "dim")
        return
    yield Padding(half_blocks(rendition, original=size, boxes=boxes), (0, 0, 0, 2))

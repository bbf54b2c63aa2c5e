"""What a person reads: case tables, one case with its evidence, one verdict. Hostile text passes `screen` first."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from console.journeys import URL_LIMIT, journeys
from console.picture import half_blocks
from detector.evidence import Evidence, ImageBox, LinkAt, TextSpan
from detector.handoffs import find_handoffs
from detector.items import Item
from detector.verdict import Verdict
from safety.screen import defang, defang_text, screen
from storage.cases import CaseDetail, CaseItemView, CaseSummary, PictureView
from storage.media import MediaStore
from storage.registrations import Registration

DECISION_STYLE = {
    "impersonation": "bold red",
    "suspicious": "yellow",
    "mention": "cyan",
    "official": "green",
    "none": "dim",
}
MATCH_STYLE = "bold black on yellow"
TEXT_LIMIT = 600  # characters of one text shown around its matches


def case_list(cases: Sequence[CaseSummary]) -> Group:
    """Return three lines a case: number and standing, what it is about, the strongest reason; fits any width."""
    lines: list[RenderableType] = []
    for case in cases:
        why = case.top_evidence.says if case.top_evidence else ""
        standing = case.state + (f" ({screen(case.assignee, limit=20)})" if case.assignee else "")
        items = f"{case.items} {'item' if case.items == 1 else 'items'}"
        lines += [
            Text.assemble(
                (f"{case.id:>5}", "bold"),
                f"  {case.score:.2f}  ",
                (f"{case.decision:<13}", DECISION_STYLE[case.decision]),
                f"  {case.brand}  {standing}  {items}  {moment(case.last_seen)}",
            ),
            Padding(Text(screen(case.title, limit=160), "bold"), (0, 0, 0, 7)),
            Padding(Text(screen(why, limit=200), "dim"), (0, 0, 0, 7)),
        ]
    return Group(*lines)


def case_page(detail: CaseDetail, media: MediaStore, *, pictures: bool = True, items: int = 5) -> Group:
    """Return one case in full: what, why, where, what people decided, who was told."""
    parts: list[RenderableType] = [
        Text.assemble(
            (f"Case {detail.id}", "bold"),
            "  ",
            (detail.decision, DECISION_STYLE[detail.decision]),
            f"  score {detail.score:.2f}  brand {detail.brand}  state {detail.state}",
        ),
        Text(screen(detail.title, limit=200), "bold"),
        Text(
            f"opened {moment(detail.opened_at)}, last seen {moment(detail.last_seen)}, {detail.item_count} item(s)",
            "dim",
        ),
    ]
    for view in detail.items[:items]:
        parts += [Text(), *item_page(view, media, pictures=pictures)]
    if detail.item_count > items:
        more = f"\n… and {detail.item_count - items} more of {detail.item_count} items"
        parts.append(Text(more, "dim"))
    for link in dict.fromkeys(visit.url for visit in detail.visits):
        seen = [visit for visit in reversed(detail.visits) if visit.url == link]
        parts.append(Text(f"\nJourney {screen(defang(link[:URL_LIMIT]), limit=200)}", "bold"))
        parts += journeys(seen)
    if detail.registration is not None:
        parts.append(Text("\nDomain", "bold"))
        parts += [Text("  " + screen(line, limit=300)) for line in _registered(detail.registration)]
    if detail.log:
        parts.append(Text("\nCase log", "bold"))
        parts += [
            Text(
                f"  {moment(entry.at)}  {screen(entry.who, limit=40)}: {entry.action.replace('_', ' ')}"
                + (f" ({entry.reason})" if entry.reason else "")
                + (f" {screen(defang(str(entry.data['url'])[:URL_LIMIT]), limit=120)}" if "url" in entry.data else "")
                + (f" - {screen(entry.note, limit=300)}" if entry.note else "")
            )
            for entry in detail.log
        ]
    if detail.deliveries:
        parts.append(Text("\nAlerts", "bold"))
        parts += [
            Text(f"  {moment(row.created_at)}  {row.receiver}: {row.reason}, {row.state}, {row.attempts} attempt(s)")
            for row in detail.deliveries
        ]
    return Group(*parts)


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


def item_page(view: CaseItemView, media: MediaStore, *, pictures: bool) -> Iterator[RenderableType]:
    """Yield one item of a case: what it is, its texts with the matches marked, the evidence, the pictures."""
    yield from _item(view.item, view.verdict)
    for picture in view.pictures:
        yield from _picture(picture, view, media, drawn=pictures)
    yield from _why(view.item, view.verdict)
    yield Text(
        f"  seen {view.sightings} time(s), {moment(view.first_seen)} to {moment(view.last_seen)}, source "
        + ", ".join(view.sources),
        "dim",
    )


def described(item: Item, verdict: Verdict) -> Iterator[RenderableType]:
    """Yield an item that is not stored, and why it was judged as it was."""
    yield from _item(item, verdict)
    yield from _why(item, verdict)


def _item(item: Item, verdict: Verdict) -> Iterator[RenderableType]:
    head = Text.assemble(
        (f"{item.kind} ", "bold"), screen(item.platform or "", limit=40), " ", screen(item.id, limit=80)
    )
    yield head
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(item):
        facts.add_row(Text(f"  {name}", "dim"), Text(screen(value, limit=400)))
    yield facts
    for index, text in enumerate(item.texts):
        spans = [e.where.span for e in verdict.evidence if isinstance(e.where, TextSpan) and e.where.text == index]
        if spans or item.kind != "page":
            yield Text.assemble((f"  {text.role}: ", "dim"), marked(text.text, spans))


def _why(item: Item, verdict: Verdict) -> Iterator[RenderableType]:
    yield Text.assemble(
        "  Why ",
        (verdict.decision, DECISION_STYLE[verdict.decision]),
        f", score {verdict.score:.2f} for {verdict.brand} (policy {verdict.policy}):",
    )
    yield Padding(evidence_table(verdict.told, item), (0, 0, 0, 4))


def evidence_table(evidence: Iterable[Evidence], item: Item) -> Table:
    """Return what was seen and expected, strongest first."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("weight", justify="right")
    for name in ("what it says", "seen", "expected", "where"):
        table.add_column(name, overflow="fold")
    for row in sorted(evidence, key=lambda entry: -abs(entry.weight)):
        table.add_row(
            Text(f"{row.weight:+.1f}", "red" if row.weight > 0 else "green"),
            Text(screen(row.says, limit=300)),
            Text(defang_text(screen(row.observed, limit=200))),
            Text(screen(row.expected, limit=200)),
            Text(place(row, item), "dim"),
        )
    return table


def place(evidence: Evidence, item: Item) -> str:
    """Say in words where an observation was made."""
    where = evidence.where
    if isinstance(where, TextSpan):
        return f"{item.texts[where.text].role} text" if where.text < len(item.texts) else "text"
    if isinstance(where, LinkAt):
        return f"link {where.link + 1}"
    if isinstance(where, ImageBox):
        return f"picture {where.image + 1}"
    return ""


def marked(text: str, spans: Sequence[tuple[int, int]]) -> Text:
    """Return the text with the matched characters marked, cut around them when it is long."""
    start, end = _window(len(text), spans)
    result = Text("… " if start else "")
    position = start
    for first, last in sorted(spans):
        first, last = max(first, position), min(last, end)
        if first >= last:
            continue
        result.append(screen(text[position:first]))
        result.append(screen(text[first:last]), MATCH_STYLE)
        position = last
    result.append(screen(text[position:end]))
    result.append(" …" if end < len(text) else "")
    return result


def moment(value: datetime | None) -> str:
    """Write a time in UTC to the minute."""
    return value.strftime("%Y-%m-%d %H:%M") + "Z" if value else "-"


def summary_line(label: str, counts: Mapping[str, int]) -> str:
    """Write one line of counts (names in the plural), leaving out the zeros behind the first."""
    numbers = [
        f"{count} {_singular(name) if count == 1 else name}"
        for position, (name, count) in enumerate(counts.items())
        if count or position == 0
    ]
    return f"{label}: {', '.join(numbers)}"


def _singular(name: str) -> str:
    noun, space, rest = name.partition(" ")
    return noun.removesuffix("s") + space + rest


def _window(length: int, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    if length <= TEXT_LIMIT:
        return 0, length
    first = min((span[0] for span in spans), default=0)
    start = max(0, min(first - TEXT_LIMIT // 4, length - TEXT_LIMIT))
    return start, start + TEXT_LIMIT


def _facts(item: Item) -> Iterator[tuple[str, str]]:
    yield from _standing(item)
    for one in find_handoffs([text.text for text in item.texts], item.links):
        yield f"leads to {one.kind}", defang_text(one.value)


def _standing(item: Item) -> Iterator[tuple[str, str]]:
    if item.advertiser:
        names = (
            item.advertiser.name,
            item.advertiser.id,
            item.advertiser.payer and f"paid by {item.advertiser.payer}",
        )
        yield "advertiser", " / ".join(name for name in names if name)
    if item.url:
        yield "address", defang(item.url[:URL_LIMIT])
    for index, link in enumerate(item.links[:5]):
        yield f"link {index + 1}", defang(link[:URL_LIMIT])
    if item.display_url:
        yield "shown as", defang(item.display_url[:URL_LIMIT])
    if item.publisher_url:
        yield "seen on", defang(item.publisher_url[:URL_LIMIT])
    if item.first_shown or item.last_shown:
        yield "ran", f"{item.first_shown or '?'} to {item.last_shown or 'now'}"


def _picture(picture: PictureView, view: CaseItemView, media: MediaStore, *, drawn: bool) -> Iterator[RenderableType]:
    name = f"  picture {defang(picture.reference[:URL_LIMIT])}, SHA-256 {picture.sha256}"
    if picture.rendition is None or picture.width is None or picture.height is None:
        yield Text(f"{name}: could not be read, kept as evidence only", "dim")
        return
    yield Text(f"{name}, {picture.width} x {picture.height}", "dim")
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
    yield Padding(half_blocks(media.read(picture.rendition), original=size, boxes=boxes), (0, 0, 0, 2))


def terminal(*, stderr: bool = False) -> Console:
    """Return a console; without a terminal it writes plain text, 200 columns wide unless COLUMNS says otherwise."""
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        return console
    width = None if "COLUMNS" in os.environ else 200
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width, no_color=True)

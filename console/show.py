"""What a person reads of an item and its verdict, and the words that all pages share. Hostile text passes `screen`."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from desk.inert import URL_LIMIT, inert, inert_expected
from desk.marked import pieces
from detector.evidence import Evidence, ImageBox, LinkAt, TextSpan, telling
from detector.handoffs import Handoff, find_handoffs
from detector.items import Item
from detector.verdict import Verdict
from safety.screen import defang, defang_text

DECISION_STYLE = {
    "impersonation": "bold red",
    "suspicious": "yellow",
    "mention": "cyan",
    "official": "green",
    "none": "dim",
}
MATCH_STYLE = "bold black on yellow"
TEXT_LIMIT = 600  # characters of one text shown around its matches


def described(item: Item, verdict: Verdict) -> Iterator[RenderableType]:
    """Yield an item that is not stored, and why it was judged as it was."""
    leads = [(one, "") for one in find_handoffs([text.text for text in item.texts], item.links)]
    yield from item_lines(item, verdict, leads)
    yield from why_lines(item, verdict)


def item_lines(item: Item, verdict: Verdict, leads: Sequence[tuple[Handoff, str]]) -> Iterator[RenderableType]:
    """Yield what an item is and says, the matches marked, and where it leads people, with where that stands."""
    head = Text.assemble((f"{item.kind} ", "bold"), inert(item.platform or "", limit=40), " ", inert(item.id, limit=80))
    yield head
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in (*_standing(item), *(_lead(*one) for one in leads)):
        facts.add_row(Text(f"  {name}", "dim"), Text(inert(value, limit=400)))
    yield facts
    for index, text in enumerate(item.texts):
        spans = [e.where.span for e in verdict.evidence if isinstance(e.where, TextSpan) and e.where.text == index]
        if spans or item.kind != "page":
            yield Text.assemble((f"  {text.role}: ", "dim"), marked(text.text, spans))


def why_lines(item: Item, verdict: Verdict) -> Iterator[RenderableType]:
    """Yield why an item was judged as it was."""
    yield Text.assemble(
        "  Why ",
        (verdict.decision, DECISION_STYLE[verdict.decision]),
        f", score {verdict.score:.2f} for {verdict.brand} (policy {verdict.policy}):",
    )
    yield Padding(evidence_table(verdict.told, item), (0, 0, 0, 4))


def evidence_table(evidence: Iterable[Evidence], item: Item) -> Table:
    """Return what was seen and expected, the most telling first."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("weight", justify="right")
    for name in ("what it says", "seen", "expected", "where"):
        table.add_column(name, overflow="fold")
    for row in sorted(evidence, key=telling):
        table.add_row(
            Text(f"{row.weight:+.1f}", "red" if row.weight > 0 else "green"),
            Text(inert(row.says, limit=300)),
            Text(inert(row.observed, limit=200)),
            Text(inert_expected(row, limit=200)),
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
    result = Text()
    for piece in pieces(text, spans, most=TEXT_LIMIT):
        result.append(piece.text, MATCH_STYLE if piece.matched else None)
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


def _lead(found: Handoff, where: str) -> tuple[str, str]:
    return f"leads to {found.kind}", defang_text(found.value) + (f"  ({where})" if where else "")


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


def terminal(*, stderr: bool = False) -> Console:
    """Return a console; without a terminal it writes plain text, 200 columns wide unless COLUMNS says otherwise."""
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        return console
    width = None if "COLUMNS" in os.environ else 200
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width, no_color=True)

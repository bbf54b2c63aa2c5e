"""What triage says of a case, section by section, to be taken in at a glance. Hostile text passes `screen`.

`cases show` and [o]pen show the same in full (`console.case_page`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from console.case_page import log_lines, similar_line
from console.journeys import OUTCOME_STYLE
from console.show import MATCH_STYLE, marked, moment
from console.triage.layout import Line, Section, labelled, room_beside
from desk.dossier import Dossier
from desk.inert import inert, inert_expected, inert_url
from detector.evidence import TextSpan, telling
from detector.items import Item
from detector.verdict import Verdict
from detector.visits import Visit
from safety.screen import defang_text, screen
from storage.case_views import LogEntry
from storage.cases import CaseItemView
from takedown.story import handoffs_of

DISGUISED = ("name.obfuscated", "name.misspelt")  # signals that expect the name as the detector reads it
MOST_LINKS = 3
MOST_SEEN = 44  # characters of what was observed
MOST_LOG = 12  # entries, the latest last


@dataclass(frozen=True, slots=True)
class _Writer:
    """Makes sections for one width."""

    console: Console
    width: int

    def section(self, name: str, parts: Iterable[tuple[str, Text]], *, rank: int, least: int = 1) -> Section | None:
        lines: list[Line] = []
        for label, text in parts:
            lines += labelled(self.console, label, text, self.width)
        return Section(name=name, lines=lines, rank=rank, least=min(least, len(lines))) if lines else None


def words_of(dossier: Dossier, console: Console, width: int) -> list[Section]:
    """Return what the item says, why it was flagged, and where it leads people."""
    writer = _Writer(console, width)
    view = dossier.detail.items[0] if dossier.detail.items else None
    if view is None:
        return []
    made = (
        writer.section("what", _what(view), rank=2, least=2),
        writer.section("text", _texts(view.item, view.verdict), rank=0, least=3),
        writer.section("why", _why(view, room_beside("why", width)), rank=1, least=4),
        writer.section("leads", _leads(view), rank=3),
        writer.section("links", _links(view.item), rank=4),
    )
    return [section for section in made if section is not None]


def standing_of(dossier: Dossier, console: Console, width: int) -> list[Section]:
    """Return what is known around the item: journeys, the rest of the case, earlier judgements, log, alerts."""
    writer = _Writer(console, width)
    detail = dossier.detail
    made = (
        writer.section("journeys", _journeys(detail.visits), rank=6, least=2),
        writer.section("case", _together(dossier), rank=7),
        writer.section("before", _similar(dossier), rank=5),
        writer.section("log", _log(detail.log), rank=8),
        writer.section("alerts", _alerts(dossier), rank=9),
        writer.section("domain", _registered(dossier), rank=10),
    )
    return [section for section in made if section is not None]


def _what(view: CaseItemView) -> Iterator[tuple[str, Text]]:
    item = view.item
    times = f"seen {view.sightings}x, {moment(view.first_seen)} to {moment(view.last_seen)}"
    head = Text.assemble((item.kind, "bold"), f" {inert(item.platform or '', limit=20)} {inert(item.id, limit=60)}  ")
    head.append(f"{times}, {', '.join(view.sources)}", "dim")
    yield "item", head
    if item.advertiser is not None:
        payer = item.advertiser.payer and f"paid by {item.advertiser.payer}"
        names = filter(None, (item.advertiser.name, item.advertiser.id, payer))
        yield "by", Text(inert(" / ".join(names), limit=160))
    if item.url:
        yield "at", Text(inert_url(item.url, limit=200))
    if item.publisher_url:
        yield "seen on", Text(inert_url(item.publisher_url, limit=200))


def _texts(item: Item, verdict: Verdict) -> Iterator[tuple[str, Text]]:
    """Yield the texts with what was matched marked, those with matches first, and how the detector reads those."""
    spans: dict[int, list[tuple[int, int]]] = {}
    readings: dict[int, dict[str, None]] = {}
    for evidence in verdict.evidence:
        if isinstance(evidence.where, TextSpan):
            spans.setdefault(evidence.where.text, []).append(evidence.where.span)
            if evidence.signal in DISGUISED:
                readings.setdefault(evidence.where.text, {})[evidence.expected] = None
    order = sorted(range(len(item.texts)), key=lambda index: index not in spans)
    for index in order:
        if index in spans or item.kind != "page":
            text = item.texts[index]
            yield text.role, marked(text.text, spans.get(index, ()))
            if index in readings:
                yield (
                    "",
                    Text.assemble(("read as ", "dim"), (inert("  ".join(readings[index]), limit=160), MATCH_STYLE)),
                )


def _why(view: CaseItemView, room: int) -> Iterator[tuple[str, Text]]:
    """Yield a line for each reason: weight, what was seen, what that means; what it should be, where there is room."""
    for number, row in enumerate(sorted(view.verdict.told, key=telling)):
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{row.weight:+.1f} ", "red" if row.weight > 0 else "green")
        line.append(inert(_host_of(row.observed), limit=MOST_SEEN), "bold")
        line.append(f"  {inert(row.says, limit=200)}")
        instead = f"  instead of {inert_expected(row, limit=80)}" if row.expected else ""
        if line.cell_len + cell_len(instead) <= room:
            line.append(instead, "dim")
        yield ("" if number else "why"), line


def _host_of(observed: str) -> str:
    """Return the host where a link was observed; anything else as it is."""
    scheme, colon, rest = observed.partition("://")
    return rest.partition("/")[0] if colon and scheme.isalnum() else observed


def _leads(view: CaseItemView) -> Iterator[tuple[str, Text]]:
    for found, source in handoffs_of(view):
        where = f"  ({source})" if source else ""
        yield "leads to", Text.assemble((found.kind, "bold"), f" {inert(found.value, limit=100)}{where}")


def _links(item: Item) -> Iterator[tuple[str, Text]]:
    for number, link in enumerate(item.links[:MOST_LINKS]):
        name = "link" if len(item.links) == 1 else f"link {number + 1}"
        yield name, Text(inert_url(link, limit=300))
    if len(item.links) > MOST_LINKS:
        yield "", Text(f"and {len(item.links) - MOST_LINKS} more links", "dim")
    if item.display_url:
        yield "shown as", Text(inert_url(item.display_url, limit=200))


def _journeys(visits: Sequence[Visit]) -> Iterator[tuple[str, Text]]:
    """Yield what each visitor last saw of each link, and the hops of each different way."""
    latest: dict[tuple[str, str], Visit] = {}
    for visit in visits:  # the newest first
        latest.setdefault((visit.url, visit.visitor), visit)
    ways: set[tuple[str, ...]] = set()
    for visit in latest.values():
        line = Text.assemble(f"{visit.visitor} ", (visit.outcome, OUTCOME_STYLE[visit.outcome]))
        line.append(f" {visit.started_at:%m-%d %H:%M}Z  ", "dim")
        line.append(inert(visit.says, limit=120))
        yield "visit", line
        way = tuple(hop.url for hop in visit.hops)
        if way not in ways:
            ways.add(way)
            hops = (
                f"{hop.status if hop.status is not None else screen(hop.problem or '-', limit=60)} "
                f"{inert_url(hop.url, limit=80)}"
                for hop in visit.hops
            )
            yield "", Text(" → ".join(hops), "dim")


def _together(dossier: Dossier) -> Iterator[tuple[str, Text]]:
    """Yield why the items are one case, a line each."""
    lines = dossier.together or ((f"{dossier.detail.item_count} items",) if dossier.detail.item_count > 1 else ())
    for number, line in enumerate(lines):
        yield ("" if number else "one case"), Text(inert(line, limit=200), no_wrap=True, overflow="ellipsis")


def _similar(dossier: Dossier) -> Iterator[tuple[str, Text]]:
    for number, case in enumerate(dossier.detail.similar):
        yield ("" if number else "before"), Text(similar_line(case))


def _log(log: Sequence[LogEntry]) -> Iterator[tuple[str, Text]]:
    for number, line in enumerate(log_lines(log)[: -MOST_LOG - 1 : -1]):
        yield ("" if number else "log"), line


def _alerts(dossier: Dossier) -> Iterator[tuple[str, Text]]:
    for number, row in enumerate(reversed(dossier.detail.deliveries)):
        line = f"{moment(row.created_at)}  {row.receiver}: {row.reason}, {row.state}"
        yield ("" if number else "alerts"), Text(line)


def _registered(dossier: Dossier) -> Iterator[tuple[str, Text]]:
    registration = dossier.detail.registration
    if registration is None:
        return
    facts = registration.facts
    if facts.get("error"):
        yield "domain", Text(inert(f"{defang_text(registration.domain)}: {facts['error']}", limit=200))
        return
    told = (
        defang_text(registration.domain),
        facts.get("created", "")[:10] and f"registered {facts['created'][:10]}",
        facts.get("registrar", ""),
        facts.get("abuse_email", "") and f"complaints to {facts['abuse_email']}",
    )
    yield "domain", Text(inert(", ".join(filter(None, told)), limit=300))

"""What a person reads of journeys: one line a visitor, then the hops of each way that was seen."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from desk.inert import URL_LIMIT, inert, inert_url
from desk.rounds import rounds_of
from detector.handoffs import find_handoffs
from detector.visits import Hop, Visit
from safety.screen import screen

OUTCOME_STYLE = {
    "offer_seen": "",
    "differs": "bold red",
    "blocked": "yellow",
    "could_not_tell": "yellow",
    "gone": "green",
}


def journeys(visits: Sequence[Visit]) -> Iterator[RenderableType]:
    """Yield the visits of one link, oldest first: the first round that was kept and the latest, in full."""
    rounds = rounds_of(visits)
    for number, one in enumerate(rounds):
        if number in (0, len(rounds) - 1):
            yield Text(f"  {one[0].started_at:%Y-%m-%d %H:%M}Z", "bold")
            yield from _round(one)
        elif number == 1:
            yield Text(f"  … {len(rounds) - 2} more rounds between; all of them with --json", "dim")


def _round(visits: Sequence[Visit]) -> Iterator[RenderableType]:
    """Yield what each visitor saw, side by side, the hops of each different way, and what proves them."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("visitor", "outcome", "hops", "ended at", "title and first words", "why"):
        table.add_column(name, overflow="fold")
    for visit in visits:
        said = f"{visit.landing.title} | {visit.landing.excerpt}" if visit.landing else "-"
        differs = visit.outcome == "differs"
        table.add_row(
            _visitor(visit),
            Text(visit.outcome, OUTCOME_STYLE[visit.outcome]),
            str(len(visit.hops)),
            Text(inert_url(visit.end.url, limit=120)),
            Text(inert(said, limit=160 if differs else 60)),
            Text(inert(visit.says, limit=300)),
        )
    yield table
    told: set[tuple[str, ...]] = set()
    for visit in visits:
        way = tuple(hop.url for hop in visit.hops)
        if way not in told:
            told.add(way)
            yield Text(f"  hops of {visit.visitor}:", "dim")
            yield from (Text(f"    {line}") for line in map(_hop, visit.hops))
            for found in find_handoffs(links=[hop.url[:URL_LIMIT] for hop in visit.hops]):
                yield Text(f"    leads to {found.kind}  {inert(found.value, limit=100)}")
    proved = [visit for visit in visits if visit.evidence]
    if proved:
        yield Text("  evidence, as SHA-256; media/ab/cd/abcd… holds the file abcd…:", "dim")
    for visit in proved:
        drawn = f", drawn {visit.screenshot}" if visit.screenshot else ""
        yield Text(f"    {visit.visitor}, {visit.started_at:%H:%M:%S}Z: manifest {visit.evidence}{drawn}")


def _visitor(visit: Visit) -> str:
    """Return who looked, and how."""
    how = ", ".join(filter(None, ("browser" if visit.browser else "", visit.country or "")))
    return f"{visit.visitor} ({how})" if how else visit.visitor


def _hop(hop: Hop) -> str:
    answer = str(hop.status) if hop.status is not None else screen(hop.problem or "-", limit=60)
    server = f" from {hop.address}" if hop.address else ""
    certificate = f", certificate {hop.certificate[:16]}" if hop.certificate else ""
    return f"{hop.how:<8} {answer:<9} {inert_url(hop.url, limit=300)}{server}{certificate}"
